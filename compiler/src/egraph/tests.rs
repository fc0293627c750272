use std::collections::HashMap;

use egg::{Id, Language};
use snn_artifact::Target;

use super::audit::audited;
use super::cost::Weights;
use super::extract::{Problem, extract};
use super::facts::{self, ANY, Fact};
use super::rules::{EXACT_TABLE, FAST_TABLE};
use super::sample::{self, Width, unit};
use super::saturate::{self, Budget, Classes, Facts};
use super::term::Term;
use super::{EXACT, FAST, Options, PLAIN, simplify, simplify_and_tell, simplify_step};
use crate::check::hir::{Binary, Compare, Graph, Leaf, NodeId, Op, SurrogateId, Type, Unary};
use crate::check::{NoImports, Specialization};
use crate::diff::{self, Adjoint};
use crate::kernel::{self, Count, count};
use crate::pipeline::{self, Source};
use crate::span::Span;

/// How many samples each rule is held against.
const SAMPLES: usize = 10_000;

#[test]
fn every_rule_holds_for_sampled_values() {
    let mut wrong = Vec::new();
    for rule in EXACT.iter().chain(FAST) {
        if let Err(why) = audited(rule).and_then(|rule| rule.check(SAMPLES)) {
            wrong.push(format!("{}: {why}", rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_made_wrong_is_found_out() {
    let mut alive = Vec::new();
    for rule in EXACT.iter().chain(FAST) {
        for mutant in audited(rule).unwrap().mutants() {
            if mutant.check(SAMPLES).is_ok() {
                alive.push(format!("{}: {}", mutant.name, mutant.change));
            }
        }
    }
    assert!(alive.is_empty(), "{}", alive.join("\n"));
}

#[test]
fn rules_have_names_of_their_own() {
    let mut names: Vec<&str> = EXACT.iter().chain(FAST).map(|rule| rule.name).collect();
    assert!(PLAIN.iter().all(|name| names.contains(name)));
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// A neuron's adjoint as it is differentiated.
fn adjoint_of(text: &str) -> Adjoint {
    let source = Source { name: "test.snn", text };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    diff::differentiate(&front.unwrap_or_else(|found| panic!("{}", found.render(false))).neuron)
}

const CPU: Options =
    Options { weights: Weights::CPU, budget: super::Budget::DEFAULT, plain: false };

/// A neuron with what the rules are about: a spike in the reset, a sum that is learnt, branches.
const NEURON: &str = "
neuron N {
  input x
  param a = 0.5 in (0, 1) via sigmoid learn
  param tau = 2.0 in [1, 100] learn
  state v = 0.0
  let k = 1.0 / tau
  charge v = a * v + (x - v) * k + (if x > 0.0 { x * a } else { 0.0 })
  fire s = spike(v - 1.0, sigmoid(alpha: 4.0))
  reset v = soft(v, s, 1.0)
  output s
}
";

#[test]
fn the_search_finds_the_same_on_every_run() {
    let adjoint = adjoint_of(NEURON);
    let first = diff::print(&simplify(&adjoint, &CPU));
    for _ in 0..3 {
        assert_eq!(diff::print(&simplify(&adjoint, &CPU)), first);
    }
}

#[test]
fn a_neurons_own_values_keep_their_bits_and_gradients_their_numbers() {
    let adjoint = adjoint_of(NEURON);
    for plain in [true, false] {
        let simple = simplify(&adjoint, &Options { plain, ..CPU });
        assert_eq!(sample::difference(&adjoint, &simple), None);
    }
}

#[test]
fn a_difference_is_found() {
    let adjoint = adjoint_of(NEURON);
    let mut wrong = adjoint.clone();
    let graph = &mut wrong.neuron.graph;
    let input = wrong.inputs[0].unwrap();
    wrong.inputs[0] = Some(graph.unary(Unary::Neg, input, Span::default()));
    assert!(sample::difference(&adjoint, &wrong).is_some());
    let mut wrong = adjoint.clone();
    let value = wrong.neuron.states[0].next;
    let wide = wrong.neuron.graph.unary(Unary::Abs, value, Span::default());
    wrong.neuron.states[0].next = wide;
    assert!(sample::difference(&adjoint, &wrong).is_some());
}

/// What backward does a step where nothing is saved.
fn work(adjoint: &Adjoint) -> Count {
    let schedule = kernel::schedule(&Target::Wgsl);
    count(&kernel::lower(adjoint, schedule, &[]).backward)
}

#[test]
fn simplified_costs_less_and_says_by_which_rules() {
    let adjoint = adjoint_of(NEURON);
    let (plain, simple) =
        (simplify(&adjoint, &Options { plain: true, ..CPU }), simplify_and_tell(&adjoint, &CPU));
    let (before, after) = (work(&plain), work(&simple.adjoint));
    assert!(after.terms() < before.terms(), "{after:?} {before:?}");
    assert!(after.divisions <= before.divisions, "{after:?} {before:?}");
    assert_eq!(simple.made_by.len(), simple.adjoint.neuron.graph.len());
    let rules: Vec<&str> = simple.made_by.iter().copied().flatten().collect();
    assert!(rules.contains(&"sigmoid(x) (1 - sigmoid(x))"), "{rules:?}");
}

#[test]
fn sums_that_are_only_subtracted_are_one() {
    let adjoint = adjoint_of(
        "neuron N {
           input x
           param a = 0.5 learn
           state v = 0.0
           let b = 1.0 - a
           charge v = a * v + b * x
           output v
         }",
    );
    assert_eq!((adjoint.sums.len(), simplify(&adjoint, &CPU).sums.len()), (2, 1));
}

#[test]
fn a_constant_is_all_that_is_left_of_what_is_known() {
    let mut graph = Graph::default();
    let span = Span::default();
    let x = graph.add(Op::Leaf(Leaf::Input(0)), Type::Real, span);
    let s = graph.unary(Unary::Sigmoid, x, span);
    let two = graph.constant(2.0, span);
    let below = graph.add(Op::Compare(Compare::Lt, s, two), Type::Bool, span);
    let known = |of: &[Fact], id: NodeId| of[id.0 as usize];
    let mut all: Vec<Fact> = Vec::new();
    for (_, node) in graph.iter() {
        all.push(facts::of(node.op, node.ty, |_| ANY, |id| known(&all, id)));
    }
    // A sigmoid of NaN is NaN, and then the comparison is false.
    assert_eq!(facts::truth_of(all[below.0 as usize]), None);
    all.clear();
    let number = Fact { nan: false, ..ANY };
    for (_, node) in graph.iter() {
        all.push(facts::of(node.op, node.ty, |_| number, |id| known(&all, id)));
    }
    assert_eq!(facts::truth_of(all[below.0 as usize]), Some(true));
}

/// Operations on earlier nodes, drawn from a seed.
fn drawn(graph: &mut Graph, seed: u64, i: u64) {
    let at = |k: u64| unit(seed, i * 16 + k);
    let span = Span::default();
    let nodes: Vec<(NodeId, Type)> = graph.iter().map(|(id, node)| (id, node.ty)).collect();
    let pick = |ty: Type, k: u64| {
        let of: Vec<NodeId> = nodes.iter().filter(|(_, of)| *of == ty).map(|(id, _)| *id).collect();
        of[(at(k) * of.len() as f64) as usize]
    };
    let (a, b, c) = (pick(Type::Real, 1), pick(Type::Real, 2), pick(Type::Bool, 3));
    const UNARY: [Unary; 14] = [
        Unary::Neg,
        Unary::Abs,
        Unary::Sqrt,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
        Unary::Sign,
        Unary::Exp,
        Unary::Log,
        Unary::Sigmoid,
        Unary::Softplus,
        Unary::Tanh,
        Unary::Erf,
        Unary::Expm1,
    ];
    const BINARY: [Binary; 6] =
        [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Min, Binary::Max];
    const COMPARE: [Compare; 4] = [Compare::Lt, Compare::Le, Compare::Eq, Compare::Ne];
    let of = |count: usize| (at(4) * count as f64) as usize;
    let (op, ty) = match (at(0) * 12.0) as u32 {
        0 => (
            Op::Const(crate::check::hir::Number::new((at(5) * 8.0).round() / 2.0 - 2.0)),
            Type::Real,
        ),
        1..4 => (Op::Unary(UNARY[of(14)], a), Type::Real),
        4..8 => (Op::Binary(BINARY[of(6)], a, b), Type::Real),
        8 => (Op::Compare(COMPARE[of(4)], a, b), Type::Bool),
        9 => (Op::Select(c, a, b), Type::Real),
        10 => (Op::Spike(a, SurrogateId(0), [None; 2]), Type::Real),
        _ => (Op::BoolToReal(c), Type::Real),
    };
    graph.add(op, ty, span);
}

fn drawn_graph(seed: u64, count: u64) -> Graph {
    let mut graph = Graph::default();
    for i in 0..3 {
        graph.add(Op::Leaf(Leaf::Input(i)), Type::Real, Span::default());
    }
    graph.add(Op::Bool(true), Type::Bool, Span::default());
    (0..count).for_each(|i| drawn(&mut graph, seed, i));
    graph
}

const NUMBERS: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1e-40,
    3e38,
    -3e38,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

#[test]
fn what_is_known_holds_for_every_value() {
    for seed in 0..3_000 {
        let graph = drawn_graph(seed, 12);
        // One leaf is anything, one lies in an interval, one is positive.
        let known = |leaf| match leaf {
            Leaf::Input(0) => ANY,
            Leaf::Input(1) => Fact::between(-1.5, 0.75),
            _ => Fact { low: 0.25, high: 1e30, minus_zero: false, ..Fact::between(0.25, 1.0) },
        };
        let mut all: Vec<Fact> = Vec::new();
        for (_, node) in graph.iter() {
            all.push(facts::of(node.op, node.ty, known, |id| all[id.0 as usize]));
        }
        for draw in 0..6 {
            let at = |k: u64| unit(seed * 8 + draw, 900 + k);
            let leaves = [
                NUMBERS[(at(0) * 12.0) as usize],
                at(1) * 2.25 - 1.5,
                libm::exp2(at(2) * 100.0 - 2.0).clamp(0.25, 1e30),
            ];
            let mut values: Vec<f64> = Vec::new();
            for (id, node) in graph.iter() {
                let value = match node.op {
                    Op::Leaf(Leaf::Input(i)) => f64::from(leaves[i as usize] as f32),
                    op => sample::value(op, node.ty, Width::F32, |id| values[id.0 as usize]),
                };
                values.push(value);
                let fact = all[id.0 as usize];
                let is_there = match value.is_nan() {
                    true => fact.nan,
                    false => fact.low <= value && value <= fact.high,
                };
                let zero = value == 0.0 && value.is_sign_negative();
                let whole = value.is_nan() || value == value.trunc();
                let holds = is_there && (!zero || fact.minus_zero) && (whole || !fact.whole);
                assert!(holds, "seed {seed}: {node:?} is {value:?}, not in {fact:?}\n{graph:?}");
            }
        }
    }
}

/// An e-graph of a drawn graph in which some classes were made one.
fn drawn_classes(seed: u64) -> (Classes, Vec<(Id, Term)>, Vec<Id>) {
    let graph = drawn_graph(seed, 9);
    let mut classes = Classes::new(Facts::default());
    let mut ids: Vec<Id> = Vec::new();
    for (_, node) in graph.iter() {
        ids.push(classes.add(Term::new(node.op, node.ty, |id| ids[id.0 as usize])));
    }
    for k in 0..3 {
        let pick = |at: u64| (unit(seed, 700 + k * 2 + at) * ids.len() as f64) as usize;
        let (a, b) = (pick(0), pick(1));
        if graph.node(NodeId(a as u32)).ty == graph.node(NodeId(b as u32)).ty {
            classes.union(ids[a], ids[b]);
        }
    }
    classes.rebuild();
    let written = graph.iter().map(|(id, node)| {
        let operand = |id: NodeId| classes.find(ids[id.0 as usize]);
        (classes.find(ids[id.0 as usize]), Term::new(node.op, node.ty, operand))
    });
    let written = written.collect();
    let roots = ids.iter().rev().take(3).map(|id| classes.find(*id)).collect();
    (classes, written, roots)
}

/// The terms of a class; where it is the same at every step, those that need no step.
fn forms(classes: &Classes, id: Id) -> Vec<&Term> {
    let is_steady = |term: &&Term| {
        let leaf = matches!(term.head(), Op::Leaf(leaf) if !leaf.is_steady());
        !leaf && term.children().iter().all(|id| classes[*id].data.steady)
    };
    let all = classes[id].nodes.iter();
    if classes[id].data.steady { all.filter(is_steady).collect() } else { all.collect() }
}

/// The least cost over all choices of a term for each class.
fn least(problem: &Problem<'_>) -> u64 {
    let mut ids: Vec<Id> = problem.classes.classes().map(|class| class.id).collect();
    ids.sort_unstable();
    let forms: Vec<Vec<&Term>> = ids.iter().map(|id| forms(problem.classes, *id)).collect();
    let counts: Vec<usize> = forms.iter().map(Vec::len).collect();
    let all: usize = counts.iter().product();
    let mut least = u64::MAX;
    for number in 0..all {
        let mut rest = number;
        let mut choice: HashMap<Id, &Term> = HashMap::new();
        for (id, forms) in ids.iter().zip(&forms) {
            choice.insert(*id, forms[rest % forms.len()]);
            rest /= forms.len();
        }
        let mut done: HashMap<Id, bool> = HashMap::new();
        let fits = problem.roots.iter().all(|root| is_ordered(problem, &choice, *root, &mut done));
        if fits {
            let costs = done.keys().map(|id| u64::from((problem.cost)(choice[id], false)));
            least = least.min(costs.sum());
        }
    }
    least
}

/// Whether a class's choice needs no class that needs it; `done` holds those that were looked at.
fn is_ordered(
    problem: &Problem<'_>,
    choice: &HashMap<Id, &Term>,
    class: Id,
    done: &mut HashMap<Id, bool>,
) -> bool {
    if let Some(is_done) = done.get(&class) {
        return *is_done;
    }
    done.insert(class, false);
    let operands = choice[&class].children().iter().map(|id| problem.classes.find(*id));
    let fits = operands.into_iter().all(|operand| is_ordered(problem, choice, operand, done));
    done.insert(class, fits);
    fits
}

#[test]
fn the_greedy_choice_is_as_good_as_the_best_of_all() {
    let (mut best, mut all) = (0, 0);
    for seed in 0..400 {
        let (classes, written, roots) = drawn_classes(seed);
        let count: usize = classes.classes().map(|class| class.nodes.len()).product();
        if count > 2_000 {
            continue;
        }
        let cost = |term: &Term, _: bool| Weights::CPU.of(term, false).max(1);
        let given = HashMap::new();
        let problem =
            Problem { classes: &classes, cost: &cost, given: &given, roots, written: &written };
        let (choice, found) = extract(&problem).unwrap();
        let least = least(&problem);
        let own: u64 = choice.values().map(|term| u64::from(cost(term, false))).sum();
        assert_eq!(own, found, "seed {seed}");
        assert!(found >= least, "seed {seed}: {found} is below {least}");
        all += 1;
        best += u32::from(found == least);
    }
    assert!(all >= 300, "{all} graphs were small enough");
    // It is greedy: now and then a better form needs two changes at once.
    assert!(best * 100 >= all * 97, "{best} of {all}");
}

/// Of forms that cost the same the one is chosen whose operations wait less: the slope, which comes last, is
/// multiplied with what is known before.
#[test]
fn what_comes_last_is_multiplied_last() {
    let adjoint = adjoint_of(include_str!("../../../stdlib/neurons/lif.snn"));
    let graph = simplify(&adjoint, &CPU).neuron.graph;
    let is_slope = |id: NodeId| matches!(graph.node(id).op, Op::Unary(Unary::SigmoidSlope, _));
    let users = graph.iter().filter(|(_, node)| node.op.operands().any(is_slope));
    let partners = users.flat_map(|(_, node)| node.op.operands()).filter(|id| !is_slope(*id));
    let found: Vec<_> = partners.map(|id| graph.node(id).op).collect();
    assert!(matches!(found[..], [Op::Binary(Binary::Mul, ..)]), "{found:?}");
}

/// What a rounding or a bound looks at stays as it is written, and may be known before the first step all the
/// same: the gradient of a param is then made of what is known behind the last one.
#[test]
fn what_is_compared_may_be_the_same_at_every_step() {
    let adjoint = adjoint_of(
        "neuron N {
           input x
           param p = 0.5 in (0, inf) via exp learn
           state v = 0
           charge {
             let q = exprel(max(sin(p), -2))
             v = 0 * v + q / (1 + abs(q))
             v *= 0.5
           }
           fire s = spike(v - 0.5, sigmoid(alpha: 4.0))
           reset v = hard(v, s, to: v / (1 + abs(v)))
           output s
         }",
    );
    let simple = simplify(&adjoint, &CPU);
    let graph = &simple.neuron.graph;
    let needed = graph.needed(simple.params.iter().copied().flatten());
    let mut leaves = graph.iter().filter(|(id, _)| needed[id.0 as usize]);
    let varies = |op: Op| matches!(op, Op::Leaf(leaf) if !leaf.is_steady());
    assert!(leaves.all(|(_, node)| !varies(node.op)), "{graph:?}");
}

/// A round ends near its budget also where one rule alone would find a hundred thousand places.
#[test]
fn sums_of_many_constants_do_not_run_away() {
    let adjoint = adjoint_of(
        "neuron N {
           input x
           param p = 0.5 in (0, inf) via softplus
           state v = sinh(0.25)
           state left: int = 0
           charge v = detach((if left > p { left } else { x }) * (x * 1e30))
           fire s = ternary((left + 1e30) + (0.1 + 1e-3), 0.5, leaky_k_relu(leak: 0.1, k: 2))
           output s
           output v
         }",
    );
    let adjoint = simplify_step(&adjoint, &CPU).adjoint;
    let graph = &adjoint.neuron.graph;
    let wanted = vec![true; graph.len()];
    let rules: Vec<_> = EXACT_TABLE.rules().chain(FAST_TABLE.rules()).collect();
    let size = |budget: Budget| {
        let (mut classes, _) = saturate::classes(&adjoint.neuron, graph, &wanted, true);
        saturate::saturate(&mut classes, &rules, budget);
        classes.total_size()
    };
    let budget = Budget::DEFAULT;
    let most = 2 * budget.terms + 3 * budget.matches;
    let sizes = [budget, Budget { matches: usize::MAX, ..budget }].map(size);
    assert!(sizes[0] < most && most < sizes[1], "{sizes:?}");
}
