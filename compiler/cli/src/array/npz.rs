//! Many arrays in one file: a zip archive of npy files.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::Plain;
use super::npy::{self, Elements};

/// The member asked for; where none is, the one of the operand's name, or the only one.
pub fn read(bytes: &[u8], member: Option<&str>, operand: &str) -> Result<Plain, String> {
    let (mut archive, files) = open(bytes)?;
    let name = choose(&files, member, operand)?;
    array(&mut archive, &name)
}

/// Every member, by its name.
pub fn read_all(bytes: &[u8]) -> Result<Vec<(String, Plain)>, String> {
    let (mut archive, mut files) = open(bytes)?;
    files.sort();
    files.iter().map(|file| Ok((stem(file).to_string(), array(&mut archive, file)?))).collect()
}

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn damaged(why: zip::result::ZipError) -> String {
    format!("it is no npz file: {why}")
}

fn open(bytes: &[u8]) -> Result<(Archive<'_>, Vec<String>), String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let names = archive.file_names().map(|name| name.map(|name| name.into_owned()));
    let files: Vec<String> = names.collect::<Result<_, _>>().map_err(damaged)?;
    Ok((archive, files))
}

fn array(archive: &mut Archive<'_>, name: &str) -> Result<Plain, String> {
    let mut file = archive.by_name(name).map_err(damaged)?;
    let size = file.size();
    let mut data = Vec::new();
    file.by_ref().take(size).read_to_end(&mut data).map_err(|why| format!("`{name}`: {why}"))?;
    npy::read(&data).map_err(|why| format!("`{name}`: {why}"))
}

fn choose(files: &[String], member: Option<&str>, operand: &str) -> Result<String, String> {
    let find = |name: &str| files.iter().find(|file| stem(file) == name).cloned();
    let known = || {
        let mut names: Vec<String> = files.iter().map(|file| format!("`{}`", stem(file))).collect();
        names.sort();
        if names.is_empty() { "nothing".into() } else { names.join(", ") }
    };
    if let Some(member) = member {
        return find(member).ok_or_else(|| format!("it has no `{member}`; it has {}", known()));
    }
    match (find(operand), files) {
        (Some(file), _) => Ok(file),
        (None, [only]) => Ok(only.clone()),
        _ => Err(format!("say which of its arrays, as in file.npz:name; it has {}", known())),
    }
}

fn stem(file: &str) -> &str {
    file.strip_suffix(".npy").unwrap_or(file)
}

/// The file of many arrays: name, shape and elements of each.
///
/// # Errors
///
/// Where an array is more than an archive takes.
pub fn write(arrays: &[(String, &[usize], Elements<'_>)]) -> Result<Vec<u8>, String> {
    let failed = |why: &dyn std::fmt::Display| format!("cannot pack the arrays: {why}");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, elements) in arrays {
        // Stored as they are, as NumPy does: floats hardly shrink.
        let large = elements.size() as u64 >= u64::from(u32::MAX) - 1024;
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(large);
        archive.start_file(format!("{name}.npy"), options).map_err(|why| failed(&why))?;
        archive.write_all(&npy::write(shape, *elements)).map_err(|why| failed(&why))?;
    }
    Ok(archive.finish().map_err(|why| failed(&why))?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<u8> {
        let a: &[f32] = &[1.0, 2.0];
        let b = Elements::F32(a);
        write(&[("a".into(), &[2], Elements::F16(a)), ("state.v".into(), &[1, 2], b)])
            .expect("an archive")
    }

    #[test]
    fn members_are_found_by_name() {
        let bytes = two();
        assert_eq!(read(&bytes, Some("state.v"), "x").map(|a| a.shape), Ok(vec![1, 2]));
        assert_eq!(read(&bytes, None, "a").map(|a| a.shape), Ok(vec![2]));
        let why = read(&bytes, Some("b"), "a").expect_err("there is no b");
        assert_eq!(why, "it has no `b`; it has `a`, `state.v`");
        let why = read(&bytes, None, "x").expect_err("two to choose from");
        assert!(why.ends_with("it has `a`, `state.v`"), "{why}");
    }

    #[test]
    fn no_damage_is_a_panic() {
        let whole = two();
        for at in 0..whole.len() {
            let _ = read(&whole[..at], Some("a"), "a");
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                let _ = read(&damaged, Some("a"), "a");
            }
        }
    }
}
