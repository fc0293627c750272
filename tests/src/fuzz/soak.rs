//! Many inputs, in threads; what fails is kept with its seed.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, Once};
use std::time::{Duration, Instant};
use std::{fs, thread};

use peak_alloc::PeakAlloc;

use crate::fuzz::corpus::CORPUS;
use crate::fuzz::readers::FILES;
use crate::fuzz::typed::{Case, Facts, compare, shrunk};
use crate::fuzz::{Target, Verdict};

/// The longest that an input may take.
const LIMIT: Duration = Duration::from_secs(1);

/// The most memory in bytes that a file may take to read.
const MEMORY: usize = 64 << 20;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On what.
    pub target: Target,
    /// How many inputs.
    pub count: u64,
    /// The seed of the first; those that follow have the numbers behind it.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
    /// Where inputs that fail are written.
    pub folder: PathBuf,
    /// When to take no more of them.
    pub until: Option<Instant>,
    /// What counts the memory of the program, where something does. It is of all threads: with more than one
    /// it is not that of an input alone.
    pub memory: Option<&'static PeakAlloc>,
}

/// An input that must not fail.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What went wrong.
    pub message: String,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many inputs there were.
    pub inputs: u64,
    /// How many of them have the right syntax.
    pub parsed: u64,
    /// How many are right.
    pub checked: u64,
    /// The longest time on a processor, and the seed that took it.
    pub slowest: (Duration, u64),
    /// The most memory in bytes that a file took, where it is counted, and the seed that took it.
    pub largest: (usize, u64),
    /// What failed; one input for each message.
    pub failures: Vec<Failure>,
    /// What was counted of programs.
    pub facts: Facts,
}

impl Summary {
    fn add(&mut self, seed: u64, ran: &Ran) {
        let Ran { verdict, time, memory } = ran;
        self.inputs += 1;
        self.parsed += u64::from(verdict.parsed);
        self.checked += u64::from(verdict.checked);
        self.slowest = self.slowest.max((*time, seed));
        self.largest = self.largest.max((*memory, seed));
        self.facts.join(&verdict.facts);
    }

    fn join(&mut self, other: Summary) {
        self.inputs += other.inputs;
        self.parsed += other.parsed;
        self.checked += other.checked;
        self.slowest = self.slowest.max(other.slowest);
        self.largest = self.largest.max(other.largest);
        self.failures.extend(other.failures);
        self.facts.join(&other.facts);
    }
}

thread_local! {
    /// What the last panic of a thread that soaks said; none in other threads.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a plan; `tell` hears now and then how many inputs are done.
pub fn soak(plan: &Plan, tell: &(dyn Fn(u64) + Sync)) -> Summary {
    // Where it is missing this says so; in a thread nobody would hear it.
    if matches!(plan.target, Target::Files(_)) {
        LazyLock::force(&FILES);
    } else {
        LazyLock::force(&CORPUS);
    }
    listen();
    fs::create_dir_all(&plan.folder).unwrap();
    let next = AtomicU64::new(0);
    let summary = Mutex::new(Summary::default());
    thread::scope(|scope| {
        for number in 0..plan.threads.max(1) {
            let (next, summary) = (&next, &summary);
            scope.spawn(move || {
                let own = worker(plan, number, next, tell);
                summary.lock().unwrap().join(own);
            });
        }
    });
    summary.into_inner().unwrap()
}

fn worker(plan: &Plan, number: usize, next: &AtomicU64, tell: &dyn Fn(u64)) -> Summary {
    SAID.with_borrow_mut(|said| *said = Some(String::new()));
    let mut summary = Summary::default();
    // An input that ends the process leaves its text here.
    let current = plan.folder.join(format!("{}-running-{number}", plan.target.name()));
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= plan.count || plan.until.is_some_and(|until| Instant::now() > until) {
            let _ = fs::remove_file(&current);
            return summary;
        }
        if index.is_multiple_of(256) {
            tell(index);
        }
        let seed = plan.seed.wrapping_add(index);
        let bytes = plan.target.input(seed);
        fs::write(&current, plan.target.file(&bytes)).unwrap();
        match once(plan, &bytes) {
            Ok(ran) => summary.add(seed, &ran),
            Err(message) => fail(plan, &mut summary, seed, &bytes, message),
        }
    }
}

/// What came of an input.
struct Ran {
    verdict: Verdict,
    /// That it had the processor.
    time: Duration,
    /// The most bytes that it took, where that is counted.
    memory: usize,
}

/// An input once.
fn once(plan: &Plan, bytes: &[u8]) -> Result<Ran, String> {
    let target = plan.target;
    let counter = plan.memory.filter(|_| matches!(target, Target::Files(_)));
    let used = counter.map(|counter| {
        counter.reset_peak_usage();
        counter.current_usage()
    });
    let (wall, before) = (Instant::now(), on_processor());
    let verdict = panic::catch_unwind(AssertUnwindSafe(|| target.run(bytes)));
    let verdict = verdict.map_err(|_| said())?;
    let time = match (before, on_processor()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => wall.elapsed(),
    };
    let peak = counter.map(|counter| counter.peak_usage());
    let memory = peak.unwrap_or(0).saturating_sub(used.unwrap_or(0));
    if time > LIMIT {
        return Err(format!("takes more than a second\n{:.1} s", time.as_secs_f64()));
    }
    if memory > MEMORY {
        return Err(format!(
            "takes too much memory\n{} MiB for {} bytes",
            memory >> 20,
            bytes.len()
        ));
    }
    Ok(Ran { verdict, time, memory })
}

/// How long this thread has had a processor, where the system tells: others may have it meanwhile.
fn on_processor() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

fn said() -> String {
    SAID.with_borrow(|said| said.clone().unwrap_or_default())
}

fn fail(plan: &Plan, summary: &mut Summary, seed: u64, bytes: &[u8], message: String) {
    summary.inputs += 1;
    let kind = |message: &str| message.lines().next().unwrap_or_default().to_string();
    if summary.failures.iter().any(|failure| kind(&failure.message) == kind(&message)) {
        return;
    }
    let path = plan.folder.join(format!("{}-{seed}.{}", plan.target.name(), plan.target.ending()));
    let (file, message) = match plan.target {
        Target::Programs => smallest(bytes, &kind(&message)),
        target => (target.file(bytes), message),
    };
    fs::write(&path, file).unwrap();
    eprintln!("\n{} {seed}, kept as {}: {}", plan.target.name(), path.display(), kind(&message));
    summary.failures.push(Failure { seed, message });
}

/// The smallest program found that fails in the same place, and what it says.
fn smallest(choices: &[u8], kind: &str) -> (Vec<u8>, String) {
    let fails = |case: &Case| {
        let failed = panic::catch_unwind(AssertUnwindSafe(|| compare(case))).is_err();
        failed && said().lines().next() == Some(kind)
    };
    let case = shrunk(choices, &fails);
    fails(&case);
    let file = case.file();
    let message = format!("{}\n{file}", said());
    (file.into_bytes(), message)
}

/// Panics of threads that soak are kept, not printed.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let soaks = SAID.with_borrow_mut(|said| {
                said.as_mut().map(|said| *said = info.to_string()).is_some()
            });
            if !soaks {
                usual(info);
            }
        }));
    });
}
