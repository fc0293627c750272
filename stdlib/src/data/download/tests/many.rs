//! Several files at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::*;

/// Files that are all alike, at paths of their own.
fn files(folder: &Folder, server: &Server, n: usize) -> Vec<(Source, PathBuf)> {
    let source = |i| {
        let urls = vec![format!("{}/{i}", server.url)];
        Source { urls, ..source(&[]) }
    };
    (0..n).map(|i| (source(i), folder.0.join(format!("deep/{i}")))).collect()
}

fn is_right(path: &std::path::Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes == content())
}

#[test]
fn all_files_come_and_none_twice() {
    let (folder, server) = (Folder::new("all"), Server::new(|_| Reply::ok(&content())));
    let files = files(&folder, &server, 9);
    for _ in 0..2 {
        fetch_all(&files, &options()).unwrap();
        assert!(files.iter().all(|(_, path)| is_right(path)));
        assert_eq!(server.ranges().len(), 9);
    }
    fetch_all(&[], &options()).unwrap();
}

/// Answers only once so many are asked for at the same time, or after a while.
fn at_once(n: usize) -> (Server, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let (seen, waiting) = (most.clone(), (Mutex::new(0_usize), Condvar::new()));
    let server = Server::new(move |_| {
        let (count, changed) = &waiting;
        let mut now = count.lock().unwrap();
        *now += 1;
        seen.fetch_max(*now, Ordering::SeqCst);
        changed.notify_all();
        let patience = Duration::from_millis(300);
        let (mut now, _) = changed.wait_timeout_while(now, patience, |now| *now < n).unwrap();
        *now -= 1;
        drop(now);
        Reply::ok(&content())
    });
    (server, most)
}

#[test]
fn so_many_come_at_once_and_no_more() {
    for (parallel, expected) in [(Options::default().parallel, 4), (2, 2), (0, 1)] {
        let (server, most) = at_once(expected);
        let folder = Folder::new(&format!("parallel-{parallel}"));
        let options = Options { parallel, ..options() };
        fetch_all(&files(&folder, &server, 8), &options).unwrap();
        assert_eq!(most.load(Ordering::SeqCst), expected);
    }
}

#[test]
fn each_failure_is_told_and_the_others_come() {
    let server = Server::new(|request| match request.path.as_str() {
        "/1" => Reply::new("404 Not Found", b""),
        "/4" => Reply::ok(&[1; 100_000]),
        "/5" => Reply::ok(&content()).cut(10_000),
        _ => Reply::ok(&content()),
    });
    let folder = Folder::new("failures");
    let wanted = files(&folder, &server, 7);
    let message = fetch_all(&wanted, &Options { tries: 1, ..options() }).unwrap_err().to_string();
    assert!(message.starts_with("3 failures:\n- cannot download"), "{message}");
    for (i, why) in [(1, "404"), (4, SHA256), (5, "it broke off after 10000 bytes")] {
        assert!(message.contains(wanted[i].1.to_str().unwrap()), "{message}");
        assert!(message.contains(why), "{message}");
    }
    for (i, (_, path)) in wanted.iter().enumerate() {
        assert_eq!(is_right(path), ![1, 4, 5].contains(&i), "{i}");
    }
    // What came of the one that broke off is there to go on with.
    assert_eq!(fs::read(folder.0.join("deep/5.part")).unwrap(), content()[..10_000]);

    let (one, _) = wanted.split_at(2);
    let message = fetch_all(one, &options()).unwrap_err().to_string();
    assert!(message.starts_with("cannot download") && message.contains("404"), "{message}");
}

#[test]
fn a_path_is_for_one_file() {
    let (folder, server) = (Folder::new("same"), Server::new(|_| Reply::ok(&content())));
    let mut files = files(&folder, &server, 2);
    files[1].1 = files[0].1.clone();
    let message = fetch_all(&files, &options()).unwrap_err().to_string();
    assert!(message.starts_with("the path must be one for each file"), "{message}");
    assert!(server.ranges().is_empty());
    // The same one may be wanted twice.
    files[1] = files[0].clone();
    fetch_all(&files, &options()).unwrap();
    assert_eq!(server.ranges().len(), 1);
}

#[test]
fn all_that_is_missing_offline_is_told() {
    let (folder, server) = (Folder::new("all-offline"), Server::new(|_| Reply::ok(&content())));
    let offline = Options { offline: true, ..options() };
    let message = fetch_all(&files(&folder, &server, 3), &offline).unwrap_err().to_string();
    assert_eq!(message.matches("downloads are off").count(), 3, "{message}");
    assert!(server.ranges().is_empty());
}
