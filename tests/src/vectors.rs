//! Vectors that other libraries computed, from `tests/reference/vectors`; the scripts that made them lie
//! beside them.

use std::collections::BTreeMap;

use npyz::npz::NpzArchive;
use npyz::{DType, NpyFile};

/// All arrays of a file.
pub struct Vectors {
    arrays: BTreeMap<String, Vec<f64>>,
}

impl Vectors {
    /// Reads `tests/reference/vectors/NAME.npz`.
    pub fn open(name: &str) -> Self {
        let path = format!("{}/reference/vectors/{name}.npz", env!("CARGO_MANIFEST_DIR"));
        let mut archive = NpzArchive::open(&path).unwrap();
        let names: Vec<String> = archive.array_names().map(String::from).collect();
        let arrays = names.into_iter().map(|name| {
            let values = numbers(archive.by_name(&name).unwrap().unwrap());
            (name, values)
        });
        Self { arrays: arrays.collect() }
    }

    /// An array, row-major.
    #[track_caller]
    pub fn get(&self, name: &str) -> &[f64] {
        self.find(name).unwrap_or_else(|| panic!("the vectors have no `{name}`"))
    }

    /// An array, if it is there.
    pub fn find(&self, name: &str) -> Option<&[f64]> {
        self.arrays.get(name).map(Vec::as_slice)
    }

    /// The names of all arrays.
    pub fn names(&self) -> Vec<&str> {
        self.arrays.keys().map(String::as_str).collect()
    }

    /// The cases: what stands before `.s`.
    pub fn cases(&self) -> Vec<&str> {
        let names = self.arrays.keys().filter_map(|name| name.strip_suffix(".s"));
        names.filter(|name| *name != "seed").collect()
    }
}

fn numbers<R: std::io::Read>(file: NpyFile<R>) -> Vec<f64> {
    let DType::Plain(ty) = file.dtype() else { panic!("a structured array") };
    match ty.size_field() {
        4 => file.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
        _ => file.into_vec::<f64>().unwrap(),
    }
}
