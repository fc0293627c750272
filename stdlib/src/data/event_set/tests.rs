//! Sets whose published files are made by tests: in the published layout, and described as the published ones are but
//! for counts, sizes and checksums.

use super::*;
use crate::data::dataset::tests::{Folder, sha256};
use crate::data::dataset::{About, Access, Failure, Raw, Remote, Sample, Size, Writer};
use crate::event::Format;

/// A set as another one, of these files in the order of those, and with so many samples in each split.
pub fn tiny(about: &About, contents: &[Vec<u8>], n_samples: &[usize]) -> About {
    assert_eq!((contents.len(), n_samples.len()), (about.files.len(), about.splits.len()));
    let file = |(file, content): (&Remote, &Vec<u8>)| Remote {
        size: Size::Exact(content.len() as u64),
        checksum: Some(sha256(content)),
        ..file.clone()
    };
    let files: Vec<Remote> = about.files.iter().zip(contents).map(file).collect();
    let split = |(split, n): (&Split, &usize)| Split { n_samples: *n, ..*split };
    let splits: Vec<Split> = about.splits.iter().zip(n_samples).map(split).collect();
    // What is published is known when a program is built; here it is while the test runs.
    About { files: files.leak(), splits: splits.leak(), ..about.clone() }
}

/// Puts the files of a set where the caller has them.
pub fn publish(about: &About, contents: &[Vec<u8>], folder: &Folder) {
    for (file, content) in about.files.iter().zip(contents) {
        folder.put(&format!("own/{}", file.name), content);
    }
}

/// What opening a set says.
pub fn fails(set: &dyn Dataset, folder: &Folder) -> String {
    EventSet::open(set, &folder.places()).unwrap_err().to_string()
}

/// All samples of a split, whose files are as they were written.
pub fn all(set: &EventSet, split: &str) -> Vec<(Events, usize)> {
    set.prepared().verify().unwrap();
    let recordings = set.split(split).unwrap();
    assert_eq!(recordings.iter().len(), recordings.len());
    let samples: Vec<(Events, usize)> = recordings.iter().map(Result::unwrap).collect();
    let labels: Vec<usize> = samples.iter().map(|(_, label)| *label).collect();
    assert_eq!(recordings.labels().collect::<Vec<_>>(), labels);
    samples
}

/// A published set can be what it says, and tells the page of each file that comes by hand.
pub fn is_published(set: &dyn Dataset) {
    let about = set.about();
    about.check().unwrap();
    assert!(about.licence.contains("CC BY"), "{}", about.licence);
    assert!(about.files.iter().all(|file| file.checksum.is_some()));
    let folder = Folder::new();
    let mut places = folder.places();
    places.download.offline = true;
    let message = EventSet::open(set, &places).unwrap_err().to_string();
    for file in about.files {
        let path = folder.0.join("cache").join(about.folder).join("download").join(file.name);
        assert!(message.contains(&format!("{} is missing", path.display())), "{message}");
        match file.access {
            Access::Urls(urls) => assert!(message.contains(urls[0]), "{message}"),
            Access::ByHand { page, how } => {
                assert!(message.contains(&format!("{how} at {page}; put {}", file.name)));
            }
        }
    }
}

/// `n` events of a sensor.
pub fn some(n: u64, width: u16, height: u16) -> Events {
    let place = |size: u16| (0..n).map(move |i| ((i * 7 + n) % u64::from(size)) as u16).collect();
    let t = (0..n).map(|i| 1000 + i * i).collect();
    let p = (0..n).map(|i| (i % 3 == 0).into()).collect();
    Events::new(width, height, t, place(width), place(height), p).unwrap()
}

/// Two samples to train with and one to test with, of a table of numbers of events.
struct Counted(About);

impl Dataset for Counted {
    fn about(&self) -> &About {
        &self.0
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        let counts = std::fs::read(raw.path("Train.zip")?)?;
        let sample = |(i, n): (usize, u8)| {
            let write: Writer<'a> = Box::new(move |out| {
                let events = some(n.into(), 34, 34);
                Ok(out.write_all(&events.view().to_bytes(Format::Npz)?)?)
            });
            let split = if i < 2 { "train" } else { "test" };
            Sample { split, class: i, name: format!("{i}.npz"), write }
        };
        Ok(counts.into_iter().enumerate().map(sample).collect())
    }
}

fn counted(folder: &Folder) -> Counted {
    let contents = [vec![5, 0, 7], b"not read".to_vec()];
    let about = tiny(&crate::data::n_mnist::N_MNIST, &contents, &[2, 1]);
    let plain =
        |file: &Remote| Remote { content: crate::data::dataset::Content::File, ..file.clone() };
    let files: Vec<Remote> = about.files.iter().map(plain).collect();
    let about = About { files: files.leak(), ..about };
    publish(&about, &contents, folder);
    Counted(about)
}

#[test]
fn samples_are_read_by_split_and_index() {
    let folder = Folder::new();
    let set = EventSet::open(&counted(&folder), &folder.places()).unwrap();
    assert_eq!(set.classes().len(), 10);
    let train = set.split("train").unwrap();
    assert_eq!(train.len(), 2);
    assert!(!train.is_empty());
    assert_eq!(train.get(0).unwrap(), (some(5, 34, 34), 0));
    // A sample without events is one, on the same sensor.
    assert_eq!(train.get(1).unwrap(), (some(0, 34, 34), 1));
    assert_eq!(all(&set, "test"), [(some(7, 34, 34), 2)]);
    let message = train.get(2).unwrap_err().to_string();
    assert_eq!(message, "the index of a sample must be below 2, but is 2");
    let message = set.split("tests").unwrap_err().to_string();
    assert_eq!(message, "a split must be one of [\"train\", \"test\"], but is \"tests\"");
}

#[test]
fn samples_that_were_damaged_since_are_told() {
    let folder = Folder::new();
    let set = EventSet::open(&counted(&folder), &folder.places()).unwrap();
    let train = set.split("train").unwrap();
    let path = &set.prepared().samples("train")[0].0;
    std::fs::write(path, "something else").unwrap();
    let message = train.get(0).unwrap_err().to_string();
    assert!(message.contains("0.npz, byte 0 is not the file it should be"), "{message}");
    assert!(message.contains("delete the folder of the prepared samples"), "{message}");
    std::fs::remove_file(path).unwrap();
    assert!(train.get(0).unwrap_err().to_string().starts_with("cannot read "));
    assert!(train.iter().nth(1).unwrap().is_ok());
}

#[test]
fn sensors_are_no_larger_than_events_have_them() {
    let folder = Folder::new();
    let mut set = counted(&folder);
    set.0.sensor = [2, 1, 65_536];
    assert_eq!(
        fails(&set, &folder),
        "the sensor must be at most 65535 rows and columns, but is [2, 1, 65536]"
    );
}
