//! The buffers of a kernel's signature: what each is for, and which element of it a lane touches.

use super::Storage;
#[cfg(doc)]
use super::{GROUP, group};

/// Which element of a buffer a lane touches.
///
/// `n` is the lane of `N`, `t` the step of `T`, `c` the chunk, `y` the segment; `C`, `S` and `M` are launch
/// scalars: the channels, the lanes between two neighbours on the channel axis, and the lanes of one batch
/// element. `Y` is the number of segments, 1 in a kernel that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `[T, N]`, element `t * stride + n` with a run-time stride for each buffer. Only within steps.
    Sequence,
    /// `[N]`, element `n`. A segmented kernel writes it in the segment that comes last: in the first one where
    /// its chunks run in reverse.
    Lane,
    /// `[1]`, element 0.
    Layer,
    /// `[C]`, element `(n / S) % C`.
    Channel,
    /// `[M]`, element `n % M`.
    Neuron,
    /// `[T]`, element `t`, the same for all lanes. Only within steps.
    Step,
    /// `[T, T]`, rows one behind the other. Only for products.
    Matrix,
    /// `[max(ceil(T / K), 1) - 1, N]`, element `(c - 1) * N + n`. Only within chunks; chunk 0 has none.
    Checkpoint,
    /// `[ceil(T / K), N]`, element `c * N + n`. Only within chunks.
    Chunk,
    /// `[ceil(T / 32), N]`, element `floor(c * K / 32) * N + n`. Only within chunks, whose `K` divides 32, and
    /// only written: each chunk writes over what those before it have put into the word.
    Packed,
    /// `[Y, N]`, element `y * N + n`. Written outside of loops, read within those over segments.
    Segment,
    /// `[Y, ceil(N / B)]`: one sum for each block of `B` adjacent lanes. Only for `reduce`.
    Partial,
    /// `[Y, ceil(N / P)]`: one sum for each `P` adjacent lanes, which share a channel. `P` is the greatest
    /// divisor of `S` that divides [`GROUP`], [`group`] of `S`. Only for `reduce`.
    Group,
}

impl Shape {
    /// Whether it holds sums over lanes.
    pub fn is_sums(self) -> bool {
        matches!(self, Shape::Partial | Shape::Group)
    }
}

/// The steps whose spikes a word of [`Shape::Packed`] holds.
pub const WORD: u32 = 32;

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A neuron's input.
    Input,
    /// A neuron's output.
    Output,
    /// A state before the first step.
    StateIn,
    /// A state after the last step.
    StateOut,
    /// A param as stored.
    Param,
    /// What forward leaves for backward.
    Saved,
    /// A gradient that comes in (read) or goes out (written).
    Grad,
    /// First stage of a param's gradient, input of the second.
    Partial,
}

/// A buffer of the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Its name: `x`, `grad.x`, `state.v`, `saved.v`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The type of its elements.
    pub storage: Storage,
    /// Which element a lane touches.
    pub shape: Shape,
    /// Whether the kernel writes it; no kernel both reads and writes a buffer.
    pub written: bool,
    /// Whether the caller may leave it out: a load then takes its fallback, a store does nothing.
    pub optional: bool,
}
