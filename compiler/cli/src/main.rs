//! The program `snnc`: neurons in, code, arrays and pictures out.
//!
//! Findings and errors go to standard error, results to standard output. The exit status is 0, 1 where
//! the user's program or data is wrong, and 2 where the command line is.

mod args;
mod array;
mod bench;
mod build;
mod check;
#[cfg(feature = "data")]
mod data;
mod explain;
mod fmt;
mod list;
mod machine;
mod manual;
mod new;
mod operands;
mod plot;
mod plots;
mod program;
mod report;
mod run;
mod source;
mod summary;
mod test;
mod web;
mod write;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::report::Reporter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let reporter = Reporter::new(cli.message_format);
    let done = match &cli.command {
        Command::New(args) => new::new(args).map(|()| true),
        Command::Check(args) => Ok(check::files(args, &reporter)),
        Command::Test(args) => test::files(args, &reporter),
        Command::Fmt(args) => Ok(fmt::files(args, &reporter)),
        Command::Explain(args) => explain::explain(args, &reporter).map(|()| true),
        Command::Build(args) => build::build(args, &reporter).map(|()| true),
        Command::Run(args) => run::run(args, &reporter).map(|()| true),
        Command::Grad(args) => run::grad(args, &reporter).map(|()| true),
        Command::Web(args) => web::web(args, &reporter).map(|()| true),
        Command::Data(command) => data(command),
        Command::List(args) => list::list(args).map(|()| true),
        Command::Devices => machine::list_devices().map(|()| true),
        Command::Cache(args) => machine::cache(args).map(|()| true),
        Command::Bench(args) => bench::bench(args, &reporter).map(|()| true),
        Command::Plot(args) => plots::plot(args, &reporter).map(|()| true),
        Command::Completions(args) => manual::completions(args).map(|()| true),
        Command::Man(args) => manual::pages(args).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            reporter.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// What is done with data sets, where that is built in.
#[cfg(feature = "data")]
fn data(command: &args::data::DataCommand) -> report::Result<bool> {
    data::run(command).map(|()| true)
}

#[cfg(not(feature = "data"))]
fn data(_: &args::data::DataCommand) -> report::Result<bool> {
    let what = "this snnc was built without data sets; install it with `--features data`";
    Err(report::Failure::Message(what.into()))
}
