//! A kernel in only those forms that its target has.

mod half;

use super::build::Builder;
use super::{Float, Kernel, Loop, Op, Origins, Stmt, Unary, ValueId, draw, math};
use crate::error::Unsupported;

/// What a target can do beyond what all can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Its name, for messages.
    pub target: &'static str,
    /// Whether reals may be computed in f64.
    pub doubles: bool,
    /// Whether there is a product and sum rounded once.
    pub fused: bool,
    /// Whether loads widen and stores round 16-bit numbers. Where they do not, those are written out as
    /// operations on their bits, where reals are computed in f32.
    pub halves: bool,
    /// Whether there is a maths library for f64, where its functions then stay as they are. In f32 they
    /// are written out for all targets, so that all give the same bits.
    pub library: bool,
}

impl Capabilities {
    /// The interpreter.
    pub const INTERPRETER: Self =
        Self { target: "interpreter", doubles: true, fused: true, halves: true, library: true };
    /// Machine code for the CPU.
    pub const CPU: Self =
        Self { target: "cpu", halves: false, library: false, ..Self::INTERPRETER };
    /// PTX.
    pub const PTX: Self =
        Self { target: "ptx", doubles: false, library: false, ..Self::INTERPRETER };
    /// WGSL.
    pub const WGSL: Self = Self { target: "wgsl", fused: false, halves: false, ..Self::PTX };
}

/// Writes functions of the maths library, and the conversions of 16-bit numbers that a target does not
/// have, out in the other operations.
///
/// # Errors
///
/// Where the kernel needs what the target does not have.
pub fn legalize(mut kernel: Kernel, capabilities: &Capabilities) -> Result<Kernel, Unsupported> {
    let Capabilities { target, doubles, .. } = *capabilities;
    let double = kernel.compute == Float::F64;
    if double && !doubles {
        let instead = "compute in f32, or use the cpu".into();
        return Err(Unsupported { target, what: "arithmetic in f64".into(), instead });
    }
    refuse(&kernel, capabilities)?;
    if double {
        return Ok(kernel);
    }
    if !capabilities.halves {
        kernel = half::written_out(kernel);
    }
    let mut builder = Builder::new(&mut kernel.values);
    let body = expand(&mut builder, &mut kernel.origins, std::mem::take(&mut kernel.body));
    kernel.body = builder.head;
    kernel.body.extend(body);
    Ok(kernel)
}

/// Fails on the first operation that the target has not.
fn refuse(kernel: &Kernel, capabilities: &Capabilities) -> Result<(), Unsupported> {
    let mut missing = None;
    kernel.walk(&mut |stmt| {
        if let Stmt::Let(_, op) = stmt
            && missing.is_none()
        {
            missing = refuse_op(op, kernel.compute, capabilities);
        }
    });
    let target = capabilities.target;
    missing.map_or(Ok(()), |(what, instead)| Err(Unsupported { target, what, instead }))
}

/// What is missing and what to do instead.
fn refuse_op(op: &Op, compute: Float, capabilities: &Capabilities) -> Option<(String, String)> {
    match *op {
        Op::Fma(..) if !capabilities.fused => {
            let instead = "write `a * b + c`, or use the cpu or ptx";
            Some(("`fma` rounded once".into(), instead.into()))
        }
        Op::Unary(Unary::Math(function), _) if compute == Float::F64 && !capabilities.library => {
            let name = super::names::Word::word(function);
            Some((format!("`{name}` in f64"), "compute in f32, or use the interpreter".into()))
        }
        Op::Draw(..) if compute == Float::F64 && !capabilities.library => {
            let instead = "compute in f32, or use the interpreter";
            Some(("draws in f64".into(), instead.into()))
        }
        _ => None,
    }
}

/// The statements with every function written out.
fn expand(builder: &mut Builder<'_>, origins: &mut Origins, body: Vec<Stmt>) -> Vec<Stmt> {
    let mut expanded = Vec::with_capacity(body.len());
    for stmt in body {
        let stmt = match stmt {
            Stmt::Let(value, Op::Unary(Unary::Math(function), x)) => {
                let op = math::expand(builder, function, x);
                expanded.append(&mut parts(builder, origins, value));
                Stmt::Let(value, op)
            }
            Stmt::Let(value, Op::Draw(draw, number)) => {
                let op = draw::expand(builder, draw, number);
                // A normal draw is made by functions of the maths library.
                let parts = parts(builder, origins, value);
                expanded.append(&mut expand(builder, origins, parts));
                Stmt::Let(value, op)
            }
            Stmt::Loop(inner) => {
                let body = expand(builder, origins, inner.body);
                Stmt::Loop(Loop { body, ..inner })
            }
            Stmt::Let(..) | Stmt::Store(..) | Stmt::Reduce(..) | Stmt::Product(_) => stmt,
        };
        expanded.push(stmt);
    }
    expanded
}

/// What was written for a value, which comes from where the value does.
fn parts(builder: &mut Builder<'_>, origins: &mut Origins, value: ValueId) -> Vec<Stmt> {
    let parts = std::mem::take(&mut builder.body);
    for stmt in &parts {
        if let Stmt::Let(part, _) = stmt {
            origins.copy(value, *part);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::{parse, print, samples, verify, verify_before_legalize};
    use super::*;

    /// The copy of a sequence through an operation.
    fn kernel(line: &str) -> Kernel {
        let text = samples::COPY.replace("store y, %0", &format!("%1 = {line}\nstore y, %1"));
        let kernel = parse(&text).expect("a kernel");
        verify_before_legalize(&kernel).expect("well formed");
        kernel
    }

    #[test]
    fn functions_are_written_out_behind_their_constants() {
        let kernel = legalize(kernel("exp %0"), &Capabilities::WGSL).expect("legal");
        insta::assert_snapshot!(print(&kernel));
        verify(kernel).expect("well formed");
    }

    #[test]
    fn a_kernel_without_functions_stays_as_it_is() {
        for (name, text) in samples::ALL {
            let kernel = parse(text).expect("a kernel");
            let legal = legalize(kernel, &Capabilities::WGSL).expect("legal");
            assert_eq!(print(&legal), text, "{name}");
        }
    }

    #[test]
    fn what_a_target_has_not_is_named() {
        let refused = |line: &str, compute, capabilities: &Capabilities| {
            let kernel = Kernel { compute, ..kernel(line) };
            legalize(kernel, capabilities).expect_err("not legal").to_string()
        };
        insta::assert_snapshot!(
            [
                refused("fma %0, %0, %0", Float::F32, &Capabilities::WGSL),
                refused("exp %0", Float::F64, &Capabilities::CPU),
                refused("neg %0", Float::F64, &Capabilities::PTX),
            ]
            .join("\n")
        );
        let kernel = Kernel { compute: Float::F64, ..kernel("sin %0") };
        let same = legalize(kernel.clone(), &Capabilities::INTERPRETER).expect("legal");
        assert_eq!(same, kernel);
    }
}
