//! Our own quotients and square roots, which a strict kernel calls.

use naga::{Function, Handle, Module};

use super::build::{Builder, Expr};
use crate::error::{Bug, EmitError};
use crate::kernel::{Binary, Kernel, Op, Stmt, Unary};

/// The functions in WGSL.
const SOURCE: &str = include_str!("division.wgsl");

/// The functions of a module that has them.
#[derive(Clone, Copy)]
pub struct Division {
    quotient: Handle<Function>,
    quotients: Handle<Function>,
    root: Handle<Function>,
    roots: Handle<Function>,
}

impl Division {
    /// A module with the functions.
    pub fn module() -> Result<(Module, Self), EmitError> {
        let module = naga::front::wgsl::parse_str(SOURCE).map_err(|e| {
            Bug(format!("naga refuses a file of ours: {}", e.emit_to_string(SOURCE)))
        })?;
        let named = |name: &str| {
            let mut functions = module.functions.iter();
            let found = functions.find(|(_, function)| function.name.as_deref() == Some(name));
            found.map(|(handle, _)| handle).ok_or_else(|| Bug(format!("there is no `{name}`")))
        };
        let division = Self {
            quotient: named("quotient")?,
            quotients: named("quotients")?,
            root: named("root")?,
            roots: named("roots")?,
        };
        Ok((module, division))
    }

    /// The quotient of reals, or of four.
    pub fn quotient(self, build: &mut Builder, width: usize, a: Expr, b: Expr) -> Expr {
        let function = if width == 1 { self.quotient } else { self.quotients };
        build.call(function, vec![a, b])
    }

    /// The square root of a real, or of four.
    pub fn root(self, build: &mut Builder, width: usize, a: Expr) -> Expr {
        let function = if width == 1 { self.root } else { self.roots };
        build.call(function, vec![a])
    }
}

/// Whether a kernel divides or takes square roots.
pub fn divides(kernel: &Kernel) -> bool {
    let mut found = false;
    kernel.walk(&mut |stmt| {
        let is_one =
            |op: &Op| matches!(op, Op::Binary(Binary::Div, ..) | Op::Unary(Unary::Sqrt, _));
        found |= matches!(stmt, Stmt::Let(_, op) if is_one(op));
    });
    found
}
