//! Tensors as files of safetensors.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View, serialize_to_file};
use tch::Tensor;

use super::state_dict::StateDict;
use crate::error::Result;
use crate::files::{self, failed};

/// A tensor as it stands in a file.
pub(crate) struct Bytes<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Cow<'a, [u8]>,
}

impl View for &Bytes<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

/// The bytes of all tensors, which may lie anywhere in memory.
pub(crate) fn views(dict: &StateDict) -> Result<BTreeMap<&str, Bytes<'static>>> {
    dict.iter().map(|(name, tensor)| Ok((name.as_str(), bytes(tensor)?))).collect()
}

fn bytes(tensor: &Tensor) -> Result<Bytes<'static>> {
    let tensor = tensor.detach().f_to(tch::Device::Cpu)?.f_contiguous()?;
    let mut data = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut data, tensor.numel())?;
    let shape = tensor.size().into_iter().map(|size| size as usize).collect();
    Ok(Bytes { dtype: tensor.kind().try_into()?, shape, data: data.into() })
}

/// Writes a file as a whole or not at all, with texts by their names where there are some.
pub(crate) fn write(
    tensors: &BTreeMap<&str, Bytes<'_>>,
    texts: Option<HashMap<String, String>>,
    path: &Path,
) -> Result<()> {
    let named = || tensors.iter().map(|(name, bytes)| (*name, bytes));
    files::replace(path, |beside| serialize_to_file(named(), &texts, beside).map_err(failed(path)))
}

/// What the bytes of a file hold.
pub(crate) fn parse<'a>(bytes: &'a [u8], path: &Path) -> Result<SafeTensors<'a>> {
    let wrong = |why| format!("this is no whole file of safetensors ({why})");
    SafeTensors::deserialize(bytes).map_err(|why| failed(path)(wrong(why)))
}

/// The tensors of a file, on the CPU.
pub(crate) fn tensors(file: &SafeTensors<'_>) -> Result<StateDict> {
    file.tensors().into_iter().map(|(name, view)| Ok((name, view.try_into()?))).collect()
}
