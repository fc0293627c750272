//! The sound files that others are made of.

use std::fs;
use std::sync::LazyLock;

use snn::event::{Events, Format};

use super::Reader;
use crate::fuzz::{Choices, root};

/// The files of the fixtures with what reads them.
const FIXTURES: [(&str, Reader); 36] = [
    ("atis.bin", Reader::Events(Format::Atis)),
    ("atis_overflow.bin", Reader::Events(Format::Atis)),
    ("expelliarmus.dat", Reader::Events(Format::Dat)),
    ("faery.dat", Reader::Events(Format::Dat)),
    ("old.dat", Reader::Events(Format::Dat)),
    ("dvs128.aedat", Reader::Events(Format::Aedat2)),
    ("davis.aedat", Reader::Events(Format::Aedat2Davis)),
    ("caer.aedat", Reader::Events(Format::Aedat3)),
    ("caer_mixed.aedat", Reader::Events(Format::Aedat3)),
    ("dv_none.aedat4", Reader::Events(Format::Aedat4)),
    ("dv_lz4.aedat4", Reader::Events(Format::Aedat4)),
    ("dv_lz4_high.aedat4", Reader::Events(Format::Aedat4)),
    ("dv_zstd.aedat4", Reader::Events(Format::Aedat4)),
    ("dv_zstd_high.aedat4", Reader::Events(Format::Aedat4)),
    ("faery.aedat4", Reader::Events(Format::Aedat4)),
    ("expelliarmus_evt2.raw", Reader::Events(Format::Evt2)),
    ("faery_evt2.raw", Reader::Events(Format::Evt2)),
    ("openeb_evt2.raw", Reader::Events(Format::Evt2)),
    ("expelliarmus_evt3.raw", Reader::Events(Format::Evt3)),
    ("faery_evt3_long.raw", Reader::Events(Format::Evt3)),
    ("faery_evt3.raw", Reader::Events(Format::Evt3)),
    ("runs_evt3.raw", Reader::Events(Format::Evt3)),
    ("tonic.npy", Reader::Events(Format::Npy)),
    ("padded.npy", Reader::Events(Format::Npy)),
    ("spikingjelly.npz", Reader::Events(Format::Npz)),
    ("tonic.npz", Reader::Events(Format::Npz)),
    ("h5py_f16.h5", Reader::Shd),
    ("h5py_f32.h5", Reader::Shd),
    ("h5py_f64.h5", Reader::Shd),
    ("tables.h5", Reader::Shd),
    ("deflated.zip", Reader::Zip),
    ("piped.zip", Reader::Zip),
    ("stored.zip", Reader::Zip),
    ("gnu.tar.gz", Reader::Gzip),
    ("pax.tar.gz", Reader::Gzip),
    ("labels.csv.gz", Reader::Gzip),
];

/// The formats that are written.
const WRITTEN: [Format; 7] = [
    Format::Atis,
    Format::Dat,
    Format::Aedat2,
    Format::Aedat2Davis,
    Format::Aedat3,
    Format::Evt2,
    Format::Npz,
];

/// Sound files with what reads them.
pub struct Files(Vec<(Reader, Vec<u8>)>);

impl Files {
    /// One that a reader reads; none of bytes where there is no such file.
    pub fn pick(&self, reader: Reader, choices: &mut Choices<'_>) -> Vec<u8> {
        let own: Vec<_> = self.0.iter().filter(|(other, _)| *other == reader).collect();
        match own.is_empty() {
            true => Vec::new(),
            false => choices.pick(&own).1.clone(),
        }
    }
}

/// Those of the fixtures, and short ones by the writers.
pub static FILES: LazyLock<Files> = LazyLock::new(|| {
    let fixture = |(name, reader): (&str, Reader)| {
        let folder = match reader {
            Reader::Zip | Reader::Tar | Reader::Gzip => "stdlib/src/data/archive/tests/fixtures",
            _ => "stdlib/tests/fixtures/events",
        };
        let path = root().join(folder).join(name);
        let bytes = fs::read(&path).unwrap_or_else(|why| {
            panic!(
                "cannot read {}: {why}; SNN_ROOT has to name the project's folder",
                path.display()
            )
        });
        (reader, bytes)
    };
    let written = |format| (Reader::Events(format), short().view().to_bytes(format).unwrap());
    Files(FIXTURES.map(fixture).into_iter().chain(WRITTEN.map(written)).collect())
});

/// A few events, with several of one time and a gap.
fn short() -> Events {
    let t = (0..24).map(|i: u64| i / 3 * 700 + i / 16 * 3_000_000).collect();
    let x = (0..24).map(|i: u16| i * 37 % 128).collect();
    let y = (0..24).map(|i: u16| i * 53 % 128).collect();
    Events::new(128, 128, t, x, y, (0..24).map(|i: u8| i % 2).collect()).unwrap()
}
