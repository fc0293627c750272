//! What is computed here, recorded by libtorch's autograd.

use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Tensor;
use torch_sys::C_tensor;

use super::failed;
use crate::error::{Error, Result};

unsafe extern "C" {
    fn snn_torch_record(
        inputs: *const *mut C_tensor,
        n_inputs: usize,
        saved: *const *mut C_tensor,
        n_saved: usize,
        outputs: *const *mut C_tensor,
        is_fixed: *const u8,
        n_outputs: usize,
        op: *const c_void,
    ) -> *mut c_char;
    fn snn_torch_free(message: *mut c_char);
}

/// What backward of an operation computes.
pub trait Gradient: Send + Sync {
    /// The gradients of the inputs, in their order, of what was saved and of the gradients of the outputs.
    ///
    /// # Errors
    ///
    /// Become exceptions of libtorch.
    fn gradients(
        &self,
        saved: &[Option<Tensor>],
        grads: &[Option<Tensor>],
    ) -> Result<Vec<Option<Tensor>>>;
}

/// Tensors that are there, or are not.
pub type Tensors<'a> = Vec<Option<&'a Tensor>>;

/// Lets libtorch know what the outputs were computed of. Those of other than floating-point numbers have no
/// gradient.
///
/// # Errors
///
/// Those of libtorch.
pub fn record(
    op: impl Gradient + 'static,
    inputs: &Tensors<'_>,
    saved: &Tensors<'_>,
    outputs: &[&Tensor],
) -> Result<()> {
    let pointers = |tensors: &Tensors<'_>| -> Vec<*mut C_tensor> {
        tensors.iter().map(|tensor| pointer(*tensor)).collect()
    };
    let (inputs, saved) = (pointers(inputs), pointers(saved));
    let is_fixed: Vec<u8> =
        outputs.iter().map(|tensor| u8::from(!tensor.is_floating_point())).collect();
    let outputs: Vec<*mut C_tensor> = outputs.iter().map(|tensor| pointer(Some(tensor))).collect();
    let op: Box<Box<dyn Gradient>> = Box::new(Box::new(op));
    // SAFETY: all pointers are of tensors that live until the call is over; it takes `op` over.
    let message = unsafe {
        snn_torch_record(
            inputs.as_ptr(),
            inputs.len(),
            saved.as_ptr(),
            saved.len(),
            outputs.as_ptr(),
            is_fixed.as_ptr(),
            outputs.len(),
            Box::into_raw(op).cast(),
        )
    };
    checked("recording an operation", message)
}

/// The handle of a tensor, null for none.
pub fn pointer(tensor: Option<&Tensor>) -> *mut C_tensor {
    tensor.map_or(std::ptr::null_mut(), |tensor| tensor.as_ptr().cast_mut())
}

/// The message of a call that failed, as an error.
pub fn checked(what: &str, message: *mut c_char) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: it is a C string that is ours to free.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: as above.
    unsafe { snn_torch_free(message) };
    // What follows is a list of addresses.
    let text = text.split("\nException raised from").next().unwrap_or_default().to_string();
    Err(failed(what, text))
}

/// Called by libtorch, on whatever thread its backward runs.
#[unsafe(no_mangle)]
extern "C" fn snn_torch_backward(
    op: *const c_void,
    saved: *const *const C_tensor,
    n_saved: usize,
    grads: *const *const C_tensor,
    n_grads: usize,
    out: *mut *mut C_tensor,
    n_out: usize,
) -> *mut c_char {
    // SAFETY: `op` came from `record` and is not forgotten yet; the arrays are as long as is said.
    let run = || unsafe {
        let op = &*op.cast::<Box<dyn Gradient>>();
        let results = op.gradients(&borrowed(saved, n_saved), &borrowed(grads, n_grads))?;
        for (i, result) in results.into_iter().enumerate().take(n_out) {
            let owned = result.map(|tensor| ManuallyDrop::new(tensor).as_ptr().cast_mut());
            *out.add(i) = owned.unwrap_or(std::ptr::null_mut());
        }
        Ok(())
    };
    let done = catch_unwind(AssertUnwindSafe(run));
    let why = match done {
        Ok(Ok(())) => return std::ptr::null_mut(),
        Ok(Err(error)) => Error::to_string(&error),
        Err(panic) => format!("backward panicked: {}", words(panic.as_ref())),
    };
    let text = CString::new(why.replace('\0', " ")).unwrap_or_default();
    // The other side frees it as C does.
    // SAFETY: `text` is a C string.
    unsafe { torch_copy(text.as_ptr()) }
}

/// Called when libtorch forgets the graph.
#[unsafe(no_mangle)]
extern "C" fn snn_torch_forget(op: *const c_void) {
    // SAFETY: it came from `Box::into_raw`, and is forgotten once.
    drop(unsafe { Box::from_raw(op.cast_mut().cast::<Box<dyn Gradient>>()) });
}

unsafe extern "C" {
    #[link_name = "strdup"]
    fn torch_copy(text: *const c_char) -> *mut c_char;
}

/// Tensors that stay the caller's, as handles of our own.
///
/// # Safety
///
/// There have to be `n` pointers, each null or of a tensor.
unsafe fn borrowed(tensors: *const *const C_tensor, n: usize) -> Vec<Option<Tensor>> {
    let one = |i| {
        // SAFETY: the caller's promise.
        let pointer = unsafe { *tensors.add(i) };
        // SAFETY: as above; `clone_from_ptr` makes a handle of its own.
        (!pointer.is_null()).then(|| unsafe { Tensor::clone_from_ptr(pointer.cast_mut()) })
    };
    (0..n).map(one).collect()
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
