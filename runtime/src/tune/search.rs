//! Which schedules are timed, and which of them is taken. Knows no device and no clock.

use snn_artifact::Target;
use snn_compiler::kernel::schedule::{Spread, Tuning};

use crate::error::Result;

/// Seconds of one launch; none where a kernel does not fit the device's registers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// Of `forward_train`.
    pub forward: Option<f64>,
    /// Of `backward`.
    pub backward: Option<f64>,
}

impl Times {
    /// Of both.
    fn both(self) -> Option<f64> {
        Some(self.forward? + self.backward?)
    }
}

/// Steps of a chunk. All divide the 32 steps of a word of packed spikes.
const CHUNKS: [u32; 3] = [4, 8, 16];
const CHUNKS_OF_CPU: [u32; 4] = [4, 8, 16, 32];

/// Lanes of a thread, and with how many steps of a chunk they may meet: what more would need of registers
/// no thread has.
const LANES: [u32; 4] = [1, 2, 4, 8];
const MOST_AT_ONCE: u32 = 64;

/// Threads of a block: first with these, then the best lanes also with others.
const THREADS: u32 = 128;
const OTHER_THREADS: [u32; 2] = [64, 256];

/// What is fastest so far, and its seconds.
struct Best<T>(Option<(T, f64)>);

impl<T> Best<T> {
    /// Takes what is faster; of two that are equal the first, and nothing that could not be timed.
    fn offer(&mut self, what: T, seconds: Option<f64>) {
        let Some(seconds) = seconds.filter(|seconds| seconds.is_finite()) else { return };
        if self.0.as_ref().is_none_or(|(_, least)| seconds < *least) {
            self.0 = Some((what, seconds));
        }
    }
}

/// How lanes are spread forward and backward, each the fastest for some chunk.
struct Spreads {
    forward: Best<Option<Spread>>,
    backward: Best<Option<Spread>>,
}

impl Spreads {
    fn offer(&mut self, tuning: &Tuning, times: Times) {
        self.forward.offer(tuning.forward, times.forward);
        self.backward.offer(tuning.backward, times.backward);
    }

    /// The schedule of both for a chunk, with the seconds that they took.
    fn together(&self, chunk: u32) -> Option<(Tuning, f64)> {
        let (forward, a) = self.forward.0?;
        let (backward, b) = self.backward.0?;
        Some((Tuning { forward, backward, ..Tuning::of_chunk(chunk) }, a + b))
    }
}

/// The fastest schedule for a target. The compiler's own is among those that are timed.
///
/// # Errors
///
/// Those of `time`.
pub fn fastest(target: &Target, time: &mut dyn FnMut(&Tuning) -> Result<Times>) -> Result<Tuning> {
    let mut best = Best(None);
    let own = Tuning::default();
    best.offer(own, time(&own)?.both());
    // What is saved at a chunk's border binds forward to backward, so that a chunk is one for both.
    let mut of_best = None;
    for &chunk in chunks(target) {
        let mut spreads = Spreads { forward: Best(None), backward: Best(None) };
        for spread in spreads_of(target, chunk) {
            let tuning = Tuning { forward: spread, backward: spread, ..Tuning::of_chunk(chunk) };
            spreads.offer(&tuning, time(&tuning)?);
        }
        let Some((tuning, seconds)) = spreads.together(chunk) else { continue };
        if of_best.as_ref().is_none_or(|(_, _, least)| seconds < *least) {
            of_best = Some((chunk, spreads, seconds));
        }
        best.offer(tuning, Some(seconds));
    }
    let Some((chunk, mut spreads, _)) = of_best else { return Ok(own) };
    for threads in OTHER_THREADS {
        let Some((tuning, _)) = spreads.together(chunk) else { break };
        let Some(tuning) = with_threads(tuning, threads) else { break };
        spreads.offer(&tuning, time(&tuning)?);
    }
    if let Some((tuning, seconds)) = spreads.together(chunk) {
        best.offer(tuning, Some(seconds));
    }
    Ok(best.0.map_or(own, |(tuning, _)| tuning))
}

fn chunks(target: &Target) -> &'static [u32] {
    match target {
        Target::Cpu { .. } => &CHUNKS_OF_CPU,
        Target::Ptx { .. } | Target::Wgsl => &CHUNKS,
    }
}

/// How lanes may be spread with chunks of so many steps; once as the target has it where that is fixed.
fn spreads_of(target: &Target, chunk: u32) -> Vec<Option<Spread>> {
    let Target::Ptx { .. } = target else { return vec![None] };
    let lanes = LANES.into_iter().filter(|lanes| lanes * chunk <= MOST_AT_ONCE);
    lanes.map(|lanes| Some(Spread { lanes, threads: THREADS })).collect()
}

/// The same lanes in blocks of other threads.
fn with_threads(tuning: Tuning, threads: u32) -> Option<Tuning> {
    let (forward, backward) = tuning.forward.zip(tuning.backward)?;
    let of = |spread: Spread| Some(Spread { threads, ..spread });
    Some(Tuning { forward: of(forward), backward: of(backward), ..tuning })
}
