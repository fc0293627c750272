//! The steps of a run: what each came to, how long it took, and the table of them all.

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process;

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

/// The steps done so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Outcome, Duration)>,
    tests: Vec<String>,
}

impl Steps {
    /// Runs a command as a step and returns whether it succeeded. A later step runs all the same.
    pub fn run(&mut self, name: &str, command: Command) -> bool {
        println!("\n=> {name}: {}", process::line(&command));
        let start = Instant::now();
        let passed = match process::tee(command, is_summary) {
            Ok((passed, lines)) => {
                self.tests.extend(lines);
                passed
            }
            Err(message) => {
                eprintln!("error: {message}");
                false
            }
        };
        self.note(name, passed, start.elapsed());
        passed
    }

    /// Notes a step that was done without a command.
    pub fn note(&mut self, name: &str, passed: bool, took: Duration) {
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        self.done.push((name.into(), outcome, took));
    }

    /// Notes a step that cannot run here, and why.
    pub fn skip(&mut self, name: &str, why: impl Into<String>) {
        self.done.push((name.into(), Outcome::Skipped(why.into()), Duration::ZERO));
    }

    /// Whether every step passed; with `all`, a skipped one counts as failed.
    pub fn passed(&self, all: bool) -> bool {
        self.done.iter().all(|(_, outcome, _)| match outcome {
            Outcome::Passed => true,
            Outcome::Failed => false,
            Outcome::Skipped(_) => !all,
        })
    }

    /// The table of all steps in minutes, what was skipped, and what the test runner counted.
    pub fn report(&self) -> String {
        let mut text = String::from("\n  minutes  step\n");
        let mut line = |took: Duration, name: &str, end: &str| {
            let _ = writeln!(text, "  {:7.2}  {name}{end}", took.as_secs_f64() / 60.0);
        };
        for (name, outcome, took) in &self.done {
            match outcome {
                Outcome::Passed => line(*took, name, ""),
                Outcome::Failed => line(*took, name, "  FAILED"),
                Outcome::Skipped(why) => line(*took, name, &format!("  skipped: {why}")),
            }
        }
        line(self.done.iter().map(|step| step.2).sum(), "in all", "");
        for summary in &self.tests {
            let _ = writeln!(text, "{summary}");
        }
        if let Some(counts) = count(&self.tests) {
            let _ = writeln!(
                text,
                "{} passed, {} failed, {} skipped",
                counts.passed, counts.failed, counts.skipped
            );
        }
        text
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Whether a line is the closing line of cargo test or nextest.
fn is_summary(line: &str) -> bool {
    line.starts_with("test result:") || line.trim_start().starts_with("Summary [")
}

/// Adds up the closing lines of the test runners; none where no runner came to its end.
fn count(lines: &[String]) -> Option<Counts> {
    let mut counts = Counts::default();
    for line in lines {
        let words: Vec<&str> = line.split([' ', ',', ';', '(', ')']).collect();
        for pair in words.windows(2) {
            let Ok(n) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => counts.passed += n,
                "failed" => counts.failed += n,
                "skipped" | "ignored" => counts.skipped += n,
                _ => {}
            }
        }
    }
    (!lines.is_empty()).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_both_runners_are_added_up() {
        let lines = [
            "     Summary [   1.234s] 12 tests run: 10 passed (1 slow), 2 failed, 3 skipped",
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
        ];
        assert!(lines.iter().all(|line| is_summary(line)));
        let counts = count(&lines.map(String::from));
        assert_eq!(counts, Some(Counts { passed: 14, failed: 2, skipped: 4 }));
    }

    #[test]
    fn no_closing_line_is_no_count() {
        assert_eq!(count(&[]), None);
    }

    #[test]
    fn a_skip_fails_only_where_all_is_required() {
        let mut steps = Steps::default();
        steps.note("build", true, Duration::ZERO);
        assert!(steps.passed(true));
        steps.skip("ptx", "no LLVM");
        assert!(steps.passed(false));
        assert!(!steps.passed(true));
        steps.note("tests", false, Duration::ZERO);
        assert!(!steps.passed(false));
    }
}
