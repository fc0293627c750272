//! One array as NumPy writes it: a magic string, a header that is a Python literal, the elements.
//!
//! Read here and not by a crate, since a header is the user's: its shape is held against what the file
//! has before anything is multiplied or allocated.

use snn_artifact::half::{f16_to_f64, f64_to_f16};

use super::{Plain, n_elements, shown};

/// What the elements may be.
const ACCEPTED: &str = "f2, f4, f8, bool and integers of 8 to 64 bits";

/// The type of the elements and their byte order.
#[derive(Clone, Copy)]
struct Element {
    kind: u8,
    size: usize,
    big: bool,
}

/// Reads an array; numbers become f32, the nearest where they are none.
pub fn read(bytes: &[u8]) -> Result<Plain, String> {
    let (header, data) = split(bytes).ok_or("it is no npy file")?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is not text")?;
    let element = element(header)?;
    let shape = shape(header)?;
    let n = n_elements(&shape, element.size.max(size_of::<f32>()));
    let wanted = n.and_then(|n| n.checked_mul(element.size)).ok_or_else(|| {
        format!("its header says shape {}, which is more than memory holds", shown(&shape))
    })?;
    let data = data.get(..wanted).ok_or_else(|| {
        let given = data.len();
        format!("its header says shape {}, {wanted} bytes, but it has {given}", shown(&shape))
    })?;
    let data = data.chunks_exact(element.size).map(|bytes| number(bytes, element)).collect();
    let array = Plain { shape, data };
    Ok(if is_fortran(header)? { row_major(array) } else { array })
}

/// The header's text and the elements.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (&[major, _], rest) = rest.split_first_chunk()?;
    let (length, rest) = match major {
        1 => rest.split_first_chunk().map(|(&n, rest)| (u16::from_le_bytes(n) as usize, rest))?,
        2 | 3 => {
            rest.split_first_chunk().map(|(&n, rest)| (u32::from_le_bytes(n) as usize, rest))?
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// What stands behind a key of the header.
fn field<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    let behind = header.split_once(&format!("'{key}'")).map(|(_, rest)| rest.trim_start());
    let value = behind.and_then(|rest| rest.strip_prefix(':')).map(str::trim_start);
    value.ok_or_else(|| format!("its header has no `{key}`"))
}

fn element(header: &str) -> Result<Element, String> {
    let value = field(header, "descr")?;
    let Some(text) = value.strip_prefix('\'').and_then(|rest| rest.split('\'').next()) else {
        return Err(format!("expected one number an element ({ACCEPTED}), but it has several"));
    };
    let refused = || format!("expected elements of type {ACCEPTED}, but they are `{text}`");
    let (order, rest) = text.split_at_checked(1).ok_or_else(refused)?;
    let (kind, size) = rest.split_at_checked(1).ok_or_else(refused)?;
    let kind = kind.bytes().next().ok_or_else(refused)?;
    let size: usize = size.parse().map_err(|_| refused())?;
    let known =
        matches!((kind, size), (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1));
    let big = match order {
        "<" => false,
        ">" => true,
        "|" if size == 1 => false,
        "=" => cfg!(target_endian = "big"),
        _ => return Err(refused()),
    };
    if known { Ok(Element { kind, size, big }) } else { Err(refused()) }
}

fn shape(header: &str) -> Result<Vec<usize>, String> {
    let wrong = || String::from("its header has no shape that can be read");
    let value = field(header, "shape")?.strip_prefix('(').ok_or_else(wrong)?;
    let (inside, _) = value.split_once(')').ok_or_else(wrong)?;
    let axes = inside.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    // Old files of Python 2 may have a long's `L` behind a number.
    axes.map(|axis| axis.trim_end_matches('L').parse().map_err(|_| wrong())).collect()
}

fn is_fortran(header: &str) -> Result<bool, String> {
    let value = field(header, "fortran_order")?;
    match (value.starts_with("True"), value.starts_with("False")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err("its header does not say in which order the elements are".into()),
    }
}

/// An element as f32.
fn number(bytes: &[u8], element: Element) -> f32 {
    let mut low = [0; 8];
    let n = bytes.len().min(8);
    low[..n].copy_from_slice(&bytes[..n]);
    if element.big {
        low[..n].reverse();
    }
    let bits = u64::from_le_bytes(low);
    let unused = 64 - 8 * n as u32;
    match (element.kind, element.size) {
        (b'f', 2) => f16_to_f64(bits as u16) as f32,
        (b'f', 4) => f32::from_bits(bits as u32),
        (b'f', _) => f64::from_bits(bits) as f32,
        (b'i', _) => (((bits << unused) as i64) >> unused) as f32,
        (b'b', _) => f32::from(u8::from(bits != 0)),
        _ => bits as f32,
    }
}

/// The same elements with the last axis the fastest, of an array that has the first so.
fn row_major(array: Plain) -> Plain {
    let Plain { shape, data } = array;
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    let moved = data.iter().map(|_| {
        let element = data[at];
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
        element
    });
    let moved = moved.collect();
    Plain { shape, data: moved }
}

/// The elements of an array for a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elements<'a> {
    /// f32 as they are.
    F32(&'a [f32]),
    /// f32 rounded to f16.
    F16(&'a [f32]),
    /// u32.
    Words(&'a [u32]),
}

impl Elements<'_> {
    /// Their bytes in a file.
    pub fn size(&self) -> usize {
        match self {
            Elements::F32(all) => 4 * all.len(),
            Elements::F16(all) => 2 * all.len(),
            Elements::Words(all) => 4 * all.len(),
        }
    }
}

/// The file of an array.
pub fn write(shape: &[usize], elements: Elements<'_>) -> Vec<u8> {
    let descr = match elements {
        Elements::F32(_) => "<f4",
        Elements::F16(_) => "<f2",
        Elements::Words(_) => "<u4",
    };
    let axes: Vec<String> = shape.iter().map(|n| format!("{n},")).collect();
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", axes.join(" "));
    // The elements begin at a multiple of 64 bytes: 10 bytes stand before the header.
    let end = (10 + header.len() + 1).next_multiple_of(64) - 11;
    header.extend(std::iter::repeat_n(' ', end - header.len()));
    header.push('\n');
    let mut bytes = Vec::with_capacity(10 + header.len() + elements.size());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    match elements {
        Elements::F32(all) => bytes.extend(all.iter().flat_map(|number| number.to_le_bytes())),
        Elements::F16(all) => {
            bytes.extend(all.iter().flat_map(|n| f64_to_f16((*n).into()).to_le_bytes()));
        }
        Elements::Words(all) => bytes.extend(all.iter().flat_map(|word| word.to_le_bytes())),
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn of(descr: &str, shape: &str, fortran: bool, data: &[u8]) -> Result<Plain, String> {
        let order = if fortran { "True" } else { "False" };
        let header =
            format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
        read(&file(&header, data))
    }

    #[test]
    fn what_is_written_is_read_back() {
        for shape in [vec![], vec![0], vec![3], vec![2, 3], vec![2, 0, 5]] {
            let n = shape.iter().product::<usize>();
            let data: Vec<f32> = (0..n).map(|i| i as f32 - 0.5).collect();
            for (elements, size) in [(Elements::F16(&data), 2), (Elements::F32(&data), 4)] {
                let bytes = write(&shape, elements);
                assert_eq!((bytes.len() - size * n) % 64, 0);
                assert_eq!(read(&bytes), Ok(Plain { shape: shape.clone(), data: data.clone() }));
            }
        }
    }

    #[test]
    fn all_types_and_byte_orders() {
        let cases: [(&str, &[u8], f32); 13] = [
            ("'<f2'", &[0x00, 0xc0], -2.0),
            ("'>f2'", &[0x7c, 0x00], f32::INFINITY),
            ("'<f4'", &1.5f32.to_le_bytes(), 1.5),
            ("'>f4'", &1.5f32.to_be_bytes(), 1.5),
            ("'<f8'", &(-0.1f64).to_le_bytes(), -0.1),
            ("'>f8'", &1e300f64.to_be_bytes(), f32::INFINITY),
            ("'|i1'", &[0xff], -1.0),
            ("'|u1'", &[0xff], 255.0),
            ("'|b1'", &[1], 1.0),
            ("'>i2'", &(-2i16).to_be_bytes(), -2.0),
            ("'<u4'", &u32::MAX.to_le_bytes(), 4_294_967_296.0),
            ("'<i8'", &(-3i64).to_le_bytes(), -3.0),
            ("'<u8'", &u64::MAX.to_le_bytes(), 18_446_744_073_709_551_616.0),
        ];
        for (descr, data, expected) in cases {
            assert_eq!(
                of(descr, "(1,)", false, data).map(|a| a.data),
                Ok(vec![expected]),
                "{descr}"
            );
        }
    }

    #[test]
    fn fortran_order_is_turned() {
        let data: Vec<u8> = (0..6).collect();
        let array = of("'|u1'", "(2, 3)", true, &data);
        assert_eq!(array.map(|a| a.data), Ok(vec![0.0, 2.0, 4.0, 1.0, 3.0, 5.0]));
        let data: Vec<u8> = (0..8).collect();
        let array = of("'|u1'", "(2, 2, 2)", true, &data);
        assert_eq!(array.map(|a| a.data), Ok(vec![0.0, 4.0, 2.0, 6.0, 1.0, 5.0, 3.0, 7.0]));
    }

    #[test]
    fn wrong_headers_are_told_apart() {
        for (descr, shape, part) in [
            ("'<f1'", "(1,)", "but they are `<f1`"),
            ("'<c8'", "(1,)", "but they are `<c8`"),
            ("'|O'", "(1,)", "but they are `|O`"),
            ("'é4'", "(1,)", "but they are"),
            ("[('a', '<f4')]", "(1,)", "but it has several"),
            ("'<f4'", "(2,)", "8 bytes, but it has 4"),
            ("'<f4'", "(1099511627776, 1099511627776)", "more than memory"),
            ("'<f4'", "(0, 18446744073709551615)", "more than memory"),
            ("'|i1'", "(9223372036854775807,)", "more than memory"),
            ("'<f4'", "(-1,)", "no shape that can be read"),
            ("'<f4'", "1", "no shape that can be read"),
        ] {
            let why = of(descr, shape, false, &[0; 4]).expect_err(part);
            assert!(why.contains(part), "{why}");
        }
        assert!(read(b"").is_err() && read(b"\x93NUMPY\x01\x00\xff\xff{}").is_err());
    }

    #[test]
    fn no_damage_is_a_panic() {
        let whole = write(&[3, 2], Elements::F32(&[1.0; 6]));
        for at in 0..whole.len() {
            let _ = read(&whole[..at]);
            for byte in [0, b'9', b'(', b'\'', 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                let _ = read(&damaged);
            }
        }
    }
}
