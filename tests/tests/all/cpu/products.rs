//! Products of a matrix with a column over time, and products added up over lanes, on the CPU.

use rand::Rng;
use rand::rngs::StdRng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::outer;
use snn_compiler::kernel::samples::PRODUCT;
use snn_compiler::targets::cranelift::Level;
use snn_runtime::cpu::Cpu;
use snn_runtime::device::{Argument, Device, Module};

use super::run::{self, Data};
use super::{kernel, levels};

/// `y = w @ x + b` over time again, and the gradient of what came out back through the matrix.
pub const BACKWARD: &str = "\
kernel backward f32 chunk 8 lanes 16 block 64
  in x: input f32 sequence
  in w: param f32 matrix
  in b: param f32 step
  in grad.y: grad f32 sequence
  out grad.h: grad f32 sequence
  out grad.x: grad f32 sequence
  chunks reverse
    %0 = product w, x
    %1 = product w, grad.y, transposed
    steps reverse
      %2 = kept %0
      %3 = kept %1
      %4 = load grad.y
      %5 = load b
      %6 = add %2, %5
      %7 = mul %6, %4
      store grad.h, %7
      store grad.x, %3
    end
  end
";

pub const STEPS: [usize; 8] = [0, 1, 5, 16, 17, 37, 64, 130];
pub const LANES: [usize; 4] = [1, 7, 33, 300];

const SCHEDULES: [[u32; 3]; 4] = [[8, 16, 64], [16, 1024, 1024], [3, 5, 15], [1, 4, 8]];

/// Sums of many numbers would all be infinite or NaN, were there such among them.
pub fn tame(steps: usize, x: f32) -> f32 {
    if steps <= 5 || x.abs() < 4.0 { x } else { 0.5 }
}

fn compare(text: &str, levels: &[Level]) {
    let mut rng = run::generator();
    let cpu = Cpu::with_threads(2).unwrap();
    for (schedule, &level) in SCHEDULES.iter().flat_map(|s| levels.iter().map(move |l| (s, l))) {
        let kernel = kernel(text, Some(*schedule));
        let module = cpu.load(&run::artifact(&kernel, level)).unwrap();
        for (steps, lanes) in STEPS.iter().flat_map(|&t| LANES.map(|n| (t, n))) {
            let mut launch = Launch::dense(&kernel, steps, lanes);
            launch.strides.iter_mut().for_each(|stride| *stride += rng.random_range(0..3));
            let mut data = run::fill(&kernel, &launch, true, &mut rng);
            for data in &mut data {
                if let Data::F32(all) = data {
                    all.iter_mut().for_each(|x| *x = tame(steps, *x));
                }
            }
            let found = run::on_cpu(&cpu, module.as_ref(), &kernel, &launch, &data);
            let expected = run::interpreted(&kernel, &launch, &data);
            let context = format!("{schedule:?}, {}, T {steps}, N {lanes}", level.name());
            run::assert_equal(&kernel, &found, &expected, &context);
        }
    }
}

#[test]
fn products_are_the_interpreters() {
    let levels: Vec<_> = levels().collect();
    let double = |text: &str| text.replacen(" f32 ", " f64 ", 1);
    for text in [PRODUCT.into(), BACKWARD.into(), double(PRODUCT), double(BACKWARD)] {
        compare(&text, &levels);
    }
}

#[test]
fn fused_products_are_the_interpreters() {
    let levels: Vec<_> = levels().filter(|level| *level != Level::X86_64V2).collect();
    compare(&BACKWARD.replace("product ", "product_fused "), &levels);
}

/// Operands of `outer` on some machine.
pub struct Outer {
    pub steps: usize,
    pub rows: usize,
    pub lanes: usize,
    pub strides: [usize; 2],
    pub left: Vec<f32>,
    pub right: Vec<f32>,
}

/// Sizes of whole tiles and blocks, and others.
pub fn outers(rng: &mut StdRng) -> Vec<Outer> {
    let pairs = [0, 1, 5, 16, 37, 64].map(|t| [(t, t), (t, 0)]);
    let sizes = [(3, 18), (17, 2), (4, 31)].into_iter().chain(pairs.into_iter().flatten());
    let lanes = [1, 7, 33, 300, 1024, 2500];
    let all = sizes.flat_map(|(steps, rows)| lanes.map(|lanes| (steps, rows, lanes)));
    let mut outer = |(steps, rows, lanes)| {
        let strides = [lanes + rng.random_range(0..4), lanes + rng.random_range(0..4)];
        let mut numbers =
            |n: usize| (0..n).map(|_| rng.random_range(-1.0..2.0)).collect::<Vec<f32>>();
        let (left, right) = (numbers(steps * strides[0]), numbers(rows * strides[1]));
        Outer { steps, rows, lanes, strides, left, right }
    };
    all.map(&mut outer).collect()
}

impl Outer {
    /// The launch scalars.
    pub fn scalars(&self) -> [i64; 5] {
        let Self { steps, lanes, rows, strides: [left, right], .. } = *self;
        [steps, lanes, rows, left, right].map(|scalar| scalar as i64)
    }

    /// How many sums there are in blocks of so many lanes.
    pub fn count(&self, block: usize) -> usize {
        self.lanes.div_ceil(block) * self.steps * (self.rows + 1)
    }

    /// Holds what a machine found in blocks of so many lanes against the reference.
    pub fn check(&self, block: usize, found: &[f32]) {
        let rows = |all: &[f32], stride: usize| -> Vec<f64> {
            let rows = all.chunks(stride).flat_map(|row| &row[..self.lanes]);
            rows.copied().map(f64::from).collect()
        };
        let (left, right) = (rows(&self.left, self.strides[0]), rows(&self.right, self.strides[1]));
        let (mut expected, mut sizes) = (vec![0.0; found.len()], vec![0.0; found.len()]);
        outer::run(&left, &right, &mut expected, self.lanes, block);
        let magnitudes = |all: Vec<f64>| all.into_iter().map(f64::abs).collect::<Vec<_>>();
        outer::run(&magnitudes(left), &magnitudes(right), &mut sizes, self.lanes, block);
        let Self { steps, rows, lanes, .. } = self;
        for (i, ((&found, expected), size)) in found.iter().zip(expected).zip(sizes).enumerate() {
            let is_near = (f64::from(found) - expected).abs() <= 1e-5 * size;
            assert!(is_near, "T {steps} K {rows} N {lanes}: [{i}] is {found}, not {expected}");
        }
    }
}

fn outer_on_cpu(cpu: &Cpu, module: &dyn Module, outer: &Outer, block: usize) -> Vec<f32> {
    let memory = |all: &[f32]| run::memory(cpu, &Data::F32(all.to_vec()));
    let (left, right) = (memory(&outer.left), memory(&outer.right));
    let mut partial = memory(&vec![7.25; outer.count(block)]);
    let read = |memory| Argument::Read(memory);
    let mut arguments =
        [read(left.as_ref()), read(right.as_ref()), Argument::Write(partial.as_mut())];
    module.launch("outer", 0, outer.lanes, &mut arguments, &outer.scalars()).unwrap();
    let mut bytes = vec![0; partial.size()];
    cpu.read(partial.as_ref(), &mut bytes).unwrap();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn outer_products_are_near_the_reference() {
    let cpu = Cpu::with_threads(2).unwrap();
    for level in levels() {
        let artifact = run::artifact(&kernel(BACKWARD, None), level);
        let block = artifact.manifest.entries["outer"].block as usize;
        let module = cpu.load(&artifact).unwrap();
        for outer in outers(&mut run::generator()) {
            outer.check(block, &outer_on_cpu(&cpu, module.as_ref(), &outer, block));
        }
    }
}
