//! What is counted of programs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::{fmt, fs};

use snn_compiler::check::functions;

use crate::fuzz::root;

/// Words of the language beside its functions.
const WORDS: &[&str] = &[
    "let",
    "mut",
    "for",
    "in",
    "if",
    "else",
    "and",
    "or",
    "not",
    "when",
    "prev",
    "sum",
    "last",
    "as",
    "learn",
    "via",
    "per",
    "layer",
    "channel",
    "neuron",
    "const",
    "fn",
    "surrogate",
    "int",
    "param",
    "input",
    "state",
    "charge",
    "fire",
    "reset",
    "output",
    "fmod",
    "reset_voltage",
    "uniform",
    "normal",
    "bernoulli",
    "exponential",
    "rand",
    "ode",
    "method",
    "exact",
    "exp_euler",
    "euler",
    "rk2",
    "rk4",
    "auto",
    "steps",
    "mV",
    "uA",
];

const SIGNS: &[&str] =
    &["+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "+=", "-=", "*=", "/="];

/// All that programs are made of: words, functions, surrogates and signs.
pub fn primitives() -> BTreeSet<String> {
    static PRELUDE: LazyLock<String> = LazyLock::new(|| {
        fs::read_to_string(root().join("compiler/src/prelude/surrogates.snn")).unwrap()
    });
    let prelude = &*PRELUDE;
    let heads = prelude.lines().filter_map(|line| line.strip_prefix("surrogate "));
    let surrogates = heads.filter_map(|head| head.split(['(', ' ']).next());
    // These are of parallel neurons, which no program here is.
    let functions = functions().filter(|name| !["band", "conv"].contains(name));
    let all = functions.chain(surrogates).chain(WORDS.iter().chain(SIGNS).copied());
    all.map(String::from).collect()
}

/// The words and signs of a text.
fn tokens(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_sign = |c: char| "+-*/^<>=!".contains(c);
        let length = match first {
            c if is_word(c) => rest.find(|c| !is_word(c)),
            c if is_sign(c) => rest.find(|c| !is_sign(c)),
            c => Some(c.len_utf8()),
        };
        let (token, behind) = rest.split_at(length.unwrap_or(rest.len()));
        all.insert(token.to_string());
        rest = behind;
    }
    all
}

/// Numbers by what they are of; those of many programs are sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, u64>);

impl Facts {
    /// Adds to a number.
    pub fn add(&mut self, name: &str, number: u64) {
        *self.0.entry(name.into()).or_default() += number;
    }

    /// A number.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Counts what a text is made of.
    pub fn add_text(&mut self, text: &str) {
        let primitives = primitives();
        for token in tokens(text).intersection(&primitives) {
            self.add(&format!("`{token}`"), 1);
        }
        let statements = text.lines().filter(|line| line.starts_with("    ")).count();
        self.add("statements", statements as u64);
    }

    /// Adds those of other programs.
    pub fn join(&mut self, other: &Facts) {
        other.0.iter().for_each(|(name, number)| self.add(name, *number));
    }

    /// The primitives, the rarest first, each with how many programs have it.
    pub fn of_primitives(&self) -> Vec<(u64, String)> {
        let count = |name| (self.get(&format!("`{name}`")), name);
        let mut all: Vec<(u64, String)> = primitives().into_iter().map(count).collect();
        all.sort();
        all
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let programs = self.get("programs").max(1) as f64;
        for (name, number) in self.0.iter().filter(|(name, _)| !name.starts_with('`')) {
            writeln!(f, "  {name:<44} {number:>9}  {:.3} a program", *number as f64 / programs)?;
        }
        let primitives = self.of_primitives();
        let each: Vec<String> = primitives.iter().map(|(n, name)| format!("{name} {n}")).collect();
        writeln!(f, "  programs that have each primitive: {}", each.join(", "))
    }
}
