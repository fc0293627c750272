//! What a kernel does for an element and step.

use super::{
    Binary, Buffer, Kernel, LoopKind, Op, Role, Schedule, Shape, Stmt, Storage, Unary, WORD, draw,
    math,
};

/// Bytes and operations an element and step; what is done once a lane or less often counts nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// Bytes read and written, once each buffer, but for those that are written where the caller asks.
    pub bytes: f64,
    /// Of these, what forward saves for backward.
    pub saved: f64,
    /// Operations, functions of the maths library written out.
    pub operations: u64,
    /// Of these, the ones that functions are written out in.
    pub written_out: u64,
    /// Functions of the maths library.
    pub functions: u64,
    /// Divisions and square roots outside of these.
    pub divisions: u64,
}

/// Counts what a kernel does. In one that is legal functions are operations like all others.
pub fn count(kernel: &Kernel) -> Count {
    let mut count = Count::default();
    // What a caller may leave out is: packed spikes come without the reals.
    for buffer in kernel.buffers.iter().filter(|buffer| !(buffer.written && buffer.optional)) {
        let bytes = buffer.bytes(kernel.schedule);
        count.bytes += bytes;
        count.saved += if buffer.role == Role::Saved { bytes } else { 0.0 };
    }
    kernel.walk(&mut |stmt| {
        if let Stmt::Loop(inner) = stmt
            && inner.kind == LoopKind::Steps
        {
            inner.body.iter().for_each(|stmt| count.stmt(stmt));
        }
    });
    count
}

impl Count {
    /// What two kernels do together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            saved: self.saved + other.saved,
            operations: self.operations + other.operations,
            written_out: self.written_out + other.written_out,
            functions: self.functions + other.functions,
            divisions: self.divisions + other.divisions,
        }
    }

    /// Operations, a function of the maths library as one.
    pub fn terms(&self) -> u64 {
        self.operations - self.written_out + self.functions
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(_, Op::Unary(Unary::Math(function), _)) => {
                self.functions += 1;
                self.operations += math::operations(*function);
                self.written_out += math::operations(*function);
            }
            Stmt::Let(_, Op::Draw(drawn, _)) => {
                self.functions += 1;
                self.operations += draw::operations(*drawn);
                self.written_out += draw::operations(*drawn);
            }
            Stmt::Let(
                _,
                Op::Binary(Binary::Div | Binary::Ratio, ..) | Op::Unary(Unary::Sqrt, _),
            ) => {
                self.divisions += 1;
                self.operations += 1;
            }
            Stmt::Let(_, Op::Load(_) | Op::LoadOr(..) | Op::Kept(_)) => {}
            Stmt::Let(..) => self.operations += 1,
            Stmt::Store(..) | Stmt::Reduce(..) | Stmt::Product(_) | Stmt::Loop(_) => {}
        }
    }
}

impl Buffer {
    /// Its bytes an element and step.
    pub fn bytes(&self, schedule: Schedule) -> f64 {
        let each = f64::from(self.storage.bytes());
        match self.shape {
            Shape::Sequence => each,
            Shape::Checkpoint | Shape::Chunk => each / f64::from(schedule.chunk),
            Shape::Packed => each / f64::from(WORD),
            Shape::Lane | Shape::Layer | Shape::Channel | Shape::Neuron => 0.0,
            Shape::Step | Shape::Matrix | Shape::Segment => 0.0,
            Shape::Partial | Shape::Group => 0.0,
        }
    }
}

impl Storage {
    /// Bytes of an element.
    pub fn bytes(self) -> u32 {
        match self {
            Storage::F64 => 8,
            Storage::F32 | Storage::I32 => 4,
            Storage::F16 | Storage::Bf16 | Storage::F16Bits | Storage::Bf16Bits => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, samples};
    use super::*;

    #[test]
    fn what_a_step_of_lif_does() {
        let counted = |text| count(&parse(text).expect("a kernel"));
        let forward = counted(samples::LIF_FORWARD_TRAIN);
        let backward = counted(samples::LIF_BACKWARD);
        // A state of 4 bytes at the borders of chunks of 8 steps.
        assert_eq!((forward.bytes, forward.saved), (8.5, 0.5));
        assert_eq!((backward.bytes, backward.saved), (12.5, 0.5));
        assert_eq!((forward.divisions, backward.divisions), (1, 3));
        assert_eq!((forward.operations, backward.operations), (7, 21));
        let functions = "kernel k f32 chunk 1 lanes 1 block 1
          in x: input f32 sequence
          out y: output f32 sequence
          chunks forward
            steps forward
              %0 = load x
              %1 = exp %0
              store y, %1
            end
          end";
        let functions = counted(functions);
        assert_eq!((functions.functions, functions.divisions), (1, 0));
        assert!(functions.operations > 10);
        assert_eq!((functions.written_out, functions.terms()), (functions.operations, 1));
    }
}
