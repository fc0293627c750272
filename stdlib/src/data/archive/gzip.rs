//! Gzip: a single file, or a tar.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::sink::{Entry, Sink};
use super::tar;
use crate::data::error::Result;

/// Unpacks a file, whose name is the archive's without `.gz`: the one in its header is what it was called long ago.
pub(super) fn unpack(reader: impl BufRead, sink: &mut Sink<'_>) -> Result<()> {
    let name = sink.archive().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.len().saturating_sub(".gz".len());
    let name = match name.get(stem..) {
        Some(end) if end.eq_ignore_ascii_case(".gz") && stem > 0 => &name[..stem],
        _ => &name,
    };
    match sink.entry(name, Entry::File)? {
        Some(place) => sink.file(place, None, &mut MultiGzDecoder::new(reader)),
        None => Ok(()),
    }
}

/// Unpacks a tar, and reads on to the end, where the checksum is.
pub(super) fn unpack_tar(reader: impl BufRead, sink: &mut Sink<'_>) -> Result<()> {
    let mut reader = MultiGzDecoder::new(reader);
    tar::unpack(&mut reader, sink)?;
    let rest = io::copy(&mut reader.by_ref(), &mut io::sink());
    rest.map(|_| ()).map_err(|e| sink.damaged(None, &e))
}
