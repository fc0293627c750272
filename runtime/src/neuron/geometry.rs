//! The sizes of a run, from the shape of its inputs.

use snn_artifact::{Sharing, group};

use super::array;
use super::call::CHANNEL_AXIS;
use crate::error::{Error, Result};

/// The steps of the shortest segments of a scan.
const SEGMENT: usize = 32;

/// What the inputs' shape `[T, N, *]` says of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The inputs' shape.
    pub shape: Vec<usize>,
    /// `T`.
    pub steps: usize,
    /// Neurons of all batch elements: the product of the axes behind `T`.
    pub lanes: usize,
    /// `C`, the size of the channel axis.
    pub channels: usize,
    /// `S`, the product of the axes behind the channel axis.
    pub inner: usize,
    /// `M`, the lanes of one batch element.
    pub neurons: usize,
    /// Where what is drawn at each step starts.
    pub draws: Draws,
}

/// Where what is drawn at each step starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// The seed.
    pub seed: u64,
    /// The number of the first step.
    pub first_step: u32,
}

impl Geometry {
    /// The geometry of inputs of this shape, of which `operand` is the first.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where the shape has less than two axes or sizes whose products are no sizes, and
    /// [`Error::ChannelAxis`].
    pub fn new(operand: &str, shape: &[usize], channel_axis: Option<isize>) -> Result<Self> {
        let wrong = |expected: &str| Error::Shape {
            operand: operand.into(),
            expected: expected.into(),
            given: array::text(shape),
        };
        if shape.len() < 2 {
            return Err(wrong("[T, N, *]"));
        }
        let axis = match channel_axis {
            None => CHANNEL_AXIS.unsigned_abs().min(shape.len() - 1),
            Some(axis) => {
                channel(shape.len(), axis).ok_or_else(|| no_axis(operand, shape, axis))?
            }
        };
        // Kernels count bytes in 64 bits with a sign. Sizes beside a 0 count as well: they are scalars.
        let whole = shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size.max(1)));
        whole.filter(|n| *n < 1 << 48).ok_or_else(|| wrong("sizes whose product is below 2^48"))?;
        let product = |sizes: &[usize]| sizes.iter().product();
        let mut geometry = Self {
            shape: shape.to_vec(),
            steps: shape[0],
            lanes: product(&shape[1..]),
            channels: shape[axis],
            inner: product(&shape[axis + 1..]),
            neurons: 0,
            draws: Draws::default(),
        };
        geometry.neurons = product(geometry.step());
        Ok(geometry)
    }

    /// The shape of a state: a step with its batch.
    pub fn state(&self) -> &[usize] {
        &self.shape[1..]
    }

    /// The shape of a step without its batch; in `[T, N]` the neurons are the axis N.
    pub fn step(&self) -> &[usize] {
        if self.shape.len() == 2 { &self.shape[1..] } else { &self.shape[2..] }
    }

    /// `G`, `S` and `O` of the sums that make the gradient of a param out of `n` partial ones.
    pub fn sums(&self, sharing: Sharing, n: usize) -> [usize; 3] {
        let (g, s) = match sharing {
            Sharing::Layer => (1, 1),
            Sharing::Channel => (self.channels, self.inner / group(self.inner)),
            Sharing::Neuron => (self.neurons, 1),
        };
        [g, s, n.checked_div(g * s).unwrap_or(0)]
    }

    /// `L`, the steps of a segment of a scan: a power of two, at least [`SEGMENT`], so that there are no more
    /// segments than steps in one. It depends on the steps alone, so that all devices round alike.
    fn segment(&self) -> usize {
        let mut length = SEGMENT;
        while length.saturating_mul(length) < self.steps {
            length *= 2;
        }
        length
    }

    /// A launch scalar, but for strides, of a launch over so many lanes. `C`, `S` and `M`, which lanes
    /// are divided by, are at least 1.
    pub fn scalar(&self, name: &str, lanes: usize) -> Option<i64> {
        let word = match name {
            "seed.low" => Some(self.draws.seed & u64::from(u32::MAX)),
            "seed.high" => Some(self.draws.seed >> 32),
            "first_step" => Some(u64::from(self.draws.first_step)),
            _ => None,
        };
        if let Some(word) = word {
            return i64::try_from(word).ok();
        }
        let size = match name {
            "T" => self.steps,
            "L" => self.segment(),
            "N" => lanes,
            "C" => self.channels.max(1),
            "S" => self.inner.max(1),
            "M" => self.neurons.max(1),
            _ => return None,
        };
        i64::try_from(size).ok()
    }
}

/// The first axis that may be the channels'.
fn first(rank: usize) -> usize {
    if rank == 2 { 1 } else { 2 }
}

/// The channel axis among so many: one behind T and N, and N where there is none behind it.
fn channel(rank: usize, axis: isize) -> Option<usize> {
    let from_end = axis.checked_add_unsigned(rank).filter(|_| axis < 0);
    let axis = usize::try_from(from_end.unwrap_or(axis)).ok()?;
    (first(rank)..rank).contains(&axis).then_some(axis)
}

fn no_axis(operand: &str, shape: &[usize], axis: isize) -> Error {
    let rank = shape.len();
    let (first, last) = (first(rank), rank - 1);
    let back = first as isize - rank as isize;
    let allowed = match first == last {
        true => format!("with {rank} axes it is {first}, or {back} from the end"),
        false => format!("with {rank} axes it is {first} to {last}, or {back} to -1 from the end"),
    };
    Error::ChannelAxis { operand: operand.into(), axis, shape: array::text(shape), allowed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shape: &[usize], axis: impl Into<Option<isize>>) -> Geometry {
        Geometry::new("x", shape, axis.into()).unwrap()
    }

    fn refused(shape: &[usize], axis: isize) -> String {
        Geometry::new("x", shape, Some(axis)).unwrap_err().to_string()
    }

    /// `T`, lanes, `C`, `S`, `M`.
    fn sizes(g: &Geometry) -> [usize; 5] {
        [g.steps, g.lanes, g.channels, g.inner, g.neurons]
    }

    #[test]
    fn channels_lie_behind_the_batch() {
        assert_eq!(sizes(&of(&[5, 2, 3, 4, 7], 2)), [5, 168, 3, 28, 84]);
        assert_eq!(sizes(&of(&[5, 2, 3, 4, 7], -1)), [5, 168, 7, 1, 84]);
        assert_eq!(sizes(&of(&[5, 2, 3, 4, 7], 3)), [5, 168, 4, 7, 84]);
        assert_eq!(of(&[5, 2, 3, 4], 2).step(), [3, 4]);
    }

    #[test]
    fn two_axes_are_steps_and_neurons() {
        for axis in [None, Some(1), Some(-1)] {
            assert_eq!(sizes(&of(&[5, 6], axis)), [5, 6, 6, 1, 6]);
        }
        assert_eq!(of(&[5, 6], None).step(), [6]);
    }

    #[test]
    fn nothing_to_run_is_a_run() {
        assert_eq!(sizes(&of(&[0, 2, 3], 2)), [0, 6, 3, 1, 3]);
        assert_eq!(sizes(&of(&[4, 0, 3], 2)), [4, 0, 3, 1, 3]);
        let none = of(&[4, 2, 0], 2);
        assert_eq!(sizes(&none), [4, 0, 0, 1, 0]);
        assert_eq!(["C", "S", "M"].map(|s| none.scalar(s, 0)), [Some(1); 3]);
    }

    #[test]
    fn other_shapes_are_refused() {
        assert_eq!(refused(&[3], 2), "`x` must have shape [T, N, *], but has [3]");
        assert_eq!(
            refused(&[3, 4, 5], 1),
            "`x` of shape [3, 4, 5] has no channel axis 1: with 3 axes it is 2, or -1 from the end"
        );
        assert_eq!(
            refused(&[3, 4], 7),
            "`x` of shape [3, 4] has no channel axis 7: with 2 axes it is 1, or -1 from the end"
        );
        assert_eq!(
            refused(&[3, 4, 5, 6, 7], -4),
            "`x` of shape [3, 4, 5, 6, 7] has no channel axis -4: with 5 axes it is 2 to 4, or -3 to -1 \
             from the end"
        );
        assert_eq!(sizes(&of(&[5, 2, 3, 4, 7], None)), sizes(&of(&[5, 2, 3, 4, 7], 2)));
        for axis in [3, 0, -2, isize::MIN, isize::MAX] {
            assert!(refused(&[3, 4, 5], axis).contains("no channel axis"));
        }
        for shape in [[0, 1 << 40, 1 << 40], [1 << 40, 1 << 30, 1], [1 << 40, 0, usize::MAX]] {
            assert!(refused(&shape, 2).contains("sizes whose product is below 2^48"));
        }
    }
}
