//! What a call's shapes mean: lanes and who shares a param, some lanes of a call, stored numbers.

use snn_compiler::check::hir::{Param, ParamDefault, Sharing, Via};
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::{Kernel, group};
use snn_runtime::neuron::{Array, Arrays, CHANNEL_AXIS, Call, Seeds, default_numbers};

/// The sizes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// `T`.
    pub steps: usize,
    /// The shape of one step, `[N, *]`.
    pub step: Vec<usize>,
    /// The neurons of all batch elements.
    pub lanes: usize,
    /// The channels.
    pub channels: usize,
    /// Lanes between two neighbours on the channel axis.
    pub channel_stride: usize,
    /// Lanes of one batch element.
    pub neurons: usize,
    /// The seed of what is drawn.
    pub seed: u64,
    /// The number of the first step, for what is drawn.
    pub first_step: u32,
}

impl Sizes {
    /// The sizes that the inputs have, or the call where there are none.
    pub fn of(call: &Call) -> Self {
        let shape = call.inputs.values().next().map_or(&call.sizes[..], Array::shape);
        let (steps, step) = (shape[0], shape[1..].to_vec());
        let lanes = step.iter().product();
        let (seed, first_step) = (call.seed, call.first_step);
        if let [neurons] = step[..] {
            let (channels, channel_stride) = (neurons, 1);
            return Self {
                steps,
                step,
                lanes,
                channels,
                channel_stride,
                neurons,
                seed,
                first_step,
            };
        }
        let axis =
            call.channel_axis.unwrap_or(CHANNEL_AXIS).rem_euclid(shape.len() as isize) as usize;
        let channel_stride = shape[axis + 1..].iter().product();
        let neurons = step[1..].iter().product();
        let channels = shape[axis];
        Self { steps, step, lanes, channels, channel_stride, neurons, seed, first_step }
    }

    /// An array of all steps.
    pub fn sequence(&self, data: Vec<f32>) -> Array {
        Array::new([&[self.steps], &self.step[..]].concat(), data).unwrap()
    }

    /// An array of one step.
    pub fn row(&self, data: Vec<f32>) -> Array {
        Array::new(self.step.clone(), data).unwrap()
    }

    /// The shape of a param.
    pub fn param_shape(&self, sharing: Sharing) -> Vec<usize> {
        match sharing {
            Sharing::Layer => vec![],
            Sharing::Channel => vec![self.channels],
            Sharing::Neuron if self.step.len() == 1 => self.step.clone(),
            Sharing::Neuron => self.step[1..].to_vec(),
        }
    }

    /// A launch of a kernel on all lanes.
    pub fn launch(&self, kernel: &Kernel) -> Launch {
        let mut segment = if kernel.is_segmented() { 32 } else { 0 };
        while kernel.is_segmented() && segment * segment < self.steps {
            segment *= 2;
        }
        Launch {
            segment,
            channels: self.channels,
            channel_stride: self.channel_stride,
            neurons: self.neurons,
            seed: self.seed,
            first_step: self.first_step,
            ..Launch::dense(kernel, self.steps, self.lanes)
        }
    }

    /// Of the sums that backward leaves for a param: to how many numbers of the param they belong, and how
    /// many that lie side by side to one of them.
    pub fn sums(&self, sharing: Sharing, count: usize) -> (usize, usize) {
        match sharing {
            Sharing::Layer => (1, count),
            Sharing::Channel => (self.channels, self.channel_stride / group(self.channel_stride)),
            Sharing::Neuron => (self.neurons, 1),
        }
    }

    /// Which number of a param a lane has.
    pub fn member(&self, sharing: Sharing, lane: usize) -> usize {
        match sharing {
            Sharing::Layer => 0,
            Sharing::Channel => lane / self.channel_stride % self.channels,
            Sharing::Neuron => lane % self.neurons,
        }
    }
}

/// The numbers of a param as they are stored.
pub fn stored(param: &Param, call: &Call, sizes: &Sizes) -> Vec<f32> {
    let count = sizes.param_shape(param.sharing).iter().product();
    let given = call.params.get(&param.name);
    let wide = |value: f32| f64::from(value);
    let numbers: Vec<f64> = match given.map(Array::data) {
        Some(&[one]) => vec![wide(one); count],
        Some(all) => all.iter().copied().map(wide).collect(),
        None => match &param.default {
            ParamDefault::Number(number) => vec![*number; count],
            ParamDefault::Drawn(_) => drawn(param, count, call.seed),
        },
    };
    numbers.into_iter().map(|number| unconstrained(param, number) as f32).collect()
}

/// The numbers that the runtime draws.
fn drawn(param: &Param, count: usize, seed: u64) -> Vec<f64> {
    let end = |end: f64| end.is_finite().then_some(end);
    let param = snn_artifact::Param {
        name: param.name.clone(),
        sharing: snn_artifact::Sharing::Neuron,
        learn: param.learn,
        axis: None,
        default: param.default.clone(),
        range: param.range.map(|range| snn_artifact::Range {
            low: end(range.low),
            high: end(range.high),
            low_closed: range.low_closed,
            high_closed: range.high_closed,
        }),
        via: None,
    };
    default_numbers(&param, count, seed).unwrap()
}

/// The number that a param's map takes to a number.
pub fn unconstrained(param: &Param, number: f64) -> f64 {
    let (Some(via), Some(range)) = (param.via, param.range) else { return number };
    match via {
        Via::Sigmoid => {
            let share = (number - range.low) / (range.high - range.low);
            (share / (1.0 - share)).ln()
        }
        Via::Softplus => (number - range.low).exp_m1().ln(),
        Via::Exp => (number - range.low).ln(),
    }
}

/// The elements of some lanes, of one step or of all.
pub fn gather(data: &[f32], lanes: usize, chosen: &[usize]) -> Vec<f32> {
    let rows = data.chunks_exact(lanes.max(1));
    rows.flat_map(|row| chosen.iter().map(|&lane| row[lane])).collect()
}

/// A call of some of the lanes alone, as `[T, N]`; the params of `shared` are given for each lane.
pub fn sample(
    call: &Call,
    seeds: &Seeds,
    shared: &[(String, Sharing)],
    chosen: &[usize],
) -> (Call, Seeds) {
    let sizes = Sizes::of(call);
    let sequences = |arrays: &Arrays| some(arrays, &sizes, chosen, &[sizes.steps, chosen.len()]);
    let rows = |arrays: &Arrays| some(arrays, &sizes, chosen, &[chosen.len()]);
    let mut params = call.params.clone();
    for (name, sharing) in shared {
        let Some(array) = params.get(name).filter(|array| !array.shape().is_empty()) else {
            continue;
        };
        let of = |&lane: &usize| array.data()[sizes.member(*sharing, lane)];
        let array = Array::new(vec![chosen.len()], chosen.iter().map(of).collect()).unwrap();
        params.insert(name.clone(), array);
    }
    let call = Call {
        inputs: sequences(&call.inputs),
        params,
        states: rows(&call.states),
        sizes: vec![sizes.steps, chosen.len()],
        ..Call::default()
    };
    let seeds = Seeds { outputs: sequences(&seeds.outputs), states: rows(&seeds.states) };
    (call, seeds)
}

fn some(arrays: &Arrays, sizes: &Sizes, chosen: &[usize], shape: &[usize]) -> Arrays {
    let of = |array: &Array| gather(array.data(), sizes.lanes, chosen);
    let array = |array: &Array| Array::new(shape.to_vec(), of(array)).unwrap();
    arrays.iter().map(|(name, all)| (name.clone(), array(all))).collect()
}
