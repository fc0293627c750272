//! The device's own clock: two events around what is started on the stream.

use cudarc::driver::result::{DriverError, event};
use cudarc::driver::sys;

use super::context::Context;
use crate::error::{Error, Result};

/// An event that is destroyed when it goes out of scope.
struct Event(sys::CUevent);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event was created and is destroyed once. There is nobody to tell of a failure.
        _ = unsafe { event::destroy(self.0) };
    }
}

/// Seconds between the start and the end, on the stream, of what `work` starts.
pub fn time(context: &Context, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let failed = |error: DriverError| -> Error { context.error("timing", error) };
    context.bind()?;
    let create = || event::create(sys::CUevent_flags::CU_EVENT_DEFAULT).map(Event).map_err(failed);
    let (start, end) = (create()?, create()?);
    // SAFETY: event and stream are live.
    unsafe { event::record(start.0, context.stream()) }.map_err(failed)?;
    work()?;
    context.bind()?;
    // SAFETY: as above.
    unsafe { event::record(end.0, context.stream()) }.map_err(failed)?;
    context.wait()?;
    // SAFETY: both events were recorded on the stream, which has been waited for.
    let milliseconds = unsafe { event::elapsed(start.0, end.0) }.map_err(failed)?;
    Ok(f64::from(milliseconds) / 1e3)
}
