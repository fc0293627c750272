//! The functions that are part of the language, in one table.

use crate::check::hir::{Binary, Unary};
use crate::check::rand::Distribution;

/// How a builtin is typed and what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A function of one real.
    Unary(Unary),
    /// A function of two numbers of one type.
    Binary(Binary),
    /// `min(max(x, low), high)`
    Clamp,
    /// `x^y`
    Power,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `max(0, x)`, where a tie takes the 0, so that nothing comes through at 0.
    Relu,
    /// `a * b + c`, rounded once.
    Fma,
    /// A bool and two values of one type.
    Select,
    /// A value without its gradient.
    Detach,
    /// A value that forward saves for backward.
    Save,
    /// A number and a surrogate.
    Spike,
    /// A number, a threshold and a surrogate.
    Ternary,
    /// A ternary spike.
    Fired,
    /// A number, the highest level and a surrogate.
    Levels,
    /// A state, a spike and the value to put it to.
    Hard,
    /// A state, a spike and the value to take away.
    Soft,
    /// A bool as a number.
    Real,
    /// A number as an int.
    Int,
    /// What a draw has behind `~`, and `uniform` and `normal` as defaults of params too.
    Distribution(Distribution),
    /// How many of the last steps count.
    Band,
    /// Weights of the last steps, and what they weigh.
    Conv,
    /// What the default of a matrix is drawn from.
    Kaiming,
}

impl Form {
    /// Whether it is a function that is built.
    pub fn is_function(self) -> bool {
        !matches!(self, Form::Kaiming | Form::Distribution(_))
    }

    /// Whether it has no place in a surrogate: it makes or takes spikes, or says what is saved of a step.
    pub fn is_of_steps(self) -> bool {
        use Form::*;
        matches!(self, Save | Spike | Ternary | Fired | Levels | Hard | Soft | Band | Conv)
    }
}

/// A function of the language.
#[derive(Debug)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// The names of its arguments.
    pub formals: &'static [&'static str],
    /// How it is typed and what it becomes.
    pub form: Form,
}

const fn builtin(name: &'static str, formals: &'static [&'static str], form: Form) -> Builtin {
    Builtin { name, formals, form }
}

/// All of them.
#[rustfmt::skip]
pub const BUILTINS: &[Builtin] = &[
    builtin("exp",      &["x"],               Form::Unary(Unary::Exp)),
    builtin("log",      &["x"],               Form::Unary(Unary::Log)),
    builtin("log1p",    &["x"],               Form::Unary(Unary::Log1p)),
    builtin("sqrt",     &["x"],               Form::Unary(Unary::Sqrt)),
    builtin("abs",      &["x"],               Form::Unary(Unary::Abs)),
    builtin("sign",     &["x"],               Form::Unary(Unary::Sign)),
    builtin("floor",    &["x"],               Form::Unary(Unary::Floor)),
    builtin("ceil",     &["x"],               Form::Unary(Unary::Ceil)),
    builtin("round",    &["x"],               Form::Unary(Unary::Round)),
    builtin("sin",      &["x"],               Form::Unary(Unary::Sin)),
    builtin("cos",      &["x"],               Form::Unary(Unary::Cos)),
    builtin("atan",     &["x"],               Form::Unary(Unary::Atan)),
    builtin("tanh",     &["x"],               Form::Unary(Unary::Tanh)),
    builtin("sigmoid",  &["x"],               Form::Unary(Unary::Sigmoid)),
    builtin("softplus", &["x"],               Form::Unary(Unary::Softplus)),
    builtin("erf",      &["x"],               Form::Unary(Unary::Erf)),
    builtin("min",      &["a", "b"],          Form::Binary(Binary::Min)),
    builtin("max",      &["a", "b"],          Form::Binary(Binary::Max)),
    builtin("clamp",    &["x", "low", "high"], Form::Clamp),
    builtin("fma",      &["a", "b", "c"],     Form::Fma),
    builtin("select",   &["c", "a", "b"],     Form::Select),
    builtin("detach",   &["x"],               Form::Detach),
    builtin("save",     &["x"],               Form::Save),
    builtin("spike",    &["u", "surrogate"],  Form::Spike),
    builtin("hard",     &["v", "s", "to"],    Form::Hard),
    builtin("soft",     &["v", "s", "by"],    Form::Soft),
    builtin("real",     &["x"],               Form::Real),
    builtin("int",      &["x"],               Form::Int),
    builtin("expm1",    &["x"],               Form::Unary(Unary::Expm1)),
    builtin("exprel",   &["x"],               Form::Unary(Unary::Exprel)),
    builtin("rsqrt",    &["x"],               Form::Rsqrt),
    builtin("tan",      &["x"],               Form::Unary(Unary::Tan)),
    builtin("sinh",     &["x"],               Form::Unary(Unary::Sinh)),
    builtin("cosh",     &["x"],               Form::Unary(Unary::Cosh)),
    builtin("relu",     &["x"],               Form::Relu),
    builtin("erfc",     &["x"],               Form::Unary(Unary::Erfc)),
    builtin("pow",      &["x", "y"],          Form::Power),
    builtin("ternary",  &["u", "th", "surrogate"], Form::Ternary),
    builtin("fired",    &["z"],               Form::Fired),
    builtin("levels",   &["u", "depth", "surrogate"], Form::Levels),
    builtin("band",     &["k"],               Form::Band),
    builtin("conv",     &["w", "x"],          Form::Conv),
    builtin("normal",   &["mean", "std"],     Form::Distribution(Distribution::Normal)),
    builtin("uniform",  &["a", "b"],          Form::Distribution(Distribution::Uniform)),
    builtin("bernoulli", &["p"],              Form::Distribution(Distribution::Bernoulli)),
    builtin("exponential", &["r"],            Form::Distribution(Distribution::Exponential)),
    builtin("kaiming_uniform", &["a"],        Form::Kaiming),
];

/// The names of the functions that are built.
pub fn functions() -> impl Iterator<Item = &'static str> {
    let built = BUILTINS.iter().filter(|builtin| builtin.form.is_function());
    built.map(|builtin| builtin.name)
}

/// The distributions with their names.
pub fn distributions() -> Vec<(&'static str, Distribution)> {
    let all = BUILTINS.iter().filter_map(|builtin| match builtin.form {
        Form::Distribution(distribution) => Some((builtin.name, distribution)),
        _ => None,
    });
    all.collect()
}

/// The builtin with this name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}
