//! What the text of every emitted module is held to: no operation that rounds otherwise than the kernel
//! says, no flush of subnormals, no local memory, no call, no atomic.

use crate::error::Bug;

/// Arithmetic that must name its rounding, to nearest.
const ROUNDED: [&str; 6] = ["add", "sub", "mul", "div", "rcp", "sqrt"];

/// Instructions that approximate, call, or depend on the order of threads.
const FORBIDDEN: [&str; 9] = ["ex2", "lg2", "sin", "cos", "tanh", "rsqrt", "call", "atom", "red"];

const FLOATS: [&str; 5] = ["f16", "f16x2", "bf16", "f32", "f64"];

/// Checks PTX text; `relaxed` says of an entry whether its kernel asks for fused multiply-adds or ratios.
///
/// # Errors
///
/// A [`Bug`] with the first line that breaks a rule, and the rule.
pub fn check_strict(ptx: &str, relaxed: impl Fn(&str) -> bool) -> Result<(), Bug> {
    let mut is_relaxed = false;
    for line in ptx.lines() {
        if let Some(entry) = line.trim().strip_prefix(".visible .entry ") {
            is_relaxed = relaxed(entry.trim_end_matches(['(', ')']));
        }
        if let Some(rule) = broken_rule(line, is_relaxed) {
            return Err(Bug(format!("PTX that {rule}: `{}`", line.trim())));
        }
    }
    Ok(())
}

fn broken_rule(line: &str, is_relaxed: bool) -> Option<&'static str> {
    let line = line.split("//").next().unwrap_or_default().trim();
    if line.starts_with(".local") || line.contains("__local_depot") {
        return Some("uses local memory");
    }
    let instruction = match line.strip_prefix('@') {
        Some(predicated) => predicated.split_once(char::is_whitespace).map_or("", |(_, rest)| rest),
        None => line,
    };
    let mnemonic = instruction.split([' ', '\t', ';']).next().unwrap_or_default();
    let mut parts = mnemonic.split('.');
    let name = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    let has = |part: &str| parts.contains(&part);
    let on_floats = FLOATS.iter().any(|float| has(float));
    if name.is_empty() || (is_relaxed && mnemonic == "rcp.approx.ftz.f32") {
        None
    } else if has("ftz") {
        Some("flushes subnormals")
    } else if has("approx") || FORBIDDEN.contains(&name) {
        Some("approximates, calls or is atomic")
    } else if has("local") {
        Some("uses local memory")
    } else if name == "div" && has("full") && is_relaxed {
        None
    } else if on_floats && ROUNDED.contains(&name) && !has("rn") {
        Some("does not round to nearest")
    } else if on_floats && matches!(name, "fma" | "mad") && !(is_relaxed && has("rn")) {
        Some("contracts")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::check_strict;

    fn breaks(line: &str) -> bool {
        let text = format!(".visible .entry forward(\n)\n{{\n\t{line}\n}}\n");
        check_strict(&text, |_| false).is_err()
    }

    #[test]
    fn lines_that_keep_the_rules_pass() {
        for line in [
            "add.rn.f32 \t%f1, %f2, %f3;",
            "div.rn.f64 %fd1, %fd2, %fd3;",
            "mad.lo.s32 %r1, %r2, %r3, %r4;",
            "@%p1 bra \t$L__BB0_2;",
            "mul.wide.u32 %rd1, %r1, 4;",
            "shfl.sync.bfly.b32\t%r18, %r17, 16, 31, -1;",
            "// .local fma.rn.f32",
            "cvt.rni.f32.f32 %f1, %f2;",
            "ret;",
        ] {
            assert!(!breaks(line), "{line}");
        }
    }

    #[test]
    fn lines_that_break_a_rule_are_found() {
        for line in [
            "add.f32 %f1, %f2, %f3;",
            "add.rn.ftz.f32 %f1, %f2, %f3;",
            "div.approx.f32 %f1, %f2, %f3;",
            "div.full.f32 %f1, %f2, %f3;",
            "rcp.approx.ftz.f32 %f1, %f2;",
            "fma.rn.f32 %f1, %f2, %f3, %f4;",
            "@%p1 mad.f32 %f1, %f2, %f3, %f4;",
            "@!%p1 ex2.approx.f32 %f1, %f2;",
            "mul.rz.f32 %f1, %f2, %f3;",
            "ld.local.f32 %f1, [%rd1];",
            ".local .align 4 .b8 \t__local_depot0[4];",
            "red.global.add.f32 [%rd1], %f1;",
            "call.uni (retval0), f, (param0);",
        ] {
            assert!(breaks(line), "{line}");
        }
    }

    #[test]
    fn a_fused_multiply_add_and_a_ratio_pass_where_the_kernel_asks_for_them() {
        for line in [
            "fma.rn.f32 %f1, %f2, %f3, %f4;",
            "div.full.f32 %f1, %f2, %f3;",
            "rcp.approx.ftz.f32 %f1, %f2;",
        ] {
            let text = format!(".visible .entry a(\n\t{line}\n");
            assert!(check_strict(&text, |entry| entry == "a").is_ok());
            assert!(check_strict(&text, |entry| entry == "b").is_err());
        }
    }
}
