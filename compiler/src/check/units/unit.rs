//! Units: powers of a few bases and a power of ten, and the words that they are written with.

use std::fmt;
use std::ops::Neg;

use crate::check::nearest::nearest;

/// How many bases there are: V, A, s, m, mol, K.
const N_BASES: usize = 6;

/// The bases by their words.
const BASES: [&str; N_BASES] = ["V", "A", "s", "m", "mol", "K"];

/// A unit: a product of powers of the bases and of ten.
///
/// Volts and amperes are bases rather than kilograms, since with them all units of the field are products
/// of few powers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Twice the power of each base, so that a root of an odd one has one.
    halves: [i32; N_BASES],
    /// The power of ten.
    ten: i32,
}

/// A word with what it stands for: powers of the bases, and of ten.
struct Word(&'static str, [i32; N_BASES], i32);

/// The words; a prefix may stand before each.
#[rustfmt::skip]
const WORDS: &[Word] = &[
    //            V   A   s   m  mol K
    Word("V",   [ 1,  0,  0,  0,  0,  0],  0),
    Word("A",   [ 0,  1,  0,  0,  0,  0],  0),
    Word("s",   [ 0,  0,  1,  0,  0,  0],  0),
    Word("S",   [-1,  1,  0,  0,  0,  0],  0),
    Word("F",   [-1,  1,  1,  0,  0,  0],  0),
    Word("Ohm", [ 1, -1,  0,  0,  0,  0],  0),
    Word("Hz",  [ 0,  0, -1,  0,  0,  0],  0),
    Word("m",   [ 0,  0,  0,  1,  0,  0],  0),
    Word("mol", [ 0,  0,  0,  0,  1,  0],  0),
    Word("M",   [ 0,  0,  0, -3,  1,  0],  3),
    Word("K",   [ 0,  0,  0,  0,  0,  1],  0),
    Word("J",   [ 1,  1,  1,  0,  0,  0],  0),
    Word("W",   [ 1,  1,  0,  0,  0,  0],  0),
    Word("L",   [ 0,  0,  0,  3,  0,  0], -3),
    Word("g",   [ 1,  1,  3, -2,  0,  0], -3),
];

/// The prefixes with their powers of ten; `c` stands before `m` alone.
const PREFIXES: [(&str, i32); 9] = [
    ("", 0),
    ("m", -3),
    ("u", -6),
    ("n", -9),
    ("p", -12),
    ("f", -15),
    ("k", 3),
    ("M", 6),
    ("G", 9),
];

/// Words that stand for units elsewhere and for none here, with how they are written.
const OTHERS: &[(&[&str], &str)] = &[
    (&["min", "mins", "minute", "minutes"], "a minute is `60 s`"),
    (&["h", "hr", "hour", "hours"], "an hour is `3600 s`"),
    (&["d", "day", "days"], "a day is `86400 s`"),
    (&["T"], "a tesla is `1 [V*s/m^2]`"),
    (&["N"], "a newton is `1 [J/m]`"),
    (&["C"], "a coulomb is `1 [A*s]`"),
];

impl Unit {
    /// That of a number without one.
    pub const NONE: Unit = Unit { halves: [0; N_BASES], ten: 0 };

    /// The unit of a word, with its prefix.
    pub fn of_word(word: &str) -> Option<Unit> {
        if word == "cm" {
            return Some(Unit { ten: -2, ..Unit::of_word("m")? });
        }
        let exact = WORDS.iter().find(|Word(name, ..)| *name == word).map(|known| (known, 0));
        let prefixed = || {
            let mut prefixes = PREFIXES[1..].iter();
            prefixes.find_map(|(prefix, ten)| {
                let rest = word.strip_prefix(prefix)?;
                Some((WORDS.iter().find(|Word(name, ..)| *name == rest)?, *ten))
            })
        };
        let (Word(_, powers, own), ten) = exact.or_else(prefixed)?;
        Some(Unit { halves: powers.map(|power| 2 * power), ten: own + ten })
    }

    /// Whether a number in the one can be had in the other.
    pub fn is_like(self, other: Unit) -> bool {
        self.halves == other.halves
    }

    /// Whether it is a number's, but for a power of ten.
    pub fn is_plain(self) -> bool {
        self.is_like(Unit::NONE)
    }

    /// The power of ten by which a number in the one becomes one in the other.
    pub fn tens_to(self, other: Unit) -> i32 {
        self.ten - other.ten
    }

    /// That of a product.
    pub fn times(self, other: Unit) -> Unit {
        let mut halves = self.halves;
        halves.iter_mut().zip(other.halves).for_each(|(a, b)| *a = a.saturating_add(b));
        Unit { halves, ten: self.ten.saturating_add(other.ten) }
    }

    /// That of a quotient.
    pub fn over(self, other: Unit) -> Unit {
        self.times(Unit { halves: other.halves.map(i32::neg), ten: -other.ten })
    }

    /// That of a whole power.
    pub fn power(self, n: i32) -> Unit {
        Unit {
            halves: self.halves.map(|half| half.saturating_mul(n)),
            ten: self.ten.saturating_mul(n),
        }
    }

    /// One like it whose root has a whole power of ten.
    pub fn even(self) -> Unit {
        Unit { ten: self.ten - self.ten.rem_euclid(2), ..self }
    }

    /// That of a square root of a number in it; none where it would be a root of a root, or of ten.
    pub fn root(self) -> Option<Unit> {
        let is_even = self.halves.iter().chain([&self.ten]).all(|half| half % 2 == 0);
        is_even.then(|| Unit { halves: self.halves.map(|half| half / 2), ten: self.ten / 2 })
    }
}

/// The unit that a word is but for its capitals.
pub fn same_letters(word: &str) -> Option<String> {
    words().find(|known| known.eq_ignore_ascii_case(word))
}

/// The unit that a mistyped word likely stands for.
pub fn similar(word: &str) -> Option<String> {
    let all: Vec<String> = words().collect();
    nearest(word, all.iter().map(String::as_str)).map(str::to_owned)
}

/// All words with their prefixes.
fn words() -> impl Iterator<Item = String> {
    let prefixes = PREFIXES.iter().map(|(prefix, _)| *prefix);
    prefixes.flat_map(|prefix| WORDS.iter().map(move |Word(word, ..)| format!("{prefix}{word}")))
}

/// How what is a unit elsewhere is written here.
pub fn other_way(word: &str) -> Option<&'static str> {
    OTHERS.iter().find(|(words, _)| words.contains(&word)).map(|(_, way)| *way)
}

/// A product of powers of words: `mS/cm^2`, `1/ms`, `kg*m/s^2`.
///
/// # Errors
///
/// The bytes of what is no unit.
pub fn parse(text: &str) -> Result<Unit, std::ops::Range<usize>> {
    let mut unit = Unit::NONE;
    let (mut at, mut sign) = (0, 1);
    loop {
        let (factor, end) = factor(text, at)?;
        unit = unit.times(factor.power(sign));
        at = end + blanks(&text[end..]);
        sign = match text[at..].chars().next() {
            None => return Ok(unit),
            Some('*') => 1,
            Some('/') => -1,
            Some(other) => return Err(at..at + other.len_utf8()),
        };
        at += 1;
    }
}

/// A word or 1, with a power, and where it ends.
fn factor(text: &str, start: usize) -> Result<(Unit, usize), std::ops::Range<usize>> {
    let start = start + blanks(&text[start..]);
    let rest = &text[start..];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let all = || start..start + len.max(rest.chars().next().map_or(0, char::len_utf8));
    let unit = match &rest[..len] {
        "1" => Unit::NONE,
        word => Unit::of_word(word).ok_or_else(all)?,
    };
    let Some(power) = rest[len..].strip_prefix('^') else { return Ok((unit, start + len)) };
    let digits = power.strip_prefix('-').unwrap_or(power);
    let n_digits = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let n = power.len() - digits.len() + n_digits;
    let end = start + len + 1 + n;
    let power = power[..n].parse::<i8>().map_err(|_| start..end)?;
    Ok((unit.power(power.into()), end))
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// A word with its prefix, and a power of it.
fn known() -> impl Iterator<Item = (String, Unit)> {
    // The usual prefix of a word comes first, so that 1e-3 of a meter is a millimeter.
    let words = WORDS.iter().flat_map(|Word(word, ..)| {
        PREFIXES.iter().map(move |(prefix, _)| format!("{prefix}{word}"))
    });
    let words = words.chain(std::iter::once("cm".to_owned()));
    words.filter_map(|word| Unit::of_word(&word).map(|unit| (word, unit)))
}

/// What a unit may be divided by where it is told: time, and sides of areas.
const BELOW: [&str; 14] =
    ["ms", "s", "us", "cm^2", "m^2", "um^2", "mm^2", "m", "cm", "mV", "V", "mM", "K", "mol"];

impl fmt::Display for Unit {
    /// The shortest way to write it: a word, a quotient of two, or powers of the bases.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Unit::NONE {
            return f.write_str("1");
        }
        // Rates are told by times: 1/ms, rather than kHz.
        if let Some(time) =
            ["ms", "us"].iter().find(|time| parse(time) == Ok(Unit::NONE.over(*self)))
        {
            return write!(f, "1/{time}");
        }
        if let Some((word, _)) = known().find(|(_, unit)| unit == self) {
            return f.write_str(&word);
        }
        for below in BELOW {
            let Ok(unit) = parse(below) else { continue };
            let above = self.times(unit);
            if above == Unit::NONE {
                return write!(f, "1/{below}");
            }
            if let Some((word, _)) = known().find(|(_, unit)| *unit == above) {
                return write!(f, "{word}/{below}");
            }
        }
        for (word, first) in known() {
            let rest = self.over(first);
            if rest == first {
                return write!(f, "{word}^2");
            }
        }
        self.in_bases(f)
    }
}

impl Unit {
    fn in_bases(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.ten != 0 {
            parts.push(format!("10^{}", self.ten));
        }
        for (base, half) in BASES.iter().zip(self.halves) {
            match half {
                0 => {}
                2 => parts.push((*base).to_owned()),
                half if half % 2 == 0 => parts.push(format!("{base}^{}", half / 2)),
                half => parts.push(format!("{base}^({half}/2)")),
            }
        }
        f.write_str(&parts.join("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        parse(text).unwrap_or_else(|place| panic!("{text}: {place:?}"))
    }

    #[test]
    fn units_of_the_field_are_products_of_each_other() {
        for (a, b) in [
            ("MOhm*nA", "mV"),
            ("nS*mV", "pA"),
            ("pF/nS", "ms"),
            ("uF/cm^2*mV/ms", "uA/cm^2"),
            ("mS/cm^2*mV", "uA/cm^2"),
            ("1/kHz", "ms"),
            ("mol/L", "M"),
            ("kg*m^2/s^2", "J"),
            ("J/s", "W"),
            ("V*A", "W"),
            ("1", "1/1"),
        ] {
            assert_eq!(unit(a), unit(b), "{a} and {b}");
        }
    }

    #[test]
    fn a_scale_is_a_power_of_ten() {
        for (a, b, tens) in [
            ("V", "mV", 3),
            ("us", "s", -6),
            ("1/ms", "Hz", 3),
            ("cm^2", "m^2", -4),
            ("mM", "M", -3),
        ] {
            assert!(unit(a).is_like(unit(b)));
            assert_eq!(unit(a).tens_to(unit(b)), tens, "{a} to {b}");
        }
        assert!(!unit("mV").is_like(unit("mA")));
    }

    #[test]
    fn what_is_told_is_read_as_the_same() {
        for text in ["mV", "nS", "1/ms", "mS/cm^2", "mV/ms", "Hz", "mV^2", "pA", "1/mV", "nA/ms"] {
            assert_eq!(unit(text).to_string(), text.replace("1/s", "Hz"));
        }
        assert_eq!(unit("V^3*A/K").to_string(), "V^3*A*K^-1");
        assert_eq!(Unit::NONE.to_string(), "1");
    }

    #[test]
    fn roots_have_half_powers() {
        assert_eq!(unit("mV^2").root(), Some(unit("mV")));
        assert_eq!(unit("mV").root(), None);
        let root = unit("mV").even().root().expect("an even power of ten");
        assert_eq!(root.to_string(), "10^-2*V^(1/2)");
        assert_eq!(root.root(), None);
    }

    #[test]
    fn what_is_no_unit_has_its_place() {
        for (text, place) in [
            ("mv", 0..2),
            ("mV/minute", 3..9),
            ("mV ms", 3..5),
            ("V^", 0..2),
            ("", 0..0),
            ("2*V", 0..1),
        ] {
            let found = parse(text).expect_err(text);
            assert_eq!(found.start, place.start, "{text}: {found:?}");
        }
    }

    #[test]
    fn words_that_come_near() {
        assert_eq!(same_letters("mv").as_deref(), Some("mV"));
        assert_eq!(same_letters("ohm").as_deref(), Some("Ohm"));
        assert_eq!(similar("MOhms").as_deref(), Some("MOhm"));
        assert_eq!(similar("furlong"), None);
        assert!(other_way("minute").is_some() && other_way("T").is_some());
        for (words, _) in OTHERS {
            words.iter().for_each(|word| assert_eq!(Unit::of_word(word), None, "{word}"));
        }
    }
}
