//! The words of the text form, one table for printing and reading.

use super::{
    Binary, Compare, Counter, Draw, Float, LoopKind, Math, Order, Role, Shape, Storage, Unary,
};

/// Something with a word in the text form.
pub(super) trait Word: Sized {
    /// Its word.
    fn word(self) -> &'static str;
    /// What a word stands for.
    fn from_word(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($($ty:ident { $($word:literal $variant:ident),+ $(,)? })+) => { $(
        impl Word for $ty {
            fn word(self) -> &'static str {
                match self { $($ty::$variant => $word),+ }
            }
            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($ty::$variant),)+ _ => None }
            }
        }
    )+ };
}

words! {
    Float { "f32" F32, "f64" F64 }
    Storage {
        "f32" F32, "f64" F64, "f16" F16, "bf16" Bf16, "f16_bits" F16Bits, "bf16_bits" Bf16Bits,
        "i32" I32
    }
    Shape {
        "sequence" Sequence, "lane" Lane, "layer" Layer, "channel" Channel, "neuron" Neuron, "step" Step,
        "matrix" Matrix,
        "checkpoint" Checkpoint, "chunk" Chunk, "packed" Packed, "segment" Segment,
        "partial" Partial, "group" Group,
    }
    Role {
        "input" Input, "output" Output, "state_in" StateIn, "state_out" StateOut, "param" Param,
        "saved" Saved, "grad" Grad, "partial" Partial,
    }
    Math {
        "exp" Exp, "expm1" Expm1, "exprel" Exprel, "log" Log, "log1p" Log1p, "sigmoid" Sigmoid,
        "sigmoid_slope" SigmoidSlope, "softplus" Softplus, "tanh" Tanh, "sinh" Sinh, "cosh" Cosh,
        "atan" Atan, "sin" Sin, "cos" Cos, "tan" Tan, "erf" Erf, "erfc" Erfc,
    }
    Binary {
        "add" Add, "sub" Sub, "mul" Mul, "div" Div, "ratio" Ratio, "min" Min, "max" Max,
        "and" And, "or" Or, "shl" Shl, "shr" Shr, "xor" Xor, "mul_high" MulHigh,
    }
    Compare { "lt" Lt, "le" Le, "gt" Gt, "ge" Ge, "eq" Eq, "ne" Ne }
    Counter { "seed_low" SeedLow, "seed_high" SeedHigh, "step" Step, "lane" Lane }
    Draw { "uniform" Uniform, "normal" Normal }
    LoopKind { "chunks" Chunks, "steps" Steps, "segments" Segments }
    Order { "forward" Forward, "reverse" Reverse }
}

impl Word for Unary {
    fn word(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Abs => "abs",
            Unary::Sqrt => "sqrt",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Round => "round",
            Unary::Math(math) => math.word(),
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "neg" => Unary::Neg,
            "abs" => Unary::Abs,
            "sqrt" => Unary::Sqrt,
            "floor" => Unary::Floor,
            "ceil" => Unary::Ceil,
            "round" => Unary::Round,
            _ => Unary::Math(Math::from_word(word)?),
        })
    }
}

/// Whether a character may stand in the name of a kernel or buffer.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '@')
}

/// Whether a text is a name: at least one character, none but those of names.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}
