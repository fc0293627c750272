//! A stream of a device, with the memory that is ordered on it.

use std::ops::Deref;
use std::sync::Arc;

use cudarc::driver::result::{self, DriverError, event, mem_pool, stream};
use cudarc::driver::sys;

use super::driver::is_out_of_memory;
use super::primary::Primary;
use crate::error::{Error, Result};

/// A stream of a device: what copies, launches and frees are ordered on.
pub struct Context {
    primary: Arc<Primary>,
    stream: sys::CUstream,
    /// Whether the stream is ours to destroy.
    is_ours: bool,
}

// SAFETY: streams may be used from any thread; every use binds the context to the thread first.
unsafe impl Send for Context {}
// SAFETY: as above; nothing here changes after creation.
unsafe impl Sync for Context {}

impl Deref for Context {
    type Target = Primary;

    fn deref(&self) -> &Primary {
        &self.primary
    }
}

impl Context {
    /// A new stream, which does not wait for the default one.
    pub fn new(primary: Arc<Primary>) -> Result<Self> {
        primary.bind()?;
        let stream = stream::create(stream::StreamKind::NonBlocking);
        let stream = stream.map_err(|e| primary.error("making a stream", e))?;
        Ok(Self { primary, stream, is_ours: true })
    }

    /// Another library's stream.
    ///
    /// # Safety
    ///
    /// The stream has to be one of the device's primary context, and to live as long as this.
    pub unsafe fn foreign(primary: Arc<Primary>, stream: sys::CUstream) -> Self {
        Self { primary, stream, is_ours: false }
    }

    /// What all streams of the device share.
    pub fn primary(&self) -> &Arc<Primary> {
        &self.primary
    }

    /// The stream itself.
    pub fn stream(&self) -> sys::CUstream {
        self.stream
    }

    /// Waits for everything on the stream.
    pub fn wait(&self) -> Result<()> {
        self.bind()?;
        self.check_not_recorded("waiting")?;
        // SAFETY: the stream lives as long as this.
        unsafe { stream::synchronize(self.stream) }.map_err(|e| self.error("waiting", e))
    }

    /// Lets what is started on this stream from now on wait for what was started on another one.
    pub fn after(&self, other: &Self) -> Result<()> {
        self.bind()?;
        let failed = |error| self.error("ordering streams", error);
        let flags = sys::CUevent_flags::CU_EVENT_DISABLE_TIMING;
        let event = event::create(flags).map_err(failed)?;
        let wait = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: event and streams are live; an event that is waited for may be destroyed before.
        let ordered = unsafe {
            let recorded = event::record(event, other.stream);
            let ordered = recorded.and_then(|()| stream::wait_event(self.stream, event, wait));
            _ = event::destroy(event);
            ordered
        };
        ordered.map_err(failed)
    }

    /// Memory of this many bytes, aligned to 256 bytes.
    pub fn alloc(&self, operand: &str, bytes: usize) -> Result<sys::CUdeviceptr> {
        self.bind()?;
        self.check_not_recorded(&format!("allocating `{operand}`"))?;
        let first = self.try_alloc(bytes);
        let tried = match first {
            Err(error) if is_out_of_memory(error) => {
                // What was freed may still be in use by launches, or be held by the pool.
                self.wait()?;
                self.trim();
                self.try_alloc(bytes)
            }
            tried => tried,
        };
        tried.map_err(|error| match is_out_of_memory(error) {
            true => {
                Error::OutOfMemory { device: self.name.clone(), operand: operand.into(), bytes }
            }
            false => self.error(&format!("allocating `{operand}`"), error),
        })
    }

    fn try_alloc(&self, bytes: usize) -> std::result::Result<sys::CUdeviceptr, DriverError> {
        // SAFETY: pool and stream live as long as this, and the context is bound.
        unsafe {
            match self.pool {
                Some(pool) => mem_pool::alloc_async(pool, bytes, self.stream),
                None => result::malloc_sync(bytes),
            }
        }
    }

    /// Frees memory behind everything on the stream; where other streams use it too, behind all of them.
    /// There is nobody to tell of a failure.
    pub fn free(&self, pointer: sys::CUdeviceptr, is_elsewhere: bool) {
        if self.bind().is_err() || (is_elsewhere && self.wait_for_all().is_err()) {
            return;
        }
        // SAFETY: the pointer came from `alloc`, and its owner frees it once.
        _ = unsafe {
            match self.pool {
                Some(_) => result::free_async(pointer, self.stream),
                None => result::free_sync(pointer),
            }
        };
    }

    /// Whether what is started on the stream is recorded into a graph instead of run.
    fn is_recorded(&self) -> bool {
        // SAFETY: the stream lives as long as this.
        let status = unsafe { stream::is_capturing(self.stream) };
        !matches!(status, Ok(sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE))
    }

    /// Fails while a graph is recorded, in which only copies and launches have a place.
    fn check_not_recorded(&self, what: &str) -> Result<()> {
        if !self.is_recorded() {
            return Ok(());
        }
        let why = "a graph is being recorded; launch once before, so that all memory is there, \
                   and read what was computed after";
        Err(self.failure(what, why))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if !self.is_ours || self.bind().is_err() {
            return;
        }
        // SAFETY: all memory of the stream holds this, so nothing uses it any more. Failures have nobody
        // to be told to.
        unsafe {
            _ = stream::synchronize(self.stream);
            _ = stream::destroy(self.stream);
        }
    }
}
