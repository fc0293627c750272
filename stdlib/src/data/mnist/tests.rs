//! A small set in all the places where a large one may lie.

use std::fs;

use super::*;
use crate::data::download::tests::server::{Reply, Server};

/// Three images to train with and two to test with, of 2 by 2 pixels; there is no server.
const SMALL: About = About {
    n_train: 3,
    n_test: 2,
    size: [2, 2],
    mirrors: &["http://127.0.0.1:1/"],
    ..about::MNIST
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("snn-mnist-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn places(&self) -> Places {
        let download = download::Options { offline: true, ..Default::default() };
        let [own, system, cache] = ["own", "system", "cache"].map(|name| self.0.join(name));
        Places { folder: Some(own), system, cache: Some(cache), download }
    }

    /// Writes an IDX file.
    fn put(&self, path: &str, sizes: &[u8], data: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let sizes: Vec<u8> = sizes.iter().flat_map(|size| [0, 0, 0, *size]).collect();
        let bytes = [&[0, 0, 8, sizes.len() as u8 / 4], &sizes[..], data].concat();
        fs::write(path, bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_are_found_in_each_place_and_the_first_counts() {
    let folder = Folder::new("places");
    let places = [
        ("system/mnist/train-images-idx3-ubyte", "system/mnist/train-labels-idx1-ubyte.gz"),
        ("own/MNIST/raw/train-images-idx3-ubyte.gz", "own/MNIST/raw/train-labels-idx1-ubyte"),
        ("own/train-images-idx3-ubyte", "own/train-labels-idx1-ubyte"),
    ];
    for (label, (images, labels)) in (0..).zip(places) {
        folder.put(images, &[3, 2, 2], &[label; 12]);
        folder.put(labels, &[3], &[label; 3]);
        let train = SMALL.load(Split::Train, &folder.places()).unwrap();
        assert_eq!(train.images, Images::new(vec![label; 12], 3, 2, 2).unwrap());
        assert_eq!(train.labels, [label; 3]);
    }
}

#[test]
fn what_is_nowhere_is_wanted_in_the_cache() {
    let folder = Folder::new("nowhere");
    let message = SMALL.load(Split::Test, &folder.places()).unwrap_err().to_string();
    let wanted = folder.0.join("cache/mnist/t10k-images-idx3-ubyte.gz");
    assert!(message.starts_with(wanted.to_str().unwrap()), "{message}");
    assert!(message.contains("http://127.0.0.1:1/t10k-images-idx3-ubyte.gz"), "{message}");
    // A file in the cache is held against its checksum.
    folder.put("cache/mnist/t10k-images-idx3-ubyte.gz", &[2, 2, 2], &[0; 8]);
    let message = SMALL.load(Split::Test, &folder.places()).unwrap_err().to_string();
    assert!(message.contains(SMALL.files[2].sha256), "{message}");
}

#[test]
fn what_is_nowhere_is_downloaded_once() {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[5; 8]].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 3, 4];
    let mut files = SMALL.files;
    for (file, bytes, sha256) in [
        (2, images.len(), "19aebb4ec733c0a34c03691f17413b6cb15ae9981d64be46247bd34e98039cd6"),
        (3, labels.len(), "3b6ad0250cb381d2971786334ca4087c0751f338faf51339d5b61f81f9f2f93d"),
    ] {
        files[file] = Remote { bytes: bytes as u64, sha256, ..files[file] };
    }
    let server = Server::new(move |request| match request.path.contains("images") {
        true => Reply::ok(&images),
        false => Reply::ok(&labels),
    });
    // What is published is known when a program is built; here it is while the test runs.
    let mirror: &'static str = format!("{}/", server.url).leak();
    let about = About { mirrors: vec![mirror].leak(), files, ..SMALL };
    let folder = Folder::new("downloaded");
    let download = download::Options { quiet: true, ..Default::default() };
    let places = Places { download, ..folder.places() };
    for _ in 0..2 {
        let test = about.load(Split::Test, &places).unwrap();
        assert_eq!((test.images.pixels, test.labels), (vec![5; 8], vec![3, 4]));
    }
    assert_eq!(server.ranges().len(), 2);
}

#[test]
fn numbers_sizes_and_labels_are_checked() {
    let folder = Folder::new("checked");
    let fails = |sizes: &[u8], labels: &[u8], expected: &str| {
        folder.put(
            "own/t10k-images-idx3-ubyte",
            sizes,
            &vec![0; sizes.iter().product::<u8>().into()],
        );
        folder.put("own/t10k-labels-idx1-ubyte", &[labels.len() as u8], labels);
        let message = SMALL.load(Split::Test, &folder.places()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    fails(&[3, 2, 2], &[0, 0], "t10k-images-idx3-ubyte is not the file it should be");
    fails(&[3, 2, 2], &[0, 0], "expected sizes [2, 2, 2], found [3, 2, 2]");
    fails(&[2, 2, 3], &[0, 0], "found [2, 2, 3]");
    fails(&[8], &[0, 0], "found [8]");
    fails(&[2, 2, 2], &[0, 0, 0], "expected sizes [2], found [3]");
    fails(&[2, 2, 2], &[9, 10], "expected labels below 10, found 10 at index 1");
}

#[test]
fn what_is_published_is_well_formed() {
    for about in [Mnist::ABOUT, FashionMnist::ABOUT] {
        for file in &about.files {
            let source = about.source(file);
            assert!(source.urls.len() >= 2);
            assert!(
                source.urls.iter().all(|url| url.ends_with("-ubyte.gz") && url.starts_with("http"))
            );
            assert_eq!(file.sha256.len(), 64);
            assert!(file.sha256.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
        }
    }
}

/// Where the machine has them, in the system's folder or in one like it that a variable names: all images
/// of both splits.
#[test]
fn sets_of_this_machine_are_whole() {
    let system = std::env::var_os("SNN_TEST_DATA").map(PathBuf::from);
    let system = system.unwrap_or(Places::default().system);
    let download = download::Options { offline: true, ..Default::default() };
    let places = Places { system, cache: Some("no/such/cache".into()), download, folder: None };
    for about in [Mnist::ABOUT, FashionMnist::ABOUT] {
        for (split, count) in [(Split::Train, 6000), (Split::Test, 1000)] {
            let set = match about.load(split, &places) {
                Err(Error::Offline { .. }) => continue,
                set => set.unwrap(),
            };
            // Both have every class as often in MNIST roughly, in Fashion-MNIST exactly.
            for class in 0..10 {
                let n = set.labels.iter().filter(|label| **label == class).count();
                assert!(n.abs_diff(count) <= if about.name == "MNIST" { count / 5 } else { 0 });
            }
        }
    }
}
