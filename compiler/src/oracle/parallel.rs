//! Parallel neurons: each product is an input of the graph and its column an output, so that runs, derivatives and
//! gradients are those of the graph, one product after the other.

use super::gradients::{self, derivative};
use super::{Call, Direction, Gradients, Mode, Run, Seeds, Shared};
use crate::check::hir::{LAG, Matrix, Neuron, Output};

/// The graph with its columns as outputs behind its own.
pub(super) fn with_columns(neuron: &Neuron) -> Neuron {
    let mut plain = neuron.clone();
    for product in &neuron.products {
        let input = &neuron.inputs[product.input as usize];
        plain.outputs.push(Output {
            name: input.name.clone(),
            value: product.column,
            last: false,
            packed: false,
            span: input.span,
        });
    }
    plain.products.clear();
    plain
}

/// The call of a matrix's program: steps are rows, lanes are columns.
fn program_call(matrix: &Matrix, neuron: &Neuron, call: &Call) -> Call {
    let steps = call.steps;
    let lags = || (0..steps * steps).map(|i| (i / steps) as f64 - (i % steps) as f64).collect();
    let program = &matrix.program;
    let inputs = program.inputs.iter().map(|input| match place_of_weight(neuron, &input.name) {
        Some(i) => call.weights[i].clone(),
        None => lags(),
    });
    let params = program.params.iter().map(|param| {
        let shared = &call.params[place_of_param(neuron, &param.name)];
        Shared::layer(shared.values[0], steps)
    });
    let (inputs, params) = (inputs.collect(), params.collect());
    Call { steps, lanes: steps, inputs, params, ..Call::default() }
}

fn place_of_weight(neuron: &Neuron, name: &str) -> Option<usize> {
    neuron.weights.iter().position(|weight| weight.name == name && name != LAG)
}

fn place_of_param(neuron: &Neuron, name: &str) -> usize {
    neuron.params.iter().position(|param| param.name == name).unwrap_or_default()
}

/// `matrix @ column` or, `transposed`, `matrix^T @ column`, in the order of the steps.
fn times(
    matrix: &[f64],
    column: &[f64],
    call: &Call,
    transposed: bool,
    mode: Mode<'_>,
) -> Vec<f64> {
    let (steps, lanes) = (call.steps, call.lanes);
    let rounded = |x: f64| if matches!(mode, Mode::Single(_)) { f64::from(x as f32) } else { x };
    let mut product = vec![0.0; steps * lanes];
    for (t, row) in product.chunks_exact_mut(lanes.max(1)).enumerate() {
        for k in 0..steps {
            let entry = if transposed { matrix[k * steps + t] } else { matrix[t * steps + k] };
            for (sum, u) in row.iter_mut().zip(&column[k * lanes..]) {
                // An f64 holds the product of two f32, which is rounded before it is added.
                *sum = rounded(*sum + rounded(entry * u));
            }
        }
    }
    product
}

/// The matrices, and the call with its products filled in.
pub(super) fn filled(neuron: &Neuron, call: &Call, mode: Mode<'_>) -> (Vec<Vec<f64>>, Call) {
    filled_by(neuron, call, mode, &|neuron, call| gradients::run(neuron, call, mode))
}

/// The same, where `plain` gives the outputs of a plain neuron.
pub(super) fn filled_by(
    neuron: &Neuron,
    call: &Call,
    mode: Mode<'_>,
    plain: &impl Fn(&Neuron, &Call) -> Run,
) -> (Vec<Vec<f64>>, Call) {
    let matrices: Vec<Vec<f64>> = neuron
        .matrices
        .iter()
        .map(|m| plain(&m.program, &program_call(m, neuron, call)).outputs.swap_remove(0))
        .collect();
    let (own, mut call) = (with_columns(neuron), call.clone());
    for product in &neuron.products {
        call.inputs[product.input as usize] = vec![0.0; call.steps * call.lanes];
    }
    for (i, product) in neuron.products.iter().enumerate() {
        let column = plain(&own, &call).outputs.swap_remove(neuron.outputs.len() + i);
        let value = times(&matrices[product.matrix as usize], &column, &call, false, mode);
        call.inputs[product.input as usize] = value;
    }
    (matrices, call)
}

/// A run without the columns.
pub(super) fn own_outputs(neuron: &Neuron, mut run: Run) -> Run {
    run.outputs.truncate(neuron.outputs.len());
    run
}

/// The direction with that of the products filled in.
pub(super) fn filled_direction(
    neuron: &Neuron,
    call: &Call,
    (matrices, filled): (&[Vec<f64>], &Call),
    direction: &Direction,
    mode: Mode<'_>,
) -> Direction {
    let own = with_columns(neuron);
    let mut direction = direction.clone();
    direction.inputs.resize(neuron.inputs.len(), None);
    neuron.products.iter().for_each(|p| direction.inputs[p.input as usize] = None);
    let columns = gradients::run(&own, filled, mode).outputs;
    for (i, product) in neuron.products.iter().enumerate() {
        let matrix = &neuron.matrices[product.matrix as usize];
        let towards = program_direction(matrix, neuron, &direction);
        let of_program = program_call(matrix, neuron, call);
        let moved = derivative(&matrix.program, &of_program, &towards, mode);
        let at = neuron.outputs.len() + i;
        let column = derivative(&own, filled, &direction, mode).outputs.swap_remove(at);
        let by_column = &matrices[product.matrix as usize];
        let sum = times(by_column, &column, call, false, Mode::Double).into_iter();
        let other = times(&moved.outputs[0], &columns[at], call, false, Mode::Double);
        let both = sum.zip(other).map(|(a, b)| a + b).collect();
        direction.inputs[product.input as usize] = Some(both);
    }
    direction
}

fn program_direction(matrix: &Matrix, neuron: &Neuron, direction: &Direction) -> Direction {
    let program = &matrix.program;
    let inputs = program.inputs.iter().map(|input| {
        let place = place_of_weight(neuron, &input.name)?;
        direction.weights.get(place).cloned().flatten()
    });
    let params = program
        .params
        .iter()
        .map(|param| direction.params.get(place_of_param(neuron, &param.name)).cloned().flatten());
    Direction { inputs: inputs.collect(), params: params.collect(), ..Direction::default() }
}

/// [`gradients::gradients`] of a parallel neuron.
pub(super) fn all(neuron: &Neuron, call: &Call, seeds: &Seeds, mode: Mode<'_>) -> (Run, Gradients) {
    let (matrices, filled) = filled(neuron, call, mode);
    let own = with_columns(neuron);
    let mut seeds = seeds.clone();
    seeds.outputs.resize(own.outputs.len(), None);
    let mut of_matrices: Vec<Vec<f64>> =
        matrices.iter().map(|matrix| vec![0.0; matrix.len()]).collect();
    for (i, product) in neuron.products.iter().enumerate().rev() {
        let (run, found) = gradients::plain(&own, &filled, &seeds, mode);
        let grad = &found.inputs[product.input as usize];
        let at = neuron.outputs.len() + i;
        let matrix = &matrices[product.matrix as usize];
        seeds.outputs[at] = Some(times(matrix, grad, call, true, Mode::Double));
        add_outer(&mut of_matrices[product.matrix as usize], grad, &run.outputs[at], call);
    }
    let (run, mut found) = gradients::plain(&own, &filled, &seeds, mode);
    found.weights = vec![vec![0.0; call.steps * call.steps]; neuron.weights.len()];
    for (matrix, grad) in neuron.matrices.iter().zip(of_matrices) {
        add_program(matrix, neuron, call, grad, mode, &mut found);
    }
    (own_outputs(neuron, run), found)
}

/// Adds `Σ grad[t, n] * column[k, n]` over the lanes.
fn add_outer(sums: &mut [f64], grad: &[f64], column: &[f64], call: &Call) {
    let lanes = call.lanes;
    for (i, sum) in sums.iter_mut().enumerate() {
        let (t, k) = (i / call.steps, i % call.steps);
        let (grad, column) = (&grad[t * lanes..][..lanes], &column[k * lanes..][..lanes]);
        *sum += grad.iter().zip(column).map(|(g, u)| g * u).sum::<f64>();
    }
}

/// Takes the gradient of a matrix on to what it is made of.
fn add_program(
    matrix: &Matrix,
    neuron: &Neuron,
    call: &Call,
    grad: Vec<f64>,
    mode: Mode<'_>,
    found: &mut Gradients,
) {
    let seeds = Seeds { outputs: vec![Some(grad)], ..Seeds::default() };
    let call = program_call(matrix, neuron, call);
    let (_, own) = gradients::gradients(&matrix.program, &call, &seeds, mode);
    for (input, grad) in matrix.program.inputs.iter().zip(own.inputs) {
        if let Some(place) = place_of_weight(neuron, &input.name) {
            found.weights[place].iter_mut().zip(grad).for_each(|(sum, term)| *sum += term);
        }
    }
    for (param, grad) in matrix.program.params.iter().zip(own.params) {
        let sums = &mut found.params[place_of_param(neuron, &param.name)];
        sums.iter_mut().zip(grad).for_each(|(sum, term)| *sum += term);
    }
}
