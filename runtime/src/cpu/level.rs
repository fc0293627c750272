//! What of the levels of the compiler the processor has.

/// The levels that a processor of this architecture may have, the best first, with whether it has.
#[cfg(target_arch = "x86_64")]
fn levels() -> [(&'static str, bool); 2] {
    macro_rules! has {
        ($($feature:tt)+) => { true $(&& std::arch::is_x86_feature_detected!($feature))+ };
    }
    let v2 = has!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "cmpxchg16b");
    let v3 = v2 && has!("avx" "avx2" "fma" "bmi1" "bmi2" "lzcnt" "movbe" "f16c");
    [("x86-64-v3", v3), ("x86-64-v2", v2)]
}

#[cfg(target_arch = "aarch64")]
fn levels() -> [(&'static str, bool); 1] {
    [("aarch64", true)]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn levels() -> [(&'static str, bool); 0] {
    []
}

/// The best level that this processor has, by the compiler's name for it; `None` where it has none.
pub fn host_level() -> Option<&'static str> {
    levels().into_iter().find(|(_, has)| *has).map(|(name, _)| name)
}

/// Whether code of a level runs on this processor.
pub fn supports(level: &str) -> bool {
    levels().into_iter().any(|(name, has)| has && name == level)
}
