//! What walks over a network.

use tch::{Device, Tensor};

use super::module::Module;
use crate::error::Result;

/// What a tensor of a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Learnt.
    Param,
    /// Kept, but not learnt.
    Buffer,
}

/// A tensor of a network with its path, `0.weight`.
#[derive(Debug)]
pub struct Entry {
    /// The path.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// A handle of it.
    pub tensor: Tensor,
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

/// Visits a module and all in it, parents first, with their paths; that of the module itself is empty.
pub fn walk(module: &dyn Module, visit: &mut dyn FnMut(&str, &dyn Module)) {
    fn at(path: &str, module: &dyn Module, visit: &mut dyn FnMut(&str, &dyn Module)) {
        visit(path, module);
        for (name, child) in module.children() {
            at(&join(path, &name), child, visit);
        }
    }
    at("", module, visit);
}

/// Visits a module and all in it, to change them.
pub fn walk_mut(module: &mut dyn Module, visit: &mut dyn FnMut(&str, &mut dyn Module)) {
    fn at(path: &str, module: &mut dyn Module, visit: &mut dyn FnMut(&str, &mut dyn Module)) {
        visit(path, module);
        for (name, child) in module.children_mut() {
            at(&join(path, &name), child, visit);
        }
    }
    at("", module, visit);
}

/// All params and buffers, in the order of the tree.
pub fn entries(module: &dyn Module) -> Vec<Entry> {
    let mut all = Vec::new();
    walk(module, &mut |path, module| {
        let params = module.params().into_iter().map(|named| (Kind::Param, named));
        let buffers = module.buffers().into_iter().map(|named| (Kind::Buffer, named));
        for (kind, (name, tensor)) in params.chain(buffers) {
            all.push(Entry { path: join(path, &name), kind, tensor: tensor.shallow_clone() });
        }
    });
    all
}

/// What is learnt, for an optimizer.
pub fn parameters(module: &dyn Module) -> Vec<(String, Tensor)> {
    let params = entries(module).into_iter().filter(|entry| entry.kind == Kind::Param);
    params.map(|entry| (entry.path, entry.tensor)).collect()
}

/// How many numbers are learnt.
pub fn n_params(module: &dyn Module) -> usize {
    parameters(module).iter().map(|(_, tensor)| tensor.numel()).sum()
}

/// Sets all states to their declared values, as before the first call.
pub fn reset(module: &mut dyn Module) {
    walk_mut(module, &mut |_, module| {
        if let Some(states) = module.states_mut() {
            states.clear();
        }
    });
}

/// Keeps the states' values and forgets how they came about: backward ends here.
pub fn detach(module: &mut dyn Module) {
    walk_mut(module, &mut |_, module| {
        let states = module.states_mut().into_iter().flat_map(|states| states.values_mut());
        states.for_each(|state| *state = state.detach());
    });
}

/// Moves params, buffers and states to a device. Params stay the same variables, so that an optimizer that has
/// them goes on.
///
/// # Errors
///
/// Those of libtorch, such as of a device that is not there.
pub fn to_device(module: &mut dyn Module, device: Device) -> Result<()> {
    for mut entry in entries(module) {
        if entry.tensor.device() != device {
            let moved = tch::no_grad(|| entry.tensor.f_to(device))?;
            entry.tensor.f_set_data(&moved)?;
        }
    }
    let mut done = Ok(());
    walk_mut(module, &mut |_, module| {
        for state in module.states_mut().into_iter().flat_map(|states| states.values_mut()) {
            match state.f_to(device) {
                Ok(moved) => *state = moved,
                Err(error) => done = Err(error.into()),
            }
        }
    });
    done
}

/// Lays the weights of convolutions out with their channels last, which convolutions on CUDA prefer in 16 bits.
///
/// # Errors
///
/// Those of libtorch.
pub fn to_layout(module: &mut dyn Module, channels_last: bool) -> Result<()> {
    for mut entry in entries(module).into_iter().filter(|entry| entry.tensor.dim() == 4) {
        let own = entry.tensor.detach();
        let laid = match channels_last {
            true => own.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?,
            false => own.f_contiguous()?,
        };
        entry.tensor.f_set_data(&laid)?;
    }
    Ok(())
}
