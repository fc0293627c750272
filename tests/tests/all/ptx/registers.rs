//! How many registers each entry of a neuron takes, held against a table, so that a change which costs
//! some is seen where it is reviewed.
//!
//! What the assembler needs differs between its versions. With another than the table's, entries are
//! still held to need neither stack nor spill.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use snn_artifact::{Code, Target};
use snn_compiler::check::PortDtype;
use snn_compiler::pipeline::{Options, back};
use snn_tests::gpu::cases::CASES;
use snn_tests::numbers::{Numbers, is_soak};
use snn_tests::program::Program;

use super::assembler::{Ptxas, assemble};
use super::{CAPABILITIES, text_for};
use crate::parity::corpus;

/// The assembler that the table is of: the one that `cargo xtask test` fetches.
const VERSION: &str = "V13.0.88";

/// One in so many programs that are not in the table is assembled in each run.
const SOME: usize = 6;

/// Registers by capability, in the order of [`CAPABILITIES`].
type Row = [u32; CAPABILITIES.len()];

/// The rows, by neuron and entry.
type Table = BTreeMap<(String, String), Row>;

/// Programs of the corpus that are in the table: several states, currents, gates, ints, levels, sums over
/// branches, params for each step, functions written out, a step so long that its chunks are shorter.
const TABLED: [&str; 13] = [
    "adlif",
    "cuba",
    "dh_lif",
    "feature_ints",
    "feature_save",
    "glif3",
    "hodgkin_huxley",
    "integer",
    "refractory",
    "resonate_and_fire",
    "synaptic",
    "ternary",
    "timed_decay",
];

/// The neurons in the table: the library's as GPUs are timed with them, and some of the corpus.
fn tabled() -> Vec<(String, Program)> {
    let cases = CASES.iter().filter(|case| case.dtype != PortDtype::F16);
    let library = cases.map(|case| {
        let name = format!("std {} {}", case.name, case.dtype).to_lowercase();
        (name.replace(' ', "-"), case.program())
    });
    let corpus = corpus::texts().into_iter().filter(|(name, _)| TABLED.contains(&name.as_str()));
    let corpus = corpus.map(|(name, text)| (name, Program::new(&text)));
    library.chain(corpus).collect()
}

/// The rows of a neuron for some capabilities; the others stay 0.
///
/// # Errors
///
/// The entries that need memory beside their registers.
fn rows(
    ptxas: &Ptxas,
    name: &str,
    program: &Program,
    capabilities: &[u32],
) -> Result<Table, String> {
    let options = Options::new(Target::Ptx { sm: CAPABILITIES[0] });
    let artifact = back(&program.neuron(), &options, "0".into());
    let Code::Ptx(texts) = artifact.map_err(|error| format!("{name}: {error}"))?.code else {
        return Err(format!("{name}: not PTX"));
    };
    let start = Instant::now();
    let (mut rows, mut wrong) = (Table::new(), String::new());
    for (column, sm) in CAPABILITIES.into_iter().enumerate() {
        if !capabilities.contains(&sm) {
            continue;
        }
        for usage in assemble(ptxas, text_for(&texts, sm), name, sm) {
            if (usage.stack, usage.spilled) != (0, 0) {
                _ = writeln!(wrong, "{name} for sm_{sm}: {usage:?}");
            }
            let neuron = if usage.entry == "reduce" { "all" } else { name };
            rows.entry((neuron.into(), usage.entry)).or_default()[column] = usage.registers;
        }
    }
    println!("{name}: assembled in {:.1} s", start.elapsed().as_secs_f64());
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

/// The rows of all neurons, made by as many threads as there are processors.
fn table(ptxas: &Ptxas, neurons: &[(String, Program)], capabilities: &[u32]) -> Table {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((name, program)) = neurons.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.push(rows(ptxas, name, program, capabilities));
        }
        found
    };
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found: Vec<Result<Table, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let wrong: Vec<&str> =
        found.iter().filter_map(|rows| Some(rows.as_ref().err()?.as_str())).collect();
    assert!(wrong.is_empty(), "stack or spilled registers:\n{}", wrong.concat());
    found.into_iter().flat_map(Result::unwrap_or_default).collect()
}

/// The table for one of the capabilities.
fn print(table: &Table, column: usize) -> String {
    let mut text = format!("Registers of a thread, by ptxas {VERSION}\n\n");
    let head = format!("sm_{}", CAPABILITIES[column]);
    _ = writeln!(text, "{:28} {:20} {head:>5}", "neuron", "entry");
    for ((neuron, entry), row) in table {
        _ = writeln!(text, "{neuron:28} {entry:20} {:5}", row[column]);
    }
    text
}

/// In the soak for all capabilities, otherwise for the newest.
#[test]
fn registers_are_those_of_the_table() {
    let ptxas = match Ptxas::find() {
        Ok(ptxas) => ptxas,
        Err(why) => return println!("skipped: {why}"),
    };
    let first = if is_soak() { 0 } else { CAPABILITIES.len() - 1 };
    let table = table(&ptxas, &tabled(), &CAPABILITIES[first..]);
    if ptxas.version != VERSION {
        let given = ptxas.version;
        return println!("skipped: the table is of ptxas {VERSION}, and this one is {given}");
    }
    insta::with_settings!({omit_expression => true}, {
        for (column, sm) in CAPABILITIES.into_iter().enumerate().skip(first) {
            insta::assert_snapshot!(format!("registers_sm_{sm}"), print(&table, column));
        }
    });
}

/// What is not in the table: in the soak all programs for all capabilities, otherwise some for one, since
/// the assembler takes seconds for a long step.
#[test]
fn programs_of_the_corpus_assemble_without_stack_and_spill() {
    let ptxas = match Ptxas::find() {
        Ok(ptxas) => ptxas,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut numbers = Numbers::fresh();
    let mut programs = corpus::texts();
    programs.retain(|(name, _)| !TABLED.contains(&name.as_str()));
    let mut capabilities = CAPABILITIES.to_vec();
    if !is_soak() {
        programs.retain(|_| numbers.below(SOME) == 0);
        capabilities = vec![CAPABILITIES[numbers.below(CAPABILITIES.len())]];
    }
    let programs = programs.into_iter().map(|(name, text)| (name, Program::new(&text)));
    table(&ptxas, &programs.collect::<Vec<_>>(), &capabilities);
}
