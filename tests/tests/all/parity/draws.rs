//! What neurons draw: the same on every machine, and such numbers as it is said to be.

use snn_compiler::check::hir::Draw;
use snn_compiler::kernel;
use snn_runtime::neuron::{Array, Call, Neuron};
use snn_tests::drawn;
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

use super::machines;

/// Each distribution, given as it is drawn.
const DRAWS: &str = "neuron Draws {
  rand u ~ uniform(0, 1)
  rand v ~ uniform(0, 1)
  rand z ~ normal(0, 1)
  rand y ~ normal(2, 0.5)
  rand b ~ bernoulli(0.3)
  rand e ~ exponential(2)
  state n = 0
  charge n = n + 1
  output u
  output v
  output z
  output y
  output b
  output e
  output n last
}
";

const STEPS: usize = 16;
const LANES: usize = 1 << 14;
const COUNT: f64 = (STEPS * LANES) as f64;

/// How far a sum of so many numbers may be from what it should be, in its own deviations. All seeds are fixed.
const FAR: f64 = 4.0;

fn call(seed: u64, first_step: u32) -> Call {
    Call { sizes: vec![STEPS, LANES], seed, first_step, ..Call::default() }
}

/// On every device what it draws.
fn on_each(check: impl Fn(&str, &Neuron)) {
    let program = Program::new(DRAWS);
    for (neuron, _) in machines::load(&program) {
        check(&neuron.device().name(), &neuron);
    }
}

fn of(neuron: &Neuron, call: &Call, name: &str) -> Vec<f64> {
    let found = neuron.forward(call).unwrap();
    found.outputs[name].data().iter().map(|number| f64::from(*number)).collect()
}

fn mean(of: impl Iterator<Item = f64>) -> f64 {
    of.sum::<f64>() / COUNT
}

/// The mean and the second, third and fourth moments around what should be the mean.
fn moments(numbers: &[f64], about: f64) -> [f64; 4] {
    [1, 2, 3, 4].map(|power| mean(numbers.iter().map(|number| (number - about).powi(power))))
}

#[track_caller]
fn near(name: &str, found: f64, expected: f64, deviation: f64) {
    let by = (found - expected).abs() / (deviation / COUNT.sqrt());
    assert!(by < FAR, "{name}: {found} for {expected}, {by:.1} deviations");
}

/// The greatest distance between the numbers' share below each and what it should be (Kolmogorov and Smirnov), in
/// units in which 1.95 is passed once in a thousand.
fn distance(numbers: &[f64], below: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let each = sorted.iter().enumerate().map(|(i, number)| {
        let (before, behind) = (i as f64 / COUNT, (i + 1) as f64 / COUNT);
        let share = below(*number);
        (share - before).abs().max((share - behind).abs())
    });
    each.fold(0.0, f64::max) * COUNT.sqrt()
}

#[test]
fn draws_have_their_distributions() {
    on_each(|device, neuron| {
        let call = call(1, 0);
        let drawn = |name: &str| of(neuron, &call, name);
        let named = |what: &str| format!("{what} on {device}");
        let u = drawn("u");
        assert!(u.iter().all(|u| (0.0..1.0).contains(u)), "{device}");
        let [first, second, ..] = moments(&u, 0.5);
        near(&named("mean of uniform"), first, 0.0, (1.0_f64 / 12.0).sqrt());
        near(&named("variance of uniform"), second, 1.0 / 12.0, (1.0_f64 / 180.0).sqrt());
        let z = drawn("z");
        let [first, second, third, fourth] = moments(&z, 0.0);
        near(&named("mean of normal"), first, 0.0, 1.0);
        near(&named("variance of normal"), second, 1.0, 2.0_f64.sqrt());
        near(&named("skewness of normal"), third, 0.0, 15.0_f64.sqrt());
        near(&named("kurtosis of normal"), fourth, 3.0, 96.0_f64.sqrt());
        let [first, second, ..] = moments(&drawn("y"), 2.0);
        near(&named("mean of normal(2, 0.5)"), first, 0.0, 0.5);
        near(&named("variance of normal(2, 0.5)"), second, 0.25, 0.25 * 2.0_f64.sqrt());
        let b = drawn("b");
        assert!(b.iter().all(|b| *b == 0.0 || *b == 1.0), "{device}");
        near(&named("bernoulli"), mean(b.into_iter()), 0.3, 0.21_f64.sqrt());
        let e = drawn("e");
        let [first, second, ..] = moments(&e, 0.5);
        near(&named("mean of exponential"), first, 0.0, 0.5);
        near(&named("variance of exponential"), second, 0.25, 0.25 * 8.0_f64.sqrt());
        let all = [
            ("uniform", distance(&u, |u| u)),
            ("normal", distance(&z, |z| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2))),
            ("exponential", distance(&e, |e| 1.0 - (-2.0 * e).exp())),
        ];
        for (name, distance) in all {
            assert!(distance < 1.95, "{name} on {device}: {distance}");
        }
    });
}

/// All 2^8 values of each byte of the numbers come equally often, and so do those of pairs of high nibbles.
#[test]
fn bits_are_even() {
    on_each(|device, neuron| {
        let u = of(neuron, &call(2, 0), "u");
        let words: Vec<u32> = u.iter().map(|u| (u * f64::from(1 << 24)) as u32).collect();
        let even = |name: &str, of: &dyn Fn(usize) -> usize| {
            let mut counts = [0_u32; 256];
            (0..words.len()).for_each(|i| counts[of(i)] += 1);
            let expected = COUNT / 256.0;
            let chi: f64 =
                counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
            // Of 255 degrees of freedom, with a deviation of 22.6.
            assert!((chi - 255.0).abs() < FAR * 22.6, "{name} on {device}: {chi}");
        };
        for shift in [0, 8, 16] {
            even("a byte", &|i| (words[i] >> shift & 0xff) as usize);
        }
        let nibble = |i: usize| (words[i % words.len()] >> 20) as usize;
        even("a neuron and the next", &|i| nibble(i) << 4 | nibble(i + 1));
        even("a step and the next", &|i| nibble(i) << 4 | nibble(i + LANES));
    });
}

#[test]
fn draws_are_independent_of_each_other() {
    on_each(|device, neuron| {
        let (base, next) = (call(3, 0), call(4, 0));
        let high = call(3 + (1 << 32), 0);
        let z = of(neuron, &base, "z");
        let correlated = |what: &str, other: &[f64]| {
            let product = mean(z.iter().zip(other).map(|(a, b)| a * b));
            near(&format!("{what} on {device}"), product, 0.0, 1.0);
            let squares = mean(z.iter().zip(other).map(|(a, b)| (a * a - 1.0) * (b * b - 1.0)));
            near(&format!("squares, {what} on {device}"), squares, 0.0, 2.0);
        };
        let shifted = |by: usize| [&z[by..], &z[..by]].concat();
        correlated("neighbours", &shifted(1));
        correlated("every second neuron", &shifted(2));
        correlated("steps", &shifted(LANES));
        correlated("declarations", &{
            let y = of(neuron, &base, "y");
            y.into_iter().map(|y| (y - 2.0) / 0.5).collect::<Vec<_>>()
        });
        correlated("seeds next to each other", &of(neuron, &next, "z"));
        correlated("seeds with other upper halves", &of(neuron, &high, "z"));
        correlated("later runs", &of(neuron, &call(3, STEPS as u32), "z"));
        assert_ne!(of(neuron, &base, "u"), of(neuron, &base, "v"), "{device}");
    });
}

#[test]
fn the_same_is_drawn_on_every_machine_and_in_pieces() {
    let (seed, first) = (0x1234_5678_9abc_def0, u32::MAX - 5);
    let sizes = Sizes::of(&call(seed, first));
    let expected = [
        ("u", drawn::numbers(Draw::Uniform, 0, &sizes)),
        ("v", drawn::numbers(Draw::Uniform, 1, &sizes)),
        ("z", drawn::numbers(Draw::Normal, 2, &sizes)),
    ];
    on_each(|device, neuron| {
        let whole = neuron.forward(&call(seed, first)).unwrap();
        for (name, expected) in &expected {
            assert!(whole.outputs[*name].data() == expected, "{name} on {device}");
        }
        let piece = |steps: usize, first_step| {
            let call = Call { sizes: vec![steps, LANES], ..call(seed, first_step) };
            neuron.forward(&call).unwrap().outputs
        };
        // The number of the step goes on behind 2^32 with 0.
        let (early, late) = (piece(7, first), piece(STEPS - 7, first.wrapping_add(7)));
        for name in ["u", "z", "b", "e"] {
            let both = [early[name].data(), late[name].data()].concat();
            assert!(whole.outputs[name].data() == both, "{name} on {device}");
        }
    });
}

/// What is written out in operations of f32 is what f64 computes without them.
#[test]
fn draws_are_what_they_are_in_f64() {
    let sizes = Sizes::of(&Call { sizes: vec![9, 1000], ..call(7, 3) });
    for (draw, tolerance) in [(Draw::Uniform, 0.0), (Draw::Normal, 2e-6)] {
        let found = drawn::numbers(draw, 5, &sizes);
        for (i, found) in found.into_iter().enumerate() {
            let (step, lane) = ((i / sizes.lanes) as u32, (i % sizes.lanes) as u32);
            let expected = kernel::draw(draw, 5, 7, 3 + step, lane);
            assert!(
                (f64::from(found) - expected).abs() <= tolerance,
                "{draw:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn a_uniform_draw_never_reaches_its_end() {
    // A number just below 1 times the width is rounded up to the end.
    let text = "neuron N {\n  param a = 1.0\n  param b = 1.0000001\n  rand u ~ uniform(a, b)\n  state v = 0\n  \
                charge v = v + 1\n  output u\n  output v last\n}\n";
    for (neuron, _) in machines::load(&Program::new(text)) {
        let numbers = of(&neuron, &call(1, 0), "u");
        assert!(numbers.iter().all(|u| *u == 1.0), "{}", neuron.device().name());
    }
}

#[test]
fn arrays_of_no_steps_and_no_neurons_draw_nothing() {
    on_each(|device, neuron| {
        for sizes in [vec![0, 3], vec![3, 0]] {
            let found = neuron.forward(&Call { sizes: sizes.clone(), ..Call::default() }).unwrap();
            let empty = Array::new(sizes, Vec::new()).unwrap();
            assert_eq!(found.outputs["z"], empty, "{device}");
        }
    });
}
