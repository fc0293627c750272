//! A kernel as text, for goldens and for reading; [`parse`](super::parse()) reads it back.

use std::fmt::{self, Display, Write};

use super::names::Word;
use super::{Buffer, BufferId, Carry, Kernel, Loop, Op, Product, Stmt, ValueId};

/// A kernel as text. Every kernel that verifies reads back as it was, reals to the bit.
pub fn print(kernel: &Kernel) -> String {
    let mut printer = Printer { kernel, text: String::new() };
    printer.kernel().expect("writing to a string does not fail");
    printer.text
}

struct Printer<'a> {
    kernel: &'a Kernel,
    text: String,
}

impl Printer<'_> {
    fn kernel(&mut self) -> fmt::Result {
        let Kernel { name, compute, schedule, .. } = self.kernel;
        let compute = compute.word();
        let (chunk, lanes, block) = (schedule.chunk, schedule.lanes, schedule.block);
        writeln!(self.text, "kernel {name} {compute} chunk {chunk} lanes {lanes} block {block}")?;
        for buffer in &self.kernel.buffers {
            self.buffer(buffer)?;
        }
        self.body(&self.kernel.body, 1)
    }

    fn buffer(&mut self, buffer: &Buffer) -> fmt::Result {
        let direction = if buffer.written { "out" } else { "in" };
        let optional = if buffer.optional { "?" } else { "" };
        let Buffer { name, role, storage, shape, .. } = buffer;
        let (role, storage, shape) = (role.word(), storage.word(), shape.word());
        writeln!(self.text, "  {direction}{optional} {name}: {role} {storage} {shape}")
    }

    fn body(&mut self, body: &[Stmt], depth: usize) -> fmt::Result {
        body.iter().try_for_each(|stmt| self.stmt(stmt, depth))
    }

    fn stmt(&mut self, stmt: &Stmt, depth: usize) -> fmt::Result {
        write!(self.text, "{:1$}", "", 2 * depth)?;
        match stmt {
            Stmt::Let(value, op) => {
                write!(self.text, "{value} = ")?;
                self.op(op)?;
            }
            Stmt::Store(buffer, value) => {
                write!(self.text, "store {}, {value}", self.name(*buffer))?
            }
            Stmt::Reduce(buffer, value) => {
                write!(self.text, "reduce {}, {value}", self.name(*buffer))?;
            }
            Stmt::Product(Product { value, matrix, column, transposed, fused }) => {
                let word = if *fused { "product_fused" } else { "product" };
                let (matrix, column) = (self.name(*matrix), self.name(*column));
                let transposed = if *transposed { ", transposed" } else { "" };
                write!(self.text, "{value} = {word} {matrix}, {column}{transposed}")?;
            }
            Stmt::Loop(inner) => return self.inner_loop(inner, depth),
        }
        writeln!(self.text)
    }

    fn inner_loop(&mut self, inner: &Loop, depth: usize) -> fmt::Result {
        write!(self.text, "{} {}", inner.kind.word(), inner.order.word())?;
        for (i, Carry { param, init, next, result }) in inner.carries.iter().enumerate() {
            let open = if i == 0 { " (" } else { ", " };
            write!(self.text, "{open}{param} = {init} -> {next} => {result}")?;
        }
        writeln!(self.text, "{}", if inner.carries.is_empty() { "" } else { ")" })?;
        self.body(&inner.body, depth + 1)?;
        writeln!(self.text, "{:1$}end", "", 2 * depth)
    }

    fn op(&mut self, op: &Op) -> fmt::Result {
        match *op {
            Op::Real(number) => write!(self.text, "real {}", Real(number)),
            Op::Int(number) => write!(self.text, "int {number}"),
            Op::Bool(truth) => write!(self.text, "bool {truth}"),
            Op::Unary(op, a) => write!(self.text, "{} {a}", op.word()),
            Op::Binary(op, a, b) => write!(self.text, "{} {a}, {b}", op.word()),
            Op::Compare(op, a, b) => write!(self.text, "{} {a}, {b}", op.word()),
            Op::Not(a) => write!(self.text, "not {a}"),
            Op::Select(a, b, c) => write!(self.text, "select {a}, {b}, {c}"),
            Op::Fma(a, b, c) => write!(self.text, "fma {a}, {b}, {c}"),
            Op::IntToReal(a) => write!(self.text, "int_to_real {a}"),
            Op::RealToInt(a) => write!(self.text, "real_to_int {a}"),
            Op::RealBits(a) => write!(self.text, "real_bits {a}"),
            Op::BitsReal(a) => write!(self.text, "bits_real {a}"),
            Op::Load(buffer) => write!(self.text, "load {}", self.name(buffer)),
            Op::LoadOr(buffer, a) => write!(self.text, "load_or {}, {a}", self.name(buffer)),
            Op::Given(buffer) => write!(self.text, "given {}", self.name(buffer)),
            Op::Kept(a) => write!(self.text, "kept {a}"),
            Op::Draw(draw, number) => write!(self.text, "draw {} {number}", draw.word()),
            Op::Counter(counter) => write!(self.text, "counter {}", counter.word()),
        }
    }

    /// The name of a buffer; a number that no name can be where a broken kernel is printed.
    fn name(&self, id: BufferId) -> String {
        match self.kernel.buffers.get(id.0 as usize) {
            Some(buffer) => buffer.name.clone(),
            None => format!("<buffer {}>", id.0),
        }
    }
}

impl Display for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A real that reads back to the same bits: the shortest decimal, `inf`, `nan`, or a NaN's bits.
struct Real(f64);

impl Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_nan() {
            write!(f, "{:?}", self.0)
        } else if self.0.to_bits() == f64::NAN.to_bits() {
            write!(f, "nan")
        } else {
            write!(f, "nan:{:016x}", self.0.to_bits())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_read_back_to_the_same_bits() {
        let payload = f64::from_bits(0xfff8_0000_0000_0123);
        let numbers = [0.0, -0.0, 1.0, 0.1, -1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY];
        for number in numbers.into_iter().chain([f64::NAN, -f64::NAN, payload, f64::MAX]) {
            let text = format!("kernel k f32 chunk 1 lanes 1 block 1\n%0 = real {}", Real(number));
            let kernel = super::super::parse(&text).expect("a kernel");
            let Stmt::Let(_, Op::Real(read)) = kernel.body[0] else { panic!("{text}") };
            assert_eq!(read.to_bits(), number.to_bits(), "{text}");
        }
    }
}
