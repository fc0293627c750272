//! What training goes on from, as tensors by name, and back.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use snn_runtime::torch::ops;
use tch::{Device, Tensor};

use super::archive::{self, About};
use super::progress::Metrics;
use crate::error::{Error, Result};
use crate::files::failed;
use crate::nn::{self, Module, StateDict};
use crate::optim::{Method, Optimizer, Scaler};

/// What a checkpoint holds of training, beside how far it is.
pub struct Parts<'a> {
    /// Its params, buffers and states.
    pub network: &'a mut dyn Module,
    /// What it remembers, and its rate.
    pub optimizer: &'a mut Optimizer,
    /// Its scale, where there is loss scaling.
    pub scaler: Option<&'a mut Scaler>,
}

/// The first parts of tensors' names; behind them come names of the network's own.
const NETWORK: &str = "network.";
const STATE: &str = "state.";
const OPTIMIZER: &str = "optimizer.";
const SCALER: &str = "scaler.";
const GENERATOR: &str = "generator.";

impl Parts<'_> {
    /// Where the network is: where its first param or buffer is, and else the CPU.
    fn device(&self) -> Device {
        nn::entries(self.network).first().map_or(Device::Cpu, |entry| entry.tensor.device())
    }

    /// Writes a checkpoint file.
    pub(super) fn write(
        &self,
        path: &Path,
        step: u64,
        metrics: &Metrics,
        progress: &impl Serialize,
    ) -> Result<()> {
        let about = About {
            step,
            metrics: metrics.clone(),
            network: modules(self.network),
            optimizer: method(self.optimizer),
            rate: self.optimizer.rate(),
            scales: self.scaler.is_some(),
            progress: serde_json::to_value(progress).map_err(failed(path))?,
        };
        archive::write(path, &self.tensors()?, &about)
    }

    fn tensors(&self) -> Result<StateDict> {
        let mut all = StateDict::new();
        let mut put = |first: &str, dict: StateDict| {
            all.extend(dict.into_iter().map(|(name, tensor)| (format!("{first}{name}"), tensor)));
        };
        put(NETWORK, nn::state_dict(self.network));
        put(STATE, states(self.network));
        put(OPTIMIZER, self.optimizer.state_dict());
        put(SCALER, self.scaler.as_ref().map(|scaler| scaler.state_dict()).unwrap_or_default());
        for device in generators(self.device()) {
            all.insert(generator(device), ops::generator_state(device)?);
        }
        Ok(all)
    }

    fn set(&mut self, tensors: &StateDict, rate: f64) -> Result<()> {
        self.optimizer.load_state_dict(&below(tensors, OPTIMIZER))?;
        self.optimizer.set_rate(rate);
        nn::load_state_dict(self.network, &below(tensors, NETWORK))?;
        let device = self.device();
        set_states(self.network, &below(tensors, STATE), device)?;
        if let Some(scaler) = &mut self.scaler {
            scaler.load_state_dict(&below(tensors, SCALER))?;
        }
        for device in generators(device) {
            if let Some(state) = tensors.get(&generator(device)) {
                ops::set_generator_state(device, state)?;
            }
        }
        Ok(())
    }

    /// What does not fit a checkpoint.
    fn misfit(&self, about: &About) -> Option<String> {
        let differ = |what: &str, found: &str, expected: &str| {
            (found != expected).then(|| format!("{what} is {found}, not {expected}"))
        };
        let own = modules(self.network);
        let none = ("nothing".to_string(), "nothing".to_string());
        let pairs = (0..own.len().max(about.network.len()))
            .map(|i| (about.network.get(i).unwrap_or(&none), own.get(i).unwrap_or(&none)));
        let text = |(path, module): &(String, String)| format!("`{path}` {module}");
        let mut modules = pairs.filter_map(|(found, expected)| {
            differ("a module of its network", &text(found), &text(expected))
        });
        let scaling = |scales| if scales { "on" } else { "off" };
        modules
            .next()
            .or_else(|| differ("its optimizer", &about.optimizer, &method(self.optimizer)))
            .or_else(|| {
                let own = scaling(self.scaler.is_some());
                differ("its loss scaling", scaling(about.scales), own)
            })
    }
}

/// Goes on from a checkpoint file: sets all parts and the random generators of the CPU and, where the network is on
/// CUDA, of its device, and gives what was saved as progress. A checkpoint of another kind of device is taken as well;
/// random numbers are then others.
///
/// # Errors
///
/// [`Error::File`] where the file is damaged, cut off or no checkpoint, [`Error::Checkpoint`] where it is of another
/// network, optimizer or version. Nothing is changed then. [`Error::StateDict`] where tensors have other shapes, behind
/// which the parts are not to be used.
pub fn restore<P: DeserializeOwned>(path: &Path, parts: &mut Parts<'_>) -> Result<P> {
    let (tensors, about) = archive::read(path)?;
    let other = |why| Error::Checkpoint { path: path.display().to_string(), why };
    if let Some(why) = parts.misfit(&about) {
        return Err(other(why));
    }
    let progress = serde_json::from_value(about.progress)
        .map_err(|why| other(format!("how far it is cannot be read: {why}")))?;
    parts.set(&tensors, about.rate)?;
    Ok(progress)
}

/// The params and buffers of the network in a checkpoint, for [`nn::load_state_dict`]: to run what was learnt.
///
/// # Errors
///
/// As [`restore`].
pub fn network_of(path: &Path) -> Result<StateDict> {
    Ok(below(&archive::read(path)?.0, NETWORK))
}

/// All tensors whose names begin so, without it.
fn below(tensors: &StateDict, first: &str) -> StateDict {
    let rest = |(name, tensor): (&String, &Tensor)| {
        name.strip_prefix(first).map(|rest| (rest.to_string(), tensor.shallow_clone()))
    };
    tensors.iter().filter_map(rest).collect()
}

/// The generators that random operations of a network take their numbers from.
fn generators(device: Device) -> impl Iterator<Item = Device> {
    std::iter::once(Device::Cpu).chain(device.is_cuda().then_some(device))
}

fn generator(device: Device) -> String {
    format!("{GENERATOR}{}", if device.is_cuda() { "cuda" } else { "cpu" })
}

fn modules(network: &dyn Module) -> Vec<(String, String)> {
    let mut all = Vec::new();
    nn::walk(network, &mut |path, module| all.push((path.into(), module.node().to_string())));
    all
}

fn method(optimizer: &Optimizer) -> String {
    let mut method = optimizer.method();
    match &mut method {
        Method::Adam(settings) => settings.rate = 0.0,
        Method::Sgd(settings) => settings.rate = 0.0,
    }
    format!("{method:?}")
}

/// States by the paths of their modules and their own names.
fn states(network: &dyn Module) -> StateDict {
    let mut all = StateDict::new();
    nn::walk(network, &mut |path, module| {
        for (name, state) in module.states().into_iter().flatten() {
            all.insert(format!("{path}:{name}"), state.detach());
        }
    });
    all
}

fn set_states(network: &mut dyn Module, saved: &StateDict, device: Device) -> Result<()> {
    let mut done = Ok(());
    nn::walk_mut(network, &mut |path, module| {
        let Some(states) = module.states_mut() else { return };
        states.clear();
        for (name, state) in below(saved, &format!("{path}:")) {
            match state.f_to(device) {
                Ok(state) => drop(states.insert(name, state)),
                Err(error) => done = Err(error.into()),
            }
        }
    });
    done
}
