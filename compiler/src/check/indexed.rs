//! Indexed params: `p[K]` has a number for each index, which is known at compile time, and `c[T]` one for
//! each step. The first is a param for each index from here on, the second an input.

use snn_artifact::naming;

use crate::ast;
use crate::ast::{ExprKind, MemberKind};
use crate::check::checker::{Checker, leaf, unknown};
use crate::check::eval::{self, Builder, Value, bug};
use crate::check::hir;
use crate::check::hir::Leaf;
use crate::check::neuron::Declaration;
use crate::check::parallel::Part;
use crate::check::specialize::Special;
use crate::check::tree::{Axis, Expr, Initial, Kind, Param, ParamDefault, Slot, Stage, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Most numbers that a param `[K]` has: each is a buffer of the kernels.
const MAX_LENGTH: f64 = 1024.0;

/// What stands in the brackets behind an indexed param.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// A number known at compile time.
    Number,
    /// The step's, `t`.
    Step,
    /// None: it is a matrix.
    Matrix,
}

impl<'a> Checker<'a> {
    /// Keeps in mind what a param is indexed by; what is left of its brackets is its unit.
    pub(super) fn axis(
        &mut self,
        neuron: &'a ast::Neuron,
        declared: &'a ast::Declared,
        declaration: &mut Declaration<'a>,
    ) -> &'a [ast::Dims] {
        let Some((dims, rest)) = declared.dims.split_first() else { return &[] };
        let index = match dims.text.as_str() {
            "T" => Index::Step,
            "T, T" => {
                self.require_time("a param `[T, T]`", dims.span);
                Index::Matrix
            }
            text if self.is_length(neuron, text) => Index::Number,
            _ => return &declared.dims,
        };
        if index != Index::Number {
            declaration.stage = Stage::Input;
        }
        self.axes.insert(declared.name.span, index);
        rest
    }

    /// Whether a text is a number, or the name of something that is one at compile time.
    fn is_length(&self, neuron: &ast::Neuron, text: &str) -> bool {
        let is_const = |member: &ast::Member| matches!(&member.kind, MemberKind::Const(constant) if constant.name.text == text);
        text.parse::<u32>().is_ok()
            || self.items().constants.contains_key(text)
            || neuron.options.iter().any(|option| option.name.text == text)
            || neuron.members.iter().any(is_const)
    }

    /// What a param has numbers for each of.
    pub(super) fn param_axis(&mut self, declared: &'a ast::Declared) -> Option<Axis> {
        let dims = declared.dims.first()?;
        match self.axes.get(&declared.name.span)? {
            Index::Step => Some(Axis::Steps),
            Index::Matrix => Some(Axis::Matrix),
            Index::Number => {
                let length = match dims.text.parse::<u32>() {
                    Ok(n) => leaf(Kind::Number(f64::from(n)), Type::Whole, dims.span),
                    Err(_) => self.name(&dims.text, dims.span),
                };
                let length = self.require_int(length);
                let why = "how many numbers a param has must be known at compile time";
                Some(Axis::Elements(self.require_stage(length, Stage::Const, why)))
            }
        }
    }

    /// The default of a param: a number, or a list of them where it has an index.
    pub(super) fn initial(&mut self, param: &'a ast::Param, value: &'a ast::Expr) -> Initial {
        let ExprKind::List(items) = &value.kind else {
            return Initial::One(self.param_default(value));
        };
        let name = &param.declared.name;
        let why = match self.axes.get(&name.span) {
            Some(Index::Number) => {
                let list = items.iter().map(|item| self.param_default(item)).collect();
                return Initial::List(list, value.span);
            }
            Some(Index::Step | Index::Matrix) => {
                "has a number for each step, and how many those are is not known"
            }
            None => "is one number",
        };
        let message = format!("`{}` {why}, but its default is a list", name.text);
        let finding = Diagnostic::new("E0319", value.span, message, "a list")
            .because(name.span, "declared here")
            .help("a list is the default of a param with an index, `param p[3] = [1, 2, 3]`");
        self.report(finding);
        Initial::One(ParamDefault::Number(unknown(value.span)))
    }

    /// The typed form of `p[i]` or `c[t]`.
    pub(super) fn index(
        &mut self,
        inner: &'a ast::Expr,
        indices: &'a [ast::Expr],
        span: Span,
    ) -> Expr {
        let ExprKind::Name(name) = &inner.kind else {
            let finding =
                Diagnostic::new("E0318", span, "an index stands behind a name", "no name");
            self.report(finding.help("only params have an index"));
            return unknown(span);
        };
        let Some(symbol) = self.scope.get(name).copied() else {
            return self.name(name, inner.span);
        };
        self.used.insert(symbol.slot);
        let Some(axis) = self.axes.get(&symbol.span).copied() else {
            if symbol.ty != Type::Unknown {
                let message = format!("`{name}` is {} and has no index", symbol.role.name());
                let finding = Diagnostic::new("E0318", span, message, "has an index")
                    .because(symbol.span, "declared here without one")
                    .help("`param p[3]` has a number for each index, `param c[T]` for each step");
                self.report(finding);
            }
            return unknown(span);
        };
        let [index] = indices else {
            let message = format!("`{name}` has one index, found {}", indices.len());
            let finding = Diagnostic::new("E0318", span, message, "too many")
                .because(symbol.span, "declared here");
            self.report(finding);
            return unknown(span);
        };
        let smooth = symbol.smooth;
        if axis != Index::Number && self.is_parallel {
            let message = format!("`{name}` stands for all steps here and has no index");
            let finding = Diagnostic::new("E0318", span, message, "an index of a step")
                .because(symbol.span, "declared here")
                .replace("all of it", span, name.clone());
            self.report(finding);
            return unknown(span);
        }
        if axis == Index::Number {
            let index = self.expr(index);
            let index = self.require_int(index);
            let index =
                self.require_stage(index, Stage::Const, "an index must be known at compile time");
            let ty = if index.ty == Type::Unknown { Type::Unknown } else { Type::Real };
            let kind = Kind::Element(symbol.slot, Box::new(index));
            return Expr { kind, ty, stage: Stage::Param, smooth, span };
        }
        if !matches!(&index.kind, ExprKind::Name(t) if t == "t") {
            let message = format!("`{name}` has a number for each step, and its index is `t`");
            let finding = Diagnostic::new("E0318", index.span, message, "not `t`")
                .because(symbol.span, "declared here")
                .replace("the number of this step", index.span, "t");
            self.report(finding);
            return unknown(span);
        }
        Expr { kind: Kind::Slot(symbol.slot), ty: Type::Real, stage: Stage::Input, smooth, span }
    }

    /// Reports an indexed param without its index.
    pub(super) fn no_index(
        &mut self,
        name: &str,
        index: Index,
        declared: Span,
        span: Span,
    ) -> Expr {
        let (what, there) = match index {
            Index::Number => ("several numbers", format!("{name}[0]")),
            Index::Step | Index::Matrix => ("a number for each step", format!("{name}[t]")),
        };
        let message = format!("`{name}` has {what} and needs an index");
        let finding = Diagnostic::new("E0318", span, message, "without an index")
            .because(declared, "declared here")
            .replace("one of them", span, there);
        self.report(finding);
        unknown(span)
    }
}

impl Builder<'_> {
    /// The number of an indexed param at an index.
    pub(super) fn element(&mut self, slot: Slot, index: &Expr, span: Span) -> eval::Result<Value> {
        let at = self.number(index)?;
        let Value::Elements(all) = self.slot(slot, span)? else {
            return Err(bug(span, "a number has an index"));
        };
        let element = if at < 0.0 { None } else { all.get(at as usize) };
        element.map(|node| Value::Node(*node)).ok_or_else(|| {
            let message = format!("the index {at} is out of range");
            let there = format!("the indices are 0 to {}", all.len() - 1);
            Box::new(Diagnostic::new("E0209", index.span, message, there))
        })
    }
}

impl Special<'_> {
    /// Makes of a param what kernels read: a param, one for each index, or an input.
    pub(super) fn declare(
        &mut self,
        param: &Param,
        inputs: &mut Vec<hir::Input>,
        params: &mut Vec<hir::Param>,
    ) -> eval::Result<()> {
        let value = match &param.axis {
            Some(Axis::Elements(length)) => Value::Elements(self.elements(param, length, params)?),
            Some(Axis::Matrix) => {
                let made = self.param(param, first(&param.default)?)?;
                same_for_all(&made)?;
                let weight = Part::Weight(self.weights.len() as u32);
                let node = self.constrained(&made, weight.leaf());
                self.weights.push(made);
                Value::Node(node)
            }
            Some(Axis::Steps) => {
                let made = self.param(param, first(&param.default)?)?;
                let node = self.constrained(&made, Leaf::Input(inputs.len() as u32));
                if self.neuron.is_parallel {
                    same_for_all(&made)?;
                }
                let (name, span) = (made.name.clone(), made.span);
                let from = hir::From::Param(Box::new(made));
                inputs.push(hir::Input { name, from, span });
                Value::Node(node)
            }
            None => {
                let made = self.param(param, first(&param.default)?)?;
                let node = self.constrained(&made, Leaf::Param(params.len() as u32));
                params.push(made);
                Value::Node(node)
            }
        };
        self.builder.set(param.slot, value);
        Ok(())
    }

    /// A param for each index.
    fn elements(
        &mut self,
        param: &Param,
        length: &Expr,
        params: &mut Vec<hir::Param>,
    ) -> eval::Result<Vec<hir::NodeId>> {
        let n = self.builder.number(length)?;
        if !(1.0..=MAX_LENGTH).contains(&n) {
            let message = format!("`{}` has {n} numbers", param.name);
            let there = format!("must be 1 to {MAX_LENGTH}");
            return Err(Box::new(Diagnostic::new("E0319", length.span, message, there)));
        }
        let mut nodes = Vec::new();
        for (i, default) in defaults(param, n as usize, length.span)?.into_iter().enumerate() {
            let mut made = self.param(param, default)?;
            made.name = naming::element(&param.name, i);
            made.of = Some(param.name.clone());
            nodes.push(self.constrained(&made, Leaf::Param(params.len() as u32)));
            params.push(made);
        }
        Ok(nodes)
    }
}

/// That a param of a parallel neuron with a number for each step has no other axis.
fn same_for_all(param: &hir::Param) -> eval::Result<()> {
    if param.sharing == hir::Sharing::Layer {
        return Ok(());
    }
    let message = format!("`{}` is the same for all neurons of a parallel neuron", param.name);
    let there = format!("one per {}", crate::check::sharing_word(param.sharing));
    Err(Box::new(Diagnostic::new("E0803", param.span, message, there)))
}

/// The one default of a param.
fn first(default: &Initial) -> eval::Result<&ParamDefault> {
    match default {
        Initial::One(one) => Ok(one),
        Initial::List(_, span) => Err(bug(*span, "a list stands for a number")),
    }
}

/// The default of each of `n` indices.
fn defaults(param: &Param, n: usize, length: Span) -> eval::Result<Vec<&ParamDefault>> {
    match &param.default {
        Initial::One(one) => Ok(vec![one; n]),
        Initial::List(list, _) if list.len() == n => Ok(list.iter().collect()),
        Initial::List(list, span) => {
            let message = format!("`{}` has {n} numbers, its default {}", param.name, list.len());
            let finding = Diagnostic::new("E0319", *span, message, "of another length")
                .because(length, format!("{n} numbers"));
            Err(Box::new(finding))
        }
    }
}
