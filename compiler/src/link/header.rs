//! The C header: for each entry its prototype, its numbers, and a function with named arguments.

use std::fmt::Write;

use snn_artifact::{
    Artifact, Axis, Buffer, Dtype, Entry, Manifest, Param, Range, Sharing, Via, naming,
};

use super::symbol;
use crate::error::Unsupported;

/// The name of the entry that adds up partial sums; it works on groups, not on blocks of lanes.
const REDUCE: &str = "reduce";
const OUTER: &str = "outer";

/// How many segments of `L` steps there are.
const SEGMENTS: &str = "(T > L ? T / L + (T % L != 0) : 1)";

/// What comes before the entries of the file `{neuron}.h`, with `{...}` filled in.
const BEGIN: &str = "\
#ifndef SNN_{neuron}_H
#define SNN_{neuron}_H

#include <stddef.h>
#include <stdint.h>

#ifndef SNN_CALL
#if defined(_WIN32) && (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define SNN_CALL __attribute__((sysv_abi))
#elif defined(_WIN32) && defined(_M_X64)
#error \"the kernels follow the System V calling convention: compile with gcc or clang\"
#else
#define SNN_CALL
#endif
#endif

#ifdef __cplusplus
extern \"C\" {
#endif
";

/// What comes behind the entries.
const END: &str = "
#ifdef __cplusplus
}
#endif

#endif
";

/// The header of an artifact's object file.
///
/// # Errors
///
/// Where the code is not for a CPU.
pub fn header(artifact: &Artifact) -> Result<String, Unsupported> {
    let (_, level) = super::code(artifact)?;
    let manifest = &artifact.manifest;
    let mut text = about(manifest, level);
    text.push_str(&BEGIN.replace("{neuron}", &manifest.neuron));
    for (name, entry) in &manifest.entries {
        text.push_str(&prototype(manifest, name, entry));
    }
    text.push_str(END);
    Ok(text)
}

/// The comment at the top: what the file is of, and what holds for all entries.
fn about(manifest: &Manifest, level: &str) -> String {
    let mut text = format!(
        "/*\n * {}: kernels for {level}, made by snnc {}. Do not edit.\n",
        manifest.neuron, manifest.compiler
    );
    let options: Vec<String> =
        manifest.options.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if !options.is_empty() {
        let _ = writeln!(text, " * Options: {}.", comment(&options.join(", ")));
    }
    for param in manifest.params.iter().flat_map(Param::elements) {
        let _ = writeln!(text, " * {}", comment(&describe(&param, manifest.parallel)));
    }
    text.push_str(COMMON);
    text
}

/// What holds for all entries.
const COMMON: &str = " *
 * Arrays are row-major; row t of an array [T, N] begins at t times its stride. No two overlap.
 * T: steps. N: lanes, that is neurons times the batch. C: channels, S: lanes of one channel that lie
 * side by side, M: neurons of one batch element; each at least 1. Lane n has the channel n / S % C.
 * begin, end: the blocks to compute, of ENTRY_blocks in all, in any order and on any threads.
 * Rounding is to nearest and denormals count, which is what a C program starts with.
 */
";

/// A param in a line.
fn describe(param: &Param, is_parallel: bool) -> String {
    let sharing = match param.sharing {
        Sharing::Layer => "layer",
        Sharing::Channel => "channel",
        Sharing::Neuron => "neuron",
    };
    let name = identifier(&param.name);
    let (kind, steps) = match &param.axis {
        Some(Axis::Steps) if is_parallel => ("param", " and step"),
        Some(Axis::Steps) => ("input", " and step"),
        Some(Axis::Matrix) => ("matrix", " and pair of steps"),
        _ => ("param", ""),
    };
    let mut text = format!("{kind}_{name}: per {sharing}{steps}, {} by default", param.default);
    if let Some(range) = param.range {
        let _ = write!(text, ", in {range}");
    }
    if let Some(map) = param.via.and_then(|via| map_text(via, param.range)) {
        let _ = write!(text, "; the kernels take w, where {name} = {map}");
    }
    text + "."
}

fn map_text(via: Via, range: Option<Range>) -> Option<String> {
    let low = range?.low?;
    Some(match via {
        Via::Sigmoid => format!("{low} + {} / (1 + exp(-w))", range?.high? - low),
        Via::Softplus => format!("{low} + log(1 + exp(w))"),
        Via::Exp => format!("{low} + exp(w)"),
    })
}

/// Text that does not end the comment it stands in.
fn comment(text: &str) -> String {
    text.replace("*/", "* /")
}

/// An entry: its constants, its prototype, and the function with named arguments.
fn prototype(manifest: &Manifest, name: &str, entry: &Entry) -> String {
    let symbol = symbol(manifest, name);
    let mut text = format!("\n/* {} */\n", purpose(name));
    if name != REDUCE {
        let (block, chunk) = (entry.block, entry.chunk);
        let _ = writeln!(text, "enum {{ {symbol}_block = {block}, {symbol}_chunk = {chunk} }};");
        let of_lanes = format!("N / {block} + (N % {block} != 0)");
        let (sizes, blocks) = match entry.scalars.iter().any(|scalar| scalar == "L") {
            true => ("int64_t N, int64_t T, int64_t L", format!("({of_lanes}) * {SEGMENTS}")),
            false => ("int64_t N", of_lanes),
        };
        let _ = writeln!(text, "static inline int64_t {symbol}_blocks({sizes}) {{");
        let _ = writeln!(text, "  return {blocks};\n}}");
    }
    let _ = writeln!(
        text,
        "void SNN_CALL {symbol}(void *const *buffers, const int64_t *scalars, int64_t begin, int64_t end);"
    );
    text + &named(&symbol, entry)
}

fn purpose(name: &str) -> &'static str {
    match name {
        "forward" => "Outputs and last states.",
        "forward_train" => "The same, and what backward needs of it.",
        "backward" => {
            "Gradients of inputs and first states, and what reduce adds up to those of params."
        }
        REDUCE => {
            "grad[g] is the sum of partial[(o * G + g) * S + s] over o and s; begin, end: groups of G."
        }
        OUTER => {
            "partial[p, t, k] is the sum of left[t, n] * right[k, n] over the lanes n of block p, and at \
             k = K that of left[t, n]."
        }
        _ if name.ends_with(&naming::sweep("", 1)) => "What follows the entry before it.",
        _ => "A kernel.",
    }
}

/// The function `ENTRY_call` that puts named arguments in order.
fn named(symbol: &str, entry: &Entry) -> String {
    let mut text = format!("static inline void {symbol}_call(\n");
    for buffer in &entry.buffers {
        let constant = if buffer.written { "" } else { "const " };
        let (ty, name) = (c_type(buffer.dtype), identifier(&buffer.name));
        let _ = writeln!(text, "    {constant}{ty} *{name}, /* {} */", about_buffer(buffer));
    }
    for scalar in &entry.scalars {
        let _ = writeln!(text, "    int64_t {},", identifier(scalar));
    }
    text.push_str("    int64_t begin, int64_t end) {\n");
    let buffers = entry.buffers.iter().map(|b| format!("(void *){}", identifier(&b.name)));
    let scalars = entry.scalars.iter().map(|scalar| identifier(scalar));
    list(&mut text, "  void *const buffers[]", buffers);
    list(&mut text, "  const int64_t scalars[]", scalars);
    let _ = writeln!(text, "  {symbol}(buffers, scalars, begin, end);\n}}");
    text
}

fn list(text: &mut String, what: &str, of: impl Iterator<Item = String>) {
    let _ = writeln!(text, "{what} = {{");
    of.for_each(|item| {
        let _ = writeln!(text, "      {item},");
    });
    text.push_str("  };\n");
}

/// The shape of a buffer, and whether it may be left out.
fn about_buffer(buffer: &Buffer) -> String {
    let shape = buffer.shape.join(", ");
    let absent = if buffer.optional { ", or NULL" } else { "" };
    format!("[{shape}]{absent}")
}

fn c_type(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 => "float",
        Dtype::F64 => "double",
        Dtype::F16 | Dtype::Bf16 => "uint16_t",
        Dtype::I32 => "int32_t",
    }
}

/// A manifest's name as C writes it. The word before the first dot keeps it from being a keyword.
fn identifier(name: &str) -> String {
    name.replace('.', "_").replace('@', "_at_")
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn names_of_hidden_states_are_names_of_c() {
        assert_eq!(identifier("state.s@prev"), "state_s_at_prev");
    }
}
