use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use snn_artifact::{ABI, Artifact, Code, Dtype, Manifest, Ptx, SCHEMA, Target};

use super::{ARTIFACT, Cache, Contents, VARIABLE, folder};
use crate::error::Error;

/// A folder of its own for each test, removed behind it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("snnc-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn artifact(key: &str) -> Artifact {
    let manifest = Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: "0".into(),
        key: key.into(),
        neuron: "Lif".into(),
        options: vec![("soft".into(), "true".into())],
        target: Target::Cpu { level: "x86-64-v3".into() },
        math: "strict".into(),
        compute: Dtype::F32,
        inputs: vec![],
        outputs: vec![],
        states: vec![],
        params: vec![],
        save: String::new(),
        saved: Vec::new(),
        entries: BTreeMap::new(),
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    };
    Artifact { manifest, code: Code::Cpu((0..=255).collect()) }
}

#[test]
fn what_is_put_comes_back() {
    let place = Folder::new("back");
    let cache = Cache::at(&place.0).unwrap();
    assert_eq!(cache.get("a1"), None);
    for code in [
        Code::Cpu(vec![0, 255]),
        Code::Ptx(vec![Ptx { sm: 75, text: "é".into() }]),
        Code::Wgsl(String::new()),
    ] {
        let artifact = Artifact { code, ..artifact("a1") };
        cache.put(&artifact).unwrap();
        assert_eq!(cache.get("a1"), Some(artifact));
    }
    assert_eq!(cache.get("a2"), None);
    let held = cache.contents().unwrap();
    assert!(held.n_entries == 1 && held.bytes > 0);
    assert_eq!(cache.clear().unwrap(), held);
    assert_eq!(cache.contents().unwrap(), Contents::default());
}

#[test]
fn any_changed_byte_makes_an_entry_none() {
    let bytes = artifact("a").to_bytes().unwrap();
    assert_eq!(Artifact::from_bytes(&bytes), Some(artifact("a")));
    for i in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[i] ^= 1;
        assert_eq!(Artifact::from_bytes(&damaged), None, "byte {i}");
        assert_eq!(Artifact::from_bytes(&bytes[..i]), None, "cut at {i}");
    }
}

#[test]
fn a_damaged_entry_is_made_again() {
    let place = Folder::new("damaged");
    let cache = Cache::at(&place.0).unwrap();
    let made = Cell::new(0);
    let get = || {
        let make = || {
            made.set(made.get() + 1);
            Ok(artifact("a"))
        };
        assert_eq!(cache.get_or_make("a", make).unwrap(), artifact("a"));
        made.get()
    };
    assert_eq!((get(), get()), (1, 1));
    let path = cache.path("a", ARTIFACT).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!((get(), get()), (2, 2));
}

#[test]
fn an_entry_under_anothers_key_is_none() {
    let place = Folder::new("key");
    let cache = Cache::at(&place.0).unwrap();
    cache.put(&artifact("a")).unwrap();
    fs::rename(cache.path("a", ARTIFACT).unwrap(), cache.path("b", ARTIFACT).unwrap()).unwrap();
    assert_eq!(cache.get("b"), None);
}

#[test]
fn keys_are_plain_words() {
    let place = Folder::new("words");
    let cache = Cache::at(&place.0).unwrap();
    for key in ["", "../a", "a/b", "a.b", "C:"] {
        assert!(matches!(cache.put(&artifact(key)), Err(Error::Cache { .. })), "{key}");
        assert_eq!(cache.get(key), None);
    }
}

#[cfg(unix)]
#[test]
fn only_the_user_may_enter_and_write() {
    use std::os::unix::fs::PermissionsExt;
    let place = Folder::new("mode");
    let cache = Cache::at(&place.0).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(cache.folder()), 0o700);
    cache.put(&artifact("a")).unwrap();
    let path = cache.path("a", ARTIFACT).unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    assert_eq!(cache.get("a"), None);
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o750)).unwrap();
    let error = Cache::at(&place.0).unwrap_err().to_string();
    assert!(error.contains("its mode is 750 and must be 700"), "{error}");
}

#[test]
fn a_file_in_the_way_is_an_error() {
    let place = Folder::new("way");
    fs::create_dir_all(&place.0).unwrap();
    fs::write(place.0.join("kernels"), "").unwrap();
    assert!(matches!(Cache::at(&place.0), Err(Error::Cache { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn the_folder_follows_the_platform() {
    let of = |set: &[(&str, &str)]| {
        let find =
            |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        folder(&find).map(|f| f.display().to_string())
    };
    let home = ("HOME", "/home/a");
    assert_eq!(of(&[home]).unwrap(), "/home/a/.cache/snnc");
    assert_eq!(of(&[home, ("XDG_CACHE_HOME", "/c")]).unwrap(), "/c/snnc");
    assert_eq!(of(&[home, (VARIABLE, "/d")]).unwrap(), "/d/");
    assert_eq!(of(&[]), None);
}
