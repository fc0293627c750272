//! Files whose checksums and lengths are right, of contents that may be wrong.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

use super::change::change;
use crate::fuzz::Choices;

/// Bytes of a block of a tar.
const BLOCK: usize = 512;

/// Names of entries, good ones and others.
const NAMES: [&str; 20] = [
    "a",
    "b",
    "a/b",
    "a/b/c.bin",
    "A",
    "a/",
    "t.npy",
    "../a",
    "/a",
    "a/../b",
    "a//b",
    "./a",
    "con",
    "a\\b",
    "a:b",
    "",
    ".",
    "a\u{301}",
    "\u{e1}",
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
];

/// Types of NumPy, those of whole numbers first.
const TYPES: [&str; 13] =
    ["<u8", "<i8", "<u2", "<i4", ">i4", "|u1", "|i1", "|b1", "<f4", "<f8", ">f2", "<c8", "|O"];
const TAME: usize = 7;

/// Bytes of a type that is none.
const NO_SIZE: usize = 8;

fn content(choices: &mut Choices<'_>) -> Vec<u8> {
    let n = choices.pick(&[0, 1, 5, 511, 512, 513, 2000]);
    vec![choices.below(256) as u8; n]
}

/// So many whole numbers that grow slowly, in an array that is odd now and then.
fn npy(n: usize, choices: &mut Choices<'_>) -> Vec<u8> {
    let is_tame = choices.percent(90);
    let kind = choices.pick(if is_tame { &TYPES[..TAME] } else { &TYPES });
    let shapes = ["(#,)", "(#)", "(#, 1)", "()", "[#]"];
    let shape =
        choices.pick(if is_tame { &shapes[..1] } else { &shapes }).replace('#', &n.to_string());
    let order = choices.pick(&["False", "False", "False", "True"]);
    let text = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let text = format!("{text:<117}\n");
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    let size = kind[1..].get(1..).and_then(|size| size.parse().ok()).unwrap_or(NO_SIZE);
    for i in 0..n {
        let number = (i / 2) as u64;
        match kind.as_bytes() {
            [b'<', b'f', b'4'] => bytes.extend((number as f32).to_le_bytes()),
            [b'<', b'f', b'8'] => bytes.extend((number as f64).to_le_bytes()),
            [b'>', ..] => bytes.extend(&number.to_be_bytes()[8 - size..]),
            _ => bytes.extend(&number.to_le_bytes()[..size]),
        }
    }
    if choices.percent(15) {
        change(&mut bytes, Vec::new(), choices);
    }
    bytes
}

/// Arrays of events; some are missing, named otherwise or of other lengths.
pub fn npz(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut members = Vec::new();
    let mut n = choices.pick(&[0, 1, 8, 20]);
    for name in ["t.npy", "x.npy", "y.npy", "p.npy"] {
        if !choices.percent(3) {
            let name = if choices.percent(3) { choices.pick(&NAMES) } else { name };
            n += usize::from(choices.percent(3));
            members.push((name.to_string(), npy(n, choices)));
        }
    }
    zipped(&members, choices)
}

/// A few entries.
pub fn zip(choices: &mut Choices<'_>) -> Vec<u8> {
    let entries = entries(choices);
    zipped(&entries, choices)
}

fn entries(choices: &mut Choices<'_>) -> Vec<(String, Vec<u8>)> {
    let name = |choices: &mut Choices<'_>| match choices.percent(92) {
        true => format!("{}{}", choices.pick(&NAMES[..7]), choices.below(9)),
        false => choices.pick(&NAMES).to_string(),
    };
    (0..choices.below(5)).map(|_| (name(choices), content(choices))).collect()
}

/// A zip archive of entries, each stored or deflated.
fn zipped(entries: &[(String, Vec<u8>)], choices: &mut Choices<'_>) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let is_packed = choices.percent(50);
        let packed = if is_packed { deflated(content) } else { content.clone() };
        let mut crc = Crc::new();
        crc.update(content);
        let method = if is_packed { 8 } else { 0 };
        let mut fields = [1 << 11, method, 0, 0x21_u16].map(u16::to_le_bytes).concat();
        let numbers = [crc.sum(), packed.len() as u32, content.len() as u32];
        fields.extend(numbers.map(u32::to_le_bytes).concat());
        fields.extend((name.len() as u16).to_le_bytes());
        let start = bytes.len() as u32;
        bytes.extend([b"PK\x03\x04\x14\0", &*fields, &[0; 2], name.as_bytes(), &packed].concat());
        directory.extend([b"PK\x01\x02\x14\x03\x14\0", &*fields, &[0; 8]].concat());
        directory.extend([0o100_644 << 16, start].map(u32::to_le_bytes).concat());
        directory.extend(name.as_bytes());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let place = [directory.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat();
    bytes.extend([&*directory, b"PK\x05\x06\0\0\0\0", &count, &count, &place, &[0; 2]].concat());
    bytes
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// A gzip file.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// A tar archive: files, folders, links, and names and sizes in entries of their own.
pub fn tar(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in entries(choices) {
        match choices.below(12) {
            0 => bytes.extend(entry(
                "././@LongLink",
                b'L',
                &[choices.pick(&NAMES).as_bytes(), b"\0"].concat(),
            )),
            1 => {
                let key = choices.pick(&["path", "size", "mtime", "GNU.sparse.major", "linkpath"]);
                let value = choices.pick(&["p/q", "5", "0", "99999999999999999999", "../x", ""]);
                bytes.extend(entry("PaxHeaders/x", b'x', &record(key, value)));
            }
            _ => {}
        }
        let kind = if choices.percent(85) { b'0' } else { choices.pick(b"gXS555512347\0") };
        bytes.extend(entry(&name, kind, if kind == b'5' { &[] } else { &content }));
    }
    bytes.extend([0; 2 * BLOCK]);
    if choices.percent(40) {
        change(&mut bytes, Vec::new(), choices);
        seal(&mut bytes);
    }
    bytes
}

/// A header in ustar and what it is of.
fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; BLOCK];
    let name = &name.as_bytes()[..name.len().min(100)];
    bytes[..name.len()].copy_from_slice(name);
    bytes[100..107].copy_from_slice(b"0000644");
    bytes[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    bytes[156] = kind;
    bytes[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut bytes);
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// A line of a pax header, which begins with its own length.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut n = rest.len() + 1;
    n = rest.len() + n.to_string().len();
    n = rest.len() + n.to_string().len();
    format!("{n}{rest}").into_bytes()
}

/// Puts the right checksums into all headers of a tar.
pub fn seal(bytes: &mut [u8]) {
    for header in bytes.chunks_exact_mut(BLOCK).filter(|block| block[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    }
}
