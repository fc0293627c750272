//! Archives that were made to do harm, or were damaged.

use super::make::header;
use super::*;

/// The same entry in a zip file and in tars.
fn each(name: &str, content: &[u8]) -> Vec<Vec<u8>> {
    let sound: (&str, &[u8]) = ("sound", b"sound");
    packed(&[sound, (name, content)]).into()
}

#[test]
fn nothing_leads_out_of_the_folder() {
    for (name, why) in [
        ("../evil", "`..`"),
        ("a/../../evil", "`..`"),
        ("a/../b", "`..`"),
        ("..", "`..`"),
        ("/tmp/snn-evil", "absolute"),
        ("//evil", "absolute"),
        ("C:/evil", "drive letter"),
        ("a/c:evil", "drive letter"),
        ("..\\evil", "backslash"),
        ("\\\\server\\evil", "backslash"),
        ("a\nb", "control character"),
        ("a\u{1b}[2Jb", "control character"),
    ] {
        for archive in each(name, b"evil") {
            let message = fails(&archive);
            assert!(message.contains(why) && message.contains(&format!("{name:?}")), "{message}");
        }
    }
    assert!(!Path::new("/tmp/snn-evil").exists());
    assert!(fails(&zip(&[Zipped::new("a\0b", b"evil")])).contains("control character"));
    assert!(fails(&zip(&[Zipped::new("", b"evil")])).contains("no name"));
    // Also where the harm is in what the header is followed by.
    let long = tarred("././@LongLink", b'L', b"../evil\0");
    assert!(fails(&tar(&[long, tarred("a", b'0', b"evil")])).contains("`..`"));
    let pax = make::pax("path", "/etc/evil");
    assert!(fails(&tar(&[pax, tarred("a", b'0', b"evil")])).contains("absolute"));
    let mut split = header(b"evil", b'0', 0);
    split[345..347].copy_from_slice(b"..");
    make::seal(&mut split);
    assert!(fails(&tar(&[split])).contains("`..`"));
}

#[test]
fn a_name_is_wrong_though_it_is_not_taken() {
    let folder = Folder::new();
    for archive in each("../evil", b"evil") {
        let archive = folder.put("archive", &archive);
        unpack(&archive, &folder.out(), &|path| path == "sound", &quiet()).unwrap_err();
        assert!(folder.all().is_empty());
    }
}

#[test]
fn links_and_devices_are_not_made() {
    let linked = |kind: u8| {
        let mut link = header(b"link", kind, 0);
        link[157..168].copy_from_slice(b"/etc/passwd");
        make::seal(&mut link);
        // What comes next would go through the link.
        tar(&[link, tarred("link/evil", b'0', b"evil")])
    };
    for (kind, what) in [
        (b'1', "a hard link"),
        (b'2', "a symbolic link"),
        (b'3', "a device"),
        (b'4', "a device"),
        (b'6', "a pipe"),
        (b'S', "a sparse file"),
        (b'D', "of a kind that is not known"),
    ] {
        for archive in [linked(kind), gzip(&linked(kind))] {
            assert!(fails(&archive).contains(&format!("\"link\": it is {what};")));
        }
    }
    for (mode, what) in
        [(0o120_777, "a symbolic link"), (0o020_644, "a device"), (0o010_644, "a pipe")]
    {
        let link = Zipped { mode, ..Zipped::new("link", b"/etc/passwd") };
        let message = fails(&zip(&[link]));
        assert!(message.contains("\"link\": it is a") && message.contains(what), "{message}");
    }
    let pax = make::pax("GNU.sparse.major", "1");
    assert!(fails(&tar(&[pax, tarred("a", b'0', b"")])).contains("a sparse file"));
}

#[test]
fn a_link_that_is_not_taken_does_no_harm() {
    let folder = Folder::new();
    let archive = tar(&[header(b"link", b'2', 0), tarred("sound", b'0', b"sound")]);
    let archive = folder.put("archive", &archive);
    unpack(&archive, &folder.out(), &|path| path == "sound", &quiet()).unwrap();
    assert_eq!(folder.all(), tree(&[("in/out/", b""), ("in/out/sound", b"sound")]));
}

#[test]
fn no_name_stands_for_two_files() {
    for (one, two, why) in [
        ("a", "./a", "it is there twice"),
        ("a/b", "A/b", "\"a\" is there as well"),
        ("spikes", "Spikes", "\"spikes\" is there as well"),
        ("ä", "Ä", "\"ä\" is there as well"),
        ("a", "a/b", "\"a\" is a file and a folder"),
        ("a/b", "a", "\"a\" is a file and a folder"),
    ] {
        for archive in packed(&[(one, b"1"), (two, b"2")]) {
            let message = fails(&archive);
            assert!(message.contains(why), "{message}");
        }
    }
    let [zip, _, tar] = packed(&[("a", b"1"), ("a", b"2")]);
    assert!(fails(&zip).contains("two entries have the same name"));
    assert!(fails(&tar).contains("\"a\": it is there twice"));
}

#[test]
fn names_that_are_no_utf_8_have_defined_ones() {
    let name = b"Z\x81rich".to_vec();
    // The characters of DOS, where 0x81 is ü.
    let entry = Zipped { name: name.clone(), flags: 0, ..Zipped::new("", b"x") };
    assert_eq!(unpacked(&zip(&[entry]), &quiet()).unwrap(), tree(&[("Zürich", b"x")]));
    let entry = [header(&name, b'0', 1), [&b"x"[..], &[0; 511]].concat()].concat();
    assert_eq!(unpacked(&tar(&[entry]), &quiet()).unwrap(), tree(&[("Z%81rich", b"x")]));
}

#[test]
fn bombs_do_not_go_off() {
    // 100 MiB of zeros, a thousandth as large.
    let zeros = vec![0; 100 << 20];
    let bomb = Zipped::new("zeros", &zeros);
    let bombs =
        [zip(std::slice::from_ref(&bomb)), gzip(&zeros), gzip(&tarred("zeros", b'0', &zeros))];
    for archive in bombs {
        assert!(archive.len() < 200 << 10);
        assert!(fails(&archive).contains("more than 200 times its own size"));
    }
    // Entries that share their bytes, each below any limit.
    let shared: Vec<u8> = zeros[..1 << 20].to_vec();
    let small =
        gzip(&tar(&(0..100).map(|i| tarred(&format!("{i}"), b'0', &shared)).collect::<Vec<_>>()));
    assert!(fails(&small).contains("more than 200 times its own size"));

    let limits = Limits { bytes: 1000, ..Limits::default() };
    let options = Options { limits, ..quiet() };
    for archive in packed(&[("a", &[1; 600]), ("b", &[2; 600])]) {
        let message = unpacked(&archive, &options).unwrap_err().to_string();
        assert!(message.contains("\"b\": more than 1000 bytes come out of it; raise"), "{message}");
    }
    let limits = Limits { entries: 2, ..Limits::default() };
    let options = Options { limits, ..quiet() };
    for archive in packed(&[("a/", b""), ("a/b", b""), ("a/c", b"")]) {
        let message = unpacked(&archive, &options).unwrap_err().to_string();
        assert!(message.contains("there are more than 2 entries; raise"), "{message}");
    }
}

#[test]
fn long_names_do_not_fill_the_memory() {
    let long = header(b"././@LongLink", b'L', 1 << 36);
    assert!(fails(&long).contains("more than 65536"));
    let pax = header(b"a", b'x', 1 << 30);
    assert!(fails(&gzip(&pax)).contains("more than 65536"));
}

#[test]
fn sizes_that_lie_are_found_out() {
    let content = [5; 3000];
    for size in [0, 2999, 3001, u32::MAX - 1] {
        let message = fails(&zip(&[Zipped { size, ..Zipped::new("lie", &content) }]));
        assert!(message.contains("\"lie\": "), "{message}");
    }
    let message = fails(&zip(&[Zipped { crc: 1, ..Zipped::new("lie", &content) }]));
    assert!(message.contains("\"lie\": the archive is damaged"), "{message}");
    let stored =
        Zipped { method: 0, packed: content.to_vec(), size: 2000, ..Zipped::new("lie", &content) };
    assert!(fails(&zip(&[stored])).contains("\"lie\": "));
    // A tar's entry goes as far as its size says: another is no header any more, or there is no end.
    let mut short = tarred("lie", b'0', &content);
    short[..512].copy_from_slice(&header(b"lie", b'0', 1000));
    assert!(fails(&tar(&[short])).contains("wrong checksum"));
    let long = header(b"lie", b'0', 1 << 20);
    assert!(
        fails(&tar(&[long, vec![1; 512]])).contains("\"lie\": the archive is damaged or cut off")
    );
    // Nor is space looked for that cannot be needed.
    let huge = header(b"lie", b'0', 1 << 40);
    assert!(fails(&huge).contains("\"lie\": more than"));
    let pax = make::pax("size", "4000");
    assert!(
        fails(&tar(&[pax, tarred("lie", b'0', b"content")])).contains("instead of the 4000 told")
    );
    let mut text = header(b"lie", b'0', 0);
    text[124..136].copy_from_slice(b"a lot of it ");
    make::seal(&mut text);
    assert!(fails(&tar(&[text])).contains("its size is no number"));
    assert!(fails(&tar(&[tarred("lie/", b'5', b"content")])).contains("a folder with content"));
}

#[test]
fn what_is_cut_off_leaves_nothing() {
    let files: [(&str, &[u8]); 2] = [("a/1", &[1; 700]), ("a/2", &[2; 700])];
    let [zip, gzip, tar] = packed(&files);
    // The last block of a tar may be missing: one of zeros is its end.
    let ends = [zip.len(), gzip.len(), tar.len() - 1024 + 512];
    for (archive, end) in [zip, gzip, tar].iter().zip(ends) {
        for n in (1..end).step_by(29).chain([end - 1]) {
            let folder = Folder::new();
            let path = folder.put("archive.tar.gz", &archive[..n]);
            // Also where it is the end of what nobody wants.
            let takes: [&dyn Fn(&str) -> bool; 2] = [&all, &|_| false];
            for take in takes {
                unpack(&path, &folder.out(), take, &quiet()).unwrap_err();
                assert!(folder.all().is_empty(), "{n} of {end}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let secret = Zipped { flags: 1, ..Zipped::new("secret", b"the key is missing") };
    let message = fails(&zip(&[secret]));
    assert!(
        message.contains("\"secret\": it is encrypted; unpack it with another program"),
        "{message}"
    );
    for method in [9, 12, 14, 93, 4711] {
        let strange = Zipped { method, ..Zipped::new("strange", b"content") };
        let message = fails(&zip(&[strange]));
        assert!(message.contains("\"strange\": it is compressed by "), "{message}");
    }
    for (start, what) in [
        (&b""[..], "an empty file"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        (b"<!DOCTYPE html>", "a web page; it may say why"),
        (b"<HTML>", "a web page"),
        (b"BZh91AY", "a bzip2 file"),
        (b"spikes", "a file that begins with [73, 70, 69, 6b, 65, 73]"),
    ] {
        let message = fails(start);
        assert!(message.contains(what), "{message}");
    }
    let missing = unpack(Path::new("no/such.zip"), Path::new("out"), &all, &quiet());
    assert!(matches!(missing, Err(Error::Io { .. })), "{missing:?}");
}
