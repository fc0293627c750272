//! What the whole set of checks needs besides Rust: whether it is here, and how to get it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::libtorch;
use crate::process;
use crate::wheel::{self, Wheel};

/// A thing that some checks need.
struct Need {
    /// What it is.
    name: &'static str,
    /// What cannot be checked without it.
    without: &'static str,
    /// Debian's packages that bring it.
    packages: &'static [&'static str],
    /// What to do on a system that is not Debian's.
    elsewhere: &'static str,
    /// Whether it is here.
    found: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        name: "LLVM 19",
        without: "the PTX target is not built and not tested",
        packages: &["llvm-19-dev", "libpolly-19-dev", "zlib1g-dev", "libzstd-dev", "g++"],
        elsewhere: "install LLVM 19 with its headers and set LLVM_SYS_191_PREFIX to its folder",
        found: has_llvm,
    },
    Need {
        name: "a Vulkan driver",
        without: "WGSL kernels are not run",
        packages: &["libvulkan1", "mesa-vulkan-drivers"],
        elsewhere: "install a Vulkan driver (Mesa's lavapipe needs no GPU)",
        found: has_vulkan,
    },
    Need {
        name: "Chromium",
        without: "the page of `snnc web` is not opened",
        packages: &["chromium"],
        elsewhere: "install Chromium or Chrome, or set SNNC_CHROMIUM to it",
        found: has_chromium,
    },
    Need {
        name: "pip",
        without: "ptxas cannot be fetched",
        packages: &["python3", "python3-pip"],
        elsewhere: "install Python 3 with pip",
        found: has_pip,
    },
];

/// What of it there is.
pub struct Found {
    /// LLVM 19 with its headers.
    pub llvm: bool,
    /// A Vulkan driver.
    pub vulkan: bool,
    /// A Chromium.
    pub chromium: bool,
    /// The PTX assembler, or why there is none.
    pub ptxas: Result<PathBuf, String>,
    /// Libtorch, or why there is none.
    pub libtorch: Result<(), String>,
}

/// Looks for everything, and installs what is missing where `install` asks for it and it may be done.
pub fn find(install: bool) -> Found {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.found)()).collect();
    if !missing.is_empty() && install && may_install() {
        install_packages(&missing);
    }
    for need in missing.iter().filter(|need| !(need.found)()) {
        println!("{} is missing: {}", need.name, need.without);
        println!("  to get it: {}", advice(need));
    }
    let ptxas = find_ptxas(install);
    if let Err(why) = &ptxas {
        println!("ptxas is missing: PTX is emitted, but not assembled: {why}");
    }
    let libtorch = if install { libtorch::fetch() } else { libtorch::known() };
    if let Err(why) = &libtorch {
        println!("libtorch is missing: networks are not built and not tested: {why}");
    }
    Found { llvm: has_llvm(), vulkan: has_vulkan(), chromium: has_chromium(), ptxas, libtorch }
}

fn advice(need: &Need) -> String {
    if Path::new("/etc/debian_version").exists() {
        format!("sudo apt-get install {}", need.packages.join(" "))
    } else {
        need.elsewhere.into()
    }
}

fn has_llvm() -> bool {
    let of_prefix = |prefix| process::output(&format!("{prefix}/bin/llvm-config"), &["--version"]);
    let version = match std::env::var("LLVM_SYS_191_PREFIX") {
        Ok(prefix) => of_prefix(prefix),
        Err(_) => ["llvm-config-19", "llvm-config"]
            .iter()
            .find_map(|name| process::output(name, &["--version"])),
    };
    version.is_some_and(|version| version.starts_with("19.1"))
}

fn has_vulkan() -> bool {
    let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    let listed = |folder: &str| Path::new(folder).read_dir().is_ok_and(|mut f| f.next().is_some());
    cfg!(not(target_os = "linux"))
        || std::env::var_os("VK_ICD_FILENAMES").is_some()
        || std::env::var_os("VK_DRIVER_FILES").is_some()
        || folders.into_iter().any(listed)
}

/// The names that the tests look for.
fn has_chromium() -> bool {
    let named = std::env::var("SNNC_CHROMIUM").ok();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mut names = names.into_iter().chain(named.as_deref());
    names.any(|name| process::output(name, &["--version"]).is_some())
}

pub fn has_pip() -> bool {
    process::output("python3", &["-m", "pip", "--version"]).is_some()
}

/// Only root on a system of Debian's kind is asked for nothing and harms nothing.
fn may_install() -> bool {
    Path::new("/etc/debian_version").exists()
        && process::output("id", &["-u"]).is_some_and(|id| id == "0")
}

/// Installs what the system has packages for, each need on its own, so that one missing package does
/// not cost the others.
fn install_packages(missing: &[&Need]) {
    apt(&["update", "-qq"]);
    for need in missing {
        println!("installing {}: {}", need.name, need.packages.join(" "));
        let args = ["install", "-y", "-qq", "--no-install-recommends"];
        apt(&[&args, need.packages].concat());
    }
}

fn apt(args: &[&str]) {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let line = process::line(&command);
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => eprintln!("`{line}` ended with {status}"),
        Err(why) => eprintln!("cannot run `{line}`: {why}"),
    }
}

/// What a ptxas of the wheel's version says of itself.
const RELEASE: &str = "V13.0.88";

/// The wheel that holds ptxas.
const WHEEL: Wheel = Wheel {
    name: "nvidia-cuda-nvcc==13.0.88",
    hash: "56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03",
};

/// Unpacks ptxas.
const UNPACK: &str = "\
with zipfile.ZipFile(wheel) as files:
    name, = [n for n in files.namelist() if n.endswith('/bin/ptxas')]
    data = files.read(name)
path = sys.argv[2]
with open(path + '.new', 'wb') as out:
    out.write(data)
os.chmod(path + '.new', 0o755)
os.replace(path + '.new', path)
";

/// Whether a ptxas is of the version that the table of registers is of.
pub fn is_tabled(ptxas: &Path) -> bool {
    version(ptxas).is_some_and(|said| said.contains(RELEASE))
}

fn version(ptxas: &Path) -> Option<String> {
    process::output(&ptxas.to_string_lossy(), &["--version"])
}

/// `SNNC_PTXAS`, else one of the wheel's version: on the path, or under `.local`, put there if need be;
/// else any that is on the path.
fn find_ptxas(install: bool) -> Result<PathBuf, String> {
    let local = process::root().join(".local/ptxas");
    let named = std::env::var_os("SNNC_PTXAS").map(PathBuf::from);
    if let Some(path) = named.filter(|path| version(path).is_some()) {
        return Ok(path);
    }
    let on_path = PathBuf::from("ptxas");
    if let Some(path) = [&on_path, &local].into_iter().find(|path| is_tabled(path)) {
        return Ok(path.clone());
    }
    fetched_ptxas(install, local).or_else(|why| match version(&on_path) {
        Some(_) => Ok(on_path),
        None => Err(why),
    })
}

fn fetched_ptxas(install: bool, local: PathBuf) -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("install the CUDA toolkit, or set SNNC_PTXAS to a ptxas".into());
    }
    if !install {
        return Err(format!(
            "run without --no-install, or: python3 -m pip download {}",
            WHEEL.name
        ));
    }
    fetch_ptxas(&local)?;
    match version(&local) {
        Some(_) => Ok(local),
        None => Err("the ptxas that was fetched does not run".into()),
    }
}

/// Downloads the wheel, whose hash pip checks, and keeps only ptxas of it.
fn fetch_ptxas(to: &Path) -> Result<(), String> {
    if !has_pip() {
        return Err("it comes through pip, which is missing".into());
    }
    println!("fetching ptxas: {}", WHEEL.name);
    let folder = process::root().join(".local/wheel");
    wheel::download(&[WHEEL], &folder)?;
    wheel::unpack(&folder, UNPACK, to)?;
    // Nothing else of the wheel is needed; what stays if this fails does no harm.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
