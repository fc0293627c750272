//! The program as a user meets it: arguments and files in, exit status, text and files out.

mod bench;
mod book;
mod browser;
mod build;
mod check;
#[cfg(feature = "data")]
mod data;
mod fmt;
mod plot;
mod program;
mod robust;
mod run;
mod test;
mod web;
