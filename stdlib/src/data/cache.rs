//! Where downloaded data sets are kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::{self, Error, Result};

/// The environment variable that names another folder.
pub const VARIABLE: &str = "SNN_DATA";

/// The variable of the user's home folder.
const HOME: &str = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };

/// The folder of all data sets, which need not be there: what [`VARIABLE`] says, or `snn/data` in the
/// platform's folder for caches (`~/.cache` or what `XDG_CACHE_HOME` says, `~/Library/Caches` on macOS,
/// `%LOCALAPPDATA%` on Windows).
///
/// # Errors
///
/// [`Error::NoFolder`] where no variable says where that is.
pub fn folder() -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    find(&variable).ok_or(Error::NoFolder { variable: VARIABLE, home: HOME })
}

/// Makes a folder with those above it, and gives its path.
///
/// # Errors
///
/// [`Error::Io`] with the path where that fails.
pub fn make(folder: &Path) -> Result<&Path> {
    std::fs::create_dir_all(folder).map_err(error::io("make the folder", folder))?;
    Ok(folder)
}

fn find(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let below = |name: &str, rest: &str| Some(PathBuf::from(variable(name)?).join(rest));
    // The convention is that a relative path in XDG_CACHE_HOME counts as none.
    let xdg = || below("XDG_CACHE_HOME", "snn/data").filter(|path| path.is_absolute());
    variable(VARIABLE).map(PathBuf::from).or_else(|| match std::env::consts::OS {
        "windows" => below(HOME, "snn\\data"),
        "macos" => below(HOME, "Library/Caches/snn/data"),
        _ => xdg().or_else(|| below(HOME, ".cache/snn/data")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(set: &[(&str, &str)]) -> Option<PathBuf> {
        find(&|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_variable_goes_before_the_platform() {
        assert_eq!(found(&[(VARIABLE, "data"), (HOME, "/home/ada")]), Some("data".into()));
        assert_eq!(found(&[]), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_convention_of_linux() {
        let home = (HOME, "/home/ada");
        assert_eq!(found(&[home]), Some("/home/ada/.cache/snn/data".into()));
        assert_eq!(found(&[home, ("XDG_CACHE_HOME", "/big")]), Some("/big/snn/data".into()));
        assert_eq!(found(&[home, ("XDG_CACHE_HOME", "big")]), found(&[home]));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = std::env::temp_dir().join(format!("snn-cache-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let message = make(&file.join("data")).unwrap_err().to_string();
        assert!(message.starts_with("cannot make the folder"), "{message}");
        assert!(message.contains(file.to_str().unwrap()), "{message}");
        std::fs::remove_file(&file).unwrap();
    }
}
