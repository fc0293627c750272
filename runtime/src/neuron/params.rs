//! Params: the numbers that a caller gives, and those that kernels read.
//!
//! A caller gives the constrained number. Where the param has a `via`, the kernel reads the number `w`
//! that is mapped to it, computed here in f64 and rounded once.

use snn_artifact::{Axis, Param, ParamDefault, Range, Sharing, Via};

use super::array::{self, Array};
use super::draw;
use super::geometry::Geometry;
use crate::error::{Error, Result};

/// A param as kernels read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// `w` for each number of the sharing.
    pub values: Vec<f32>,
    /// The shape that its gradient has.
    pub shape: Vec<usize>,
}

/// The stored numbers of a param: those of the caller, or the declared ones.
///
/// # Errors
///
/// [`Error::Shape`] and [`Error::Range`], and [`Error::Artifact`] where its `via` lacks an end.
pub fn stored(
    param: &Param,
    given: Option<&Array>,
    geometry: &Geometry,
    seed: u64,
) -> Result<Stored> {
    let mut shape = declared(param.sharing, geometry);
    match param.axis {
        Some(Axis::Steps) => shape.insert(0, geometry.steps),
        Some(Axis::Matrix) => shape = vec![geometry.steps; 2],
        Some(Axis::Elements(_)) | None => {}
    }
    let n = array::count(&shape).unwrap_or(0);
    let Some(given) = given else {
        return Ok(Stored { values: by_default(param, n, seed)?, shape });
    };
    let values = given.data().iter().enumerate();
    let values = values.map(|(i, &number)| one(param, i, f64::from(number), rounded));
    let values: Vec<f32> = values.collect::<Result<_>>()?;
    match (given.shape(), &values[..]) {
        (same, _) if same == shape => Ok(Stored { values, shape }),
        ([1], &[_]) if shape.is_empty() => Ok(Stored { values, shape: vec![1] }),
        ([] | [1], &[value]) => Ok(Stored { values: vec![value; n], shape }),
        (other, _) => Err(Error::Shape {
            operand: param.name.clone(),
            expected: expected(param, &shape),
            given: array::text(other),
        }),
    }
}

/// `n` stored numbers of a param that is not given.
fn by_default(param: &Param, n: usize, seed: u64) -> Result<Vec<f32>> {
    match &param.default {
        ParamDefault::Number(number) => Ok(vec![one(param, 0, *number, |end| end)?; n]),
        ParamDefault::Drawn(distribution) => {
            let drawn = draw::numbers(param, distribution, n, seed)?.into_iter().enumerate();
            drawn.map(|(i, number)| one(param, i, f64::from(number), rounded)).collect()
        }
    }
}

/// The first `n` numbers that a param has where none are given, the constrained ones: those that a call
/// with this seed runs with.
///
/// # Errors
///
/// [`Error::Artifact`] where its distribution has next to no numbers in its range.
pub fn default_numbers(param: &Param, n: usize, seed: u64) -> Result<Vec<f64>> {
    match &param.default {
        ParamDefault::Number(number) => Ok(vec![*number; n]),
        ParamDefault::Drawn(distribution) => {
            let drawn = draw::numbers(param, distribution, n, seed)?;
            Ok(drawn.into_iter().map(f64::from).collect())
        }
    }
}

/// The stored numbers of constrained ones.
///
/// # Errors
///
/// [`Error::Range`].
pub fn stored_numbers(param: &Param, numbers: &[f32]) -> Result<Vec<f32>> {
    let numbers = numbers.iter().enumerate();
    numbers.map(|(i, &number)| one(param, i, f64::from(number), rounded)).collect()
}

/// An end of a range for numbers in f32: a caller's 0.1 is the f32 next to it, so the ends are as well.
pub fn rounded(end: f64) -> f64 {
    f64::from(end as f32)
}

/// The shape of a param's numbers.
pub fn declared(sharing: Sharing, geometry: &Geometry) -> Vec<usize> {
    match sharing {
        Sharing::Layer => Vec::new(),
        Sharing::Channel => vec![geometry.channels],
        Sharing::Neuron => geometry.step().to_vec(),
    }
}

/// Who shares a number, in words.
fn sharing(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Layer => "per layer",
        Sharing::Channel => "per channel",
        Sharing::Neuron => "per neuron",
    }
}

/// What a param of this shape is given, in words.
pub fn expected(param: &Param, shape: &[usize]) -> String {
    let (shape, sharing) = (array::text(shape), sharing(param.sharing));
    let each = |axis: &Axis| match axis {
        Axis::Steps => " with a number for each step",
        Axis::Matrix => " with a number for each pair of steps",
        Axis::Elements(_) => " with a number for each index",
    };
    match (&param.axis, param.sharing) {
        (None, Sharing::Layer) => "[] or [1], since it is per layer".into(),
        (axis, _) => {
            let each = axis.as_ref().map_or("", each);
            format!("{shape}, since it is {sharing}{each}, or []")
        }
    }
}

/// The stored number of a constrained one, which has to lie between ends that `end` rounds.
fn one(param: &Param, index: usize, number: f64, end: fn(f64) -> f64) -> Result<f32> {
    let allowed = param.range.is_none_or(|range| contains(range, number, end));
    if !allowed {
        return Err(Error::Range {
            operand: param.name.clone(),
            expected: param.range.map(|range| range.to_string()).unwrap_or_default(),
            index,
            given: as_written(number),
        });
    }
    let lacks = || Error::Artifact(format!("`{}` has a `via` without its range", param.name));
    let stored = match param.via {
        None => Some(number),
        Some(via) => inverse(via, param.range.as_ref(), number),
    };
    Ok(stored.ok_or_else(lacks)? as f32)
}

/// An f32 as it is written, for a message: 0.7 and not the 0.699999988079071 that it is.
fn as_written(number: f64) -> f64 {
    let short = number as f32;
    let written = if f64::from(short) == number { short.to_string().parse().ok() } else { None };
    written.unwrap_or(number)
}

/// Whether a number lies in a range. NaN lies in none.
pub fn contains(range: Range, number: f64, end: fn(f64) -> f64) -> bool {
    let inside = |closed, low: f64, high: f64| if closed { low <= high } else { low < high };
    // JSON has no infinity: an end that is not there is one, and an open one is not in the range.
    let low = inside(range.low_closed, range.low.map_or(f64::NEG_INFINITY, end), number);
    let high = inside(range.high_closed, number, range.high.map_or(f64::INFINITY, end));
    low && high
}

/// The `w` that is mapped to a number; none where the range lacks an end that the map needs.
fn inverse(via: Via, range: Option<&Range>, number: f64) -> Option<f64> {
    // An end that was rounded may lie beyond the number; the map then starts at it.
    let above = (number - range?.low?).max(0.0);
    Some(match via {
        Via::Sigmoid => (above / (range?.high? - number).max(0.0)).ln(),
        Via::Softplus => softplus_inverse(above),
        Via::Exp => above.ln(),
    })
}

/// The number that `w` is mapped to.
fn mapped(via: Via, range: Option<&Range>, w: f64) -> Option<f64> {
    let low = range?.low?;
    Some(match via {
        Via::Sigmoid => low + (range?.high? - low) / (1.0 + (-w).exp()),
        Via::Softplus => low + if w > 0.0 { w + (-w).exp().ln_1p() } else { w.exp().ln_1p() },
        Via::Exp => low + w.exp(),
    })
}

/// Holds a caller's numbers against the range of their param.
///
/// # Errors
///
/// [`Error::Range`].
pub fn check(param: &Param, numbers: &[f32]) -> Result<()> {
    let mut numbers = numbers.iter().enumerate();
    numbers.try_for_each(|(i, &number)| one(param, i, f64::from(number), rounded).map(|_| ()))
}

/// A number whose stored one has moved by `change`.
///
/// # Errors
///
/// [`Error::Artifact`] where its `via` lacks an end.
pub fn moved(param: &Param, number: f32, change: f32) -> Result<f32> {
    let (number, change) = (f64::from(number), f64::from(change));
    let range = param.range.as_ref();
    let moved = match param.via {
        None => Some(number + change),
        Some(via) => inverse(via, range, number).and_then(|w| mapped(via, range, w + change)),
    };
    let lacks = || Error::Artifact(format!("`{}` has a `via` without its range", param.name));
    Ok(moved.ok_or_else(lacks)? as f32)
}

/// `ln(e^d - 1)`, without the overflow of `e^d` and without what is lost where `d` is small.
fn softplus_inverse(d: f64) -> f64 {
    if d > std::f64::consts::LN_2 { d + (-(-d).exp()).ln_1p() } else { d.exp_m1().ln() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(sharing: Sharing, range: Option<Range>, via: Option<Via>) -> Param {
        Param {
            name: "tau".into(),
            sharing,
            learn: true,
            axis: None,
            default: ParamDefault::Number(2.0),
            range,
            via,
        }
    }

    fn between(low: f64, high: Option<f64>) -> Option<Range> {
        Some(Range { low: Some(low), high, low_closed: false, high_closed: false })
    }

    fn geometry() -> Geometry {
        Geometry::new("x", &[5, 2, 3, 4], None).unwrap()
    }

    fn give(param: &Param, shape: &[usize], data: &[f32]) -> Result<Stored> {
        let array = Array::new(shape.to_vec(), data.to_vec()).unwrap();
        stored(param, Some(&array), &geometry(), 0)
    }

    #[test]
    fn a_default_is_repeated() {
        let of = |sharing| stored(&param(sharing, None, None), None, &geometry(), 0).unwrap();
        assert_eq!(of(Sharing::Layer), Stored { values: vec![2.0], shape: vec![] });
        assert_eq!(of(Sharing::Channel), Stored { values: vec![2.0; 3], shape: vec![3] });
        assert_eq!(of(Sharing::Neuron), Stored { values: vec![2.0; 12], shape: vec![3, 4] });
    }

    #[test]
    fn shapes_follow_the_sharing() {
        let given = |sharing, shape: &[usize]| {
            let data = vec![3.0; shape.iter().product()];
            give(&param(sharing, None, None), shape, &data).map(|stored| stored.shape)
        };
        assert!(given(Sharing::Layer, &[]).unwrap().is_empty());
        assert_eq!(given(Sharing::Layer, &[1]).unwrap(), [1]);
        assert_eq!(given(Sharing::Channel, &[3]).unwrap(), [3]);
        assert_eq!(given(Sharing::Channel, &[1]).unwrap(), [3]);
        assert_eq!(given(Sharing::Neuron, &[3, 4]).unwrap(), [3, 4]);
        assert_eq!(given(Sharing::Neuron, &[]).unwrap(), [3, 4]);
        let refused = |sharing, shape: &[usize]| given(sharing, shape).unwrap_err().to_string();
        assert_eq!(
            refused(Sharing::Layer, &[3]),
            "`tau` must have shape [] or [1], since it is per layer, but has [3]"
        );
        assert_eq!(
            refused(Sharing::Channel, &[4]),
            "`tau` must have shape [3], since it is per channel, or [], but has [4]"
        );
        assert_eq!(
            refused(Sharing::Neuron, &[12]),
            "`tau` must have shape [3, 4], since it is per neuron, or [], but has [12]"
        );
    }

    #[test]
    fn numbers_outside_of_the_range_are_named() {
        let refused = |range: Option<Range>, data: &[f32]| {
            let param = param(Sharing::Channel, range, None);
            give(&param, &[3], data).map(|_| ()).map_err(|e| e.to_string())
        };
        let message = "`tau` must lie in (1, inf), but element 1 is 1";
        assert_eq!(refused(between(1.0, None), &[2.0, 1.0, 3.0]), Err(message.into()));
        let message = "`tau` must lie in (0, 1), but element 2 is NaN";
        assert_eq!(refused(between(0.0, Some(1.0)), &[0.5, 0.5, f32::NAN]), Err(message.into()));
        // 0.7 as f32 is below 0.7 as f64, and is still the end that was written.
        let end =
            |low_closed| Range { low: Some(0.7), high: Some(1.0), low_closed, high_closed: true };
        assert_eq!(refused(Some(end(true)), &[0.7, 1.0, 0.9]), Ok(()));
        let message = "`tau` must lie in (0.7, 1], but element 0 is 0.7";
        assert_eq!(refused(Some(end(false)), &[0.7, 1.0, 0.9]), Err(message.into()));
    }

    #[test]
    fn a_default_outside_of_its_range_is_refused_too() {
        let param = param(Sharing::Layer, between(2.0, None), None);
        assert!(matches!(stored(&param, None, &geometry(), 0), Err(Error::Range { .. })));
    }

    #[test]
    fn stored_numbers_are_mapped_back() {
        let w = |via, low, high, number: f32| {
            let param = param(Sharing::Layer, between(low, high), Some(via));
            give(&param, &[], &[number]).unwrap().values[0]
        };
        assert_eq!(w(Via::Sigmoid, 0.0, Some(1.0), 0.5), 0.0);
        assert_eq!(w(Via::Sigmoid, 1.0, Some(3.0), 2.5), 3.0_f32.ln());
        assert_eq!(w(Via::Exp, 1.0, None, 2.0), 0.0);
        for number in [1e-20_f32, 1e-3, 0.5, 0.7, 3.0, 80.0, 1e30] {
            let w = f64::from(w(Via::Softplus, 0.0, None, number));
            let back = if w > 30.0 { w } else { w.exp().ln_1p() };
            let error = (back / f64::from(number) - 1.0).abs();
            assert!(error < 1e-5, "{number}: {w} gives {back}");
        }
    }

    #[test]
    fn a_via_without_its_ends_is_a_broken_artifact() {
        let error = give(&param(Sharing::Layer, None, Some(Via::Exp)), &[], &[1.0]).unwrap_err();
        assert!(error.to_string().contains("`tau` has a `via` without its range"), "{error}");
    }
}
