//! LIF written by hand, timed beside what was compiled.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use snn_runtime::device::Device;
use snn_runtime::neuron::Neuron;

use super::Timed;
use super::copy::filled;
use crate::report::{Failure, Result};

mod cuda;
mod lif;

/// The environment variable that names what `lif.cu` was compiled to.
const PTX: &str = "SNNC_REFERENCE_PTX";

/// The kernels for CUDA, which are launched like compiled ones.
pub fn on_cuda(device: &Arc<dyn Device>) -> Result<Neuron> {
    let message = |why: String| Failure::Message(why);
    let path = std::env::var(PTX).map_err(|_| {
        let how = "nvcc -ptx -O3 -arch=sm_75 compiler/cli/src/bench/reference/lif.cu -o lif.ptx";
        message(format!("the kernels written by hand for CUDA are compiled by `{how}`, and {PTX} names the result"))
    })?;
    let text = std::fs::read_to_string(&path).map_err(|why| message(format!("{path}: {why}")))?;
    Ok(Neuron::load(Arc::clone(device), cuda::artifact(text))?)
}

/// Its operands.
pub struct Reference<'a> {
    x: &'a [f32],
    steps: usize,
    lanes: usize,
    threads: usize,
    buffers: RefCell<Buffers>,
}

struct Buffers {
    s: Vec<f32>,
    last: Vec<f32>,
    saved: Vec<f32>,
    grad_s: Vec<f32>,
    grad_x: Vec<f32>,
    grad_v: Vec<f32>,
}

impl<'a> Reference<'a> {
    /// Makes room for its results.
    pub fn new(x: &'a [f32], steps: usize, lanes: usize, threads: usize) -> Result<Self> {
        let n = steps * lanes;
        let buffers = Buffers {
            s: filled(n, 0.5)?,
            last: filled(lanes, 0.5)?,
            saved: filled(lif::saved_len(steps, lanes), 0.5)?,
            grad_s: filled(n, 1.0)?,
            grad_x: filled(n, 0.5)?,
            grad_v: filled(lanes, 0.5)?,
        };
        Ok(Self { x, steps, lanes, threads, buffers: RefCell::new(buffers) })
    }

    fn call(&self) -> lif::Call<'_> {
        let Self { x, steps, lanes, threads, .. } = *self;
        lif::Call { steps, lanes, threads, x, v: None }
    }

    /// Forward without saving.
    pub fn forward(&self) -> Timed<'_> {
        Box::new(|| {
            let buffers = &mut *self.buffers.borrow_mut();
            let start = Instant::now();
            let (s, last) = (&mut buffers.s, &mut buffers.last);
            lif::Lif::default().forward(&self.call(), s, last, &mut []);
            Ok(start.elapsed().as_secs_f64())
        })
    }

    /// Forward with saving, and backward.
    pub fn train(&self) -> Timed<'_> {
        Box::new(|| {
            let Buffers { s, last, saved, grad_s, grad_x, grad_v } =
                &mut *self.buffers.borrow_mut();
            let (lif, call) = (lif::Lif::default(), self.call());
            let start = Instant::now();
            lif.forward(&call, s, last, saved);
            lif.backward(&call, saved, grad_s, None, grad_x, grad_v);
            Ok(start.elapsed().as_secs_f64())
        })
    }
}
