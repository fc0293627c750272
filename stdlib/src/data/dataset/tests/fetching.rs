//! From published files to samples.

use super::*;
use crate::data::download::tests::server::{Reply, Server};

/// The text of the error.
fn fails(set: &Steps, folder: &Folder) -> String {
    prepare(set, &folder.places()).unwrap_err().to_string()
}

#[test]
fn samples_are_made_once() {
    let (set, folder) = (Steps::new(9), Folder::new());
    set.publish(&folder);
    let prepared = prepare(&set, &folder.places()).unwrap();
    is_right(&prepared, &set);
    assert_eq!(prepared.folder(), folder.0.join("cache/steps/prepared/events"));
    assert!(prepared.samples("validation").is_empty() && prepared.samples("trai").is_empty());
    // What is not taken is not there, and what is prepared needs nothing else.
    assert!(!folder.0.join("cache/steps/raw/steps.tar.gz/set/notes.txt").exists());
    fs::remove_dir_all(folder.0.join("own")).unwrap();
    fs::remove_dir_all(folder.0.join("cache/steps/raw")).unwrap();
    assert_eq!(prepare(&set, &folder.places()).unwrap(), prepared);
    assert_eq!(set.n_written(), 9);
}

#[test]
fn what_comes_by_hand_is_asked_for_all_at_once() {
    let (set, folder) = (Steps::new(6), Folder::new());
    let message = fails(&set, &folder);
    assert!(message.starts_with("2 failures:"), "{message}");
    for file in set.about.files {
        let path = folder.0.join("cache/steps/download").join(file.name);
        let Size::Exact(n) = file.size else { unreachable!() };
        let wanted = format!(
            "{} is missing, and nobody may download it for you: accept the terms at https://example.org/steps; \
             put {} ({n} bytes, {}) there",
            path.display(),
            file.name,
            file.checksum.as_ref().unwrap()
        );
        assert!(message.contains(&wanted), "{message}");
    }
    // There it is found.
    folder.put("cache/steps/download/labels.txt", &labels(6));
    folder.put("cache/steps/download/steps.tar.gz", &events(6));
    is_right(&prepare(&set, &folder.places()).unwrap(), &set);
}

#[test]
fn what_comes_by_hand_is_held_against_what_is_published() {
    let (set, folder) = (Steps::new(6), Folder::new());
    set.publish(&folder);
    let mut wrong = labels(6);
    wrong.truncate(50);
    folder.put("own/labels.txt", &wrong);
    let message = fails(&set, &folder);
    assert!(message.contains("labels.txt is not the file it should be"), "{message}");
    assert!(message.contains("found 50 bytes; it may have been cut off"), "{message}");
    let mut wrong = labels(6);
    wrong[0] = b'7';
    folder.put("own/labels.txt", &wrong);
    let message = fails(&set, &folder);
    assert!(message.contains("labels.txt: expected SHA-256 "), "{message}");
    assert_eq!(set.n_written(), 0);
}

#[test]
fn what_may_be_downloaded_is() {
    let server = Server::new(|request| match request.path.as_str() {
        "/steps.tar.gz" => Reply::ranged(request, &events(6)),
        _ => Reply::ok(&labels(6)),
    });
    let (mut set, folder) = (Steps::new(6), Folder::new());
    let mut files = set.about.files.to_vec();
    for file in &mut files {
        let url: &'static str = format!("{}/{}", server.url, file.name).leak();
        file.access = Access::Urls(vec![url].leak());
    }
    set.about.files = files.leak();
    let places = Places { folder: None, ..folder.places() };
    let offline = download::Options { offline: true, ..places.download.clone() };
    let offline = Places { download: offline, ..places.clone() };
    let message = prepare(&set, &offline).unwrap_err().to_string();
    assert_eq!(message.matches("downloads are off").count(), 2, "{message}");
    is_right(&prepare(&set, &places).unwrap(), &set);
    assert_eq!(server.ranges().len(), 2);
    // Other samples of the same files: what was unpacked needs no archive any more.
    fs::remove_file(folder.0.join("cache/steps/download/steps.tar.gz")).unwrap();
    set.repeats = 3;
    is_right(&prepare(&set, &offline).unwrap(), &set);
}

#[test]
fn what_is_stale_is_made_anew() {
    let (mut set, folder) = (Steps::new(6), Folder::new());
    set.publish(&folder);
    let first = prepare(&set, &folder.places()).unwrap();
    set.repeats = 1;
    let second = prepare(&set, &folder.places()).unwrap();
    is_right(&second, &set);
    assert_ne!(first.manifest(), second.manifest());
    set.about.version = 2;
    is_right(&prepare(&set, &folder.places()).unwrap(), &set);
    assert_eq!(set.n_written(), 18);
    // Another archive: less is in it than before.
    let smaller = Steps::new(3);
    smaller.publish(&folder);
    is_right(&prepare(&smaller, &folder.places()).unwrap(), &smaller);
    assert!(!folder.0.join("cache/steps/raw/steps.tar.gz/set/5.bin").exists());
}

#[test]
fn what_was_unpacked_is_unpacked_again_where_it_was_lost() {
    let (mut set, folder) = (Steps::new(6), Folder::new());
    set.publish(&folder);
    prepare(&set, &folder.places()).unwrap();
    let raw = folder.0.join("cache/steps/raw");
    for lost in ["steps.tar.gz/set/3.bin", "steps.tar.gz.json"] {
        fs::remove_file(raw.join(lost)).unwrap();
        set.repeats += 1;
        is_right(&prepare(&set, &folder.places()).unwrap(), &set);
        assert!(raw.join(lost).exists());
    }
    fs::write(raw.join("steps.tar.gz.json"), "{}").unwrap();
    set.repeats += 1;
    let message = fails(&set, &folder);
    assert!(message.contains("steps.tar.gz.json is not the file it should be"), "{message}");
}

#[test]
fn samples_are_those_that_should_be_there() {
    let fails = |change: &dyn Fn(&mut Steps), expected: &str| {
        let (mut set, folder) = (Steps::new(6), Folder::new());
        set.publish(&folder);
        change(&mut set);
        let message = fails(&set, &folder);
        assert!(message.contains(expected), "{message}");
        assert!(set.n_written() == 0);
    };
    let splits = |splits: &[(&'static str, usize)]| {
        let split =
            |(name, n_samples): &(&'static str, usize)| Split { name, n_samples: *n_samples };
        splits.iter().map(split).collect::<Vec<_>>().leak()
    };
    let too_many = |set: &mut Steps| set.about.splits = splits(&[("train", 5), ("test", 2)]);
    fails(&too_many, "expected 5 samples in \"train\", found 4;");
    let others = |set: &mut Steps| set.about.splits = splits(&[("train", 4)]);
    fails(&others, "expected one of the splits [\"train\"], found \"test\";");
    let classes = |set: &mut Steps| set.about.classes = &["left"];
    fails(&classes, "expected classes below 1, found 1 of \"0001\";");
}

#[test]
fn what_a_set_says_of_itself_is_checked() {
    let fails = |change: &dyn Fn(&mut About), expected: &str| {
        let mut set = Steps::new(3);
        change(&mut set.about);
        let message = fails(&set, &Folder::new());
        assert!(
            message.contains(expected) && message.contains("in the set \"Steps\""),
            "{message}"
        );
    };
    let file = |change: &dyn Fn(&mut Remote)| {
        let mut files = Steps::new(3).about.files.to_vec();
        change(&mut files[0]);
        &*files.leak()
    };
    fails(&|about| about.folder = "../steps", "a name must be one that a file can have");
    fails(&|about| about.files = file(&|file| file.name = "a/b"), "a name must be");
    fails(
        &|about| about.files = file(&|file| file.name = "Labels.txt"),
        "different from each other",
    );
    fails(&|about| about.splits = &[], "the classes and splits must be one at least");
    fails(&|about| about.classes = &[], "the classes and splits must be one at least");
    fails(&|about| about.sensor = [2, 0, 8], "sizes must be 1 at least");
    let short = Checksum::md5("abc");
    let short = |file: &mut Remote| file.checksum = Some(short.clone());
    fails(&|about| about.files = file(&short), "all digits of its checksum");
    let ftp = |file: &mut Remote| file.access = Access::Urls(&["ftp://example.org/steps"]);
    fails(&|about| about.files = file(&ftp), "addresses `http://` or `https://`");
    let unknown = |file: &mut Remote| {
        file.access = Access::Urls(&["https://example.org/steps"]);
        file.checksum = None;
    };
    fails(&|about| about.files = file(&unknown), "with a checksum where it is downloaded");
    Steps::new(3).about.check().unwrap();
}
