//! Arrays of NumPy, `.npy`: a magic string, a header that is a Python literal, the elements (NumPy
//! Enhancement Proposal 1). Read are numbers, and structs of numbers, whose fields are columns.
//!
//! A header's shape is held against the bytes that are there before anything is multiplied or allocated.

use super::error::Result;
use super::events::{Columns, Events};
use super::input::Input;
use super::read::Options;
use super::text::shown;

/// What every file begins with.
const MAGIC: &[u8] = b"\x93NUMPY";

/// A column of numbers within the elements of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; empty where the elements are numbers.
    pub name: String,
    /// `b`, `i`, `u` or `f`.
    kind: u8,
    /// The bytes of a number.
    size: usize,
    /// Whether the most significant byte comes first.
    big: bool,
    /// Where in an element it is.
    offset: usize,
}

/// An array without axes or with one.
pub struct Array<'a> {
    input: Input<'a>,
    /// Where the elements start.
    start: usize,
    fields: Vec<Field>,
    /// The bytes of an element.
    size: usize,
    /// How many elements.
    n: usize,
}

/// A part of a Python literal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Text(&'a str),
    Number(usize),
    Word(&'a str),
    Mark(char),
}

/// The parts of a literal, without colons, commas and spaces; none where it is no such literal.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let (token, behind) = match c {
            '\'' | '"' => {
                let (inside, behind) = rest[1..].split_once(c)?;
                (Some(Token::Text(inside)), behind)
            }
            '(' | ')' | '[' | ']' | '{' | '}' => (Some(Token::Mark(c)), &rest[1..]),
            ',' | ':' => (None, &rest[1..]),
            _ => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                let (word, behind) = rest.split_at_checked(end).filter(|_| end > 0)?;
                // Old files of Python 2 may have a long's `L` behind a number.
                let number = word.trim_end_matches('L').parse();
                (Some(number.map_or(Token::Word(word), Token::Number)), behind)
            }
        };
        tokens.extend(token);
        rest = behind.trim_start();
    }
    Some(tokens)
}

/// The parts behind a key of the outermost brackets: one, or all of a pair of brackets.
fn value<'t, 'a>(tokens: &'t [Token<'a>], key: &str) -> Option<&'t [Token<'a>]> {
    let mut depth = 0_i32;
    let mut start = None;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(_) => depth -= 1,
            _ => {}
        }
        match start {
            Some(start) if depth <= 1 => return Some(&tokens[start..=i]),
            None if depth == 1 && *token == Token::Text(key) => start = Some(i + 1),
            _ => {}
        }
    }
    None
}

/// A type of numbers, `<u2`, and the bytes that it takes; of bytes that are only there to fill, no field.
fn number(name: &str, text: &str, offset: usize) -> Option<(Option<Field>, usize)> {
    let (order, rest) = text.split_at_checked(1)?;
    let (kind, size) = rest.split_at_checked(1)?;
    let (kind, size) = (kind.bytes().next()?, size.parse().ok()?);
    if kind == b'V' && name.is_empty() {
        return Some((None, size));
    }
    let known =
        matches!((kind, size), (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1));
    let big = match order {
        "<" => false,
        ">" => true,
        "|" if size == 1 => false,
        _ => return None,
    };
    known.then(|| (Some(Field { name: name.into(), kind, size, big, offset }), size))
}

/// The fields of an element and its bytes.
fn fields(descr: &[Token]) -> Option<(Vec<Field>, usize)> {
    if let [Token::Text(text)] = descr {
        let (field, size) = number("", text, 0)?;
        return Some((vec![field?], size));
    }
    let inside = descr.strip_prefix(&[Token::Mark('[')])?.strip_suffix(&[Token::Mark(']')])?;
    let mut fields = Vec::new();
    let mut offset = 0_usize;
    for field in inside.chunks(4) {
        let [Token::Mark('('), Token::Text(name), Token::Text(kind), Token::Mark(')')] = field
        else {
            return None;
        };
        let (field, size) = number(name, kind, offset)?;
        fields.extend(field);
        offset = offset.checked_add(size)?;
    }
    Some((fields, offset))
}

/// The length of the only axis; 1 where there is none, and where others have length 1.
fn length(shape: &[Token]) -> Option<usize> {
    let inside = shape.strip_prefix(&[Token::Mark('(')])?.strip_suffix(&[Token::Mark(')')])?;
    let mut n = 1;
    for axis in inside {
        match axis {
            Token::Number(1) => {}
            Token::Number(axis) if n == 1 => n = *axis,
            _ => return None,
        }
    }
    Some(n)
}

impl<'a> Array<'a> {
    /// An array in a file that is or holds nothing else.
    pub fn parse(input: Input<'a>) -> Result<Self> {
        if !input.bytes.starts_with(MAGIC) {
            let found = input.bytes[..input.bytes.len().min(MAGIC.len())].escape_ascii();
            return Err(input.error(0, MAGIC.escape_ascii().to_string(), format!("`{found}`")));
        }
        let [major, _] = input.array(MAGIC.len(), "an npy version")?;
        let at = MAGIC.len() + 2;
        let (header, length_) = match major {
            1 => (at + 2, usize::from(u16::from_le_bytes(input.array(at, "a header's length")?))),
            2 | 3 => (at + 4, u32::from_le_bytes(input.array(at, "a header's length")?) as usize),
            _ => {
                return Err(input.error(
                    MAGIC.len(),
                    "an npy version 1, 2 or 3",
                    major.to_string(),
                ));
            }
        };
        let text = input.slice(header, length_, "an npy header")?;
        let text = String::from_utf8_lossy(text);
        let refused = |what: &str| input.error(header, what, shown(&text));
        let tokens = tokens(&text).ok_or_else(|| refused("a header of NumPy"))?;
        let (fields, size) = value(&tokens, "descr").and_then(fields).ok_or_else(|| {
            refused("elements of bool, integers or floats, or structs of these (no objects)")
        })?;
        let n = value(&tokens, "shape").and_then(length);
        let n = n.ok_or_else(|| refused("an array with one axis"))?;
        let start = header + length_;
        let wanted = n.checked_mul(size).ok_or_else(|| refused("a shape that fits in memory"))?;
        input.slice(start, wanted, "elements, as the shape says")?;
        Ok(Self { input, start, fields, size, n })
    }

    /// A field by one of its names.
    pub fn field(&self, names: &[&str]) -> Option<&Field> {
        self.fields.iter().find(|field| names.contains(&field.name.as_str()))
    }

    /// The elements where they are numbers.
    pub fn only(&self) -> Option<&Field> {
        self.field(&[""])
    }

    /// Where an element stands in the file.
    pub fn offset(&self, index: usize) -> usize {
        self.start + index * self.size
    }

    /// The numbers of a field, each of which has to be whole, from 0 on and no larger than `most`.
    pub fn column<T>(&self, field: &Field, most: u64, to: impl Fn(u64) -> T) -> Result<Vec<T>> {
        let elements = &self.input.bytes[self.start..self.start + self.n * self.size];
        let mut column = Vec::with_capacity(self.n);
        for (i, element) in elements.chunks_exact(self.size.max(1)).enumerate() {
            let bytes = &element[field.offset..field.offset + field.size];
            match field.whole(bytes).filter(|number| *number <= most) {
                Some(number) => column.push(to(number)),
                None => {
                    let expected = format!("whole numbers of {} from 0 to {most}", field.shown());
                    let found = format!("{}", field.float(bytes));
                    return Err(self.input.error(self.offset(i) + field.offset, expected, found));
                }
            }
        }
        Ok(column)
    }

    /// The polarities of a field: what is not 0 is 1, except that -1 is 0 as well.
    pub fn polarities(&self, field: &Field) -> Vec<u8> {
        let elements = &self.input.bytes[self.start..self.start + self.n * self.size];
        let elements = elements.chunks_exact(self.size.max(1));
        let number = |e: &[u8]| field.float(&e[field.offset..field.offset + field.size]);
        elements.map(|element| u8::from(number(element) > 0.0)).collect()
    }
}

impl Field {
    fn shown(&self) -> &str {
        if self.name.is_empty() { "the array" } else { &self.name }
    }

    fn bits(&self, bytes: &[u8]) -> u64 {
        let mut low = [0; 8];
        low[..self.size].copy_from_slice(bytes);
        if self.big {
            low[..self.size].reverse();
        }
        u64::from_le_bytes(low)
    }

    /// A number that is whole and not below 0.
    fn whole(&self, bytes: &[u8]) -> Option<u64> {
        let bits = self.bits(bytes);
        match self.kind {
            b'b' => Some(u64::from(bits != 0)),
            b'u' => Some(bits),
            b'i' => Some(bits).filter(|bits| bits >> (8 * self.size - 1) == 0),
            _ => {
                let number = self.float(bytes);
                // Beyond 2^53 a float would not say which microsecond.
                let whole = number.fract() == 0.0 && (0.0..=(1_u64 << 53) as f64).contains(&number);
                whole.then_some(number as u64)
            }
        }
    }

    fn float(&self, bytes: &[u8]) -> f64 {
        let bits = self.bits(bytes);
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (b'f', 2) => snn_artifact::half::f16_to_f64(bits as u16),
            (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
            (b'f', _) => f64::from_bits(bits),
            (b'i', _) => (((bits << unused) as i64) >> unused) as f64,
            _ => bits as f64,
        }
    }
}

/// The names of each column, as Tonic, SpikingJelly and Prophesee have them.
pub const TIMES: [&str; 5] = ["t", "ts", "timestamp", "timestamps", "time"];
pub const XS: [&str; 1] = ["x"];
pub const YS: [&str; 1] = ["y"];
pub const POLARITIES: [&str; 3] = ["p", "pol", "polarity"];

/// The columns of an array of structs.
pub fn columns(input: Input, array: &Array) -> Result<Columns> {
    let field = |names: &[&str]| {
        array.field(names).ok_or_else(|| {
            let expected = format!("structs with a field `{}`", names[0]);
            let names: Vec<&str> = array.fields.iter().map(|field| field.name.as_str()).collect();
            input.error(0, expected, format!("{names:?}"))
        })
    };
    let place = |number| number as u16;
    Ok(Columns {
        t: array.column(field(&TIMES)?, u64::MAX, |t| t)?,
        x: array.column(field(&XS)?, u64::from(u16::MAX), place)?,
        y: array.column(field(&YS)?, u64::from(u16::MAX), place)?,
        p: array.polarities(field(&POLARITIES)?),
    })
}

/// Reads a file with an array of structs.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let array = Array::parse(input)?;
    let columns = columns(input, &array)?;
    input.finish(columns, None, options, |index| array.offset(index))
}
