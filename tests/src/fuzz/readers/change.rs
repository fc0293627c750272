//! Changes of files, most of them of a field: a number, a length, a digit.

use crate::fuzz::Choices;

/// Numbers that lengths and counts go wrong at.
const ODD: [u64; 14] = [
    0,
    1,
    2,
    7,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    u64::MAX >> 1,
    u64::MAX,
];

/// Text that headers have, and text that they should not.
const WORDS: [&str; 22] = [
    "../",
    "/",
    "\\",
    "\0",
    "\n",
    "\r\n",
    "C:",
    "(",
    "),",
    "'<f8'",
    "'|O'",
    "'>i2'",
    "True",
    "None",
    "# ",
    "% end\n",
    "% evt 3.0\n",
    "geometry",
    "99999999999999999999",
    "-1",
    "1e9",
    "\u{ff}",
];

/// Changes bytes once; `other` is another sound file.
pub fn change(bytes: &mut Vec<u8>, other: Vec<u8>, choices: &mut Choices<'_>) {
    let at = place(bytes.len(), choices);
    let end = |n: usize| (at + n).min(bytes.len());
    match choices.below(16) {
        0 | 1 => flip(bytes, at, choices),
        2 => set(bytes, at, &[choices.below(256) as u8]),
        3..=6 => {
            let number = number(bytes, at, choices);
            set(bytes, at, &number);
        }
        7 => digit(bytes, at, choices),
        8 => set(bytes, at, choices.pick(&WORDS).as_bytes()),
        9 => {
            let word = choices.pick(&WORDS).bytes();
            bytes.splice(at..at, word);
        }
        10 => bytes.truncate(at),
        11 => {
            let end = end(1 + choices.below(40));
            bytes.drain(at..end);
        }
        12 => {
            let again = bytes[at..end(1 + choices.below(600))].to_vec();
            bytes.splice(at..at, again);
        }
        13 => {
            let n = 1 + choices.below(12);
            set(bytes, at, &vec![choices.pick(&[0, 0xff, b' ', b'0']); n]);
        }
        14 => {
            let from = place(other.len(), choices);
            let part = &other[from..(from + 1 + choices.below(600)).min(other.len())];
            set(bytes, at, part);
        }
        _ => {
            let from = place(other.len(), choices);
            bytes.truncate(at);
            bytes.extend(&other[from..]);
        }
    }
}

/// Somewhere: half of them where a header is, some at the end, where tables are.
fn place(n: usize, choices: &mut Choices<'_>) -> usize {
    let far = |n: usize, choices: &mut Choices<'_>| match n {
        0 => 0,
        n => choices.below(n.min(0xffff)),
    };
    match choices.below(10) {
        0..4 => far(n.min(256), choices),
        4..6 => n - far(n.min(128), choices).min(n),
        _ => far(n, choices),
    }
}

fn set(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new);
}

fn flip(bytes: &mut [u8], at: usize, choices: &mut Choices<'_>) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << choices.below(8);
    }
}

/// A number of 1 to 8 bytes: an odd one, the file's length or nearly, or one near to what is there.
fn number(bytes: &[u8], at: usize, choices: &mut Choices<'_>) -> Vec<u8> {
    let n = choices.pick(&[1, 2, 4, 4, 8, 8]);
    let is_big = choices.percent(30);
    let mut there = [0; 8];
    there.iter_mut().zip(bytes.iter().skip(at).take(n)).for_each(|(to, byte)| *to = *byte);
    let value = match choices.below(4) {
        0 | 1 => choices.pick(&ODD),
        2 => (bytes.len() as u64).wrapping_add(choices.below(9) as u64).wrapping_sub(4),
        _ => {
            let near = (choices.below(9) as u64).wrapping_sub(4);
            match is_big {
                true => (u64::from_be_bytes(there) >> (64 - 8 * n)).wrapping_add(near),
                false => u64::from_le_bytes(there).wrapping_add(near),
            }
        }
    };
    match is_big {
        true => value.to_be_bytes()[8 - n..].to_vec(),
        false => value.to_le_bytes()[..n].to_vec(),
    }
}

/// Another digit for the next one in a text.
fn digit(bytes: &mut [u8], at: usize, choices: &mut Choices<'_>) {
    if let Some(byte) = bytes.iter_mut().skip(at).find(|byte| byte.is_ascii_digit()) {
        *byte = b'0' + choices.below(10) as u8;
    }
}
