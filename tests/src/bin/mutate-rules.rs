//! `cargo xtask mutate-rules`: each rule of simplification made wrong in every way that is known, and
//! whether the check by sampled values finds it out.

use std::env;
use std::process::ExitCode;

use snn_compiler::egraph::audit::{Audited, audited};
use snn_compiler::egraph::{EXACT, FAST, Rule};

/// How many samples a rule or mutant is held against, where no other number is given.
const SAMPLES: usize = 10_000;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match samples(&words) {
        Ok(samples) if run(samples) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn samples(words: &[String]) -> Result<usize, String> {
    match words {
        [] => Ok(SAMPLES),
        [word, number] if word == "--samples" => {
            number.parse().map_err(|_| format!("`--samples {number}` is no number"))
        }
        [word] if word == "--samples" => Err("`--samples` needs a value".into()),
        [word, ..] => Err(format!("`mutate-rules` has no option `{word}`")),
    }
}

/// What came out for a rule.
struct Row {
    mutants: usize,
    killed: usize,
    /// What is wrong: a mutant that lives, or that the rule itself does not hold.
    wrong: Vec<String>,
}

impl Row {
    fn new(rule: &Rule, samples: usize) -> Result<Self, String> {
        let rule = audited(rule)?;
        let mutants = rule.mutants();
        let lives = |mutant: &&Audited| mutant.check(samples).is_ok();
        let mut wrong: Vec<String> =
            mutants.iter().filter(lives).map(|m| m.change.clone()).collect();
        let killed = mutants.len() - wrong.len();
        if let Err(why) = rule.check(samples) {
            wrong.push(format!("does not hold: {why}"));
        }
        Ok(Self { mutants: mutants.len(), killed, wrong })
    }
}

/// Prints the table; whether every rule holds and every mutant is found out.
fn run(samples: usize) -> bool {
    let tables = [("exact", EXACT), ("fast", FAST)];
    let rules = tables.iter().flat_map(|(table, rules)| rules.iter().map(|rule| (*table, rule)));
    let (mut n_rules, mut mutants, mut killed, mut n_wrong) = (0, 0, 0, 0);
    println!("| Rule | Table | Mutants | Killed | Survivors |\n| --- | --- | --- | --- | --- |");
    for (table, rule) in rules {
        let row = Row::new(rule, samples).unwrap_or_else(|why| Row {
            mutants: 0,
            killed: 0,
            wrong: vec![format!("cannot be read: {why}")],
        });
        let wrong = if row.wrong.is_empty() { "none".into() } else { row.wrong.join("; ") };
        // A bar would end a cell.
        let name = rule.name.replace('|', "\\|");
        println!("| {name} | {table} | {} | {} | {wrong} |", row.mutants, row.killed);
        n_rules += 1;
        mutants += row.mutants;
        killed += row.killed;
        n_wrong += row.wrong.len();
    }
    println!("\n{n_rules} rules, {mutants} mutants, {killed} killed, {samples} samples each");
    n_wrong == 0
}
