//! Names of entries, which say where a file goes and so may say that it goes elsewhere.

use std::collections::HashMap;

/// Most bytes of one name, as file systems have it.
const LONGEST_NAME: usize = 255;

/// Most bytes of a path: some file systems have no longer ones.
const LONGEST_PATH: usize = 1024;

/// Names that Windows keeps for devices, whatever follows behind a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Their numbers.
const NUMBERS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"];

/// The names of a path below the folder, or what is wrong with it. There may be none: an archive of the folder
/// itself has an entry `./`.
pub(in crate::data) fn split(path: &str) -> Result<Vec<&str>, &'static str> {
    let drive =
        |name: &str| matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if path.is_empty() {
        return Err("it has no name");
    }
    if path.starts_with('/') {
        return Err("its path is absolute, and would lead out of the folder");
    }
    if path.contains('\\') {
        return Err("its name has a backslash, which leads elsewhere on Windows");
    }
    if path.chars().any(char::is_control) {
        return Err("its name has a control character");
    }
    let names: Vec<&str> = path.split('/').filter(|name| !["", "."].contains(name)).collect();
    if names.contains(&"..") {
        return Err("its path has `..`, and may lead out of the folder");
    }
    if names.iter().any(|name| drive(name)) {
        return Err("its path has a drive letter, and would lead out of the folder");
    }
    if path.len() > LONGEST_PATH || names.iter().any(|name| name.len() > LONGEST_NAME) {
        return Err("its name is too long: more than 255 bytes, or 1024 with its folders");
    }
    if cfg!(windows) && !names.iter().all(|name| is_of_windows(name)) {
        return Err("Windows has no such names");
    }
    Ok(names)
}

/// Whether a file on Windows may have that name, and is then found by it.
fn is_of_windows(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let device = DEVICES.iter().any(|device| match stem.strip_prefix(device) {
        Some("") => !["com", "lpt"].contains(device),
        // `com1` to `com9`; superscripts count as digits there.
        Some(rest) => ["com", "lpt"].contains(device) && NUMBERS.contains(&rest),
        None => false,
    });
    !device && !name.ends_with(['.', ' ']) && !name.contains(['<', '>', ':', '"', '|', '?', '*'])
}

/// Bytes as text: those that are no UTF-8 become `%` and two digits.
pub(super) fn text(name: &[u8]) -> String {
    let chunk = |chunk: std::str::Utf8Chunk<'_>| {
        let escaped: String = chunk.invalid().iter().map(|byte| format!("%{byte:02X}")).collect();
        chunk.valid().to_string() + &escaped
    };
    name.utf8_chunks().map(chunk).collect()
}

/// What has been made below the folder so far: each name by the folder that it is in, as file systems see it that do
/// not tell capital letters from small ones.
#[derive(Default)]
pub(in crate::data) struct Taken {
    known: HashMap<(usize, String), Known>,
}

struct Known {
    id: usize,
    name: String,
    is_file: bool,
}

impl Taken {
    /// Takes a path with the folders it is in, or says why it cannot be: a file must be new, a folder may be there.
    pub(in crate::data) fn take(&mut self, names: &[&str], is_file: bool) -> Result<(), String> {
        let mut folder = 0;
        for (i, &name) in names.iter().enumerate() {
            let is_file = is_file && i + 1 == names.len();
            let id = self.known.len() + 1;
            let new = || Known { id, name: name.to_string(), is_file };
            let known = self.known.entry((folder, name.to_lowercase())).or_insert_with(new);
            if known.name != name {
                return Err(format!(
                    "{:?} is there as well, and not every file system tells them apart",
                    known.name
                ));
            }
            if known.id != id && (is_file || known.is_file) {
                return Err(match is_file && known.is_file {
                    true => "it is there twice".to_string(),
                    false => format!("{name:?} is a file and a folder"),
                });
            }
            folder = known.id;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        assert_eq!(split("a/b.c").unwrap(), ["a", "b.c"]);
        assert_eq!(split("./a//b/").unwrap(), ["a", "b"]);
        assert_eq!(split("./").unwrap(), [""; 0]);
        assert_eq!(split("...").unwrap(), ["..."]);
        for path in [
            "", "/a", "//a", "..", "a/../b", "a/..", "a\\b", "..\\a", "C:", "c:a", "a/d:/b",
            "a\nb", "a\0",
        ] {
            assert!(split(path).is_err(), "{path:?}");
        }
        assert!(split(&"a".repeat(255)).is_ok() && split(&"a".repeat(256)).is_err());
        assert!(split(&"a/".repeat(512)).is_ok() && split(&"a/".repeat(513)).is_err());
    }

    #[test]
    fn names_of_devices_are_none_of_windows() {
        for name in ["nul", "CON.txt", "com1", "LPT9.a.b", "a.", "a ", "a:b", "a?", "aux .c"] {
            assert!(!is_of_windows(name), "{name}");
        }
        for name in ["null", "com", "com10", "console", ".a", "a b", "lptx.d"] {
            assert!(is_of_windows(name), "{name}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(text("Zürich".as_bytes()), "Zürich");
        assert_eq!(text(b"Z\xfcrich\xff"), "Z%FCrich%FF");
    }

    #[test]
    fn a_path_is_taken_once() {
        let mut taken = Taken::default();
        taken.take(&["a", "b"], true).unwrap();
        taken.take(&["a"], false).unwrap();
        taken.take(&["a", "c"], false).unwrap();
        taken.take(&["d", "b"], true).unwrap();
        let mut fails = |names: &[&str], is_file| taken.take(names, is_file).unwrap_err();
        assert_eq!(fails(&["a", "b"], true), "it is there twice");
        assert!(fails(&["A", "d"], true).contains("\"a\" is there as well"));
        assert_eq!(fails(&["a", "b", "c"], true), "\"b\" is a file and a folder");
        assert_eq!(fails(&["a", "c"], true), "\"c\" is a file and a folder");
        assert_eq!(fails(&["a", "b"], false), "\"b\" is a file and a folder");
        assert_eq!(fails(&["a"], true), "\"a\" is a file and a folder");
    }
}
