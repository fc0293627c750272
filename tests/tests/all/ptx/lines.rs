//! Line info: which lines of a program the PTX tells of, and that it changes nothing else.

use std::collections::BTreeSet;

use snn_artifact::{Code, Ptx, Target};
use snn_compiler::check::PortDtype;
use snn_compiler::pipeline::{Options, back};
use snn_tests::gpu::cases::CASES;
use snn_tests::program::Program;

use super::assembler::{Ptxas, assemble};
use super::entries;

/// A neuron with a line for each equation, a function of its file, one of the prelude, and one that is
/// written out.
const NEURON: &str = "\
fn leak(v, x, tau) =
  v + (x - v) * exp(-1 / tau)

neuron Leaky(surr: surrogate = sigmoid(alpha: 4.0)) {
  input  x
  param  tau = 2.0 in (1, inf) learn
  state  v = 0
  charge v = leak(v, x, tau)
  fire   s = spike(v - 1,
                   surr)
  reset  v = reset_voltage(v, s, 1, 0)
  output s
}
";

fn texts(program: &Program, line_info: bool) -> Vec<Ptx> {
    let options = Options { line_info, ..Options::new(Target::Ptx { sm: 75 }) };
    match back(&program.neuron(), &options, "0".into()).expect("neurons are emitted").code {
        Code::Ptx(texts) => texts,
        other => panic!("not PTX: {other:?}"),
    }
}

/// The lines that an entry tells of; all are of the first file.
fn lines(entry: &str) -> BTreeSet<u32> {
    let places = entry.lines().filter_map(|line| line.trim().strip_prefix(".loc\t"));
    let number = |place: &str| place.split(' ').nth(1)?.parse().ok();
    places.inspect(|place| assert!(place.starts_with("1 "), "{place}")).filter_map(number).collect()
}

#[test]
fn every_equation_has_a_line() {
    for Ptx { text, .. } in texts(&Program::new(NEURON), true) {
        assert!(text.contains("\t.file\t1 \"test.snn\"\n"), "{text}");
        for (entry, text) in entries(&text) {
            let lines = lines(text);
            // `charge` does nothing itself but call the function on line 2.
            let own: &[u32] = if entry == "reduce" { &[] } else { &[2, 4, 5, 6, 7, 9, 11] };
            let missing: Vec<&u32> = own.iter().filter(|line| !lines.contains(line)).collect();
            assert!(missing.is_empty(), "{entry}: {missing:?} are not among {lines:?}");
        }
    }
}

/// Whether a line of PTX is there for line info alone.
fn is_line_info(line: &str) -> bool {
    let marks = [".loc\t", ".file\t", ".section\t.debug_loc\t", "$L__func_", "$L__tmp"];
    marks.iter().any(|mark| line.trim_start().starts_with(mark))
}

#[test]
fn line_info_changes_nothing_else() {
    for program in [Program::new(NEURON), CASES[0].program()] {
        for (plain, told) in texts(&program, false).iter().zip(texts(&program, true)) {
            assert!(!plain.text.lines().any(is_line_info));
            let rest = told.text.lines().filter(|line| !is_line_info(line));
            // Line by line, since the texts are long.
            plain.text.lines().zip(rest.clone()).for_each(|(plain, rest)| assert_eq!(plain, rest));
            assert_eq!(plain.text.lines().count(), rest.count());
        }
    }
}

#[test]
fn line_info_costs_no_registers() {
    let ptxas = match Ptxas::find() {
        Ok(ptxas) => ptxas,
        Err(why) => return println!("skipped: {why}"),
    };
    let library = CASES.iter().filter(|case| case.dtype == PortDtype::F32).take(3);
    let programs = library.map(|case| case.program()).chain([Program::new(NEURON)]);
    for program in programs {
        let usages = |line_info| {
            let texts = texts(&program, line_info);
            assemble(&ptxas, &texts[0].text, "lines", 80)
        };
        assert_eq!(usages(true), usages(false));
    }
}
