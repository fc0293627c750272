//! `snnc test`.

use crate::program::Folder;

const NEURON: &str = "neuron N {\n  input x\n  param w = 0.5 learn\n  state v = 0\n  charge v = v + w * x\n  output v\n}\n";

fn file(tests: &str) -> String {
    format!("{NEURON}{tests}")
}

/// What came out without the times.
fn timeless(out: &str) -> String {
    let mut text = String::new();
    for line in out.lines() {
        let line = line.split_once(" (").map_or(line, |(head, _)| head);
        let line = line.split_once("; in ").map_or(line, |(head, _)| head);
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[test]
fn tests_that_pass_are_listed() {
    let folder = Folder::new("test_right");
    let tests = "test \"sums\" {\n  neuron N\n  x = [1, 2]\n  expect v == [0.5, 1.5]\n}\n";
    folder.write("n.snn", file(tests));
    let done = folder.snnc("test n.snn");
    assert_eq!((done.status, done.err.as_str()), (0, ""));
    let expected = "n.snn\n  \"sums\" ... ok\n  gradients of N ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 skipped\n";
    assert_eq!(timeless(&done.out), expected);
    let done = folder.snnc("test n.snn --filter sums");
    assert!(timeless(&done.out).contains("1 passed"), "{}", done.out);
}

#[test]
fn a_test_that_fails_shows_the_number_and_offers_what_came_out() {
    let folder = Folder::new("test_wrong");
    let tests = "test \"sums\" {\n  neuron N\n  x = [1, 2]\n  expect v ~= [0.5, 1.25] within 1e-3\n}\n\
                 test \"counts\" {\n  neuron N\n  x = [1, 2]\n  expect v == [1]\n  expect grad(w) == 3\n}\n";
    folder.write("n.snn", file(tests));
    let done = folder.snnc("test n.snn");
    assert_eq!(done.status, 1);
    assert!(
        timeless(&done.out).contains("test result: FAILED. 1 passed; 2 failed"),
        "{}",
        done.out
    );
    insta::assert_snapshot!(done.err);
    // What is offered passes.
    let tests = tests.replace("1.25", "1.5").replace("[1]", "[0.5, 1.5]").replace("== 3", "== 4");
    folder.write("n.snn", file(&tests));
    assert_eq!(folder.snnc("test n.snn").status, 0);
}

#[test]
fn gradients_of_indexed_params_are_checked() {
    let folder = Folder::new("test_indexed");
    let neuron = "neuron N {\n  input x\n  param p[2] = [0.5, 0.25] learn\n  param c[T] = 0.5 learn\n  \
                  state v = 0\n  charge v = 0.5 * p[0] * v + p[1] * x * c[t]\n  output v\n}\n";
    let tests = "test \"a list\" {\n  neuron N { p = [1, 0.5]; c = [1, 2] }\n  x = [[1, 0.5], [2, 1]]\n  \
                 expect v == [[0.5, 0.25], [2.25, 1.125]]\n  expect gradients\n}\n\
                 test \"a number\" {\n  neuron N { p = 0.5 }\n  x = [[1, 0.5], [2, 1]]\n  \
                 expect gradients\n}\n";
    folder.write("n.snn", format!("{neuron}{tests}"));
    let done = folder.snnc("test n.snn");
    assert!(timeless(&done.out).contains("ok. 3 passed"), "{}{}", done.out, done.err);
}

#[test]
fn what_a_test_gives_has_to_fit() {
    let folder = Folder::new("test_misfit");
    let tests = "test \"a\" {\n  neuron N\n  x = [1, 2]\n  T = 3\n  expect v == 1\n}\n\
                 test \"b\" {\n  neuron N\n  x = 1\n  expect v == 1\n}\n\
                 test \"c\" {\n  neuron N\n  v = 1\n  T = 2\n  expect v == 1\n}\n\
                 test \"d\" {\n  neuron N\n  x = [[1, 2]]\n  v = [1, 2, 3]\n  expect v == 1\n}\n\
                 test \"e\" {\n  neuron N { w = [1, 2, 3] }\n  x = [1]\n  expect v == 1\n}\n";
    folder.write("n.snn", file(tests));
    let done = folder.snnc("test n.snn");
    assert_eq!(done.status, 1);
    assert!(timeless(&done.out).contains("1 passed; 5 failed"), "{}", done.out);
    insta::assert_snapshot!(done.err);
}

#[test]
fn a_surrogate_that_contradicts_itself_is_found() {
    let folder = Folder::new("test_surrogate");
    let text = "surrogate own(width = 1.0) {\n  d(u) = 1 / (width + abs(u))^2\n  y(u) = u / (width + 2 * abs(u))\n}\n\
                neuron N {\n  input x\n  state v = 0\n  charge v = v / 2 + x\n  fire s = spike(v - 0.3, own(0.5))\n  \
                reset v -= s\n  output s\n}\n";
    folder.write("n.snn", text);
    let done = folder.snnc("test n.snn");
    assert_eq!(done.status, 1);
    assert!(
        done.err.contains("E0706") && done.err.contains("primitive of its `d`"),
        "{}",
        done.err
    );
}

#[test]
fn a_neuron_whose_option_has_no_default_is_skipped() {
    let folder = Folder::new("test_skipped");
    folder.write(
        "n.snn",
        NEURON.replace("neuron N {", "neuron N(gain: float) {").replace("w * x", "w * gain * x"),
    );
    let done = folder.snnc("test n.snn missing.snn");
    assert_eq!(done.status, 1);
    assert!(
        done.out.contains("gradients of N ... skipped: its option `gain` has no default"),
        "{}",
        done.out
    );
    assert!(done.err.contains("cannot read missing.snn"), "{}", done.err);
}

#[test]
fn the_standard_library_passes_its_tests() {
    let folder = Folder::new("test_standard");
    for (name, text) in [
        ("lif.snn", include_str!("../../../../stdlib/neurons/lif.snn")),
        ("if.snn", include_str!("../../../../stdlib/neurons/if.snn")),
    ] {
        folder.write(name, text);
    }
    let done = folder.snnc("test lif.snn if.snn");
    assert_eq!(done.status, 0, "{}{}", done.out, done.err);
    assert!(timeless(&done.out).contains("7 passed; 0 failed; 0 skipped"), "{}", done.out);
}
