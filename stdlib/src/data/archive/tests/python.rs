//! What Python's modules pack comes out as it went in.

use super::*;

const SUMS: &str = include_str!("fixtures/SHA256SUMS");

/// Unpacks an archive of the fixtures and gives the digests by the paths.
fn sums(name: &str, bytes: &[u8]) -> BTreeMap<String, String> {
    let folder = Folder::new();
    let archive = folder.put(name, bytes);
    let records = unpack(&archive, &folder.out(), &all, &quiet()).unwrap().unwrap();
    // Folders without files are there as well.
    assert!(name.contains(".csv") || folder.out().join("test").is_dir());
    records.into_iter().map(|record| (record.path, record.sha256)).collect()
}

fn expected(filter: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let lines = SUMS.lines().map(|line| line.split_once("  ").unwrap());
    let lines = lines.filter(|(_, path)| filter(path));
    lines.map(|(sum, path)| (path.to_string(), sum.to_string())).collect()
}

#[test]
fn zips_of_python_are_read() {
    for bytes in [
        &include_bytes!("fixtures/stored.zip")[..],
        include_bytes!("fixtures/deflated.zip"),
        include_bytes!("fixtures/piped.zip"),
    ] {
        assert_eq!(sums("archive", bytes), expected(|_| true));
    }
    assert_eq!(expected(|_| true).len(), 6);
}

#[test]
fn tars_of_python_are_read() {
    let plain = |bytes: &[u8]| {
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut tar).unwrap();
        tar
    };
    for bytes in [
        &include_bytes!("fixtures/gnu.tar.gz")[..],
        include_bytes!("fixtures/pax.tar.gz"),
        include_bytes!("fixtures/ustar.tar.gz"),
    ] {
        let is_short = bytes == include_bytes!("fixtures/ustar.tar.gz");
        let expected = expected(|path| !is_short || path.len() < 250);
        assert_eq!(sums("archive", bytes), expected);
        assert_eq!(sums("archive", &plain(bytes)), expected);
    }
}

#[test]
fn gzip_of_python_is_read() {
    let bytes = include_bytes!("fixtures/labels.csv.gz");
    assert_eq!(sums("labels.csv.gz", bytes), expected(|path| path == "labels.csv"));
}
