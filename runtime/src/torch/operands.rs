//! A call against a manifest: all operands there, of the right shapes, laid out as kernels read them.

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_artifact::{Axis, Dtype, Manifest, Param, Port, Sharing};
use tch::{Device, Kind, Tensor};

use super::layout::Layout;
use super::{Buffers, Call, buffer};
use crate::error::{Error, Result};
use crate::neuron::{Draws, Geometry, known, names};

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// The sizes of a run, and where it is.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its sizes, in the order of memory.
    pub geometry: Geometry,
    /// `[T, N, *]`, as the caller counts axes.
    pub shape: Vec<i64>,
    /// Which of these axes is the channels'.
    channel: usize,
    /// How the lanes of a step lie.
    pub layout: Layout,
    /// Where it runs.
    pub device: Device,
    /// What inputs and outputs are stored as.
    pub kind: Kind,
    /// Whether the states after the last step are asked for.
    pub keeps_states: bool,
}

/// The operands of a run.
pub struct Operands {
    /// Its sizes.
    pub run: Run,
    /// What was given, by the names of buffers; libtorch knows how each came of the caller's tensors.
    pub given: Buffers,
    /// Params that were not given, with how many numbers each has.
    pub declared: Vec<(Param, usize)>,
    /// Whether the neuron sees the whole time axis.
    is_parallel: bool,
}

impl Operands {
    /// The operands of a call.
    ///
    /// # Errors
    ///
    /// Names the operand that is missing, unknown, of a wrong shape or type, or on another device.
    pub fn new(manifest: &Manifest, call: &Call) -> Result<Self> {
        let params: Vec<&str> = manifest.params.iter().map(|p| p.name.as_str()).collect();
        known(manifest, "input", call.inputs.keys(), &names(&manifest.inputs))?;
        known(manifest, "param", call.params.keys(), &params)?;
        known(manifest, "state", call.states.keys(), &names(&manifest.states))?;
        let inputs = inputs(manifest, call)?;
        let (first, shape) = shape(manifest, call, &inputs)?;
        let (device, kind) = place(call, &inputs)?;
        let full: Vec<Tensor> =
            inputs.iter().map(|(_, input)| input.to_kind(kind).expand(&shape, false)).collect();
        let standard = || Layout::standard(shape.len().saturating_sub(1));
        let layout = full.first().and_then(Layout::of).unwrap_or_else(standard);
        let (mut geometry, channel) = geometry(first, &shape, &layout, call.channel_axis)?;
        geometry.draws = Draws { seed: call.seed, first_step: call.first_step };
        let keeps_states = !call.forget_states;
        let run = Run { geometry, shape, channel, layout, device, kind, keeps_states };
        let is_parallel = manifest.parallel;
        let mut operands = Self { run, given: Buffers::new(), declared: Vec::new(), is_parallel };
        for ((name, _), input) in inputs.iter().zip(&full) {
            let dense = operands.run.layout.dense_steps(input);
            operands.given.insert(buffer(Operand::Input(name)), dense);
        }
        for param in &manifest.params {
            operands.param(param, call.params.get(&param.name))?;
        }
        for state in &manifest.states {
            if let Some(given) = call.states.get(&state.name) {
                operands.state(state, given)?;
            }
        }
        Ok(operands)
    }

    fn param(&mut self, param: &Param, given: Option<&Tensor>) -> Result<()> {
        let sizes = self.run.sizes(param.sharing);
        let Some(given) = given else {
            let steps = match param.axis {
                Some(Axis::Steps) => self.run.shape[0],
                Some(Axis::Matrix) => self.run.shape[0] * self.run.shape[0],
                _ => 1,
            };
            let n = (steps * sizes.iter().product::<i64>()).max(1) as usize;
            self.declared.extend(param.elements().into_iter().map(|element| (element, n)));
            return Ok(());
        };
        on(&param.name, given, self.run.device)?;
        let given = self.each(param, given.to_kind(Kind::Float));
        match &param.axis {
            None => {
                let own = self.run.shared(&param.name, param.sharing, &given)?;
                self.given.insert(buffer(Operand::Param(&param.name)), own);
            }
            Some(Axis::Elements(defaults)) => {
                let n = defaults.len() as i64;
                axis(&param.name, &given, n, &sizes)?;
                for (i, element) in param.elements().iter().enumerate() {
                    let one = given.select(0, i as i64);
                    let own = self.run.shared(&param.name, param.sharing, &one)?;
                    self.given.insert(buffer(Operand::Param(&element.name)), own);
                }
            }
            Some(Axis::Matrix) => {
                let own = all_steps(param, &given, &[self.run.shape[0]; 2])?;
                self.given.insert(buffer(Operand::Param(&param.name)), own);
            }
            Some(Axis::Steps) if self.is_parallel => {
                let own = all_steps(param, &given, &self.run.shape[..1])?;
                self.given.insert(buffer(Operand::Param(&param.name)), own);
            }
            Some(Axis::Steps) => {
                axis(&param.name, &given, self.run.shape[0], &sizes)?;
                let own = self.run.stepped(param.sharing, &given, &sizes);
                self.given.insert(buffer(Operand::Input(&param.name)), own);
            }
        }
        Ok(())
    }

    /// A param with an index as it was given, where one number stands for all of them.
    fn each(&self, param: &Param, given: Tensor) -> Tensor {
        let n = match &param.axis {
            Some(Axis::Elements(defaults)) => defaults.len() as i64,
            Some(Axis::Steps) if !self.is_parallel => self.run.shape[0],
            _ => return given,
        };
        if given.numel() == 1 && given.dim() == 0 { given.expand([n], false) } else { given }
    }

    fn state(&mut self, port: &Port, given: &Tensor) -> Result<()> {
        on(&port.name, given, self.run.device)?;
        if given.size() != self.run.shape[1..] {
            return Err(wrong_shape(&port.name, &self.run.shape[1..], given));
        }
        let kind = if port.dtype == Dtype::I32 { Kind::Int } else { Kind::Float };
        let own = self.run.layout.dense_step(&given.to_kind(kind), 0);
        self.given.insert(buffer(Operand::State(&port.name)), own);
        Ok(())
    }
}

impl Run {
    /// The shape of a param's numbers.
    pub fn sizes(&self, sharing: Sharing) -> Vec<i64> {
        match sharing {
            Sharing::Layer => Vec::new(),
            Sharing::Channel => vec![self.geometry.channels as i64],
            Sharing::Neuron => self.step().to_vec(),
        }
    }

    /// A step without its batch; in `[T, N]` the neurons are the axis N.
    fn step(&self) -> &[i64] {
        if self.shape.len() == 2 { &self.shape[1..] } else { &self.shape[2..] }
    }

    /// A param's numbers in the order in which lanes read them. One number is repeated.
    fn shared(&self, name: &str, sharing: Sharing, given: &Tensor) -> Result<Tensor> {
        let sizes = self.sizes(sharing);
        let is_one = given.numel() == 1 && given.dim() <= 1;
        if given.size() != sizes && !is_one {
            return Err(wrong_shape(name, &sizes, given));
        }
        let own = if is_one {
            given.reshape([1_i64; 0]).expand(&sizes, false)
        } else {
            given.shallow_clone()
        };
        Ok(match sharing {
            Sharing::Neuron if self.shape.len() > 2 => self.layout.dense_step(&own, 1),
            _ => own.contiguous(),
        })
    }

    /// The numbers of a param for each step, as those of an input.
    pub fn stepped(&self, sharing: Sharing, given: &Tensor, sizes: &[i64]) -> Tensor {
        let mut view = vec![1; self.shape.len()];
        view[0] = self.shape[0];
        match sharing {
            Sharing::Layer => {}
            // One for each step stands for all channels.
            Sharing::Channel if given.dim() == 1 => {}
            Sharing::Channel => view[self.channel] = sizes[0],
            Sharing::Neuron if given.dim() == 1 => {}
            Sharing::Neuron => {
                let first = self.shape.len() - sizes.len();
                view[first..].copy_from_slice(sizes);
            }
        }
        self.layout.dense_steps(&given.reshape(view).expand(&self.shape, false))
    }
}

/// The inputs, which are all there.
fn inputs<'a>(manifest: &'a Manifest, call: &'a Call) -> Result<Vec<(&'a str, &'a Tensor)>> {
    let one = |port: &'a Port| {
        let missing =
            || Error::Missing { neuron: manifest.neuron.clone(), operand: port.name.clone() };
        Ok((port.name.as_str(), call.inputs.get(&port.name).ok_or_else(missing)?))
    };
    manifest.inputs.iter().map(one).collect()
}

/// The shape of the run, with the name of what says it.
fn shape<'a>(
    manifest: &Manifest,
    call: &Call,
    inputs: &[(&'a str, &Tensor)],
) -> Result<(&'a str, Vec<i64>)> {
    let Some(&(first, tensor)) = inputs.first() else {
        let sizes = call.sizes.as_ref().map(|(sizes, _)| sizes.clone());
        let needs = || Error::Shape {
            operand: "sizes".into(),
            expected: format!("[T, N, *], since `{}` has no input that says it", manifest.neuron),
            given: "nothing".into(),
        };
        return Ok(("sizes", sizes.ok_or_else(needs)?));
    };
    let mut shape = tensor.size();
    for (name, input) in &inputs[1..] {
        let sizes = input.size();
        let fits = |(own, other): (&i64, &i64)| own == other || *own == 1 || *other == 1;
        if sizes.len() != shape.len() || !sizes.iter().zip(&shape).all(fits) {
            return Err(wrong_shape(name, &shape, input));
        }
        for (own, other) in shape.iter_mut().zip(&sizes) {
            *own = if *own == 1 { *other } else { *own };
        }
    }
    Ok((first, shape))
}

/// Where the run is, and what its inputs are stored as: what they all are, or f32.
fn place(call: &Call, inputs: &[(&str, &Tensor)]) -> Result<(Device, Kind)> {
    let Some((first, tensor)) = inputs.first() else {
        let device = call.sizes.as_ref().map_or(Device::Cpu, |(_, device)| *device);
        return Ok((device, Kind::Float));
    };
    let (device, mut kind) = (tensor.device(), tensor.kind());
    super::dtype(first, kind)?;
    for (name, input) in inputs {
        super::dtype(name, input.kind())?;
        on(name, input, device)?;
        if input.kind() != kind {
            kind = Kind::Float;
        }
    }
    Ok((device, kind))
}

/// The sizes of a run whose lanes lie in the order of a layout, and the caller's channel axis.
fn geometry(
    first: &str,
    shape: &[i64],
    layout: &Layout,
    channel_axis: Option<isize>,
) -> Result<(Geometry, usize)> {
    let plain: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    // What is wrong with the shape or the axis is said in the caller's order.
    Geometry::new(first, &plain, channel_axis)?;
    let rank = shape.len();
    let axis = match channel_axis {
        None => 2.min(rank - 1),
        Some(axis) if axis < 0 => axis.unsigned_abs().abs_diff(rank),
        Some(axis) => axis.unsigned_abs(),
    };
    let mut own = vec![plain[0]];
    own.extend(layout.sizes(&shape[1..]).iter().map(|&size| size as usize));
    let geometry = Geometry::new(first, &own, Some(1 + layout.place(axis - 1) as isize))?;
    Ok((geometry, axis))
}

fn on(operand: &str, given: &Tensor, device: Device) -> Result<()> {
    if given.device() == device {
        return Ok(());
    }
    Err(super::failed(
        &format!("taking `{operand}`"),
        format!("it is on {:?}, and the first input on {device:?}", given.device()),
    ))
}

/// A param of a parallel neuron with a number for each step, or for each pair of steps. One number is repeated.
fn all_steps(param: &Param, given: &Tensor, sizes: &[i64]) -> Result<Tensor> {
    if given.size() == sizes {
        return Ok(given.contiguous());
    }
    if given.numel() == 1 && given.dim() <= 1 {
        return Ok(given.reshape([1_i64; 0]).expand(sizes, false).contiguous());
    }
    Err(wrong_shape(&param.name, sizes, given))
}

/// That a param has its axis before the others.
fn axis(name: &str, given: &Tensor, n: i64, sizes: &[i64]) -> Result<()> {
    let has = given.size().first() == Some(&n);
    if has && (given.dim() == 1 || given.size()[1..] == *sizes) {
        return Ok(());
    }
    let expected: Vec<i64> = std::iter::once(n).chain(sizes.iter().copied()).collect();
    Err(wrong_shape(name, &expected, given))
}

fn wrong_shape(operand: &str, expected: &[i64], given: &Tensor) -> Error {
    Error::Shape {
        operand: operand.into(),
        expected: format!("{expected:?}"),
        given: format!("{:?}", given.size()),
    }
}
