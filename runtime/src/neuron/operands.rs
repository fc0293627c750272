//! A call against a manifest: all operands there, of the right shapes, in their ranges.

use std::borrow::Cow;
use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_artifact::{Dtype, Manifest, Port};

use super::array::{self, Array, Arrays};
use super::broadcast;
use super::call::{ALL, Call, Seeds};
use super::check::is_int;
use super::geometry::{Draws, Geometry};
use super::indexed::{self, Stepped};
use super::ints;
use super::parallel;
use super::params::{self, Stored};
use crate::error::{Error, Result};

/// The operands of a run, checked, the large ones still where the caller has them.
pub struct Operands<'a> {
    /// Its sizes.
    pub geometry: Geometry,
    /// What tiles are cut from, with the name of its buffer.
    pub tiled: Vec<(String, Source<'a>)>,
    /// Params by name, those with an index element by element.
    pub params: Vec<(String, Stored)>,
    /// The shapes of inputs that are repeated, by the names of their gradients' buffers.
    pub narrow: BTreeMap<String, Vec<usize>>,
    /// Params with a number for each step, by name.
    pub stepped: Vec<(String, Stepped)>,
    /// The calls of the programs of matrices.
    pub calls: Vec<Option<Call>>,
}

/// Numbers for the lanes of a buffer.
#[derive(Clone)]
pub enum Source<'a> {
    /// One for each place.
    Rows(Cow<'a, [f32]>),
    /// So many rows of one number.
    Full {
        /// How many.
        rows: usize,
        /// The number.
        number: f32,
    },
}

impl<'a> Operands<'a> {
    /// The operands of a call.
    ///
    /// # Errors
    ///
    /// Names the operand that is missing, unknown, of the wrong shape or out of its range.
    pub fn new(manifest: &Manifest, call: &'a Call) -> Result<Self> {
        let params: Vec<&str> = manifest.params.iter().map(|p| p.name.as_str()).collect();
        known(manifest, "input", call.inputs.keys(), &names(&manifest.inputs))?;
        known(manifest, "param", call.params.keys(), &params)?;
        known(manifest, "state", call.states.keys(), &names(&manifest.states))?;
        let (mut geometry, mut tiled) = inputs(manifest, call)?;
        geometry.draws = Draws { seed: call.seed, first_step: call.first_step };
        for (name, state) in &call.states {
            same(name, state, geometry.state())?;
            if is_int(manifest, &Operand::State(name).to_string()) {
                ints::check(name, state.data())?;
            }
            tiled.push((Operand::State(name).to_string(), Source::Rows(state.data().into())));
        }
        let (mut stored, mut stepped) = (Vec::new(), Vec::new());
        for param in &manifest.params {
            let given = call.params.get(&param.name);
            if param.is_matrix() || param.has_steps() && manifest.parallel {
                let own = params::stored(param, given, &geometry, call.seed)?;
                stored.push((param.name.clone(), own));
            } else if param.has_steps() {
                let numbers = Stepped::new(param, given, &geometry, call.seed)?;
                stepped.push((param.name.clone(), numbers));
            } else {
                stored.extend(indexed::stored(param, given, &geometry, call.seed)?);
            }
        }
        let narrow = call.inputs.iter().filter(|(_, input)| input.shape() != geometry.shape);
        let narrow = narrow
            .map(|(name, input)| (Operand::InputGrad(name).to_string(), input.shape().to_vec()))
            .collect();
        let calls = parallel::calls(manifest, call, &stored, geometry.steps)?;
        Ok(Self { geometry, tiled, params: stored, narrow, stepped, calls })
    }

    /// All that tiles are cut from.
    pub fn sources(&self) -> Vec<(String, Source<'_>)> {
        let stepped = self.stepped.iter().map(|(name, stepped)| {
            (Operand::Input(name).to_string(), Source::Rows((&stepped.rows[..]).into()))
        });
        self.tiled.iter().cloned().chain(stepped).collect()
    }
}

/// The gradients to begin with, by the names of their buffers.
///
/// # Errors
///
/// Names the seed that is unknown or of the wrong shape.
pub fn seeds<'a>(
    manifest: &Manifest,
    geometry: &Geometry,
    seeds: &'a Seeds,
) -> Result<Vec<(String, Source<'a>)>> {
    let outputs = Seeded {
        kind: "output",
        ports: manifest.outputs.iter().collect(),
        geometry,
        buffer: |name| Operand::OutputGrad(name).to_string(),
    };
    let states = Seeded {
        kind: "state",
        // Ints have no gradient.
        ports: manifest.states.iter().filter(|state| state.dtype == Dtype::F32).collect(),
        geometry,
        buffer: |name| Operand::NextGrad(name).to_string(),
    };
    let mut all = outputs.sources(manifest, &seeds.outputs)?;
    all.extend(states.sources(manifest, &seeds.states)?);
    Ok(all)
}

/// What seeds are for.
struct Seeded<'m> {
    kind: &'static str,
    ports: Vec<&'m Port>,
    geometry: &'m Geometry,
    buffer: fn(&str) -> String,
}

impl Seeded<'_> {
    fn sources<'a>(
        &self,
        manifest: &Manifest,
        seeds: &'a Arrays,
    ) -> Result<Vec<(String, Source<'a>)>> {
        let named = seeds.keys().filter(|name| *name != ALL);
        let names: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
        known(manifest, self.kind, named, &names)?;
        let mut sources = Vec::new();
        for port in &self.ports {
            if let Some(seed) = seeds.get(&port.name).or_else(|| seeds.get(ALL)) {
                let buffer = (self.buffer)(&port.name);
                let source = self.source(&buffer, port, seed)?;
                sources.push((buffer, source));
            }
        }
        Ok(sources)
    }

    fn source<'a>(&self, buffer: &str, port: &Port, seed: &'a Array) -> Result<Source<'a>> {
        let is_row = self.kind == "state" || port.last;
        let (rows, shape) = match is_row {
            true => (1, self.geometry.state()),
            false => (self.geometry.steps, &self.geometry.shape[..]),
        };
        if let ([], &[number]) = (seed.shape(), seed.data()) {
            return Ok(Source::Full { rows, number });
        }
        same(buffer, seed, shape)?;
        Ok(Source::Rows(seed.data().into()))
    }
}

/// The inputs, which are all there, repeated where the run has more.
fn inputs<'a>(
    manifest: &Manifest,
    call: &'a Call,
) -> Result<(Geometry, Vec<(String, Source<'a>)>)> {
    let mut given = Vec::new();
    for port in &manifest.inputs {
        let missing =
            || Error::Missing { neuron: manifest.neuron.clone(), operand: port.name.clone() };
        given.push((port.name.as_str(), call.inputs.get(&port.name).ok_or_else(missing)?));
    }
    let (shape, first) = (call.shape()?, given.first().map_or("sizes", |(name, _)| name));
    if given.is_empty() && shape.is_empty() {
        return Err(Error::Shape {
            operand: first.into(),
            expected: format!("[T, N, *], since `{}` has no input that says it", manifest.neuron),
            given: array::text(&shape),
        });
    }
    let geometry = Geometry::new(first, &shape, call.channel_axis)?;
    let buffer = |(name, array): (&str, &'a Array)| {
        let buffer = Operand::Input(name).to_string();
        let rows = match array.shape() == geometry.shape {
            true => array.data().into(),
            false => broadcast::repeat(&buffer, array, &geometry.shape)?.into(),
        };
        Ok((buffer, Source::Rows(rows)))
    };
    let tiled = given.into_iter().map(buffer).collect::<Result<_>>()?;
    Ok((geometry, tiled))
}

/// That an array has this shape.
fn same(operand: &str, array: &Array, shape: &[usize]) -> Result<()> {
    if array.shape() == shape {
        return Ok(());
    }
    Err(Error::Shape {
        operand: operand.into(),
        expected: array::text(shape),
        given: array::text(array.shape()),
    })
}

/// That the neuron has all that was given.
pub fn known<'a>(
    manifest: &Manifest,
    kind: &'static str,
    mut given: impl Iterator<Item = &'a String>,
    names: &[&str],
) -> Result<()> {
    match given.find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::Unknown {
            neuron: manifest.neuron.clone(),
            kind,
            operand: name.clone(),
            known: list(names),
        }),
    }
}

/// The names of inputs, outputs or states.
pub fn names(ports: &[Port]) -> Vec<&str> {
    ports.iter().map(|port| port.name.as_str()).collect()
}

/// Names for a message.
pub fn list(names: &[&str]) -> String {
    match names {
        [] => "none".into(),
        names => names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "),
    }
}
