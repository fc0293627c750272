//! `cargo xtask gpu`: the matrix of neurons and sizes on an NVIDIA GPU; with `--pack`, what it takes to
//! run it on a machine that has the GPU but neither Rust nor LLVM, nor a network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::need;
use crate::process::{self, cargo};
use crate::test::features;
use crate::wheel::{self, Wheel};

/// The tests that a GPU is for. Of these the folder that is packed holds `parity` and `reference`: the others
/// compile as they go, or read files of the sources.
const TESTS: [&str; 4] = ["parity", "reference", "oracle::neurons", "library"];

/// The test that fills the cache, and finds whether it is full.
const FILL: &str = "parity::ptx_is_in_the_cache";

/// Files that go with the programs, by what they are called there.
const FILES: [(&str, &str); 5] = [
    ("compiler/cli/src/bench/reference/lif.cu", "lif.cu"),
    ("stdlib/neurons/lif.snn", "lif.snn"),
    ("stdlib/neurons/if.snn", "if.snn"),
    ("stdlib/neurons/plif.snn", "plif.snn"),
    ("tests/reference/peers/time_spikingjelly.py", "time_spikingjelly.py"),
];

/// What runs there.
const SCRIPT: &str = include_str!("gpu.sh");

/// Folders that go with the programs.
const FOLDERS: [(&str, &str); 1] = [("tests/corpus", "corpus")];

/// What SpikingJelly's neurons import besides PyTorch and Triton, which are large and belong to the machine:
/// it names Matplotlib, SciencePlots and others as well, but imports them only where it draws.
const PEERS: [Wheel; 2] = [
    Wheel {
        name: "spikingjelly==2.0.0",
        hash: "dee753bade33e8dca62e88fd4ba6e3c89e6bc56c6fdd9c8c151d5680222edac1",
    },
    Wheel {
        name: "loguru==0.7.3",
        hash: "31a33c10c8e1e10422bfd431aeb5d351c7cf7fa671e3c4df004162264b28220c",
    },
];

/// `compute-sanitizer`. The wheels before this one lack `TreeLauncherSubreaper`, without which it starts
/// nothing; CUDA 13 takes any driver from 580 on.
const SANITIZER: Wheel = Wheel {
    name: "nvidia-cuda-sanitizer-api==13.4.92",
    hash: "d36bc50b67a34db08df41aef36e0748e5c71fee978cd2675fda5981415a15103",
};

/// Takes out the programs and libraries for 64 bits; the wheel has those for 32 and the documents as well.
const UNPACK: &str = "\
inside = 'nvidia/cu13/compute-sanitizer/'
os.makedirs(sys.argv[2])
with zipfile.ZipFile(wheel) as files:
    for file in files.namelist():
        name = file.removeprefix(inside)
        if name and name != file and '/' not in name:
            path = os.path.join(sys.argv[2], name)
            with open(path, 'wb') as out:
                out.write(files.read(file))
            os.chmod(path, 0o755)
";

/// What goes into the folder besides what is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// SpikingJelly, to be timed beside.
    pub peers: bool,
    /// `compute-sanitizer`.
    pub sanitizer: bool,
}

impl Carried {
    /// Reads what comes behind the folder, or returns what cannot be read.
    pub fn parse<'a>(words: &[&'a str]) -> Result<Self, &'a str> {
        let mut carried = Self::default();
        for word in words {
            match *word {
                "--peers" => carried.peers = true,
                "--sanitizer" => carried.sanitizer = true,
                other => return Err(other),
            }
        }
        Ok(carried)
    }

    /// Downloads it. What an earlier run left is taken away, so that the folder holds what was asked for.
    fn fetch(self, folder: &Path) -> Result<(), String> {
        let (wheels, tools) = (folder.join("wheels"), folder.join("sanitizer"));
        remove(&wheels)?;
        remove(&tools)?;
        if (self.peers || self.sanitizer) && !need::has_pip() {
            return Err("--peers and --sanitizer come through pip, which is missing".into());
        }
        if self.peers {
            wheel::download(&PEERS, &wheels)?;
        }
        if self.sanitizer {
            let whole = folder.join("sanitizer.wheel");
            wheel::download(&[SANITIZER], &whole)?;
            wheel::unpack(&whole, UNPACK, &tools)?;
            remove(&whole)?;
        }
        Ok(())
    }
}

/// Runs the tests here.
pub fn run() -> Result<bool, String> {
    let mut command = cargo(&["test", "--release", "--package", "snn-tests", "--test", "all"]);
    command.args(["--features", "snn-tests/cuda,snn-tests/llvm", "--"]).args(TESTS);
    command.env("SNNC_REQUIRE_CUDA", "1").env("SNN_DEVICES", "cpu,cuda:0").env("SNN_SOAK", "1");
    succeeds(command)
}

/// Makes a folder with the programs, their PTX and a script.
pub fn pack(folder: &Path, carried: Carried) -> Result<bool, String> {
    let found = need::find(false);
    if !found.llvm {
        return Err("packing compiles PTX, which needs LLVM 19".into());
    }
    let folder = std::path::absolute(folder).map_err(|why| failed(folder, &why))?;
    let cache = folder.join("cache");
    remove(&cache)?;
    fs::create_dir_all(&folder).map_err(|why| failed(&folder, &why))?;
    carried.fetch(&folder)?;
    let mut fill = cargo(&["test", "--package", "snn-tests", "--package", "snnc"]);
    fill.args(["--test", "all", "--features", &features(&found)]);
    fill.args(["--", "--ignored", "--exact", FILL]).env("SNNC_CACHE", &cache);
    if !succeeds(fill)? {
        return Ok(false);
    }
    let (tests, program) = (folder.join("tests"), folder.join("snnc"));
    let bench = ["--package", "snn-tests", "--bin", "gpu-bench"];
    copy(&built(&bench, "snn-tests/cuda")?, &folder.join("gpu-bench"))?;
    copy(&built(&["--package", "snn-tests", "--test", "all"], "snn-tests/cuda")?, &tests)?;
    copy(&built(&["--package", "snnc", "--bin", "snnc"], "snnc/cuda")?, &program)?;
    for (from, to) in FILES {
        copy(&process::root().join(from), &folder.join(to))?;
    }
    for (from, to) in FOLDERS {
        copy_folder(&process::root().join(from), &folder.join(to))?;
    }
    let script = folder.join("run");
    fs::write(&script, SCRIPT).map_err(|why| failed(&script, &why))?;
    // What was compiled here has to be what the build without LLVM asks for.
    let mut check = Command::new(&tests);
    check.args(["--ignored", "--exact", FILL]).env("SNNC_CACHE", &cache);
    let mut asked = Command::new(&tests);
    asked.args(["parity", "--skip", "goldens"]).env("SNNC_CACHE", &cache);
    asked.env("SNN_CORPUS", folder.join("corpus")).env("SNN_PTX_IN_CACHE", "1");
    asked.env("SNN_DEVICES", "cpu");
    let is_full = succeeds(check)? && succeeds(asked)?;
    compress(&folder)?;
    match is_full {
        true => println!("\nCarry {} over, and there: sh run all", folder.display()),
        false => eprintln!("\n{} lacks PTX that tests ask for", folder.display()),
    }
    Ok(is_full)
}

/// What is compressed, where it is there.
const LARGE: [&str; 5] = ["cache", "gpu-bench", "sanitizer", "snnc", "tests"];

/// Moves what is large into one archive. PTX is long and says little, most of it what was said some
/// megabytes before, by a kernel much like it: so the window is large, and what has the same size lies side
/// by side. An eighteenth is left of the cache, where gzip leaves a sixth.
fn compress(folder: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for name in LARGE.into_iter().filter(|name| folder.join(name).exists()) {
        list(folder, Path::new(name), &mut files)?;
    }
    files.sort();
    let lines: String = files.iter().map(|(_, path)| format!("{}\n", path.display())).collect();
    let names = folder.join("names");
    fs::write(&names, lines).map_err(|why| failed(&names, &why))?;
    let mut tar = Command::new("tar");
    tar.args(["-I", "xz --lzma2=preset=3,dict=128MiB,pb=0,lc=4"]).arg("-C").arg(folder);
    tar.arg("-cf").arg(folder.join("packed.tar.xz")).arg("-T").arg(&names);
    if !succeeds(tar)? {
        return Err("packing takes GNU tar and xz".into());
    }
    LARGE.iter().chain(&["names"]).try_for_each(|name| remove(&folder.join(name)))
}

/// The files below a path in a folder, with their sizes.
fn list(folder: &Path, path: &Path, found: &mut Vec<(u64, PathBuf)>) -> Result<(), String> {
    let whole = folder.join(path);
    let of = |why| failed(&whole, &why);
    if !whole.is_dir() {
        found.push((fs::metadata(&whole).map_err(of)?.len(), path.into()));
        return Ok(());
    }
    for entry in fs::read_dir(&whole).map_err(of)? {
        list(folder, &path.join(entry.map_err(of)?.file_name()), found)?;
    }
    Ok(())
}

/// Takes a file or a folder away where it is there.
fn remove(path: &Path) -> Result<(), String> {
    let done = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false if path.exists() => fs::remove_file(path),
        false => Ok(()),
    };
    done.map_err(|why| failed(path, &why))
}

/// Builds one program in release, without LLVM and without symbols, and says where it is.
fn built(what: &[&str], features: &str) -> Result<PathBuf, String> {
    let mut command = cargo(&["build", "--release", "--message-format=json-render-diagnostics"]);
    command.args(["--features", features]).args(what);
    command.stderr(std::process::Stdio::inherit());
    let line = process::line(&command);
    let output = command.output().map_err(|why| format!("cannot run `{line}`: {why}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = what.last().and_then(|name| executable(&text, name));
    found.filter(|_| output.status.success()).ok_or_else(|| format!("`{line}` built nothing"))
}

/// The program of a target in cargo's messages, which tell of the others of the package as well: tests may
/// start its programs.
fn executable(messages: &str, target: &str) -> Option<PathBuf> {
    let name = format!("\"name\":\"{target}\"");
    let mut lines = messages.lines().filter(|line| line.contains(&name));
    let path = lines.find_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next());
    path.map(PathBuf::from)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|why| failed(from, &why))
}

/// Copies the files of a folder into a new one.
fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    remove(to)?;
    fs::create_dir_all(to).map_err(|why| failed(to, &why))?;
    for entry in fs::read_dir(from).map_err(|why| failed(from, &why))? {
        let entry = entry.map_err(|why| failed(from, &why))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn failed(path: &Path, why: &std::io::Error) -> String {
    format!("{}: {why}", path.display())
}

fn succeeds(mut command: Command) -> Result<bool, String> {
    let line = process::line(&command);
    println!("$ {line}");
    let status = command.status().map_err(|why| format!("cannot run `{line}`: {why}"))?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_is_read() {
        let all = Carried { peers: true, sanitizer: true };
        assert_eq!(Carried::parse(&["--sanitizer", "--peers"]), Ok(all));
        assert_eq!(Carried::parse(&[]), Ok(Carried::default()));
        assert_eq!(Carried::parse(&["--peer"]), Err("--peer"));
    }

    #[test]
    fn a_test_is_not_taken_for_a_program_of_its_package() {
        let messages = r#"{"target":{"kind":["lib"],"name":"all"},"executable":null}
{"target":{"kind":["test"],"name":"all"},"executable":"/t/all-1"}
{"target":{"kind":["bin"],"name":"gpu-bench"},"executable":"/t/gpu-bench"}"#;
        assert_eq!(executable(messages, "all"), Some("/t/all-1".into()));
        assert_eq!(executable(messages, "gpu-bench"), Some("/t/gpu-bench".into()));
        assert_eq!(executable(messages, "snnc"), None);
    }

    /// The words that the script's last `case` tells apart.
    fn commands() -> Vec<&'static str> {
        let cases = SCRIPT.rsplit("case ").next().unwrap_or_default().lines();
        let word = |line: &'static str| line.split_once(')').map(|(word, _)| word);
        cases.filter_map(word).filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).collect()
    }

    #[test]
    fn the_script_s_commands_are_in_its_help() {
        assert_eq!(commands(), ["tests", "sanitize", "bench", "peers", "all", "snnc"]);
        for command in commands() {
            let line = format!("\n#   sh run {command} ");
            assert!(SCRIPT.contains(&line), "{command}");
        }
    }

    #[test]
    fn files_that_are_packed_are_there() {
        for (from, _) in FILES {
            assert!(process::root().join(from).is_file(), "{from}");
        }
    }
}
