use snn_artifact::half::{bf16_to_f64, f64_to_f16};

use super::*;
use crate::kernel::{parse, samples, verify};

fn kernel(text: &str) -> Verified<Kernel> {
    verify(parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))).expect("well formed")
}

fn read(data: &[f32]) -> Arg<'_> {
    Arg::Read(Slice::F32(data))
}

fn write(data: &mut [f32]) -> Arg<'_> {
    Arg::Write(SliceMut::F32(data))
}

/// Numbers between -1 and 3, the same on every machine.
fn noise(len: usize) -> Vec<f32> {
    let mut seed = 1u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 22) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A lane of LIF as plain Rust: spikes, charged potentials, and the potential before each step.
fn lif(x: &[f32], tau: f32, start: f32) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let mut v = vec![start];
    let (mut spikes, mut charged) = (vec![], vec![]);
    for (t, &x) in x.iter().enumerate() {
        let h = v[t] + (x - v[t]) / tau;
        let spike = h - 1.0 >= 0.0;
        spikes.push(f32::from(spike));
        charged.push(h);
        v.push(if spike { 0.0 } else { h });
    }
    (spikes, charged, v)
}

/// The elements of a lane in a `[T, N]` sequence.
fn lane(data: &[f32], stride: usize, n: usize) -> Vec<f32> {
    data.iter().skip(n).step_by(stride).copied().collect()
}

const SIZES: [(usize, usize); 8] =
    [(0, 5), (5, 0), (1, 1), (7, 3), (8, 256), (9, 257), (17, 1000), (64, 2100)];

#[test]
fn lif_forward_equals_plain_rust() {
    let kernel = kernel(samples::LIF_FORWARD_TRAIN);
    for (t, n) in SIZES {
        let x = noise(t * n);
        let rows = t.div_ceil(8).saturating_sub(1);
        let (mut s, mut v, mut saved) = (vec![9.0; t * n], vec![9.0; n], vec![9.0; rows * n]);
        let start = noise(n);
        let mut args =
            [read(&x), read(&start), read(&[2.0]), write(&mut s), write(&mut v), write(&mut saved)];
        run(&kernel, &Launch::dense(&kernel, t, n), &mut args).expect("a launch");
        for i in 0..n {
            let (spikes, _, potentials) = lif(&lane(&x, n, i), 2.0, start[i]);
            assert_eq!(lane(&s, n, i), spikes, "{t} {n} {i}");
            assert_eq!(v[i], potentials[t], "{t} {n} {i}");
            for row in 0..rows {
                assert_eq!(saved[row * n + i], potentials[8 * (row + 1)], "{t} {n} {i} {row}");
            }
        }
    }
}

/// The gradients of a lane to its inputs, its first potential and tau.
fn lif_backward(x: &[f32], tau: f32, start: f32, grad: &[f32], last: f32) -> (Vec<f32>, f32, f32) {
    let (spikes, charged, v) = lif(x, tau, start);
    let (mut grad_x, mut grad_v, mut grad_tau) = (vec![0.0; x.len()], last, 0.0);
    for t in (0..x.len()).rev() {
        let scaled = std::f32::consts::PI * (charged[t] - 1.0);
        let through = (grad[t] - grad_v * charged[t]) * (1.0 / (1.0 + scaled * scaled));
        let grad_h = if spikes[t] == 1.0 { 0.0 } else { grad_v } + through;
        grad_x[t] = grad_h / tau;
        grad_v = grad_h - grad_x[t];
        grad_tau -= grad_x[t] * ((x[t] - v[t]) / tau);
    }
    (grad_x, grad_v, grad_tau)
}

#[test]
fn lif_backward_equals_plain_rust() {
    let (forward, backward) = (kernel(samples::LIF_FORWARD_TRAIN), kernel(samples::LIF_BACKWARD));
    let channel = kernel(samples::LIF_BACKWARD_CHANNEL);
    for (t, n) in SIZES {
        let (x, grad_s, last) = (noise(t * n), noise(t * n), noise(n));
        let launch = Launch::dense(&forward, t, n);
        let mut saved = vec![0.0; t.div_ceil(8).saturating_sub(1) * n];
        let (mut s, mut v) = (vec![0.0; t * n], vec![0.0; n]);
        let mut args =
            [read(&x), Arg::Absent, read(&[2.0]), write(&mut s), write(&mut v), write(&mut saved)];
        run(&forward, &launch, &mut args).expect("a launch");

        let launch = Launch::dense(&backward, t, n);
        let (mut grad_x, mut grad_v) = (vec![9.0; t * n], vec![9.0; n]);
        let (mut sums, mut lanes) = (vec![9.0; n.div_ceil(1024)], vec![9.0; n]);
        for (kernel, partial) in [(&backward, &mut sums), (&channel, &mut lanes)] {
            let mut args = [
                read(&x),
                Arg::Absent,
                read(&[2.0]),
                read(&saved),
                read(&grad_s),
                read(&last),
                write(&mut grad_x),
                write(&mut grad_v),
                write(partial),
            ];
            run(kernel, &launch, &mut args).expect("a launch");
        }
        for i in 0..n {
            let (x, grad_s) = (lane(&x, n, i), lane(&grad_s, n, i));
            let (xs, v, tau) = lif_backward(&x, 2.0, 0.0, &grad_s, last[i]);
            assert_eq!(lane(&grad_x, n, i), xs, "{t} {n} {i}");
            assert_eq!((grad_v[i], lanes[i]), (v, tau), "{t} {n} {i}");
        }
        for (block, sum) in sums.iter().enumerate() {
            assert_eq!(*sum, block_sum(&lanes[block * 1024..n.min(block * 1024 + 1024)]));
        }
    }
}

/// The sum of a block as the specification orders it, for 16 lanes.
fn block_sum(lanes: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    lanes.iter().enumerate().for_each(|(n, x)| sums[n % 16] += x);
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            sums[i] += sums[half + i];
        }
    }
    sums[0]
}

#[test]
fn sums_of_an_odd_number_keep_the_middle_one() {
    let text = samples::LIF_BACKWARD.replace("lanes 16 block 1024", "lanes 3 block 6");
    let kernel = kernel(&text);
    let (t, n) = (1, 8);
    let x = noise(n);
    let (mut grad_x, mut partial) = (vec![0.0; n], vec![0.0; 2]);
    let mut args = [
        read(&x),
        Arg::Absent,
        read(&[2.0]),
        read(&[]),
        read(&x),
        Arg::Absent,
        write(&mut grad_x),
        Arg::Absent,
        write(&mut partial),
    ];
    run(&kernel, &Launch::dense(&kernel, t, n), &mut args).expect("a launch");
    let tau: Vec<f32> =
        (0..n).map(|i| lif_backward(&x[i..=i], 2.0, 0.0, &x[i..=i], 0.0).2).collect();
    let first = ((tau[0] + tau[3]) + (tau[2] + tau[5])) + (tau[1] + tau[4]);
    assert_eq!(partial, [first, tau[6] + tau[7]]);
}

/// What lanes give, summed by groups, with so many lanes between two channels.
fn group_sums(lanes: &[f32], channel_stride: usize) -> Vec<f32> {
    let text = "kernel k f32 chunk 4 lanes 4 block 32
        in x: state_in f32 lane
        out y: partial f32 group
        %0 = load x
        chunks forward
        end
        reduce y, %0";
    let kernel = kernel(text);
    let group = crate::kernel::group(channel_stride);
    let mut y = vec![7.0; lanes.len().div_ceil(group)];
    let launch = Launch { channel_stride, ..Launch::dense(&kernel, 1, lanes.len()) };
    run(&kernel, &launch, &mut [read(lanes), write(&mut y)]).expect("a launch");
    y
}

/// The sum of a group: that of its two halves, where lanes that are not there are 0.
fn halves(lanes: &[f32], len: usize) -> f32 {
    if len == 1 {
        return lanes.first().copied().unwrap_or(0.0);
    }
    let middle = lanes.len().min(len / 2);
    halves(&lanes[..middle], len / 2) + halves(&lanes[middle..], len / 2)
}

#[test]
fn groups_are_added_as_a_tree_of_neighbours() {
    let strides = [(0, 1), (1, 1), (3, 1), (2, 2), (6, 2), (12, 4), (8, 8), (16, 16), (48, 16)];
    for (stride, group) in strides {
        // The last group is whole or short, and lies in a block of its own or behind others.
        for len in [0, 1, 16, 31, 32, 33, 64, 107] {
            let lanes = noise(len);
            let expected: Vec<_> = lanes.chunks(group).map(|lanes| halves(lanes, group)).collect();
            assert_eq!(group_sums(&lanes, stride), expected, "S {stride}, N {len}");
        }
    }
    // Another order would lose what is small.
    assert_eq!(group_sums(&[1e8, -1e8, 1.0, 2.0], 4), [3.0]);
    assert_eq!(group_sums(&[1e8, 1.0, -1e8, 2.0], 4), [0.0]);
    // A lane that is not there adds a 0.
    let signs: Vec<_> = group_sums(&[-0.0; 3], 2).iter().map(|x| x.is_sign_negative()).collect();
    assert_eq!(signs, [true, false]);
}

#[test]
fn strides_step_over_what_lies_between() {
    let kernel = kernel(samples::COPY);
    let x = noise(40);
    let mut y = vec![7.0; 60];
    let launch = Launch { strides: vec![13, 20], ..Launch::dense(&kernel, 3, 5) };
    run(&kernel, &launch, &mut [read(&x), write(&mut y)]).expect("a launch");
    for (i, &y) in y.iter().enumerate() {
        let expected = if i % 20 < 5 { x[i / 20 * 13 + i % 20] } else { 7.0 };
        assert_eq!(y, expected, "{i}");
    }
    let launch = Launch { strides: vec![0, 5], ..launch };
    run(&kernel, &launch, &mut [read(&x[..5]), write(&mut y[..15])]).expect("a broadcast input");
    assert_eq!(y[10..15], x[..5]);
}

#[test]
fn channels_and_neurons_index_by_lane() {
    let text = "kernel k f32 chunk 4 lanes 1 block 1
        in c: param f32 channel
        in m: param f32 neuron
        out y: state_out f32 lane
        %0 = load c
        %1 = load m
        %2 = add %0, %1
        store y, %2";
    let kernel = kernel(text);
    let (c, m) = ([100.0, 200.0, 300.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let mut y = [0.0; 12];
    let launch =
        Launch { lanes: 12, channels: 3, channel_stride: 2, neurons: 6, ..Launch::default() };
    run(&kernel, &launch, &mut [read(&c), read(&m), write(&mut y)]).expect("a launch");
    let row = [100.0, 101.0, 202.0, 203.0, 304.0, 305.0];
    assert_eq!(y, [row, row].concat()[..]);
}

/// The result of one operation on `a` and `b`, written as its line.
fn evaluate(line: &str, a: f32, b: f32) -> f32 {
    let text = format!(
        "kernel k f32 chunk 1 lanes 1 block 1
        in a: input f32 sequence
        in b: input f32 sequence
        out y: output f32 sequence
        chunks forward
        steps forward
        %0 = load a
        %1 = load b
        %2 = {line}
        store y, %2
        end
        end"
    );
    let (kernel, mut y) = (kernel(&text), [0.0]);
    let launch = Launch::dense(&kernel, 1, 1);
    run(&kernel, &launch, &mut [read(&[a]), read(&[b]), write(&mut y)]).expect("a launch");
    y[0]
}

#[test]
fn reals_follow_ieee() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let cases = [
        ("min %0, %1", nan, 1.0, 1.0),
        ("min %0, %1", 1.0, nan, nan),
        ("max %0, %1", nan, 1.0, 1.0),
        ("max %0, %1", 1.0, nan, nan),
        ("min %0, %1", 0.0, -0.0, 0.0),
        ("max %0, %1", -0.0, 0.0, -0.0),
        ("div %0, %1", 1.0, -0.0, -inf),
        ("round %0", 2.5, 0.0, 2.0),
        ("round %0", -3.5, 0.0, -4.0),
        ("round %0", -0.5, 0.0, -0.0),
        ("floor %0", -0.5, 0.0, -1.0),
        ("ceil %0", -0.5, 0.0, -0.0),
        ("sqrt %0", -1.0, 0.0, nan),
        ("neg %0", 0.0, 0.0, -0.0),
        ("abs %0", -inf, 0.0, inf),
        ("fma %0, %0, %1", 4097.0, -16_785_408.0, 1.0),
        ("mul %0, %1", f32::MIN_POSITIVE, 0.5, f32::MIN_POSITIVE / 2.0),
    ];
    for (line, a, b, expected) in cases {
        let found = evaluate(line, a, b);
        let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
        assert!(
            same || line.starts_with("fma") && found == expected,
            "{line} of {a}, {b}: {found}"
        );
    }
}

#[test]
fn ints_wrap_and_conversions_saturate() {
    let text = "kernel k f32 chunk 1 lanes 1 block 1
        in a: input f32 sequence
        in n: input i32 sequence
        out i: output i32 sequence
        out r: output f32 sequence
        out w: output i32 sequence
        chunks forward
        steps forward
        %0 = load a
        %1 = load n
        %2 = real_to_int %0
        %3 = int_to_real %1
        %4 = int 31
        %5 = shr %1, %4
        %6 = neg %1
        %7 = mul %6, %6
        %8 = add %7, %5
        store i, %2
        store r, %3
        store w, %8
        end
        end";
    let kernel = kernel(text);
    let a = [f32::NAN, f32::INFINITY, -1e20, -1.9, 2_147_483_520.0];
    let n = [i32::MIN, i32::MAX, 16_777_217, -5, 3];
    let (mut i, mut r, mut w) = ([0; 5], [0.0; 5], [0; 5]);
    let mut args = [
        read(&a),
        Arg::Read(Slice::I32(&n)),
        Arg::Write(SliceMut::I32(&mut i)),
        write(&mut r),
        Arg::Write(SliceMut::I32(&mut w)),
    ];
    run(&kernel, &Launch::dense(&kernel, 1, 5), &mut args).expect("a launch");
    assert_eq!(i, [0, i32::MAX, i32::MIN, -1, 2_147_483_520]);
    assert_eq!(r, [-2_147_483_648.0, 2_147_483_648.0, 16_777_216.0, -5.0, 3.0]);
    assert_eq!(w, [-1, 1, n[2].wrapping_mul(n[2]), 24, 9]);
}

#[test]
fn half_precision_is_widened_and_rounded_once() {
    let text = samples::COPY
        .replace("x: input f32", "x: input bf16")
        .replace("y: output f32", "y: output f16");
    let kernel = kernel(&text);
    let x: Vec<u16> = (0..=u16::MAX).collect();
    let mut y = vec![0; x.len()];
    let mut args = [Arg::Read(Slice::Bf16(&x)), Arg::Write(SliceMut::F16(&mut y))];
    run(&kernel, &Launch::dense(&kernel, 1, x.len()), &mut args).expect("a launch");
    for (x, y) in x.into_iter().zip(y) {
        assert_eq!(y, f64_to_f16(bf16_to_f64(x)));
    }
}

#[test]
fn kept_ints_bools_and_swapped_carries() {
    let text = "kernel k f32 chunk 3 lanes 1 block 1
        in x: input f32 sequence
        out y: output f32 sequence
        out a: state_out i32 lane
        out b: state_out i32 lane
        %0 = int 1
        %1 = int 2
        %17 = real 10.0
        chunks forward (%2 = %0 -> %8 => %10, %3 = %1 -> %9 => %11)
        steps forward (%4 = %2 -> %5 => %8, %5 = %3 -> %4 => %9)
        %6 = load x
        %7 = gt %6, %17
        end
        steps reverse
        %12 = kept %4
        %13 = kept %7
        %14 = int_to_real %12
        %15 = neg %14
        %16 = select %13, %15, %14
        store y, %16
        end
        end
        store a, %10
        store b, %11";
    let kernel = kernel(text);
    let x = [0.0, 11.0, 0.0, 0.0, 12.0];
    let (mut y, mut a, mut b) = ([0.0; 5], [0], [0]);
    let mut args = [
        read(&x),
        write(&mut y),
        Arg::Write(SliceMut::I32(&mut a)),
        Arg::Write(SliceMut::I32(&mut b)),
    ];
    run(&kernel, &Launch::dense(&kernel, 5, 1), &mut args).expect("a launch");
    assert_eq!(y, [1.0, -2.0, 1.0, 2.0, -1.0]);
    assert_eq!((a, b), ([2], [1]));
}

/// Two lanes, three steps in chunks of two, of which each product takes all three.
#[test]
fn products_take_all_steps_in_their_order() {
    let text = "kernel backward f32 chunk 2 lanes 1 block 1
        in x: input f32 sequence
        in w: param f32 matrix
        in b: param f32 step
        out y: grad f32 sequence
        out z: grad f32 sequence
        chunks reverse
        %0 = product w, x
        %1 = product w, x, transposed
        steps forward
        %2 = kept %0
        %3 = kept %1
        %4 = load b
        %5 = add %3, %4
        store y, %2
        store z, %5
        end
        end";
    let x = [1.0, 2.0, 3.0, 5.0, 7.0, 11.0];
    let w = [1.0, 10.0, 100.0, 2.0, 20.0, 200.0, 3.0, 30.0, 300.0];
    let (plain, transposed) = (
        [731.0, 1152.0, 1462.0, 2304.0, 2193.0, 3456.0],
        [1.0 + 6.0 + 21.0, 2.0 + 10.0 + 33.0, 10.0 * 28.0, 10.0 * 45.0, 100.0 * 28.0, 100.0 * 45.0],
    );
    let launch = |kernel: &Kernel| Launch::dense(kernel, 3, 2);
    let kernel = self::kernel(text);
    let (mut y, mut z) = ([0.0; 6], [0.0; 6]);
    let b = [0.5, 0.25, 0.125];
    let mut args = [read(&x), read(&w), read(&b), write(&mut y), write(&mut z)];
    run(&kernel, &launch(&kernel), &mut args).expect("a launch");
    assert_eq!(y, plain);
    assert_eq!(z, [0, 1, 2, 3, 4, 5].map(|i| transposed[i] + b[i / 2]));
    // A square of which rounding takes the last bit, beside its negative: what is left is 0 or that bit.
    let near = 1.0 + f32::EPSILON;
    for (product, left) in [("product w, x\n", 0.0), ("product_fused w, x\n", f32::EPSILON.powi(2))]
    {
        let kernel = self::kernel(&text.replace("product w, x\n", product));
        let x = [near * near, near, 0.0];
        let w = [-1.0, near, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let (mut y, mut z) = ([0.0; 3], [0.0; 3]);
        let mut args = [read(&x), read(&w), read(&b), write(&mut y), write(&mut z)];
        run(&kernel, &Launch::dense(&kernel, 3, 1), &mut args).expect("a launch");
        assert_eq!(y, [left, 0.0, 0.0]);
    }
}

#[test]
fn launches_that_do_not_fit_are_refused() {
    let kernel = kernel(samples::COPY);
    let dense = Launch::dense(&kernel, 3, 4);
    let x = [1.0; 12];
    let refused = |launch: &Launch, args: &mut [Arg<'_>]| {
        run(&kernel, launch, args).expect_err("no launch").to_string()
    };
    let mut y = [0.0; 12];
    assert_eq!(refused(&dense, &mut []), "the kernel takes 2 buffers, 0 were given");
    let wide = Launch { strides: vec![4], ..dense.clone() };
    let mut args = [read(&x), write(&mut y)];
    assert_eq!(refused(&wide, &mut args), "the kernel takes 2 strides, 1 were given");
    let huge = Launch { strides: vec![usize::MAX, 4], ..dense.clone() };
    assert!(refused(&huge, &mut args).contains("more elements than there are addresses"));
    let overlap = Launch { strides: vec![4, 3], ..dense.clone() };
    assert!(refused(&overlap, &mut args).contains("steps of buffer `y` overlap"));
    args[0] = read(&x[1..]);
    assert_eq!(refused(&dense, &mut args), "buffer `x` takes 12 elements, 11 were given");
    args[0] = Arg::Absent;
    assert_eq!(refused(&dense, &mut args), "buffer `x` was left out");
    args[0] = Arg::Read(Slice::I32(&[]));
    assert_eq!(refused(&dense, &mut args), "buffer `x` takes a shared slice of F32");
}

#[test]
fn channels_of_none_are_refused() {
    let text = samples::LIF_FORWARD.replace("tau: param f32 layer", "tau: param f32 channel");
    let kernel = kernel(&text);
    let launch = Launch { channels: 0, ..Launch::dense(&kernel, 1, 1) };
    let (mut s, mut v) = ([0.0], [0.0]);
    let mut args = [read(&[0.0]), Arg::Absent, read(&[]), write(&mut s), write(&mut v)];
    let refused = run(&kernel, &launch, &mut args);
    assert_eq!(refused, Err(LaunchError::NoChannels("tau".into())));
}
