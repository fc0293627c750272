//! What can go wrong between an artifact and its results, with the operand's name.

/// A failure of a device, of an artifact or of the arguments.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device cannot be used at all.
    #[error("no {device} device: {why}")]
    NoDevice {
        /// `cuda:0`, `wgpu:0`.
        device: String,
        /// What was missing.
        why: String,
    },
    /// The device has no room for a buffer.
    #[error("out of memory on {device}: `{operand}` needs {bytes} bytes")]
    OutOfMemory {
        /// The device.
        device: String,
        /// The buffer.
        operand: String,
        /// Its size.
        bytes: usize,
    },
    /// The driver refused something.
    #[error("{device}: {what} failed: {why}")]
    Device {
        /// The device.
        device: String,
        /// The call.
        what: String,
        /// The driver's words.
        why: String,
    },
    /// The artifact is not for this runtime or device.
    #[error("this artifact cannot be loaded: {0}")]
    Artifact(String),
    /// An operand that the neuron does not have.
    #[error("`{neuron}` has no {kind} `{operand}`; it has {known}")]
    Unknown {
        /// The neuron.
        neuron: String,
        /// `input`, `param`, `state`, `output`.
        kind: &'static str,
        /// The name given.
        operand: String,
        /// The names it has.
        known: String,
    },
    /// An input that was not given.
    #[error("input `{operand}` of `{neuron}` was not given")]
    Missing {
        /// The neuron.
        neuron: String,
        /// The input.
        operand: String,
    },
    /// An operand of the wrong shape.
    #[error("`{operand}` must have shape {expected}, but has {given}")]
    Shape {
        /// The operand.
        operand: String,
        /// The shape it must have.
        expected: String,
        /// The shape it has.
        given: String,
    },
    /// A channel axis that a shape does not have.
    #[error("`{operand}` of shape {shape} has no channel axis {axis}: {allowed}")]
    ChannelAxis {
        /// The operand.
        operand: String,
        /// Its shape.
        shape: String,
        /// The axis asked for.
        axis: isize,
        /// Which there are.
        allowed: String,
    },
    /// A number outside of a param's range.
    #[error("`{operand}` must lie in {expected}, but element {index} is {given}")]
    Range {
        /// The param.
        operand: String,
        /// The range.
        expected: String,
        /// Which element.
        index: usize,
        /// The number.
        given: f64,
    },
    /// What this device does not do, and which do.
    #[error("{device} cannot do {what}; {instead}")]
    Unsupported {
        /// The device.
        device: String,
        /// What it cannot do.
        what: String,
        /// What to do instead.
        instead: String,
    },
    /// The program did not compile; the text is the rendered diagnostics.
    #[error("{0}")]
    Compile(String),
    /// The cache could not be used.
    #[error("kernel cache {path}: {why}")]
    Cache {
        /// The file or folder.
        path: String,
        /// What went wrong.
        why: String,
    },
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
