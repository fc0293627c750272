//! Line info: for each instruction the line of the program that it is for, as debug metadata.
//!
//! LLVM is told to make directives of it and nothing else, so that a module differs in its `.file` and
//! `.loc` lines alone. A kernel without origins adds no metadata.

use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;

use crate::kernel::{Kernel, ValueId};
use crate::span::Source;

/// The largest column that LLVM takes.
const MOST_COLUMNS: usize = 0xffff;

/// What ends an instruction's line in the IR: its place in the program, if there is one.
pub(super) type Mark = Rc<str>;

/// The marks of one kernel.
#[derive(Clone, Default)]
pub(super) struct Marks {
    /// What follows the function's head.
    pub(super) head: Mark,
    /// That of the neuron's own line, for what is of no other.
    pub(super) neuron: Mark,
    of: Vec<Mark>,
}

impl Marks {
    /// The mark of a value.
    pub(super) fn of(&self, value: ValueId) -> Mark {
        self.of.get(value.0 as usize).unwrap_or(&self.neuron).clone()
    }
}

/// The metadata of a module, numbered from 1.
#[derive(Default)]
pub(super) struct Lines {
    nodes: Vec<String>,
    known: HashMap<String, usize>,
    unit: Option<usize>,
}

impl Lines {
    /// Adds a kernel's places.
    pub(super) fn marks(&mut self, kernel: &Kernel) -> Marks {
        let Some((source, at)) = kernel.origins.neuron() else { return Marks::default() };
        let (file, line) = (self.file(source), source.position(at).0);
        let unit = self.unit(file);
        let function = self.node(format!(
            "distinct !DISubprogram(name: \"{}\", scope: !{file}, file: !{file}, line: {line}, \
             scopeLine: {line}, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !{unit})",
            kernel.name
        ));
        let neuron = self.mark(source, at, function, file);
        let mut of = |value| match kernel.origins.of(ValueId(value)) {
            Some((source, at)) => self.mark(source, at, function, file),
            None => neuron.clone(),
        };
        let of = (0..kernel.values.len() as u32).map(&mut of).collect();
        Marks { head: format!(" !dbg !{function}").into(), neuron, of }
    }

    /// Writes all nodes and what names them; returns how many there are.
    pub(super) fn write(mut self, out: &mut String) -> usize {
        let Some(unit) = self.unit else { return 0 };
        let version = self.node("!{i32 2, !\"Debug Info Version\", i32 3}".into());
        _ = writeln!(out, "!llvm.module.flags = !{{!{version}}}\n!llvm.dbg.cu = !{{!{unit}}}");
        for (i, node) in self.nodes.iter().enumerate() {
            _ = writeln!(out, "!{} = {node}", i + 1);
        }
        self.nodes.len()
    }

    fn mark(&mut self, source: &Source, at: u32, function: usize, own: usize) -> Mark {
        let file = self.file(source);
        let scope = if file == own {
            function
        } else {
            self.node(format!(
                "!DILexicalBlockFile(scope: !{function}, file: !{file}, discriminator: 0)"
            ))
        };
        let (line, column) = source.position(at);
        let column = column.min(MOST_COLUMNS);
        let place = format!("!DILocation(line: {line}, column: {column}, scope: !{scope})");
        format!(", !dbg !{}", self.node(place)).into()
    }

    fn file(&mut self, source: &Source) -> usize {
        self.node(format!("!DIFile(filename: \"{}\", directory: \"\")", escaped(&source.name)))
    }

    fn unit(&mut self, file: usize) -> usize {
        if let Some(unit) = self.unit {
            return unit;
        }
        let unit = self.node(format!(
            "distinct !DICompileUnit(language: DW_LANG_C, file: !{file}, producer: \"snnc\", \
             isOptimized: true, runtimeVersion: 0, emissionKind: DebugDirectivesOnly)"
        ));
        self.unit = Some(unit);
        unit
    }

    /// The number of a node: the one that is there already, or a new one.
    fn node(&mut self, node: String) -> usize {
        let next = self.nodes.len() + 1;
        let nodes = &mut self.nodes;
        *self.known.entry(node).or_insert_with_key(|node| {
            nodes.push(node.clone());
            next
        })
    }
}

/// A name as it stands between quotes in IR.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') || byte == b' ';
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("\\{byte:02X}"),
    };
    name.bytes().map(one).collect()
}
