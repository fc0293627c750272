//! How the values of adjacent lanes lie in registers.

use cranelift_codegen::ir::{self, types};

use crate::kernel::{Float, Type};

/// One lane in a scalar, or as many lanes as a vector has.
///
/// In a vector a real is `F32X4` or `F64X2`, a bool a lane mask of the same width, and an int always
/// `I32X4`, of which only the two low lanes mean something beside `F64X2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Whether in vectors.
    pub vector: bool,
    /// The type that reals are computed in.
    pub float: Float,
}

impl Form {
    /// Lanes of one register.
    pub fn width(self) -> u32 {
        match (self.vector, self.float) {
            (false, _) => 1,
            (true, Float::F32) => 4,
            (true, Float::F64) => 2,
        }
    }

    /// The same reals in scalars.
    pub fn scalar(self) -> Form {
        Form { vector: false, ..self }
    }

    /// The register type of a value.
    pub fn ty(self, ty: Type) -> ir::Type {
        match (ty, self.vector) {
            (Type::Real, _) => self.real(),
            (Type::Int, false) => types::I32,
            (Type::Int, true) => types::I32X4,
            (Type::Bool, false) => types::I8,
            (Type::Bool, true) => self.mask(),
        }
    }

    /// The register type of a real.
    pub fn real(self) -> ir::Type {
        match (self.vector, self.float) {
            (false, Float::F32) => types::F32,
            (false, Float::F64) => types::F64,
            (true, Float::F32) => types::F32X4,
            (true, Float::F64) => types::F64X2,
        }
    }

    /// The register type of a lane mask.
    pub fn mask(self) -> ir::Type {
        match self.float {
            Float::F32 => types::I32X4,
            Float::F64 => types::I64X2,
        }
    }
}

/// Bytes that a lane's value takes in the frame, whatever its type.
pub fn pitch(float: Float) -> u32 {
    match float {
        Float::F32 => 4,
        Float::F64 => 8,
    }
}
