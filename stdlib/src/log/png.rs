//! Pictures as PNG.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// What a file of PNG begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Encodes pixels of 8 bits, `[rows, columns]` with 1 byte for each or 3 (red, green, blue).
pub(super) fn encode(size: [u32; 2], channels: u8, pixels: &[u8]) -> std::io::Result<Vec<u8>> {
    let color = if channels == 1 { 0 } else { 2 };
    let [rows, columns] = size;
    let header = [&columns.to_be_bytes()[..], &rows.to_be_bytes(), &[8, color, 0, 0, 0]].concat();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks(columns as usize * usize::from(channels)) {
        // Each row has the filter that it was through before it: none.
        packed.write_all(&[0])?;
        packed.write_all(row)?;
    }
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"IDAT", &packed.finish()?);
    chunk(&mut file, b"IEND", &[]);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn chunks_are_those_of_the_standard() {
        let file = encode([1, 2], 3, &[1, 2, 3, 4, 5, 6]).unwrap();
        assert!(
            file.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0")
        );
        // The checksum of the empty last chunk is known.
        assert!(file.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
        let data = file.windows(4).position(|word| word == b"IDAT").unwrap() + 4;
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&file[data..]).read_to_end(&mut rows).unwrap();
        assert_eq!(rows, [0, 1, 2, 3, 4, 5, 6]);
        let grey = encode([2, 1], 1, &[7, 8]).unwrap();
        assert_eq!(grey[25], 0);
    }
}
