//! The text form of a kernel read back. The grammar stands in `docs/kernel-ir.md`.
//!
//! Takes what can be written down, well formed or not; [`verify`](super::verify()) judges. A value has
//! to be defined above its first use all the same, since its type is inferred.

use std::collections::{BTreeMap, HashMap};

use super::names::{Word, is_name, is_name_char};
use super::{
    Buffer, BufferId, Carry, Compare, Counter, Draw, Kernel, Loop, LoopKind, Op, Order, Product,
    Schedule, Stmt, Type, Unary, ValueId,
};

/// Loops that may stand within each other; more than any well-formed kernel has.
const MAX_DEPTH: usize = 16;

/// Why a text is no kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

type Result<T> = std::result::Result<T, String>;

/// Reads a kernel. The types of values are inferred from what defines them.
///
/// # Errors
///
/// Where the text is not of the grammar, names a buffer or value that is not there, or leaves out a
/// number between 0 and the highest value.
pub fn parse(text: &str) -> std::result::Result<Kernel, ParseError> {
    let mut parser = Parser { lines: lines(text), ..Parser::default() };
    parser.kernel().map_err(|message| ParseError { line: parser.line, message })
}

/// The lines that say something, without their comments, the last first.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let code = |line: &'_ str| line.find("//").unwrap_or(line.len());
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line[..code(line)].trim()));
    let mut lines: Vec<_> = lines.filter(|(_, line)| !line.is_empty()).collect();
    lines.reverse();
    lines
}

#[derive(Default)]
struct Parser<'a> {
    /// Lines to come, the next at the end.
    lines: Vec<(usize, &'a str)>,
    /// The line being read.
    line: usize,
    buffers: Vec<Buffer>,
    names: HashMap<&'a str, BufferId>,
    types: BTreeMap<ValueId, Type>,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<Cursor<'a>> {
        let (line, text) = self.lines.pop()?;
        self.line = line;
        Some(Cursor { rest: text })
    }

    fn kernel(&mut self) -> Result<Kernel> {
        let mut header = self.next().ok_or("no kernel here")?;
        header.keyword("kernel")?;
        let name = header.name()?.to_string();
        let compute = header.choice("a compute type")?;
        let mut number = |word| header.keyword(word).and_then(|()| header.number());
        let schedule =
            Schedule { chunk: number("chunk")?, lanes: number("lanes")?, block: number("block")? };
        header.end()?;
        while self.lines.last().is_some_and(|(_, line)| is_buffer(line)) {
            self.buffer()?;
        }
        let body = self.body(0)?;
        let buffers = std::mem::take(&mut self.buffers);
        Ok(Kernel {
            name,
            compute,
            schedule,
            buffers,
            values: self.values()?,
            body,
            origins: Default::default(),
        })
    }

    /// The inferred types by value.
    fn values(&self) -> Result<Vec<Type>> {
        let gap = self.types.keys().zip(0..).find(|(value, i)| value.0 != *i);
        match gap {
            Some((_, i)) => Err(format!("value %{i} is defined nowhere")),
            None => Ok(self.types.values().copied().collect()),
        }
    }

    fn buffer(&mut self) -> Result<()> {
        let mut line = self.next().ok_or("a buffer is missing")?;
        let written = line.word() == "out";
        let optional = line.eat("?");
        let name = line.name()?;
        line.expect(":")?;
        let role = line.choice("a role")?;
        let storage = line.choice("a storage type")?;
        let shape = line.choice("a shape")?;
        line.end()?;
        self.names.insert(name, BufferId(self.buffers.len() as u32));
        let name = name.to_string();
        self.buffers.push(Buffer { name, role, storage, shape, written, optional });
        Ok(())
    }

    /// Statements up to the `end` of the loop, or to that of the text at depth 0.
    fn body(&mut self, depth: usize) -> Result<Vec<Stmt>> {
        let mut body = Vec::new();
        while let Some(mut line) = self.next() {
            if line.rest == "end" {
                return if depth > 0 { Ok(body) } else { Err("`end` without a loop".into()) };
            }
            body.push(self.stmt(&mut line, depth)?);
        }
        if depth > 0 { Err("a loop has no `end`".into()) } else { Ok(body) }
    }

    fn stmt(&mut self, line: &mut Cursor<'a>, depth: usize) -> Result<Stmt> {
        if line.rest.starts_with('%') {
            return self.definition(line);
        }
        let word = line.word();
        if let Some(kind) = LoopKind::from_word(word) {
            return self.inner_loop(line, kind, depth);
        }
        if word != "store" && word != "reduce" {
            return Err(format!("`{word}` begins no statement"));
        }
        let buffer = self.buffer_name(line)?;
        line.expect(",")?;
        let value = self.operand(line)?;
        line.end()?;
        let stmt = if word == "store" { Stmt::Store } else { Stmt::Reduce };
        Ok(stmt(buffer, value))
    }

    fn definition(&mut self, line: &mut Cursor<'a>) -> Result<Stmt> {
        let value = line.value()?;
        line.expect("=")?;
        if line.rest.starts_with("product") {
            return self.product(value, line);
        }
        let op = self.op(line)?;
        line.end()?;
        let buffers = &self.buffers;
        let ty = op.ty(|a| self.types[&a], |b| buffers[b.0 as usize].storage.ty());
        self.types.insert(value, ty);
        Ok(Stmt::Let(value, op))
    }

    fn product(&mut self, value: ValueId, line: &mut Cursor<'a>) -> Result<Stmt> {
        let fused = match line.word() {
            "product" => false,
            "product_fused" => true,
            word => return Err(format!("`{word}` is no operation")),
        };
        let matrix = self.buffer_name(line)?;
        line.expect(",")?;
        let column = self.buffer_name(line)?;
        let transposed = line.eat(",");
        if transposed {
            line.keyword("transposed")?;
        }
        line.end()?;
        self.types.insert(value, Type::Real);
        Ok(Stmt::Product(Product { value, matrix, column, transposed, fused }))
    }

    fn inner_loop(&mut self, line: &mut Cursor<'a>, kind: LoopKind, depth: usize) -> Result<Stmt> {
        if depth == MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} loops within each other"));
        }
        let order: Order = line.choice("an order")?;
        let carries = if line.eat("(") { self.carries(line)? } else { Vec::new() };
        line.end()?;
        let body = self.body(depth + 1)?;
        for carry in &carries {
            self.known(carry.next)?;
        }
        self.types
            .extend(carries.iter().map(|c| (c.result, self.types[&c.init])).collect::<Vec<_>>());
        Ok(Stmt::Loop(Loop { kind, order, carries, body }))
    }

    /// The carries up to the closing parenthesis; their params are known from here on.
    fn carries(&mut self, line: &mut Cursor<'a>) -> Result<Vec<Carry>> {
        let mut carries = Vec::new();
        loop {
            let param = line.value()?;
            line.expect("=")?;
            let init = self.operand(line)?;
            line.expect("->")?;
            let next = line.value()?;
            line.expect("=>")?;
            carries.push(Carry { param, init, next, result: line.value()? });
            if !line.eat(",") {
                break;
            }
        }
        line.expect(")")?;
        self.types
            .extend(carries.iter().map(|c| (c.param, self.types[&c.init])).collect::<Vec<_>>());
        Ok(carries)
    }

    fn op(&self, line: &mut Cursor<'a>) -> Result<Op> {
        let word = line.word();
        Ok(match word {
            "real" => Op::Real(real(line.token())?),
            "int" => Op::Int(line.number()?),
            "bool" => Op::Bool(line.number()?),
            "not" => Op::Not(self.operand(line)?),
            "int_to_real" => Op::IntToReal(self.operand(line)?),
            "real_to_int" => Op::RealToInt(self.operand(line)?),
            "real_bits" => Op::RealBits(self.operand(line)?),
            "bits_real" => Op::BitsReal(self.operand(line)?),
            "kept" => Op::Kept(self.operand(line)?),
            "load" => Op::Load(self.buffer_name(line)?),
            "draw" => {
                let word = line.word();
                let draw = Draw::from_word(word);
                let draw = draw.ok_or_else(|| format!("`{word}` is no draw"))?;
                Op::Draw(draw, line.number()?)
            }
            "counter" => {
                let word = line.word();
                let counter = Counter::from_word(word);
                Op::Counter(counter.ok_or_else(|| format!("`{word}` is no counter"))?)
            }
            "given" => Op::Given(self.buffer_name(line)?),
            "load_or" => Op::LoadOr(self.buffer_name(line)?, self.next_operand(line)?),
            "select" | "fma" => {
                let (a, b) = (self.operand(line)?, self.next_operand(line)?);
                let op = if word == "fma" { Op::Fma } else { Op::Select };
                op(a, b, self.next_operand(line)?)
            }
            _ => return self.operator(word, line),
        })
    }

    fn operator(&self, word: &str, line: &mut Cursor<'a>) -> Result<Op> {
        if let Some(op) = Unary::from_word(word) {
            return Ok(Op::Unary(op, self.operand(line)?));
        }
        if let Some(op) = Word::from_word(word) {
            return Ok(Op::Binary(op, self.operand(line)?, self.next_operand(line)?));
        }
        if let Some(op) = Compare::from_word(word) {
            return Ok(Op::Compare(op, self.operand(line)?, self.next_operand(line)?));
        }
        Err(format!("`{word}` is no operation"))
    }

    fn operand(&self, line: &mut Cursor<'a>) -> Result<ValueId> {
        self.known(line.value()?)
    }

    fn next_operand(&self, line: &mut Cursor<'a>) -> Result<ValueId> {
        line.expect(",")?;
        self.operand(line)
    }

    fn known(&self, value: ValueId) -> Result<ValueId> {
        let known = self.types.contains_key(&value);
        if known { Ok(value) } else { Err(format!("{value} is not defined above")) }
    }

    fn buffer_name(&self, line: &mut Cursor<'a>) -> Result<BufferId> {
        let name = line.name()?;
        self.names.get(name).copied().ok_or_else(|| format!("there is no buffer `{name}`"))
    }
}

/// Whether a line declares a buffer.
fn is_buffer(line: &str) -> bool {
    let word = line.split(|c: char| c == '?' || c.is_whitespace()).next();
    matches!(word, Some("in" | "out"))
}

/// A real as [`print`](super::print()) writes it, or in any other way Rust reads.
fn real(token: &str) -> Result<f64> {
    if let Some(bits) = token.strip_prefix("nan:") {
        let number = u64::from_str_radix(bits, 16).map(f64::from_bits);
        return number.ok().filter(|n| n.is_nan()).ok_or_else(|| format!("`{bits}` is no NaN"));
    }
    match token {
        "nan" => Ok(f64::NAN),
        _ => token.parse().map_err(|_| format!("`{token}` is no real")),
    }
}

/// What is left of a line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// The longest start whose characters all satisfy a condition, and the blanks behind it.
    fn take(&mut self, condition: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !condition(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        taken
    }

    fn word(&mut self) -> &'a str {
        self.take(|c| c.is_alphanumeric() || c == '_')
    }

    fn token(&mut self) -> &'a str {
        self.take(|c| !c.is_whitespace() && !matches!(c, ',' | '(' | ')'))
    }

    fn name(&mut self) -> Result<&'a str> {
        let name = self.take(is_name_char);
        if is_name(name) { Ok(name) } else { Err(format!("a name is missing at `{}`", self.rest)) }
    }

    fn value(&mut self) -> Result<ValueId> {
        self.expect("%")?;
        let digits = self.take(|c| c.is_ascii_digit());
        digits.parse().map(ValueId).map_err(|_| format!("`%{digits}` is no value"))
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        let token = self.token();
        token.parse().map_err(|_| format!("`{token}` does not fit here"))
    }

    fn choice<T: Word>(&mut self, what: &str) -> Result<T> {
        let word = self.word();
        T::from_word(word).ok_or_else(|| format!("`{word}` is not {what}"))
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    fn keyword(&mut self, word: &str) -> Result<()> {
        let found = self.word();
        if found == word { Ok(()) } else { Err(format!("expected `{word}`, found `{found}`")) }
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        if self.eat(text) { Ok(()) } else { Err(format!("expected `{text}` at `{}`", self.rest)) }
    }

    fn end(&mut self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("`{}` is too much", self.rest)) }
    }
}
