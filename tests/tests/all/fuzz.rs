//! A few of the inputs that `cargo xtask soak` runs in full counts.

use std::path::Path;
use std::time::Instant;

use snn_tests::fuzz::typed::{Case, Facts, shrunk};
use snn_tests::fuzz::{Choices, Plan, Reader, Summary, Target, soak, text};

fn run(target: Target, count: u64) -> Summary {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak");
    let plan = Plan { target, count, seed: 0, threads: 2, folder, until: None, memory: None };
    let summary = soak(&plan, &|_| ());
    assert!(summary.failures.is_empty(), "{}: {:#?}", target.name(), summary.failures);
    assert_eq!(summary.inputs, count);
    summary
}

fn few(target: Target, count: u64) -> Summary {
    let summary = run(target, count);
    let name = target.name();
    let share = |part: u64| 100.0 * part as f64 / count as f64;
    let (parsed, checked) = (share(summary.parsed), share(summary.checked));
    println!("{name}: {count} inputs, {parsed:.1} % parse, {checked:.1} % check");
    assert!(parsed >= 50.0, "{parsed} % of the inputs parse");
    summary
}

#[test]
fn inputs_are_parsed() {
    few(Target::Parse, 1000);
}

#[test]
fn inputs_are_checked_and_a_quarter_is_right() {
    let summary = few(Target::Check, 1000);
    assert!(summary.checked * 4 >= summary.inputs, "{} are right", summary.checked);
}

#[test]
fn inputs_are_printed_as_themselves() {
    few(Target::Format, 1000);
}

#[test]
fn inputs_go_through_all_stages() {
    few(Target::Pipeline, 200);
}

#[test]
fn programs_agree_on_all_machines() {
    let summary = few(Target::Programs, 200);
    let facts = &summary.facts;
    println!("{facts}");
    let share = |name: &str| facts.get(name) as f64 / facts.get("programs") as f64;
    assert!(share("that spike") > 0.7 && share("that spike and reset") > 0.6);
    assert!(share("with finite numbers alone") > 0.8);
    // Otherwise the comparisons say nothing.
    assert!(share("in f64, compared") > 4.5 && share("in f64, forward differs") < 0.1);
    let near = facts.get("gradients in f32, within 1e-5") as f64;
    assert!((facts.get("gradients in f32, ill-conditioned") as f64) < 0.02 * near);
    let narrow = facts.get("gradients in f32, bf16, within 1e-5")
        + facts.get("gradients in f32, bf16, within 5e-2");
    assert!((facts.get("gradients in f32, bf16, beyond") as f64) < 0.05 * narrow as f64);
}

/// Inputs that are all refused would say little, and so would inputs that are all right.
#[test]
fn files_are_read_or_refused() {
    let count = 300;
    for reader in Reader::ALL {
        let read = run(Target::Files(reader), count).parsed;
        println!("{}: {read} of {count} files are read", reader.name());
        assert!(read * 20 >= count && read < count, "{}: {read} of {count}", reader.name());
    }
}

#[test]
fn one_program_of_a_hundred_has_each_primitive() {
    let (mut facts, count) = (Facts::default(), 4000);
    for seed in 0..count {
        facts.add_text(&Case::draw(&mut Choices::seeded(seed)).text);
    }
    for (number, name) in facts.of_primitives() {
        assert!(number * 100 >= count, "`{name}` is in {number} of {count} programs");
    }
}

#[test]
fn choices_that_were_taken_draw_the_same_program_again() {
    for seed in 0..100 {
        let input = Target::Programs.input(seed);
        let own = Case::draw(&mut Choices::seeded(seed)).file();
        assert_eq!(Case::draw(&mut Choices::again(&input)).file(), own);
        assert_eq!(Target::Programs.file(&input), own.into_bytes());
    }
}

#[test]
fn a_program_that_fails_is_made_small() {
    let fails = |case: &Case| case.text.contains("erfc(");
    let inputs = (0..).map(|seed| Target::Programs.input(seed));
    let found = inputs.filter(|input| fails(&Case::draw(&mut Choices::again(input)))).take(3);
    for input in found {
        let case = shrunk(&input, &fails);
        assert!(fails(&case) && case.text.lines().count() <= 20, "{}", case.text);
        assert_eq!(case.shape, [1, 1], "{}", case.text);
    }
}

#[test]
fn a_seed_and_bytes_give_one_text_each() {
    for seed in 0..50 {
        assert_eq!(text(&mut Choices::seeded(seed)), text(&mut Choices::seeded(seed)));
    }
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(text(&mut Choices::bytes(&bytes)), text(&mut Choices::bytes(&bytes)));
    // Behind the choice of bytes as they come, they are what they are.
    assert_eq!(text(&mut Choices::bytes(b"\x63fn f(x) = x")), b"fn f(x) = x");
}

/// Texts that were found once.
#[test]
fn what_was_found_stays_right() {
    let many = |text: &str| text.repeat(55);
    let found = [
        // Each bracket that nothing closes took the parser twice as long.
        format!("neuron N {}{{{}\n  input x\n  output v\n}}\n", many("("), many(")")).repeat(2),
        format!(
            "neuron N {{\n  charge v = if a {{ 1 }} else {}{{{} }}\n}}\n",
            many("("),
            many(")")
        ),
        format!(
            "neuron N {}{{{}\n  param w = uniform(a: sqrt(5()\n}}\n",
            "(".repeat(20),
            ")".repeat(20)
        ),
        // In a string that nothing closes brackets are none.
        format!("neuron N {{\n  input \"{}\n}}\n", many("{")),
        format!("neuron N(\"{}\n) {{ input x }}\n", many("(")),
        format!("neuron N {{\n  input x[\"{}\"]\n}}\n", many("[")),
        // A brace was closed in the middle of a letter.
        "neuron N {\n  charge {\n    for i in 0..1 {\n// ✓\nfn f(a) = a\n".into(),
    ];
    let all = Target::COMPILER.into_iter().filter(|target| *target != Target::Programs);
    for text in found {
        for target in all.clone() {
            let start = Instant::now();
            target.run(text.as_bytes());
            assert!(start.elapsed().as_secs() < 20, "{text}");
        }
    }
}
