//! Noise whose power falls with the frequency.

use tch::{Device, Kind, Tensor};

use super::kernels::wrong;
use crate::error::Result;
use crate::layer::Neuron;
use crate::nn::{Context, Module};

const NAME: &str = "ColoredNoise";

/// White noise of the seed that is the same on every machine.
const WHITE: &str = "neuron White {
  input  x
  rand   z ~ normal(0, 1)
  charge {
    let _unused = x
  }
  fire   y = z
  output y
}";

/// Normal noise with a power of `1 / f^beta` at the frequency `f`: white where `beta` is 0, pink at 1, brown at 2.
///
/// After Timmer and König, "On generating power law noise", Astronomy and Astrophysics 300, 1995: each frequency has a
/// real and an imaginary part of its own, normal, with the deviation `f^(-beta / 2)`; the frequency 0 has that of the
/// lowest one above. The inverse Fourier transform of these is scaled so that the expected variance of a series about
/// its own mean is 1.
pub struct ColoredNoise {
    beta: f64,
    white: Neuron,
}

impl ColoredNoise {
    /// Noise of an exponent and a seed; without one, of a seed of its own from libtorch's generator.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where the exponent is no number.
    pub fn new(beta: f64, seed: Option<u64>) -> Result<Self> {
        if !beta.is_finite() {
            return Err(wrong(NAME, format!("has a `beta` of {beta}, but takes a finite number")));
        }
        let white = Neuron::of(WHITE);
        let white = seed.map_or(white.clone(), |seed| white.seed(seed)).build()?;
        Ok(Self { beta, white })
    }

    /// So many independent series, `[series, samples]`, on the CPU. The next call draws others.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where there is no series, or less than two samples.
    pub fn draw(&mut self, series: i64, samples: i64) -> Result<Tensor> {
        if series < 1 || samples < 2 {
            let why = format!(
                "cannot make {series} series of {samples} samples: it takes one series or more, of two or more"
            );
            return Err(wrong(NAME, why));
        }
        let (real, imaginary) = weights(self.beta, samples);
        let nothing = Tensor::f_zeros([2, series, real.len() as i64], (Kind::Float, Device::Cpu))?;
        let parts = self.white.forward(&nothing, &Context::eval())?.f_to_kind(Kind::Double)?;
        let part = |i, weights: &[f64]| parts.f_select(0, i)?.f_mul(&Tensor::from_slice(weights));
        let spectrum = Tensor::f_complex(&part(0, &real)?, &part(1, &imaginary)?)?;
        Ok(spectrum.f_fft_irfft(samples, -1, "backward")?.f_to_kind(Kind::Float)?)
    }

    /// Where it draws next.
    pub(super) fn buffers(&self) -> Vec<(String, &Tensor)> {
        self.white.buffers()
    }
}

/// The deviations of the real and the imaginary part at each frequency.
///
/// At the frequency 0, and at the highest one of an even number of samples, the imaginary part is 0, and the real
/// part carries its power. All other frequencies stand for two, themselves and their negative.
fn weights(beta: f64, samples: i64) -> (Vec<f64>, Vec<f64>) {
    let n = samples as f64;
    let is_real = |k: i64| k == 0 || 2 * k == samples;
    let deviation = |k: i64| (k.max(1) as f64 / n).powf(-beta / 2.0);
    let power = |k: i64| deviation(k).powi(2) * if is_real(k) { 2.0 } else { 4.0 };
    let scale = n / (1..=samples / 2).map(power).sum::<f64>().sqrt();
    let real = |k| scale * deviation(k) * if is_real(k) { 2.0_f64.sqrt() } else { 1.0 };
    let imaginary = |k| if is_real(k) { 0.0 } else { scale * deviation(k) };
    let all = 0..=samples / 2;
    (all.clone().map(real).collect(), all.map(imaginary).collect())
}
