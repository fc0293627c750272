//! Indexed params: one array to the caller. To kernels a param `[K]` is a param for each index, and a
//! param `[T]` an input that lanes share; its gradient is summed over them here, as that of an input of size 1 is.

use snn_artifact::{Axis, Param, Sharing};

use super::array::{self, Array, Arrays};
use super::broadcast;
use super::call::Gradients;
use super::geometry::Geometry;
use super::params::{self, Stored};
use super::run::Run;
use crate::error::{Error, Result};

/// A param with a number for each step.
pub struct Stepped {
    /// `w` for each step and lane.
    pub rows: Vec<f32>,
    /// The shape that its gradient has.
    pub shape: Vec<usize>,
}

impl Stepped {
    /// The numbers of the caller, or the declared one, for each lane.
    ///
    /// # Errors
    ///
    /// As [`params::stored`].
    pub fn new(
        param: &Param,
        given: Option<&Array>,
        geometry: &Geometry,
        seed: u64,
    ) -> Result<Self> {
        let Stored { values, shape } = params::stored(param, given, geometry, seed)?;
        let mut rows = Array::zeros(&param.name, geometry.shape.clone())?.into_data();
        let each = values.len().checked_div(geometry.steps).unwrap_or(0);
        if geometry.lanes > 0 && each > 0 {
            let steps = rows.chunks_exact_mut(geometry.lanes).zip(values.chunks_exact(each));
            for (row, numbers) in steps {
                let lanes = row.iter_mut().enumerate();
                lanes.for_each(|(lane, w)| *w = numbers[member(param.sharing, geometry, lane)]);
            }
        }
        Ok(Self { rows, shape })
    }
}

/// Which of a step's numbers a lane has.
fn member(sharing: Sharing, geometry: &Geometry, lane: usize) -> usize {
    match sharing {
        Sharing::Layer => 0,
        Sharing::Channel => lane / geometry.inner % geometry.channels,
        Sharing::Neuron => lane % geometry.neurons,
    }
}

/// The stored numbers of a param without steps, by the names that kernels have for it.
///
/// # Errors
///
/// As [`params::stored`].
pub fn stored(
    param: &Param,
    given: Option<&Array>,
    geometry: &Geometry,
    seed: u64,
) -> Result<Vec<(String, Stored)>> {
    let elements = param.elements();
    if param.axis.is_none() {
        return Ok(vec![(param.name.clone(), params::stored(param, given, geometry, seed)?)]);
    }
    let each = given.map(|given| split(param, given, geometry)).transpose()?;
    let named = elements.into_iter().enumerate().map(|(i, mut element)| {
        let own = element.name.clone();
        let given = each.as_ref().map(|each| &each[i]);
        if given.is_some() {
            // As the caller writes it, for what is wrong with it.
            element.name = format!("{}[{i}]", param.name);
        }
        Ok((own, params::stored(&element, given, geometry, seed)?))
    });
    named.collect()
}

/// The array of each index; one number for all, or for an index, is repeated.
fn split(param: &Param, given: &Array, geometry: &Geometry) -> Result<Vec<Array>> {
    let (n, own) = (param.elements().len(), params::declared(param.sharing, geometry));
    match (given.shape(), given.data()) {
        ([] | [1], &[number]) => Ok(vec![Array::scalar(number); n]),
        ([first, rest @ ..], data) if *first == n && (*rest == own || matches!(rest, [] | [1])) => {
            let size = data.len() / n;
            (0..n)
                .map(|i| Array::new(rest.to_vec(), data[i * size..(i + 1) * size].to_vec()))
                .collect()
        }
        (other, _) => Err(Error::Shape {
            operand: param.name.clone(),
            expected: params::expected(param, &[&[n], &own[..]].concat()),
            given: array::text(other),
        }),
    }
}

/// Gives indexed params their gradients out of those that kernels have for them.
pub fn join(run: &Run<'_>, gradients: &mut Gradients) {
    for param in run.neuron.manifest.params.iter().filter(|param| param.learn) {
        let joined = match &param.axis {
            None | Some(Axis::Matrix) => None,
            Some(Axis::Steps) if run.neuron.manifest.parallel => None,
            Some(Axis::Steps) => {
                gradients.inputs.remove(&param.name).and_then(|all| summed(run, param, &all))
            }
            Some(Axis::Elements(_)) => stacked(param, &mut gradients.params),
        };
        gradients.params.extend(joined.map(|array| (param.name.clone(), array)));
    }
}

/// The arrays of all indices, one behind the other.
fn stacked(param: &Param, arrays: &mut Arrays) -> Option<Array> {
    let elements = param.elements();
    let (mut shape, mut data) = (vec![elements.len()], Vec::new());
    for (i, element) in elements.iter().enumerate() {
        let array = arrays.remove(&element.name)?;
        if i == 0 {
            shape.extend(array.shape());
        }
        data.extend(array.into_data());
    }
    Array::new(shape, data).ok()
}

/// For each step the sums over the lanes that share a number.
fn summed(run: &Run<'_>, param: &Param, all: &Array) -> Option<Array> {
    let (geometry, own) = (&run.geometry, run.shapes.get(&param.name)?);
    let each = array::count(own)?.checked_div(geometry.steps).unwrap_or(0);
    // Where there is a number there is a lane, and a number for it in each step.
    let to = |i: usize| {
        let (step, lane) = (i / geometry.lanes, i % geometry.lanes);
        step * each + member(param.sharing, geometry, lane)
    };
    Some(broadcast::gather(all, own, to))
}
