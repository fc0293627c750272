//! Memory of the CPU, aligned to cache lines.

use std::any::Any;

use memmap2::MmapMut;

use crate::device::Memory;

/// From here on memory comes from the system page by page, when it is first touched.
const LARGE: usize = 1 << 18;

/// A cache line. What is not large is made of these, so that it is aligned.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Bytes that begin at a cache line.
pub struct CpuMemory {
    store: Store,
    size: usize,
}

enum Store {
    Small(Box<[Line]>),
    Large(MmapMut),
    /// Somebody else's, from this address on.
    Borrowed(*mut u8),
}

// SAFETY: who lends memory promises that nobody else uses it meanwhile, on whatever thread this is.
unsafe impl Send for Store {}

impl CpuMemory {
    /// Zeroed memory; `None` where there is no room.
    pub fn new(size: usize) -> Option<Self> {
        let store = if size >= LARGE {
            Store::Large(MmapMut::map_anon(size).ok()?)
        } else {
            Store::Small(vec![Line([0; 64]); size.div_ceil(64)].into_boxed_slice())
        };
        Some(Self { store, size })
    }

    /// Memory that is somebody else's.
    ///
    /// # Safety
    ///
    /// The address has to be that of so many bytes, which live as long as this, and which nobody else writes to
    /// meanwhile, nor reads if this is written to.
    pub unsafe fn borrowed(address: *mut u8, size: usize) -> Self {
        Self { store: Store::Borrowed(address), size }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.store {
            // SAFETY: a `Line` is 64 bytes without padding, and `size` is at most 64 a line.
            Store::Small(lines) => unsafe {
                std::slice::from_raw_parts(lines.as_ptr().cast(), self.size)
            },
            Store::Large(map) => map,
            // An address of no bytes may be null.
            Store::Borrowed(_) if self.size == 0 => &[],
            // SAFETY: the lender's promise.
            Store::Borrowed(address) => unsafe { std::slice::from_raw_parts(*address, self.size) },
        }
    }

    /// Its bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.store {
            // SAFETY: as in `bytes`; the borrow is exclusive.
            Store::Small(lines) => unsafe {
                std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), self.size)
            },
            Store::Large(map) => map,
            Store::Borrowed(_) if self.size == 0 => &mut [],
            // SAFETY: as in `bytes`; the borrow is exclusive.
            Store::Borrowed(address) => unsafe {
                std::slice::from_raw_parts_mut(*address, self.size)
            },
        }
    }
}

impl Memory for CpuMemory {
    fn size(&self) -> usize {
        self.size
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
