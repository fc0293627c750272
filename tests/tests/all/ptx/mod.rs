//! PTX without a GPU: every kernel is assembled for the capabilities we name, and must need neither
//! stack nor spill.

mod assembler;
mod lines;
mod registers;

use snn_artifact::{Code, Ptx, Target};
use snn_compiler::kernel::{Kernel, Schedule, Verified, parse, samples, verify};
use snn_compiler::pipeline;
use snn_compiler::targets::llvm::{Options, emit};
use snn_tests::numbers::{Numbers, is_soak};
use snn_tests::program::Program;

use self::assembler::{Ptxas, assemble};
use crate::parity::variants::variants;

/// The capabilities that the README names.
const CAPABILITIES: [u32; 3] = [75, 80, 90];

/// Schedules as PTX kernels have them: steps of a chunk, lanes of a thread, lanes of a block.
const SCHEDULES: [(u32, u32, u32); 4] = [(8, 4, 512), (4, 4, 512), (16, 2, 256), (16, 1, 128)];

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
fn samples_assemble_without_stack_and_spill() {
    let ptxas = match Ptxas::find() {
        Ok(ptxas) => ptxas,
        Err(why) => return println!("skipped: {why}"),
    };
    for (name, text) in samples::ALL {
        for schedule in SCHEDULES {
            let text = ptx(&sample(text, schedule), 75);
            for sm in CAPABILITIES {
                let usages = assemble(&ptxas, &text, name, sm);
                assert_eq!(usages.len(), 2, "{name}");
                let of = format!("{name} {schedule:?} for sm_{sm}");
                usages.iter().for_each(|usage| usage.assert_in_registers(&of));
            }
        }
    }
}

/// Products of a matrix with columns, which take most registers where a thread has four lanes, and the entry that
/// adds such over lanes.
#[test]
fn products_assemble_without_stack_and_spill() {
    let ptxas = match Ptxas::find() {
        Ok(ptxas) => ptxas,
        Err(why) => return println!("skipped: {why}"),
    };
    for product in ["product", "product_fused"] {
        for (order, schedule) in ["", ", transposed"]
            .into_iter()
            .flat_map(|order| [(16, 4, 256), (16, 2, 128), (8, 4, 512)].map(|s| (order, s)))
        {
            let text = format!(
                "kernel backward f32 chunk 16 lanes 4 block 512
  in x: input f32 sequence
  in w: param f32 matrix
  in b: param f32 step
  out grad.x: grad f32 sequence
  chunks reverse
    %0 = {product} w, x{order}
    steps reverse
      %1 = kept %0
      %2 = load b
      %3 = add %1, %2
      store grad.x, %3
    end
  end
"
            );
            for sm in CAPABILITIES {
                let usages = assemble(&ptxas, &ptx(&sample(&text, schedule), sm), product, sm);
                let entries: Vec<&str> = usages.iter().map(|u| u.entry.as_str()).collect();
                assert!(entries.contains(&"outer"), "{entries:?}");
                let of = format!("{product}{order} {schedule:?} for sm_{sm}");
                usages.iter().for_each(|usage| usage.assert_in_registers(&of));
            }
        }
    }
}

/// Each has a sum in shared memory, of which a block has no room for so many lanes' as it has otherwise.
#[test]
fn neurons_of_many_learnt_params_are_emitted() {
    for (k, regions) in [(4, 2), (7, 2), (7, 4)] {
        let hg = Program::new(snn::neuron::source("hg").unwrap());
        let hg = hg.option("k", k).option("regions", regions);
        let hg = hg.learn("theta").learn("h").learn("d").neuron();
        let options = pipeline::Options::new(Target::Ptx { sm: 90 });
        let key = pipeline::key(&hg, &options);
        let made = pipeline::back(&hg, &options, key);
        assert!(made.is_ok(), "{k} {regions}: {}", made.unwrap_err());
    }
}

#[test]
fn newer_capabilities_are_emitted_too() {
    for sm in CAPABILITIES {
        let text = ptx(&sample(samples::LIF_BACKWARD, SCHEDULES[0]), sm);
        assert!(text.contains(&format!(".target sm_{sm}")));
    }
}

/// The text that a device of a capability takes: the newest that is not too new for it.
fn text_for(texts: &[Ptx], sm: u32) -> &str {
    let text = texts.iter().rfind(|ptx| ptx.sm <= sm);
    &text.expect("there is a text for all that the README names").text
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
    let ptxas = Ptxas::find().inspect_err(|why| println!("skipped: {why}"));
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
            let of = format!("{name} for sm_{sm}");
            let usages = assemble(ptxas, text_for(&texts, *sm), &name, *sm);
            usages.iter().for_each(|usage| usage.assert_in_registers(&of));
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
