//! Logs as TensorBoard reads them: all files of a folder in the order of their names, where a run that goes on from a
//! step takes away what earlier ones logged for that step and later ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The bits of each number by its tag and its step. One that is there twice is a failure.
pub fn read(files: &[PathBuf]) -> BTreeMap<(String, u64), u32> {
    let mut numbers = BTreeMap::new();
    for file in files {
        for event in events(&std::fs::read(file).unwrap()) {
            let fields: BTreeMap<u64, Field> = fields(event).collect();
            let step = fields.get(&2).map_or(0, Field::number);
            if fields.contains_key(&7) {
                numbers.retain(|(_, old), _| *old < step);
            }
            let Some(Field::Bytes(summary)) = fields.get(&5) else { continue };
            let Some((1, Field::Bytes(value))) = self::fields(summary).next() else { panic!() };
            let value: BTreeMap<u64, Field> = self::fields(value).collect();
            let (Field::Bytes(tag), Field::Number(bits)) = (&value[&1], &value[&2]) else {
                panic!()
            };
            let tag = String::from_utf8(tag.to_vec()).unwrap();
            let before = numbers.insert((tag, step), *bits as u32);
            assert!(before.is_none(), "step {step} is there twice in {}", file.display());
        }
    }
    numbers
}

/// The whole events of a file; a killed program may have left a part of one at its end.
fn events(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let n = u64::from_le_bytes(rest.get(..8)?.try_into().unwrap()) as usize;
        let event = rest.get(12..12 + n)?;
        rest = rest.get(12 + n + 4..)?;
        Some(event)
    })
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Field<'_> {
    fn number(&self) -> u64 {
        match self {
            Field::Number(number) => *number,
            Field::Bytes(_) => panic!("bytes where a number should be"),
        }
    }
}

/// The fields of a message of protobuf.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || {
        let key = (!rest.is_empty()).then(|| varint(&mut rest))?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut rest)),
            1 => Field::Number(u64::from_le_bytes(take(&mut rest, 8).try_into().unwrap())),
            2 => {
                let n = varint(&mut rest) as usize;
                Field::Bytes(take(&mut rest, n))
            }
            5 => Field::Number(u32::from_le_bytes(take(&mut rest, 4).try_into().unwrap()).into()),
            other => panic!("a field of the kind {other}"),
        };
        Some((key >> 3, field))
    })
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(n);
    *rest = left;
    taken
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut number = 0;
    for i in 0.. {
        let byte = take(rest, 1)[0];
        number |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            break;
        }
    }
    number
}
