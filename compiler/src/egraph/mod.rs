//! Simplification of a neuron and its adjoint.
//!
//! Two tables of rules: [`EXACT`] ones change no number, NaN, infinities and -0 included, and are all
//! that the neuron's own nodes see; [`FAST`] ones hold for real numbers, and are for the adjoint, whose
//! results are compared with a tolerance. Rules run after differentiation, since one that knows a spike
//! to be 0 or 1 would change the surrogate's gradient.
//!
//! The neuron's step is simplified first, as an e-graph of its own; then the adjoint, for which the
//! values that a step has anyway cost next to nothing. How it works is in `docs/egraph.md`.

#[doc(hidden)]
pub mod audit;
pub mod cost;
mod extract;
pub mod facts;
mod rules;
pub(crate) mod sample;
mod saturate;
mod sums;
mod term;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use egg::{Id, Language};

use crate::check::Save;
use crate::check::hir::{Compare, Graph, Leaf, Named, Neuron, Node, NodeId, Op};
use crate::diff::Adjoint;
use cost::Weights;
use extract::Problem;
use rules::{EXACT_TABLE, FAST_TABLE, Rewriting};
use saturate::Classes;
use term::Term;

pub use rules::{EXACT, FAST, Guard, PLAIN, Rule};
pub use saturate::Budget;

/// How an adjoint is simplified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What is cheap.
    pub weights: Weights,
    /// How far the search goes.
    pub budget: Budget,
    /// The rules that every compiler has and no others: what simplification is measured against.
    pub plain: bool,
}

impl Options {
    /// Those for a target's costs.
    pub fn new(weights: Weights) -> Self {
        Self { weights, budget: Budget::DEFAULT, plain: false }
    }
}

/// A simplified adjoint, and how it came to be.
#[derive(Clone, Debug)]
pub struct Simplified {
    /// The adjoint.
    pub adjoint: Adjoint,
    /// The rule that made each node, by the node's place; none for what the program itself says.
    pub made_by: Vec<Option<&'static str>>,
}

/// The same adjoint with fewer and cheaper nodes. The neuron's own values keep their bits.
pub fn simplify(adjoint: &Adjoint, options: &Options) -> Adjoint {
    simplify_and_tell(adjoint, options).adjoint
}

/// The same with the rules that were applied.
pub fn simplify_and_tell(adjoint: &Adjoint, options: &Options) -> Simplified {
    let summed = if options.plain { adjoint.clone() } else { sums::simplify_sums(adjoint) };
    let step = simplify_step(&summed, options);
    let whole = simplify_adjoint(&step, options);
    debug_assert_eq!(sample::difference(adjoint, &whole.adjoint), None);
    whole
}

/// Simplifies the neuron's own nodes, and leaves those of the adjoint as they are.
fn simplify_step(adjoint: &Adjoint, options: &Options) -> Simplified {
    let graph = &adjoint.neuron.graph;
    let is_own = |id: NodeId| (id.0 as usize) < adjoint.n_primal;
    let mut roots: Vec<NodeId> = forward_roots(&adjoint.neuron).collect();
    let theirs = graph.iter().filter(|(id, _)| !is_own(*id)).map(|(_, node)| node.op);
    let grads = all_grads(adjoint).chain(theirs.flat_map(|op| op.operands().collect::<Vec<_>>()));
    roots.extend(grads.filter(|id| is_own(*id)));
    let search = Search::new(adjoint, &graph.needed(roots.iter().copied()), false, options);
    let mut made = Made::default();
    let unknown = |id: NodeId, _: &mut Made| unreachable!("%{} is no operand here", id.0);
    search.extract(&roots, &HashMap::new(), &unknown, &mut made, options);
    let own = |(id, _): (NodeId, &Node)| search.node(id, &made.nodes).filter(|_| is_own(id));
    let mut known: Vec<Option<NodeId>> = graph.iter().map(own).collect();
    let n_primal = made.graph.len();
    for (id, node) in graph.iter().filter(|(id, _)| !is_own(*id)) {
        let operand = |id: NodeId| known[id.0 as usize].unwrap_or(NodeId(0));
        known[id.0 as usize] = Some(made.add(Node { op: node.op.map(operand), ..*node }, None));
    }
    Simplified {
        adjoint: renamed(adjoint, made.graph, n_primal, |id| known[id.0 as usize]),
        made_by: made.by,
    }
}

/// Simplifies the adjoint of a step, and leaves the neuron's own nodes as they are, but for those that
/// nothing needs any more.
fn simplify_adjoint(step: &Simplified, options: &Options) -> Simplified {
    let adjoint = &step.adjoint;
    let (neuron, graph) = (&adjoint.neuron, &adjoint.neuron.graph);
    let mut made = Made::default();
    let mut own: HashMap<NodeId, NodeId> = HashMap::new();
    let roots: Vec<NodeId> = all_grads(adjoint).collect();
    let mut wanted = graph.needed(roots.iter().copied());
    let mut kept = graph.needed(forward_roots(neuron));
    // What a step begins with is the neuron's own, also where only a gradient asks for it.
    for (id, node) in graph.iter() {
        let begins = matches!(node.op, Op::Leaf(Leaf::Input(_) | Leaf::State(_)));
        kept[id.0 as usize] |= begins && wanted[id.0 as usize];
    }
    for (id, node) in graph.iter().filter(|(id, _)| kept[id.0 as usize]) {
        let op = node.op.map(|operand| own[&operand]);
        own.insert(id, made.add(Node { op, ..*node }, step.made_by[id.0 as usize]));
    }
    let n_primal = made.graph.len();
    wanted.iter_mut().zip(&kept).for_each(|(wanted, kept)| *wanted |= kept);
    let search = Search::new(adjoint, &wanted, true, options);
    // What a step is computed again from is there; other values of the neuron are not.
    let again = graph.needed(neuron.states.iter().flat_map(|state| [state.init, state.next]));
    let varying = graph.varying();
    let mut given: HashMap<Id, (NodeId, u32)> = HashMap::new();
    for (id, _) in graph.iter().filter(|(id, _)| again[id.0 as usize]) {
        // A constant is itself where it is used: what a step computes may be 0 only for numbers.
        let is_constant = search.is_constant(id);
        let has_steady = varying[id.0 as usize] && search.is_steady(id);
        if !is_constant && !has_steady {
            let cost = if varying[id.0 as usize] { options.weights.kept } else { 0 };
            given.entry(search.class(id)).or_insert((own[&id], cost));
        }
    }
    let written = |id: NodeId, made: &mut Made| as_written(graph, &own, id, made);
    search.extract(&roots, &given, &written, &mut made, options);
    // What forward gives is there as it was; what is a gradient has the form that was chosen.
    let of = |id: NodeId| match own.get(&id) {
        Some(node) if !roots.contains(&id) => Some(*node),
        _ => search.node(id, &made.nodes),
    };
    Simplified { adjoint: renamed(adjoint, made.graph, n_primal, of), made_by: made.by }
}

/// The node of a graph with all that it needs, none of it in another form.
fn as_written(
    graph: &Graph,
    own: &HashMap<NodeId, NodeId>,
    wanted: NodeId,
    made: &mut Made,
) -> NodeId {
    let mut known: HashMap<NodeId, NodeId> = HashMap::new();
    let needed = graph.needed([wanted]);
    for (id, node) in graph.iter().filter(|(id, _)| needed[id.0 as usize]) {
        let node = own.get(&id).copied().unwrap_or_else(|| {
            let op = node.op.map(|operand| known[&operand]);
            made.add(Node { op, ..*node }, None)
        });
        known.insert(id, node);
    }
    known[&wanted]
}

/// What a neuron gives, its states before and behind a step, and what it is asked to save.
fn forward_roots(neuron: &Neuron) -> impl Iterator<Item = NodeId> {
    let states = neuron.states.iter().flat_map(|state| [state.init, state.next]);
    let is_asked = |named: &&Named| match &neuron.save {
        _ if named.is_saved => true,
        Save::Names(names) => names.iter().any(|(name, _)| *name == named.name),
        _ => false,
    };
    let saved = neuron.named.iter().filter(is_asked).map(|named| named.node);
    let columns = neuron.products.iter().map(|product| product.column);
    let outputs = neuron.outputs.iter().map(|output| output.value);
    states.chain(outputs).chain(columns).chain(saved)
}

/// What an adjoint gives.
fn all_grads(adjoint: &Adjoint) -> impl Iterator<Item = NodeId> {
    let grads = adjoint.inputs.iter().chain(&adjoint.states).chain(&adjoint.params);
    grads.copied().flatten().chain(adjoint.sums.iter().copied())
}

/// A graph as it is made, with the rule that made each node.
#[derive(Default)]
struct Made {
    graph: Graph,
    by: Vec<Option<&'static str>>,
    /// The node of each class that was extracted.
    nodes: HashMap<Id, NodeId>,
}

impl Made {
    fn add(&mut self, node: Node, rule: Option<&'static str>) -> NodeId {
        let id = self.graph.add(node.op, node.ty, node.span);
        if id.0 as usize == self.by.len() {
            self.by.push(rule);
        }
        id
    }
}

/// An e-graph that was searched.
struct Search {
    classes: Classes,
    /// The class of each node of the graph that it was made from.
    ids: Vec<Option<Id>>,
    /// The terms of that graph.
    written: Vec<(Id, Term)>,
    /// The rule that made each term.
    made_by: HashMap<Term, Option<&'static str>>,
}

impl Search {
    fn new(adjoint: &Adjoint, wanted: &[bool], fast: bool, options: &Options) -> Self {
        let graph = &adjoint.neuron.graph;
        let (mut classes, ids) = saturate::classes(&adjoint.neuron, graph, wanted, fast);
        let fast = fast.then_some(FAST_TABLE.rules()).into_iter().flatten();
        let rules = EXACT_TABLE.rules().chain(fast);
        let is_wanted = |rule: &&Rewriting| !options.plain || PLAIN.contains(&rule.name.as_str());
        let rules: Vec<&Rewriting> = rules.filter(is_wanted).collect();
        saturate::saturate(&mut classes, &rules, options.budget);
        let term = |(id, node): (NodeId, &Node)| {
            let class = ids.get(id.0 as usize).copied().flatten()?;
            let operand = |id: NodeId| ids[id.0 as usize].unwrap_or_default();
            let operand = |id: NodeId| classes.find(operand(id));
            Some((classes.find(class), Term::new(node.op, node.ty, operand)))
        };
        let written = graph.iter().filter_map(term).collect();
        let mut made_by = HashMap::new();
        for i in 0..classes.nodes().len() {
            let term = classes.nodes()[i].clone().map_children(|id| classes.find(id));
            made_by.entry(term).or_insert(classes.analysis.made_by(Id::from(i)));
        }
        Self { classes, ids, written, made_by }
    }

    /// The class of a node.
    fn class(&self, node: NodeId) -> Id {
        self.classes.find(self.ids[node.0 as usize].unwrap_or_default())
    }

    /// Whether a node is a constant.
    fn is_constant(&self, node: NodeId) -> bool {
        let class = &self.classes[self.class(node)];
        class.nodes.iter().any(|term| matches!(cost::class(&term.head()), cost::Class::Free))
    }

    /// Whether a node has a form that is the same at every step.
    fn is_steady(&self, node: NodeId) -> bool {
        self.classes[self.class(node)].data.steady
    }

    /// The node that was made for a node's class, if one was.
    fn node(&self, node: NodeId, made: &HashMap<Id, NodeId>) -> Option<NodeId> {
        let class = self.ids.get(node.0 as usize).copied().flatten()?;
        made.get(&self.classes.find(class)).copied()
    }

    /// Makes the cheapest nodes for the roots. Given are the classes that have a node, with what it
    /// costs to use it; `written` makes a node as it is written.
    fn extract(
        &self,
        roots: &[NodeId],
        given: &HashMap<Id, (NodeId, u32)>,
        written: &dyn Fn(NodeId, &mut Made) -> NodeId,
        made: &mut Made,
        options: &Options,
    ) {
        let costs = given.iter().map(|(id, (_, cost))| (*id, *cost)).collect();
        let problem = Problem {
            classes: &self.classes,
            cost: &|term, is_steady| match self.is_fired(term) {
                true => 1,
                false => options.weights.of(term, is_steady),
            },
            given: &costs,
            roots: roots.iter().map(|root| self.class(*root)).collect(),
            written: &self.written,
        };
        let Some((choice, _)) = extract::extract(&problem) else {
            unreachable!("the program itself is a form of its roots")
        };
        made.nodes.extend(given.iter().map(|(class, (node, _))| (*class, *node)));
        for root in &problem.roots {
            self.write(*root, &choice, written, made);
        }
    }

    /// Makes a class's node behind those of its operands.
    fn write(
        &self,
        class: Id,
        choice: &extract::Choice,
        written: &dyn Fn(NodeId, &mut Made) -> NodeId,
        made: &mut Made,
    ) {
        let mut stack = vec![class];
        while let Some(&class) = stack.last() {
            if made.nodes.contains_key(&class) {
                stack.pop();
                continue;
            }
            let term = &choice[&class];
            if let Op::Leaf(Leaf::Arg(i)) = term.head() {
                let node = written(NodeId(i), made);
                made.nodes.insert(class, node);
                continue;
            }
            let operands = term.children().iter().map(|id| self.classes.find(*id));
            let missing: Vec<Id> = operands.filter(|id| !made.nodes.contains_key(id)).collect();
            if missing.is_empty() {
                let op = term.op(|id| made.nodes[&self.classes.find(id)]);
                let span = self.classes[class].data.span;
                let rule = self.made_by.get(term).copied().flatten();
                let node = made.add(Node { op, ty: term.ty, span }, rule);
                made.nodes.insert(class, node);
            } else {
                stack.extend(missing.into_iter().rev());
            }
        }
    }

    /// Whether a term asks if a spike fired, which costs nothing where the spike is there.
    fn is_fired(&self, term: &Term) -> bool {
        let (Op::Compare(Compare::Ne, ..), [s, zero]) = (term.head(), term.children()) else {
            return false;
        };
        let is_spike = |term: &Term| matches!(term.head(), Op::Spike(..));
        self.classes[*zero].data.value == Some(0.0) && self.classes[*s].nodes.iter().any(is_spike)
    }
}

/// The adjoint with its nodes in another graph. A name alone keeps no node.
fn renamed(
    adjoint: &Adjoint,
    graph: Graph,
    n_primal: usize,
    of: impl Fn(NodeId) -> Option<NodeId>,
) -> Adjoint {
    let found = |id: NodeId| of(id).unwrap_or_else(|| unreachable!("%{} was not made", id.0));
    let all = |nodes: &[Option<NodeId>]| nodes.iter().map(|node| node.map(found)).collect();
    let mut neuron = Neuron { graph, ..adjoint.neuron.clone() };
    let named = adjoint.neuron.named.iter().filter_map(|named| {
        let node = of(named.node)?;
        Some(Named { node, ..named.clone() })
    });
    neuron.named = named.collect();
    for state in &mut neuron.states {
        (state.init, state.next) = (found(state.init), found(state.next));
    }
    for product in &mut neuron.products {
        product.column = found(product.column);
    }
    for output in &mut neuron.outputs {
        output.value = found(output.value);
    }
    Adjoint {
        neuron,
        n_primal,
        inputs: all(&adjoint.inputs),
        states: all(&adjoint.states),
        sums: adjoint.sums.iter().map(|&node| found(node)).collect(),
        params: all(&adjoint.params),
    }
}
