mod damage;
mod files;
mod parts;
mod round_trips;

use std::path::PathBuf;

use super::*;

/// A file of the fixtures, which `PROVENANCE.md` beside them is about.
pub fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/events", name].iter().collect()
}

/// Rows of whole numbers of a fixture.
pub fn table(name: &str) -> Vec<Vec<u64>> {
    let text = std::fs::read_to_string(fixture(name)).unwrap();
    let row = |line: &str| line.split(',').map(|number| number.parse().unwrap()).collect();
    text.lines().map(row).collect()
}

/// The events of a table of t, x, y and p.
pub fn recording(name: &str, width: u16, height: u16) -> Events {
    let rows = table(name);
    let place = |column: usize| rows.iter().map(move |row| row[column] as u16);
    let t = rows.iter().map(|row| row[0]).collect();
    let p = rows.iter().map(|row| row[3] as u8).collect();
    Events::new(width, height, t, place(1).collect(), place(2).collect(), p).unwrap()
}

/// A file with its format, the table of what it holds and the sensor that it says.
type File = (&'static str, Format, &'static str, Option<(u16, u16)>);

/// Every file of the fixtures that has a format.
pub const FILES: [File; 25] = [
    ("atis.bin", Format::Atis, "base.csv", None),
    ("atis_overflow.bin", Format::Atis, "base.csv", None),
    ("expelliarmus.dat", Format::Dat, "base.csv", None),
    ("faery.dat", Format::Dat, "base.csv", Some((128, 128))),
    ("old.dat", Format::Dat, "base.csv", None),
    ("dvs128.aedat", Format::Aedat2, "base.csv", Some((128, 128))),
    ("davis.aedat", Format::Aedat2Davis, "base.csv", Some((346, 260))),
    ("caer.aedat", Format::Aedat3, "base.csv", Some((128, 128))),
    ("caer_mixed.aedat", Format::Aedat3, "late.csv", Some((128, 128))),
    ("dv_none.aedat4", Format::Aedat4, "base.csv", Some((128, 128))),
    ("dv_lz4.aedat4", Format::Aedat4, "base.csv", Some((128, 128))),
    ("dv_lz4_high.aedat4", Format::Aedat4, "base.csv", Some((128, 128))),
    ("dv_zstd.aedat4", Format::Aedat4, "base.csv", Some((128, 128))),
    ("dv_zstd_high.aedat4", Format::Aedat4, "base.csv", Some((128, 128))),
    ("faery.aedat4", Format::Aedat4, "base.csv", Some((128, 128))),
    ("expelliarmus_evt2.raw", Format::Evt2, "base.csv", None),
    ("faery_evt2.raw", Format::Evt2, "base.csv", Some((128, 128))),
    ("openeb_evt2.raw", Format::Evt2, "short.csv", Some((128, 128))),
    ("expelliarmus_evt3.raw", Format::Evt3, "short.csv", None),
    ("faery_evt3_long.raw", Format::Evt3, "long.csv", Some((128, 128))),
    ("faery_evt3.raw", Format::Evt3, "base.csv", Some((128, 128))),
    ("runs_evt3.raw", Format::Evt3, "runs.csv", Some((128, 128))),
    ("tonic.npy", Format::Npy, "base.csv", None),
    ("padded.npy", Format::Npy, "base.csv", None),
    ("spikingjelly.npz", Format::Npz, "base.csv", None),
];

/// The files of spikes with the tables of their recordings, channels and times.
pub const SPIKES: [(&str, &str); 4] = [
    ("h5py_f16.h5", "shd_f16.csv"),
    ("h5py_f32.h5", "shd_f32.csv"),
    ("h5py_f64.h5", "shd_f64.csv"),
    ("tables.h5", "shd_f16.csv"),
];
