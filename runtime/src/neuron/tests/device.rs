//! A device whose memory are vectors and whose kernels are those of `Scale`.

use std::any::Any;

use snn_artifact::{Artifact, Entry, Target, group};

use crate::device::{Argument, Device, Memory, Module};
use crate::error::{Error, Result};
use crate::neuron::check::{BACKWARD, REDUCE};
use crate::shape::evaluate;

pub struct Fake {
    pub max_buffer: usize,
    pub max_turns: usize,
}

struct Numbers(Vec<f32>);

impl Memory for Numbers {
    fn size(&self) -> usize {
        self.0.len() * 4
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

fn numbers(memory: &dyn Memory) -> &[f32] {
    &memory.as_any().downcast_ref::<Numbers>().unwrap().0
}

fn numbers_mut(memory: &mut dyn Memory) -> &mut Vec<f32> {
    &mut memory.as_any_mut().downcast_mut::<Numbers>().unwrap().0
}

impl Device for Fake {
    fn name(&self) -> String {
        "fake".into()
    }

    fn description(&self) -> String {
        "fake".into()
    }

    fn target(&self) -> Target {
        Target::Wgsl
    }

    fn strict(&self) -> bool {
        true
    }

    fn max_buffer(&self) -> usize {
        self.max_buffer
    }

    fn max_turns(&self) -> usize {
        self.max_turns
    }

    fn alloc(&self, operand: &str, bytes: usize) -> Result<Box<dyn Memory>> {
        if bytes > self.max_buffer {
            let (device, operand) = (self.name(), operand.into());
            return Err(Error::OutOfMemory { device, operand, bytes });
        }
        Ok(Box::new(Numbers(vec![f32::NAN; bytes / 4])))
    }

    fn write(&self, memory: &mut dyn Memory, bytes: &[u8]) -> Result<()> {
        let memory = &mut numbers_mut(memory)[..bytes.len() / 4];
        bytemuck::cast_slice_mut(memory).copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, memory: &dyn Memory, bytes: &mut [u8]) -> Result<()> {
        bytes.copy_from_slice(&bytemuck::cast_slice(numbers(memory))[..bytes.len()]);
        Ok(())
    }

    fn load(&self, artifact: &Artifact) -> Result<Box<dyn Module>> {
        Ok(Box::new(Kernels {
            artifact: artifact.clone(),
            max_buffer: self.max_buffer,
            max_turns: self.max_turns,
        }))
    }

    fn synchronize(&self) -> Result<()> {
        Ok(())
    }
}

struct Kernels {
    artifact: Artifact,
    max_buffer: usize,
    max_turns: usize,
}

impl Module for Kernels {
    fn launch(
        &self,
        entry: &str,
        first_lane: usize,
        lanes: usize,
        buffers: &mut [Argument<'_>],
        scalars: &[i64],
    ) -> Result<()> {
        let signature = &self.artifact.manifest.entries[entry];
        assert_eq!(signature.scalars.len(), scalars.len());
        let mut launch = Launch { entry: signature, buffers, scalars, first_lane };
        launch.check(self.max_buffer, lanes);
        let turns = if entry == REDUCE { launch.scalar("O") * (launch.scalar("S") + 2) } else { 0 };
        assert!(turns < self.max_turns, "{turns}");
        match entry {
            REDUCE => launch.reduce(),
            BACKWARD => launch.backward(),
            _ => launch.forward(),
        }
        Ok(())
    }
}

struct Launch<'a, 'b> {
    entry: &'a Entry,
    buffers: &'a mut [Argument<'b>],
    scalars: &'a [i64],
    first_lane: usize,
}

impl Launch<'_, '_> {
    fn scalar(&self, name: &str) -> usize {
        self.scalars[self.entry.scalars.iter().position(|s| s == name).unwrap()] as usize
    }

    /// All arguments fit, as those of a real device have to.
    fn check(&self, max_buffer: usize, lanes: usize) {
        let known = |name: &str| self.entry.scalars.iter().position(|s| s == name);
        for (buffer, argument) in self.entry.buffers.iter().zip(&*self.buffers) {
            let size = match argument {
                Argument::Absent => {
                    assert!(buffer.optional, "{}", buffer.name);
                    continue;
                }
                Argument::Read(memory) => memory.size(),
                Argument::Write(memory) => memory.size(),
            };
            let is_written = matches!(argument, Argument::Write(_));
            assert_eq!(is_written, buffer.written, "{}", buffer.name);
            let sizes = buffer.shape.iter();
            let sizes = sizes.map(|s| evaluate(s, &|n| Some(self.scalars[known(n)?])).unwrap());
            let needed = if self.entry.symbol == REDUCE { 0 } else { sizes.product::<i64>() * 4 };
            assert!(needed as usize <= size && size <= max_buffer, "{}", buffer.name);
        }
        let n = self.scalar(if self.entry.symbol == REDUCE { "G" } else { "N" });
        assert_eq!(n, lanes);
    }

    fn read(&self, name: &str) -> Option<Vec<f32>> {
        let place = self.entry.buffers.iter().position(|b| b.name == name).unwrap();
        match &self.buffers[place] {
            Argument::Read(memory) => Some(numbers(*memory).to_vec()),
            _ => None,
        }
    }

    fn write(&mut self, name: &str, values: impl FnOnce(&mut [f32])) {
        let place = self.entry.buffers.iter().position(|b| b.name == name).unwrap();
        let Argument::Write(memory) = &mut self.buffers[place] else { panic!("{name}") };
        values(numbers_mut(*memory));
    }

    /// The param of each lane.
    fn params(&self) -> Vec<f32> {
        let a = self.read("param.a").unwrap();
        let shape = &self.entry.buffers.iter().find(|b| b.name == "param.a").unwrap().shape;
        let index = |lane: usize| match shape[0].as_str() {
            "1" => 0,
            "C" => lane / self.scalar("S") % self.scalar("C"),
            _ => lane % self.scalar("M"),
        };
        (0..self.scalar("N")).map(|n| a[index(self.first_lane + n)]).collect()
    }

    fn forward(&mut self) {
        let (a, x, n) = (self.params(), self.read("input.x").unwrap(), self.scalar("N"));
        assert_eq!(self.scalar("stride.input.x"), n);
        let mut v = self.read("state.v").unwrap_or(vec![0.5; n]);
        x.iter().enumerate().for_each(|(i, x)| v[i % n] += x);
        self.write("output.s", |s| {
            s.iter_mut().enumerate().for_each(|(i, s)| *s = a[i % n] * x[i]);
        });
        self.write("next.v", |next| next.copy_from_slice(&v));
    }

    fn backward(&mut self) {
        let (a, x, n) = (self.params(), self.read("input.x").unwrap(), self.scalar("N"));
        let gs = self.read("grad.output.s").unwrap_or(vec![0.0; x.len()]);
        let gv = self.read("grad.next.v").unwrap_or(vec![0.0; n]);
        self.write("grad.input.x", |gx| {
            gx.iter_mut().enumerate().for_each(|(i, g)| *g = a[i % n] * gs[i] + gv[i % n]);
        });
        self.write("grad.state.v", |g| g.copy_from_slice(&gv));
        let mut of_lanes = vec![0.0; n];
        x.iter().zip(&gs).enumerate().for_each(|(i, (x, g))| of_lanes[i % n] += x * g);
        let partial = self.entry.buffers.iter().find(|b| b.name == "partial.a").unwrap();
        let block = match partial.shape[0].as_str() {
            "N" => 1,
            "ceil(N / gcd(S, 16))" => group(self.scalar("S")),
            _ => self.entry.block as usize,
        };
        let sums: Vec<f32> = of_lanes.chunks(block).map(|b| b.iter().sum()).collect();
        self.write("partial.a", |partial| partial.copy_from_slice(&sums));
    }

    fn reduce(&mut self) {
        let [g_n, s_n, o_n] = ["G", "S", "O"].map(|name| self.scalar(name));
        let partial = self.read("partial").unwrap();
        self.write("grad", |grad| {
            for (g, grad) in grad.iter_mut().enumerate().take(g_n) {
                let terms = (0..o_n).flat_map(|o| (0..s_n).map(move |s| (o * g_n + g) * s_n + s));
                *grad = terms.map(|i| f64::from(partial[i])).sum::<f64>() as f32;
            }
        });
    }
}
