//! Loads and stores: which bytes a lane touches, how elements become numbers, and what happens where a
//! buffer was left out.
//!
//! A thread's lanes are adjacent, so they are one vector access wherever each lane has an element of its
//! own. A load never branches: a buffer that was left out is read from zeros, and the result not used.

use super::emitter::{Chunk, Emitter, Lanes, lane};
use super::inst;
use super::stream::{self, Cache};
use super::text::{Text, Value};
use crate::error::Bug;
use crate::kernel::{BufferId, Float, Shape, Storage, ValueId, WORD};

/// The most bytes of one access.
pub(super) const WIDEST: usize = 16;

/// The LLVM type of an element.
pub(super) fn element(storage: Storage) -> &'static str {
    match storage {
        Storage::F32 => "float",
        Storage::F64 => "double",
        Storage::F16 => "half",
        Storage::Bf16 | Storage::F16Bits | Storage::Bf16Bits => "i16",
        Storage::I32 => "i32",
    }
}

/// Bytes of an element.
pub(super) fn size(storage: Storage) -> usize {
    snn_artifact::Dtype::from(storage).size()
}

/// The alignment of the access of adjacent lanes.
pub(super) fn alignment(storage: Storage, width: usize) -> usize {
    (size(storage) * width).min(WIDEST)
}

/// Whether each lane has an element of its own, adjacent to its neighbour's.
pub(super) fn is_per_lane(shape: Shape) -> bool {
    match shape {
        Shape::Sequence | Shape::Lane | Shape::Checkpoint | Shape::Chunk => true,
        Shape::Packed | Shape::Segment => true,
        Shape::Layer | Shape::Channel | Shape::Neuron | Shape::Partial | Shape::Group => false,
        Shape::Step | Shape::Matrix => false,
    }
}

/// The address some bytes further on.
pub(super) fn offset(text: &mut Text, pointer: &Value, bytes: &Value) -> Value {
    text.value(format_args!("getelementptr i8, ptr addrspace(1) {pointer}, i64 {bytes}"))
}

impl Emitter<'_> {
    /// Loads a buffer that is not a sequence, without its fallback.
    pub(super) fn load(&mut self, buffer: BufferId, chunk: Option<&Chunk>) -> Result<Lanes, Bug> {
        let pointer = self.pointers[buffer.0 as usize].clone();
        match self.kernel.buffer(buffer).shape {
            Shape::Layer => Ok(vec![self.load_cached(buffer, &pointer.base)]),
            Shape::Lane => {
                let from = self.in_row(buffer, &pointer.base)?;
                Ok(self.load_lanes(buffer, &from))
            }
            Shape::Checkpoint => {
                let chunk =
                    chunk.ok_or_else(|| Bug("a checkpoint is loaded outside of a chunk".into()))?;
                let from = self.checkpoint(buffer, chunk)?;
                // Chunk 0 has no checkpoint: there, too, zeros are read and not used.
                let from = inst::select(
                    &mut self.text,
                    "ptr addrspace(1)",
                    &chunk.past_first,
                    &from,
                    &"@absent".into(),
                );
                Ok(self.load_lanes(buffer, &from))
            }
            Shape::Chunk => {
                let chunk =
                    chunk.ok_or_else(|| Bug("a chunk's word is loaded outside of it".into()))?;
                let from = self.row_of(buffer, &chunk.index)?;
                Ok(self.load_lanes(buffer, &from))
            }
            Shape::Channel | Shape::Neuron => self.load_shared(buffer),
            shape @ (Shape::Sequence
            | Shape::Packed
            | Shape::Segment
            | Shape::Partial
            | Shape::Group
            | Shape::Step
            | Shape::Matrix) => Err(Bug(format!("a load of {shape:?} outside of steps"))),
        }
    }

    /// The element of a step, the same for all lanes; that of the chunk's first where the step is not there.
    pub(super) fn load_step(&mut self, buffer: BufferId, step: u32, chunk: &Chunk) -> Lanes {
        let pointer = self.pointers[buffer.0 as usize].clone();
        let bytes = size(self.kernel.buffer(buffer).storage);
        let text = &mut self.text;
        let first = text.value(format_args!("mul i64 {}, {bytes}", chunk.first));
        let mut at = text.value(format_args!("add i64 {first}, {}", bytes * step as usize));
        if let Some(active) = &chunk.active {
            at = inst::select(text, "i64", &active[step as usize], &at, &first);
        }
        if let Some(given) = &pointer.given {
            at = inst::select(text, "i64", given, &at, &"0".into());
        }
        let from = offset(text, &pointer.base, &at);
        vec![self.load_cached(buffer, &from)]
    }

    /// The element that each lane shares with others.
    fn load_shared(&mut self, buffer: BufferId) -> Result<Lanes, Bug> {
        let (base, given) = {
            let pointer = &self.pointers[buffer.0 as usize];
            (pointer.base.clone(), pointer.given.clone())
        };
        let is_channel = self.kernel.buffer(buffer).shape == Shape::Channel;
        let bytes = size(self.kernel.buffer(buffer).storage);
        let mut lanes = Lanes::new();
        for index in self.shared_indices(is_channel) {
            let text = &mut self.text;
            let mut at = text.value(format_args!("mul i64 {index}, {bytes}"));
            if let Some(given) = &given {
                at = inst::select(text, "i64", given, &at, &"0".into());
            }
            let from = offset(text, &base, &at);
            lanes.push(self.load_cached(buffer, &from));
        }
        Ok(lanes)
    }

    /// The index of what each adjacent lane shares with others: found by division for the first, and for each
    /// other from that of its neighbour.
    fn shared_indices(&mut self, of_channel: bool) -> Lanes {
        let text = &mut self.text;
        let n = text.value(format_args!("add i64 {}, %first", self.place.first));
        if !of_channel {
            let first = text.value(format_args!("urem i64 {n}, %M"));
            let next = |index: &Value| Some(next_index(text, index, "%M").0);
            return std::iter::successors(Some(first), next).take(self.place.width).collect();
        }
        let row = text.value(format_args!("udiv i64 {n}, %S"));
        let before = text.value(format_args!("mul i64 {row}, %S"));
        let mut within = text.value(format_args!("sub i64 {n}, {before}"));
        let mut indices = vec![text.value(format_args!("urem i64 {row}, %C"))];
        for i in 1..self.place.width {
            let (next, ends) = next_index(text, &within, "%S");
            within = next;
            let (channel, _) = next_index(text, &indices[i - 1], "%C");
            indices.push(inst::select(text, "i64", &ends, &channel, &indices[i - 1]));
        }
        indices
    }

    /// Loads the elements of the thread's adjacent lanes.
    fn load_lanes(&mut self, buffer: BufferId, from: &Value) -> Lanes {
        let registers = self.load_registers(buffer, from, None);
        self.widened(buffer, &registers)
    }

    /// The same, as they lie in memory, where a condition holds.
    pub(super) fn load_registers(
        &mut self,
        buffer: BufferId,
        from: &Value,
        condition: Option<&Value>,
    ) -> Lanes {
        let storage = self.kernel.buffer(buffer).storage;
        let (text, width) = (&mut self.text, self.place.width);
        stream::load(text, storage, from, width, Cache::Leave, condition)
    }

    /// What was loaded for the thread's adjacent lanes, as what the kernel computes in.
    pub(super) fn widened(&mut self, buffer: BufferId, registers: &Lanes) -> Lanes {
        let storage = self.kernel.buffer(buffer).storage;
        let elements = stream::unpacked(&mut self.text, storage, registers, self.place.width);
        self.widened_each(storage, &elements)
    }

    /// Elements as what the kernel computes in.
    pub(super) fn widened_each(&mut self, storage: Storage, elements: &Lanes) -> Lanes {
        let compute = self.kernel.compute;
        elements.iter().map(|value| widen(&mut self.text, storage, compute, value)).collect()
    }

    /// Loads an element that other threads load too.
    fn load_cached(&mut self, buffer: BufferId, from: &Value) -> Value {
        let (storage, compute) = (self.kernel.buffer(buffer).storage, self.kernel.compute);
        let (ty, align) = (element(storage), size(storage));
        let load =
            format_args!("load {ty}, ptr addrspace(1) {from}, align {align}, !invariant.load !0");
        let loaded = self.text.value(load);
        widen(&mut self.text, storage, compute, &loaded)
    }

    /// Stores to a buffer that is not a sequence.
    pub(super) fn store(
        &mut self,
        buffer: BufferId,
        value: ValueId,
        chunk: Option<&Chunk>,
    ) -> Result<(), Bug> {
        self.on_line_of(value);
        let base = self.pointers[buffer.0 as usize].base.clone();
        match (self.kernel.buffer(buffer).shape, chunk) {
            (Shape::Lane, _) => {
                let to = self.in_row(buffer, &base)?;
                let ends: Option<Value> = self.kernel.is_segmented().then(|| "%ends".into());
                self.store_adjacent(buffer, value, &to, ends.as_slice())
            }
            (Shape::Segment, _) => {
                let to = self.row_of(buffer, &"%segment".into())?;
                self.store_adjacent(buffer, value, &to, &[])
            }
            (Shape::Checkpoint, Some(chunk)) => {
                let to = self.checkpoint(buffer, chunk)?;
                self.store_adjacent(buffer, value, &to, std::slice::from_ref(&chunk.past_first))
            }
            (Shape::Chunk, Some(chunk)) => {
                let to = self.row_of(buffer, &chunk.index)?;
                self.store_adjacent(buffer, value, &to, &[])
            }
            (Shape::Packed, Some(chunk)) => {
                let chunks = WORD / self.kernel.schedule.chunk;
                let word = self.text.value(format_args!("udiv i64 {}, {chunks}", chunk.index));
                let to = self.row_of(buffer, &word)?;
                self.store_adjacent(buffer, value, &to, &[])
            }
            (shape, _) => Err(Bug(format!("a store to {shape:?} where it has no place"))),
        }
    }

    /// Narrows and stores adjacent elements where the buffer was given and the conditions hold, which
    /// are the same for all threads.
    pub(super) fn store_adjacent(
        &mut self,
        buffer: BufferId,
        value: ValueId,
        to: &Value,
        conditions: &[Value],
    ) -> Result<(), Bug> {
        let storage = self.kernel.buffer(buffer).storage;
        let width = self.place.width;
        let lanes = self.get(value)?;
        let given = self.pointers[buffer.0 as usize].given.clone();
        let conditions: Vec<Value> = given.into_iter().chain(conditions.iter().cloned()).collect();
        let (compute, has_narrow) = (self.kernel.compute, self.has_narrow);
        let text = &mut self.text;
        let lanes: Lanes = (0..width).map(|i| lane(&lanes, i).clone()).collect();
        let is_half = matches!(storage, Storage::F16 | Storage::Bf16);
        let all = conditions
            .into_iter()
            .reduce(|all, one| text.value(format_args!("and i1 {all}, {one}")));
        text.only_where(all.as_ref(), |text| {
            let registers = if is_half && has_narrow && compute == Float::F32 {
                stream::rounded(text, storage, &lanes)
            } else {
                let narrow = lanes.iter().map(|value| narrow(text, storage, compute, value));
                let narrow: Lanes = narrow.collect();
                stream::packed(text, storage, &narrow)
            };
            stream::store(text, storage, to, &registers, width);
        });
        Ok(())
    }

    /// The address of a chunk's checkpoint; not to be touched in chunk 0.
    fn checkpoint(&mut self, buffer: BufferId, chunk: &Chunk) -> Result<Value, Bug> {
        let row = self.text.value(format_args!("sub i64 {}, 1", chunk.index));
        self.row_of(buffer, &row)
    }

    /// Loads the lanes' elements of a segment.
    pub(super) fn load_segment(&mut self, buffer: BufferId, segment: &Value) -> Result<Lanes, Bug> {
        let from = self.row_of(buffer, segment)?;
        Ok(self.load_lanes(buffer, &from))
    }

    /// The address of the lanes' elements in a row of `N`.
    fn row_of(&mut self, buffer: BufferId, row: &Value) -> Result<Value, Bug> {
        let base = self.pointers[buffer.0 as usize].base.clone();
        let bytes = size(self.kernel.buffer(buffer).storage);
        let text = &mut self.text;
        let rows = text.value(format_args!("mul i64 {row}, %N"));
        let rows = text.value(format_args!("mul i64 {rows}, {bytes}"));
        let start = offset(text, &base, &rows);
        self.in_row(buffer, &start)
    }

    /// The address of the lanes' elements in the row that begins here.
    pub(super) fn in_row(&mut self, buffer: BufferId, start: &Value) -> Result<Value, Bug> {
        let block = self.place.blocks[buffer.0 as usize].clone();
        let block = block.ok_or_else(|| no_lanes(buffer))?;
        let of_block = offset(&mut self.text, start, &block);
        self.of_thread(buffer, &of_block)
    }

    /// The address of the thread's lanes, from that of its block's.
    pub(super) fn of_thread(&mut self, buffer: BufferId, block: &Value) -> Result<Value, Bug> {
        let at = self.place.offsets[buffer.0 as usize].clone();
        let at = at.ok_or_else(|| no_lanes(buffer))?;
        Ok(offset(&mut self.text, block, &at))
    }
}

/// The index behind another one, after the last of which comes 0, and whether that is so.
fn next_index(text: &mut Text, index: &Value, count: &str) -> (Value, Value) {
    let next = text.value(format_args!("add i64 {index}, 1"));
    let ends = text.value(format_args!("icmp eq i64 {next}, {count}"));
    (inst::select(text, "i64", &ends, &"0".into(), &next), ends)
}

fn no_lanes(buffer: BufferId) -> Bug {
    Bug(format!("buffer {} has no element for each lane", buffer.0))
}

/// A value as an element of a buffer, and the element's LLVM type.
pub(super) fn narrowed(
    text: &mut Text,
    storage: Storage,
    compute: Float,
    value: &Value,
) -> (Value, &'static str) {
    (narrow(text, storage, compute, value), element(storage))
}

/// An element as what the kernel computes in.
pub(super) fn widen(text: &mut Text, storage: Storage, compute: Float, value: &Value) -> Value {
    let real = inst::real(compute);
    match (storage, compute) {
        (Storage::I32, _) | (Storage::F32, Float::F32) | (Storage::F64, Float::F64) => {
            value.clone()
        }
        (Storage::F64, Float::F32) => text.value(format_args!("fptrunc double {value} to float")),
        (Storage::F32, Float::F64) => text.value(format_args!("fpext float {value} to double")),
        (Storage::F16Bits | Storage::Bf16Bits, _) => {
            text.value(format_args!("zext i16 {value} to i32"))
        }
        (Storage::F16, _) => text.value(format_args!("fpext half {value} to {real}")),
        (Storage::Bf16, _) => {
            let wide = text.value(format_args!("zext i16 {value} to i32"));
            let bits = text.value(format_args!("shl i32 {wide}, 16"));
            let single = text.value(format_args!("bitcast i32 {bits} to float"));
            match compute {
                Float::F32 => single,
                Float::F64 => text.value(format_args!("fpext float {single} to double")),
            }
        }
    }
}

fn narrow(text: &mut Text, storage: Storage, compute: Float, value: &Value) -> Value {
    let real = inst::real(compute);
    match (storage, compute) {
        (Storage::I32, _) | (Storage::F32, Float::F32) | (Storage::F64, Float::F64) => {
            value.clone()
        }
        (Storage::F32, Float::F64) => text.value(format_args!("fptrunc double {value} to float")),
        (Storage::F64, Float::F32) => text.value(format_args!("fpext float {value} to double")),
        (Storage::F16Bits | Storage::Bf16Bits, _) => {
            text.value(format_args!("trunc i32 {value} to i16"))
        }
        (Storage::F16, _) => text.value(format_args!("fptrunc {real} {value} to half")),
        (Storage::Bf16, Float::F32) => {
            let bits = text.value(format_args!("bitcast float {value} to i32"));
            narrow_to_bf16(text, compute, value, &bits)
        }
        (Storage::Bf16, Float::F64) => {
            let bits = round_to_odd(text, value);
            narrow_to_bf16(text, compute, value, &bits)
        }
    }
}

/// The bits of an f32 that rounds to bf16 as the double itself would: cut off, with the last bit set
/// where anything was cut, so that rounding twice is rounding once.
fn round_to_odd(text: &mut Text, value: &Value) -> Value {
    let cut = text.value(format_args!("call float @llvm.nvvm.d2f.rz(double {value})"));
    let back = text.value(format_args!("fpext float {cut} to double"));
    let lost = text.value(format_args!("fcmp one double {back}, {value}"));
    let sticky = text.value(format_args!("zext i1 {lost} to i32"));
    let bits = text.value(format_args!("bitcast float {cut} to i32"));
    text.value(format_args!("or i32 {bits}, {sticky}"))
}

/// The upper half of an f32's bits, rounded half to even; a NaN stays one.
fn narrow_to_bf16(text: &mut Text, compute: Float, value: &Value, bits: &Value) -> Value {
    let real = inst::real(compute);
    let upper = text.value(format_args!("lshr i32 {bits}, 16"));
    let odd = text.value(format_args!("and i32 {upper}, 1"));
    let half = text.value(format_args!("add i32 {odd}, 32767"));
    let sum = text.value(format_args!("add i32 {bits}, {half}"));
    let rounded = text.value(format_args!("lshr i32 {sum}, 16"));
    let quiet = text.value(format_args!("or i32 {upper}, 64"));
    let is_nan = text.value(format_args!("fcmp uno {real} {value}, {value}"));
    let chosen = inst::select(text, "i32", &is_nan, &quiet, &rounded);
    text.value(format_args!("trunc i32 {chosen} to i16"))
}
