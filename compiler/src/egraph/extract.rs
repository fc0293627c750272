//! The cheapest form of several roots, where what two of them share costs once.
//!
//! The least cost of a set of shared terms is hard to find, so the search is greedy: from the form that is
//! best for each class on its own, and from the program as it was written, it changes one class after
//! the other as long as the whole becomes cheaper. Of two forms that cost the same the one is cheaper in
//! which fewer operations wait for each other. It depends on the order of the classes and on nothing else.
//! A test compares it with all forms of small e-graphs.

use std::collections::HashMap;

use egg::{Id, Language};

use super::saturate::Classes;
use super::term::Term;
use crate::check::hir::Op;

/// What is asked for.
pub struct Problem<'a> {
    /// The forms.
    pub classes: &'a Classes,
    /// What a term costs.
    pub cost: &'a dyn Fn(&Term, bool) -> u32,
    /// The classes that have a value already, and what it costs to use it.
    pub given: &'a HashMap<Id, u32>,
    /// The classes that are needed.
    pub roots: Vec<Id>,
    /// The terms of the program, each behind its operands.
    pub written: &'a [(Id, Term)],
}

/// For each class the term that was chosen for it.
pub type Choice = HashMap<Id, Term>;

/// The cheapest choice that was found, with its cost; none only where a root has no finite form.
pub fn extract(problem: &Problem<'_>) -> Option<(Choice, u64)> {
    let search = Search::new(problem);
    let alone = search.cheapest_alone();
    let starts = [search.written(), alone.clone()];
    let found = starts.into_iter().filter_map(|start| search.climb(start, &alone));
    let (choice, cost) = found.min_by_key(|(_, cost)| *cost)?;
    Some((search.terms(&choice), cost.work))
}

/// How many classes a search comes to before it is content with what it has: a step that is computed
/// from thousands of terms is written as the best of each class.
const MAX_VISITED: usize = 20_000_000;

/// What a choice costs; what comes first counts first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    /// All terms together.
    work: u64,
    /// For each root the terms that it waits for one after the other, added up.
    wait: u64,
}

/// For each class the place of its term among its terms.
type Places = Vec<Option<usize>>;

/// A term with its operands as indices of classes.
struct Form<'a> {
    term: &'a Term,
    cost: u32,
    operands: Vec<usize>,
}

struct Search<'a> {
    ids: Vec<Id>,
    index: HashMap<Id, usize>,
    /// The forms of each class; one without operands where it is given.
    forms: Vec<Vec<Form<'a>>>,
    roots: Vec<usize>,
    written: &'a [(Id, Term)],
    is_given: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem<'a>) -> Self {
        let classes = problem.classes;
        let mut ids: Vec<Id> = classes.classes().map(|class| class.id).collect();
        ids.sort_unstable();
        let index: HashMap<Id, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
        let operand = |id: &Id| index[&classes.find(*id)];
        let is_steady = |id: &Id| classes[*id].data.steady;
        let own_is_steady = |term: &Term| match term.head() {
            Op::Leaf(leaf) => classes.analysis.is_steady(leaf),
            _ => true,
        };
        let steady = |term: &Term| term.children().iter().all(is_steady) && own_is_steady(term);
        let form = |term: &'a Term| Form {
            term,
            cost: (problem.cost)(term, steady(term)),
            operands: term.children().iter().map(operand).collect(),
        };
        let forms = ids.iter().map(|id| {
            let terms = &classes[*id].nodes;
            match problem.given.get(id) {
                Some(cost) => vec![Form { term: &terms[0], cost: *cost, operands: vec![] }],
                // What is known behind the last step, or before the first, has no form of a step.
                None if classes[*id].data.steady => {
                    terms.iter().filter(|term| steady(term)).map(form).collect()
                }
                None => terms.iter().map(form).collect(),
            }
        });
        let forms = forms.collect();
        let roots = problem.roots.iter().map(operand).collect();
        let is_given = ids.iter().map(|id| problem.given.contains_key(id)).collect();
        Self { ids, index, forms, roots, written: problem.written, is_given }
    }

    /// The program as it was written: of each class the first term.
    fn written(&self) -> Places {
        let mut places: Places = vec![None; self.ids.len()];
        for (class, term) in self.written {
            let Some(&class) = self.index.get(class) else { continue };
            let is_it = |form: &Form<'_>| self.is_given[class] || form.term == term;
            if places[class].is_none() {
                places[class] = self.forms[class].iter().position(is_it);
            }
        }
        places
    }

    /// For each class the term that is cheapest with all that it needs, shared terms counted once.
    fn cheapest_alone(&self) -> Places {
        let mut best: Vec<Option<Alone>> = self.ids.iter().map(|_| None).collect();
        // A class is looked at again where that of an operand has changed.
        let mut is_new = vec![true; self.ids.len()];
        loop {
            let was_new = std::mem::replace(&mut is_new, vec![false; self.ids.len()]);
            let is_first = best.iter().all(Option::is_none);
            for class in 0..self.ids.len() {
                for (place, form) in self.forms[class].iter().enumerate() {
                    let has_changed = |operand: &usize| was_new[*operand] || is_new[*operand];
                    if !is_first && !form.operands.iter().any(has_changed) {
                        continue;
                    }
                    let least = best[class].as_ref().map_or(u64::MAX, |known| known.total);
                    let Some(alone) = alone(class, place, form, &best, least) else { continue };
                    best[class] = Some(alone);
                    is_new[class] = true;
                }
            }
            if !is_new.contains(&true) {
                return best.iter().map(|alone| alone.as_ref().map(|alone| alone.place)).collect();
            }
        }
    }

    /// Changes one class after the other as long as that makes the whole cheaper. `alone` has forms for
    /// the classes that have none yet, so that a step may lead to them.
    fn climb(&self, mut places: Places, alone: &Places) -> Option<(Places, Cost)> {
        let mut walk = Walk::new(self.ids.len());
        let mut cost = self.cost(&places, &mut walk)?;
        places.iter_mut().zip(alone).for_each(|(place, other)| *place = place.or(*other));
        loop {
            let before = cost;
            for class in self.used(&places) {
                for place in 0..self.forms[class].len() {
                    if walk.visited > MAX_VISITED {
                        return Some((places, cost));
                    }
                    let known = places[class].replace(place);
                    if known == Some(place) {
                        continue;
                    }
                    match self.cost(&places, &mut walk) {
                        Some(less) if less < cost => cost = less,
                        _ => places[class] = known,
                    }
                }
            }
            if cost == before {
                return Some((places, cost));
            }
        }
    }

    /// The classes that the roots need, operands first.
    fn used(&self, places: &Places) -> Vec<usize> {
        let mut walk = Walk::new(self.ids.len());
        self.walk(places, &mut walk).map(|()| walk.order).unwrap_or_default()
    }

    /// The cost of all that the roots need; none where something needs itself or has no form.
    fn cost(&self, places: &Places, walk: &mut Walk) -> Option<Cost> {
        self.walk(places, walk)?;
        let mut work = 0;
        for &class in &walk.order {
            let form = &self.forms[class][places[class]?];
            let before = form.operands.iter().map(|operand| walk.wait[*operand]).max();
            walk.wait[class] = before.unwrap_or(0) + u64::from(form.cost);
            work += u64::from(form.cost);
        }
        Some(Cost { work, wait: self.roots.iter().map(|root| walk.wait[*root]).sum() })
    }

    /// Orders the classes that the roots need, operands first; none where there is no such order.
    fn walk(&self, places: &Places, walk: &mut Walk) -> Option<()> {
        walk.order.clear();
        walk.stack.clear();
        walk.state.fill(Visit::New);
        walk.visited += self.ids.len();
        for &root in &self.roots {
            if walk.state[root] == Visit::New {
                walk.stack.push((root, 0));
                walk.state[root] = Visit::Open;
            }
            while let Some((class, next)) = walk.stack.pop() {
                let form = &self.forms[class][places[class]?];
                let Some(&operand) = form.operands.get(next) else {
                    walk.state[class] = Visit::Done;
                    walk.order.push(class);
                    continue;
                };
                walk.stack.push((class, next + 1));
                match walk.state[operand] {
                    Visit::Open => return None,
                    Visit::Done => {}
                    Visit::New => {
                        walk.state[operand] = Visit::Open;
                        walk.stack.push((operand, 0));
                    }
                }
            }
        }
        Some(())
    }

    fn terms(&self, places: &Places) -> Choice {
        let used = self.used(places).into_iter();
        let chosen = used.filter_map(|class| {
            let form = &self.forms[class][places[class]?];
            Some((self.ids[class], form.term.clone()))
        });
        chosen.collect()
    }
}

/// A walk over the classes, whose memory the next one takes over.
struct Walk {
    state: Vec<Visit>,
    order: Vec<usize>,
    stack: Vec<(usize, usize)>,
    /// By class: the costs of what it waits for, and its own.
    wait: Vec<u64>,
    /// How many classes all walks so far came to.
    visited: usize,
}

impl Walk {
    fn new(classes: usize) -> Self {
        Self {
            state: vec![Visit::New; classes],
            order: vec![],
            stack: vec![],
            wait: vec![0; classes],
            visited: 0,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}

/// A class with the best term that is known for it.
struct Alone {
    place: usize,
    total: u64,
    /// The classes that it needs, itself among them, with their costs, in order.
    needs: Vec<(usize, u32)>,
}

/// What a form comes to with what is known of its operands; none where it would need itself, or is not
/// below `least`.
fn alone(
    class: usize,
    place: usize,
    form: &Form<'_>,
    best: &[Option<Alone>],
    least: u64,
) -> Option<Alone> {
    let mut needs: Vec<(usize, u32)> = vec![(class, form.cost)];
    for operand in &form.operands {
        let operand = best[*operand].as_ref()?;
        if operand.total + u64::from(form.cost) >= least || operand.needs(class) {
            return None;
        }
        needs = union(&needs, &operand.needs);
    }
    let total = needs.iter().map(|(_, cost)| u64::from(*cost)).sum();
    (total < least).then_some(Alone { place, total, needs })
}

impl Alone {
    fn needs(&self, class: usize) -> bool {
        self.needs.binary_search_by_key(&class, |(class, _)| *class).is_ok()
    }
}

/// Both of two lists in order, what they share once.
fn union(a: &[(usize, u32)], b: &[(usize, u32)]) -> Vec<(usize, u32)> {
    let (mut i, mut k) = (0, 0);
    let mut all = Vec::with_capacity(a.len() + b.len());
    while let (Some(x), Some(y)) = (a.get(i), b.get(k)) {
        all.push(if x.0 <= y.0 { *x } else { *y });
        (i, k) = (i + usize::from(x.0 <= y.0), k + usize::from(y.0 <= x.0));
    }
    all.extend(&a[i..]);
    all.extend(&b[k..]);
    all
}
