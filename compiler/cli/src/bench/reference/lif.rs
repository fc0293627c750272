//! LIF by hand: what compiled kernels are measured against on the CPU.
//!
//! Hard reset, decayed input, sigmoid surrogate, `tau` fixed: the default `Lif` of the standard library.
//! One pass over the lanes a call, as one would write it for speed: strips of lanes go through all
//! steps while their potentials lie in the cache, loops over lanes are left to the compiler's
//! vectoriser, threads take neighbouring lanes, and backward computes potentials again from one in
//! [`CHUNK`] steps. It needs nothing but the standard library, so that any program can include it.

/// The numbers of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Lif {
    /// Time constant, in steps.
    pub tau: f32,
    /// Threshold.
    pub v_th: f32,
    /// Potential after a spike, and at rest.
    pub v_reset: f32,
    /// Steepness of the surrogate.
    pub alpha: f32,
}

impl Default for Lif {
    fn default() -> Self {
        Self { tau: 2.0, v_th: 1.0, v_reset: 0.0, alpha: 4.0 }
    }
}

/// What is read by forward and backward alike. Sequences are `[T, N]`.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `T`.
    pub steps: usize,
    /// `N`.
    pub lanes: usize,
    /// How many threads share the lanes.
    pub threads: usize,
    /// The input, `[T, N]`.
    pub x: &'a [f32],
    /// The potential before the first step, `[N]`; none is at rest.
    pub v: Option<&'a [f32]>,
}

/// Steps from one saved potential to the next.
pub const CHUNK: usize = 8;

/// Lanes that go through all steps together: the potentials of a chunk are 32 KiB.
const STRIP: usize = 1024;

/// Part of a buffer `[rows, N]`: for each row the lanes of one thread.
type Rows<'a> = Vec<&'a mut [f32]>;

/// How many potentials forward leaves for backward.
pub fn saved_len(steps: usize, lanes: usize) -> usize {
    steps.div_ceil(CHUNK).saturating_sub(1) * lanes
}

/// Cuts each row of a buffer `[rows, lanes]` into pieces of `each` lanes, one for each thread.
fn cut(values: &mut [f32], lanes: usize, each: usize) -> Vec<Rows<'_>> {
    let mut parts: Vec<Rows<'_>> = (0..lanes.div_ceil(each)).map(|_| Vec::new()).collect();
    for row in values.chunks_mut(lanes.max(1)) {
        for (part, piece) in parts.iter_mut().zip(row.chunks_mut(each)) {
            part.push(piece);
        }
    }
    parts
}

/// Lanes of a thread.
fn share(call: &Call<'_>) -> usize {
    call.lanes.div_ceil(call.threads.max(1)).next_multiple_of(STRIP).max(STRIP)
}

impl Lif {
    /// Spikes `[T, N]` and the last potential `[N]`; with `saved`, of [`saved_len`], what backward needs.
    pub fn forward(&self, call: &Call<'_>, s: &mut [f32], last: &mut [f32], saved: &mut [f32]) {
        match call.v {
            Some(v) => last.copy_from_slice(v),
            None => last.fill(self.v_reset),
        }
        let each = share(call);
        let (mut s, mut saved) = (cut(s, call.lanes, each), cut(saved, call.lanes, each));
        std::thread::scope(|scope| {
            let parts = s.iter_mut().zip(&mut saved).zip(last.chunks_mut(each)).enumerate();
            for (i, ((s, saved), v)) in parts {
                scope.spawn(move || self.forward_part(call, i * each, s, v, saved));
            }
        });
    }

    fn forward_part(
        &self,
        call: &Call<'_>,
        start: usize,
        s: &mut Rows<'_>,
        v: &mut [f32],
        saved: &mut Rows<'_>,
    ) {
        for (i, v) in v.chunks_mut(STRIP).enumerate() {
            let (from, to) = (i * STRIP, i * STRIP + v.len());
            for (t, s) in s.iter_mut().enumerate() {
                if t > 0 && t % CHUNK == 0 && !saved.is_empty() {
                    saved[t / CHUNK - 1][from..to].copy_from_slice(v);
                }
                let x = &call.x[t * call.lanes + start + from..][..v.len()];
                self.fire(x, v, &mut s[from..to]);
            }
        }
    }

    /// One step: the spike, and the potential after it.
    fn fire(&self, x: &[f32], v: &mut [f32], s: &mut [f32]) {
        for ((x, v), s) in x.iter().zip(v).zip(s) {
            let h = *v + (x - (*v - self.v_reset)) / self.tau;
            let fired = h - self.v_th >= 0.0;
            *s = if fired { 1.0 } else { 0.0 };
            *v = if fired { self.v_reset } else { h };
        }
    }

    /// The gradients of the input `[T, N]` and of the potential before the first step `[N]`, from those
    /// of the spikes and, if any, of the last potential.
    pub fn backward(
        &self,
        call: &Call<'_>,
        saved: &[f32],
        grad_s: &[f32],
        grad_last: Option<&[f32]>,
        grad_x: &mut [f32],
        grad_v: &mut [f32],
    ) {
        match grad_last {
            Some(grad) => grad_v.copy_from_slice(grad),
            None => grad_v.fill(0.0),
        }
        let each = share(call);
        let mut grad_x = cut(grad_x, call.lanes, each);
        std::thread::scope(|scope| {
            for (i, (grad_x, g)) in grad_x.iter_mut().zip(grad_v.chunks_mut(each)).enumerate() {
                scope.spawn(move || {
                    self.backward_part(call, i * each, saved, grad_s, grad_x, g);
                });
            }
        });
    }

    fn backward_part(
        &self,
        call: &Call<'_>,
        start: usize,
        saved: &[f32],
        grad_s: &[f32],
        grad_x: &mut Rows<'_>,
        g: &mut [f32],
    ) {
        let mut charged = vec![0.0; CHUNK * STRIP];
        for (i, g) in g.chunks_mut(STRIP).enumerate() {
            let first = start + i * STRIP;
            for chunk in (0..call.steps.div_ceil(CHUNK)).rev() {
                let steps = chunk * CHUNK..call.steps.min((chunk + 1) * CHUNK);
                let mut v = [self.v_reset; STRIP];
                let row = chunk.checked_sub(1).map(|c| &saved[c * call.lanes..]);
                if let Some(row) = row.or(call.v) {
                    v[..g.len()].copy_from_slice(&row[first..][..g.len()]);
                }
                for (t, h) in steps.clone().zip(charged.chunks_exact_mut(STRIP)) {
                    let x = &call.x[t * call.lanes + first..][..g.len()];
                    self.charge(x, &mut v[..g.len()], &mut h[..g.len()]);
                }
                for (t, h) in steps.zip(charged.chunks_exact(STRIP)).rev() {
                    let grad_s = &grad_s[t * call.lanes + first..][..g.len()];
                    let grad_x = &mut grad_x[t][i * STRIP..][..g.len()];
                    self.adjoint(&h[..g.len()], grad_s, g, grad_x);
                }
            }
        }
    }

    /// One step again, for the charged potential.
    fn charge(&self, x: &[f32], v: &mut [f32], h: &mut [f32]) {
        for ((x, v), h) in x.iter().zip(v).zip(h) {
            *h = *v + (x - (*v - self.v_reset)) / self.tau;
            *v = if *h - self.v_th >= 0.0 { self.v_reset } else { *h };
        }
    }

    /// One step backward; `g` is the gradient of the potential, after the step and then before it.
    fn adjoint(&self, h: &[f32], grad_s: &[f32], g: &mut [f32], grad_x: &mut [f32]) {
        let lanes = h.iter().zip(grad_s).zip(g).zip(grad_x);
        for (((h, grad_s), g), grad_x) in lanes {
            let u = h - self.v_th;
            // The derivative of sigmoid is even, and this side of it does not overflow.
            let e = exp_of_negative(-self.alpha * u.abs());
            let slope = self.alpha * e / ((1.0 + e) * (1.0 + e));
            let of_spike = grad_s - *g * (h - self.v_reset);
            let through = if u >= 0.0 { 0.0 } else { *g };
            let of_charged = through + of_spike * slope;
            *grad_x = of_charged / self.tau;
            *g = of_charged - *grad_x;
        }
    }
}

/// `e^a` of a number that is not above 0, in operations that vectorise; within 2 ulp above the smallest
/// normal number, which is what lies below it becomes.
fn exp_of_negative(a: f32) -> f32 {
    /// Adding it leaves an f32's nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let y = (a * std::f32::consts::LOG2_E).max(-126.0);
    let shifted = y + ROUND;
    let f = (y - (shifted - ROUND)) * std::f32::consts::LN_2;
    let tail = 1.0 / 24.0 + f * (1.0 / 120.0 + f * (1.0 / 720.0));
    let power = 1.0 + f * (1.0 + f * (0.5 + f * (1.0 / 6.0 + f * tail)));
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    power * f32::from_bits(exponent << 23)
}

#[cfg(test)]
mod tests {
    use super::exp_of_negative;

    #[test]
    fn the_exponential_is_near_that_of_the_library() {
        for i in 0..=87_000 {
            let a = -i as f32 / 1000.0;
            let (found, expected) = (f64::from(exp_of_negative(a)), f64::from(a).exp());
            // The error of the argument's product grows with the argument.
            let bound = 3e-7 + f64::from(-a) * 1.2e-7;
            assert!((found - expected).abs() <= bound * expected, "{a}: {found} not {expected}");
        }
        assert!(exp_of_negative(f32::NEG_INFINITY) < 1.2e-38);
    }
}
