//! Programs along the grammar, with the names that are in scope: most are well formed, and most of
//! those that are tame are well typed.

use crate::fuzz::choices::Choices;
use crate::fuzz::expressions::{Expressions, Scope};

const SURROGATES: [&str; 13] = [
    "sigmoid(alpha: 4.0)",
    "atan()",
    "rect()",
    "piecewise_quadratic(alpha: 0.5)",
    "soft_sign",
    "super_spike()",
    "erf(2)",
    "q_pseudo_spike(alpha: 3)",
    "leaky_k_relu(leak: 0.1, k: 2)",
    "own(0.5)",
    "own(width: 2.0)",
    "s2nn()",
    "squarewave_fourier_series(n: 3)",
];

/// What may be drawn; the first ones by constants alone.
const DRAWS: [&str; 6] = [
    "uniform(0, 1)",
    "normal(0, 0.5)",
    "bernoulli(p: 0.25)",
    "exponential(2)",
    "normal(std: 1, mean: p0)",
    "uniform(a: -1, b: k0)",
];
const TAME_DRAWS: usize = 4;

const FUNCTIONS: [&str; 6] = ["exp", "tanh", "f", "sigmoid", "abs", "relu"];

/// A program: a neuron, with or without functions, constants and a surrogate around it.
pub fn program(choices: &mut Choices<'_>) -> String {
    let wild = if choices.percent(25) { choices.pick(&[1, 4, 20]) } else { 0 };
    let mut writer = Writer {
        e: Expressions { choices, scope: Scope::default(), wild },
        out: String::new(),
        spikes: Vec::new(),
    };
    writer.file();
    writer.out
}

struct Writer<'c, 'b> {
    e: Expressions<'c, 'b>,
    out: String,
    spikes: Vec<String>,
}

impl Writer<'_, '_> {
    fn percent(&mut self, times: usize) -> bool {
        self.e.choices.percent(times)
    }

    fn below(&mut self, n: usize) -> usize {
        self.e.choices.below(n)
    }

    /// A line, at times with what layout and printing have to keep.
    fn line(&mut self, indent: usize, text: &str) {
        if self.percent(4) {
            let blank =
                self.e.choices.pick(&["\n", "  // why\n", "// ünïcode ✓\n", "\t\n", "/// doc\n"]);
            self.out.push_str(blank);
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
        let end = if self.percent(6) { " // behind\n" } else { "\n" };
        self.out.push_str(end);
    }

    fn file(&mut self) {
        if self.percent(10) {
            self.line(0, "snn 1");
        }
        if self.percent(20) {
            self.line(0, "//! A file.");
        }
        for i in 0..self.below(3) {
            let value = self.e.constant(2);
            self.line(0, &format!("const k{i} = {value}"));
            self.e.scope.constants.push(format!("k{i}"));
        }
        self.functions();
        self.surrogate();
        self.neuron("N");
        if self.percent(15) {
            self.test();
        }
        if self.percent(5) {
            self.e.scope.clear_locals();
            self.neuron("M");
        }
        if self.e.wild > 0 && self.percent(20) {
            self.line(0, "import \"std/lif.snn\"");
        }
    }

    fn test(&mut self) {
        let name = self.e.choices.pick(&["runs", "", "ünïcode ✓", "a // b"]);
        self.line(0, &format!("test \"{name}\" {{"));
        let neuron = if self.e.wild > 0 { "neuron N(on: true) { p0 = 0.25 }" } else { "neuron N" };
        self.line(2, neuron);
        let given = self.e.choices.pick(&["[0.5, 1]", "[[0.5, 1], [2, -1]]", "1 / 3", "[]"]);
        self.line(2, &format!("x0 = {given}"));
        if self.percent(30) {
            let more = self.e.choices.pick(&["T = 2", "seed = 7", "v0 = 0.5"]);
            self.line(2, more);
        }
        let expected = self.e.choices.pick(&[
            "expect v0 ~= [0.5, 0.25] within 1e-3",
            "expect v0 == 0",
            "expect gradients",
            "expect grad(x0) ~= [1, 1]",
            "expect x0 == [[1, 2], [3, 4]]",
        ]);
        self.line(2, expected);
        self.line(0, "}");
    }

    fn functions(&mut self) {
        let outer = self.e.scope.clone();
        if self.percent(40) {
            self.e.scope.reals = vec!["a".into(), "b".into()];
            let body = self.e.real(2);
            self.line(0, &format!("fn g(a, b = 0.5) = {body}"));
            self.e.scope.reals = vec!["a".into()];
            let body = self.e.real(2);
            self.line(0, &format!("fn f(a) =\n  {body}"));
            self.e.scope = outer.clone();
            self.e.scope.has_functions = true;
        }
    }

    fn surrogate(&mut self) {
        let outer = self.e.scope.clone();
        if self.percent(30) {
            self.e.scope.reals = vec!["u".into(), "width".into()];
            let (d, y) = (self.e.real(2), self.e.real(2));
            self.line(0, "surrogate own(width = 1.0) {");
            self.line(2, &format!("d(u) = {d}"));
            if self.percent(50) {
                self.line(2, &format!("y(u) = {y}"));
            }
            self.line(0, "}");
            self.e.scope = outer;
            self.e.scope.has_surrogate = true;
        }
    }

    fn surrogate_value(&mut self) -> String {
        let count = if self.e.scope.has_surrogate || self.e.wild > 0 { 12 } else { 9 };
        self.e.choices.pick(&SURROGATES[..count]).into()
    }

    fn options(&mut self) -> String {
        let mut options = Vec::new();
        if self.percent(70) {
            options.push(format!("surr: surrogate = {}", self.surrogate_value()));
            self.e.scope.surrogates.push("surr".into());
        }
        if self.percent(25) {
            options.push(format!("on: bool = {}", self.e.choices.pick(&["true", "false"])));
            self.e.scope.bools.push("on".into());
        }
        if self.percent(25) {
            options.push(format!("n: int = {}", self.e.choices.pick(&["3", "2", "0", "1"])));
            self.e.scope.ints.push("n".into());
            self.e.scope.constants.push("n".into());
        }
        if self.percent(25) {
            options.push(format!("gain: float = {}", self.e.constant(1)));
            self.e.scope.constants.push("gain".into());
        }
        if self.percent(15) {
            let count = if self.e.scope.has_functions { 6 } else { 2 };
            options.push(format!("shape: fn = {}", self.e.choices.pick(&FUNCTIONS[..count])));
            self.e.scope.functions.push("shape".into());
        }
        if options.is_empty() { String::new() } else { format!("({})", options.join(", ")) }
    }

    fn neuron(&mut self, name: &str) {
        self.spikes.clear();
        if self.percent(30) {
            self.line(0, "/// What it does.\n#[allow(W0310, W0301)]");
        }
        let options = self.options();
        if self.percent(10) {
            return self.parallel(name, &options);
        }
        let word = if self.e.wild > 10 && self.percent(10) { "parallel neuron" } else { "neuron" };
        self.line(0, &format!("{word} {name}{options} {{"));
        self.declarations();
        let states = self.states();
        self.charge(&states);
        if self.percent(85) {
            self.fire();
        }
        if !self.spikes.is_empty() && self.percent(80) {
            self.reset();
        }
        self.outputs(&states);
        self.line(0, "}");
    }

    /// One that sees all steps at once, with products that stand behind each other.
    fn parallel(&mut self, name: &str, options: &str) {
        self.line(0, &format!("parallel neuron {name}{options} {{"));
        self.declarations();
        let default = self.e.choices.pick(&["kaiming_uniform(a: sqrt(5))", "0.5", "normal(0, 1)"]);
        self.line(2, &format!("param w[T, T] = {default} learn"));
        self.line(2, "param taps[3] = [0.25, 0.5, 1] learn");
        self.line(2, "param b[T] = -1 learn");
        self.e.scope.reals.push("b".into());
        self.line(2, "fire {");
        for i in 0..=self.below(2) {
            let column = self.e.real(2);
            let product = match self.below(4) {
                0 => format!("conv(taps, {column} + b)"),
                1 => format!("(tanh(w) * band(2)) @ ({column} + b)"),
                2 if self.e.wild > 0 => format!("w @ (x0 + {column}) @ b"),
                _ => format!("w @ ({column} + x0)"),
            };
            self.line(4, &format!("h{i} = {product}"));
            self.e.scope.reals.push(format!("h{i}"));
        }
        let spike = self.spike();
        self.line(4, &format!("s = {spike}"));
        self.line(2, "}");
        self.e.scope.reals.push("s".into());
        self.outputs(&["h0".into()]);
        self.line(0, "}");
    }

    fn declarations(&mut self) {
        let inputs: Vec<String> = (0..=self.below(2)).map(|i| format!("x{i}")).collect();
        self.line(2, &format!("input {}", inputs.join(", ")));
        self.e.scope.reals.extend(inputs);
        for i in 0..self.below(3) {
            let per = self.e.choices.pick(&["", "", " per neuron", " per channel", " per layer"]);
            let range = self.e.choices.pick(&[
                "",
                "",
                " in (0, 1) via sigmoid",
                " in (0, inf) via softplus",
                " in (0, inf) via exp",
                " in [-1, 1]",
                " in (-inf, inf)",
            ]);
            let learn = self.e.choices.pick(&["", " learn"]);
            self.line(2, &format!("param p{i}{per} = 0.5{range}{learn}"));
            self.e.scope.reals.push(format!("p{i}"));
            self.e.scope.params.push(format!("p{i}"));
        }
        for i in 0..self.below(8).saturating_sub(5) {
            let count = if self.e.wild > 0 { DRAWS.len() } else { TAME_DRAWS };
            let distribution = self.e.choices.pick(&DRAWS[..count]);
            self.line(2, &format!("rand z{i} ~ {distribution}"));
            self.e.scope.reals.push(format!("z{i}"));
        }
        if self.percent(25) {
            let value = self.e.real(2);
            self.line(2, &format!("let rest = {value}"));
            self.e.scope.reals.push("rest".into());
        }
        if self.percent(10) {
            let value = self.e.constant(2);
            self.line(2, &format!("const c = {value}"));
            self.e.scope.constants.push("c".into());
        }
        self.units();
    }

    /// A param and a constant in a unit, which are read as numbers of it, or, by mistake, as they are.
    fn units(&mut self) {
        if self.percent(12) {
            let (unit, one) = self.e.choices.pick(&[
                ("mV", "(1 mV)"),
                ("nS", "(1 nS)"),
                ("mS/cm^2", "1 [mS/cm^2]"),
                ("1/ms", "1 [1/ms]"),
            ]);
            let end = self.e.choices.pick(&["", " in (0, inf)", " learn"]);
            self.line(2, &format!("param q [{unit}] = 5 * {one}{end}"));
            let read = if self.e.wild > 0 { "q".into() } else { format!("(q / {one})") };
            self.e.scope.reals.push(read.clone());
            self.e.scope.params.push(read);
        }
        if self.percent(8) {
            self.line(2, "const d [V] = 20 mV + 1 V");
            self.e.scope.constants.push("(d / (1 mV))".into());
        }
    }

    fn states(&mut self) -> Vec<String> {
        let count = 1 + self.below(2);
        let outer = std::mem::take(&mut self.e.scope.reals);
        self.e.scope.reals = self.e.scope.params.clone();
        let inits: Vec<String> = (0..count).map(|_| self.e.real(1)).collect();
        self.e.scope.reals = outer;
        let mut states = Vec::new();
        for (i, init) in inits.into_iter().enumerate() {
            self.line(2, &format!("state v{i} = {init}"));
            states.push(format!("v{i}"));
        }
        self.e.scope.reals.extend(states.clone());
        if self.percent(20) {
            self.line(2, "state left: int = 0");
            self.e.scope.ints.push("left".into());
            self.e.scope.int_state = true;
        }
        states
    }

    fn charge(&mut self, states: &[String]) {
        if states.len() == 1 && self.percent(50) {
            let value = self.e.real(3);
            return self.line(2, &format!("charge {} = {value}", states[0]));
        }
        self.line(2, "charge {");
        let outer = self.e.scope.clone();
        if self.percent(30) {
            let value = self.e.real(2);
            self.line(4, &format!("let drive = {value}"));
            self.e.scope.reals.push("drive".into());
        }
        if self.percent(20) {
            self.repeat();
        }
        if self.percent(15) {
            self.equations(states);
        }
        for state in states {
            let op = self.e.choices.pick(&["=", "=", "=", "+=", "*=", "-=", "/="]);
            let value = self.e.real(2);
            let value = if op == "=" { value } else { format!("({value})") };
            self.line(4, &format!("{state} {op} {value}"));
        }
        if self.e.scope.int_state {
            let value = self.e.int(2);
            self.line(4, &format!("left = {value}"));
        }
        self.line(2, "}");
        self.e.scope = outer;
    }

    fn equations(&mut self, states: &[String]) {
        let methods: &[&str] = match self.e.wild {
            0 => &["method euler", "method rk2", "method rk4 steps 2", "method auto", ""],
            _ => &[
                "method exact",
                "method exp_euler",
                "steps 2",
                "method auto steps n",
                "method rk3",
            ],
        };
        let method = self.e.choices.pick(methods);
        self.line(4, &format!("ode {method} {{"));
        if self.percent(25) {
            let value = self.e.real(1);
            self.line(6, &format!("let slope = {value}"));
            self.e.scope.reals.push("slope".into());
        }
        for state in states {
            let value = self.e.real(2);
            self.line(6, &format!("d{state}/dt = {value}"));
        }
        self.e.scope.reals.retain(|name| name != "slope");
        self.line(4, "}");
    }

    fn repeat(&mut self) {
        self.line(4, "let mut sum = 0.0");
        self.e.scope.reals.push("sum".into());
        let end = self.e.choices.pick(&["3", "4", "1 + 1", "0"]);
        self.line(4, &format!("for i in 0..{end} {{"));
        self.e.scope.ints.push("i".into());
        let value = self.e.real(2);
        self.line(6, &format!("sum += ({value})"));
        self.line(4, "}");
        self.e.scope.ints.pop();
    }

    fn spike(&mut self) -> String {
        let surrogate = match self.e.scope.surrogates.clone() {
            known if !known.is_empty() && self.percent(80) => known[0].clone(),
            _ => self.surrogate_value(),
        };
        let u = self.e.real(2);
        match self.below(8) {
            0 => format!("ternary({u}, 0.5, {surrogate})"),
            1 => format!("levels({u}, 3, {surrogate})"),
            2 => format!("spike({u}, {surrogate}) when {}", self.e.bool(1)),
            _ => format!("spike({u}, {surrogate})"),
        }
    }

    fn fire(&mut self) {
        let spike = self.spike();
        if self.percent(60) {
            self.line(2, &format!("fire s = {spike}"));
        } else {
            let value = self.e.real(2);
            self.line(2, "fire {");
            self.line(4, &format!("s = {spike}"));
            self.line(4, &format!("y = {value}"));
            self.line(2, "}");
            self.e.scope.reals.push("y".into());
        }
        if spike.starts_with("spike") {
            self.spikes.push("s".into());
        }
        self.e.scope.reals.push("s".into());
    }

    fn reset(&mut self) {
        let value = self.e.real(1);
        let line = match self.below(6) {
            0 => format!("reset v0 = hard(v0, s, {value})"),
            1 => format!("reset v0 = soft(v0, detach(s), by: {value})"),
            2 => format!("reset v0 -= s * ({value})"),
            3 => "reset v0 = reset_voltage(v0, s, 0.5, -0.25, soft: true)".into(),
            4 => format!("reset {{\n    let to = {value}\n    v0 = hard(v0, s, to: to)\n  }}"),
            _ => format!("reset v0 = if s > 0.5 {{ {value} }} else {{ v0 }}"),
        };
        self.line(2, &line);
    }

    fn outputs(&mut self, states: &[String]) {
        if self.e.scope.reals.iter().any(|name| name == "s") && self.percent(80) {
            self.line(2, "output s");
        }
        let rename = self.e.choices.pick(&["", " as trace", " last", " as end last"]);
        self.line(2, &format!("output {}{rename}", states[0]));
    }
}
