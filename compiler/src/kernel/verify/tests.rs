use super::super::samples::{self, PRODUCT};
use super::super::{ParseError, parse, print};
use super::*;

/// The sample with the first of each pair replaced by the second.
fn edited(sample: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(sample.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "no `{from}` in\n{text}");
        text.replacen(from, to, 1)
    })
}

fn message(text: &str) -> String {
    let kernel = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    match verify(kernel) {
        Ok(_) => format!("no rule broken by\n{text}"),
        Err(Bug(message)) => message,
    }
}

fn breaks(rule: &str, sample: &str, edits: &[(&str, &str)]) {
    let message = message(&edited(sample, edits));
    assert!(message.contains(&format!("{rule}: ")), "{rule}, got {message}");
}

fn keeps(sample: &str, edits: &[(&str, &str)]) {
    let kernel = parse(&edited(sample, edits)).expect("a kernel");
    verify(kernel).expect("a well-formed kernel");
}

#[test]
fn products_read_back() {
    for product in ["product w, x", "product w, x, transposed", "product_fused w, x"] {
        let text = PRODUCT.replace("product w, x", product);
        assert_eq!(print(&parse(&text).expect("a kernel")), text);
    }
}

#[test]
fn samples_verify_and_read_back() {
    for (name, text) in samples::ALL {
        let kernel = parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(print(&kernel), text, "{name}");
        verify(kernel).unwrap_or_else(|bug| panic!("{name}: {bug}"));
    }
}

#[test]
fn k1_names() {
    breaks("K1", samples::COPY, &[("out y", "out x"), ("store y", "store x")]);
    let mut kernel = parse(samples::COPY).expect("a kernel");
    kernel.buffers[0].name = "a b".into();
    assert!(verify(kernel.clone()).is_err_and(|bug| bug.0.contains("K1: ")));
    kernel.name = String::new();
    assert!(verify(kernel).is_err_and(|bug| bug.0.contains("K1: ")));
}

#[test]
fn k2_schedule() {
    breaks("K2", samples::COPY, &[("chunk 8", "chunk 0")]);
    breaks("K2", samples::COPY, &[("lanes 16", "lanes 0")]);
    breaks("K2", samples::COPY, &[("block 1024", "block 1000")]);
    breaks("K2", samples::COPY, &[("block 1024", "block 0")]);
    keeps(samples::COPY, &[("lanes 16 block 1024", "lanes 3 block 9")]);
    let groups = ("partial f32 partial", "partial f32 group");
    let schedule = |cut| ("lanes 16 block 1024", cut);
    breaks("K2", samples::LIF_BACKWARD, &[groups, schedule("lanes 3 block 9")]);
    breaks("K2", samples::LIF_BACKWARD, &[groups, schedule("lanes 8 block 24")]);
    keeps(samples::LIF_BACKWARD, &[groups, schedule("lanes 8 block 48")]);
    keeps(samples::LIF_BACKWARD, &[groups, schedule("lanes 1 block 16")]);
}

#[test]
fn k3_roles_and_shapes() {
    breaks("K3", samples::COPY, &[("in x: input f32 sequence", "in x: input f32 lane")]);
    breaks("K3", samples::COPY, &[("in x: input", "in x: state_in")]);
    breaks("K3", samples::COPY, &[("out y: output", "out y: input")]);
    breaks("K3", samples::LIF_FORWARD, &[("tau: param f32 layer", "tau: param f32 lane")]);
    breaks("K3", samples::LIF_BACKWARD, &[("partial f32 partial", "grad f32 partial")]);
}

#[test]
fn k4_storage() {
    breaks("K4", samples::COPY, &[("x: input f32", "x: input f64")]);
    breaks("K4", samples::LIF_FORWARD, &[("state.v: state_in f32", "state.v: state_in f16")]);
    breaks("K4", samples::LIF_FORWARD, &[("tau: param f32", "tau: param bf16")]);
    breaks("K4", samples::LIF_FORWARD, &[("tau: param f32", "tau: param i32")]);
    keeps(samples::COPY, &[("x: input f32", "x: input bf16"), ("y: output f32", "y: output f16")]);
    keeps(samples::COPY, &[("copy f32", "copy f64"), ("x: input f32", "x: input f64")]);
    keeps(samples::LIF_FORWARD_TRAIN, &[("saved f32", "saved bf16")]);
}

#[test]
fn k5_one_definition() {
    let twice = [("%1 = real 0.0", "%1 = real 0.0\n  %1 = real 1.0")];
    breaks("K5", samples::LIF_FORWARD, &twice);
    breaks("K5", samples::LIF_FORWARD, &[("=> %15", "=> %0"), ("_out.v, %15", "_out.v, %0")]);
    let mut kernel = parse(samples::COPY).expect("a kernel");
    kernel.new_value(Type::Real);
    assert!(verify(kernel).is_err_and(|bug| bug.0.contains("K5: %1 is defined nowhere")));
}

#[test]
fn k6_scope() {
    breaks("K6", samples::LIF_FORWARD, &[("state_out.v, %15", "state_out.v, %14")]);
    breaks("K6", samples::LIF_FORWARD, &[("state_out.v, %15", "state_out.v, %12")]);
    breaks("K6", samples::LIF_FORWARD, &[("-> %14 => %15", "-> %12 => %15")]);
    let mut kernel = parse(samples::LIF_FORWARD).expect("a kernel");
    kernel.body.swap(0, 3);
    assert!(verify(kernel).is_err_and(|bug| bug.0.contains("K6: ")));
}

#[test]
fn k7_types() {
    for edit in [
        ("%14 = ceil %12", "%14 = ceil %10"),
        ("sqrt %16", "sqrt %7"),
        ("real_to_int %11", "real_to_int %10"),
        ("int_to_real %31", "int_to_real %11"),
        ("bits_real %33", "bits_real %11"),
        ("real_bits %19", "real_bits %10"),
        ("add %22, %23", "add %22, %11"),
        ("mul %24, %21", "div %24, %21"),
        ("min %29, %10", "min %6, %6"),
        ("and %26, %10", "and %11, %11"),
        ("shl %21, %4", "shl %11, %4"),
        ("lt %11, %12", "lt %11, %10"),
        ("lt %11, %12", "lt %6, %6"),
        ("not %38", "not %10"),
        ("select %36, %31, %23", "select %10, %31, %23"),
        ("select %36, %31, %23", "select %36, %31, %11"),
        ("add %42, %43", "fma %42, %43, %10"),
        ("load_or state.n, %1", "load_or state.n, %0"),
        ("store b, %44", "store b, %45"),
        ("store a, %51", "store a, %44"),
        ("-> %44 => %8", "-> %45 => %8"),
    ] {
        breaks("K7", samples::OPERATIONS, &[edit]);
    }
    let mut kernel = parse(samples::COPY).expect("a kernel");
    kernel.values[0] = Type::Int;
    assert!(verify(kernel).is_err_and(|bug| bug.0.contains("K7: ")));
}

#[test]
fn k8_shifts() {
    breaks("K8", samples::OPERATIONS, &[("%4 = int 5", "%4 = int 32")]);
    breaks("K8", samples::OPERATIONS, &[("%4 = int 5", "%4 = int -1")]);
    breaks("K8", samples::OPERATIONS, &[("shl %21, %4", "shl %21, %10")]);
}

#[test]
fn k9_bits() {
    breaks("K9", samples::OPERATIONS, &[("operations f32", "operations f64")]);
}

#[test]
fn k10_maths_library() {
    let text = edited(samples::COPY, &[("store", "%1 = tanh %0\nstore"), ("y, %0", "y, %1")]);
    assert!(message(&text).contains("K10: "));
    verify_before_legalize(&parse(&text).expect("a kernel")).expect("well formed but for K10");
    keeps(&text, &[("copy f32", "copy f64")]);
}

#[test]
fn k11_kept_values() {
    let sample = samples::LIF_BACKWARD;
    breaks("K11", sample, &[("kept %12", "kept %8")]);
    breaks("K11", sample, &[("kept %12", "kept %17")]);
    breaks("K11", sample, &[("kept %12", "kept %18")]);
    breaks("K11", sample, &[("%8 = load_or saved.v, %4", "%8 = kept %4")]);
    keeps(sample, &[("kept %12", "kept %9")]);
    let again = "end\n  store grad.state.v";
    let second = "steps reverse\n%44 = kept %12\nend\n  end\n  store grad.state.v";
    keeps(sample, &[(again, second)]);
    let late = [("    %0 = product w, x\n", ""), ("    end\n", "    end\n    %0 = product w, x\n")];
    let text = edited(PRODUCT, &late);
    assert!(parse(&text).is_err(), "a product has to stand above what keeps it");
    breaks("K6", PRODUCT, &[("add %1, %2", "add %0, %2")]);
}

#[test]
fn k12_loops() {
    let sample = samples::COPY;
    breaks("K12", sample, &[("chunks forward\n", ""), ("  end\n  end\n", "  end\n")]);
    breaks("K12", sample, &[("  chunks", "  chunks forward\n  end\n  chunks")]);
    breaks("K12", sample, &[("steps forward", "chunks forward")]);
    breaks("K12", sample, &[("store y, %0", "store y, %0\nsteps forward\nend")]);
    breaks("K12", sample, &[("store y, %0", "store y, %0\nchunks forward\nend")]);
    keeps(sample, &[("  end\n  end", "  end\n  steps reverse\n  end\n  end")]);
}

#[test]
fn k13_places() {
    let sample = samples::LIF_FORWARD_TRAIN;
    breaks("K13", sample, &[("%0 = load tau", "%0 = load x")]);
    breaks("K13", sample, &[("%6 = load x", "%6 = load tau")]);
    breaks("K13", sample, &[("store saved.v, %4", "store state_out.v, %4")]);
    breaks(
        "K13",
        sample,
        &[("store saved.v, %4", ""), ("store s,", "store saved.v, %5\nstore s,")],
    );
    breaks("K13", sample, &[("store saved.v, %4", ""), ("store state_out", "store saved")]);
    let packed = ("saved f32 checkpoint", "output f32 packed");
    keeps(sample, &[packed]);
    breaks("K13", sample, &[packed, ("chunk 8", "chunk 3")]);
    breaks("K13", sample, &[packed, ("chunk 8", "chunk 64")]);
    let late = ("    end\n  end\n", "    end\n  reduce partial.tau, %41\n  end\n");
    breaks("K13", samples::LIF_BACKWARD, &[("  reduce partial.tau, %43\n", ""), late]);
    breaks("K13", PRODUCT, &[("load b", "load w")]);
    breaks("K13", PRODUCT, &[("  chunks", "  %4 = load b\n  chunks")]);
    breaks("K13", samples::LIF_FORWARD, &[("param f32 layer", "param f32 step")]);
    breaks("K13", samples::LIF_FORWARD, &[("param f32 layer", "param f32 matrix")]);
}

#[test]
fn k14_directions() {
    breaks("K14", samples::COPY, &[("load x", "load y")]);
    breaks("K14", samples::COPY, &[("store y", "store x")]);
}

#[test]
fn k15_buffers_that_may_be_missing() {
    breaks("K15", samples::COPY, &[("in x", "in? x")]);
    breaks("K15", samples::LIF_BACKWARD, &[("load_or saved.v, %4", "load saved.v")]);
    breaks("K15", samples::LIF_FORWARD, &[("in? state.v", "in state.v")]);
    breaks("K15", samples::OPERATIONS, &[("given state.n", "given scale")]);
    keeps(samples::COPY, &[("out y", "out? y")]);
}

#[test]
fn k16_sums() {
    let sample = samples::LIF_BACKWARD;
    breaks("K16", sample, &[("reduce partial.tau", "store partial.tau")]);
    let groups = ("partial f32 partial", "partial f32 group");
    breaks("K16", sample, &[groups, ("reduce partial.tau", "store partial.tau")]);
    keeps(sample, &[groups]);
    breaks("K16", sample, &[("store grad.state.v", "reduce grad.state.v")]);
    let early = ("  chunks", "  reduce partial.tau, %5\n  chunks");
    breaks("K16", sample, &[("  reduce partial.tau, %43\n", ""), early]);
}

#[test]
fn k17_one_store() {
    breaks("K17", samples::COPY, &[("store y, %0", "")]);
    breaks("K17", samples::COPY, &[("store y, %0", "store y, %0\nstore y, %0")]);
}

#[test]
fn k19_products() {
    keeps(PRODUCT, &[]);
    keeps(PRODUCT, &[("product w, x", "product w, x, transposed")]);
    breaks("K19", PRODUCT, &[("product w, x", "product b, x")]);
    breaks("K19", PRODUCT, &[("product w, x", "product w, b")]);
    breaks("K19", PRODUCT, &[("product w, x", "product w, y")]);
    breaks("K19", PRODUCT, &[("x: input f32", "x: input f16")]);
    breaks("K19", PRODUCT, &[("in x", "in? x")]);
    breaks("K19", PRODUCT, &[("in w", "in? w")]);
    breaks("K19", PRODUCT, &[("  chunks", "  %4 = product w, x\n  chunks")]);
    breaks("K19", PRODUCT, &[("%2 = load b", "%2 = load b\n%4 = product w, x")]);
    let fused = ("product w, x", "product_fused w, x");
    breaks("K19", PRODUCT, &[fused]);
    keeps(PRODUCT, &[fused, ("kernel forward", "kernel backward")]);
}

#[test]
fn parsing_says_what_is_wrong_and_where() {
    let cases = [
        ("", 0, "no kernel here"),
        ("kernel k f16", 1, "`f16` is not a compute type"),
        ("kernel k f32 chunk x", 1, "`x` does not fit here"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n\nend", 3, "`end` without a loop"),
        ("kernel k f32 chunk 1 lanes 1 block 1\nchunks forward", 2, "a loop has no `end`"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n%0 = neg %1", 2, "%1 is not defined above"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n%0 = load x", 2, "there is no buffer `x`"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n%1 = int 1", 2, "value %0 is defined nowhere"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n%0 = int 1 2", 2, "`2` is too much"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n%0 = twice 1", 2, "`twice` is no operation"),
        ("kernel k f32 chunk 1 lanes 1 block 1\n%0 = real nan:0", 2, "`0` is no NaN"),
        ("kernel k f32 chunk 1 lanes 1 block 1 // here\nwhile", 2, "`while` begins no statement"),
    ];
    for (text, line, message) in cases {
        let error = ParseError { line, message: message.into() };
        assert_eq!(parse(text), Err(error), "{text}");
    }
    let deep = "chunks forward\n".repeat(100_000);
    assert!(parse(&format!("kernel k f32 chunk 1 lanes 1 block 1\n{deep}")).is_err());
}

const SPECIFICATION: &str = include_str!("../../../../docs/kernel-ir.md");

#[test]
fn kernels_of_the_specification_are_well_formed() {
    let kernels = SPECIFICATION.split("```kernel\n").skip(1);
    let texts: Vec<_> = kernels.filter_map(|rest| rest.split("```").next()).collect();
    let print_all = texts.iter().map(|text| print(&parse(text).expect("a kernel")));
    assert_eq!(print_all.collect::<Vec<_>>(), [samples::LIF_FORWARD_TRAIN, samples::LIF_BACKWARD]);
}

#[test]
fn rules_of_the_specification_are_those_checked() {
    let source = include_str!("../verify.rs").replace("\n//!   ", " ");
    let specification = SPECIFICATION.replace("\n  ", " ");
    let rules: Vec<_> = source.lines().filter_map(|line| line.strip_prefix("//! - K")).collect();
    assert_eq!(rules.len(), specification.matches("- **K").count());
    for rule in rules {
        let (number, text) = rule.split_once(". ").expect("a number");
        // The table of the specification is a function in the source.
        let text = text.replace("as `allowed` says", "as in the table above");
        assert!(specification.contains(&format!("- **K{number}** {text}")), "K{number}");
    }
}
