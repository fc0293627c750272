//! Runs, directional derivatives and gradients of whole sequences.

use super::real::{Block, LANES, zip};
use super::tape::{Leaves, Tape, reached};
use super::{Call, Direction, Gradients, Mode, Run, Seeds, Shared, parallel};
use crate::check::hir::{Leaf, Neuron, Output, Type};

/// The lanes of a call that are evaluated side by side.
#[derive(Clone, Copy)]
pub(super) struct Piece<'c> {
    pub call: &'c Call,
    start: usize,
    len: usize,
}

impl<'c> Piece<'c> {
    /// A call cut into pieces.
    pub fn all(call: &'c Call) -> impl Iterator<Item = Piece<'c>> {
        (0..call.lanes).step_by(LANES).map(move |start| {
            let len = LANES.min(call.lanes - start);
            Piece { call, start, len }
        })
    }

    /// The piece's part of a row of lanes. Lanes that are not there copy the last one.
    fn row(&self, values: &[f64], row: usize) -> Block {
        let first = row * self.call.lanes + self.start;
        std::array::from_fn(|lane| values[first + lane.min(self.len - 1)])
    }

    /// Writes the piece's part of a row.
    pub fn put(&self, values: &mut [f64], row: usize, block: &Block) {
        let first = row * self.call.lanes + self.start;
        values[first..first + self.len].copy_from_slice(&block[..self.len]);
    }

    fn share(&self, member: &[u32], values: &[f64]) -> Block {
        std::array::from_fn(|lane| values[member[self.start + lane.min(self.len - 1)] as usize])
    }

    /// Writes what an output is at a step, if that is given.
    pub fn put_output(&self, output: &Output, values: &mut [f64], t: usize, block: &Block) {
        if let Some(row) = row_of(output, t, self.call) {
            self.put(values, row, block);
        }
    }

    /// Adds each lane's part of a gradient to the number that it shares.
    fn gather(&self, shared: &Shared, sums: &mut [f64], block: &Block) {
        for lane in 0..self.len {
            sums[shared.member[self.start + lane] as usize] += block[lane];
        }
    }

    fn inputs(&self, t: usize) -> Vec<Block> {
        self.call.inputs.iter().map(|x| self.row(x, t)).collect()
    }

    fn params(&self) -> Vec<Block> {
        self.call.params.iter().map(|p| self.share(&p.member, &p.values)).collect()
    }
}

/// Runs a piece step by step. `guides` are the values of a base run: first those of params alone, then
/// of each step. `each` sees the tape behind each step and the states before it; returned are the
/// states after the last step.
pub(super) fn walk<'n>(
    neuron: &'n Neuron,
    tape: &mut Tape<'n>,
    piece: Piece<'_>,
    guides: Option<&[Vec<Block>]>,
    mut each: impl FnMut(usize, &mut Tape<'n>, &[Block]),
) -> Vec<Block> {
    tape.fix(&piece.params(), guides.map(|g| g[0].as_slice()));
    let mut states: Vec<Block> = neuron
        .states
        .iter()
        .zip(&piece.call.states)
        .map(|(state, given)| match given {
            Some(values) => piece.row(values, 0),
            None => *tape.value(state.init),
        })
        .collect();
    for t in 0..piece.call.steps {
        let leaves = Leaves { inputs: &piece.inputs(t), states: &states };
        tape.step(&leaves, guides.map(|g| g[t + 1].as_slice()));
        each(t, tape, &states);
        states = neuron.states.iter().map(|state| *tape.value(state.next)).collect();
    }
    states
}

/// How many rows an output gives.
fn rows(output: &Output, call: &Call) -> usize {
    if output.last { 1 } else { call.steps }
}

/// The row that an output gives at a step.
fn row_of(output: &Output, t: usize, call: &Call) -> Option<usize> {
    match output.last {
        true => (t + 1 == call.steps).then_some(0),
        false => Some(t),
    }
}

/// An empty result of a call.
pub(super) fn blank(neuron: &Neuron, call: &Call) -> Run {
    Run {
        outputs: neuron
            .outputs
            .iter()
            .map(|output| vec![0.0; rows(output, call) * call.lanes])
            .collect(),
        states: vec![vec![0.0; call.lanes]; neuron.states.len()],
    }
}

/// What a neuron gives.
pub fn run(neuron: &Neuron, call: &Call, mode: Mode<'_>) -> Run {
    if !neuron.products.is_empty() {
        let (_, filled) = parallel::filled(neuron, call, mode);
        return parallel::own_outputs(neuron, run(&parallel::with_columns(neuron), &filled, mode));
    }
    let mut result = blank(neuron, call);
    let mut tape = Tape::new(neuron, mode);
    for piece in Piece::all(call) {
        let last = walk(neuron, &mut tape, piece, None, |t, tape, _| {
            for (values, output) in result.outputs.iter_mut().zip(&neuron.outputs) {
                piece.put_output(output, values, t, tape.value(output.value));
            }
        });
        for (values, block) in result.states.iter_mut().zip(&last) {
            piece.put(values, 0, block);
        }
    }
    result
}

/// How fast what a neuron gives changes when its operands change in a direction: dual numbers, carried
/// through the whole run.
pub fn derivative(neuron: &Neuron, call: &Call, direction: &Direction, mode: Mode<'_>) -> Run {
    if !neuron.products.is_empty() {
        let (matrices, filled) = parallel::filled(neuron, call, mode);
        let known = (&matrices[..], &filled);
        let direction = parallel::filled_direction(neuron, call, known, direction, mode);
        let own = parallel::with_columns(neuron);
        return parallel::own_outputs(neuron, derivative(&own, &filled, &direction, mode));
    }
    let mut result = blank(neuron, call);
    let mut tape = Tape::new(neuron, mode);
    let active = reached(&neuron.graph, |leaf| match leaf {
        Leaf::State(i) => neuron.states[i as usize].ty == Type::Real,
        leaf => matches!(leaf, Leaf::Input(_) | Leaf::Param(_)),
    });
    let row = |piece: Piece<'_>, given: Option<&Option<Vec<f64>>>, row| match given {
        Some(Some(values)) => piece.row(values, row),
        _ => [0.0; LANES],
    };
    for piece in Piece::all(call) {
        let params: Vec<Block> = call
            .params
            .iter()
            .enumerate()
            .map(|(i, shared)| match direction.params.get(i) {
                Some(Some(values)) => piece.share(&shared.member, values),
                _ => [0.0; LANES],
            })
            .collect();
        let mut tangents = initial_tangents(neuron, &mut tape, piece, &active, direction, &params);
        walk(neuron, &mut tape, piece, None, |t, tape, _| {
            tape.linearise();
            tape.push(&active, |leaf| match leaf {
                Leaf::Input(i) => row(piece, direction.inputs.get(i as usize), t),
                Leaf::State(i) => tangents[i as usize],
                Leaf::Param(i) => params[i as usize],
                _ => [0.0; LANES],
            });
            for (values, output) in result.outputs.iter_mut().zip(&neuron.outputs) {
                piece.put_output(output, values, t, &tape.tangent(&active, output.value));
            }
            tangents = neuron.states.iter().map(|s| tape.tangent(&active, s.next)).collect();
        });
        for (values, block) in result.states.iter_mut().zip(&tangents) {
            piece.put(values, 0, block);
        }
    }
    result
}

/// The tangents of the states before the first step.
fn initial_tangents<'n>(
    neuron: &'n Neuron,
    tape: &mut Tape<'n>,
    piece: Piece<'_>,
    active: &[bool],
    direction: &Direction,
    params: &[Block],
) -> Vec<Block> {
    tape.fix(&piece.params(), None);
    tape.linearise();
    tape.push(active, |leaf| match leaf {
        Leaf::Param(i) => params[i as usize],
        _ => [0.0; LANES],
    });
    let states = neuron.states.iter().zip(&piece.call.states).enumerate();
    states
        .map(|(i, (state, given))| match (given, direction.states.get(i)) {
            (Some(_), Some(Some(values))) => piece.row(values, 0),
            (Some(_), _) => [0.0; LANES],
            (None, _) => tape.tangent(active, state.init),
        })
        .collect()
}

/// The gradient of `L = Σ seed · value`, and what the neuron gives on the way.
///
/// Every step's Jacobian is taken by dual numbers, one direction for each input, state and param; the
/// steps are then composed from the last to the first.
pub fn gradients(neuron: &Neuron, call: &Call, seeds: &Seeds, mode: Mode<'_>) -> (Run, Gradients) {
    match neuron.products.is_empty() {
        true => plain(neuron, call, seeds, mode),
        false => parallel::all(neuron, call, seeds, mode),
    }
}

/// The same of a neuron whose inputs are all there.
pub(super) fn plain(
    neuron: &Neuron,
    call: &Call,
    seeds: &Seeds,
    mode: Mode<'_>,
) -> (Run, Gradients) {
    let mut run = blank(neuron, call);
    let mut gradients = Gradients {
        inputs: vec![vec![0.0; call.steps * call.lanes]; neuron.inputs.len()],
        states: vec![vec![0.0; call.lanes]; neuron.states.len()],
        params: call.params.iter().map(|p| vec![0.0; p.values.len()]).collect(),
        weights: Vec::new(),
    };
    let mut tape = Tape::new(neuron, mode);
    let columns = columns(neuron);
    for piece in Piece::all(call) {
        let mut before: Vec<Vec<Block>> = Vec::with_capacity(call.steps);
        let last = walk(neuron, &mut tape, piece, None, |t, tape, states| {
            before.push(states.to_vec());
            for (values, output) in run.outputs.iter_mut().zip(&neuron.outputs) {
                piece.put_output(output, values, t, tape.value(output.value));
            }
        });
        for (values, block) in run.states.iter_mut().zip(&last) {
            piece.put(values, 0, block);
        }
        compose(neuron, &mut tape, piece, &before, seeds, &columns, &mut gradients);
    }
    (run, gradients)
}

/// A leaf to differentiate by, with the nodes that its tangent reaches.
struct Column {
    leaf: Leaf,
    active: Vec<bool>,
}

fn columns(neuron: &Neuron) -> Vec<Column> {
    let real = |i: &usize| neuron.states[*i].ty == Type::Real;
    let inputs = (0..neuron.inputs.len()).map(|i| Leaf::Input(i as u32));
    let states = (0..neuron.states.len()).filter(real).map(|i| Leaf::State(i as u32));
    let params = (0..neuron.params.len()).map(|i| Leaf::Param(i as u32));
    inputs
        .chain(states)
        .chain(params)
        .map(|leaf| Column { leaf, active: reached(&neuron.graph, |from| from == leaf) })
        .collect()
}

/// Composes the Jacobians of a piece's steps. `before` holds the states before each step.
fn compose<'n>(
    neuron: &'n Neuron,
    tape: &mut Tape<'n>,
    piece: Piece<'_>,
    before: &[Vec<Block>],
    seeds: &Seeds,
    columns: &[Column],
    gradients: &mut Gradients,
) {
    let seed = |given: &[Option<Vec<f64>>], i: usize, row| match given.get(i) {
        Some(Some(values)) => piece.row(values, row),
        _ => [0.0; LANES],
    };
    let mut adjoints: Vec<Block> =
        (0..neuron.states.len()).map(|i| seed(&seeds.states, i, 0)).collect();
    let mut params = vec![[0.0; LANES]; neuron.params.len()];
    for t in (0..before.len()).rev() {
        tape.step(&Leaves { inputs: &piece.inputs(t), states: &before[t] }, None);
        tape.linearise();
        let output_seed = |(i, output)| match row_of(output, t, piece.call) {
            Some(row) => seed(&seeds.outputs, i, row),
            None => [0.0; LANES],
        };
        let outputs: Vec<Block> = neuron.outputs.iter().enumerate().map(output_seed).collect();
        let mut earlier = vec![[0.0; LANES]; neuron.states.len()];
        for Column { leaf, active } in columns {
            tape.push(active, |_| [1.0; LANES]);
            let to_outputs = neuron.outputs.iter().map(|o| o.value).zip(&outputs);
            let to_states = neuron.states.iter().map(|s| s.next).zip(&adjoints);
            let sum = to_outputs.chain(to_states).fold([0.0; LANES], |sum, (node, adjoint)| {
                let tangent = tape.tangent(active, node);
                let term = zip(&tangent, adjoint, |d, g| d * g);
                zip(&sum, &term, |a, b| a + b)
            });
            match *leaf {
                Leaf::Input(i) => piece.put(&mut gradients.inputs[i as usize], t, &sum),
                Leaf::State(i) => earlier[i as usize] = sum,
                Leaf::Param(i) => params[i as usize] = zip(&params[i as usize], &sum, |a, b| a + b),
                _ => {}
            }
        }
        adjoints = earlier;
    }
    for (values, adjoint) in gradients.states.iter_mut().zip(&adjoints) {
        piece.put(values, 0, adjoint);
    }
    add_initial(neuron, tape, piece, columns, &adjoints, &mut params);
    for ((shared, sums), block) in piece.call.params.iter().zip(&mut gradients.params).zip(&params)
    {
        piece.gather(shared, sums, block);
    }
}

/// Adds what comes to the params through the states that the caller did not give.
fn add_initial<'n>(
    neuron: &'n Neuron,
    tape: &mut Tape<'n>,
    piece: Piece<'_>,
    columns: &[Column],
    adjoints: &[Block],
    params: &mut [Block],
) {
    if piece.call.steps == 0 {
        tape.linearise();
    }
    for Column { leaf, active } in columns {
        let Leaf::Param(param) = *leaf else { continue };
        tape.push(active, |_| [1.0; LANES]);
        for ((state, given), adjoint) in neuron.states.iter().zip(&piece.call.states).zip(adjoints)
        {
            if given.is_none() {
                let term = zip(&tape.tangent(active, state.init), adjoint, |d, g| d * g);
                let sum = &mut params[param as usize];
                *sum = zip(sum, &term, |a, b| a + b);
            }
        }
    }
}
