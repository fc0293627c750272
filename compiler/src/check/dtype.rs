//! What the numbers that stream through a neuron are stored as.

use std::fmt;
use std::str::FromStr;

use snn_artifact::Dtype;

/// The type of the numbers of inputs, of outputs and of their gradients where they lie in memory. What is
/// computed is f32 throughout, and so are states, params and their gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PortDtype {
    /// IEEE binary32.
    #[default]
    F32,
    /// IEEE binary16.
    F16,
    /// bfloat16.
    Bf16,
}

impl PortDtype {
    /// All there are.
    pub const ALL: [PortDtype; 3] = [PortDtype::F32, PortDtype::F16, PortDtype::Bf16];

    /// The bits of a number.
    pub fn bits(self) -> u32 {
        8 * Dtype::from(self).size() as u32
    }
}

impl From<PortDtype> for Dtype {
    fn from(dtype: PortDtype) -> Dtype {
        match dtype {
            PortDtype::F32 => Dtype::F32,
            PortDtype::F16 => Dtype::F16,
            PortDtype::Bf16 => Dtype::Bf16,
        }
    }
}

impl fmt::Display for PortDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Dtype::from(*self).fmt(f)
    }
}

impl FromStr for PortDtype {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|dtype| dtype.to_string() == word);
        found.ok_or_else(|| format!("`{word}` is none of f32, f16, bf16"))
    }
}
