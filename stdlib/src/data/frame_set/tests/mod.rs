//! Frames of small sets, made as those of large ones are.

mod files;
mod processes;

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::data::dataset::tests::Folder;
use crate::data::dataset::{About, Content, Dataset, Raw, Remote, Sample, Writer};
use crate::data::event_set::tests::{publish, some, tiny};
use crate::event::frames::Slices;
use crate::event::{EventsView, Format};

/// A set with a sample for each byte of its file, which says how many events it has. The last third is to test with.
struct Counts(About);

impl Dataset for Counts {
    fn about(&self) -> &About {
        &self.0
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        let counts = fs::read(raw.path("Train.zip")?)?;
        let n_train = self.0.splits[0].n_samples;
        let sample = |(i, n): (usize, u8)| {
            let write: Writer<'a> = Box::new(move |out| {
                let events = some(n.into(), 34, 34);
                Ok(out.write_all(&events.view().to_bytes(Format::Npz)?)?)
            });
            let split = if i < n_train { "train" } else { "test" };
            Sample { split, class: i % 10, name: format!("{i:03}.npz"), write }
        };
        Ok(counts.into_iter().enumerate().map(sample).collect())
    }
}

/// The set of these counts in a folder.
fn set(folder: &Folder, counts: &[u8]) -> EventSet {
    let contents = [counts.to_vec(), b"not read".to_vec()];
    let n_test = counts.len() / 3;
    let about = tiny(&crate::data::n_mnist::N_MNIST, &contents, &[counts.len() - n_test, n_test]);
    let plain = |file: &Remote| Remote { content: Content::File, ..file.clone() };
    let files: Vec<Remote> = about.files.iter().map(plain).collect();
    let about = About { files: files.leak(), ..about };
    publish(&about, &contents, folder);
    EventSet::open(&Counts(about), &folder.places()).unwrap()
}

fn quiet() -> Options {
    Options { threads: 2, quiet: true }
}

/// A recipe that counts how often it is followed.
fn counted(name: &str, count: &Arc<AtomicUsize>) -> Recipe {
    let count = count.clone();
    let make = move |events: EventsView<'_>| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Slices::by_number(events, 3)?.count()?)
    };
    Recipe::own(name, make).unwrap()
}

#[test]
fn frames_are_those_of_the_samples() {
    let folder = Folder::new();
    let set = set(&folder, &[200, 0, 9, 40, 1, 77]);
    let cuts = [Cut::Number(4), Cut::Time(3), Cut::Duration(7000)];
    for cut in cuts {
        let open = |recipe: Recipe| FrameSet::open(&set, &recipe, &quiet()).unwrap();
        let (counts, binary) = (open(Recipe::count(cut)), open(Recipe::binary(cut)));
        let surfaces = open(Recipe::time_surface(cut, 2500.0));
        for split in ["train", "test"] {
            let recordings = set.split(split).unwrap();
            let frames = counts.split::<u32>(split).unwrap();
            assert_eq!((frames.len(), frames.is_empty()), (recordings.len(), false));
            assert_eq!(frames.labels().unwrap(), recordings.labels().collect::<Vec<_>>());
            for (index, sample) in recordings.iter().enumerate() {
                let (events, label) = sample.unwrap();
                let slices = cut.slices(events.view()).unwrap();
                let expected = slices.count().unwrap();
                assert_eq!(frames.get(index).unwrap(), (expected.clone(), label));
                let floats = counts.split::<f32>(split).unwrap().get(index).unwrap().0;
                assert_eq!(floats, expected.to_f32());
                let bytes = binary.split::<u8>(split).unwrap().get(index).unwrap().0;
                assert_eq!(bytes, slices.binary().unwrap());
                let surface = surfaces.split::<f32>(split).unwrap().get(index).unwrap().0;
                assert_eq!(surface, slices.time_surface(2500.0).unwrap());
            }
        }
    }
    let voxels = FrameSet::open(&set, &Recipe::voxel_grid(5), &quiet()).unwrap();
    let (events, label) = set.split("test").unwrap().get(1).unwrap();
    let expected = crate::event::frames::voxel_grid(events.view(), 5).unwrap();
    assert_eq!(voxels.split::<f32>("test").unwrap().get(1).unwrap(), (expected, label));
    assert_eq!(voxels.classes(), set.classes());
    // All of them side by side.
    let names: Vec<_> = fs::read_dir(folder.0.join("cache/n-mnist/frames/events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    assert_eq!(names.len(), 10);
    for name in ["count-number-4", "surface-duration-7000-tau-2.5e3", "voxels-5"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
}

#[test]
fn frames_are_made_once_and_anew_where_they_are_stale() {
    let folder = Folder::new();
    let (count, counts) = (Arc::new(AtomicUsize::new(0)), [9, 8, 7, 6, 5, 4]);
    let made = |set: &EventSet, name: &str| {
        let frames = FrameSet::open(set, &counted(name, &count), &quiet()).unwrap();
        frames.prepared().verify().unwrap();
        let expected: u32 = set.split("train").unwrap().get(1).unwrap().0.len() as u32;
        let found = frames.split::<u32>("train").unwrap().get(1).unwrap().0;
        assert_eq!(found.data().iter().sum::<u32>(), expected);
        count.swap(0, Ordering::SeqCst)
    };
    let first = set(&folder, &counts);
    assert_eq!(made(&first, "sum"), 6);
    assert_eq!(made(&first, "sum"), 0);
    // Another recipe has a folder of its own.
    assert_eq!(made(&first, "other"), 6);
    assert_eq!(made(&first, "sum"), 0);
    // A file that is gone or cut off is made again, and no other.
    let frames = FrameSet::open(&first, &counted("sum", &count), &quiet()).unwrap();
    let files: Vec<PathBuf> =
        frames.prepared().samples("train").into_iter().map(|(path, _)| path).collect();
    fs::remove_file(&files[1]).unwrap();
    fs::write(&files[2], b"SNNF").unwrap();
    assert_eq!(made(&first, "sum"), 2);
    // The set is made from other files: all is stale.
    fs::remove_dir_all(folder.0.join("cache/n-mnist/prepared")).unwrap();
    fs::remove_dir_all(folder.0.join("cache/n-mnist/download")).unwrap_or_default();
    let second = set(&folder, &[9, 99, 7, 6, 5, 4]);
    assert_eq!(made(&second, "sum"), 6);
    // The same samples prepared once more are the same.
    fs::remove_dir_all(folder.0.join("cache/n-mnist/prepared")).unwrap();
    assert_eq!(made(&set(&folder, &[9, 99, 7, 6, 5, 4]), "sum"), 0);
}

#[test]
fn a_failure_names_the_sample_and_leaves_the_others() {
    let folder = Folder::new();
    let set = set(&folder, &[9, 8, 7, 6, 5, 4]);
    let count = Arc::new(AtomicUsize::new(0));
    let failing = |n_bad: usize| {
        let count = count.clone();
        Recipe::own("few", move |events| {
            if events.len() == n_bad {
                return Err(format!("{n_bad} events").into());
            }
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Slices::by_number(events, 2)?.binary()?)
        })
        .unwrap()
    };
    let message = FrameSet::open(&set, &failing(7), &quiet()).unwrap_err().to_string();
    assert!(message.contains("002.npz.frames: 7 events"), "{message}");
    let n_made = count.swap(0, Ordering::SeqCst);
    assert!(n_made < 6);
    FrameSet::open(&set, &failing(1000), &quiet()).unwrap();
    assert_eq!(n_made + count.load(Ordering::SeqCst), 6, "what was made is not made again");
    let message = FrameSet::open(&set, &Recipe::count(Cut::Number(0)), &quiet()).unwrap_err();
    assert!(message.to_string().contains("the number of slices must be from 1"), "{message}");
}

#[test]
fn a_folder_of_the_callers_own_is_not_emptied() {
    let (folder, own) = (Folder::new(), Folder::new());
    let set = set(&folder, &[3, 2, 1]);
    let recipe = Recipe::binary(Cut::Number(2));
    own.put("frames/train/0/000.npz.frames", b"something of the caller's");
    let to = own.0.join("frames");
    let message = FrameSet::open_in(&to, &set, &recipe, &quiet()).unwrap_err().to_string();
    assert!(message.contains("name another folder, or delete it"), "{message}");
    let frames = FrameSet::open_in(&own.0.join("others"), &set, &recipe, &quiet()).unwrap();
    assert_eq!(frames.split::<u8>("test").unwrap().get(0).unwrap().0.shape(), [2, 2, 34, 34]);
    let message = frames.split::<u8>("train").unwrap().get(9).unwrap_err().to_string();
    assert_eq!(message, "the index of a sample must be below 2, but is 9");
    let message = frames.split::<u8>("valid").unwrap_err().to_string();
    assert_eq!(message, "a split must be one of [\"train\", \"test\"], but is \"valid\"");
}

#[test]
fn names_are_those_of_folders() {
    let make = |events: EventsView<'_>| Ok(Slices::by_number(events, 1)?.binary()?);
    for name in ["", "..", "a/b", "a\\b", "a\0"] {
        let message = Recipe::own(name, make).unwrap_err().to_string();
        assert!(message.starts_with("the name of frames must be one that a folder"), "{message}");
    }
    // Not that of one of the library's.
    let own = Recipe::own("count-number-4", make).unwrap();
    assert_ne!(own.name(), Recipe::count(Cut::Number(4)).name());
    assert_eq!(format!("{own:?}"), "Recipe(\"own-count-number-4\")");
}

#[test]
fn cached_frames_are_samples() {
    let folder = Folder::new();
    let set = set(&folder, &[30, 0, 9, 40, 1, 77, 5, 6, 7]);
    let frames = FrameSet::open(&set, &Recipe::count(Cut::Number(2)), &quiet()).unwrap();
    let train = frames.split::<u8>("train").unwrap();
    assert!(train.name(1).ends_with("001.npz.frames"), "{}", train.name(1));
    assert_eq!((train.n_samples(), train.label(9)), (6, None));
    let sampler = crate::data::loader::Sampler::new(6, 4, false, 0).unwrap();
    let loader = crate::data::loader::Loader::new(
        train,
        sampler,
        crate::data::loader::Batch::stacked,
        crate::data::loader::Options::default(),
    );
    let batches: Vec<_> = loader.unwrap().epoch(0).unwrap().map(|batch| batch.unwrap()).collect();
    assert_eq!(batches[1].inputs.shape(), [2, 2, 2, 34, 34]);
    assert_eq!(batches[0].labels, [0, 1, 2, 3]);
    let n_events = |batch: &crate::data::loader::Batch<u8>| {
        batch.inputs.data().iter().map(|count| u32::from(*count)).sum::<u32>()
    };
    assert_eq!(batches.iter().map(n_events).collect::<Vec<_>>(), [79, 78]);
}
