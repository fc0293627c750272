//! Arrays of NumPy, `.npz`: a zip of `.npy` files. Events are `t`, `x`, `y` and `p`, or one array of structs.
//!
//! What is written has `width` and `height` as well, which other readers leave alone.

use std::io::{Cursor, Read, Write};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::error::{self, Error, Result};
use super::events::{Columns, Events};
use super::input::Input;
use super::npy::{self, Array};
use super::read::Options;
use super::text::shown;
use super::view::EventsView;

/// Bytes that one byte may be unpacked to: deflate cannot say more.
const RATIO: usize = 1040;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The bytes of a member.
fn member(input: Input, archive: &mut Archive, name: &str) -> Result<Option<Vec<u8>>> {
    let broken = |e: &dyn std::fmt::Display| {
        input.error(0, "a zip of npy files", format!("a member `{name}` that cannot be read ({e})"))
    };
    let member = match archive.by_name(name) {
        Ok(member) => member,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(e) => return Err(broken(&e)),
    };
    let limit = input.bytes.len().saturating_mul(RATIO) as u64;
    let mut bytes = Vec::new();
    member.take(limit).read_to_end(&mut bytes).map_err(|e| broken(&e))?;
    Ok(Some(bytes))
}

/// Reads a member as an array, and gives what `with` makes of it. In errors a place is one in the unpacked
/// member, whose name is there, too.
fn array<T>(
    input: Input,
    archive: &mut Archive,
    names: &[&str],
    with: impl Fn(Input, &Array) -> Result<T>,
) -> Result<Option<T>> {
    for name in names {
        if let Some(bytes) = member(input, archive, &format!("{name}.npy"))? {
            let name = format!("{} ({name}.npy, unpacked)", input.name);
            let input = Input { name: &name, bytes: &bytes };
            return with(input, &Array::parse(input)?).map(Some);
        }
    }
    Ok(None)
}

/// A column of whole numbers.
fn column<T>(
    input: Input,
    archive: &mut Archive,
    names: &[&str],
    most: u64,
    to: impl Fn(u64) -> T,
) -> Result<Option<Vec<T>>> {
    array(input, archive, names, |input, array| {
        let only =
            array.only().ok_or_else(|| input.error(0, "an array of numbers", "one of structs"))?;
        array.column(only, most, &to)
    })
}

/// The columns of four arrays, or of the only one.
fn columns(input: Input, archive: &mut Archive) -> Result<Columns> {
    let most = u64::from(u16::MAX);
    let place = |number| number as u16;
    let t = column(input, archive, &npy::TIMES, u64::MAX, |t| t)?;
    let x = column(input, archive, &npy::XS, most, place)?;
    let y = column(input, archive, &npy::YS, most, place)?;
    let p = array(input, archive, &npy::POLARITIES, |input, array| {
        let only =
            array.only().ok_or_else(|| input.error(0, "an array of numbers", "one of structs"))?;
        Ok(array.polarities(only))
    })?;
    if let (Some(t), Some(x), Some(y), Some(p)) = (t, x, y, p) {
        return Ok(Columns { t, x, y, p });
    }
    let names = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    let names: Vec<String> = names.collect();
    if let [name] = &names[..] {
        let name = name.trim_end_matches(".npy");
        if let Some(columns) = array(input, archive, &[name], npy::columns)? {
            return Ok(columns);
        }
    }
    let found = shown(&names.join(", "));
    Err(input.error(0, "arrays t, x, y and p, or one array of structs", found))
}

/// Reads a file.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let mut archive = ZipArchive::new(Cursor::new(input.bytes))
        .map_err(|e| input.error(0, "a zip of npy files", e.to_string()))?;
    let columns = columns(input, &mut archive)?;
    let mut size = |name| column(input, &mut archive, &[name], u64::from(u16::MAX), |n| n as u16);
    let first = |column: Option<Vec<u16>>| column.and_then(|column| column.first().copied());
    let size = first(size("width")?).zip(first(size("height")?));
    let start = |archive: &mut Archive| archive.by_name("t.npy").ok()?.data_start();
    let offset = start(&mut archive).unwrap_or(0) as usize;
    input.finish(columns, size, options, |_| offset)
}

/// The bytes of an array.
fn npy<const N: usize>(
    descr: &str,
    shape: &str,
    numbers: impl Iterator<Item = [u8; N]>,
) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // The elements start at a multiple of 64, and a line's end is before them.
    let n = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((n as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = n - 1).into_bytes());
    bytes.extend(numbers.flatten());
    bytes
}

/// The bytes of a file.
///
/// # Errors
///
/// [`Error::Argument`] where it becomes larger than memory holds.
pub fn write(events: EventsView) -> Result<Vec<u8>> {
    let shape = format!("({},)", events.len());
    let (width, height) = events.size();
    let size = |size: u16| npy("<u2", "()", std::iter::once(size.to_le_bytes()));
    let members = [
        ("t", npy("<u8", &shape, events.t().iter().map(|t| t.to_le_bytes()))),
        ("x", npy("<u2", &shape, events.x().iter().map(|x| x.to_le_bytes()))),
        ("y", npy("<u2", &shape, events.y().iter().map(|y| y.to_le_bytes()))),
        ("p", npy("|b1", &shape, events.p().iter().map(|p| [*p]))),
        ("width", size(width)),
        ("height", size(height)),
    ];
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let failed = |e: &dyn std::fmt::Display| -> Error {
        error::argument("events for an .npz file", "few enough for memory", e)
    };
    for (name, bytes) in members {
        // Sizes from 4 GB on stand in fields of their own.
        let options = options.large_file(bytes.len() > 1 << 31);
        archive.start_file(format!("{name}.npy"), options).map_err(|e| failed(&e))?;
        archive.write_all(&bytes).map_err(|e| failed(&e))?;
    }
    Ok(archive.finish().map_err(|e| failed(&e))?.into_inner())
}
