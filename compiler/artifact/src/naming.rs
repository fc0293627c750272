//! The names of a neuron's buffers in its entries: the one list that the compiler writes and the
//! runtime reads.
//!
//! | Name | Is |
//! | --- | --- |
//! | `input.x`, `param.tau`, `state.v` | what a call is given |
//! | `matrix.w` | what columns over time are multiplied with |
//! | `output.s`, `next.v` | what it gives: outputs, and states after the last step |
//! | `packed.s` | the spikes of an output, 32 steps to a word |
//! | `saved.v` | the state at the start of each chunk but the first |
//! | `trace.u` | what backward reads of each step: a value, or the bits of a chunk in a word |
//! | `grad.output.s`, `grad.next.v` | the gradients of what it gives |
//! | `grad.input.x`, `grad.state.v`, `partial.tau` | the gradients of what it was given |

use std::fmt;

/// What the name of an entry for few steps ends in, behind the name of the one for any number of steps. It
/// is launched where a run has no more steps than it has in a chunk.
pub const SHORT: &str = "_short";

/// What the name of an entry for many steps ends in. It is launched where these are whole chunks of it.
pub const LONG: &str = "_long";

/// What the name of an entry ends in whose threads have several adjacent lanes, where the one without it takes
/// any number. It is launched where its lanes divide `N`, every stride, and `S` where it adds up groups.
pub const WIDE: &str = "_wide";

/// The name of one of the entries that a parallel neuron has in place of one, in the order they are launched, from 0 on.
pub fn sweep(name: &str, i: usize) -> String {
    name.to_owned() + &NEXT.repeat(i)
}

/// What the name of each sweep has more than that of the one before it.
const NEXT: &str = "_next";

/// What the entries of a matrix's program begin with, by its place among the matrices.
pub fn of_matrix(i: usize) -> String {
    format!("m{i}_")
}

/// The input of a matrix's program that is the row's number less the column's.
pub const LAG: &str = "lag@";

/// Whether that is what a name of a sweep but the first ends in.
pub fn is_sweep(ending: &str) -> bool {
    !ending.is_empty()
        && ending.len().is_multiple_of(NEXT.len())
        && ending == NEXT.repeat(ending.len() / NEXT.len())
}

/// The constants of WGSL that divides or takes square roots in strict kernels, set when a pipeline is made: which
/// quotients are correctly rounded on the device, 0 the driver's, 1 those by fused products, 2 those by whole
/// numbers; and which roots are, 0 the driver's, 1 those by whole numbers. What is not set is 0.
pub const QUOTIENTS: &str = "quotients_by";
/// See [`QUOTIENTS`].
pub const ROOTS: &str = "roots_by";

/// What a buffer of an entry is, with the name of the input, param, state or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand<'a> {
    /// An input.
    Input(&'a str),
    /// A param as stored.
    Param(&'a str),
    /// A matrix that columns are multiplied with.
    Matrix(&'a str),
    /// A state before the first step.
    State(&'a str),
    /// An output.
    Output(&'a str),
    /// The spikes of an output, the bits of 32 steps in a word.
    Packed(&'a str),
    /// A state after the last step.
    Next(&'a str),
    /// A state at the start of each chunk but the first.
    Saved(&'a str),
    /// A value of each step that backward reads.
    Trace(&'a str),
    /// The gradient of an output.
    OutputGrad(&'a str),
    /// The gradient of a state after the last step.
    NextGrad(&'a str),
    /// The gradient of an input.
    InputGrad(&'a str),
    /// The gradient of a state before the first step.
    StateGrad(&'a str),
    /// What each lane or block contributes to the gradient of a param.
    Partial(&'a str),
}

/// The name that the number of an indexed param at an index has as a param of kernels.
pub fn element(param: &str, index: usize) -> String {
    format!("{param}@{index}")
}

/// What a normalised input is normalised by, a number for each channel: `(x - mean) * scale + shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// What is taken away.
    Mean,
    /// What the rest is multiplied with.
    Scale,
    /// What is added.
    Shift,
}

/// The name of a param that an input is normalised by. No name in a file has a dot.
pub fn moment(input: &str, moment: Moment) -> String {
    let word = match moment {
        Moment::Mean => "mean",
        Moment::Scale => "scale",
        Moment::Shift => "shift",
    };
    format!("{input}.{word}")
}

/// What makes an operand out of a name.
type Make = for<'a> fn(&'a str) -> Operand<'a>;

/// The prefixes. None is the beginning of another. Closures, since an enum constructor is of one lifetime.
const PREFIXES: [(&str, Make); 14] = [
    ("input.", |n| Operand::Input(n)),
    ("param.", |n| Operand::Param(n)),
    ("matrix.", |n| Operand::Matrix(n)),
    ("state.", |n| Operand::State(n)),
    ("output.", |n| Operand::Output(n)),
    ("packed.", |n| Operand::Packed(n)),
    ("next.", |n| Operand::Next(n)),
    ("saved.", |n| Operand::Saved(n)),
    ("trace.", |n| Operand::Trace(n)),
    ("grad.output.", |n| Operand::OutputGrad(n)),
    ("grad.next.", |n| Operand::NextGrad(n)),
    ("grad.input.", |n| Operand::InputGrad(n)),
    ("grad.state.", |n| Operand::StateGrad(n)),
    ("partial.", |n| Operand::Partial(n)),
];

impl<'a> Operand<'a> {
    /// What a buffer's name says that it is; none for a name of another form.
    pub fn parse(buffer: &'a str) -> Option<Self> {
        let of = |(prefix, make): &(&str, Make)| Some(make(buffer.strip_prefix(prefix)?));
        PREFIXES.iter().find_map(of)
    }

    /// The name of the input, param, state or output.
    pub fn name(self) -> &'a str {
        match self {
            Operand::Input(name)
            | Operand::Param(name)
            | Operand::Matrix(name)
            | Operand::State(name)
            | Operand::Output(name)
            | Operand::Packed(name)
            | Operand::Next(name)
            | Operand::Saved(name)
            | Operand::Trace(name)
            | Operand::OutputGrad(name)
            | Operand::NextGrad(name)
            | Operand::InputGrad(name)
            | Operand::StateGrad(name)
            | Operand::Partial(name) => name,
        }
    }
}

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        let is_mine = |(_, make): &&(&str, Make)| make(name) == *self;
        let prefix = PREFIXES.iter().find(is_mine).map_or("", |(prefix, _)| prefix);
        write!(f, "{prefix}{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (prefix, make) in PREFIXES {
            let text = format!("{prefix}v");
            assert_eq!(make("v").to_string(), text);
            assert_eq!(Operand::parse(&text), Some(make("v")));
        }
        assert_eq!(Operand::parse("v"), None);
    }
}
