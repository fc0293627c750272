//! `cargo xtask soak`: many inputs a target, a table, and a line for each in `docs/soak.md`.

#![allow(clippy::unwrap_used, reason = "a soak that cannot go on has failed")]

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

use peak_alloc::PeakAlloc;
use snn_tests::fuzz::{Plan, Summary, Target, root, soak};

/// Counts the memory that a file takes to read.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What was asked for.
struct Asked {
    count: u64,
    seed: u64,
    seconds: Option<u64>,
    threads: usize,
    targets: Vec<Target>,
    commit: String,
    record: bool,
    show: Option<u64>,
}

impl Asked {
    fn parse(words: &[String]) -> Result<Self, String> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut asked = Self {
            count: 1_000_000,
            seed: 0,
            seconds: None,
            threads,
            targets: Target::all(),
            commit: "unknown".into(),
            record: true,
            show: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--no-record" {
                asked.record = false;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
            let number =
                || value.parse::<u64>().map_err(|_| format!("`{word} {value}` is no number"));
            match word.as_str() {
                "--count" => asked.count = number()?,
                "--seed" => asked.seed = number()?,
                "--seconds" => asked.seconds = Some(number()?),
                "--threads" => asked.threads = number()? as usize,
                "--show" => asked.show = Some(number()?),
                "--commit" => asked.commit = value.clone(),
                "--target" => asked.targets = targets(value)?,
                _ => return Err(format!("`soak` has no option `{word}`")),
            }
        }
        Ok(asked)
    }
}

/// The target of a name; `files` are all that read files.
fn targets(name: &str) -> Result<Vec<Target>, String> {
    let is_meant = |target: &Target| {
        target.name() == name || name == "files" && matches!(target, Target::Files(_))
    };
    let found: Vec<Target> = Target::all().into_iter().filter(is_meant).collect();
    if found.is_empty() {
        let names: Vec<&str> = Target::all().into_iter().map(Target::name).collect();
        return Err(format!("there is no target `{name}`; there are {}, files", names.join(", ")));
    }
    Ok(found)
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match Asked::parse(&words) {
        Ok(asked) => run(&asked),
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(asked: &Asked) -> ExitCode {
    if let Some(seed) = asked.show {
        let target = asked.targets[0];
        std::io::stdout().write_all(&target.file(&target.input(seed))).unwrap();
        return ExitCode::SUCCESS;
    }
    let mut passed = true;
    println!("target    inputs    parsed  checked  slowest    result");
    for &target in &asked.targets {
        let summary = one(asked, target);
        let row = Row::new(asked, target, &summary);
        println!("{}, slowest seed {}", row.plain(), summary.slowest.1);
        if summary.largest.0 > 0 {
            let (bytes, seed) = summary.largest;
            println!("          at most {:.1} MiB, seed {seed}", bytes as f64 / f64::from(1 << 20));
        }
        if asked.record {
            append(&root().join("docs/soak.md"), &row.markdown(asked));
        }
        if target == Target::Programs {
            print!("{}", summary.facts);
        }
        for failure in &summary.failures {
            println!("\nseed {}: {}", failure.seed, failure.message);
        }
        passed &= summary.failures.is_empty();
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(asked: &Asked, target: Target) -> Summary {
    let start = Instant::now();
    // The memory that is counted is that of all threads.
    let threads = if matches!(target, Target::Files(_)) { 1 } else { asked.threads };
    let plan = Plan {
        target,
        count: asked.count,
        seed: asked.seed,
        threads,
        memory: Some(&MEMORY),
        folder: root().join("target/soak"),
        until: asked.seconds.map(|seconds| start + Duration::from_secs(seconds)),
    };
    let last = Mutex::new(start);
    let tell = |done: u64| bar(target, done, asked.count, start, &last);
    let summary = soak(&plan, &tell);
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    summary
}

/// A bar in a terminal, drawn ten times a second.
fn bar(target: Target, done: u64, count: u64, start: Instant, last: &Mutex<Instant>) {
    let mut last = last.lock().unwrap();
    if !std::io::stderr().is_terminal() || last.elapsed() < Duration::from_millis(100) {
        return;
    }
    *last = Instant::now();
    let full = (done * 30 / count.max(1)) as usize;
    let rate = done as f64 / start.elapsed().as_secs_f64();
    let (name, full, empty) = (target.name(), "#".repeat(full), "-".repeat(30 - full.min(30)));
    eprint!("\r{name:<9} [{full}{empty}] {done}/{count}, {rate:.0}/s\x1b[K");
}

/// What a line says.
struct Row {
    target: &'static str,
    inputs: u64,
    parsed: String,
    checked: String,
    slowest: String,
    result: String,
}

impl Row {
    fn new(asked: &Asked, target: Target, summary: &Summary) -> Self {
        let share =
            |part: u64| format!("{:.1} %", 100.0 * part as f64 / summary.inputs.max(1) as f64);
        let checks = matches!(target, Target::Check | Target::Pipeline | Target::Programs);
        let result = match summary.failures.len() {
            0 if summary.inputs < asked.count => "passed, ended by time".into(),
            0 => "passed".into(),
            n => format!("{n} kinds of failures"),
        };
        Self {
            target: target.name(),
            inputs: summary.inputs,
            parsed: share(summary.parsed),
            checked: if checks { share(summary.checked) } else { "–".into() },
            slowest: format!("{:.0} ms", summary.slowest.0.as_secs_f64() * 1e3),
            result,
        }
    }

    fn plain(&self) -> String {
        let Self { target, inputs, parsed, checked, slowest, result } = self;
        format!("{target:<9} {inputs:>8}  {parsed:>7}  {checked:>7}  {slowest:>8}  {result}")
    }

    fn markdown(&self, asked: &Asked) -> String {
        let Self { target, inputs, parsed, checked, slowest, result } = self;
        let (day, version, commit, seed) =
            (today(), env!("CARGO_PKG_VERSION"), &asked.commit, asked.seed);
        format!(
            "| {day} | {version} {commit} | {target} | {inputs} | {seed} | {parsed} | {checked} | {slowest} | {result} |\n"
        )
    }
}

/// Puts a line at the end of a file: written beside it and renamed.
fn append(path: &Path, line: &str) {
    let mut text = fs::read_to_string(path).unwrap();
    text.push_str(line);
    let beside = path.with_extension("md.new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

/// The day in UTC, by Howard Hinnant's `civil_from_days`.
fn today() -> String {
    let seconds = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let z = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}
