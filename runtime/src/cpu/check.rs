//! The arguments of a launch against the manifest, before machine code sees them.

use snn_artifact::{Buffer, Entry};

use super::{failed, memory::CpuMemory};
use crate::device::{Argument, Memory};
use crate::error::{Error, Result};
use crate::shape::evaluate;

/// The addresses of the buffers, in the manifest's order, null for those left out.
///
/// # Errors
///
/// Names the operand that is missing, too small, of another device, or read where it is written.
pub fn addresses(
    entry: &Entry,
    arguments: &mut [Argument<'_>],
    scalars: &[i64],
) -> Result<Vec<*mut u8>> {
    check_scalars(entry, scalars)?;
    if arguments.len() != entry.buffers.len() {
        let (given, wanted) = (arguments.len(), entry.buffers.len());
        return Err(launch(entry, format!("{given} buffers were given for {wanted}")));
    }
    let pairs = entry.buffers.iter().zip(arguments);
    pairs.map(|(buffer, argument)| address(entry, buffer, argument, scalars)).collect()
}

fn launch(entry: &Entry, why: String) -> Error {
    failed(format!("launching `{}`", entry.symbol), why)
}

/// Scalars are sizes; those that lanes are divided by are not 0 where there are lanes.
fn check_scalars(entry: &Entry, scalars: &[i64]) -> Result<()> {
    if scalars.len() != entry.scalars.len() {
        let (given, wanted) = (scalars.len(), entry.scalars.len());
        return Err(launch(entry, format!("{given} scalars were given for {wanted}")));
    }
    let some_lanes = scalar(entry, scalars, "N").is_none_or(|n| n > 0);
    for (name, &value) in entry.scalars.iter().zip(scalars) {
        let divides =
            some_lanes && entry.scalars[0] == "T" && matches!(name.as_str(), "C" | "S" | "M");
        let least = i64::from(divides);
        if value < least || value > 1 << 48 {
            let why = format!("scalar `{name}` is {value}, which is not from {least} to 2^48");
            return Err(launch(entry, why));
        }
    }
    Ok(())
}

fn scalar(entry: &Entry, scalars: &[i64], name: &str) -> Option<i64> {
    entry.scalars.iter().position(|known| known == name).map(|i| scalars[i])
}

fn address(
    entry: &Entry,
    buffer: &Buffer,
    argument: &mut Argument<'_>,
    scalars: &[i64],
) -> Result<*mut u8> {
    let wrong = |why: &str| launch(entry, format!("`{}` {why}", buffer.name));
    let foreign = || wrong("is memory of another device");
    let (address, size) = match argument {
        Argument::Absent if buffer.optional => return Ok(std::ptr::null_mut()),
        Argument::Absent => return Err(wrong("was left out")),
        Argument::Read(_) if buffer.written => {
            return Err(wrong("is written, but was given to read"));
        }
        Argument::Write(_) if !buffer.written => {
            return Err(wrong("is read, but was given to write"));
        }
        Argument::Read(memory) => {
            let memory = memory.as_any().downcast_ref::<CpuMemory>().ok_or_else(foreign)?;
            (memory.bytes().as_ptr().cast_mut(), memory.size())
        }
        Argument::Write(memory) => {
            let memory = memory.as_any_mut().downcast_mut::<CpuMemory>().ok_or_else(foreign)?;
            (memory.bytes_mut().as_mut_ptr(), memory.size())
        }
    };
    let needed = needed(entry, buffer, scalars)?;
    if needed.bytes > size as i64 {
        return Err(Error::Shape {
            operand: buffer.name.clone(),
            expected: format!("[{}] and so {} bytes", needed.shape, needed.bytes),
            given: format!("{size} bytes"),
        });
    }
    Ok(address)
}

struct Needed {
    shape: String,
    bytes: i64,
}

/// The bytes from a buffer's first element to its last.
fn needed(entry: &Entry, buffer: &Buffer, scalars: &[i64]) -> Result<Needed> {
    let name = |name: &str| scalar(entry, scalars, name);
    let wrong = |why: &str| launch(entry, format!("`{}`: {why}", buffer.name));
    let mut sizes = Vec::new();
    for size in &buffer.shape {
        sizes.push(evaluate(size, &name).map_err(|why| wrong(&why))?);
    }
    let shape = sizes.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let elements = match (name(&format!("stride.{}", buffer.name)), &sizes[..]) {
        (Some(stride), &[rows, lanes]) if rows > 0 && lanes > 0 => {
            if buffer.written && rows > 1 && stride < lanes {
                return Err(wrong(&format!("rows of {lanes} elements, {stride} apart, overlap")));
            }
            (rows - 1).checked_mul(stride).and_then(|last| last.checked_add(lanes))
        }
        _ => sizes.iter().try_fold(1_i64, |product, &size| product.checked_mul(size)),
    };
    let bytes = elements.and_then(|n| n.checked_mul(buffer.dtype.size() as i64));
    let bytes = bytes.ok_or_else(|| wrong(&format!("[{shape}] is larger than memory")))?;
    Ok(Needed { shape, bytes })
}
