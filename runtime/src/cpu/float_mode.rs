//! The floating-point mode that kernels are specified for: round to nearest, subnormals kept, no traps.

/// Sets the mode of this thread for as long as it lives, and then the mode that was there before.
pub struct FloatMode(Register);

#[cfg(target_arch = "x86_64")]
type Register = u32;
#[cfg(target_arch = "aarch64")]
type Register = u64;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Register = ();

/// All exceptions masked, nearest, neither flush-to-zero nor denormals-are-zero.
#[cfg(target_arch = "x86_64")]
const DEFAULT: Register = 0x1f80;
#[cfg(target_arch = "aarch64")]
const DEFAULT: Register = 0;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const DEFAULT: Register = ();

impl FloatMode {
    /// Sets the default mode.
    pub fn default_for_kernels() -> Self {
        let before = read();
        write(DEFAULT);
        Self(before)
    }
}

impl Drop for FloatMode {
    fn drop(&mut self) {
        write(self.0);
    }
}

#[cfg(target_arch = "x86_64")]
fn read() -> Register {
    let mut mode: Register = 0;
    // SAFETY: `stmxcsr` writes four bytes to the place it is given and changes nothing else.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut mode, options(nostack)) };
    mode
}

#[cfg(target_arch = "x86_64")]
fn write(mode: Register) {
    // SAFETY: the value is the default or one that was read from the register, so no reserved bit is
    // set; code of this program that runs meanwhile is the kernel's, which is made for the default.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const mode, options(nostack)) };
}

#[cfg(target_arch = "aarch64")]
fn read() -> Register {
    let mode: Register;
    // SAFETY: reading the register changes nothing.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) mode, options(nomem, nostack)) };
    mode
}

#[cfg(target_arch = "aarch64")]
fn write(mode: Register) {
    // SAFETY: the value is the default or one that was read from the register; code of this program
    // that runs meanwhile is the kernel's, which is made for the default.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) mode, options(nostack)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn read() {}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn write((): Register) {}
