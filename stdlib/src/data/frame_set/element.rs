//! The types of elements of frames, and those that a file has.

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Whole numbers of 8 bits.
    Byte = 0,
    /// Of 16 bits.
    Half = 1,
    /// Of 32 bits.
    Word = 2,
    /// Floats of 32 bits.
    Float = 3,
}

impl Stored {
    pub fn of(number: u8) -> Option<Self> {
        [Self::Byte, Self::Half, Self::Word, Self::Float].get(usize::from(number)).copied()
    }

    /// The bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word | Self::Float => 4,
        }
    }

    /// The smallest type that a whole number fits into.
    fn least(number: u32) -> Self {
        match number {
            0..=0xff => Self::Byte,
            0x100..=0xffff => Self::Half,
            0x1_0000.. => Self::Word,
        }
    }
}

/// What elements of frames that are kept may be: `u8`, `u16`, `u32` or `f32`.
///
/// A file has the smallest whole numbers that its counts fit into, and gives them as any type that they fit into;
/// as floats they are exact up to 2^24. Floats are floats alone.
pub trait Element: Coded {}

impl Element for u8 {}
impl Element for u16 {}
impl Element for u32 {}
impl Element for f32 {}

/// How elements come into files and out of them.
pub trait Coded: Copy + Default + PartialEq + Send + Sync + 'static {
    /// What is wanted of a file, in errors.
    const NAMED: &'static str;

    /// Whether a run of zeros may have it: a negative zero is not one.
    fn is_zero(&self) -> bool;

    /// What all of some elements fit into.
    fn stored(elements: &[Self]) -> Stored;

    fn write(&self, stored: Stored, to: &mut Vec<u8>);

    /// The elements of some bytes, or which of them does not fit.
    fn read(stored: Stored, bytes: &[u8], to: &mut Vec<Self>) -> Result<(), String>;
}

/// The numbers of some bytes.
fn whole(stored: Stored, bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes
        .chunks_exact(stored.size())
        .map(|number| number.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

macro_rules! whole_numbers {
    ($($element:ty: $named:literal),*) => {$(
        impl Coded for $element {
            const NAMED: &'static str = $named;

            fn is_zero(&self) -> bool {
                *self == 0
            }

            fn stored(elements: &[Self]) -> Stored {
                Stored::least(elements.iter().copied().max().unwrap_or(0).into())
            }

            fn write(&self, stored: Stored, to: &mut Vec<u8>) {
                to.extend(&u32::from(*self).to_le_bytes()[..stored.size()]);
            }

            fn read(stored: Stored, bytes: &[u8], to: &mut Vec<Self>) -> Result<(), String> {
                match stored {
                    Stored::Byte => to.extend(bytes.iter().map(|byte| Self::from(*byte))),
                    Stored::Float => return Err("floats".into()),
                    Stored::Half | Stored::Word => {
                        for number in whole(stored, bytes) {
                            to.push(number.try_into().map_err(|_| number.to_string())?);
                        }
                    }
                }
                Ok(())
            }
        }
    )*};
}

whole_numbers!(
    u8: "whole numbers of 8 bits",
    u16: "whole numbers of 16 bits",
    u32: "whole numbers of 32 bits"
);

impl Coded for f32 {
    const NAMED: &'static str = "numbers";

    fn is_zero(&self) -> bool {
        self.to_bits() == 0
    }

    fn stored(_: &[Self]) -> Stored {
        Stored::Float
    }

    fn write(&self, _: Stored, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }

    fn read(stored: Stored, bytes: &[u8], to: &mut Vec<Self>) -> Result<(), String> {
        match stored {
            Stored::Byte => to.extend(bytes.iter().map(|byte| Self::from(*byte))),
            Stored::Half | Stored::Word => {
                to.extend(whole(stored, bytes).map(|number| number as Self));
            }
            Stored::Float => {
                let floats = bytes.as_chunks().0.iter();
                to.extend(floats.map(|bytes| Self::from_le_bytes(*bytes)));
            }
        }
        Ok(())
    }
}
