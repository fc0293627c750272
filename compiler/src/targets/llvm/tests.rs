//! Emission of the sample kernels, in other schedules than their own too.

use super::{Options, emit, llvm_ir};
use crate::error::EmitError;
use crate::kernel::{Kernel, Schedule, Stmt, Verified, parse, samples, verify};
use crate::targets::CAPABILITIES;

fn sample(text: &str, schedule: Schedule) -> Verified<Kernel> {
    let mut kernel = parse(text).expect("samples are kernels");
    kernel.schedule = schedule;
    verify(kernel).expect("samples are verified")
}

fn schedule(chunk: u32, lanes: u32, block: u32) -> Schedule {
    Schedule { chunk, lanes, block }
}

fn ptx(kernel: &Verified<Kernel>) -> String {
    let emitted = emit(&[kernel], &Options::default()).expect("samples are emitted");
    match emitted.code {
        snn_artifact::Code::Ptx(mut texts) => texts.swap_remove(0).text,
        other => panic!("not PTX: {other:?}"),
    }
}

/// The lines of one entry.
fn entry<'t>(text: &'t str, name: &str) -> &'t str {
    let start = text.find(&format!(".visible .entry {name}(")).expect("the entry is there");
    let end = text[start..].find("\n}").expect("the entry ends");
    &text[start..start + end]
}

#[test]
fn samples_are_emitted_in_many_schedules() {
    for (name, text) in samples::ALL {
        for (chunk, lanes, block) in [(1, 1, 32), (4, 4, 512), (8, 2, 128), (16, 1, 64), (5, 8, 80)]
        {
            let kernel = sample(text, schedule(chunk, lanes, block));
            let emitted = emit(&[&kernel], &Options::default());
            assert!(emitted.is_ok(), "{name} {chunk} {lanes} {block}: {:?}", emitted.err());
        }
    }
}

#[test]
fn the_ir_of_a_copy_is_readable() {
    let kernel = sample(samples::COPY, schedule(2, 2, 64));
    let ir = llvm_ir(&[&kernel], 75).expect("samples are emitted");
    let function = ir.find("define ptx_kernel void @copy").expect("the function is there");
    insta::assert_snapshot!("copy_ir", &ir[function..]);
}

#[test]
fn the_ptx_of_a_copy_has_vector_accesses() {
    let kernel = sample(samples::COPY, schedule(4, 4, 512));
    let text = ptx(&kernel);
    let forward = entry(&text, "copy");
    assert_eq!(forward.matches("ld.global.cs.v4.f32").count(), 4 + 3);
    assert_eq!(forward.matches("st.global.cs.v4.f32").count(), 4 + 3);
    insta::assert_snapshot!(
        "copy_ptx",
        entry(&ptx(&sample(samples::COPY, schedule(1, 4, 512))), "copy")
    );
}

#[test]
fn all_loads_of_a_full_chunk_stand_before_its_first_store() {
    let text = ptx(&sample(samples::LIF_BACKWARD, schedule(8, 4, 512)));
    let full = entry(&text, "backward").split("bar.warp.sync").any(|part| {
        let loads = part.rsplit("st.global").next().unwrap_or_default();
        loads.matches("ld.global.cs.v4").count() >= 8
    });
    assert!(full, "no run of loads in\n{text}");
}

#[test]
fn an_fma_is_fused_and_nothing_else() {
    let fused = samples::COPY
        .replace("%0 = load x", "%0 = load x\n      %1 = fma %0, %0, %0")
        .replace("store y, %0", "store y, %1");
    let text = ptx(&sample(&fused, schedule(4, 4, 512)));
    assert!(entry(&text, "copy").contains("fma.rn.f32"));
    assert!(!ptx(&sample(samples::LIF_BACKWARD, schedule(8, 4, 512))).contains("fma."));
}

#[test]
fn schedules_that_no_block_has_are_unsupported() {
    for schedule in [schedule(8, 16, 1024), schedule(8, 3, 96), schedule(8, 1, 2048)] {
        let error = emit(&[&sample(samples::COPY, schedule)], &Options::default()).err();
        assert!(matches!(error, Some(EmitError::Unsupported(_))), "{schedule:?}");
    }
}

#[test]
fn llvm_knows_every_capability_that_is_taken() {
    let kernel = sample(samples::COPY, schedule(8, 4, 512));
    for sm in CAPABILITIES {
        let emitted = emit(&[&kernel], &Options { sm }).expect("samples are emitted");
        let snn_artifact::Code::Ptx(texts) = emitted.code else { panic!("not PTX") };
        assert!(texts[0].text.contains(&format!(".target sm_{sm}\n")), "{}", texts[0].text);
        let newer: Vec<u32> = texts[1..].iter().map(|text| text.sm).collect();
        assert_eq!(newer, if sm < 90 { vec![90] } else { vec![] });
    }
}

#[test]
fn other_capabilities_are_refused_with_those_there_are() {
    let kernel = sample(samples::COPY, schedule(8, 4, 512));
    let refused = |sm| match emit(&[&kernel], &Options { sm }).err() {
        Some(EmitError::Unsupported(unsupported)) => unsupported.to_string(),
        other => panic!("{other:?}"),
    };
    let all = "choose 70, 72, 75, 80, 86, 87, 89 or 90";
    assert_eq!(refused(61), format!("ptx cannot do the compute capability 61; {all}"));
    let newer = format!("ptx cannot do the compute capability 120; {all}, which newer devices run");
    assert_eq!(refused(120), newer);
}

#[test]
fn two_kernels_of_one_name_are_a_bug() {
    let kernel = sample(samples::COPY, schedule(8, 4, 512));
    assert!(matches!(emit(&[&kernel, &kernel], &Options::default()), Err(EmitError::Bug(_))));
}

#[test]
fn the_manifest_says_how_to_launch() {
    let kernel = sample(samples::LIF_BACKWARD, schedule(8, 4, 512));
    let has_sum = kernel.body.iter().any(|stmt| matches!(stmt, Stmt::Reduce(..)));
    let emitted = emit(&[&kernel], &Options::default()).expect("samples are emitted");
    let backward = &emitted.entries["backward"];
    assert!(has_sum);
    assert_eq!((backward.threads, backward.lanes, backward.block), (128, 4, 512));
    assert_eq!(emitted.entries["reduce"].threads, 1024);
}

/// A product in each of its forms, what each step has one of, and sums of both over lanes.
fn with_product(name: &str, product: &str) -> String {
    format!(
        "kernel {name} f32 chunk 16 lanes 4 block 512
  in x: input f32 sequence
  in w: param f32 matrix
  in b: param f32 step
  in grad.s: grad f32 sequence
  out h: output f32 sequence
  chunks reverse
    %0 = {product}
    steps forward
      %1 = kept %0
      %2 = load b
      %3 = add %1, %2
      %4 = load grad.s
      %5 = mul %3, %4
      store h, %5
    end
  end
"
    )
}

#[test]
fn products_are_fused_only_where_they_may_be() {
    for (name, product) in [
        ("forward", "product w, x"),
        ("forward", "product w, x, transposed"),
        ("backward", "product_fused w, x"),
        ("backward", "product_fused w, x, transposed"),
    ] {
        let text = with_product(name, product);
        let is_fused = product.starts_with("product_fused");
        for (chunk, lanes, block) in [(16, 4, 512), (1, 1, 32), (5, 2, 64), (4, 4, 256)] {
            let text = ptx(&sample(&text, schedule(chunk, lanes, block)));
            let of = format!("{product} {chunk} {lanes}");
            assert_eq!(entry(&text, name).contains("fma.rn.f32"), is_fused, "{of}");
            assert_eq!(text.contains(".entry outer("), name == "backward", "{of}");
        }
    }
}

#[test]
fn entries_of_a_matrix_are_loaded_by_four() {
    for product in ["product w, x", "product w, x, transposed"] {
        let text = ptx(&sample(&with_product("forward", product), schedule(16, 4, 512)));
        let quads = entry(&text, "forward").matches("ld.global.nc.v4.f32").count();
        // Those of the full chunk and of the short one, beside 18 loads of the column in either.
        assert!(quads >= 16 + 15 + 2 * 18, "{product}: {quads}");
    }
}

#[test]
fn sums_of_products_are_described() {
    let kernel = sample(&with_product("backward", "product w, x"), schedule(16, 4, 512));
    let emitted = emit(&[&kernel], &Options::default()).expect("samples are emitted");
    let outer = &emitted.entries["outer"];
    assert_eq!((outer.symbol.as_str(), outer.threads, outer.block), ("outer", 256, 2048));
    let names: Vec<&str> = outer.buffers.iter().map(|buffer| buffer.name.as_str()).collect();
    assert_eq!(names, ["left", "right", "partial"]);
}
