use snn_artifact::Code;

use super::{Level, OUTER, Options, REDUCE, clif, emit};
use crate::error::EmitError;
use crate::kernel::{Kernel, Verified, parse, samples, verify};

const LEVELS: [Level; 3] = [Level::X86_64V2, Level::X86_64V3, Level::Aarch64];

fn kernel(text: &str) -> Verified<Kernel> {
    verify(parse(text).unwrap()).unwrap()
}

fn code(text: &str, level: Level) -> Vec<u8> {
    let Code::Cpu(code) = emit(&[&kernel(text)], &Options { level }).unwrap().code else {
        panic!("not machine code")
    };
    code
}

/// Emission itself refuses relocations.
#[test]
fn all_kernels_are_emitted_for_all_levels_without_relocations() {
    for (name, text) in samples::ALL {
        for level in LEVELS {
            let emitted = emit(&[&kernel(text)], &Options { level });
            let emitted = emitted.unwrap_or_else(|e| panic!("{name}, {}: {e}", level.name()));
            let names: Vec<_> = emitted.entries.values().map(|e| e.symbol.as_str()).collect();
            assert!(names.len() == 2 && names.contains(&REDUCE), "{names:?}");
            assert!(emitted.entries.values().all(|e| e.offset % 64 == 0));
        }
    }
}

#[test]
fn the_same_options_give_the_same_bytes_and_others_do_not() {
    let [v2, v3, arm] = LEVELS.map(|level| code(samples::LIF_BACKWARD, level));
    assert_eq!(v3, code(samples::LIF_BACKWARD, Level::X86_64V3));
    assert!(v2 != v3 && v3 != arm);
}

#[test]
fn levels_have_names() {
    for level in LEVELS {
        assert_eq!(Level::from_name(level.name()), Some(level));
    }
    assert_eq!(Level::from_name("x86-64-v4"), None);
}

#[test]
fn the_function_of_a_copy() {
    let text = clif(&[&kernel(samples::COPY)], &Options { level: Level::X86_64V3 }).unwrap();
    let copy = text.split("; reduce").next().unwrap();
    insta::assert_snapshot!(copy);
}

const FMA: &str = "\
kernel multiply f32 chunk 8 lanes 16 block 16
  in x: input f32 sequence
  out y: output f32 sequence
  chunks forward
    steps forward
      %0 = load x
      %1 = fma %0, %0, %0
      store y, %1
    end
  end
";

fn refusal(text: &str, level: Level) -> String {
    match emit(&[&kernel(text)], &Options { level }) {
        Err(EmitError::Unsupported(unsupported)) => unsupported.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("emitted"),
    }
}

#[test]
fn fma_needs_a_level_that_has_it() {
    insta::assert_snapshot!(
        refusal(FMA, Level::X86_64V2),
        @"cpu cannot do `fma` at level x86-64-v2; take level x86-64-v3 or aarch64"
    );
    for level in [Level::X86_64V3, Level::Aarch64] {
        assert!(emit(&[&kernel(FMA)], &Options { level }).is_ok());
    }
}

const PRODUCT: &str = "\
kernel backward f32 chunk 8 lanes 16 block 16
  in x: input f32 sequence
  in w: param f32 matrix
  out y: output f32 sequence
  chunks forward
    %0 = product w, x, transposed
    steps forward
      %1 = kept %0
      store y, %1
    end
  end
";

#[test]
fn products_bring_outer_with_them_and_fused_ones_need_a_level() {
    for level in LEVELS {
        let emitted = emit(&[&kernel(PRODUCT)], &Options { level }).unwrap();
        let outer = &emitted.entries[OUTER];
        assert_eq!(outer.buffers[2].shape, ["ceil(N / 1024)", "T", "K + 1"]);
        let forward = kernel(&PRODUCT.replace("kernel backward", "kernel forward"));
        let emitted = emit(&[&forward], &Options { level }).unwrap();
        assert!(!emitted.entries.contains_key(OUTER));
    }
    let fused = PRODUCT.replace("product w", "product_fused w");
    assert!(refusal(&fused, Level::X86_64V2).contains("`fma` at level x86-64-v2"));
    for level in [Level::X86_64V3, Level::Aarch64] {
        assert!(emit(&[&kernel(&fused)], &Options { level }).is_ok());
    }
}

#[test]
fn half_precision_storage_is_refused() {
    let text = samples::COPY.replace("x: input f32", "x: input f16");
    insta::assert_snapshot!(
        refusal(&text, Level::X86_64V3),
        @"cpu cannot do 16-bit storage of `x`; store it in f32, or take a GPU target"
    );
}

#[test]
fn strips_that_cut_groups_are_refused() {
    let text = samples::LIF_BACKWARD.replace("f32 partial", "f32 group");
    assert!(emit(&[&kernel(&text)], &Options { level: Level::X86_64V3 }).is_ok());
    insta::assert_snapshot!(
        refusal(&text.replace("lanes 16", "lanes 8"), Level::X86_64V3),
        @"cpu cannot do sums of groups in strips of 8 lanes; take strips of a multiple of 16 lanes"
    );
}

#[test]
fn two_kernels_of_one_name_are_a_bug() {
    let kernel = kernel(samples::COPY);
    let twice = emit(&[&kernel, &kernel], &Options { level: Level::X86_64V3 });
    assert!(matches!(twice, Err(EmitError::Bug(_))));
}
