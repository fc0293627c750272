//! Archives byte by byte, so that each may be as wrong as a test wants it.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// An entry of a zip file, with what is written about it.
#[derive(Clone)]
pub struct Zipped {
    pub name: Vec<u8>,
    pub packed: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub size: u32,
    /// Unix's mode.
    pub mode: u32,
}

impl Zipped {
    pub fn new(name: &str, content: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        packed.write_all(content).unwrap();
        Self {
            name: name.into(),
            packed: packed.finish().unwrap(),
            method: 8,
            flags: 1 << 11,
            crc: crc.sum(),
            size: content.len() as u32,
            mode: 0o100_644,
        }
    }

    /// The fields that both headers have, from the flags to the length of the name.
    fn fields(&self) -> Vec<u8> {
        let mut bytes = [self.flags, self.method, 0, 0x21].map(u16::to_le_bytes).concat();
        let sizes = [self.crc, self.packed.len() as u32, self.size];
        bytes.extend(sizes.map(u32::to_le_bytes).concat());
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes
    }
}

/// A zip file: entries, their directory, and the end of that.
pub fn zip(entries: &[Zipped]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let start = bytes.len() as u32;
        bytes.extend([b"PK\x03\x04\x14\0", &*entry.fields(), &[0; 2], &*entry.name].concat());
        bytes.extend(&entry.packed);
        // Made by Unix, which says that the mode is one.
        directory.extend([b"PK\x01\x02\x14\x03\x14\0", &*entry.fields(), &[0; 8]].concat());
        directory.extend([entry.mode << 16, start].map(u32::to_le_bytes).concat());
        directory.extend(&entry.name);
    }
    let count = (entries.len() as u16).to_le_bytes();
    let place = [directory.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat();
    bytes.extend([&*directory, b"PK\x05\x06\0\0\0\0", &count, &count, &place, &[0; 2]].concat());
    bytes
}

/// The header of a tar's entry, in ustar.
pub fn header(name: &[u8], kind: u8, size: u64) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..107].copy_from_slice(b"0000644");
    match size < 1 << 33 {
        true => header[124..135].copy_from_slice(format!("{size:011o}").as_bytes()),
        // As GNU tar has it: in bytes.
        false => {
            header[124] = 0x80;
            header[128..136].copy_from_slice(&size.to_be_bytes());
        }
    }
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut header);
    header
}

/// Puts the checksum in.
pub fn seal(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

/// An entry of a tar, with its content.
pub fn tarred(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name.as_bytes(), kind, content.len() as u64);
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// An entry of pax with one attribute of the next one: its length counts itself.
pub fn pax(key: &str, value: &str) -> Vec<u8> {
    let line = |length: usize| format!("{length} {key}={value}\n");
    let length = (0..).find(|length| line(*length).len() == *length).unwrap();
    tarred("pax", b'x', line(length).as_bytes())
}

/// A tar of some entries.
pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [&*entries.concat(), &[0; 1024]].concat()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}
