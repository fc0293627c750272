//! The project's own commands, on the standard library alone: `cargo xtask demo`, `cargo xtask test`.

mod copy;
mod demo;
mod fresh;
mod gpu;
mod libtorch;
mod need;
mod outcome;
mod process;
mod rules;
mod soak;
mod tables;
mod test;
mod wheel;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <COMMAND>

Commands:
  demo                 Build snnc in release, run a LIF layer over a recorded input, draw it
                       and take a gradient; the pictures go to target/demo
  test [OPTIONS]       Install what is missing, then run every check of the project
      --no-install     Install nothing; only say what is missing
      --require-all    A part that cannot run here is a failure, not a skip
  libtorch             Fetch what a build with the feature `torch` needs, into .local/libtorch
  copy                 Copy the grammar into the package that is made from it
  gpu                  Run IF and LIF in all forms and sizes on an NVIDIA GPU
      --pack FOLDER    Make a folder to do so, and to time neurons, on a machine without Rust, LLVM
                       and network; there: sh run all
      --peers          Put SpikingJelly into it, which is timed beside; PyTorch has to be there
      --sanitizer      Put compute-sanitizer into it
  mutate-rules         Make every rule of simplification wrong in every way that is known; it fails
                       where that is not found out
      --samples N      Hold each against so many samples, not 10,000
  simplification       Print the tables of docs/benchmarks.md that say what simplification takes
                       away, and what each strategy saves
  emission             Print the table of docs/benchmarks.md that says how long the compiler takes for
                       the library's neurons; it needs LLVM
  events [FOLDER]      Print the tables of docs/benchmarks.md that say how fast files of events are read and
                       prepared; the files stay in FOLDER, for tests/reference/peers/time_events.py
  soak [OPTIONS]       Make a million inputs a target and take them through the compiler; a line
                       for each goes to docs/soak.md, inputs that fail to target/soak
      --count N        So many inputs instead
      --seed N         The seed of the first, 0 where it is not given
      --target NAME    parse, check, format or pipeline only
      --seconds N      End a target after this time
      --threads N      So many threads
      --no-record      Leave docs/soak.md as it is
      --show SEED      Print the input of a seed, and run nothing
      --all            Then run the tests that sweep over all numbers and sizes";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["demo"] => demo::run(),
        ["test", flags @ ..] => match test::Config::parse(flags) {
            Ok(config) => test::run(config),
            Err(flag) => return usage(&format!("`test` has no option `{flag}`")),
        },
        ["copy"] => copy::run(),
        ["libtorch"] => libtorch::fetch().map(|()| true),
        ["gpu"] => gpu::run(),
        ["gpu", "--pack", folder, carried @ ..] => match gpu::Carried::parse(carried) {
            Ok(carried) => gpu::pack(folder.as_ref(), carried),
            Err(word) => return usage(&format!("`gpu --pack FOLDER` has no option `{word}`")),
        },
        ["gpu", "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["mutate-rules", options @ ..] => rules::mutate(options),
        ["simplification"] => tables::simplification(),
        ["emission"] => tables::emission(),
        ["events"] => tables::events(&[]),
        ["events", folder] if !folder.starts_with('-') => tables::events(&[folder]),
        ["soak", options @ ..] => soak::run(options),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [] => return usage("a command is missing"),
        [other, ..] => return usage(&format!("cannot read `{other}`")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("error: {problem}\n\n{USAGE}");
    ExitCode::from(2)
}
