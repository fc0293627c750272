//! Operations of libtorch that tch does not offer: optimizers in one kernel, mixed precision, the states of random
//! generators.

use std::ffi::{c_char, c_int};

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

use super::record::{checked, pointer};
use crate::error::{Error, Result};

unsafe extern "C" {
    fn snn_torch_adam(
        params: *const *mut C_tensor,
        grads: *const *mut C_tensor,
        means: *const *mut C_tensor,
        squares: *const *mut C_tensor,
        steps: *const *mut C_tensor,
        n: usize,
        rate: f64,
        beta1: f64,
        beta2: f64,
        decay: f64,
        eps: f64,
        decoupled: bool,
        scale: *mut C_tensor,
        found: *mut C_tensor,
    ) -> *mut c_char;
    fn snn_torch_sgd(
        params: *const *mut C_tensor,
        grads: *const *mut C_tensor,
        momenta: *const *mut C_tensor,
        n: usize,
        decay: f64,
        momentum: f64,
        rate: f64,
        dampening: f64,
        nesterov: bool,
        first: bool,
        scale: *mut C_tensor,
        found: *mut C_tensor,
    ) -> *mut c_char;
    fn snn_torch_unscale(
        grads: *const *mut C_tensor,
        n: usize,
        found: *mut C_tensor,
        inverse: *const C_tensor,
    ) -> *mut c_char;
    fn snn_torch_forget_grad(tensor: *mut C_tensor);
    fn snn_torch_autocast(
        cuda: bool,
        enabled: bool,
        kind: c_int,
        was: *mut bool,
        was_kind: *mut c_int,
    ) -> *mut c_char;
    fn snn_torch_autocast_nesting(enters: bool) -> c_int;
    fn snn_torch_exchange_stream(device: c_int, is_new: bool, id: *mut i64) -> *mut c_char;
    fn snn_torch_tf32(convolutions: bool, products: bool) -> *mut c_char;
    fn snn_torch_peak(device: c_int, resets: bool, bytes: *mut i64) -> *mut c_char;
    fn snn_torch_pin(tensor: *const C_tensor, pinned: *mut *mut C_tensor) -> *mut c_char;
    fn snn_torch_generator_state(ordinal: c_int, state: *mut *mut C_tensor) -> *mut c_char;
    fn snn_torch_set_generator_state(ordinal: c_int, state: *const C_tensor) -> *mut c_char;
}

/// The settings of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The learning rate.
    pub rate: f64,
    /// How long the mean of gradients and of their squares remember.
    pub betas: (f64, f64),
    /// What is added to the root.
    pub eps: f64,
    /// Weight decay.
    pub decay: f64,
    /// Whether the weights decay by themselves (AdamW), and not through the gradient.
    pub decoupled: bool,
}

/// The tensors of some params, in the same order.
pub struct Moments<'a> {
    /// The params.
    pub params: &'a [Tensor],
    /// Their gradients.
    pub grads: &'a [Tensor],
    /// The means of the gradients.
    pub means: &'a [Tensor],
    /// The means of their squares.
    pub squares: &'a [Tensor],
    /// How many steps there were, a number in f32 each.
    pub steps: &'a [Tensor],
}

/// What loss scaling knows: gradients are too large by `scale`, and no step is taken where `found` is not 0.
#[derive(Clone, Copy, Debug)]
pub struct Scaled<'a> {
    /// The scale.
    pub scale: &'a Tensor,
    /// Whether a gradient was not finite, as 0 or 1.
    pub found: &'a Tensor,
}

/// A step of Adam over all params, in one kernel for each device and type.
///
/// # Errors
///
/// Those of libtorch.
pub fn adam(settings: &Adam, moments: &Moments<'_>, scaled: Option<Scaled<'_>>) -> Result<()> {
    let Moments { params, grads, means, squares, steps } = moments;
    let [params, grads, means, squares, steps] =
        [params, grads, means, squares, steps].map(|all| pointers(all));
    let (scale, found) = of(scaled);
    let &Adam { rate, betas, eps, decay, decoupled } = settings;
    // SAFETY: the pointers are of tensors that live until the call is over, as many each as there are params.
    let message = unsafe {
        snn_torch_adam(
            params.as_ptr(),
            grads.as_ptr(),
            means.as_ptr(),
            squares.as_ptr(),
            steps.as_ptr(),
            [&params, &grads, &means, &squares, &steps]
                .map(|all| all.len())
                .into_iter()
                .min()
                .unwrap_or(0),
            rate,
            betas.0,
            betas.1,
            decay,
            eps,
            decoupled,
            scale,
            found,
        )
    };
    checked("a step of Adam", message)
}

/// The settings of gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub rate: f64,
    /// What of the step before goes on; 0 for none.
    pub momentum: f64,
    /// How much less a gradient counts in it.
    pub dampening: f64,
    /// Weight decay.
    pub decay: f64,
    /// Whether the gradient is that of where momentum leads.
    pub nesterov: bool,
}

/// A step of gradient descent over all params, in one kernel for each device and type. `momenta` is empty without
/// momentum; at the `first` step the gradients become the momenta.
///
/// # Errors
///
/// Those of libtorch.
pub fn sgd(
    settings: &Sgd,
    params: &[Tensor],
    grads: &[Tensor],
    momenta: &[Tensor],
    first: bool,
    scaled: Option<Scaled<'_>>,
) -> Result<()> {
    let n = params.len().min(grads.len());
    let [params, grads, momenta] = [params, grads, momenta].map(pointers);
    let momenta = if momenta.len() < n { std::ptr::null() } else { momenta.as_ptr() };
    let (scale, found) = of(scaled);
    let &Sgd { rate, momentum, dampening, decay, nesterov } = settings;
    // SAFETY: the pointers are of tensors that live until the call is over, `n` each.
    let message = unsafe {
        snn_torch_sgd(
            params.as_ptr(),
            grads.as_ptr(),
            momenta,
            n,
            decay,
            momentum,
            rate,
            dampening,
            nesterov,
            first,
            scale,
            found,
        )
    };
    checked("a step of gradient descent", message)
}

/// Multiplies gradients by `inverse`, and sets `found` to 1 where any is not finite. The host does not wait.
///
/// # Errors
///
/// Those of libtorch.
pub fn unscale(grads: &[Tensor], found: &Tensor, inverse: &Tensor) -> Result<()> {
    let grads = pointers(grads);
    // SAFETY: the pointers are of tensors that live until the call is over.
    let message = unsafe {
        snn_torch_unscale(grads.as_ptr(), grads.len(), pointer(Some(found)), inverse.as_ptr())
    };
    checked("unscaling gradients", message)
}

/// Lets the gradient of a tensor go; backward then makes a new one instead of adding to it.
pub fn forget_grad(tensor: &Tensor) {
    // SAFETY: it is a tensor, and its gradient is counted by references.
    unsafe { snn_torch_forget_grad(pointer(Some(tensor))) };
}

/// Whether convolutions and matrix products of f32 on CUDA may round what they multiply to 10 bits, which is faster;
/// as libtorch is, convolutions may and products may not.
///
/// # Errors
///
/// Those of libtorch.
pub fn allow_tf32(convolutions: bool, products: bool) -> Result<()> {
    // SAFETY: the call only sets flags.
    checked("setting how products are rounded", unsafe { snn_torch_tf32(convolutions, products) })
}

/// Waits until all that was started on a device is done.
pub fn synchronize(device: Device) {
    if let Device::Cuda(ordinal) = device {
        tch::Cuda::synchronize(ordinal as i64);
    }
}

/// The most bytes that tensors on a CUDA device had at once since the last call that `resets` the count, which it
/// does behind this.
///
/// # Errors
///
/// Those of libtorch, such as of a device that is not there.
pub fn peak_memory(ordinal: usize, resets: bool) -> Result<u64> {
    let (mut before, mut now) = (0, 0);
    // SAFETY: each call writes the one place that it is given.
    checked("asking for memory", unsafe { snn_torch_peak(ordinal as c_int, false, &mut before) })?;
    if resets {
        // SAFETY: as above.
        checked("asking for memory", unsafe { snn_torch_peak(ordinal as c_int, true, &mut now) })?;
    }
    Ok(before.unsigned_abs())
}

/// A tensor of the CPU with the same numbers in pinned memory, which a GPU copies from while the program goes on. It is
/// `Tensor::f_pin_memory` without the device, which libtorch no longer wants to be named.
///
/// # Errors
///
/// Those of libtorch: without a GPU there is no such memory.
pub fn pinned(tensor: &Tensor) -> Result<Tensor> {
    let mut pinned = std::ptr::null_mut();
    // SAFETY: the tensor lives until the call is over, which writes the one place that it is given, a tensor of ours.
    checked("pinning memory", unsafe { snn_torch_pin(tensor.as_ptr(), &mut pinned) })?;
    // SAFETY: the tensor was made for us, and nobody else has the pointer.
    Ok(unsafe { Tensor::from_ptr(pinned) })
}

/// Runs what starts on a stream of its own of a CUDA device instead of the one that is current. What one stream
/// writes and another one reads has to be waited for in between.
///
/// # Errors
///
/// Those of libtorch.
pub fn on_side_stream<R>(ordinal: usize, run: impl FnOnce() -> R) -> Result<R> {
    let mut before = 0;
    exchange(ordinal, true, &mut before)?;
    /// Makes the stream before current again, also behind a panic.
    struct Back(usize, i64);
    impl Drop for Back {
        fn drop(&mut self) {
            let _ = exchange(self.0, false, &mut self.1);
        }
    }
    let back = Back(ordinal, before);
    let result = run();
    drop(back);
    Ok(result)
}

fn exchange(ordinal: usize, is_new: bool, id: &mut i64) -> Result<()> {
    // SAFETY: it reads and writes the one place that it is given.
    let message = unsafe { snn_torch_exchange_stream(ordinal as c_int, is_new, id) };
    checked("changing the stream", message)
}

/// What the random operations of a device go on from, as bytes on the CPU.
///
/// ```
/// # fn main() -> snn_runtime::error::Result<()> {
/// use snn_runtime::torch::ops::{generator_state, set_generator_state};
/// use tch::{Device, Kind, Tensor};
///
/// let draw = || Tensor::rand([3], (Kind::Float, Device::Cpu));
/// let state = generator_state(Device::Cpu)?;
/// let drawn = draw();
/// assert_ne!(draw(), drawn);
/// set_generator_state(Device::Cpu, &state)?;
/// assert_eq!(draw(), drawn);
/// assert!(set_generator_state(Device::Cpu, &drawn).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of libtorch, such as of a device that is not there; [`Error::Unsupported`] for one that is neither the CPU nor
/// CUDA.
pub fn generator_state(device: Device) -> Result<Tensor> {
    let mut state = std::ptr::null_mut();
    // SAFETY: it writes the one place that it is given, a tensor that is ours.
    let message = unsafe { snn_torch_generator_state(generator(device)?, &mut state) };
    checked("asking for the state of a generator", message)?;
    // SAFETY: the tensor was made for us, and nobody else has the pointer.
    Ok(unsafe { Tensor::from_ptr(state) })
}

/// Makes the random operations of a device go on from such bytes.
///
/// # Errors
///
/// As [`generator_state`], and where these are not the bytes of such a generator.
pub fn set_generator_state(device: Device, state: &Tensor) -> Result<()> {
    // SAFETY: the pointer is of a tensor that lives until the call is over.
    let message = unsafe { snn_torch_set_generator_state(generator(device)?, state.as_ptr()) };
    checked("setting the state of a generator", message)
}

/// The number of a device's generator in the bridge.
fn generator(device: Device) -> Result<c_int> {
    match device {
        Device::Cpu => Ok(-1),
        Device::Cuda(ordinal) => Ok(ordinal as c_int),
        other => Err(Error::Unsupported {
            device: "libtorch".into(),
            what: format!("the random generator of {other:?}"),
            instead: "use the CPU or CUDA".into(),
        }),
    }
}

/// Runs what computes in 16 bits where that is safe, as libtorch's autocast decides; without a kind, as it is.
///
/// # Errors
///
/// Those of libtorch.
pub fn autocast<R>(device: Device, kind: Option<Kind>, run: impl FnOnce() -> R) -> Result<R> {
    let Some(kind) = kind else { return Ok(run()) };
    let guard = Autocast::enter(device.is_cuda(), kind)?;
    let result = run();
    drop(guard);
    Ok(result)
}

/// Ends autocast, also where what it is for panics.
struct Autocast {
    cuda: bool,
    was: bool,
    was_kind: c_int,
}

impl Autocast {
    fn enter(cuda: bool, kind: Kind) -> Result<Self> {
        let (mut was, mut was_kind) = (false, 0);
        let kind = scalar_type(kind)?;
        // SAFETY: it writes the two places that it is given, and sets flags of this thread.
        let message = unsafe { snn_torch_autocast(cuda, true, kind, &mut was, &mut was_kind) };
        checked("autocast", message)?;
        // SAFETY: a counter of this thread.
        unsafe { snn_torch_autocast_nesting(true) };
        Ok(Self { cuda, was, was_kind })
    }
}

impl Drop for Autocast {
    fn drop(&mut self) {
        let (mut was, mut was_kind) = (false, 0);
        // SAFETY: as in `enter`. What was set before can be set again.
        unsafe {
            snn_torch_autocast_nesting(false);
            let message =
                snn_torch_autocast(self.cuda, self.was, self.was_kind, &mut was, &mut was_kind);
            let _ = checked("autocast", message);
        }
    }
}

/// The number of a type of 16 bits in libtorch.
fn scalar_type(kind: Kind) -> Result<c_int> {
    match kind {
        Kind::Half => Ok(5),
        Kind::BFloat16 => Ok(15),
        other => Err(Error::Unsupported {
            device: "libtorch".into(),
            what: format!("autocast to {other:?}"),
            instead: "cast to f16 or bf16".into(),
        }),
    }
}

fn of(scaled: Option<Scaled<'_>>) -> (*mut C_tensor, *mut C_tensor) {
    let part = |tensor: Option<&Tensor>| pointer(tensor);
    (part(scaled.map(|s| s.scale)), part(scaled.map(|s| s.found)))
}

fn pointers(tensors: &[Tensor]) -> Vec<*mut C_tensor> {
    tensors.iter().map(|tensor| pointer(Some(tensor))).collect()
}
