//! Accesses to rows. What is touched once is marked to leave the caches first: LLVM has no word for that, hence
//! the instructions themselves.

use super::memory::{WIDEST, element, offset, size};
use super::text::{Text, Value};
use crate::kernel::Storage;

/// What is to become of elements in the caches once they were loaded.
#[derive(Clone, Copy)]
pub(super) enum Cache {
    /// They are not loaded again.
    Leave,
    /// They are. No kernel writes them.
    Stay,
}

/// How some adjacent elements are moved: in registers of one kind, each of which holds one or two.
struct Unit {
    /// The register's LLVM type.
    ty: &'static str,
    /// Its letter among the constraints of an instruction.
    letter: char,
    /// Its PTX type.
    ptx: &'static str,
    /// Its bytes.
    bytes: usize,
}

fn unit(storage: Storage, width: usize) -> Unit {
    let (ty, letter, ptx, bytes) = match (storage, width) {
        (Storage::F32, _) => ("float", 'f', "f32", 4),
        (Storage::F64, _) => ("double", 'd', "f64", 8),
        (Storage::I32, _) => ("i32", 'r', "b32", 4),
        (_, 1) => ("i16", 'h', "b16", 2),
        _ => ("i32", 'r', "b32", 4),
    };
    Unit { ty, letter, ptx, bytes }
}

/// Loads adjacent elements into registers, each of which holds one or two of them; only where a condition,
/// if there is one, holds. The registers hold anything otherwise.
pub(super) fn load(
    text: &mut Text,
    storage: Storage,
    from: &Value,
    width: usize,
    cache: Cache,
    condition: Option<&Value>,
) -> Vec<Value> {
    let unit = unit(storage, width);
    let mut registers = Vec::new();
    for (at, n) in pieces(storage, width, &unit) {
        let from = offset(text, from, &at.to_string().into());
        registers.extend(load_piece(text, &unit, &from, n, cache, condition));
    }
    registers
}

/// The elements in registers as [`load`] fills them.
pub(super) fn unpacked(
    text: &mut Text,
    storage: Storage,
    registers: &[Value],
    width: usize,
) -> Vec<Value> {
    let unit = unit(storage, width);
    registers.iter().flat_map(|register| unpack(text, storage, &unit, register)).collect()
}

/// Stores adjacent elements, which are in registers as [`packed`] or [`rounded`] makes them.
pub(super) fn store(
    text: &mut Text,
    storage: Storage,
    to: &Value,
    registers: &[Value],
    width: usize,
) {
    let unit = unit(storage, width);
    let mut rest = registers;
    for (at, n) in pieces(storage, width, &unit) {
        let to = offset(text, to, &at.to_string().into());
        let (now, later) = rest.split_at(n);
        store_piece(text, &unit, &to, now);
        rest = later;
    }
}

/// Adjacent elements in registers.
pub(super) fn packed(text: &mut Text, storage: Storage, elements: &[Value]) -> Vec<Value> {
    let unit = unit(storage, elements.len());
    let each = unit.bytes / size(storage);
    elements.chunks_exact(each).map(|elements| pack(text, storage, &unit, elements)).collect()
}

/// f32s rounded to 16 bits, in registers, by the instructions of newer devices.
pub(super) fn rounded(text: &mut Text, storage: Storage, lanes: &[Value]) -> Vec<Value> {
    let ptx = if storage == Storage::F16 { "f16" } else { "bf16" };
    let one = |lanes: &[Value]| match lanes {
        [low, high] => {
            let round = format!("asm \"cvt.rn.{ptx}x2.f32 $0, $1, $2;\", \"=r,f,f\"");
            text.value(format_args!("call i32 {round}(float {high}, float {low})"))
        }
        lanes => {
            let round = format!("asm \"cvt.rn.{ptx}.f32 $0, $1;\", \"=h,f\"");
            text.value(format_args!("call i16 {round}(float {})", lanes[0]))
        }
    };
    lanes.chunks(2).map(one).collect()
}

/// The accesses that some elements take: the distance of each in bytes, and its registers.
fn pieces(storage: Storage, width: usize, unit: &Unit) -> Vec<(usize, usize)> {
    let bytes = size(storage) * width;
    let starts = (0..bytes).step_by(WIDEST);
    starts.map(|at| (at, (bytes - at).min(WIDEST) / unit.bytes)).collect()
}

fn load_piece(
    text: &mut Text,
    unit: &Unit,
    from: &Value,
    n: usize,
    cache: Cache,
    condition: Option<&Value>,
) -> Vec<Value> {
    let Unit { ty, letter, ptx, .. } = unit;
    let address = text.value(format_args!("ptrtoint ptr addrspace(1) {from} to i64"));
    let names: Vec<String> = (0..n).map(|i| format!("${i}")).collect();
    let (vector, names) = vector(&names);
    let outs = format!("={letter},").repeat(n);
    let cache = match cache {
        Cache::Leave => "cs",
        Cache::Stay => "nc",
    };
    let load = format!("ld.global.{cache}{vector}.{ptx} {names}, [${n}];");
    let load = match condition {
        Some(condition) => {
            let p = n + 1;
            let load = format!("{{ .reg .pred p; setp.ne.b32 p, ${p}, 0; @p {load} }}");
            format!("asm \"{load}\", \"{outs}l,r\"(i64 {address}, i32 {condition})")
        }
        None => format!("asm \"{load}\", \"{outs}l\"(i64 {address})"),
    };
    if n == 1 {
        return vec![text.value(format_args!("call {ty} {load}"))];
    }
    let all = vec![*ty; n].join(", ");
    let loaded = text.value(format_args!("call {{ {all} }} {load}"));
    let one = |i| text.value(format_args!("extractvalue {{ {all} }} {loaded}, {i}"));
    (0..n).map(one).collect()
}

/// How an instruction calls its vector of operands, and these.
fn vector(names: &[String]) -> (String, String) {
    let list = names.join(", ");
    match names.len() {
        1 => (String::new(), list),
        n => (format!(".v{n}"), format!("{{{list}}}")),
    }
}

fn store_piece(text: &mut Text, unit: &Unit, to: &Value, registers: &[Value]) {
    let Unit { ty, letter, ptx, .. } = unit;
    let n = registers.len();
    let address = text.value(format_args!("ptrtoint ptr addrspace(1) {to} to i64"));
    let names: Vec<String> = (1..=n).map(|i| format!("${i}")).collect();
    let (vector, names) = vector(&names);
    let ins = format!(",{letter}").repeat(n);
    let store = format!("\"st.global.cs{vector}.{ptx} [$0], {names};\", \"l{ins}\"");
    let values: Vec<String> = registers.iter().map(|value| format!("{ty} {value}")).collect();
    let values = values.join(", ");
    text.effect(format_args!("call void asm sideeffect {store}(i64 {address}, {values})"));
}

/// The two elements of 16 bits in a register, got by an instruction that LLVM and the assembler do not
/// recognize as what got them before: they would rather keep them apart, in two registers.
pub(super) fn apart(text: &mut Text, storage: Storage, register: &Value) -> [Value; 2] {
    ["0x4410", "0x4432"].map(|bytes| {
        let pick = format!("call i32 asm \"prmt.b32 $0, $1, 0, {bytes};\", \"=r,r\"");
        let picked = text.value(format_args!("{pick}(i32 {register})"));
        let bits = text.value(format_args!("trunc i32 {picked} to i16"));
        match element(storage) {
            "i16" => bits,
            ty => text.value(format_args!("bitcast i16 {bits} to {ty}")),
        }
    })
}

/// The elements in a register.
fn unpack(text: &mut Text, storage: Storage, unit: &Unit, register: &Value) -> Vec<Value> {
    let (each, ty) = (unit.bytes / size(storage), element(storage));
    match (each, ty == unit.ty) {
        (1, true) => vec![register.clone()],
        (1, false) => vec![text.value(format_args!("bitcast {} {register} to {ty}", unit.ty))],
        _ => {
            let both = text.value(format_args!("bitcast {} {register} to <2 x {ty}>", unit.ty));
            let one = |i| text.value(format_args!("extractelement <2 x {ty}> {both}, i32 {i}"));
            (0..2).map(one).collect()
        }
    }
}

/// The register of some elements.
fn pack(text: &mut Text, storage: Storage, unit: &Unit, lanes: &[Value]) -> Value {
    let ty = element(storage);
    match lanes {
        [lane] if ty == unit.ty => lane.clone(),
        [lane] => text.value(format_args!("bitcast {ty} {lane} to {}", unit.ty)),
        _ => {
            let mut both: Value = "poison".into();
            for (i, lane) in lanes.iter().enumerate() {
                let insert = format!("insertelement <2 x {ty}> {both}, {ty} {lane}, i32 {i}");
                both = text.value(insert);
            }
            text.value(format_args!("bitcast <2 x {ty}> {both} to {}", unit.ty))
        }
    }
}
