//! How kernels are run on each target: the one place where these numbers are chosen.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use snn_artifact::Target;

use super::{Kernel, LoopKind, Op, Schedule, Shape, Stmt};

/// What of the schedules of a neuron's kernels is not left to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tuning {
    /// `K`, the steps of a chunk.
    pub chunk: Option<u32>,
    /// How lanes are spread over threads in the forward kernels.
    pub forward: Option<Spread>,
    /// The same in backward.
    pub backward: Option<Spread>,
    /// Whether segments of time run side by side, which changes how states are rounded.
    pub scan: bool,
}

/// How lanes are spread over the threads of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spread {
    /// Adjacent lanes of a thread.
    pub lanes: u32,
    /// Threads of a block.
    pub threads: u32,
}

impl Tuning {
    /// The same schedule for chunks of so many steps.
    pub fn of_chunk(chunk: u32) -> Self {
        Self { chunk: Some(chunk), ..Self::default() }
    }
}

impl Display for Spread {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.lanes, self.threads)
    }
}

impl Display for Tuning {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let chunk = self.chunk.map(|chunk| format!("chunk={chunk}"));
        let forward = self.forward.map(|spread| format!("forward={spread}"));
        let backward = self.backward.map(|spread| format!("backward={spread}"));
        let scan = self.scan.then(|| "scan".to_string());
        let all: Vec<String> = [scan, chunk, forward, backward].into_iter().flatten().collect();
        f.write_str(if all.is_empty() { "auto" } else { "" })?;
        f.write_str(&all.join(","))
    }
}

impl FromStr for Spread {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no LANESxTHREADS, such as 2x128");
        let (lanes, threads) = text.split_once('x').ok_or_else(wrong)?;
        let number = |text: &str| text.parse().ok().filter(|n| (1..=1024).contains(n));
        let (lanes, threads) = number(lanes).zip(number(threads)).ok_or_else(wrong)?;
        Ok(Self { lanes, threads })
    }
}

impl FromStr for Tuning {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut tuning = Self::default();
        for part in text.split(',') {
            match part.split_once('=') {
                None if matches!(part, "auto" | "loop") => {}
                None if part == "scan" => tuning.scan = true,
                Some(("chunk", steps)) => {
                    let steps = steps.parse().ok().filter(|steps| (1..=1024).contains(steps));
                    tuning.chunk = Some(steps.ok_or("a chunk has from 1 to 1024 steps")?);
                }
                Some(("forward", spread)) => tuning.forward = Some(spread.parse()?),
                Some(("backward", spread)) => tuning.backward = Some(spread.parse()?),
                _ => {
                    return Err(format!(
                        "`{part}` is none of auto, loop, scan, chunk=STEPS, \
                         forward=LANESxTHREADS and backward=LANESxTHREADS"
                    ));
                }
            }
        }
        Ok(tuning)
    }
}

/// Steps up to which a GPU runs kernels of their own, which have no more than those steps in registers and
/// so take more lanes a thread.
pub const SHORT: u32 = 4;

/// Steps of a chunk in kernels of their own for many steps: the states at the starts of chunks, which
/// forward stores and backward loads, are half as many.
pub const LONG: u32 = 16;

/// Most registers for what a thread loads ahead and keeps of a chunk: with more, too few threads run side by
/// side to hide how long memory takes. A light kernel needs few besides.
const REGISTERS: usize = 80;
const LIGHT_REGISTERS: usize = 96;
/// The same where a thread has one lane: it may have 255, but a long step takes many besides.
const ONE_LANE_REGISTERS: usize = 160;
/// The same where a step has more than [`LONG_STEP`] operations, with functions written out.
const LONG_STEP_REGISTERS: usize = 96;
const LONG_STEP: u64 = 800;

/// Operations of a step of forward, with functions written out, above which an NVIDIA GPU computes longer than it moves
/// memory: code of several steps then costs registers and time to compile, and the bytes that it would save are free.
/// Above so many in all, or for each state, a chunk has two steps.
const HEAVY: u64 = 70;
const HEAVY_EACH: u64 = 36;
/// Above so many for each state it has one, but where there are draws, which need other work beside them.
const VERY_HEAVY_EACH: u64 = 50;

/// Most steps of a chunk on an NVIDIA GPU for a neuron with this kernel forward and so many states.
pub fn most_steps(forward: &Kernel, states: usize) -> u32 {
    let operations = super::count(forward).operations;
    let each = operations / states.max(1) as u64;
    match each {
        _ if each > VERY_HEAVY_EACH && !forward.draws() => 1,
        _ if each > HEAVY_EACH || operations > HEAVY => 2,
        _ => u32::MAX,
    }
}

/// The schedule of a target's kernels. `docs/benchmarks.md` has the measurements behind the numbers.
pub fn schedule(target: &Target) -> Schedule {
    match target {
        // A strip of 1024 lanes is a piece of a row that is long enough for the hardware to fetch ahead.
        Target::Cpu { .. } => Schedule { chunk: 16, lanes: 1024, block: 1024 },
        // 4 lanes of f32 are one 128-bit access; `spread` looks closer.
        Target::Ptx { .. } => Schedule { chunk: 8, lanes: 4, block: 512 },
        // `on_webgpu` looks closer.
        Target::Wgsl => Schedule { chunk: 8, lanes: 1, block: WORKGROUP },
    }
}

/// Threads of light kernels that run side by side, for whose backward the assembler is let have 168
/// registers: left to itself, it takes up to 220 to save a few instructions, and so few threads do not hide
/// how long memory takes. Elements of 16 bits take less room, so that 128 registers do.
const SIDE_BY_SIDE: u32 = 384;
const SIDE_BY_SIDE_NARROW: u32 = 512;

/// Operations of a step, in all its loops, up to which a kernel is light: held to so few registers it spills
/// none. That is so for neurons of one state with a cheap surrogate, whose params lanes do not have apart.
const LIGHT: usize = 28;

/// Bytes in which the lanes that a thread takes one by one leave their sums, one for each learnt param, to the thread
/// that adds them: what a block has of shared memory, less what its warps need. A thread of one lane adds its own.
const SHARED: usize = 46 << 10;

/// How the lanes of a kernel are best spread over the threads of an NVIDIA GPU: as many a thread as one
/// access holds, if what they need of a chunk fits into registers.
pub fn spread(kernel: &Kernel) -> Spread {
    if kernel.is_segmented() {
        // A scan is there for few lanes: its threads are few, and none of them is to wait for another's lanes.
        return Spread { lanes: 1, threads: 128 };
    }
    let needs = Needs::of(kernel);
    let is_short = kernel.schedule.chunk <= SHORT;
    // Few steps leave room for more lanes, as many as one access of 16-bit numbers holds.
    let most =
        if needs.is_narrow() && is_short && (needs.kept == 0 || needs.is_light) { 8 } else { 4 };
    // A draw is some hundred instructions for each lane and step, between which loads have time to come.
    let most = if kernel.draws() { 1 } else { most };
    let sums = kernel.buffers.iter().filter(|buffer| buffer.shape.is_sums()).count();
    let shared = |lanes: u32| sums * 4 * (lanes * 128) as usize;
    let fits = |lanes: &u32| {
        *lanes <= most && needs.fit(kernel.schedule, *lanes) && shared(*lanes) <= SHARED
    };
    let lanes = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
    // Blocks of backward hold registers longer, so that small ones fill the gaps better; but each leaves a
    // number for every sum of a param.
    let has_sums = kernel.buffers.iter().any(|buffer| buffer.shape == Shape::Partial);
    Spread { lanes, threads: if needs.kept > 0 && !has_sums { 64 } else { 128 } }
}

/// Threads of a workgroup on any other GPU.
const WORKGROUP: u32 = 64;

/// How a kernel runs on any other GPU: four lanes a thread, which are one access, where they keep little of
/// a chunk, which drivers put into memory.
pub fn on_webgpu(kernel: &Kernel) -> Schedule {
    let lanes = if Needs::of(kernel).kept <= MOST_KEPT { 4 } else { 1 };
    Schedule { lanes, block: lanes * WORKGROUP, ..kernel.schedule }
}

/// Most values of a step that a kernel with four lanes a thread keeps there.
const MOST_KEPT: usize = 3;

/// Whether a chunk of a kernel fits into the registers of a thread that has one lane.
pub fn fits_one_lane(kernel: &Kernel) -> bool {
    let needs = Needs::of(kernel);
    let most = if needs.is_long { LONG_STEP_REGISTERS } else { ONE_LANE_REGISTERS };
    needs.registers(kernel.schedule, 1) <= most
}

/// Blocks of so many threads that the assembler is to leave registers for on each multiprocessor.
pub fn blocks(kernel: &Kernel, threads: u32) -> u32 {
    let needs = Needs::of(kernel);
    let is_held = needs.kept > 0
        && !needs.has_product
        && kernel.schedule.lanes > 1
        && (needs.is_light || needs.is_few && needs.is_narrow())
        && needs.fit(kernel.schedule, kernel.schedule.lanes);
    let side_by_side =
        if needs.is_narrow() && needs.is_light { SIDE_BY_SIDE_NARROW } else { SIDE_BY_SIDE };
    if is_held { (side_by_side / threads).max(1) } else { 1 }
}

/// Whether a neuron with this kernel is to have kernels for many steps as well.
pub fn suits_long(kernel: &Kernel) -> bool {
    let needs = Needs::of(kernel);
    let chunk = Schedule { chunk: LONG, ..kernel.schedule };
    !needs.is_narrow() && needs.is_light && needs.fit(chunk, 2)
}

/// What each lane and step of a chunk needs.
#[derive(Default)]
struct Needs {
    /// Bytes of what is loaded.
    loaded: usize,
    /// Bytes of the widest element of these.
    widest: usize,
    /// Values that one loop over steps keeps for another.
    kept: usize,
    /// Whether there is a product: it loads much at once to hide how long that takes, which threads side by
    /// side do elsewhere.
    has_product: bool,
    /// Whether there are few operations.
    is_few: bool,
    /// Whether that is so and there is little besides.
    is_light: bool,
    /// Whether there are very many.
    is_long: bool,
}

/// How many of the values that are kept are loads.
fn loads(kernel: &Kernel) -> usize {
    let kept = kernel.kept_values();
    let mut loads = 0;
    kernel.walk(&mut |stmt| {
        loads += usize::from(matches!(stmt, Stmt::Let(id, Op::Load(_)) if kept.contains(id)));
    });
    loads
}

impl Needs {
    fn of(kernel: &Kernel) -> Self {
        let kept = kernel.kept_values().len() - loads(kernel);
        let mut needs = Self { widest: 1, kept, ..Self::default() };
        let mut operations = 0;
        kernel.walk(&mut |stmt| match stmt {
            Stmt::Let(_, Op::Load(id) | Op::LoadOr(id, _))
                if kernel.buffer(*id).shape == Shape::Sequence =>
            {
                let size = snn_artifact::Dtype::from(kernel.buffer(*id).storage).size();
                needs.widest = needs.widest.max(size);
                needs.loaded += size;
            }
            Stmt::Loop(inner) if inner.kind == LoopKind::Steps => {
                operations += inner.body.len();
            }
            Stmt::Product(_) => {
                needs.widest = needs.widest.max(4);
                needs.has_product = true;
            }
            _ => {}
        });
        let is_apart = |shape| matches!(shape, Shape::Channel | Shape::Neuron);
        let has_apart = kernel.buffers.iter().any(|buffer| is_apart(buffer.shape));
        needs.is_few = operations <= LIGHT;
        needs.is_long = super::count(kernel).operations > LONG_STEP;
        needs.is_light = needs.is_few && !has_apart;
        needs
    }

    /// Whether no element that is loaded has more than 16 bits.
    fn is_narrow(&self) -> bool {
        self.widest <= 2
    }

    /// Registers for so many lanes of a chunk.
    fn registers(&self, schedule: Schedule, lanes: u32) -> usize {
        let each = self.loaded + 4 * self.kept;
        (lanes as usize * schedule.chunk as usize * each).div_ceil(4)
    }

    /// Whether so many lanes of a chunk leave room for threads side by side.
    fn fit(&self, schedule: Schedule, lanes: u32) -> bool {
        let most = if self.is_light { LIGHT_REGISTERS } else { REGISTERS };
        self.registers(schedule, lanes) <= most
    }
}
