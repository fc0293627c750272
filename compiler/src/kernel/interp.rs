//! The reference interpreter: what a kernel means, in the order it is written, rounded as it says.
//!
//! Every target is compared with it. It runs on one thread over host slices, a group of adjacent lanes
//! side by side, and never panics: [`run`] checks a launch before it touches an element.

pub mod alone;
mod draw;
mod machine;
mod memory;
mod real;

pub use draw::draw;
pub use memory::{Arg, Slice, SliceMut};
pub use real::Real;

use super::{Buffer, Float, Kernel, Shape, Storage, Verified, WORD};

/// The scalars of a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// `T`, the steps.
    pub steps: usize,
    /// `N`, the lanes.
    pub lanes: usize,
    /// `C`, the channels.
    pub channels: usize,
    /// `S`, the lanes between two neighbours on the channel axis.
    pub channel_stride: usize,
    /// `M`, the lanes of one batch element.
    pub neurons: usize,
    /// For each sequence, in the order of the signature, the elements from one step to the next.
    pub strides: Vec<usize>,
    /// The seed of what is drawn.
    pub seed: u64,
    /// The number of the first step, for what is drawn.
    pub first_step: u32,
    /// `L`, the steps of a segment, a multiple of [`WORD`]; 0 for one segment of all.
    pub segment: usize,
}

impl Launch {
    /// A launch over dense `[T, N]` sequences of one channel.
    pub fn dense(kernel: &Kernel, steps: usize, lanes: usize) -> Self {
        let n_sequences = kernel.buffers.iter().filter(|b| b.shape == Shape::Sequence).count();
        let strides = vec![lanes; n_sequences];
        let (channels, channel_stride, neurons) = (1, lanes, lanes);
        Self { steps, lanes, channels, channel_stride, neurons, strides, ..Self::default() }
    }

    /// How many segments the launch of a kernel has.
    pub fn segments(&self, kernel: &Kernel) -> usize {
        match self.segment {
            0 => 1,
            _ if !kernel.is_segmented() => 1,
            segment => self.steps.div_ceil(segment).max(1),
        }
    }
}

/// Why a launch was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// Not one argument for each buffer.
    #[error("the kernel takes {expected} buffers, {found} were given")]
    Buffers {
        /// How many the signature has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// Not one stride for each sequence.
    #[error("the kernel takes {expected} strides, {found} were given")]
    Strides {
        /// How many the signature asks for.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A buffer that has to be there was left out.
    #[error("buffer `{0}` was left out")]
    Missing(String),
    /// A slice of another type, or one that cannot be written.
    #[error("buffer `{name}` takes a {} slice of {storage:?}", if *.written { "mutable" } else { "shared" })]
    Kind {
        /// The buffer.
        name: String,
        /// The type of its elements.
        storage: Storage,
        /// Whether the kernel writes it.
        written: bool,
    },
    /// A slice that is too short.
    #[error("buffer `{name}` takes {expected} elements, {found} were given")]
    Short {
        /// The buffer.
        name: String,
        /// The least length.
        expected: usize,
        /// The length given.
        found: usize,
    },
    /// A sequence that is written has steps that overlap.
    #[error("the steps of buffer `{0}` overlap: its stride is less than the number of lanes")]
    Overlap(String),
    /// A shape that takes `C`, `S` or `M` has a launch where that is 0.
    #[error("buffer `{0}` is indexed by C, S or M, which is 0")]
    NoChannels(String),
    /// Segments that are no whole number of words.
    #[error("segments have a multiple of {WORD} steps, {0} was given")]
    Segment(usize),
    /// A buffer's length is no `usize`.
    #[error("buffer `{0}` would have more elements than there are addresses")]
    TooLarge(String),
}

/// Runs a kernel over host slices, one argument for each buffer of the signature.
///
/// # Errors
///
/// Where the arguments do not fit the signature or the scalars; nothing was written then.
pub fn run(
    kernel: &Verified<Kernel>,
    launch: &Launch,
    args: &mut [Arg<'_>],
) -> Result<(), LaunchError> {
    check(kernel, launch, args)?;
    match kernel.compute {
        Float::F32 => machine::run::<f32>(kernel, launch, args),
        Float::F64 => machine::run::<f64>(kernel, launch, args),
    }
    Ok(())
}

fn check(kernel: &Kernel, launch: &Launch, args: &[Arg<'_>]) -> Result<(), LaunchError> {
    let (expected, found) = (kernel.buffers.len(), args.len());
    if expected != found {
        return Err(LaunchError::Buffers { expected, found });
    }
    if !launch.segment.is_multiple_of(WORD as usize) {
        return Err(LaunchError::Segment(launch.segment));
    }
    let strides = strides(kernel, launch)?;
    for ((buffer, arg), stride) in kernel.buffers.iter().zip(args).zip(strides) {
        check_arg(buffer, arg, stride, kernel, launch)?;
    }
    Ok(())
}

/// The stride of each buffer; `N` for those that have none of their own.
fn strides(kernel: &Kernel, launch: &Launch) -> Result<Vec<usize>, LaunchError> {
    let mut given = launch.strides.iter().copied();
    let sequence = |b: &Buffer| b.shape == Shape::Sequence;
    let strides = kernel.buffers.iter().map(|b| match sequence(b) {
        true => given.next().unwrap_or(0),
        false => launch.lanes,
    });
    let strides = strides.collect();
    let expected = kernel.buffers.iter().filter(|b| sequence(b)).count();
    let found = launch.strides.len();
    if expected == found { Ok(strides) } else { Err(LaunchError::Strides { expected, found }) }
}

fn check_arg(
    buffer: &Buffer,
    arg: &Arg<'_>,
    stride: usize,
    kernel: &Kernel,
    launch: &Launch,
) -> Result<(), LaunchError> {
    let name = || buffer.name.clone();
    let Some((storage, written, found)) = arg.describe() else {
        return if buffer.optional { Ok(()) } else { Err(LaunchError::Missing(name())) };
    };
    let is_fitting = storage == elements(buffer.storage) && written == buffer.written;
    if !is_fitting {
        let (storage, written) = (buffer.storage, buffer.written);
        return Err(LaunchError::Kind { name: name(), storage, written });
    }
    let lanes = launch.lanes;
    let divisors = match buffer.shape {
        Shape::Channel => launch.channels.min(launch.channel_stride),
        Shape::Neuron => launch.neurons,
        _ => 1,
    };
    if divisors == 0 && lanes > 0 {
        return Err(LaunchError::NoChannels(name()));
    }
    if written && stride < lanes && launch.steps > 1 {
        return Err(LaunchError::Overlap(name()));
    }
    let length = length(buffer.shape, stride, kernel, launch);
    let expected = length.ok_or_else(|| LaunchError::TooLarge(name()))?;
    if found < expected {
        return Err(LaunchError::Short { name: name(), expected, found });
    }
    Ok(())
}

/// The elements of a buffer as the caller has them.
fn elements(storage: Storage) -> Storage {
    match storage {
        Storage::F16Bits => Storage::F16,
        Storage::Bf16Bits => Storage::Bf16,
        other => other,
    }
}

/// The least number of elements of a buffer whose rows are `stride` apart, which is `N` but for sequences; none where
/// that is no `usize`.
pub fn length(shape: Shape, stride: usize, kernel: &Kernel, launch: &Launch) -> Option<usize> {
    let (lanes, schedule, segments) = (launch.lanes, kernel.schedule, launch.segments(kernel));
    let rows = match shape {
        Shape::Lane => return Some(lanes),
        Shape::Layer => return Some(1),
        Shape::Channel => return Some(launch.channels),
        Shape::Neuron => return Some(launch.neurons),
        Shape::Step => return Some(launch.steps),
        Shape::Matrix => return launch.steps.checked_mul(launch.steps),
        Shape::Segment => return segments.checked_mul(lanes),
        Shape::Group => {
            return segments.checked_mul(lanes.div_ceil(super::group(launch.channel_stride)));
        }
        Shape::Partial => return segments.checked_mul(lanes.div_ceil(schedule.block as usize)),
        Shape::Sequence => launch.steps,
        Shape::Checkpoint => launch.steps.div_ceil(schedule.chunk as usize).saturating_sub(1),
        Shape::Chunk => launch.steps.div_ceil(schedule.chunk as usize),
        Shape::Packed => launch.steps.div_ceil(WORD as usize),
    };
    if rows == 0 || lanes == 0 {
        return Some(0);
    }
    (rows - 1).checked_mul(stride)?.checked_add(lanes)
}

#[cfg(test)]
mod tests;
