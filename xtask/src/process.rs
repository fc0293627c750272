//! Where things lie, and running commands with their output shown as it comes.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// The root of the workspace.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's output folder.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// An executable that cargo built in `profile`.
pub fn built(profile: &str, name: &str) -> PathBuf {
    target().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The cargo that runs us, in the workspace's root.
pub fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root()).args(args);
    command
}

/// What a command prints on its standard output, trimmed; none where it fails or is not there.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
    output.status.success().then_some(text)
}

/// A command as one would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{word}'") }
}

/// Runs a command, shows what it prints as it comes, and returns whether it succeeded together with
/// the lines that `keep` wants.
pub fn tee(mut command: Command, keep: fn(&str) -> bool) -> Result<(bool, Vec<String>), String> {
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let shown = line(&command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|why| format!("cannot run `{shown}`: {why}"))?;
    let (send, receive) = mpsc::channel();
    let readers = [
        child.stdout.take().map(|pipe| copy(pipe, std::io::stdout(), send.clone())),
        child.stderr.take().map(|pipe| copy(pipe, std::io::stderr(), send)),
    ];
    let kept = receive.iter().map(|l| without_colour(&l)).filter(|l| keep(l)).collect();
    for reader in readers.into_iter().flatten() {
        reader.join().map_err(|_| format!("the output of `{shown}` could not be read"))?;
    }
    let status = child.wait().map_err(|why| format!("cannot wait for `{shown}`: {why}"))?;
    Ok((status.success(), kept))
}

fn copy(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    lines: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
            // Our own output may be closed early; the command still has to be read to its end.
            let _ = to.write_all(&bytes).and_then(|()| to.flush());
            let _ = lines.send(String::from_utf8_lossy(&bytes).trim_end().to_string());
            bytes.clear();
        }
    })
}

/// The text without the escape sequences that colour it.
fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (false, '\u{1b}') => escaped = true,
            (false, _) => plain.push(c),
            (true, 'a'..='z' | 'A'..='Z') => escaped = false,
            (true, _) => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_taken_out() {
        assert_eq!(without_colour("\u{1b}[32;1m Summary\u{1b}[0m [ok]"), " Summary [ok]");
    }

    #[test]
    fn a_line_can_be_typed_again() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["run", "--", "x y", ""]);
        assert_eq!(line(&command), "cargo run -- 'x y' ''");
    }
}
