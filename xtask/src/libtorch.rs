//! `cargo xtask libtorch`: what of libtorch a build for the CPU needs, under `.local/libtorch`, where the build
//! finds it.
//!
//! The wheel of PyTorch has all of it but two libraries of CUDA that it is linked with. A program built with it
//! uses the GPU where it finds the CUDA part of libtorch when it runs.

use std::path::{Path, PathBuf};

use crate::process;
use crate::wheel::{self, Wheel};

/// The version that `tch` is made for.
const TORCH: Wheel = Wheel {
    name: "torch==2.11.0",
    hash: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
};

/// What its libraries are linked with.
const CUDA: [Wheel; 2] = [
    Wheel {
        name: "nvidia-cuda-runtime==13.0.96",
        hash: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    },
    Wheel {
        name: "nvidia-cuda-cupti==13.0.85",
        hash: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    },
];

/// Takes headers and libraries out of the wheels, beside the place where they belong, and then moves them there.
const UNPACK: &str = "\
import shutil
to = sys.argv[2] + '.new'
shutil.rmtree(to, ignore_errors=True)
os.makedirs(to + '/lib')
kept = ('libtorch_cpu.so', 'libc10.so', 'libgomp.so.1', 'libcudart.so.13', 'libcupti.so.13')
for wheel in glob.glob(os.path.join(sys.argv[1], '*.whl')):
    with zipfile.ZipFile(wheel) as files:
        for name in files.namelist():
            if name.startswith('torch/include/') and not name.endswith('/'):
                path = to + name[len('torch'):]
            elif os.path.basename(name) in kept:
                path = to + '/lib/' + os.path.basename(name)
            else:
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with files.open(name) as source, open(path, 'wb') as out:
                shutil.copyfileobj(source, out)
with open(to + '/lib/libtorch.so', 'w') as out:
    out.write('INPUT(-ltorch_cpu)\\n')
shutil.rmtree(sys.argv[2], ignore_errors=True)
os.rename(to, sys.argv[2])
";

/// Where it lies.
pub fn folder() -> PathBuf {
    process::root().join(".local/libtorch")
}

/// Where its libraries lie, and what the system was told before.
pub fn libraries() -> std::ffi::OsString {
    let named = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let mut path = named.unwrap_or_else(folder).join("lib").into_os_string();
    if let Some(before) = std::env::var_os("LD_LIBRARY_PATH") {
        path.push(":");
        path.push(before);
    }
    path
}

/// Whether it is there.
pub fn found() -> bool {
    folder().join("lib/libtorch.so").exists()
}

/// Whether there is one: here, or where LIBTORCH says.
pub fn known() -> Result<(), String> {
    let named = std::env::var_os("LIBTORCH").map(PathBuf::from);
    match found() || named.is_some_and(|folder| folder.join("lib").exists()) {
        true => Ok(()),
        false => {
            Err("run `cargo xtask libtorch`, or set LIBTORCH to the folder of version 2.11".into())
        }
    }
}

/// Fetches it where it is not there yet.
pub fn fetch() -> Result<(), String> {
    if known().is_ok() {
        return Ok(());
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("install libtorch 2.11 and set LIBTORCH to its folder".into());
    }
    println!("fetching libtorch, 0.5 GB: {}", TORCH.name);
    let wheels = process::root().join(".local/wheels");
    wheel::download_for(&[TORCH], &wheels, &PLATFORM)?;
    wheel::download(&CUDA, &wheels)?;
    unpack(&wheels)?;
    // Nothing else of the wheels is needed; what stays if this fails does no harm.
    let _ = std::fs::remove_dir_all(&wheels);
    Ok(())
}

/// One wheel whatever Python is here: none of it is Python's.
const PLATFORM: [&str; 8] = [
    "--platform",
    "manylinux_2_28_x86_64",
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
];

fn unpack(wheels: &Path) -> Result<(), String> {
    wheel::unpack_all(wheels, UNPACK, &folder())
}
