//! What the structs of embedded neurons share: tensors by name, out of fields and into fields.

use super::Tensors;
use crate::error::{Error, Result};
use tch::Tensor;

/// The tensors of fields, by name, of those that are there.
pub fn given(fields: &[(&str, Option<&Tensor>)]) -> Tensors {
    let there = fields.iter().filter_map(|(name, tensor)| Some((*name, (*tensor)?)));
    there.map(|(name, tensor)| (name.to_string(), tensor.shallow_clone())).collect()
}

/// The tensor of a field.
///
/// # Errors
///
/// [`Error::Artifact`] where there is none: the code is not that of the struct.
pub fn take(from: &mut Tensors, name: &str) -> Result<Tensor> {
    from.remove(name).ok_or_else(|| Error::Artifact(format!("it does not give `{name}`")))
}
