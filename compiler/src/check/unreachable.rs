//! What only another choice of options reads.

use std::collections::HashMap;

use crate::check::hir::{self, Graph, NodeId, Op};
use crate::check::save;

/// Removes what no output, state or initial value needs: what only another choice of options reads.
pub(super) fn remove_unreachable(neuron: &mut hir::Neuron) {
    let outputs = neuron.outputs.iter().map(|output| output.value);
    let states = neuron.states.iter().flat_map(|state| [state.init, state.next]);
    let columns = neuron.products.iter().map(|product| product.column);
    let needed = neuron.graph.needed(outputs.chain(states).chain(columns));
    save::retain(neuron, &needed);
    let mut graph = Graph::default();
    let mut places = vec![NodeId(0); needed.len()];
    let mut surrogates = Vec::new();
    let mut numbers = HashMap::new();
    for (id, node) in neuron.graph.iter().filter(|(id, _)| needed[id.0 as usize]) {
        let mut op = node.op.map(|operand| places[operand.0 as usize]);
        if let Op::Spike(_, surrogate, _) = &mut op {
            let before = surrogate.0;
            *surrogate = *numbers.entry(before).or_insert_with(|| {
                surrogates.push(neuron.surrogates[before as usize].clone());
                hir::SurrogateId(surrogates.len() as u32 - 1)
            });
        }
        places[id.0 as usize] = graph.add(op, node.ty, node.span);
    }
    let place = |id: &mut NodeId| *id = places[id.0 as usize];
    neuron.outputs.iter_mut().for_each(|output| place(&mut output.value));
    neuron.named.iter_mut().for_each(|named| place(&mut named.node));
    neuron.products.iter_mut().for_each(|product| place(&mut product.column));
    for state in &mut neuron.states {
        place(&mut state.init);
        place(&mut state.next);
    }
    (neuron.graph, neuron.surrogates) = (graph, surrogates);
}
