//! The files.

use proptest::prelude::*;

use super::*;
use crate::data::frame_set::codec::{decode, encode};

fn frames<T: Element>(shape: [usize; 4], data: Vec<T>) -> Frames<T> {
    Frames::new(shape, data).unwrap()
}

/// What a file has after it was written.
fn again<T: Element, U: Element>(from: &Frames<T>) -> std::result::Result<Frames<U>, String> {
    decode(&encode(from).unwrap()).map_err(|(expected, found)| format!("{expected}, {found}"))
}

#[test]
fn counts_are_given_as_any_type_that_they_fit_into() {
    let small = frames([1, 1, 2, 2], vec![0_u32, 255, 1, 0]);
    assert_eq!(again::<_, u8>(&small).unwrap().data(), [0, 255, 1, 0]);
    assert_eq!(again::<_, f32>(&small).unwrap().data(), [0.0, 255.0, 1.0, 0.0]);
    let middle = frames([2, 1, 1, 2], vec![0_u32, 256, 0xffff, 3]);
    assert_eq!(again::<_, u8>(&middle).unwrap_err(), "whole numbers of 8 bits, 256");
    assert_eq!(again::<_, u16>(&middle).unwrap().data(), [0, 256, 0xffff, 3]);
    let large = frames([1, 1, 1, 2], vec![0x1_0000_u32, u32::MAX]);
    assert_eq!(again::<_, u16>(&large).unwrap_err(), "whole numbers of 16 bits, 65536");
    assert_eq!(again::<_, u32>(&large).unwrap(), large);
    let reals = frames([1, 1, 1, 5], vec![0.0, -0.0, f32::NAN, 1e-40, -3.5]);
    assert_eq!(again::<_, u32>(&reals).unwrap_err(), "whole numbers of 32 bits, floats");
    let bits = |frames: &Frames<f32>| frames.data().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&again(&reals).unwrap()), bits(&reals));
    // No pixels at all.
    let none = frames([3, 2, 0, 4], Vec::<u8>::new());
    assert_eq!(again::<_, u8>(&none).unwrap(), none);
}

#[test]
fn files_are_small() {
    // A pixel in fifty has an event.
    let data = (0..16 * 2 * 128 * 128).map(|i| u32::from(i % 50 == 7)).collect();
    let counts = frames([16, 2, 128, 128], data);
    let n = encode(&counts).unwrap().len();
    assert!(n < 16 * 2 * 128 * 128 / 50, "{n} bytes");
}

#[test]
fn damage_is_told() {
    let folder = Folder::new();
    let set = set(&folder, &[200, 100, 50]);
    let cached = FrameSet::open(&set, &Recipe::count(Cut::Number(4)), &quiet()).unwrap();
    let train = cached.split::<u8>("train").unwrap();
    let (path, _) = &cached.prepared().samples("train")[0];
    let whole = fs::read(path).unwrap();
    let told = |content: &[u8]| {
        fs::write(path, content).unwrap();
        train.get(0).unwrap_err().to_string()
    };
    for i in 0..whole.len() {
        let mut other = whole.clone();
        other[i] ^= 1 << (i % 8);
        assert!(decode::<u8>(&other).is_err(), "a bit of byte {i}");
        assert!(decode::<u8>(&whole[..i]).is_err(), "cut off at {i}");
    }
    assert!(decode::<u8>(&[&whole[..], b"\0"].concat()).is_err());
    let message = told(&whole[..whole.len() / 2]);
    assert!(message.contains("000.npz.frames is not the file it should be"), "{message}");
    assert!(message.contains("delete the folder of the frames"), "{message}");
    let message = told(b"something else");
    assert!(message.contains("begin with `SNNF`, found `some`"), "{message}");
    assert!(cached.prepared().verify().is_err());
    fs::remove_file(path).unwrap();
    assert!(train.get(0).unwrap_err().to_string().starts_with("cannot read "));
    assert!(train.get(1).is_ok());
}

/// A file of this content.
fn file(plain: &[u8]) -> Vec<u8> {
    let n = plain.len() as u32;
    let rest = [&n.to_le_bytes()[..], &lz4_flex::block::compress(plain)].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&rest);
    [&b"SNNF"[..], &crc.sum().to_le_bytes(), &rest].concat()
}

/// Content that was made to mislead: its checksum is right.
#[test]
fn lies_are_told() {
    let huge = [0xff; 8];
    let lies: [(&str, Vec<u8>); 9] = [
        ("nothing", vec![]),
        ("a type that is none", vec![4, 1, 1, 1, 1, 1, 0]),
        ("half a shape", vec![0, 1, 1]),
        ("too few", vec![0, 1, 1, 1, 3, 1, 1, 7]),
        ("too many", vec![0, 1, 1, 1, 3, 3, 1, 7]),
        ("more zeros than elements", vec![0, 1, 1, 1, 3, 4, 0]),
        ("runs of nothing", vec![0, 1, 1, 1, 3, 0, 0]),
        ("something behind", vec![0, 1, 1, 1, 1, 0, 1, 7, 7]),
        ("half an element", vec![1, 1, 1, 1, 1, 0, 1, 7]),
    ];
    for (lie, plain) in lies {
        assert!(decode::<u32>(&file(&plain)).is_err(), "{lie}");
    }
    let (expected, found) =
        decode::<u8>(&file(&[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 1, 1])).unwrap_err();
    assert_eq!(expected, "frames that memory holds", "{found}");
    let endless = [&[0][..], &huge, &huge, &huge].concat();
    assert!(decode::<u8>(&file(&endless)).is_err());
    // And one that is none.
    let honest = decode::<u32>(&file(&[0, 1, 1, 1, 3, 2, 1, 7])).unwrap();
    assert_eq!(honest.data(), [0, 0, 7]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        runs in prop::collection::vec((0_usize..40, prop::collection::vec(any::<u32>(), 0..6)), 0..12),
        shift in 0_u32..32,
    ) {
        let data: Vec<u32> = runs
            .into_iter()
            .flat_map(|(zeros, others)| std::iter::repeat_n(0, zeros).chain(others.into_iter().map(move |n| n >> shift)))
            .collect();
        let counts = frames([data.len(), 1, 1, 1], data);
        prop_assert_eq!(again::<_, u32>(&counts).unwrap(), counts.clone());
        let reals = counts.to_f32();
        prop_assert_eq!(again::<_, f32>(&reals).unwrap(), reals);
    }

    #[test]
    fn nothing_that_is_read_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = file(&bytes);
        let _ = (decode::<u8>(&file), decode::<f32>(&file), decode::<u8>(&bytes));
    }
}
