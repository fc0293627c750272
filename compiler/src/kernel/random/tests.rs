use proptest::prelude::*;

use super::super::interp::{Arg, Launch, Slice, SliceMut, run};
use super::super::{GROUP, group, legalize, parse, print, verify};
use super::*;

/// What goes into a launch of a random kernel.
#[derive(Clone, Debug)]
struct Data {
    steps: usize,
    lanes: usize,
    channel_stride: usize,
    x: Vec<f32>,
    n: Vec<i32>,
    state: Option<Vec<f32>>,
    p: [f32; 3],
    saved: Vec<f32>,
    words: Vec<i32>,
    w: Vec<f32>,
    b: Vec<f32>,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    y: Vec<f32>,
    m: Vec<i32>,
    state: Vec<f32>,
    sums: Vec<f32>,
    groups: Vec<f32>,
    words: Vec<i32>,
}

/// Quarters from -32 to 32, and ints with them, a different sequence for each seed.
fn data(schedule: Schedule, sizes: Sizes, mut seed: u32) -> Data {
    let (steps, lanes, channel_stride) = sizes;
    let mut quarter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as f32 / 4.0 - 32.0
    };
    let mut some = |len: usize| (0..len).map(|_| quarter()).collect::<Vec<_>>();
    let chunks = steps.div_ceil(schedule.chunk as usize);
    let (x, n) = (some(steps * lanes), some(steps * lanes));
    let ints = |x: Vec<f32>| x.into_iter().map(|x| (x * 4.0) as i32).collect();
    let (n, words) = (ints(n), ints(some(chunks * lanes)));
    let saved = some(chunks.saturating_sub(1) * lanes);
    let state = steps.is_multiple_of(2).then(|| some(lanes));
    let (w, b) = (some(steps * steps), some(steps));
    Data { steps, lanes, channel_stride, x, n, state, p: [-0.5, 2.0, 7.25], saved, words, w, b }
}

fn outcome(kernel: &Kernel, data: &Data, first_lane: usize) -> Outcome {
    let kernel = verify(kernel.clone()).expect("well formed");
    let (steps, lanes) = (data.steps, data.lanes);
    let blocks = lanes.div_ceil(kernel.schedule.block as usize);
    let (mut y, mut m) = (vec![0.0; steps * lanes], vec![0; steps * lanes]);
    let (mut state, mut sums) = (vec![0.0; lanes], vec![0.0; blocks]);
    let mut groups = vec![0.0; lanes.div_ceil(group(data.channel_stride))];
    let mut words = vec![0; data.words.len()];
    let channel_stride = data.channel_stride;
    let first = first_lane / channel_stride % 3;
    let p: Vec<f32> = data.p.iter().copied().cycle().skip(first).take(3).collect();
    let launch = Launch { channels: 3, channel_stride, ..Launch::dense(&kernel, steps, lanes) };
    let mut args = [
        Arg::Read(Slice::F32(&data.x)),
        Arg::Read(Slice::I32(&data.n)),
        data.state.as_deref().map_or(Arg::Absent, |state| Arg::Read(Slice::F32(state))),
        Arg::Read(Slice::F32(&p)),
        Arg::Read(Slice::F32(&data.saved)),
        Arg::Write(SliceMut::F32(&mut y)),
        Arg::Write(SliceMut::I32(&mut m)),
        Arg::Write(SliceMut::F32(&mut state)),
        Arg::Write(SliceMut::F32(&mut sums)),
        Arg::Read(Slice::I32(&data.words)),
        Arg::Write(SliceMut::I32(&mut words)),
        Arg::Read(Slice::F32(&data.w)),
        Arg::Read(Slice::F32(&data.b)),
        Arg::Write(SliceMut::F32(&mut groups)),
    ];
    run(&kernel, &launch, &mut args).expect("a launch");
    Outcome { y, m, state, sums, groups, words }
}

/// One lane of the data alone.
fn alone(data: &Data, lane: usize) -> Data {
    fn pick<T: Copy>(all: &[T], lanes: usize, lane: usize) -> Vec<T> {
        all.iter().skip(lane).step_by(lanes).copied().collect()
    }
    let lanes = data.lanes;
    Data {
        lanes: 1,
        x: pick(&data.x, lanes, lane),
        n: pick(&data.n, lanes, lane),
        state: data.state.as_ref().map(|state| pick(state, lanes, lane)),
        saved: pick(&data.saved, lanes, lane),
        words: pick(&data.words, lanes, lane),
        w: data.w.clone(),
        b: data.b.clone(),
        ..*data
    }
}

fn schedules() -> impl Strategy<Value = Schedule> {
    // The least common multiple of the lanes and of those of a group.
    let whole = |lanes: u32| (lanes * GROUP) >> lanes.trailing_zeros().min(GROUP.trailing_zeros());
    let block =
        move |(chunk, lanes, blocks)| Schedule { chunk, lanes, block: whole(lanes) * blocks };
    (1u32..9, 1u32..6, 1u32..3).prop_map(block)
}

/// Steps, lanes, and how far apart channels are.
type Sizes = (usize, usize, usize);

fn sizes(most_lanes: usize) -> impl Strategy<Value = Sizes> {
    (0usize..20, 0..=most_lanes, prop::sample::select(vec![1, 2, 3, 4, 6, 8, 12, 16, 24, 48]))
}

fn tapes() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..300)
}

/// The bits of reals, all NaN the same.
fn bits(reals: &[f32]) -> Vec<u32> {
    reals.iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernels_verify_and_read_back(tape in tapes(), schedule in schedules()) {
        let kernel = random(&tape, Arithmetic::Any, schedule);
        let text = print(&kernel);
        prop_assert_eq!(&parse(&text).expect("a kernel"), &kernel);
        let legal = legalize(kernel.clone(), &legalize::Capabilities::WGSL).expect("legal");
        prop_assert_eq!(&legal, &kernel);
        if let Err(bug) = verify(kernel) {
            prop_assert!(false, "{bug}\n{text}");
        }
    }

    #[test]
    fn exact_arithmetic_is_the_same_in_both_types(
        tape in tapes(), schedule in schedules(), sizes in sizes(70), seed: u32,
    ) {
        let kernel = random(&tape, Arithmetic::Exact, schedule);
        let data = data(schedule, sizes, seed);
        let single = outcome(&kernel, &data, 0);
        let double = outcome(&Kernel { compute: Float::F64, ..kernel }, &data, 0);
        prop_assert_eq!(single, double);
    }

    #[test]
    fn lanes_do_not_talk_to_each_other(
        tape in tapes(), schedule in schedules(), sizes in sizes(11), seed: u32,
    ) {
        let kernel = random(&tape, Arithmetic::Any, schedule);
        let data = data(schedule, sizes, seed);
        let all = outcome(&kernel, &data, 0);
        let lanes = data.lanes;
        for lane in 0..lanes {
            let own = outcome(&kernel, &alone(&data, lane), lane);
            let (x, m): (Vec<_>, Vec<_>) =
                all.y.iter().copied().zip(all.m.iter().copied()).skip(lane).step_by(lanes).unzip();
            prop_assert_eq!((bits(&own.y), own.m), (bits(&x), m));
            prop_assert_eq!(bits(&own.state), bits(&all.state[lane..=lane]));
            let words: Vec<_> = all.words.iter().copied().skip(lane).step_by(lanes).collect();
            prop_assert_eq!(own.words, words);
        }
    }
}
