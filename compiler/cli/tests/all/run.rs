//! `snnc run` and `snnc grad`: operands in, arrays and pictures out, and what is said of wrong ones.

use std::io::Read;

use crate::program::Folder;

/// Sums its input, and its square's sum has a gradient that one can see: 2 a x.
const SQUARE: &str = "\
neuron Square {
  input  x
  #[allow(W0308)]
  param  a = 1.0 in (0, 10] learn
  state  v = 0
  charge v = v + a * x * x
  output v
}
";
const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");

fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("n.snn", SQUARE);
    folder.write("lif.snn", LIF);
    folder.write("x.csv", "1,2\n3,4\n");
    folder
}

/// The numbers of an array in an npz, little-endian f32 behind the header.
pub fn numbers(folder: &Folder, file: &str, member: &str) -> Vec<f32> {
    let file = std::fs::File::open(folder.path(file)).expect("an npz");
    let mut archive = zip::ZipArchive::new(file).expect("a zip");
    let mut bytes = Vec::new();
    let mut array = archive.by_name(&format!("{member}.npy")).expect("the array");
    array.read_to_end(&mut bytes).expect("its bytes");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect()
}

#[test]
fn outputs_and_last_states_are_written() {
    let folder = folder("run_out");
    let said = folder.snnc("run n.snn --input x=x.csv --param a=0.5 --out o.npz").right();
    assert!(said.starts_with("Square on cpu ("), "{said}");
    assert!(said.contains("[2, 2], 0.5000 to 10.0000"), "{said}");
    assert_eq!(numbers(&folder, "o.npz", "v"), [0.5, 2.0, 5.0, 10.0]);
    assert_eq!(numbers(&folder, "o.npz", "state.v"), [5.0, 10.0]);
}

#[test]
fn a_neuron_without_an_input_runs_so_many_steps() {
    let folder = folder("run_alone");
    folder.write(
        "alone.snn",
        "neuron Alone {\n  param a = 0.5 learn\n  state v = 0\n  charge v = v + a\n  output v\n}\n",
    );
    let said = folder
        .snnc("run alone.snn --steps 3 --neurons 2 --out o.npz --plot o.svg --plot o.png")
        .right();
    assert!(said.contains("steps and neurons [3, 2]"), "{said}");
    assert_eq!(numbers(&folder, "o.npz", "v"), [0.5, 0.5, 1.0, 1.0, 1.5, 1.5]);
    folder.snnc("grad alone.snn --steps 3 --neurons 2 --out g.npz").right();
    assert_eq!(numbers(&folder, "g.npz", "param.a"), [12.0]);
    folder.snnc("run alone.snn").right();
    folder.snnc("bench alone.snn --sizes 4,2").right();
}

#[test]
fn a_run_goes_on_from_a_state() {
    let folder = folder("run_state");
    folder.snnc("run n.snn --input x=x.csv --out a.npz").right();
    folder.snnc("run n.snn --input x=x.csv --state v=a.npz:state.v --out b.npz").right();
    assert_eq!(numbers(&folder, "b.npz", "state.v"), [20.0, 40.0]);
    folder.write("v.csv", "1,2\n");
    folder.snnc("run n.snn --input x=x.csv --state v=v.csv --out c.npz").right();
    assert_eq!(numbers(&folder, "c.npz", "state.v"), [11.0, 22.0]);
}

#[test]
fn gradients_are_written_by_kind_and_name() {
    let folder = folder("grad_out");
    let said = folder.snnc("grad n.snn --input x=x.csv --out g.npz").right();
    assert!(said.contains("∂L/∂a"), "{said}");
    // v_t is summed over both steps: x of the first counts twice.
    assert_eq!(numbers(&folder, "g.npz", "input.x"), [4.0, 8.0, 6.0, 8.0]);
    assert_eq!(numbers(&folder, "g.npz", "param.a"), [2.0 + 8.0 + 9.0 + 16.0]);
    assert_eq!(numbers(&folder, "g.npz", "state.v"), [2.0, 2.0]);
    assert_eq!(numbers(&folder, "g.npz", "v"), [1.0, 4.0, 10.0, 20.0]);
}

#[test]
fn what_is_saved_changes_no_spike_and_gradients_little() {
    let folder = folder("grad_saved");
    let run = |save: &str| {
        let line = "grad lif.snn --generate noise --steps 40 --neurons 30 --learn tau";
        let said = folder.snnc(&format!("{line} --save {save} --out g.npz")).right();
        let member = |member| numbers(&folder, "g.npz", member);
        let bytes =
            said.lines().find(|line| line.trim_start().starts_with("saved")).map(String::from);
        (member("s"), member("input.x"), bytes.expect("what was saved"))
    };
    let (spikes, gradients, saved) = run("auto");
    assert!(spikes.contains(&1.0) && spikes.contains(&0.0));
    // A state of 30 neurons at two borders of chunks.
    assert!(saved.contains(" 240 B "), "{saved}");
    for (save, bytes, most) in [
        ("inputs", " 240 B ", 0.0),
        ("states", " 4800 B ", 1e-6),
        ("s", " 600 B ", 1e-6),
        ("states:bf16", " 2760 B ", 3e-2),
    ] {
        let (found, near, saved) = run(save);
        assert_eq!(found, spikes, "{save}");
        assert!(saved.contains(bytes), "{save}: {saved}");
        let far = near.iter().zip(&gradients).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far <= most, "{save}: {far}");
    }
}

#[test]
fn gradients_begin_with_what_is_given() {
    let folder = folder("grad_seeds");
    folder.write("gs.csv", "0,0\n1,0\n");
    folder.write("gv.csv", "0\n1\n");
    let line = "grad n.snn --input x=x.csv --grad v=gs.csv --grad-state v=gv.csv --out g.npz";
    folder.snnc(line).right();
    assert_eq!(numbers(&folder, "g.npz", "input.x"), [2.0, 4.0, 6.0, 8.0]);
    folder.snnc("grad n.snn --input x=x.csv --grad v=2 --out g.npz").right();
    assert_eq!(numbers(&folder, "g.npz", "input.x"), [8.0, 16.0, 12.0, 16.0]);
}

#[test]
fn a_made_input_needs_no_file() {
    let folder = folder("run_made");
    for kind in ["ramp", "step", "noise"] {
        let line =
            format!("run lif.snn --generate {kind} --steps 50 --neurons 7 --seed 3 --out o.npz");
        let said = folder.snnc(&line).right();
        assert!(said.contains("input [50, 7]") && said.contains("spikes, firing rate"), "{said}");
        assert_eq!(numbers(&folder, "o.npz", "s").len(), 350);
    }
    for size in ["--steps 0", "--neurons 0", "--steps 1 --neurons 1"] {
        let line = format!("grad lif.snn --generate noise {size} --plot p.svg --plot p.png");
        folder.snnc(&line).right();
        folder.snnc(&line.replace("grad", "run")).right();
    }
}

#[test]
fn a_second_run_is_from_the_cache() {
    let folder = folder("run_cache");
    let said = folder.snnc("run n.snn --input x=x.csv").right();
    assert!(said.contains("text to loaded code"), "{said}");
    let said = folder.snnc("run n.snn --input x=x.csv").right();
    assert!(said.contains("from the cache"), "{said}");
    assert!(folder.snnc("cache clear").right().contains("removed 1 neuron, "));
}

#[test]
fn pictures_are_svg_and_png() {
    let folder = folder("run_plot");
    folder.snnc("run lif.snn --generate step --plot a.svg --plot a.png").right();
    folder.snnc("grad n.snn --input x=x.csv --plot g.svg").right();
    let text = |name: &str| std::fs::read_to_string(folder.path(name)).expect("text");
    for part in ["<svg ", ">time (steps)<", ">neuron<", ">input x<", "spikes s of all neurons"] {
        assert!(text("a.svg").contains(part), "{part}");
    }
    for part in ["gradient of L = sum of v", "∂L/∂a = ", "data:image/png;base64,"] {
        assert!(text("g.svg").contains(part), "{part}");
    }
    let png = std::fs::read(folder.path("a.png")).expect("a picture");
    assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn drawn_params_follow_the_seed() {
    let folder = folder("run_drawn");
    let text = "neuron Drawn {\n  input x\n  param w per neuron = uniform(-1, 1) learn\n  \
                state v = 0\n  charge v = v + w * x\n  output v\n}\n";
    folder.write("drawn.snn", text);
    folder.write("one.csv", "1,1\n");
    let run = |command: &str, seed: u64| {
        let args = format!("{command} drawn.snn --input x=one.csv --seed {seed} --out o.npz");
        folder.snnc(&args).right();
        numbers(&folder, "o.npz", "v")
    };
    assert_eq!(run("run", 0), [-0.161_870_32, 0.688_745_8]);
    assert_eq!(run("grad", 3), [0.810_665_25, 0.065_813_236]);
    assert_eq!(numbers(&folder, "o.npz", "param.w"), [1.0, 1.0]);
    folder.snnc("run drawn.snn --input x=one.csv --param w=2 --out o.npz").right();
    assert_eq!(numbers(&folder, "o.npz", "v"), [2.0, 2.0]);
    let said = folder
        .snnc("run drawn.snn --input x=one.csv --channel-axis -1 --share w=channel --out o.npz");
    said.right();
    assert_eq!(numbers(&folder, "o.npz", "v"), run("run", 0));
}

#[test]
fn wrong_operands_are_one_line_and_leave_no_file() {
    let folder = folder("run_wrong");
    folder.write("three.csv", "1,2,3\n");
    folder.write("bad.npy", b"\x93NUMPY\x01\x00\x02\x00{}");
    let before = folder.names();
    let huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((huge.len() as u16).to_le_bytes());
    npy.extend(huge.as_bytes());
    folder.write("huge.npy", npy);
    let mut lines = String::new();
    for args in [
        "",
        "--input y=x.csv",
        "--input x=none.npy",
        "--input x=n.snn",
        "--input x=bad.npy",
        "--input x=huge.npy",
        "--input x=x.csv --input x=x.csv",
        "--input x=x.csv --param a=11",
        "--input x=x.csv --param b=1",
        "--input x=x.csv --param a=three.csv",
        "--input x=x.csv --state v=three.csv",
        "--input x=x.csv --channel-axis 7",
        "--input x=x.csv --device gpu",
        "--input x=x.csv --plot o.gif",
    ] {
        let err = folder.snnc(&format!("run n.snn {args} --out o.npz --plot o.svg")).wrong();
        assert_eq!(err.lines().count(), 1, "{args}: {err}");
        lines += &format!("{args}\n  {err}");
    }
    let err = folder.snnc("grad n.snn --input x=x.csv --grad v=three.csv --out o.npz").wrong();
    lines += &format!("--grad v=three.csv\n  {err}");
    insta::assert_snapshot!(lines);
    let mut after = folder.names();
    after.retain(|name| name != "huge.npy");
    assert_eq!(after, before);
}

#[test]
fn a_folder_that_is_not_there_leaves_nothing_behind() {
    let folder = folder("run_no_folder");
    let before = folder.names();
    let err = folder.snnc("run n.snn --input x=x.csv --out o.npz --plot no/o.svg").wrong();
    assert_eq!(err, "error: cannot write no/o.svg: there is no such folder\n");
    assert_eq!(folder.names(), before);
}

#[test]
fn inputs_and_outputs_may_be_stored_in_16_bits() {
    let folder = folder("grad_dtype");
    let run = |dtype: &str| {
        let line = "grad lif.snn --generate noise --steps 20 --neurons 30 --learn tau";
        folder.snnc(&format!("{line} --dtype {dtype} --out g.npz")).right();
        let bytes = std::fs::read(folder.path("g.npz")).expect("the results");
        let n_f16 = bytes.windows(5).filter(|part| part == b"'<f2'").count();
        (numbers(&folder, "g.npz", "s"), numbers(&folder, "g.npz", "input.x"), n_f16)
    };
    let (spikes, gradients, n_f16) = run("f32");
    assert!(spikes.contains(&1.0) && spikes.contains(&0.0) && n_f16 == 0);
    // The spikes and the gradient of the input; NumPy has no bfloat16.
    for (dtype, n_files) in [("f16", 2), ("bf16", 0)] {
        let (_, rounded, n_f16) = run(dtype);
        assert_eq!(n_f16, n_files, "{dtype}");
        assert!(rounded != gradients && rounded.iter().all(|g| g.is_finite()));
    }
    let done = folder.snnc("run lif.snn --generate noise --dtype f8");
    assert_eq!(done.status, 2);
    assert!(done.err.contains("`f8` is none of f32, f16, bf16"), "{}", done.err);
}

#[test]
fn spikes_may_be_packed() {
    let folder = folder("run_packed");
    let line = "run lif.snn --generate noise --steps 70 --neurons 3 --out o.npz --plot o.svg";
    let spikes = |out: &str| {
        let line = out.lines().find(|line| line.contains("output s")).expect("a line of spikes");
        line.split_whitespace().nth(2).expect("how many").to_string()
    };
    let dense = folder.snnc(line).right();
    let reals = numbers(&folder, "o.npz", "s");
    let picture = std::fs::read(folder.path("o.svg")).expect("the picture");
    let packed = folder.snnc(&format!("{line} --pack s")).right();
    assert!(packed.contains("firing rate") && packed.contains("%, packed"), "{packed}");
    assert_eq!(spikes(&packed), spikes(&dense));
    assert_eq!(std::fs::read(folder.path("o.svg")).expect("the picture"), picture);
    let words = numbers(&folder, "o.npz", "packed.s");
    let bit = |t: usize, n: usize| words[t / 32 * 3 + n].to_bits() >> (t % 32) & 1;
    assert_eq!(words.len(), 3 * 3);
    assert!(reals.iter().enumerate().all(|(i, s)| bit(i / 3, i % 3) as f32 == *s), "{reals:?}");
    let err = folder.snnc("run n.snn --input x=x.csv --pack v --out v.npz").wrong();
    assert!(err.contains("E0407") && !folder.path("v.npz").exists(), "{err}");
}
