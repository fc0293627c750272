//! The surrogates of the language by their names.

use std::fmt;

/// What backward takes for the derivative of a spike at a distance `u` from the threshold, with its arguments: the
/// number a function of here is given, or what the language has for it.
///
/// The page `docs/surrogates.md` of the book has a picture of each with the arguments it has by default.
///
/// ```
/// use snn::neuron::{Lif, Surrogate};
///
/// Lif::new().surrogate(Surrogate::atan(2.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Surrogate(String);

/// A function for each surrogate, with its arguments in the order of the language.
macro_rules! surrogates {
    ($($(#[$attribute:meta])+ $name:ident($($argument:ident: $type:ty),*))+) => {
        impl Surrogate {
            $($(#[$attribute])+
            #[must_use]
            pub fn $name($($argument: $type),*) -> Self {
                let arguments: &[String] =
                    &[$(format!(concat!(stringify!($argument), ": {:?}"), $argument)),*];
                Self::with(stringify!($name), arguments)
            })+
        }

        /// The names of all, for a test that none is forgotten.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &[&str])] =
            &[$((stringify!($name), &[$(stringify!($argument)),*])),+];
    };
}

surrogates! {
    /// `alpha - alpha^2 |u|` where `|u| <= 1 / alpha`, else 0. By default `alpha` is 1.
    piecewise_quadratic(alpha: f64)
    /// `alpha / 2 exp(-alpha |u|)`. By default `alpha` is 1.
    piecewise_exp(alpha: f64)
    /// `alpha y (1 - y)` with `y = sigmoid(alpha u)`. By default `alpha` is 4.
    sigmoid(alpha: f64)
    /// `1 / (2 alpha (1 / alpha + |u|)^2)`. By default `alpha` is 2.
    soft_sign(alpha: f64)
    /// `alpha / (|u| + 1)^2`. By default `alpha` is 1. Zenke and Ganguli, Neural Computation 30, 2018.
    super_spike(alpha: f64)
    /// `alpha / 2 / (1 + (pi / 2 alpha u)^2)`. By default `alpha` is 2.
    atan(alpha: f64)
    /// `1 / (1 / alpha + |u|)`. By default `alpha` is 1.
    nonzero_sign_log_abs(alpha: f64)
    /// `alpha / sqrt(pi) exp(-alpha^2 u^2)`. By default `alpha` is 2.
    erf(alpha: f64)
    /// `1 / (2 w)` where `|u| < w`, else `c`. By default `w` is 1 and `c` 0.01.
    piecewise_leaky_relu(w: f64, c: f64)
    /// The first `n - 1` terms of the derivative of a square wave's Fourier series. By default `n` is 2 and the period
    /// 8.
    #[allow(non_snake_case, reason = "the name that the language and SpikingJelly have for it")]
    squarewave_fourier_series(n: i64, T_period: f64)
    /// `alpha y (1 - y)` with `y = sigmoid(alpha u)` where `u < 0`, else `beta / (u + 1)`. By default `alpha` is 4 and
    /// `beta` 1.
    s2nn(alpha: f64, beta: f64)
    /// `(1 + 2 |u| / (alpha - 1))^-alpha`. By default `alpha` is 2.
    q_pseudo_spike(alpha: f64)
    /// `k` where `u >= 0`, else `leak`. By default `leak` is 0 and `k` 1.
    leaky_k_relu(leak: f64, k: f64)
    /// `min(1 / |u|, alpha)`. By default `alpha` is 0.3.
    fake_numerical_gradient(alpha: f64)
    /// `alpha` where `u <= 0`, 1 to `u = 1`, then `1 / u`. By default `alpha` is 0.
    log_tailed_relu(alpha: f64)
    /// 1 everywhere: the gradient passes.
    deterministic_pass()
    /// `alpha` where `|u| < 0.5 / alpha`, else 0. By default `alpha` is 1.
    rect(alpha: f64)
    /// 1 where `grad_min <= u <= grad_max`, else 0, for spikes that are whole numbers to `max_spike_count`. By default
    /// the window is that of the numbers, 0 to `max_spike_count`.
    multi_level_spike_count(max_spike_count: f64, grad_min: f64, grad_max: f64)
}

impl Surrogate {
    /// One as it is written in a file, `triangle(gamma: 0.3)`: what a neuron's own file has besides.
    #[must_use]
    pub fn written(text: &str) -> Self {
        Self(text.into())
    }

    fn with(name: &str, arguments: &[String]) -> Self {
        if arguments.is_empty() {
            return Self(name.into());
        }
        Self(format!("{name}({})", arguments.join(", ")))
    }
}

impl fmt::Display for Surrogate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
