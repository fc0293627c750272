//! Machine code in memory: written first, then made executable, never both at once.

use memmap2::{Mmap, MmapMut};

use super::failed;
use crate::error::Result;

/// An entry: buffers in the manifest's order with null for those left out, scalars in the manifest's
/// order, and the blocks (for `reduce`, the sums) from `begin` up to `end`.
type Entry = unsafe extern "C" fn(*const *mut u8, *const i64, i64, i64);

/// Mapped code.
pub struct Code(Mmap);

impl Code {
    /// Maps a copy of the code.
    pub fn new(code: &[u8]) -> Result<Self> {
        let refused = |e: std::io::Error| failed("mapping code", e.to_string());
        let mut map = MmapMut::map_anon(code.len().max(1)).map_err(refused)?;
        map[..code.len()].copy_from_slice(code);
        let map = map.make_exec().map_err(refused)?;
        synchronize(&map);
        Ok(Self(map))
    }

    /// Runs the entry at an offset.
    ///
    /// # Safety
    ///
    /// An entry begins at the offset, the arguments are as many as it takes, and every buffer holds what
    /// its shape says for the scalars.
    pub unsafe fn call(
        &self,
        offset: usize,
        buffers: &[*mut u8],
        scalars: &[i64],
        (begin, end): (i64, i64),
    ) {
        let address = self.0[offset..].as_ptr();
        // SAFETY: the caller says that an entry begins here.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(address) };
        // SAFETY: the caller says that the arguments are what the entry takes.
        unsafe { entry(buffers.as_ptr(), scalars.as_ptr(), begin, end) };
    }
}

/// Lets the processor see what was written as data: only Arm does not do so by itself.
#[cfg(target_arch = "aarch64")]
fn synchronize(code: &[u8]) {
    // The smallest cache line of any Arm processor; cleaning a line twice does no harm.
    for line in code.chunks(16) {
        // SAFETY: the address is in the mapping; the instructions only clean caches.
        unsafe {
            std::arch::asm!("dc cvau, {0}", "ic ivau, {0}", in(reg) line.as_ptr(), options(nostack))
        };
    }
    // SAFETY: barriers touch no memory of the program.
    unsafe { std::arch::asm!("dsb ish", "isb", options(nostack)) };
}

#[cfg(not(target_arch = "aarch64"))]
fn synchronize(_code: &[u8]) {}
