//! What a test gives, as a run takes it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use snn_compiler::check::{Given, Numbers, Test, hir};
use snn_compiler::diagnostic::Diagnostic;
use snn_compiler::span::Span;

use crate::neuron::{Array, Arrays, Call};

/// What there is, or what does not fit.
pub type Found<T> = std::result::Result<T, Box<Diagnostic>>;

/// The call of a test: `[T, N]`, where N is 1 but for inputs and states with a number for each neuron.
pub fn call(test: &Test, neuron: &hir::Neuron) -> Found<Call> {
    let (steps, lanes) = (steps(test)?, lanes(test)?);
    let mut call = Call { sizes: vec![steps, lanes], seed: test.seed, ..Call::default() };
    for input in neuron.inputs.iter().filter(|input| input.is_given()) {
        let given = test.inputs.iter().rev().find(|given| given.name == input.name);
        let Some(given) = given else {
            let message = format!("the test gives no `{}`", input.name);
            let finding = Diagnostic::new("E0703", test.span, message, "an input is missing");
            return Err(Box::new(
                finding.help(format!("`{} = [...]`, a number for each step", input.name)),
            ));
        };
        call.inputs.insert(input.name.clone(), sequence(&given.numbers, steps, lanes));
    }
    for given in &test.states {
        let row = match given.numbers.shape[..] {
            [] => vec![number(&given.numbers, 0); lanes],
            [n] if n == lanes => all(&given.numbers),
            _ => return Err(misfit(given, &format!("one number or {lanes}"))),
        };
        call.states.insert(given.name.clone(), array(vec![lanes], row));
    }
    call.params = params(test);
    Ok(call)
}

/// Steps and neurons of a run on noise.
const NOISE: [usize; 2] = [16, 4];

/// A run on noise from -1 to 2, with all else as declared.
pub fn noise(neuron: &hir::Neuron, seed: u64) -> Found<Call> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let count = NOISE.iter().product();
    let mut call = Call { sizes: NOISE.to_vec(), seed, ..Call::default() };
    for input in neuron.inputs.iter().filter(|input| input.is_given()) {
        let unit = |_| random.next_u32() as f32 / u32::MAX as f32;
        let data = (0..count).map(unit).map(|unit| 3.0 * unit - 1.0).collect();
        call.inputs.insert(input.name.clone(), array(NOISE.to_vec(), data));
    }
    Ok(call)
}

/// `T`: what the test says, or as many as its inputs have.
fn steps(test: &Test) -> Found<usize> {
    let lists = test.inputs.iter().filter(|given| !given.numbers.shape.is_empty());
    let mut lists = lists.map(|given| (given, given.numbers.shape[0]));
    let Some((first, n)) = lists.next() else {
        return test.steps.ok_or_else(|| {
            let message = "the test does not say how many steps it has";
            let finding = Diagnostic::new("E0703", test.span, message, "of how many steps");
            Box::new(finding.help("`T = 10`, or an input with a number for each step"))
        });
    };
    if let Some((other, m)) = lists.find(|(_, m)| *m != n) {
        let finding = misfit(other, &format!("{n} steps, as `{}`, and not {m}", first.name));
        return Err(Box::new(finding.because(first.numbers.span, format!("{n} steps"))));
    }
    match test.steps {
        Some(steps) if steps != n => Err(misfit(first, &format!("{steps} steps, as `T` says"))),
        _ => Ok(n),
    }
}

/// N: the longest row of an input, or how many numbers a state has.
fn lanes(test: &Test) -> Found<usize> {
    let rows = test.inputs.iter().filter_map(|given| Some((given, *given.numbers.shape.get(1)?)));
    let states =
        test.states.iter().filter_map(|given| Some((given, *given.numbers.shape.first()?)));
    let mut known = rows.chain(states);
    let Some((first, n)) = known.next() else { return Ok(1) };
    match known.find(|(_, m)| *m != n) {
        Some((other, _)) => {
            let finding = misfit(other, &format!("{n} neurons, as `{}`", first.name));
            Err(Box::new(finding.because(first.numbers.span, format!("{n} neurons"))))
        }
        None => Ok(n),
    }
}

/// The numbers of an input at each step and for each neuron.
fn sequence(numbers: &Numbers, steps: usize, lanes: usize) -> Array {
    let at = |t: usize, n: usize| match numbers.shape.len() {
        0 => 0,
        1 => t,
        _ => t * numbers.shape[1] + n,
    };
    let places = (0..steps).flat_map(|t| (0..lanes).map(move |n| (t, n)));
    let data = places.map(|(t, n)| number(numbers, at(t, n))).collect();
    array(vec![steps, lanes], data)
}

/// What is given for params; the run says what does not fit.
fn params(test: &Test) -> Arrays {
    let one = |given: &Given| {
        let array = array(given.numbers.shape.clone(), all(&given.numbers));
        (given.name.clone(), array)
    };
    test.params.iter().map(one).collect()
}

fn number(numbers: &Numbers, at: usize) -> f32 {
    numbers.values.get(at).map_or(0.0, |(number, _)| *number as f32)
}

fn all(numbers: &Numbers) -> Vec<f32> {
    numbers.values.iter().map(|(number, _)| *number as f32).collect()
}

/// An array of as many numbers as its shape has.
fn array(shape: Vec<usize>, data: Vec<f32>) -> Array {
    let n: usize = shape.iter().product();
    let filled: Vec<f32> = (0..n).map(|i| data.get(i).copied().unwrap_or(0.0)).collect();
    Array::new(shape, filled).unwrap_or_else(|_| Array::scalar(0.0))
}

fn misfit(given: &Given, expected: &str) -> Box<Diagnostic> {
    let message = format!("`{}` does not fit the test", given.name);
    let there: (Span, String) = (given.numbers.span, format!("expected {expected}"));
    Box::new(Diagnostic::new("E0703", there.0, message, there.1))
}
