use super::super::interp::{Arg, Launch, Slice, SliceMut, run};
use super::super::legalize::{Capabilities, legalize};
use super::super::{Kernel, Verified, parse, samples, verify};

fn kernel(function: &str, f64: bool) -> Verified<Kernel> {
    let text = samples::COPY.replace("store y, %0", &format!("%1 = {function} %0\nstore y, %1"));
    let text = if f64 { text.replace("f32", "f64") } else { text };
    let kernel = legalize(parse(&text).expect("a kernel"), &Capabilities::INTERPRETER);
    verify(kernel.expect("legal")).expect("well formed")
}

/// A function in f32, and its exact values by the interpreter in f64.
fn evaluate(function: &str, x: &[f32]) -> (Vec<f32>, Vec<f64>) {
    let (single, double) = (kernel(function, false), kernel(function, true));
    let launch = Launch::dense(&single, 1, x.len());
    let wide: Vec<f64> = x.iter().copied().map(f64::from).collect();
    let (mut y, mut exact) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut args = [Arg::Read(Slice::F32(x)), Arg::Write(SliceMut::F32(&mut y))];
    run(&single, &launch, &mut args).expect("a launch");
    let mut args = [Arg::Read(Slice::F64(&wide)), Arg::Write(SliceMut::F64(&mut exact))];
    run(&double, &launch, &mut args).expect("a launch");
    (y, exact)
}

/// How far a result is from the exact one, in units of the last place of the f32 nearest to it.
fn ulps(found: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if found.to_bits() == nearest.to_bits() || found.is_nan() && exact.is_nan() {
        // Past the largest f32 the distance to infinity means nothing.
        return if nearest.is_finite() {
            (f64::from(found) - exact).abs() / last_place(exact)
        } else {
            0.0
        };
    }
    let found =
        if found.is_infinite() { f64::from(found.signum()) * 2f64.powi(128) } else { found.into() };
    (found - exact.clamp(-2f64.powi(128), 2f64.powi(128))).abs() / last_place(exact)
}

/// The unit of the last place of the f32 at a number.
fn last_place(number: f64) -> f64 {
    let exponent = number.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor() as i32;
    // The logarithm may be rounded up to the next power.
    let exponent = if 2f64.powi(exponent) > number.abs() { exponent - 1 } else { exponent };
    2f64.powi(exponent.clamp(-126, 127) - 23)
}

/// The largest number that is reduced to a part of a turn.
const LARGEST: f32 = 12866.0;

/// The greatest error over the f32 whose bits are `start`, `start + step` and so on, and where it is.
fn greatest_error(function: &str, start: u32, step: usize) -> (f64, f32) {
    let limit = if ["sin", "cos", "tan"].contains(&function) { LARGEST } else { f32::INFINITY };
    let mut worst = (0.0, 0.0);
    let mut bits = (start..=u32::MAX).step_by(step).peekable();
    while bits.peek().is_some() {
        let x: Vec<f32> = bits.by_ref().take(1 << 12).map(f32::from_bits).collect();
        let x: Vec<f32> = x.into_iter().filter(|x| x.abs() <= limit || x.is_nan()).collect();
        let (found, exact) = evaluate(function, &x);
        for ((&x, found), exact) in x.iter().zip(found).zip(exact) {
            let error = ulps(found, exact);
            let error = if error.is_nan() { f64::INFINITY } else { error };
            if error > worst.0 {
                worst = (error, x);
            }
        }
    }
    worst
}

/// The relative error, where the exact value is a normal number.
#[test]
fn sigmoid_slope_keeps_its_bounds() {
    let x: Vec<f32> = (-1_250_000..=1_250_000).map(|i| i as f32 * 1e-4).collect();
    let (found, exact) = evaluate("sigmoid_slope", &x);
    for ((x, found), exact) in x.iter().zip(found).zip(exact) {
        let error = (f64::from(found) - exact).abs() / exact;
        assert!(error < 2f64.powi(-20), "{error:e} at {x}");
    }
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let (found, _) = evaluate("sigmoid_slope", &[0.0, inf, -inf, 1e30, nan]);
    assert_eq!(found[0], 0.25);
    assert!(found[1..4].iter().all(|slope| (0.0..2f32.powi(-124)).contains(slope)));
    assert!(found[4].is_nan());
}

/// The bounds that the specification states.
const BOUNDS: [(&str, f64); 16] = [
    ("exp", 1.0),
    ("expm1", 2.0),
    ("exprel", 2.5),
    ("sinh", 2.0),
    ("cosh", 2.0),
    ("atan", 2.5),
    ("sin", 2.0),
    ("cos", 2.0),
    ("tan", 4.0),
    ("erf", 1.5),
    ("erfc", 7.0),
    ("log", 1.0),
    ("log1p", 1.5),
    ("sigmoid", 3.0),
    ("softplus", 2.0),
    ("tanh", 1.5),
];

/// One f32 of 4099, or of as many as `SNN_MATH_STEP` says: 1 takes all of them, and minutes.
#[test]
fn errors_keep_their_bounds() {
    let step = std::env::var("SNN_MATH_STEP").map(|step| step.parse().expect("a number"));
    let (step, threads) = (step.unwrap_or(4099), std::thread::available_parallelism());
    let threads = threads.map_or(1, usize::from);
    for (function, bound) in BOUNDS {
        let part = |i: usize| greatest_error(function, (i * step) as u32, threads * step);
        let (error, x) = std::thread::scope(|scope| {
            let parts: Vec<_> = (0..threads).map(|i| scope.spawn(move || part(i))).collect();
            let errors = parts.into_iter().map(|part| part.join().expect("no panic"));
            errors.fold((0.0, 0.0), |worst, error| if error.0 > worst.0 { error } else { worst })
        });
        println!("{function}: {error:.3} ulp at {x:e}");
        assert!(error <= bound, "{function}: {error} ulp at {x:e}");
    }
}

#[test]
fn bounds_are_those_of_the_specification() {
    let specification = include_str!("../../../../docs/kernel-ir.md");
    for (function, bound) in BOUNDS {
        assert!(specification.contains(&format!("| `{function}` | {bound:.1} |")), "{function}");
    }
}

/// Beyond the largest number that is reduced a value would be a wrong one.
#[test]
fn circular_functions_are_no_number_where_nothing_is_reduced() {
    for function in ["sin", "cos", "tan"] {
        let beyond = f32::from_bits(LARGEST.to_bits() + 1);
        let (found, _) = evaluate(function, &[LARGEST, -LARGEST]);
        assert!(found.iter().all(|y| y.is_finite()), "{function}: {found:?}");
        let x = [beyond, 1e5, f32::MAX, f32::INFINITY];
        let (found, _) = evaluate(function, &[x, x.map(|x| -x)].concat());
        assert!(found.iter().all(|y| y.is_nan()), "{function}: {found:?}");
    }
}

#[test]
fn special_values() {
    let (inf, nan, tiny) = (f32::INFINITY, f32::NAN, f32::from_bits(1));
    let half_pi = std::f32::consts::FRAC_PI_2;
    let cases: [(&str, &[(f32, f32)]); 16] = [
        ("expm1", &[(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -1.0), (nan, nan), (tiny, tiny)]),
        ("exprel", &[(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (nan, nan), (tiny, 1.0)]),
        ("sinh", &[(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -inf), (nan, nan), (tiny, tiny)]),
        ("cosh", &[(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, inf), (nan, nan)]),
        (
            "atan",
            &[(0.0, 0.0), (-0.0, -0.0), (inf, half_pi), (-inf, -half_pi), (nan, nan), (tiny, tiny)],
        ),
        ("sin", &[(0.0, 0.0), (-0.0, -0.0), (nan, nan), (tiny, tiny), (-tiny, -tiny)]),
        ("cos", &[(0.0, 1.0), (-0.0, 1.0), (nan, nan), (tiny, 1.0)]),
        ("tan", &[(0.0, 0.0), (-0.0, -0.0), (nan, nan), (tiny, tiny), (-tiny, -tiny)]),
        ("erf", &[(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (nan, nan), (5.0, 1.0)]),
        ("erfc", &[(0.0, 1.0), (-0.0, 1.0), (inf, 0.0), (-inf, 2.0), (nan, nan), (11.0, 0.0)]),
        (
            "exp",
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (inf, inf),
                (-inf, 0.0),
                (nan, nan),
                (88.73, inf),
                (-104.0, 0.0),
            ],
        ),
        (
            "log",
            &[
                (1.0, 0.0),
                (0.0, -inf),
                (-0.0, -inf),
                (-1.0, nan),
                (-inf, nan),
                (inf, inf),
                (nan, nan),
            ],
        ),
        (
            "log1p",
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (tiny, tiny),
                (-tiny, -tiny),
                (-1.0, -inf),
                (-2.0, nan),
                (-inf, nan),
                (inf, inf),
                (nan, nan),
            ],
        ),
        ("sigmoid", &[(0.0, 0.5), (-0.0, 0.5), (inf, 1.0), (-inf, 0.0), (nan, nan), (100.0, 1.0)]),
        (
            "softplus",
            &[
                (0.0, std::f32::consts::LN_2),
                (inf, inf),
                (-inf, 0.0),
                (nan, nan),
                (1e30, 1e30),
                (-200.0, 0.0),
            ],
        ),
        (
            "tanh",
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (inf, 1.0),
                (-inf, -1.0),
                (nan, nan),
                (tiny, tiny),
                (-100.0, -1.0),
            ],
        ),
    ];
    for (function, values) in cases {
        let x: Vec<f32> = values.iter().map(|(x, _)| *x).collect();
        let (found, _) = evaluate(function, &x);
        for (&(x, expected), found) in values.iter().zip(found) {
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(same, "{function} of {x}: {found}, not {expected}");
        }
    }
    let (found, _) = evaluate("exp", &[88.722_83, -103.972, -87.4]);
    assert!(found[0].is_finite() && found[1] == tiny && found[2] < f32::MIN_POSITIVE);
}
