//! Well-typed expressions of the names in scope.

use crate::fuzz::choices::Choices;

/// Names by what they are.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Numbers that may change from step to step, or any.
    pub reals: Vec<String>,
    /// Numbers that are the same at every step.
    pub steady: Vec<String>,
    /// Whole numbers.
    pub ints: Vec<String>,
    /// Conditions.
    pub bools: Vec<String>,
    /// Calls of functions: `#` and `@` are where their arguments stand.
    pub calls: Vec<String>,
    /// Whether it is that of a surrogate, where nothing is saved.
    pub is_surrogate: bool,
}

/// Forms of a real. `#` and `@` are operands, `?` is a condition, `&` an int, `%` the name of a counter;
/// operands are kept to where the form is finite. The simplest stand first, for programs that are shrunk.
const TAME: &[&str] = &[
    "(# + @)",
    "(# - @)",
    "(# * @)",
    "(# + @)",
    "(# * @)",
    "(-#)",
    "abs(#)",
    "max(#, @)",
    "min(#, @)",
    "# / (1.5 + abs(@))",
    "tanh(#)",
    "sigmoid(#)",
    "softplus(#)",
    "exp(-abs(#))",
    "exp(clamp(#, -3, 2))",
    "log(abs(#) + 0.5)",
    "log1p(abs(#))",
    "sqrt(abs(#) + 0.25)",
    "rsqrt(abs(#) + 0.25)",
    "sign(#)",
    "floor(#)",
    "ceil(#)",
    "round(#)",
    "sin(#)",
    "cos(#)",
    "tan(clamp(#, -1, 1))",
    "atan(#)",
    "sinh(clamp(#, -1, 1))",
    "0.5 * cosh(clamp(#, -1, 1))",
    "erf(#)",
    "erfc(#)",
    "expm1(-abs(#))",
    "exprel(clamp(#, -2, 2))",
    "relu(#)",
    "detach(#)",
    "(#)^2",
    "(1 + abs(#))^-1",
    "(1 + abs(#))^0.5",
    "pow(0.5 + abs(#), clamp(@, -1, 1))",
    "fmod(#, 0.75 + abs(@))",
    "clamp(#, -0.75, 0.5)",
    "clamp(#, -abs(@), 1)",
    "fma(#, @, 0.5)",
    "fma(0.25, #, @)",
    "select(?, #, @)",
    "(if ? { # } else { @ })",
    "real(?)",
    "(# * real(?))",
    "0.25 * sum(% in 0..3, % * #)",
    "sum(% in 1..3, # / %)",
    "(# + &)",
];

/// Forms that now and then give no number, an infinite one, or one that is large or tiny.
const WILD: &[&str] = &[
    "exp(#)",
    "log(#)",
    "log1p(#)",
    "sqrt(#)",
    "rsqrt(#)",
    "tan(#)",
    "sinh(#)",
    "cosh(#)",
    "expm1(#)",
    "exprel(#)",
    "# / @",
    "1 / #",
    "pow(#, @)",
    "fmod(#, @)",
    "(#)^0.5",
    "(#)^-2",
    "1e-30 * #",
    "1e30 * #",
];

const NUMBERS: &[&str] =
    &["0.5", "1", "0", "2", "0.25", "1.5", "-1", "0.1", "3", "1e-3", "-0.75", "0.3333"];

/// What keeps a number small.
const TAMES: &[&str] = &["clamp(#, -2, 2)", "2 * tanh(#)", "# / (1 + abs(#))"];

const INTS: &[&str] = &[
    "(# + @)",
    "(# - @)",
    "min(#, @)",
    "max(#, @)",
    "(# * @)",
    "(if ? { # } else { @ })",
    "select(?, #, @)",
];

const BOOLS: &[&str] = &[
    "(# > @)",
    "(# < @)",
    "(# >= @)",
    "(# <= @)",
    "(# == @)",
    "(# != @)",
    "(& > 1)",
    "(& == 0)",
    "(? and ?)",
    "(? or ?)",
    "(not ?)",
];

/// Draws expressions.
pub struct Expressions<'c, 'b> {
    /// What decides.
    pub choices: &'c mut Choices<'b>,
    /// The names.
    pub scope: Scope,
    /// How many of a hundred forms are wild.
    pub wild: usize,
    /// How many counters have a name.
    pub counters: usize,
}

impl Expressions<'_, '_> {
    /// One of some words.
    pub fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.choices.pick(words)
    }

    fn name(&mut self, names: &[String]) -> Option<String> {
        (!names.is_empty()).then(|| names[self.choices.below(names.len())].clone())
    }

    /// A name of a counter that no other has.
    pub fn counter(&mut self) -> String {
        self.counters += 1;
        format!("i{}", self.counters - 1)
    }

    /// A real, at most so many forms deep.
    pub fn real(&mut self, depth: usize) -> String {
        if depth == 0 || self.choices.percent(20) {
            return self.leaf();
        }
        let calls = self.scope.calls.clone();
        let form = if !calls.is_empty() && !self.choices.percent(88) {
            calls[self.choices.below(calls.len())].clone()
        } else if self.wild > 0 && !self.choices.percent(100 - self.wild) {
            self.pick(WILD).into()
        } else if !self.scope.is_surrogate && !self.choices.percent(97) {
            "save(#)".into()
        } else {
            self.pick(TAME).into()
        };
        self.filled(&form, depth, Self::real)
    }

    /// A real that is the same at every step.
    pub fn steady(&mut self, depth: usize) -> String {
        let outer = self.scope.clone();
        self.scope.reals.clone_from(&outer.steady);
        (self.scope.ints, self.scope.bools) = (Vec::new(), Vec::new());
        let wild = std::mem::take(&mut self.wild);
        let made = self.real(depth);
        (self.scope, self.wild) = (outer, wild);
        made
    }

    /// A real between -2 and 2.
    pub fn tame(&mut self, depth: usize) -> String {
        let inner = self.real(depth);
        self.pick(TAMES).replace('#', &inner)
    }

    fn leaf(&mut self) -> String {
        let number = |own: &mut Self| own.pick(NUMBERS).to_string();
        let found = match self.choices.below(10) {
            0..7 => self.name(&self.scope.reals.clone()),
            7 => self.name(&self.scope.steady.clone()),
            8 => self.name(&self.scope.ints.clone()),
            _ => None,
        };
        found.unwrap_or_else(|| number(self))
    }

    /// A condition.
    pub fn bool(&mut self, depth: usize) -> String {
        if depth == 0 {
            let found = self.name(&self.scope.bools.clone());
            return found.unwrap_or_else(|| self.pick(&["true", "false"]).into());
        }
        let form = self.pick(BOOLS);
        self.filled(form, depth, Self::real)
    }

    /// A whole number of -9 to 9.
    pub fn int(&mut self, depth: usize) -> String {
        let inner = self.inner_int(depth);
        format!("min(max({inner}, -9), 9)")
    }

    fn inner_int(&mut self, depth: usize) -> String {
        if depth == 0 || self.choices.percent(30) {
            let found = self.name(&self.scope.ints.clone());
            return found.unwrap_or_else(|| self.pick(&["1", "0", "2", "3"]).into());
        }
        if !self.choices.percent(75) {
            return format!("int({})", self.tame(depth - 1));
        }
        let form = self.pick(INTS);
        self.filled(form, depth, Self::inner_int)
    }

    /// A form with its operands, `one` giving those of its own type.
    fn filled(
        &mut self,
        form: &str,
        depth: usize,
        one: impl Fn(&mut Self, usize) -> String,
    ) -> String {
        let depth = depth.saturating_sub(1);
        let a = if form.contains('#') { one(self, depth) } else { String::new() };
        let b = if form.contains('@') { one(self, depth) } else { String::new() };
        let counter = if form.contains('%') { self.counter() } else { String::new() };
        let mut made = String::new();
        for sign in form.chars() {
            match sign {
                '#' => made.push_str(&a),
                '@' => made.push_str(&b),
                '%' => made.push_str(&counter),
                '?' => made.push_str(&self.bool(depth)),
                '&' => made.push_str(&self.inner_int(depth.min(1))),
                _ => made.push(sign),
            }
        }
        made
    }
}
