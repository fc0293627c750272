//! The buffers of a launch: host slices, widened on load and narrowed on store.

use snn_artifact::half::{bf16_to_f64, f16_to_f64, f64_to_bf16, f64_to_f16};

use super::real::Real;
use crate::kernel::Storage;

/// Elements that are read.
#[derive(Clone, Copy, Debug)]
pub enum Slice<'a> {
    /// IEEE binary32.
    F32(&'a [f32]),
    /// IEEE binary64.
    F64(&'a [f64]),
    /// The bits of IEEE binary16.
    F16(&'a [u16]),
    /// The bits of bfloat16.
    Bf16(&'a [u16]),
    /// 32-bit integers.
    I32(&'a [i32]),
}

/// Elements that are written.
#[derive(Debug)]
pub enum SliceMut<'a> {
    /// IEEE binary32.
    F32(&'a mut [f32]),
    /// IEEE binary64.
    F64(&'a mut [f64]),
    /// The bits of IEEE binary16.
    F16(&'a mut [u16]),
    /// The bits of bfloat16.
    Bf16(&'a mut [u16]),
    /// 32-bit integers.
    I32(&'a mut [i32]),
}

/// The argument for a buffer.
#[derive(Debug)]
pub enum Arg<'a> {
    /// Left out.
    Absent,
    /// Of a buffer that is read.
    Read(Slice<'a>),
    /// Of a buffer that is written.
    Write(SliceMut<'a>),
}

impl Arg<'_> {
    /// The type of the elements, whether they are written, and how many there are.
    pub(super) fn describe(&self) -> Option<(Storage, bool, usize)> {
        Some(match self {
            Arg::Absent => return None,
            Arg::Read(Slice::F32(data)) => (Storage::F32, false, data.len()),
            Arg::Read(Slice::F64(data)) => (Storage::F64, false, data.len()),
            Arg::Read(Slice::F16(data)) => (Storage::F16, false, data.len()),
            Arg::Read(Slice::Bf16(data)) => (Storage::Bf16, false, data.len()),
            Arg::Read(Slice::I32(data)) => (Storage::I32, false, data.len()),
            Arg::Write(SliceMut::F32(data)) => (Storage::F32, true, data.len()),
            Arg::Write(SliceMut::F64(data)) => (Storage::F64, true, data.len()),
            Arg::Write(SliceMut::F16(data)) => (Storage::F16, true, data.len()),
            Arg::Write(SliceMut::Bf16(data)) => (Storage::Bf16, true, data.len()),
            Arg::Write(SliceMut::I32(data)) => (Storage::I32, true, data.len()),
        })
    }

    /// Reads an element for each lane of a group, widened. Int elements leave `out` as it is.
    pub(super) fn load_real<R: Real>(&self, out: &mut [R], at: &Index) {
        match self {
            Arg::Read(Slice::F32(data)) => gather(out, data, at, |x| R::of(f64::from(x))),
            Arg::Read(Slice::F64(data)) => gather(out, data, at, R::of),
            Arg::Read(Slice::F16(data)) => gather(out, data, at, |x| R::of(f16_to_f64(x))),
            Arg::Read(Slice::Bf16(data)) => gather(out, data, at, |x| R::of(bf16_to_f64(x))),
            _ => {}
        }
    }

    /// Reads an int for each lane of a group, of 16-bit numbers the bits. Other elements leave `out` as it is.
    pub(super) fn load_int(&self, out: &mut [i32], at: &Index) {
        match self {
            Arg::Read(Slice::I32(data)) => gather(out, data, at, |x| x),
            Arg::Read(Slice::F16(data) | Slice::Bf16(data)) => gather(out, data, at, i32::from),
            _ => {}
        }
    }

    /// Writes an element for each lane of a group, from `start` on.
    pub(super) fn store_real<R: Real>(&mut self, values: &[R], start: usize) {
        match self {
            Arg::Write(SliceMut::F32(data)) => scatter(data, values, start, |x| x.wide() as f32),
            Arg::Write(SliceMut::F64(data)) => scatter(data, values, start, R::wide),
            Arg::Write(SliceMut::F16(data)) => {
                scatter(data, values, start, |x| f64_to_f16(x.wide()));
            }
            Arg::Write(SliceMut::Bf16(data)) => {
                scatter(data, values, start, |x| f64_to_bf16(x.wide()));
            }
            _ => {}
        }
    }

    /// Writes an int for each lane of a group, from `start` on.
    pub(super) fn store_int(&mut self, values: &[i32], start: usize) {
        match self {
            Arg::Write(SliceMut::I32(data)) => scatter(data, values, start, |x| x),
            Arg::Write(SliceMut::F16(data) | SliceMut::Bf16(data)) => {
                scatter(data, values, start, |x| x as u16);
            }
            _ => {}
        }
    }
}

/// Which elements the lanes of a group touch.
pub(super) enum Index {
    /// Adjacent ones from here on.
    Run(usize),
    /// This one, all of them.
    All(usize),
    /// `(n / S) % C` for `n` from `first` on.
    Channel {
        /// The first lane.
        first: usize,
        /// `S`.
        stride: usize,
        /// `C`.
        channels: usize,
    },
}

fn gather<T: Copy, O>(out: &mut [O], data: &[T], at: &Index, convert: impl Fn(T) -> O) {
    match *at {
        Index::Run(start) => {
            for (out, &x) in out.iter_mut().zip(&data[start..]) {
                *out = convert(x);
            }
        }
        Index::All(at) => out.iter_mut().for_each(|out| *out = convert(data[at])),
        Index::Channel { first, stride, channels } => {
            for (n, out) in (first..).zip(out) {
                *out = convert(data[n / stride % channels]);
            }
        }
    }
}

fn scatter<T, V: Copy>(data: &mut [T], values: &[V], start: usize, convert: impl Fn(V) -> T) {
    for (slot, &x) in data[start..].iter_mut().zip(values) {
        *slot = convert(x);
    }
}
