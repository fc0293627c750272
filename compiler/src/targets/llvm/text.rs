//! The text of one LLVM function under construction: blocks, fresh names, and phis whose incoming
//! values become known later. It knows nothing of kernels.

use std::fmt::{Display, Write};
use std::rc::Rc;

use super::lines::Mark;

/// A name (`%v12`) or a constant, as it stands in an instruction.
pub(super) type Value = Rc<str>;

/// A basic block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(usize);

impl Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%b{}", self.0)
    }
}

/// A phi whose incoming values may still be added.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhiId(Label, usize);

struct Phi {
    value: Value,
    ty: &'static str,
    incoming: Vec<(Value, Label)>,
    mark: Mark,
}

#[derive(Default)]
struct Block {
    phis: Vec<Phi>,
    lines: Vec<String>,
}

/// The blocks of a function, in the order in which they were entered.
pub(super) struct Text {
    blocks: Vec<Block>,
    entered: Vec<Label>,
    n_values: usize,
    /// What ends the lines that are added next.
    pub(super) mark: Mark,
}

impl Text {
    /// A function whose first block has been entered.
    pub(super) fn new(mark: Mark) -> Self {
        let mut text = Self { blocks: Vec::new(), entered: Vec::new(), n_values: 0, mark };
        let first = text.block();
        text.enter(first);
        text
    }

    /// A new block, to be entered later.
    pub(super) fn block(&mut self) -> Label {
        self.blocks.push(Block::default());
        Label(self.blocks.len() - 1)
    }

    /// Goes on in this block, which must not have been entered before.
    pub(super) fn enter(&mut self, label: Label) {
        self.entered.push(label);
    }

    /// The block that instructions go to.
    pub(super) fn current(&self) -> Label {
        self.entered[self.entered.len() - 1]
    }

    /// Adds an instruction without a result.
    pub(super) fn effect(&mut self, instruction: impl Display) {
        let current = self.current();
        self.blocks[current.0].lines.push(format!("{instruction}{}", self.mark));
    }

    /// Adds an instruction and names its result.
    pub(super) fn value(&mut self, instruction: impl Display) -> Value {
        let value = self.fresh();
        self.effect(format_args!("{value} = {instruction}"));
        value
    }

    /// Ends the block.
    pub(super) fn jump(&mut self, to: Label) {
        self.effect(format_args!("br label {to}"));
    }

    /// Ends the block.
    pub(super) fn branch(&mut self, condition: &Value, then: Label, otherwise: Label) {
        self.effect(format_args!("br i1 {condition}, label {then}, label {otherwise}"));
    }

    /// Adds instructions that are carried out only where a condition holds, if there is one.
    pub(super) fn only_where(&mut self, condition: Option<&Value>, then: impl FnOnce(&mut Self)) {
        let Some(condition) = condition else { return then(self) };
        let (inside, behind) = (self.block(), self.block());
        self.branch(condition, inside, behind);
        self.enter(inside);
        then(self);
        self.jump(behind);
        self.enter(behind);
    }

    /// Adds a phi to the current block.
    pub(super) fn phi(&mut self, ty: &'static str, incoming: &[(Value, Label)]) -> (Value, PhiId) {
        let value = self.fresh();
        let (label, mark) = (self.current(), self.mark.clone());
        let phis = &mut self.blocks[label.0].phis;
        phis.push(Phi { value: value.clone(), ty, incoming: incoming.to_vec(), mark });
        (value, PhiId(label, phis.len() - 1))
    }

    /// Adds an incoming value to a phi.
    pub(super) fn add_incoming(&mut self, phi: PhiId, value: Value, from: Label) {
        self.blocks[phi.0.0].phis[phi.1].incoming.push((value, from));
    }

    /// The body of the function.
    pub(super) fn render(&self) -> String {
        let mut out = String::new();
        for label in &self.entered {
            let block = &self.blocks[label.0];
            let phis = block.phis.iter().map(phi_line);
            _ = writeln!(out, "b{}:", label.0);
            for line in phis.chain(block.lines.iter().cloned()) {
                _ = writeln!(out, "  {line}");
            }
        }
        out
    }

    fn fresh(&mut self) -> Value {
        self.n_values += 1;
        format!("%v{}", self.n_values).into()
    }
}

fn phi_line(phi: &Phi) -> String {
    let incoming: Vec<String> =
        phi.incoming.iter().map(|(value, from)| format!("[ {value}, {from} ]")).collect();
    format!("{} = phi {} {}{}", phi.value, phi.ty, incoming.join(", "), phi.mark)
}
