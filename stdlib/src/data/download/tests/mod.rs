//! Every way in which a server may serve ends in the right file or in a clear error.

mod many;
mod redirects;
pub(in crate::data) mod server;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use self::server::{Reply, Server};
use super::*;

/// SHA-256 and MD5 of [`content`].
const SHA256: &str = "6bcecbb09ee6bb930d18d098dabb90c700f3380421c8d78c33ae0f6d11ac3caa";
const MD5: &str = "3ed5161f9554535ccf1edb0c935bd6d7";

/// What is downloaded: 100 000 bytes.
fn content() -> Vec<u8> {
    (0..100_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
}

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("snn-download-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("digits")
    }

    fn part(&self) -> PathBuf {
        self.0.join("digits.part")
    }

    /// The file is right, and no part is left.
    fn is_right(&self) {
        assert!(fs::read(self.file()).unwrap() == content());
        assert!(!self.part().exists());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn source(servers: &[&Server]) -> Source {
    let urls = servers.iter().map(|server| format!("{}/digits", server.url)).collect();
    Source { urls, checksum: Checksum::Sha256(SHA256.into()), limit: 100_000 }
}

fn options() -> Options {
    let [timeout, pause] = [2000, 0].map(Duration::from_millis);
    Options { timeout, pause, quiet: true, ..Options::default() }
}

/// The text of the error; nothing has the file's name then.
fn fails(folder: &Folder, server: &Server) -> String {
    let failed = fetch(&source(&[server]), &folder.file(), &options());
    assert!(!folder.file().exists());
    let message = failed.unwrap_err().to_string();
    assert!(message.contains(folder.file().to_str().unwrap()), "{message}");
    assert!(message.contains(&server.url), "{message}");
    message
}

#[test]
fn a_whole_file_comes_once() {
    let (folder, server) = (Folder::new("whole"), Server::new(|_| Reply::ok(&content())));
    for checksum in [Checksum::Sha256(SHA256.to_uppercase().into()), Checksum::Md5(MD5.into())] {
        let source = Source { checksum, ..source(&[&server]) };
        fetch(&source, &folder.file(), &options()).unwrap();
        folder.is_right();
    }
    assert_eq!(server.ranges(), [None]);
    assert_eq!(server.asked.lock().unwrap()[0].0, "/digits");
}

#[test]
fn a_damaged_file_is_replaced() {
    let (folder, server) = (Folder::new("damaged"), Server::new(|_| Reply::ok(&content())));
    fs::write(folder.file(), "damaged").unwrap();
    let offline = Options { offline: true, ..options() };
    let message = fetch(&source(&[&server]), &folder.file(), &offline).unwrap_err().to_string();
    assert!(message.contains(SHA256), "{message}");
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
}

#[test]
fn what_breaks_off_goes_on_where_it_was() {
    let answer = |request: &server::Request| match request.number {
        0 | 1 => Reply::ranged(request, &content()).cut(30_000),
        _ => Reply::ranged(request, &content()),
    };
    let (folder, server) = (Folder::new("resumed"), Server::new(answer));
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
    assert_eq!(server.ranges(), [None, Some(30_000), Some(60_000)]);
}

#[test]
fn another_run_and_another_mirror_go_on_too() {
    let broken = Server::new(|request| Reply::ranged(request, &content()).cut(0));
    let whole = Server::new(|request| Reply::ranged(request, &content()));
    let folder = Folder::new("mirrors");
    fs::write(folder.part(), &content()[..40_000]).unwrap();
    fetch(&source(&[&broken, &whole]), &folder.file(), &options()).unwrap();
    folder.is_right();
    assert_eq!(broken.ranges(), [Some(40_000); 3]);
    assert_eq!(whole.ranges(), [Some(40_000)]);
}

#[test]
fn a_wrong_or_too_long_part_is_begun_anew() {
    for part in [vec![7; 40_000], vec![7; 100_000], vec![7; 200_000]] {
        let server = Server::new(|request| Reply::ranged(request, &content()));
        let folder = Folder::new("wrong-part");
        fs::write(folder.part(), &part).unwrap();
        let options = Options { tries: 1, ..options() };
        fetch(&source(&[&server]), &folder.file(), &options).unwrap();
        folder.is_right();
    }
}

#[test]
fn a_part_that_is_all_there_is_takes_the_name() {
    let server = Server::new(|request| Reply::ranged(request, &content()));
    let folder = Folder::new("all-there");
    fs::write(folder.part(), content()).unwrap();
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
    assert_eq!(server.ranges(), [Some(100_000)]);
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let answer = |request: &server::Request| match request.number {
        0 => Reply::ok(&content()).cut(50_000),
        _ => Reply::ok(&content()),
    };
    let (folder, server) = (Folder::new("no-ranges"), Server::new(answer));
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
    assert_eq!(server.ranges(), [None, Some(50_000)]);
}

#[test]
fn pieces_without_their_end_are_no_file() {
    // 30 000 bytes in one chunk of HTTP, and neither a further one nor the empty one at the end.
    let answer = |request: &server::Request| match request.number {
        0 => {
            let body = [b"7530\r\n", &content()[..30_000], b"\r\n"].concat();
            let head = "200 OK\r\nTransfer-Encoding: chunked";
            Reply { length: None, ..Reply::new(head, &body) }
        }
        _ => Reply::ranged(request, &content()),
    };
    let (folder, server) = (Folder::new("chunked"), Server::new(answer));
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
    assert_eq!(server.ranges(), [None, Some(30_000)]);
}

#[test]
fn an_answer_in_no_known_tongue_is_told() {
    let server = Server::new(|_| Reply { length: None, ..Reply::new("\0\0", b"\r\n\r\n") });
    let message = fails(&Folder::new("garbage"), &server);
    assert_eq!(server.ranges().len(), 3);
    assert!(message.lines().count() == 3, "{message}");
}

#[test]
fn a_wrong_range_is_not_taken() {
    let answer = |request: &server::Request| match request.from {
        Some(_) => Reply::new("206 Partial Content\r\nContent-Range: bytes 0-9/100000", &[0; 10]),
        None => Reply::ok(&content()),
    };
    let (folder, server) = (Folder::new("wrong-range"), Server::new(answer));
    fs::write(folder.part(), &content()[..40_000]).unwrap();
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
}

#[test]
fn a_slow_server_is_waited_for_and_a_silent_one_is_not() {
    let slow =
        |ms| move |_: &_| Reply { pause: Duration::from_millis(ms), ..Reply::ok(&content()) };
    let folder = Folder::new("slow");
    let options = Options { timeout: Duration::from_millis(800), tries: 1, ..options() };
    let server = Server::new(slow(2000));
    let failed = fetch(&source(&[&server]), &folder.file(), &options).unwrap_err().to_string();
    assert!(failed.contains("timeout"), "{failed}");
    // A second in all, but never silent for as long.
    fetch(&source(&[&Server::new(slow(250))]), &folder.file(), &options).unwrap();
    folder.is_right();
}

#[test]
fn a_refusal_is_told_and_a_passing_one_asked_again() {
    let missing = Server::new(|_| Reply::new("404 Not Found", b"no"));
    assert!(fails(&Folder::new("404"), &missing).contains("404"));
    assert_eq!(missing.ranges().len(), 1);
    let down = Server::new(|_| Reply::new("500 Internal Server Error", b"no"));
    assert!(fails(&Folder::new("500"), &down).contains("500"));
    assert_eq!(down.ranges().len(), 3);

    let whole = Server::new(|_| Reply::ok(&content()));
    let folder = Folder::new("second-mirror");
    fetch(&source(&[&missing, &down, &whole]), &folder.file(), &options()).unwrap();
    folder.is_right();
}

#[test]
fn wrong_content_gets_no_name() {
    let server = Server::new(|_| Reply::ok(&[1; 100_000]));
    let folder = Folder::new("wrong");
    let message = fails(&folder, &server);
    assert!(message.contains(SHA256) && message.contains("SHA-256"), "{message}");
    assert!(!folder.part().exists());
    // Nor does what is cut where no length is told: it is begun anew, then given up.
    let cut = |_: &_| Reply { length: None, ..Reply::ok(&content()[..500]) };
    assert!(fails(&folder, &Server::new(cut)).contains(SHA256));
}

#[test]
fn no_more_is_taken_than_allowed() {
    let told = Server::new(|_| Reply::ok(&[1; 100_001]));
    assert!(fails(&Folder::new("told"), &told).contains("100001 bytes, more than the 100000"));
    let untold = |_: &_| Reply { length: None, ..Reply::ok(&[1; 300_000]) };
    let folder = Folder::new("untold");
    assert!(fails(&folder, &Server::new(untold)).contains("more than the 100000"));
    assert!(!folder.part().exists());
}

#[test]
fn nobody_is_asked_offline_and_nobody_there_is_told() {
    let server = Server::new(|_| Reply::ok(&content()));
    let folder = Folder::new("offline");
    let offline = Options { offline: true, ..options() };
    let message = fetch(&source(&[&server]), &folder.file(), &offline).unwrap_err().to_string();
    let wanted = folder.file().display().to_string();
    assert!(message.starts_with(&wanted) && message.contains(&server.url), "{message}");
    assert!(server.ranges().is_empty());

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let urls = vec![format!("http://{port}/digits"), "no url".into()];
    let source = Source { urls, ..source(&[]) };
    let message = fetch(&source, &folder.file(), &options()).unwrap_err().to_string();
    assert!(message.contains("no url: ") && message.lines().count() == 4, "{message}");
}

#[test]
fn those_who_want_the_same_file_wait_for_the_one_who_brings_it() {
    let pause = Duration::from_millis(50);
    let server = Server::new(move |_| Reply { pause, ..Reply::ok(&content()) });
    let folder = Folder::new("together");
    thread::scope(|scope| {
        for _ in 0..4 {
            let source = source(&[&server]);
            let path = folder.file();
            scope.spawn(move || fetch(&source, &path, &options()).unwrap());
        }
    });
    folder.is_right();
    assert_eq!(server.ranges().len(), 1);
}
