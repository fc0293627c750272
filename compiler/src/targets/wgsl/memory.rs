//! A kernel's memory: the globals it is bound to, its scalars, and the lane's element of a buffer.

use std::collections::HashMap;

use naga::{
    AddressSpace, ArraySize, BinaryOperator as Bin, Expression, GlobalVariable, Handle, Module,
    ResourceBinding, ScalarKind, Span, Statement, StructMember, TypeInner,
};

use super::bind::{Bindings, FIRST_LANE, GIVEN};
use super::build::{Builder, Expr, Scalars, array, halves, identifier, intern, storage};
use super::lane::Lane;
use crate::error::{Bug, EmitError};
use crate::kernel::{BufferId, Kernel, Shape, Storage, Type, WORD};

/// One global a binding; the buffers of a shared binding have the same one.
pub fn storage_buffers(
    module: &mut Module,
    kernel: &Kernel,
    bindings: &Bindings,
    types: Scalars,
    of_lanes: Scalars,
) -> Vec<Handle<GlobalVariable>> {
    let index = types.index;
    let mut known: HashMap<u32, Handle<GlobalVariable>> = HashMap::new();
    let mut globals = Vec::new();
    for (buffer, binding) in kernel.buffers.iter().zip(&bindings.buffers) {
        let global = known.entry(binding.index).or_insert_with(|| {
            let (name, storage_of) = match (&binding.offset, buffer.written) {
                (None, _) => (buffer.name.as_str(), Some(buffer.storage)),
                (Some(_), false) => ("packed_in", None),
                (Some(_), true) => ("packed_out", None),
            };
            let all = &mut module.types;
            let (width, types) = match is_by_lane(buffer.shape) {
                true => (kernel.schedule.lanes as usize, of_lanes),
                false => (1, types),
            };
            let ty = match storage_of {
                Some(Storage::F16Bits) => halves(all, width),
                Some(Storage::I32) => array(all, types.int, ArraySize::Dynamic),
                Some(_) => array(all, types.real, ArraySize::Dynamic),
                None => array(all, index, ArraySize::Dynamic),
            };
            let name = format!("{}_{name}", kernel.name);
            bind_global(module, name, storage(buffer.written), binding.index, ty)
        });
        globals.push(*global);
    }
    globals
}

/// Whether a buffer has an element for each lane, those of neighbours side by side.
fn is_by_lane(shape: Shape) -> bool {
    match shape {
        Shape::Sequence | Shape::Lane | Shape::Checkpoint | Shape::Chunk => true,
        Shape::Packed | Shape::Segment => true,
        Shape::Layer | Shape::Channel | Shape::Neuron | Shape::Partial | Shape::Group => false,
        Shape::Step | Shape::Matrix => false,
    }
}

/// A global variable bound in group 0.
pub fn bind_global(
    module: &mut Module,
    name: String,
    space: AddressSpace,
    binding: u32,
    ty: Handle<naga::Type>,
) -> Handle<GlobalVariable> {
    let variable = GlobalVariable {
        name: Some(identifier(&name)),
        space,
        binding: Some(ResourceBinding { group: 0, binding }),
        ty,
        init: None,
        memory_decorations: naga::MemoryDecorations::empty(),
    };
    module.global_variables.append(variable, Span::UNDEFINED)
}

/// The uniform at binding 0: a struct of `u32`s.
pub fn uniform(
    module: &mut Module,
    kernel: &str,
    names: &[String],
    index: Handle<naga::Type>,
) -> Handle<GlobalVariable> {
    let member = |(i, name): (usize, &String)| StructMember {
        name: Some(identifier(name)),
        ty: index,
        binding: None,
        offset: 4 * i as u32,
    };
    let members = names.iter().enumerate().map(member).collect();
    let inner = TypeInner::Struct { members, span: 4 * names.len() as u32 };
    let ty = intern(&mut module.types, Some(format!("{kernel}_launch")), inner);
    bind_global(module, format!("{kernel}_scalars"), AddressSpace::Uniform, 0, ty)
}

/// A launch scalar.
pub fn scalar(build: &mut Builder, uniform: Expr, place: usize, name: &str) -> Expr {
    let pointer = build.expr(Expression::AccessIndex { base: uniform, index: place as u32 });
    let value = build.load(pointer);
    build.name(value, name)
}

/// Loads the launch scalars that the kernel uses.
pub fn load_scalars<'a>(
    build: &mut Builder,
    kernel: &Kernel,
    bindings: &'a Bindings,
    uniform: Handle<GlobalVariable>,
) -> HashMap<&'a str, Expr> {
    let base = build.expr(Expression::GlobalVariable(uniform));
    let any = |shape| kernel.buffers.iter().any(|b| b.shape == shape);
    let (channel, neuron) = (any(Shape::Channel), any(Shape::Neuron));
    let used = |name: &str| match name {
        "C" => channel,
        "S" => channel || any(Shape::Group),
        "M" => neuron,
        FIRST_LANE => channel || neuron || kernel.draws(),
        GIVEN => kernel.buffers.iter().any(|b| b.optional),
        _ => true,
    };
    let names = bindings.uniform.iter().enumerate().filter(|(_, name)| used(name));
    names.map(|(i, name)| (name.as_str(), scalar(build, base, i, name))).collect()
}

impl Lane<'_> {
    /// The index of the element of one of the invocation's lanes in the binding of a buffer.
    fn index(&mut self, buffer: BufferId, which: usize) -> Result<Expr, EmitError> {
        let info = self.kernel.buffer(buffer);
        let outside = || Bug(format!("`{}` is touched outside of its loop", info.name));
        let place = self.place;
        let index = match info.shape {
            Shape::Sequence => {
                let stride = self.scalars[format!("stride.{}", info.name).as_str()];
                let time = place.time.ok_or_else(outside)?;
                let row = self.build.binary(Bin::Multiply, time, stride);
                self.build.binary(Bin::Add, row, place.lane[which])
            }
            Shape::Lane => place.lane[which],
            Shape::Layer => self.build.index(0),
            Shape::Step => place.time.ok_or_else(outside)?,
            Shape::Matrix => return Err(outside().into()),
            Shape::Channel => place.channel.ok_or_else(outside)?[which],
            Shape::Neuron => place.neuron.ok_or_else(outside)?[which],
            Shape::Checkpoint => {
                let chunk = place.chunk.ok_or_else(outside)?;
                self.checkpoint(chunk, place.lane[which])
            }
            Shape::Chunk => {
                let chunk = place.chunk.ok_or_else(outside)?;
                let row = self.build.binary(Bin::Multiply, chunk, self.scalars["N"]);
                self.build.binary(Bin::Add, row, place.lane[which])
            }
            Shape::Packed => {
                let chunk = place.chunk.ok_or_else(outside)?;
                let chunks = self.build.index(WORD / self.kernel.schedule.chunk);
                let word = self.build.binary(Bin::Divide, chunk, chunks);
                let row = self.build.binary(Bin::Multiply, word, self.scalars["N"]);
                self.build.binary(Bin::Add, row, place.lane[which])
            }
            Shape::Segment => {
                let segment = place.segment.ok_or_else(outside)?;
                let row = self.build.binary(Bin::Multiply, segment, self.scalars["N"]);
                self.build.binary(Bin::Add, row, place.lane[which])
            }
            Shape::Partial => place.group,
            Shape::Group => place.sum.ok_or_else(outside)?,
        };
        Ok(self.in_binding(buffer, index))
    }

    /// The place of an element of a buffer in its binding.
    fn in_binding(&mut self, buffer: BufferId, index: Expr) -> Expr {
        match self.bindings.of(buffer).offset.as_deref() {
            Some(name) => self.build.binary(Bin::Add, index, self.scalars[name]),
            None => index,
        }
    }

    /// The lane's element of the checkpoint before a chunk; that of chunk 1 for chunk 0, whose element
    /// is never used.
    fn checkpoint(&mut self, chunk: Expr, lane: Expr) -> Expr {
        let build = &mut self.build;
        let one = build.index(1);
        let from_one = build.math(naga::MathFunction::Max, &[chunk, one]);
        let row = build.binary(Bin::Subtract, from_one, one);
        let row = build.binary(Bin::Multiply, row, self.scalars["N"]);
        build.binary(Bin::Add, row, lane)
    }

    fn pointer(&mut self, buffer: BufferId, index: Expr) -> Expr {
        let base = Expression::GlobalVariable(self.globals[buffer.0 as usize]);
        let base = self.build.expr(base);
        self.build.element(base, index)
    }

    /// The pointer to the elements of all of the invocation's lanes, where one access reaches them.
    fn quad(&mut self, buffer: BufferId) -> Result<Option<Expr>, EmitError> {
        let is_shared = self.bindings.of(buffer).offset.is_some();
        if self.width == 1 || is_shared || !is_by_lane(self.kernel.buffer(buffer).shape) {
            return Ok(None);
        }
        let first = self.index(buffer, 0)?;
        let width = self.build.index(self.width as u32);
        let index = self.build.binary(Bin::Divide, first, width);
        Ok(Some(self.pointer(buffer, index)))
    }

    /// The elements of the invocation's lanes in a buffer.
    pub fn load(&mut self, buffer: BufferId) -> Result<Expr, EmitError> {
        let is_shared = matches!(self.kernel.buffer(buffer).shape, Shape::Layer | Shape::Step);
        if self.width == 1 || is_shared {
            let element = self.load_one(buffer, 0)?;
            return Ok(self.spread(element));
        }
        let is_half = self.kernel.buffer(buffer).storage == Storage::F16Bits;
        let components = match self.quad(buffer)? {
            Some(pointer) => {
                let elements = self.build.load(pointer);
                if !is_half {
                    return Ok(elements);
                }
                let bits = |which| {
                    let half = self.build.part(elements, which);
                    self.build.half_bits(self.pair, half)
                };
                [0, 1, 2, 3].map(bits).to_vec()
            }
            None => {
                let each = (0..self.width).map(|which| self.load_one(buffer, which));
                each.collect::<Result<_, _>>()?
            }
        };
        let ty = match self.kernel.buffer(buffer).storage.ty() {
            Type::Int => self.of_lanes.int,
            _ => self.of_lanes.real,
        };
        Ok(self.build.expr(Expression::Compose { ty, components }))
    }

    /// The element of one lane.
    fn load_one(&mut self, buffer: BufferId, which: usize) -> Result<Expr, EmitError> {
        let index = self.index(buffer, which)?;
        Ok(self.load_in_binding(buffer, index))
    }

    /// An element of a buffer by its index.
    pub fn load_at(&mut self, buffer: BufferId, index: Expr) -> Expr {
        let index = self.in_binding(buffer, index);
        self.load_in_binding(buffer, index)
    }

    fn load_in_binding(&mut self, buffer: BufferId, index: Expr) -> Expr {
        let pointer = self.pointer(buffer, index);
        let value = self.build.load(pointer);
        let packed = self.bindings.of(buffer).offset.is_some();
        match (packed, self.kernel.buffer(buffer).storage) {
            (false, Storage::F16Bits) => self.build.half_bits(self.pair, value),
            (false, _) => value,
            (true, Storage::I32) => self.build.bitcast(value, ScalarKind::Sint),
            (true, _) => self.build.bitcast(value, ScalarKind::Float),
        }
    }

    /// Whether a buffer has an element here that this invocation touches; none where it always has.
    pub fn present(&mut self, buffer: BufferId) -> Option<Expr> {
        let info = self.kernel.buffer(buffer);
        let given = info.optional.then(|| self.given(buffer));
        let chunk = self.place.chunk.filter(|_| info.shape == Shape::Checkpoint);
        let later = chunk.map(|chunk| {
            let zero = self.build.index(0);
            self.build.binary(Bin::NotEqual, chunk, zero)
        });
        let is_last = self.segments.filter(|_| info.shape == Shape::Lane && info.written);
        let conditions = [given, later, is_last.map(|segments| segments.is_last)];
        let all = conditions.into_iter().flatten();
        all.reduce(|a, b| self.build.binary(Bin::And, a, b))
    }

    /// Whether an optional buffer was given.
    pub fn given(&mut self, buffer: BufferId) -> Expr {
        let before = &self.kernel.buffers[..buffer.0 as usize];
        let bit = before.iter().filter(|b| b.optional).count();
        let mask = self.build.index(1 << bit);
        let bits = self.build.binary(Bin::And, self.scalars[GIVEN], mask);
        let zero = self.build.index(0);
        self.build.binary(Bin::NotEqual, bits, zero)
    }

    /// Writes the elements of the invocation's lanes, where the buffer has them.
    pub fn store(&mut self, buffer: BufferId, value: Expr) -> Result<(), EmitError> {
        let present = self.present(buffer);
        self.where_holds(present, |lane| {
            if lane.width == 1 {
                return lane.put(buffer, 0, value);
            }
            let parts = [0, 1, 2, 3].map(|which| lane.build.part(value, which));
            let Some(pointer) = lane.quad(buffer)? else {
                let mut parts = parts.into_iter().enumerate();
                return parts.try_for_each(|(which, part)| lane.put(buffer, which, part));
            };
            let value = match lane.kernel.buffer(buffer).storage {
                Storage::F16Bits => {
                    let ty = lane.halves.ok_or_else(|| Bug("there is no f16".into()))?;
                    let components = parts.map(|part| lane.build.bits_half(part)).to_vec();
                    lane.build.expr(Expression::Compose { ty, components })
                }
                _ => value,
            };
            lane.build.push(Statement::Store { pointer, value });
            Ok(())
        })
    }

    /// What is done where a condition holds; without one, everywhere.
    pub fn where_holds(
        &mut self,
        condition: Option<Expr>,
        body: impl FnOnce(&mut Self) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let Some(condition) = condition else { return body(self) };
        self.build.open();
        body(self)?;
        self.build.close_if(condition);
        Ok(())
    }

    /// Writes the element of one lane, or of one sum.
    pub fn put(&mut self, buffer: BufferId, which: usize, value: Expr) -> Result<(), EmitError> {
        let index = self.index(buffer, which)?;
        let pointer = self.pointer(buffer, index);
        let value = match (&self.bindings.of(buffer).offset, self.kernel.buffer(buffer).storage) {
            (Some(_), _) => self.build.bitcast(value, ScalarKind::Uint),
            (None, Storage::F16Bits) => self.build.bits_half(value),
            (None, _) => value,
        };
        self.build.push(Statement::Store { pointer, value });
        Ok(())
    }
}
