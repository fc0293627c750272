//! Programs that are well typed, that mostly spike and whose states stay small.

use crate::fuzz::choices::Choices;
use crate::fuzz::typed::expressions::{Expressions, Scope};

/// Surrogates with constants.
const SURROGATES: &[&str] = &[
    "sigmoid(alpha: 4.0)",
    "atan()",
    "atan(alpha: 2.0)",
    "rect()",
    "piecewise_quadratic(alpha: 0.5)",
    "piecewise_exp(alpha: 1.5)",
    "soft_sign",
    "super_spike()",
    "nonzero_sign_log_abs(alpha: 1.5)",
    "erf(2)",
    "piecewise_leaky_relu(w: 0.75, c: 0.1)",
    "squarewave_fourier_series(n: 3)",
    "s2nn()",
    "q_pseudo_spike(alpha: 3)",
    "leaky_k_relu(leak: 0.1, k: 2)",
    "fake_numerical_gradient()",
    "log_tailed_relu(alpha: 0.1)",
    "deterministic_pass",
    "multi_level_spike_count(2)",
];

/// Surrogates with an argument that may be learnt, `#` from 0.25 to 2.
const LEARNABLE: &[&str] = &[
    "sigmoid(alpha: 1 + #)",
    "atan(alpha: #)",
    "piecewise_quadratic(alpha: #)",
    "piecewise_exp(alpha: 0.5 + #)",
    "soft_sign(alpha: 2 * #)",
    "super_spike(alpha: #)",
    "erf(#)",
    "piecewise_leaky_relu(w: #, c: 0.1 * #)",
    "s2nn(alpha: 2 + #, beta: #)",
    "q_pseudo_spike(alpha: 1.5 + #)",
    "leaky_k_relu(leak: 0.1 * #, k: #)",
    "squarewave_fourier_series(n: 3, T_period: 4 + #)",
];

/// Options and the name that each gives to expressions.
const OPTIONS: &[(&str, &str)] = &[
    ("g: float = 0.5", "g"),
    ("on: bool = true", "on"),
    ("off: bool = false", "off"),
    ("n: int = 2", "n"),
    ("act: fn = tanh", "act(#)"),
];

/// How a param keeps to its range.
const RANGES: &[&str] = &[
    "",
    " learn",
    " in (0, 1) via sigmoid learn",
    " in (0.125, 2) via sigmoid learn",
    " in (0, inf) via softplus learn",
    " in (0.125, inf) via softplus learn",
    " in (0, inf) via exp learn",
    " in (0, inf) via exp",
    " in [0, 1]",
    " in (-1, inf)",
];

/// What may be drawn, `#` something that is the same at every step.
const DRAWS: &[&str] = &[
    "uniform(-0.5, 0.5)",
    "uniform(0, 1)",
    "uniform(clamp(#, -4, 0), 2)",
    "normal(0, 0.25)",
    "normal(clamp(#, -4, 4), 0.5)",
    "normal(0, 0.25 * clamp(#, 0, 4))",
    "bernoulli(0.5)",
    "bernoulli(clamp(#, 0, 1))",
    "exponential(4)",
    "exponential(clamp(#, 0.25, 4))",
];

const SHARINGS: &[&str] = &["", " per layer", " per channel", " per neuron"];

const BUMP: &str = "\
surrogate bump(width = 1.0, height = 1.0) {
  d(u) = height * max(0, 1 - abs(u) / width) / width
  y(u) = height * (0.5 + clamp(u / width, -1, 1) * (1 - abs(clamp(u / width, -1, 1)) / 2))
}
";

/// Units of inputs and params, with one like it of another scale.
const UNITS: &[&str] = &["mV", "nA", "ms", "mS/cm^2", "MOhm"];

fn in_brackets(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" [{unit}]") }
}

/// 1 of a unit.
fn behind_number(unit: &str) -> String {
    if unit.contains('/') { format!("1 [{unit}]") } else { format!("1 {unit}") }
}

/// A text with a unit behind each of its numbers.
fn with_unit(text: &str, unit: &str) -> String {
    let unit = match unit.contains('/') {
        true => format!(" [{unit}]"),
        false => format!(" {unit}"),
    };
    let mut made = String::new();
    for (at, c) in text.char_indices() {
        made.push(c);
        let is_in = |c: char| c.is_ascii_digit() || c == '.';
        let ends = is_in(c) && !text[at + 1..].starts_with(is_in);
        if ends && unit != " " {
            made.push_str(&unit);
        }
    }
    made
}

/// A number made of a name in a unit; where another scale stands in it there is a conversion.
fn number_of(name: &str, unit: &str) -> String {
    match unit {
        "" => name.into(),
        "mV" => format!("(1000 * ({name} / (1 V)))"),
        "ms" => format!("(({name} + 250 us) / (1 ms))"),
        "nA" => format!("(max({name}, 0.0001 [uA]) / (1 nA))"),
        unit => format!("({name} / ({}))", behind_number(unit)),
    }
}

/// A program.
pub fn program(choices: &mut Choices<'_>) -> String {
    let wild = if choices.percent(75) { 0 } else { 8 };
    let e = Expressions { choices, scope: Scope::default(), wild, counters: 0 };
    let mut writer = Writer {
        e,
        out: String::new(),
        surrogates: Vec::new(),
        states: 0,
        ints: 0,
        fired: Vec::new(),
    };
    writer.file();
    writer.out
}

struct Writer<'c, 'b> {
    e: Expressions<'c, 'b>,
    out: String,
    /// Surrogates of the file and of options.
    surrogates: Vec<String>,
    /// `v0`, `v1`, ...
    states: usize,
    /// `r0`, if there is one.
    ints: usize,
    /// Names that `fire` makes, each with how it resets.
    fired: Vec<(String, String)>,
}

impl Writer<'_, '_> {
    /// True so many times of a hundred; the choice 0 gives false, so that what may be left out is.
    fn maybe(&mut self, times: usize) -> bool {
        !self.e.choices.percent(100 - times)
    }

    fn below(&mut self, n: usize) -> usize {
        self.e.choices.below(n)
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn file(&mut self) {
        if self.maybe(25) {
            self.line("const k = 0.75");
            self.e.scope.steady.push("k".into());
        }
        if self.maybe(30) {
            self.function();
        }
        if self.maybe(15) {
            self.out.push_str(BUMP);
            let choices = ["bump(width: 0.5 + #, height: #)", "bump(#)"];
            self.surrogates.extend(choices.map(String::from));
        }
        if self.maybe(15) {
            self.own_surrogate();
        }
        let options = self.options();
        self.line(&format!("neuron N{options} {{"));
        self.declarations();
        self.charge();
        if self.fire() {
            self.reset();
        }
        self.outputs();
        self.line("}");
    }

    fn function(&mut self) {
        let outer = self.e.scope.clone();
        self.e.scope.reals = vec!["a".into(), "b".into()];
        let body = self.e.tame(2);
        self.line(&format!("fn f(a, b = 0.5) = {body}"));
        self.e.scope = outer;
        self.e.scope.calls.extend(["f(#)", "f(#, @)", "f(b: #, a: @)"].map(String::from));
    }

    fn own_surrogate(&mut self) {
        let outer = self.e.scope.clone();
        self.e.scope = Scope {
            reals: vec!["u".into(), "width".into()],
            steady: outer.steady.clone(),
            is_surrogate: true,
            ..Scope::default()
        };
        let body = self.e.real(2);
        self.line(&format!("surrogate own(width = 1.0) {{\n  d(u) = 1 / (1 + ({body})^2)\n}}"));
        self.e.scope = outer;
        self.surrogates.push("own(width: 0.5)".into());
    }

    fn options(&mut self) -> String {
        let mut all = Vec::new();
        if self.maybe(30) {
            let value = self.e.pick(SURROGATES);
            all.push(format!("surr: surrogate = {value}"));
            self.surrogates.push("surr".into());
        }
        for (option, name) in OPTIONS {
            if self.maybe(8) {
                all.push((*option).into());
                let scope = &mut self.e.scope;
                let names = match option.split([' ', ':']).nth(2) {
                    Some("float") => &mut scope.steady,
                    Some("bool") => &mut scope.bools,
                    Some("int") => &mut scope.ints,
                    _ => &mut scope.calls,
                };
                names.push((*name).into());
            }
        }
        if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
    }

    fn declarations(&mut self) {
        let inputs = 1 + [0, 0, 0, 1, 1, 2][self.below(6)];
        for i in 0..inputs {
            // The first is added to a state as it is.
            let unit = if i > 0 && self.maybe(20) { self.e.pick(UNITS) } else { "" };
            self.line(&format!("  input x{i}{}", in_brackets(unit)));
            self.e.scope.reals.push(number_of(&format!("x{i}"), unit));
        }
        for i in 0..self.below(4) {
            self.param(i);
        }
        for i in 0..[0, 0, 0, 1, 2][self.below(5)] {
            let (distribution, of) = (self.e.pick(DRAWS), self.e.steady(1));
            self.line(&format!("  rand d{i} ~ {}", distribution.replace('#', &of)));
            self.e.scope.reals.push(format!("d{i}"));
        }
        if self.maybe(8) {
            self.line("  const dt = 0.5");
        }
        self.states = 1 + self.below(3);
        for i in 0..self.states {
            let init = if self.maybe(40) { self.e.steady(1) } else { "0".into() };
            self.line(&format!("  state v{i} = {init}"));
        }
        if self.maybe(25) {
            self.ints = 1;
            self.line("  state r0: int = 0");
        }
        if self.maybe(30) {
            let (value, unit) = (self.e.tame(2), self.e.pick(&["", "", "mV", "nA"]));
            let (times, name) = match unit {
                "" => (String::new(), "drive".to_string()),
                _ => (format!(" * {}", behind_number(unit)), number_of("drive", unit)),
            };
            self.line(&format!("  let drive = {value}{times}"));
            self.e.scope.reals.push(name);
        }
        self.e.scope.reals.extend((0..self.states).map(|i| format!("v{i}")));
        self.e.scope.ints.extend((0..self.ints).map(|i| format!("r{i}")));
    }

    fn param(&mut self, i: usize) {
        let (sharing, range) = (self.e.pick(SHARINGS), self.e.pick(RANGES));
        match self.below(8) {
            0..6 => {
                let default = self.e.pick(&["0.5", "0.75", "uniform(0.25, 0.75)"]);
                let unit = if self.maybe(15) { self.e.pick(UNITS) } else { "" };
                let (default, range) = (with_unit(default, unit), with_unit(range, unit));
                let brackets = in_brackets(unit);
                self.line(&format!("  param p{i}{brackets}{sharing} = {default}{range}"));
                // What is shared by all is the same at every step, and so are the others.
                let name = number_of(&format!("p{i}"), unit);
                self.e.scope.steady.push(name.clone());
                self.e.scope.reals.push(name);
            }
            6 => {
                self.line(&format!("  param p{i}[2]{sharing} = [0.5, 0.75]{range}"));
                self.e.scope.steady.extend((0..2).map(|k| format!("p{i}[{k}]")));
                self.e.scope.reals.push(format!("p{i}[1]"));
            }
            _ => {
                self.line(&format!("  param p{i}[T]{sharing} = 0.5{range}"));
                self.e.scope.reals.push(format!("p{i}[t]"));
            }
        }
    }

    fn charge(&mut self) {
        let outer = self.e.scope.clone();
        self.line("  charge {");
        self.locals("c");
        if self.maybe(18) {
            self.equations();
        }
        for i in 0..self.states {
            let decay = self.e.pick(&["0.5", "0.75", "0", "0.9"]);
            let change = self.e.tame(3);
            let drive = if i == 0 && self.below(4) < 3 { " + x0" } else { "" };
            self.line(&format!("    v{i} = {decay} * v{i}{drive} + {change}"));
        }
        if self.maybe(25) {
            let (state, op) = (self.below(self.states), self.e.pick(&["+=", "-="]));
            let by = self.e.tame(1);
            self.line(&format!("    v{state} {op} ({by})"));
        }
        if self.maybe(15) {
            let state = self.below(self.states);
            let line = self.e.pick(&["v# *= 0.5", "v# /= 2"]).replace('#', &state.to_string());
            self.line(&format!("    {line}"));
        }
        if self.ints > 0 {
            let value = self.e.int(2);
            self.line(&format!("    r0 = {value}"));
        }
        self.line("  }");
        self.e.scope = outer;
    }

    /// Equations that draw all states towards something small, by each method.
    fn equations(&mut self) {
        let method = self.e.pick(&[
            "method euler",
            "method rk2",
            "method exp_euler",
            "method exact",
            "",
            "method rk4",
            "method auto",
            "method rk2 steps 2",
            "method euler steps 3",
        ]);
        let outer = self.e.scope.clone();
        let is_linear = method.contains("exact");
        self.line(&format!("    ode {method} {{"));
        for i in 0..self.states {
            // A state that is in no function keeps its equation linear in it.
            let held = |name: &String| match is_linear {
                true => !name.starts_with('v'),
                false => *name != format!("v{i}"),
            };
            self.e.scope.reals.retain(held);
            let (drive, rate) = (self.e.tame(2), self.e.steady(1));
            // States that `exact` moves together are left to the corpus, where they agree: one random program
            // with them did not, and why is not known yet.
            let is_alone = matches!(method, "method exact" | "method auto" | "");
            let other = match i > 0 && !is_alone {
                true => format!(" + 0.25 * v{}", i - 1),
                false => String::new(),
            };
            let turned = if i == 0 && self.states > 1 && !is_alone { " - 0.5 * v1" } else { "" };
            let rate = format!("(0.25 + min(abs({rate}), 2))");
            self.line(&format!("      dv{i}/dt = {drive} - {rate} * v{i}{other}{turned}"));
            self.e.scope = outer.clone();
        }
        self.line("    }");
    }

    /// Names that only one phase has.
    fn locals(&mut self, phase: &str) {
        for i in 0..self.below(3) {
            let value = self.e.real(2);
            self.line(&format!("    let {phase}{i} = {value}"));
            self.e.scope.reals.push(format!("{phase}{i}"));
        }
        if self.maybe(20) {
            let value = self.e.bool(2);
            self.line(&format!("    let {phase}_is = {value}"));
            self.e.scope.bools.push(format!("{phase}_is"));
        }
        if self.maybe(20) {
            let (value, counter, count) = (self.e.tame(1), self.e.counter(), 1 + self.below(3));
            self.line(&format!("    let mut {phase}_sum = 0.5 * {value}"));
            self.line(&format!("    for {counter} in 0..{count} {{"));
            self.e.scope.reals.push(format!("{phase}_sum"));
            self.e.scope.ints.push(counter);
            let more = self.e.tame(1);
            self.e.scope.ints.pop();
            self.line(&format!("      {phase}_sum += {more}"));
            self.line("    }");
        }
        if self.maybe(20) {
            self.e.scope.reals.push("v0@prev".into());
        }
    }

    fn surrogate(&mut self) -> String {
        if self.maybe(25) {
            let learnable = self.e.pick(LEARNABLE);
            let names: Vec<String> =
                self.e.scope.steady.iter().filter(|name| name.starts_with('p')).cloned().collect();
            let argument = match names.is_empty() {
                true => "0.5".to_string(),
                false => format!("(0.25 + clamp({}, 0, 1))", names[self.below(names.len())]),
            };
            return learnable.replace('#', &argument);
        }
        let own = self.surrogates.clone();
        match self.maybe(40) && !own.is_empty() {
            true => own[self.below(own.len())].replace('#', "0.5"),
            false => self.e.pick(SURROGATES).into(),
        }
    }

    /// Whether there is something to reset by.
    fn fire(&mut self) -> bool {
        if self.maybe(3) {
            return false;
        }
        let outer = self.e.scope.clone();
        self.line("  fire {");
        self.locals("f");
        self.spike(0);
        for i in 1..=[0, 0, 1, 2][self.below(4)] {
            match self.below(2) {
                0 => self.spike(i),
                _ => {
                    let value = self.e.real(2);
                    self.line(&format!("    y{i} = {value}"));
                    self.fired.push((format!("y{i}"), String::new()));
                }
            }
        }
        self.line("  }");
        self.e.scope = outer;
        true
    }

    fn spike(&mut self, i: usize) {
        let surrogate = self.surrogate();
        let state = if i == 0 { 0 } else { self.below(self.states) };
        let threshold = match self.maybe(20) {
            true => format!("(0.25 + abs({}))", self.e.steady(0)),
            false => self.e.pick(&["0.5", "0.25", "0.75", "1"]).into(),
        };
        let when = if self.maybe(12) { format!(" when {}", self.e.bool(2)) } else { String::new() };
        let (name, made, resets) = match self.below(8) {
            0..6 => {
                (format!("s{i}"), format!("spike(v{state} - {threshold}, {surrogate}){when}"), "#")
            }
            6 => (
                format!("z{i}"),
                format!("ternary(v{state}, {threshold}, {surrogate}){when}"),
                "fired(#)",
            ),
            _ => (format!("l{i}"), format!("levels(v{state}, 3, {surrogate})"), ""),
        };
        let save = if self.maybe(8) { format!("save({made})") } else { made.clone() };
        let made = if when.is_empty() { save } else { made };
        self.line(&format!("    {name} = {made}"));
        self.fired.push((name.clone(), resets.replace('#', &name)));
    }

    fn reset(&mut self) {
        if self.maybe(8) {
            return;
        }
        let outer = self.e.scope.clone();
        let shown = self.fired.iter().map(|(name, _)| name.clone());
        self.e.scope.reals.extend(shown);
        if self.maybe(15) {
            let (name, _) = self.fired[0].clone();
            self.e.scope.reals.push(format!("{name}@prev"));
        }
        self.line("  reset {");
        self.locals("e");
        let (name, spike) = self.fired[0].clone();
        self.resets(0, &name, &spike);
        let count = self.states;
        for i in 1..count {
            if self.maybe(50) {
                self.resets(i, &name, &spike);
            }
        }
        if self.ints > 0 && !spike.is_empty() && self.maybe(60) {
            self.line(&format!("    r0 = if {spike} > 0 {{ 3 }} else {{ max(r0 - 1, 0) }}"));
        }
        self.line("  }");
        self.e.scope = outer;
    }

    /// A state by what fired.
    fn resets(&mut self, i: usize, name: &str, spike: &str) {
        let to = self.e.tame(1);
        if spike.is_empty() {
            let line = self.e.pick(&["v# - @ * 0.5", "v# / (1 + abs(@))"]);
            let line = line.replace('#', &i.to_string()).replace('@', name);
            return self.line(&format!("    v{i} = {line}"));
        }
        let by = if self.maybe(30) { format!("detach({spike})") } else { spike.to_string() };
        let line = match self.below(7) {
            0 | 1 => format!("v{i} = hard(v{i}, {by}, to: {to})"),
            2 => format!("v{i} = soft(v{i}, {by}, by: {to})"),
            3 => format!("v{i} -= {by} * ({to})"),
            4 => {
                let [soft, detach] = [0, 1].map(|_| self.e.pick(&["false", "true"]));
                format!(
                    "v{i} = reset_voltage(v{i}, {spike}, 0.5, -0.25, soft: {soft}, detach: {detach})"
                )
            }
            5 => format!("v{i} = if {spike} > 0.5 {{ {to} }} else {{ v{i} }}"),
            _ => format!("v{i} = v{i} + 0.5 * {by}"),
        };
        self.line(&format!("    {line}"));
    }

    fn outputs(&mut self) {
        for (name, _) in self.fired.clone() {
            if name.ends_with('0') || self.maybe(80) {
                self.line(&format!("  output {name}"));
            }
        }
        if self.fired.is_empty() || self.maybe(60) {
            self.line("  output v0");
        }
        if self.maybe(20) {
            let state = self.below(self.states);
            self.line(&format!("  output v{state} as end last"));
        }
        if self.ints > 0 && self.maybe(50) {
            self.line("  output r0");
        }
    }
}
