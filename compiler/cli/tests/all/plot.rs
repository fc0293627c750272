//! `snnc plot`: what is drawn of a run, of gradients and of surrogates.

use crate::program::Folder;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");

#[test]
fn what_run_and_grad_wrote_is_drawn() {
    let folder = Folder::new("plot_npz");
    folder.write("lif.snn", LIF.replace("output s", "output s\n  output v"));
    let made = "--generate step --steps 60 --neurons 6";
    folder.snnc(&format!("run lif.snn {made} --out out.npz")).right();
    assert_eq!(
        folder.snnc("plot out.npz --threshold 1 -o a.svg -o a.png").right(),
        "a.svg\na.png\n"
    );
    let text = |name: &str| std::fs::read_to_string(folder.path(name)).expect("text");
    for part in ["spikes s of all neurons", ">potential v<", ">threshold<", "60 steps of 6 neurons"]
    {
        assert!(text("a.svg").contains(part), "{part}");
    }
    assert!(std::fs::read(folder.path("a.png")).expect("a picture").starts_with(b"\x89PNG"));
    folder.snnc(&format!("grad lif.snn {made} --out g.npz")).right();
    assert_eq!(folder.snnc("plot g.npz").right(), "g.svg\n");
    assert!(text("g.svg").contains("∂L/∂x at each step and neuron"));
}

#[test]
fn surrogates_are_drawn_with_their_primitives() {
    let folder = Folder::new("plot_snn");
    folder.write("lif.snn", LIF);
    folder.write(
        "own.snn",
        "surrogate flat(width = 1.0) {\n  d(u) = if abs(u) < width { 0.5 / width } else { 0 }\n}\n",
    );
    assert_eq!(folder.snnc("plot lif.snn").right(), "lif.svg\n");
    let text = |name: &str| std::fs::read_to_string(folder.path(name)).expect("text");
    for part in ["sigmoid(alpha: 4", "derivative d(u)", "primitive y(u)", "the spike itself"] {
        assert!(text("lif.svg").contains(part), "{part}");
    }
    folder.snnc("plot own.snn").right();
    assert!(text("own.svg").contains(">flat"), "{}", text("own.svg"));
    folder.snnc("plot lif.snn --surrogate atan --surrogate erf(alpha:3) -o two.png").right();
    let err = folder.snnc("plot lif.snn --surrogate atn").wrong();
    assert!(err.contains("`atn`"), "{err}");
}

/// Where one is drawn otherwise on purpose: `snnc plot std:lif --surrogate NAME -o docs/surrogates/NAME.svg`.
#[test]
fn the_book_has_the_picture_of_every_surrogate() {
    let folder = Folder::new("plot_surrogates");
    let prelude = include_str!("../../../src/prelude/surrogates.snn");
    let heads = prelude.lines().filter_map(|line| line.strip_prefix("surrogate "));
    let names = heads.filter_map(|head| head.split(['(', ' ']).next());
    let book = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = std::fs::read_to_string(book.join("surrogates.md")).expect("the page");
    for name in names {
        assert!(page.contains(&format!("(surrogates/{name}.svg)")), "{name} is not on the page");
        let written =
            if name == "multi_level_spike_count" { format!("{name}(2)") } else { name.into() };
        let picture = format!("{name}.svg");
        folder.snnc(&format!("plot std:lif --surrogate {written} -o {picture}")).right();
        let of_book = std::fs::read(book.join("surrogates").join(&picture)).expect("a picture");
        let drawn = std::fs::read(folder.path(&picture)).expect("a picture");
        assert!(drawn == of_book, "docs/surrogates/{picture} is not what is drawn");
    }
}

#[test]
fn what_cannot_be_drawn_is_said_in_a_line() {
    let folder = Folder::new("plot_wrong");
    folder.write("lif.snn", LIF);
    folder.write("none.snn", "const c = 1\n");
    folder.write("bad.npz", "no zip");
    let before = folder.names();
    let mut lines = String::new();
    for args in [
        "lif.txt",
        "there_is_none.npz",
        "there_is_none.snn",
        "bad.npz",
        "none.snn",
        "lif.snn -o a.gif",
        "lif.snn -o none/a.svg",
        "lif.snn --threshold 1",
        "bad.npz --surrogate atan",
    ] {
        let err = folder.snnc(&format!("plot {args}")).wrong();
        assert_eq!(err.lines().count(), 1, "{args}: {err}");
        lines += &format!("{args}\n  {err}");
    }
    insta::assert_snapshot!(lines);
    assert_eq!(folder.names(), before);
}
