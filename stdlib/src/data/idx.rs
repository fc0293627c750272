//! Files in the IDX format, which MNIST came in: a header with the number of axes and their sizes, then
//! the elements. Only those of bytes are read, plain or through gzip.
//!
//! Nothing is allocated for a size that the file only claims: a plain file has to have the length that its
//! header says, and of a packed one no more is inflated than that.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::error::{self, Error, Result};

/// Most axes that are read.
const RANKS: std::ops::RangeInclusive<u8> = 1..=4;

/// The code of unsigned bytes in the header.
const BYTES: u8 = 0x08;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An array of bytes with its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// The size of each axis, 1 to 4 of them; images are `[count, rows, columns]`.
    pub sizes: Vec<usize>,
    /// The elements, the last axis without gaps; as many as the product of the sizes.
    pub data: Vec<u8>,
}

impl Idx {
    /// Reads a file, through gzip where it begins as gzip does.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be read, [`Error::Format`] where it is not IDX of bytes with 1 to 4
    /// axes, or is shorter or longer than its header says.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = error::io("read", path);
        let file = File::open(path).map_err(&failed)?;
        let length = file.metadata().map_err(&failed)?.len();
        parse(&path.display().to_string(), BufReader::new(file), length)
    }

    /// Reads bytes as [`Idx::read`] reads a file; `name` stands in errors for where they came from.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], as of [`Idx::read`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        parse(name, bytes, bytes.len() as u64)
    }
}

/// Where bytes come from, for errors.
struct Origin<'a>(&'a str);

impl Origin<'_> {
    fn format(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        let hint = "delete it and get it again, or name another file";
        let file = self.0.to_string();
        Error::Format { file, expected: expected.into(), found: found.into(), hint }
    }

    /// An error while reading. A stream that is no gzip or ends within it comes as one, too.
    fn broken(&self, e: &io::Error) -> Error {
        self.format("a whole IDX file, plain or in gzip", format!("one that breaks off ({e})"))
    }
}

fn parse(name: &str, mut file: impl BufRead, length: u64) -> Result<Idx> {
    let origin = Origin(name);
    let start = file.fill_buf().map_err(|e| origin.broken(&e))?;
    if !start.starts_with(&GZIP) {
        return plain(&origin, &mut file, length);
    }
    let mut inflated = GzDecoder::new(file);
    let sizes = header(&origin, &mut inflated)?;
    let data = elements(&origin, &mut inflated, n_elements(&origin, &sizes)?)?;
    let mut file = inflated.into_inner();
    let rest = file.fill_buf().map_err(|e| origin.broken(&e))?;
    match rest.is_empty() {
        true => Ok(Idx { sizes, data }),
        false => Err(origin.format("nothing after the end of gzip", "more bytes")),
    }
}

/// A file without gzip, whose length is held against its header first.
fn plain(origin: &Origin, file: &mut impl Read, length: u64) -> Result<Idx> {
    let sizes = header(origin, file)?;
    let n = n_elements(origin, &sizes)?;
    let expected = n + 4 + 4 * sizes.len() as u64;
    if length != expected {
        let expected = format!("{expected} bytes, as its header of sizes {sizes:?} says");
        return Err(origin.format(expected, format!("{length} bytes")));
    }
    Ok(Idx { data: elements(origin, file, n)?, sizes })
}

/// The sizes of the axes.
fn header(origin: &Origin, file: &mut impl Read) -> Result<Vec<usize>> {
    let mut word = || {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).map(|()| bytes).map_err(|e| origin.broken(&e))
    };
    let [zero, also, kind, rank] = word()?;
    if [zero, also] != [0, 0] {
        return Err(origin.format("two bytes 0 first, as in IDX", format!("{zero} and {also}")));
    }
    if kind != BYTES {
        let found = format!("elements of code {kind:#04x}");
        return Err(origin.format(format!("unsigned bytes, code {BYTES:#04x}"), found));
    }
    if !RANKS.contains(&rank) {
        let expected = format!("{} to {} axes", RANKS.start(), RANKS.end());
        return Err(origin.format(expected, format!("{rank}")));
    }
    let size = |bytes| usize::try_from(u32::from_be_bytes(bytes));
    let too_large = |_| origin.format("sizes that fit in memory", "one of 32 bits");
    (0..rank).map(|_| size(word()?).map_err(too_large)).collect()
}

/// The product of the sizes, with room left for the header's length.
fn n_elements(origin: &Origin, sizes: &[usize]) -> Result<u64> {
    let product = sizes.iter().try_fold(1_u64, |n, size| n.checked_mul(*size as u64));
    let product = product.filter(|n| usize::try_from(*n).is_ok() && *n <= u64::MAX / 2);
    product.ok_or_else(|| origin.format("sizes that fit in memory", format!("{sizes:?}")))
}

/// So many elements and the end of the file. The memory grows with what comes, not with what was said.
fn elements(origin: &Origin, file: &mut impl Read, n: u64) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    file.take(n + 1).read_to_end(&mut data).map_err(|e| origin.broken(&e))?;
    let found = match (data.len() as u64).cmp(&n) {
        std::cmp::Ordering::Equal => return Ok(data),
        std::cmp::Ordering::Less => format!("only {}", data.len()),
        std::cmp::Ordering::Greater => "more".to_string(),
    };
    Err(origin.format(format!("{n} elements, as its header says"), found))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn file(sizes: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, BYTES, sizes.len() as u8];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn message(bytes: &[u8]) -> String {
        let message = Idx::from_bytes("digits", bytes).unwrap_err().to_string();
        assert!(message.starts_with("digits is not the file"), "{message}");
        message
    }

    #[test]
    fn plain_and_packed_files_of_all_ranks_are_read() {
        for sizes in [&[6][..], &[2, 3], &[1, 2, 3], &[3, 1, 2, 1], &[0, 28, 28]] {
            let n = sizes.iter().product::<u32>() as u8;
            let data: Vec<u8> = (0..n).collect();
            let bytes = file(sizes, &data);
            for bytes in [gzip(&bytes), bytes] {
                let read = Idx::from_bytes("digits", &bytes).unwrap();
                assert_eq!(read.data, data);
                assert!(read.sizes.iter().zip(sizes).all(|(a, b)| *a == *b as usize));
            }
        }
    }

    #[test]
    fn errors_name_the_file_and_what_is_wrong() {
        let good = file(&[2, 3], &[0; 6]);
        assert!(message(&[]).contains("breaks off"));
        assert!(message(&good[..3]).contains("breaks off"));
        assert!(message(&good[..9]).contains("breaks off"));
        assert!(message(&[&[1], &good[1..]].concat()).contains("two bytes 0"));
        assert!(message(&[0, 0, 0x0d, 1, 0, 0, 0, 0]).contains("code 0x0d"));
        assert!(message(&[0, 0, 8, 0]).contains("1 to 4 axes, found 0"));
        assert!(message(&[0, 0, 8, 5]).contains("found 5"));
        assert!(message(&good[..13]).contains("18 bytes"));
        assert!(message(&[&good[..], &[0]].concat()).contains("found 19 bytes"));
        assert!(message(&file(&[u32::MAX; 4], &[])).contains("fit in memory"));
        let path = Path::new("no/such/file");
        assert!(Idx::read(path).unwrap_err().to_string().starts_with("cannot read no/such/file"));
    }

    #[test]
    fn packed_files_are_whole_and_end_where_they_say() {
        let good = file(&[2, 3], &[0; 6]);
        let packed = gzip(&good);
        assert!(message(&packed[..packed.len() - 1]).contains("breaks off"));
        assert!(message(&[&packed[..], &[0]].concat()).contains("more bytes"));
        assert!(message(&gzip(&good[..13])).contains("only 1"));
        // A thousand times as much as the header says: no more than a byte of it is inflated.
        assert!(message(&gzip(&file(&[1], &vec![0; 1 << 20]))).contains("found more"));
        // And a header that says much with nothing behind it takes no memory.
        assert!(message(&gzip(&file(&[u32::MAX, 1 << 10], &[1]))).contains("only 1"));
        let mut wrong = packed.clone();
        let crc = wrong.len() - 6;
        wrong[crc] ^= 1;
        assert!(message(&wrong).contains("breaks off"));
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), header: bool) {
            let bytes = if header { [&[0, 0, 8, 2, 0, 0, 0], &bytes[..]].concat() } else { bytes };
            let _ = Idx::from_bytes("digits", &bytes);
            let _ = Idx::from_bytes("digits", &gzip(&bytes));
            let _ = Idx::from_bytes("digits", &[&GZIP, &bytes[..]].concat());
        }

        #[test]
        fn what_was_written_is_read(data in prop::collection::vec(any::<u8>(), 1..64), flip in 0_usize..80) {
            let bytes = file(&[data.len() as u32], &data);
            prop_assert_eq!(&Idx::from_bytes("digits", &bytes).unwrap().data, &data);
            let mut packed = gzip(&bytes);
            let at = flip % packed.len();
            packed[at] ^= 1;
            // A bit flipped in the stream is found out; one in gzip's time stamp is none of the content.
            if let Ok(read) = Idx::from_bytes("digits", &packed) {
                prop_assert_eq!(read.data, data);
            }
        }
    }
}
