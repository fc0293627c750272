//! The shapes of a manifest: expressions over launch scalars, evaluated.
//!
//! `T`, `4`, `ceil(T / 8)`, `max(a, b)`, `gcd(a, b)`, `a + b`, `a - b`, `a * b` and parentheses, in
//! 64-bit integers; what overflows or divides by zero has no value.

/// The value of a size in a manifest, where `scalar` knows the names in it.
///
/// # Errors
///
/// What is wrong with the expression, for a message.
pub fn evaluate(text: &str, scalar: &dyn Fn(&str) -> Option<i64>) -> Result<i64, String> {
    let mut parser = Parser { text, rest: text, scalar };
    let value = parser.sum()?;
    if parser.peek().is_some() {
        return Err(parser.wrong("ends too late"));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    scalar: &'a dyn Fn(&str) -> Option<i64>,
}

impl Parser<'_> {
    fn wrong(&self, why: &str) -> String {
        format!("the size `{}` {why}", self.text)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn need(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(self.wrong(&format!("lacks a `{wanted}`"))) }
    }

    fn value(&self, value: Option<i64>) -> Result<i64, String> {
        value.ok_or_else(|| self.wrong("is out of range"))
    }

    fn sum(&mut self) -> Result<i64, String> {
        let mut value = self.product()?;
        loop {
            let add = self.take('+');
            if !add && !self.take('-') {
                return Ok(value);
            }
            let term = self.product()?;
            value =
                self.value(if add { value.checked_add(term) } else { value.checked_sub(term) })?;
        }
    }

    fn product(&mut self) -> Result<i64, String> {
        let mut value = self.atom()?;
        while self.take('*') {
            let factor = self.atom()?;
            value = self.value(value.checked_mul(factor))?;
        }
        Ok(value)
    }

    fn atom(&mut self) -> Result<i64, String> {
        if self.take('(') {
            let value = self.sum()?;
            self.need(')')?;
            return Ok(value);
        }
        self.peek();
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = self.rest.find(|c| !name(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "ceil" => self.call('/', |a, b| (b > 0).then(|| (a + (b - 1)).div_euclid(b))),
            "gcd" => self.call(',', |a, b| Some(gcd(a, b))),
            "max" => self.call(',', |a, b| Some(a.max(b))),
            _ => {
                let known = word.parse().ok().or_else(|| (self.scalar)(word));
                known.ok_or_else(|| self.wrong(&format!("has an unknown part `{word}`")))
            }
        }
    }

    /// The rest of `ceil(a / b)`, `max(a, b)` or `gcd(a, b)`.
    fn call(&mut self, between: char, f: fn(i64, i64) -> Option<i64>) -> Result<i64, String> {
        self.need('(')?;
        let a = self.sum()?;
        self.need(between)?;
        let b = self.sum()?;
        self.need(')')?;
        // Sizes are far below this, and f may add two of them.
        let fits = a.abs() < 1 << 62 && b.abs() < 1 << 62;
        self.value(if fits { f(a, b) } else { None })
    }
}

/// The greatest common divisor; that with 0 is the other number.
fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<i64, String> {
        evaluate(text, &|name| match name {
            "T" => Some(17),
            "N" => Some(100),
            "huge" => Some(i64::MAX),
            _ => None,
        })
    }

    #[test]
    fn sizes_of_manifests() {
        assert_eq!(of("T"), Ok(17));
        assert_eq!(of("1"), Ok(1));
        assert_eq!(of("max(ceil(T / 8), 1) - 1"), Ok(2));
        assert_eq!(of("ceil(N / 1024)"), Ok(1));
        assert_eq!(of("2 * (T + N) - 4"), Ok(230));
    }

    #[test]
    fn sums_of_groups() {
        for (apart, groups) in [(1, 100), (2, 50), (3, 100), (12, 25), (16, 7), (48, 7), (50, 50)] {
            let scalar = |name: &str| Some(if name == "S" { apart } else { 100 });
            assert_eq!(evaluate("ceil(N / gcd(S, 16))", &scalar), Ok(groups), "S {apart}");
        }
        assert_eq!(of("gcd(12, 18)"), Ok(6));
        assert_eq!(of("gcd(0, 16)"), Ok(16));
        assert_eq!(of("gcd(16, 0)"), Ok(16));
    }

    #[test]
    fn no_checkpoints_without_steps() {
        assert_eq!(evaluate("max(ceil(T / 8), 1) - 1", &|_| Some(0)), Ok(0));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in [
            "",
            "T +",
            "X",
            "T T",
            "ceil(T",
            "ceil(T / 0)",
            "huge + 1",
            "huge * 2",
            "max(T)",
            "gcd(T)",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
