//! Zip files, with deflate and without.

use std::io::{Read, Seek};

use zip::read::ZipFileEntry;
use zip::{CompressionMethod, ZipArchive};

use super::sink::{Entry, Sink};
use crate::data::error::Result;

/// The bits of Unix's mode that tell what a file is, and what they are for those that are known.
mod bits {
    pub(super) const ALL: u32 = 0o170_000;
    pub(super) const FILE: u32 = 0o100_000;
    pub(super) const FOLDER: u32 = 0o040_000;
    pub(super) const LINK: u32 = 0o120_000;
}

/// Unpacks what the directory at the end names; that is what other programs show, too.
pub(super) fn unpack(reader: impl Read + Seek, sink: &mut Sink<'_>) -> Result<()> {
    let mut archive = ZipArchive::new(reader).map_err(|e| sink.damaged(None, &e))?;
    if archive.has_duplicate_names() {
        return Err(sink.wrong(None, "two entries have the same name"));
    }
    for i in 0..archive.len() {
        let about = archive.by_index_data(i).map_err(|e| sink.damaged(None, &e))?;
        // As UTF-8 or, where it is none, in the characters of DOS.
        let name = about.name().map_err(|e| sink.damaged(None, &e))?.into_owned();
        let entry = kind(about.unix_mode().unwrap_or(0), about.is_dir());
        let unreadable = unreadable(&about);
        let Some(place) = sink.entry(&name, entry)? else { continue };
        if let Some(why) = unreadable {
            let how = "unpack it with another program, to the folder where it is wanted";
            return Err(sink.wrong(Some(&name), format!("it is {why}; {how}")));
        }
        let mut file = archive.by_index(i).map_err(|e| sink.damaged(Some(&name), &e))?;
        let size = file.size();
        sink.file(place, Some(size), &mut file)?;
    }
    Ok(())
}

/// Why an entry cannot be read, however sound it is.
fn unreadable(entry: &ZipFileEntry<'_>) -> Option<String> {
    match entry.compression() {
        _ if entry.encrypted() => Some("encrypted".into()),
        CompressionMethod::Stored | CompressionMethod::Deflated => None,
        other => Some(format!("compressed by {other}, other than by deflate")),
    }
}

fn kind(mode: u32, is_folder: bool) -> Entry {
    match mode & bits::ALL {
        bits::LINK => Entry::Other("a symbolic link"),
        0 | bits::FILE | bits::FOLDER if is_folder => Entry::Folder,
        0 | bits::FILE => Entry::File,
        _ => Entry::Other("a device, a pipe or a socket"),
    }
}
