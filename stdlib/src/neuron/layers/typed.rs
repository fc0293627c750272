//! Typed constructors of neurons, made from a table of their options and params.

pub(super) use crate::error::Result;
pub(super) use crate::layer::{Neuron, NeuronBuilder};
pub(super) use crate::nn::StepMode;

/// A type for each neuron: what it is, its type and its file, its options, its params.
macro_rules! neurons {
    ($(
        $(#[doc = $what:literal])+
        $type:ident $file:literal
            [$($option:ident: $kind:ty),*]
            [$($param:ident)*]
    )+) => {
        $(
            $(#[doc = $what])+
            ///
            /// Its file has the equations, the units where there are any, what each option and param begins with, and
            /// where it is from:
            #[doc = concat!("```text\n", include_str!(concat!("../../../neurons/", $file, ".snn")), "\n```")]
            #[derive(Clone, Debug)]
            #[must_use]
            pub struct $type(pub(super) NeuronBuilder);

            impl $type {
                /// With the options and params of the file.
                pub fn new() -> Self {
                    Self(Neuron::of(include_str!(concat!("../../../neurons/", $file, ".snn"))))
                }

                $(
                    #[doc = concat!("The option `", stringify!($option), "`.")]
                    pub fn $option(self, value: $kind) -> Self {
                        Self(self.0.option(option_name(stringify!($option)), &value.to_string()))
                    }
                )*

                $(
                    #[doc = concat!("The param `", stringify!($param), "`.")]
                    pub fn $param(self, param: impl Into<Param>) -> Self {
                        Self(param.into().give(self.0, name(stringify!($param))))
                    }
                )*

                /// Keeps the membrane potential `v` of each step, after the reset, for
                /// [`Neuron::v_seq`](crate::layer::Neuron::v_seq).
                pub fn store_v_seq(self, keeps: bool) -> Self {
                    if keeps { self.keep("v") } else { self }
                }

                /// Keeps a state of each step, for [`Neuron::sequence`](crate::layer::Neuron::sequence).
                pub fn keep(self, state: &str) -> Self {
                    Self(self.0.keep(state))
                }

                /// How it is called, whatever the network around it is: see [`NeuronBuilder::step_mode`].
                pub fn step_mode(self, step_mode: StepMode) -> Self {
                    Self(self.0.step_mode(step_mode))
                }

                /// Which axis of `[T, N, *]` is the channels'; without it, 2.
                pub fn channel_axis(self, axis: isize) -> Self {
                    Self(self.0.channel_axis(axis))
                }

                /// Where its random numbers start: see [`NeuronBuilder::seed`].
                pub fn seed(self, seed: u64) -> Self {
                    Self(self.0.seed(seed))
                }

                /// The layer.
                ///
                /// # Errors
                ///
                /// See [`NeuronBuilder::build`].
                pub fn build(self) -> Result<Neuron> {
                    self.0.build()
                }
            }

            impl Default for $type {
                fn default() -> Self {
                    Self::new()
                }
            }

            impl From<$type> for NeuronBuilder {
                fn from(neuron: $type) -> Self {
                    neuron.0
                }
            }
        )+

        /// The file, the options and the params of each.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &[&str], &[&str])] = &[$((
            $file,
            &[$(stringify!($option)),*],
            &[$(stringify!($param)),*],
        )),+];
    };
}

pub(super) use neurons;

/// The language's name for an option.
pub(super) fn option_name(name: &str) -> &str {
    if name == "surrogate" { "surr" } else { self::name(name) }
}

/// The language's name for what has the name of a keyword here.
pub(super) fn name(name: &str) -> &str {
    name.trim_start_matches("r#")
}
