//! NVIDIA's assembler, and what it says of the entries of a text.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the assembler says of one entry.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub entry: String,
    pub registers: u32,
    pub stack: u32,
    pub spilled: u32,
}

impl Usage {
    /// Fails where the entry needs memory beside its registers.
    #[track_caller]
    pub fn assert_in_registers(&self, of: &str) {
        assert_eq!((self.stack, self.spilled), (0, 0), "{of}: {self:?}");
    }
}

/// An assembler that runs.
pub struct Ptxas {
    path: PathBuf,
    /// Such as `V13.0.88`.
    pub version: String,
}

impl Ptxas {
    /// The one that `SNNC_PTXAS` names, or that on the path; or why there is none.
    pub fn find() -> Result<Self, String> {
        let named = std::env::var_os("SNNC_PTXAS");
        let path = PathBuf::from(named.clone().unwrap_or_else(|| "ptxas".into()));
        match (Command::new(&path).arg("--version").output(), named) {
            (Ok(said), _) => {
                let said = String::from_utf8_lossy(&said.stdout).into_owned();
                let mut words = said.split([' ', ',', '\n']);
                let version = words.find(|word| is_version(word)).unwrap_or("unknown").into();
                Ok(Self { path, version })
            }
            (Err(why), Some(_)) => Err(format!("SNNC_PTXAS is {}: {why}", path.display())),
            (Err(_), None) => Err("SNNC_PTXAS is not set and ptxas is not on the path".into()),
        }
    }
}

/// `V`, then numbers.
fn is_version(word: &str) -> bool {
    let numbers = word.strip_prefix('V').unwrap_or_default();
    numbers.contains('.') && numbers.chars().all(|c| c == '.' || c.is_ascii_digit())
}

/// Assembles PTX for a compute capability and reads what each entry needs.
pub fn assemble(ptxas: &Ptxas, ptx: &str, name: &str, sm: u32) -> Vec<Usage> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("snnc-ptx-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let (input, output) = (folder.join("kernels.ptx"), folder.join("kernels.cubin"));
    std::fs::write(&input, ptx).expect("the temporary folder can be written");
    let mut command = Command::new(&ptxas.path);
    command.args(["-v", "-arch", &format!("sm_{sm}"), "-o"]).arg(&output).arg(&input);
    let done = command.output().expect("ptxas runs");
    let said =
        String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{name} for sm_{sm}: {said}\n{ptx}");
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
    usage(&said)
}

/// Reads the assembler's verbose output.
fn usage(said: &str) -> Vec<Usage> {
    let mut usages: Vec<Usage> = Vec::new();
    for line in said.lines() {
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            let entry = rest.split('\'').next().unwrap_or_default().into();
            usages.push(Usage { entry, ..Usage::default() });
        }
        let Some(last) = usages.last_mut() else { continue };
        last.stack += number_before(line, " bytes stack frame");
        last.spilled +=
            number_before(line, " bytes spill stores") + number_before(line, " bytes spill loads");
        last.registers += number_before(line, " registers");
    }
    usages
}

/// The number that stands before a word, 0 where the word is missing.
fn number_before(line: &str, word: &str) -> u32 {
    let before = line.find(word).map(|at| &line[..at]);
    let digits = before.and_then(|text| text.rsplit(|c: char| !c.is_ascii_digit()).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[test]
fn the_assembler_s_words_are_read() {
    let said = "\
ptxas info    : Compiling entry function 'reduce' for 'sm_75'
ptxas info    : Function properties for reduce
    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 44 registers, used 1 barriers, 4096 bytes smem, 392 bytes cmem[0]
";
    let read = Usage { entry: "reduce".into(), registers: 44, stack: 8, spilled: 28 };
    assert_eq!(usage(said), [read]);
}
