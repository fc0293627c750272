//! `snnc completions` and `snnc man`: what shells and readers need to know of the command line.

use clap::{Command, CommandFactory};

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::report::{Result, print};
use crate::write::Files;

/// Prints a shell's completions.
pub fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "snnc", &mut text);
    print(&String::from_utf8_lossy(&text))
}

/// Writes a page for the program and one for each of its commands.
pub fn pages(args: &ManArgs) -> Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let mut files = Files::default();
    for command in family(&program) {
        // A subcommand is displayed as `snnc-run`, which its page is called.
        let name = command.get_display_name().unwrap_or(command.get_name()).to_string();
        let mut page = Vec::new();
        let page_of = clap_mangen::Man::new(command.clone());
        page_of.render(&mut page).map_err(|why| format!("cannot write the page {name}: {why}"))?;
        files.add(args.folder.join(format!("{name}.1")), page);
    }
    let names = files.names();
    files.commit()?;
    print(&(names.join("\n") + "\n"))
}

/// A command with those below it.
fn family(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    std::iter::once(command).chain(below.flat_map(family)).collect()
}
