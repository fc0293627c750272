//! Runs the program in a folder of the test's own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that a test starts with empty.
pub struct Folder(PathBuf);

/// What a run left.
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    /// The folder of the test of this name.
    pub fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    /// A folder that is there.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, contents).expect("a file");
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files there are, but for the kernel cache.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
        names.retain(|name| name != ".cache");
        names.sort();
        names
    }

    /// Runs `snnc` with arguments that are cut at blanks.
    pub fn snnc(&self, line: &str) -> Done {
        self.snnc_with(line, "")
    }

    /// The same with something on standard input. The kernel cache is in the folder too.
    pub fn snnc_with(&self, line: &str, input: &str) -> Done {
        let mut child = Command::new(env!("CARGO_BIN_EXE_snnc"))
            .current_dir(&self.0)
            .args(line.split_whitespace())
            .env("SNNC_CACHE", self.0.join(".cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("snnc runs");
        // A program that stops before it has read everything is what some tests are about.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("snnc ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Done {
            status: output.status.code().expect("an exit status, not a signal"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Done {
    /// The standard output of a run that succeeded and had nothing to complain about.
    pub fn right(self) -> String {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The standard error of a run that failed for what the user gave.
    pub fn wrong(self) -> String {
        assert_eq!((self.status, self.out.as_str()), (1, ""), "{}", self.err);
        self.err
    }
}
