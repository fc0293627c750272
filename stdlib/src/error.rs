//! What can go wrong in a network.

/// A failure of a layer, a network or its files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A neuron's.
    #[error(transparent)]
    Neuron(#[from] snn_runtime::Error),
    /// An operation's, in libtorch's words.
    #[error("{}", first_line(.0))]
    Torch(#[from] tch::TchError),
    /// What a layer was given does not fit.
    #[error("`{layer}` takes {expected}, but was given {given}")]
    Input {
        /// The kind of layer.
        layer: String,
        /// The shape or type it takes.
        expected: String,
        /// What it was given.
        given: String,
    },
    /// A layer was made with settings that do not go together.
    #[error("`{layer}` {why}")]
    Settings {
        /// The kind of layer.
        layer: String,
        /// What is wrong, and what is right.
        why: String,
    },
    /// A module of a network failed.
    #[error("in `{path}`: {source}")]
    At {
        /// Its path in the network, `2.neuron`.
        path: String,
        /// How.
        source: Box<Error>,
    },
    /// A state dict is not that of this network.
    #[error("this is not the state dict of this network: {0}")]
    StateDict(String),
    /// Data sets, batches or logs.
    #[cfg(feature = "data")]
    #[error(transparent)]
    Data(#[from] crate::data::Error),
    /// What a function that was given to the training loop failed with.
    #[cfg(feature = "data")]
    #[error(transparent)]
    Given(Box<dyn std::error::Error + Send + Sync>),
    /// A checkpoint is not of this training.
    #[cfg(feature = "data")]
    #[error("{path} is a checkpoint of another training: {why}")]
    Checkpoint {
        /// The file.
        path: String,
        /// What it has, and what it should have.
        why: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The failure with the name of the module that it happened in.
    pub fn at(self, name: &str) -> Self {
        match self {
            Error::At { path, source } => Error::At { path: format!("{name}.{path}"), source },
            other => Error::At { path: name.into(), source: Box::new(other) },
        }
    }
}

/// What libtorch says, without the addresses behind.
fn first_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_string()
}
