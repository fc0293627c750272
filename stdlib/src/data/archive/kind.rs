//! What an archive is, by its first bytes: names say little of files that were downloaded.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::tar::{BLOCK, is_header};
use crate::data::error::{self, Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Tar,
    GzipTar,
    Gzip,
}

/// How files begin that are something else.
const OTHERS: [(&[u8], &str); 8] = [
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"<!", "a web page"),
    (b"<html", "a web page"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
];

impl Kind {
    /// What a file is, which is at its start before and then.
    pub(super) fn of(path: &Path, file: &mut File) -> Result<Self> {
        let failed = error::io("read", path);
        let start = begin(file).map_err(&failed)?;
        file.rewind().map_err(&failed)?;
        if [b"PK\x03\x04", b"PK\x05\x06"].iter().any(|magic| start.starts_with(*magic)) {
            return Ok(Self::Zip);
        }
        let name = path.to_string_lossy().to_lowercase();
        if start.starts_with(&[0x1f, 0x8b]) {
            // What is damaged is told when it is unpacked.
            let inside = begin(&mut MultiGzDecoder::new(&mut *file)).unwrap_or_default();
            file.rewind().map_err(&failed)?;
            let named = [".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end));
            return Ok(if is_tar(&inside, named) { Self::GzipTar } else { Self::Gzip });
        }
        match is_tar(&start, name.ends_with(".tar")) {
            true => Ok(Self::Tar),
            false => Err(unknown(path, &start)),
        }
    }
}

/// The first block, or less where there is no more.
fn begin(file: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.take(BLOCK as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// Whether a tar begins so; an empty one and one that is cut off do with the name alone.
fn is_tar(start: &[u8], named: bool) -> bool {
    named || start.try_into().is_ok_and(is_header)
}

fn unknown(path: &Path, start: &[u8]) -> Error {
    let known = OTHERS
        .iter()
        .find(|(magic, _)| start.to_ascii_lowercase().starts_with(&magic.to_ascii_lowercase()));
    let found = match known {
        Some((_, what)) => (*what).to_string(),
        None if start.is_empty() => "an empty file".to_string(),
        None => format!("a file that begins with {:02x?}", &start[..start.len().min(8)]),
    };
    let hint = match known {
        Some((_, "a web page")) => "it may say why: get the file by hand",
        Some(_) => "unpack it with another program, to the folder where it is wanted",
        None => "get it again",
    };
    let expected = "a zip, tar, tar.gz or gzip archive".into();
    Error::Format { file: path.display().to_string(), expected, found, hint }
}
