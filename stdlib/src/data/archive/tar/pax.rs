//! Attributes of an entry as pax has them: lines `LENGTH KEY=VALUE`, where the length is that of the whole line.

use super::Attributes;
use crate::data::archive::name;

/// Takes what is of use: a longer name, a larger size, and whether the file is sparse.
pub(super) fn read(mut bytes: &[u8], attributes: &mut Attributes) -> Result<(), String> {
    while !bytes.is_empty() {
        let (key, value, rest) = line(bytes).ok_or("attributes that are no lines of pax")?;
        bytes = rest;
        match key {
            b"path" => attributes.name = Some(name::text(value)),
            b"size" => attributes.size = Some(decimal(value).ok_or("a size that is no number")?),
            key if key.starts_with(b"GNU.sparse.") => attributes.sparse = true,
            _ => {}
        }
    }
    Ok(())
}

/// The key and the value of the first line, and what follows.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let digits = bytes.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..digits])?).ok()?;
    let (line, rest) = bytes.split_at_checked(length)?;
    let line = line.get(digits + 1..)?.strip_suffix(b"\n")?;
    let equals = line.iter().position(|byte| *byte == b'=')?;
    Some((&line[..equals], &line[equals + 1..], rest))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_say() {
        let read = |bytes: &[u8]| {
            let mut attributes = Attributes::default();
            read(bytes, &mut attributes).map(|()| attributes)
        };
        let lines = b"12 path=a=b\n14 size=12345\n16 mtime=123.456\n";
        let expected = Attributes { name: Some("a=b".into()), size: Some(12345), sparse: false };
        assert_eq!(read(&lines[..26]).unwrap(), expected);
        assert!(read(b"24 GNU.sparse.major=1\n").is_err());
        assert!(read(b"22 GNU.sparse.major=1\n").unwrap().sparse);
        let wrong: [&[u8]; 8] = [
            b"path=a\n",
            b"0 path=a\n",
            b"9 path=a",
            b"9 path=ab",
            b"99 path=a\n",
            b"+9 path=a\n",
            b"18446744073709551616 path=a\n",
            b"11 size=-1\n",
        ];
        for lines in wrong {
            assert!(read(lines).is_err(), "{lines:?}");
        }
    }
}
