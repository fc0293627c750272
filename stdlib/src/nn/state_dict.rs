//! Params and buffers by their paths, and as safetensors files with PyTorch's names.

use std::collections::BTreeMap;
use std::path::Path;

use tch::Tensor;

use super::module::Module;
use super::safetensors;
use super::tree::entries;
use crate::error::{Error, Result};
use crate::files::failed;

/// Tensors by their paths in a network, `0.weight`.
pub type StateDict = BTreeMap<String, Tensor>;

/// Copies of all params and buffers, on the CPU.
pub fn state_dict(module: &dyn Module) -> StateDict {
    let copy = |tensor: &Tensor| tensor.detach().to_device(tch::Device::Cpu).copy();
    entries(module).iter().map(|entry| (entry.path.clone(), copy(&entry.tensor))).collect()
}

/// Sets all params and buffers, where every one is there with the shape that it has to have, and no other;
/// otherwise nothing is changed.
///
/// # Errors
///
/// [`Error::StateDict`] with the names of what is missing, too many or of another shape.
pub fn load_state_dict(module: &mut dyn Module, dict: &StateDict) -> Result<()> {
    let own = entries(module);
    let mut wrong = Vec::new();
    for entry in &own {
        match dict.get(&entry.path) {
            None => wrong.push(format!("`{}` is missing", entry.path)),
            Some(given) if given.size() != entry.tensor.size() => wrong.push(format!(
                "`{}` has shape {:?}, not {:?}",
                entry.path,
                given.size(),
                entry.tensor.size()
            )),
            Some(_) => {}
        }
    }
    for path in dict.keys().filter(|path| own.iter().all(|entry| entry.path != **path)) {
        wrong.push(format!("`{path}` is not in the network"));
    }
    if !wrong.is_empty() {
        return Err(Error::StateDict(wrong.join(", ")));
    }
    tch::no_grad(|| {
        for mut entry in own {
            entry.tensor.f_copy_(&dict[&entry.path])?;
        }
        Ok(())
    })
}

/// Writes a state dict as safetensors: beside the file first, which is then replaced as a whole.
///
/// # Errors
///
/// [`Error::File`].
pub fn write_state_dict(dict: &StateDict, path: &Path) -> Result<()> {
    safetensors::write(&safetensors::views(dict)?, None, path)
}

/// Reads a state dict of safetensors.
///
/// # Errors
///
/// [`Error::File`].
pub fn read_state_dict(path: &Path) -> Result<StateDict> {
    let bytes = std::fs::read(path).map_err(failed(path))?;
    safetensors::tensors(&safetensors::parse(&bytes, path)?)
}
