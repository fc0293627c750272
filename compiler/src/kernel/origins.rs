//! Which text the values of a kernel come from, for profilers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ValueId;
use crate::check::hir::Neuron;
use crate::span::{Source, SourceMap, Span};

/// The source of each value, as far as it is known. It is no part of what a kernel computes: it is not
/// printed, a kernel read from text has none, and kernels that differ in it alone are equal.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    sources: Arc<SourceMap>,
    neuron: Span,
    spans: BTreeMap<ValueId, Span>,
}

impl PartialEq for Origins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Origins {
    /// Those of a neuron's kernel, of whose values none is known yet.
    pub fn new(neuron: &Neuron) -> Self {
        let sources = Arc::clone(&neuron.sources);
        Self { sources, neuron: neuron.span, spans: BTreeMap::new() }
    }

    /// The file and the place in it where the neuron is declared; none where there is no text.
    pub fn neuron(&self) -> Option<(&Source, u32)> {
        self.place(self.neuron)
    }

    /// The file that a value comes from and the place in it, as far as it is known.
    pub fn of(&self, value: ValueId) -> Option<(&Source, u32)> {
        self.place(*self.spans.get(&value)?)
    }

    /// Says where a value comes from.
    pub fn set(&mut self, value: ValueId, span: Span) {
        self.spans.insert(value, span);
    }

    /// A value comes from where another does.
    pub fn copy(&mut self, from: ValueId, to: ValueId) {
        if let Some(&span) = self.spans.get(&from) {
            self.set(to, span);
        }
    }

    /// Only these values are left, numbered in this order.
    pub fn number(&mut self, order: &[ValueId]) {
        let spans =
            (0..).zip(order).filter_map(|(i, old)| Some((ValueId(i), *self.spans.get(old)?)));
        self.spans = spans.collect();
    }

    fn place(&self, span: Span) -> Option<(&Source, u32)> {
        let span = span.in_program();
        Some((self.sources.get(span.file)?, span.start))
    }
}
