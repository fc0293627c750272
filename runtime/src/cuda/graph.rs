//! Launches that are recorded once, to be started together any number of times: the host then takes as long
//! for all as for one.

use cudarc::driver::result::{graph, stream};
use cudarc::driver::sys;
use std::sync::Arc;

use super::context::Context;
use crate::error::Result;

/// Recorded launches, with what they run on.
pub struct Graph<W> {
    context: Arc<Context>,
    raw: sys::CUgraphExec,
    work: W,
}

// SAFETY: the driver's handle may be used from any thread whose context is bound, as each use does, but by
// one at a time, which `launch` asks for with `&mut`.
unsafe impl<W: Send> Send for Graph<W> {}

impl<W> Graph<W> {
    /// Starts what was recorded.
    ///
    /// # Errors
    ///
    /// [`crate::error::Error::Device`] with the driver's words.
    pub fn launch(&mut self) -> Result<()> {
        self.context.bind()?;
        // SAFETY: the graph is live, and so is what it runs on, since `work` is ours.
        let launched = unsafe { graph::launch(self.raw, self.context.stream()) };
        launched.map_err(|error| self.context.error("launching a graph", error))
    }

    /// What the launches run on.
    pub fn work(&self) -> &W {
        &self.work
    }
}

impl<W> Drop for Graph<W> {
    fn drop(&mut self) {
        if self.context.wait().is_ok() {
            // SAFETY: no launch of it is under way, and it is destroyed once. There is nobody to tell of a
            // failure.
            _ = unsafe { graph::exec_destroy(self.raw) };
        }
    }
}

/// Records what `start` starts on the stream.
pub fn record<W>(
    context: &Arc<Context>,
    mut work: W,
    start: impl FnOnce(&mut W) -> Result<()>,
) -> Result<Graph<W>> {
    let failed = |error| context.error("recording a graph", error);
    context.bind()?;
    let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    // SAFETY: the stream is live.
    unsafe { stream::begin_capture(context.stream(), mode) }.map_err(failed)?;
    let started = start(&mut work);
    context.bind()?;
    // SAFETY: the recording was begun on this stream.
    let recorded = unsafe { stream::end_capture(context.stream()) };
    started?;
    let recorded = recorded.map_err(failed)?;
    let raw = instantiated(context, recorded);
    // SAFETY: what was made of the graph does not need it any more, and it is destroyed once.
    _ = unsafe { graph::destroy(recorded) };
    Ok(Graph { context: Arc::clone(context), raw: raw?, work })
}

fn instantiated(context: &Context, recorded: sys::CUgraph) -> Result<sys::CUgraphExec> {
    let failed = |error| context.error("recording a graph", error);
    let mut nodes = 0;
    // SAFETY: the graph is live; without room for nodes the driver gives their number alone.
    let counted = unsafe { sys::cuGraphGetNodes(recorded, std::ptr::null_mut(), &mut nodes) };
    counted.result().map_err(failed)?;
    if nodes == 0 {
        return Err(context.failure("recording a graph", "nothing was started on its stream"));
    }
    let mut raw = std::ptr::null_mut();
    // SAFETY: the graph is live, and the pointer is to a handle that outlives the call.
    let made = unsafe { sys::cuGraphInstantiateWithFlags(&mut raw, recorded, 0) };
    made.result().map_err(failed)?;
    Ok(raw)
}
