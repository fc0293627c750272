use super::*;
use crate::kernel::parse::parse;
use crate::kernel::print::print;
use crate::kernel::samples;
use crate::kernel::verify::verify;

/// A sample as it is scheduled for WGSL.
fn sample(text: &str) -> Verified<Kernel> {
    let mut kernel = parse(text).unwrap();
    kernel.schedule.lanes = 1;
    kernel.schedule.block = kernel.schedule.block.min(MAX_THREADS);
    verify(kernel).unwrap()
}

fn text(emitted: &Emitted) -> &str {
    let artifact::Code::Wgsl(text) = &emitted.code else { panic!("not WGSL") };
    text
}

fn emit_text(sources: &[&str], options: Options) -> String {
    let kernels: Vec<_> = sources.iter().map(|s| sample(s)).collect();
    let kernels: Vec<_> = kernels.iter().collect();
    text(&emit(&kernels, &options).unwrap()).into()
}

#[test]
fn lif_forward() {
    insta::assert_snapshot!(emit_text(&[samples::LIF_FORWARD], Options::default()));
}

#[test]
fn lif_backward() {
    insta::assert_snapshot!(emit_text(&[samples::LIF_BACKWARD], Options::default()));
}

#[test]
fn all_samples_are_emitted_strict_or_fast() {
    for (strict, lanes) in [(true, 1), (false, 1), (true, 4), (false, 4)] {
        for (name, source) in samples::ALL {
            let mut kernel = Kernel::clone(&sample(source));
            kernel.schedule.lanes = lanes;
            kernel.schedule.block = lanes * 64;
            let emitted = emit(&[&verify(kernel).unwrap()], &Options { strict }).unwrap();
            let text = text(&emitted);
            assert!(text.contains("@compute @workgroup_size(64"), "{name}");
        }
    }
}

#[test]
fn kernels_share_a_module() {
    let text = emit_text(&[samples::LIF_FORWARD_TRAIN, samples::LIF_BACKWARD], Options::default());
    for name in ["forward_train", "backward", "reduce"] {
        assert_eq!(text.matches(&format!("fn {name}(")).count(), 1, "{name}");
    }
}

/// The lines of a kernel's values that compute; those with an index load.
fn values(text: &str) -> impl Iterator<Item = &str> {
    let values = text.lines().map(str::trim).filter(|line| line.starts_with("let v"));
    values.filter(|line| !line.contains('['))
}

#[test]
fn strict_kernels_hide_every_result_of_arithmetic() {
    let text = emit_text(&[samples::LIF_BACKWARD], Options::default());
    let computed =
        |line: &&str| [" + ", " - ", " * ", " / ", "select"].iter().any(|op| line.contains(op));
    let lines: Vec<&str> = values(&text).filter(computed).collect();
    assert!(lines.len() > 15, "{lines:?}");
    for line in lines {
        assert!(line.contains("^ zero"), "{line}");
    }
}

#[test]
fn sums_of_groups_are_hidden_where_blocks_are() {
    let groups = samples::LIF_BACKWARD.replace("partial f32 partial", "partial f32 group");
    for (strict, hidden) in [(true, 4), (false, 0)] {
        let text = emit_text(&[&groups], Options { strict });
        let (_, sums) = text.split_once("lanes_of_group").unwrap();
        let (sums, _) = sums.split_once("fn reduce").unwrap();
        assert_eq!(sums.matches("^ zero").count(), hidden, "{text}");
        // One for each distance, and one before the memory is used again.
        assert_eq!(sums.matches("workgroupBarrier()").count(), 5, "{text}");
    }
}

#[test]
fn fast_kernels_hide_nothing() {
    let text = emit_text(&[samples::LIF_BACKWARD], Options { strict: false });
    assert!(values(&text).all(|line| !line.contains("zero")), "{text}");
}

/// A kernel of one value on the sample's schedule.
fn one(buffers: &str, body: &str) -> Kernel {
    let text = format!("kernel one f32 chunk 4 lanes 1 block 64\n{buffers}\n{body}\n");
    parse(&text).unwrap()
}

fn refusal(kernel: Kernel) -> String {
    let Err(error) = emit(&[&verify(kernel).unwrap()], &Options::default()) else {
        panic!("it was emitted");
    };
    error.to_string()
}

#[test]
fn what_wgsl_lacks_is_refused_by_name() {
    let mut double = parse(samples::COPY).unwrap();
    double.compute = crate::kernel::Float::F64;
    assert!(refusal(double).starts_with("wgsl cannot do computing in f64; compute in f32"));
    let half = parse(&samples::COPY.replace("input f32", "input bf16")).unwrap();
    assert!(refusal(half).starts_with("wgsl cannot do `x` stored as bf16"));
    let wide = parse(samples::COPY).unwrap();
    assert!(refusal(wide).contains("16 lanes, blocks of 1024"));
    let buffers = "  in x: state_in f32 lane\n  out y: state_out f32 lane";
    let fused = one(buffers, "  %0 = load x\n  %1 = fma %0, %0, %0\n  store y, %1");
    assert!(refusal(fused).starts_with("wgsl cannot do an `fma` rounded once"));
}

#[test]
fn products_bring_outer_with_them_and_are_never_fused() {
    let buffers =
        "  in x: input f32 sequence\n  in w: param f32 matrix\n  out y: output f32 sequence";
    let body = "  chunks forward\n  %0 = product w, x\n  steps forward\n  %1 = kept %0\n  \
        store y, %1\n  end\n  end";
    let forward = one(buffers, body);
    let mut backward = forward.clone();
    backward.name = "backward".into();
    for strict in [true, false] {
        let text_of = |kernel: &Kernel| {
            let kernel = verify(kernel.clone()).unwrap();
            text(&emit(&[&kernel], &Options { strict }).unwrap()).to_string()
        };
        assert!(!text_of(&forward).contains("fn outer("));
        let text = text_of(&backward);
        assert!(text.contains("@compute @workgroup_size(64, 1, 1) \nfn outer("), "{text}");
    }
    let fused = parse(&print(&backward).replace("product w", "product_fused w")).unwrap();
    assert!(refusal(fused).starts_with("wgsl cannot do an `fma` rounded once"));
}

#[test]
fn infinities_and_nan_are_bits() {
    let buffers = "  in x: state_in f32 lane\n  out y: state_out f32 lane";
    let body = "  %0 = load x\n  %1 = real inf\n  %2 = real nan\n  %3 = real 1e-40\n  \
        %4 = max %1, %2\n  %5 = add %4, %3\n  %6 = add %0, %5\n  store y, %6";
    for strict in [true, false] {
        let kernel = verify(one(buffers, body)).unwrap();
        let emitted = emit(&[&kernel], &Options { strict }).unwrap();
        assert!(text(&emitted).contains("(2139095040u ^ zero)"), "{}", text(&emitted));
    }
}

/// The bindings of a kernel: the number of each buffer, `+` where it begins at an offset.
fn bindings(kernel: &Kernel) -> String {
    let bindings = bind::bind(kernel).buffers;
    let show =
        |b: &artifact::Binding| format!("{}{}", b.index, if b.offset.is_some() { "+" } else { "" });
    bindings.iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn small_buffers_share_a_binding_only_past_eight() {
    assert_eq!(bindings(&parse(samples::LIF_FORWARD_TRAIN).unwrap()), "1 2 3 4 5 6");
    // x, state.v, tau, saved.v, grad.s, grad.state_out.v, grad.x, grad.state.v, partial.tau
    assert_eq!(bindings(&parse(samples::LIF_BACKWARD).unwrap()), "1 2+ 2+ 3 4 2+ 5 6 7");
    let params: String = (0..9).map(|i| format!("  in p{i}: param f32 layer\n")).collect();
    let sequences = "  in x: input f32 sequence\n  out s: output f32 sequence";
    let many = one(&format!("{params}{sequences}"), "");
    assert_eq!(bindings(&many), "1+ 1+ 1+ 1+ 1+ 1+ 1+ 1+ 1+ 2 3");
}
