//! PTX without a GPU: every kernel is assembled for the capabilities we name, and must need neither
//! stack nor spill.

use std::path::{Path, PathBuf};
use std::process::Command;

use snn_artifact::{Code, Ptx, Target};
use snn_compiler::kernel::{Kernel, Schedule, Verified, parse, samples, verify};
use snn_compiler::pipeline;
use snn_compiler::targets::llvm::{Options, emit};
use snn_tests::numbers::{Numbers, is_soak};

use crate::parity::variants::variants;

/// The capabilities that the README names.
const CAPABILITIES: [u32; 3] = [75, 80, 90];

/// Schedules as PTX kernels have them: steps of a chunk, lanes of a thread, lanes of a block.
const SCHEDULES: [(u32, u32, u32); 4] = [(8, 4, 512), (4, 4, 512), (16, 2, 256), (16, 1, 128)];

/// What the assembler says of one entry.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    entry: String,
    registers: u32,
    stack: u32,
    spilled: u32,
}

/// The assembler, or why there is none.
fn assembler() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("SNNC_PTXAS") {
        return Ok(path.into());
    }
    let found = Command::new("ptxas").arg("--version").output().is_ok();
    if found {
        Ok("ptxas".into())
    } else {
        Err("SNNC_PTXAS is not set and ptxas is not on the path".into())
    }
}

/// Assembles PTX and reads what each entry needs.
fn assemble(ptxas: &Path, ptx: &str, name: &str, capabilities: &[u32]) -> Vec<Usage> {
    let folder = std::env::temp_dir().join(format!("snnc-ptx-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let (input, output) = (folder.join("kernels.ptx"), folder.join("kernels.cubin"));
    std::fs::write(&input, ptx).expect("the temporary folder can be written");
    let usages = capabilities.iter().flat_map(|sm| {
        let mut command = Command::new(ptxas);
        command.args(["-v", "-arch", &format!("sm_{sm}"), "-o"]).arg(&output).arg(&input);
        let done = command.output().expect("ptxas runs");
        let said = String::from_utf8_lossy(&done.stderr).into_owned()
            + &String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{name} for sm_{sm}: {said}\n{ptx}");
        usage(&said)
    });
    let usages = usages.collect();
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
    usages
}

/// Reads the assembler's verbose output.
fn usage(said: &str) -> Vec<Usage> {
    let mut usages: Vec<Usage> = Vec::new();
    for line in said.lines() {
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            let entry = rest.split('\'').next().unwrap_or_default().into();
            usages.push(Usage { entry, ..Usage::default() });
        }
        let Some(last) = usages.last_mut() else { continue };
        last.stack += number_before(line, " bytes stack frame");
        last.spilled +=
            number_before(line, " bytes spill stores") + number_before(line, " bytes spill loads");
        last.registers += number_before(line, " registers");
    }
    usages
}

/// The number that stands before a word, 0 where the word is missing.
fn number_before(line: &str, word: &str) -> u32 {
    let before = line.find(word).map(|at| &line[..at]);
    let digits = before.and_then(|text| text.rsplit(|c: char| !c.is_ascii_digit()).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn sample(text: &str, (chunk, lanes, block): (u32, u32, u32)) -> Verified<Kernel> {
    let mut kernel = parse(text).expect("samples are kernels");
    kernel.schedule = Schedule { chunk, lanes, block };
    verify(kernel).expect("samples are verified")
}

fn ptx(kernel: &Verified<Kernel>, sm: u32) -> String {
    match emit(&[kernel], &Options { sm }).expect("kernels are emitted").code {
        Code::Ptx(mut texts) => texts.swap_remove(0).text,
        other => panic!("not PTX: {other:?}"),
    }
}

#[test]
fn the_assembler_s_words_are_read() {
    let said = "\
ptxas info    : Compiling entry function 'reduce' for 'sm_75'
ptxas info    : Function properties for reduce
    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 44 registers, used 1 barriers, 4096 bytes smem, 392 bytes cmem[0]
";
    let read = Usage { entry: "reduce".into(), registers: 44, stack: 8, spilled: 28 };
    assert_eq!(usage(said), [read]);
}

#[test]
fn samples_assemble_without_stack_and_spill() {
    let ptxas = match assembler() {
        Ok(path) => path,
        Err(why) => return println!("skipped: {why}"),
    };
    for (name, text) in samples::ALL {
        for (i, schedule) in SCHEDULES.into_iter().enumerate() {
            let kernel = sample(text, schedule);
            let usages = assemble(&ptxas, &ptx(&kernel, 75), &format!("{name}-{i}"), &CAPABILITIES);
            assert_eq!(usages.len(), 2 * CAPABILITIES.len(), "{name}");
            for usage in usages {
                println!("{name} {schedule:?}: {usage:?}");
                assert_eq!((usage.stack, usage.spilled), (0, 0), "{name} {schedule:?}: {usage:?}");
            }
        }
    }
}

#[test]
fn newer_capabilities_are_emitted_too() {
    for sm in CAPABILITIES {
        let text = ptx(&sample(samples::LIF_BACKWARD, SCHEDULES[0]), sm);
        assert!(text.contains(&format!(".target sm_{sm}")));
    }
}

/// The entries of a text, by name.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(".visible .entry ").skip(1).map(|entry| {
        let name = entry.split('(').next().unwrap_or_default();
        (name, entry)
    })
}

/// Every form of a neuron, for one of the capabilities each, in the soak for all. That the text is
/// strict is checked whenever PTX is emitted; here it is looked at once more, by other eyes.
fn neurons_need_neither_stack_nor_spill(neuron: &'static str) {
    let ptxas = assembler().inspect_err(|why| println!("skipped: {why}"));
    let mut numbers = Numbers::fresh();
    for variant in variants(neuron) {
        let name = variant.name();
        let options = pipeline::Options::new(Target::Ptx { sm: 75 });
        let artifact = pipeline::back(&variant.program().neuron(), &options, "0".into());
        let Code::Ptx(texts) = artifact.expect("neurons are emitted").code else {
            panic!("{name}: not PTX");
        };
        for Ptx { text, .. } in &texts {
            for word in [".ftz", ".approx", ".local", "\tatom.", "\tred."] {
                assert!(!text.contains(word), "{name}: {word}");
            }
            for (entry, text) in entries(text) {
                let is_strict = !entry.starts_with("backward");
                for word in ["\tfma.", "\tmad.f", "\tdiv.full"] {
                    assert!(!is_strict || !text.contains(word), "{name} {entry}: {word}");
                }
            }
        }
        let Ok(ptxas) = &ptxas else { continue };
        let one = [CAPABILITIES[numbers.below(CAPABILITIES.len())]];
        let capabilities = if is_soak() { &CAPABILITIES[..] } else { &one };
        for sm in capabilities {
            // A device takes the newest text that is not too new for it.
            let text = texts.iter().rfind(|ptx| ptx.sm <= *sm).map(|ptx| ptx.text.as_str());
            let text = text.expect("there is a text for all that the README names");
            for usage in assemble(ptxas, text, &name.replace(' ', "-"), &[*sm]) {
                println!("{name}: {usage:?}");
                assert_eq!((usage.stack, usage.spilled), (0, 0), "{name}: {usage:?}");
            }
        }
    }
}

#[test]
fn if_assembles_without_stack_and_spill() {
    neurons_need_neither_stack_nor_spill("if");
}

#[test]
fn lif_assembles_without_stack_and_spill() {
    neurons_need_neither_stack_nor_spill("lif");
}

#[test]
fn plif_assembles_without_stack_and_spill() {
    neurons_need_neither_stack_nor_spill("plif");
}
