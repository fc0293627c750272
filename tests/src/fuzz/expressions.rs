//! Expressions of a type, made of the names in scope.

use crate::fuzz::choices::Choices;

/// Names by what they are.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Numbers of run time.
    pub reals: Vec<String>,
    /// Those of them that are params.
    pub params: Vec<String>,
    /// Numbers known before anything runs.
    pub constants: Vec<String>,
    /// Whole numbers.
    pub ints: Vec<String>,
    /// Conditions.
    pub bools: Vec<String>,
    /// Options that are surrogates.
    pub surrogates: Vec<String>,
    /// Options that are functions.
    pub functions: Vec<String>,
    /// Whether the file has `f` and `g`.
    pub has_functions: bool,
    /// Whether the file has the surrogate `own`.
    pub has_surrogate: bool,
    /// Whether there is the state `left`.
    pub int_state: bool,
}

impl Scope {
    /// Leaves what the file has.
    pub fn clear_locals(&mut self) {
        let constants = self.constants.drain(..).filter(|name| name.starts_with('k')).collect();
        *self = Self {
            constants,
            has_functions: self.has_functions,
            has_surrogate: self.has_surrogate,
            ..Self::default()
        };
    }
}

/// Numbers as they are written, odd ones behind the usual.
const NUMBERS: [&str; 14] = [
    "0", "1", "0.5", "2", "0.25", "1.5", "3", "1e-3", "0.1", "10", "1_000", "1e30", "7.0e-40",
    "16777217",
];

/// Functions of one number; `#` is where it stands.
const UNARY: [&str; 26] = [
    "-#",
    "abs(#)",
    "tanh(#)",
    "sigmoid(#)",
    "softplus(#)",
    "exp(#)",
    "log(#)",
    "log1p(#)",
    "sqrt(#)",
    "sign(#)",
    "floor(#)",
    "ceil(#)",
    "round(#)",
    "sin(#)",
    "cos(#)",
    "tan(#)",
    "sinh(#)",
    "cosh(#)",
    "erf(#)",
    "erfc(#)",
    "expm1(#)",
    "exprel(#)",
    "rsqrt(#)",
    "relu(#)",
    "detach(#)",
    "(#)^2",
];

/// Expressions that are wrong in most places, or not built yet.
const WILD: [&str; 27] = [
    "nothing",
    "true",
    "5 mV",
    "5 [mS/cm^2]",
    "1 minute",
    "2 [V*",
    "(5 mV + 1 nA)",
    "1 [m^-2/K]",
    "[1, 2]",
    "x0@prev",
    "x0[1]",
    "N",
    "exp",
    "1e999",
    "t",
    "a b",
    "()",
    "1 +",
    "0 < 1 < 2",
    "f(f(f(f(x0))))",
    "g(b: 1)",
    "exp(x: 1, 2)",
    "sum(i in 0..5000, i)",
    "band(3)",
    "x0 @ x0",
    "surr",
    "99999999999999999999",
];

/// Writes expressions.
pub struct Expressions<'c, 'b> {
    /// What decides.
    pub choices: &'c mut Choices<'b>,
    /// The names.
    pub scope: Scope,
    /// How many of a hundred expressions are wrong.
    pub wild: usize,
}

impl Expressions<'_, '_> {
    fn name(&mut self, names: &[String], otherwise: &str) -> String {
        if names.is_empty() {
            otherwise.into()
        } else {
            names[self.choices.below(names.len())].clone()
        }
    }

    /// A number of run time, so many operations deep at most.
    pub fn real(&mut self, depth: usize) -> String {
        if self.wild > 0 && self.choices.percent(self.wild) {
            return self.choices.pick(&WILD).into();
        }
        if depth == 0 || self.choices.percent(25) {
            return self.leaf();
        }
        let a = self.real(depth - 1);
        match self.choices.below(12) {
            0..3 => self.choices.pick(&UNARY).replace('#', &a),
            3..8 => {
                let op = self.choices.pick(&[" + ", " - ", " * ", " / ", "*", "+"]);
                format!("({a}{op}{})", self.real(depth - 1))
            }
            8 => {
                let (c, b) = (self.bool(depth - 1), self.real(depth - 1));
                format!("(if {c} {{ {a} }} else {{ {b} }})")
            }
            9 => {
                let b = self.real(depth - 1);
                let form = self.choices.pick(&[
                    "max(#, @)",
                    "min(#, @)",
                    "pow(abs(#), @)",
                    "select(# > @, #, @)",
                    "fmod(#, @)",
                    "fma(#, @, 0.5)",
                    "clamp(#, -1, max(@, 0))",
                ]);
                form.replace('#', &a).replace('@', &b)
            }
            10 => self.call(&a),
            _ => match self.choices.below(3) {
                0 => format!("real({})", self.bool(depth - 1)),
                1 => format!("sum(j in 0..3, j * {a})"),
                _ => format!("({a})^{}", self.choices.pick(&["2", "3", "-1", "0.5", "0"])),
            },
        }
    }

    fn leaf(&mut self) -> String {
        match self.choices.below(10) {
            0..6 => self.name(&self.scope.reals.clone(), "0.75"),
            6 => self.name(&self.scope.constants.clone(), "1.25"),
            7 => self.name(&self.scope.ints.clone(), "2"),
            _ => self.choices.pick(&NUMBERS).into(),
        }
    }

    fn call(&mut self, a: &str) -> String {
        if !self.scope.functions.is_empty() && self.choices.percent(50) {
            return format!("{}({a})", self.scope.functions[0]);
        }
        if !self.scope.has_functions {
            return format!("detach({a})");
        }
        self.choices.pick(&["f(#)", "g(#)", "g(#, 2)", "g(#, b: 0.5)", "g(a: #)"]).replace('#', a)
    }

    /// A condition.
    pub fn bool(&mut self, depth: usize) -> String {
        match self.choices.below(8) {
            0 => self.name(&self.scope.bools.clone(), "true"),
            1 if depth > 0 => {
                let word = self.choices.pick(&["and", "or"]);
                format!("({} {word} {})", self.bool(depth - 1), self.bool(depth - 1))
            }
            2 if depth > 0 => format!("(not {})", self.bool(depth - 1)),
            _ => {
                let op = self.choices.pick(&["<", ">", "<=", ">=", "==", "!="]);
                let depth = depth.saturating_sub(1);
                format!("({} {op} {})", self.real(depth), self.real(depth))
            }
        }
    }

    /// A whole number of run time.
    pub fn int(&mut self, depth: usize) -> String {
        if depth == 0 || self.choices.percent(30) {
            let number = self.choices.pick(&["0", "1", "2", "2147483647"]);
            return self.name(&self.scope.ints.clone(), number);
        }
        let (a, b) = (self.int(depth - 1), self.int(depth - 1));
        let forms = [
            "(# + @)",
            "(# - @)",
            "max(#, @)",
            "(# * @)",
            "min(#, @)",
            "(if # > @ { # } else { @ })",
        ];
        self.choices.pick(&forms).replace('#', &a).replace('@', &b)
    }

    /// A number known before anything runs.
    pub fn constant(&mut self, depth: usize) -> String {
        if depth == 0 || self.choices.percent(40) {
            return match self.choices.below(3) {
                0 => self.name(&self.scope.constants.clone(), "0.5"),
                _ => self.choices.pick(&NUMBERS).into(),
            };
        }
        let a = self.constant(depth - 1);
        let op = self.choices.pick(&[" + ", " - ", " * ", "/"]);
        format!("({a}{op}{})", self.constant(depth - 1))
    }
}
