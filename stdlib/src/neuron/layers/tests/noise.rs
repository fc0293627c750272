use tch::{IndexOp, Tensor};

use super::*;
use crate::neuron::{
    ColoredNoise, Decode, NoiseSettings, Noisy, NoisyNonSpikingIf, noisy_cuba_lif,
    noisy_ilc_cuba_lif,
};
use crate::nn::{StepMode, load_state_dict, reset, state_dict};

fn pink() -> NoiseSettings {
    NoiseSettings { beta: 1.0, seed: Some(5), ..NoiseSettings::default() }
}

/// SpikingJelly's noise of a call, one for each of a batch.
fn replayed(vectors: &Vectors, case: &str) -> Tensor {
    let noise = vectors.get(&format!("{case}.noise"));
    let size = [4, noise.size()[0], noise.size()[1]];
    noise.unsqueeze(0).expand(size, false)
}

#[test]
fn noise_that_is_loaded_gives_what_spikingjelly_gives() {
    let vectors = Vectors::open();
    let ilc = noisy_ilc_cuba_lif(2, 3, NoiseSettings { sigma_init: 0.75, ..pink() }).unwrap();
    let renamed = [("ilc.conn.weight", "conn.weight"), ("ilc.conn.bias", "conn.bias")];
    for (case, mut net) in [("noisy_cuba", noisy_cuba_lif(6, pink()).unwrap()), ("noisy_ilc", ilc)]
    {
        vectors.set(&net, case, &renamed);
        net.noise().load_colored_noise(&replayed(&vectors, case)).unwrap();
        vectors.check(&mut net, case, &renamed, &Context::train());
    }
    let decodes = [
        ("all", None),
        ("max-mem", Some(Decode::MaxMem)),
        ("max-abs-mem", Some(Decode::MaxAbsMem)),
        ("mean-mem", Some(Decode::MeanMem)),
        ("last-me", Some(Decode::LastMem)),
    ];
    for (name, decode) in decodes {
        let case = format!("noisy_if_{name}");
        let mut net = NoisyNonSpikingIf::new(6, pink()).unwrap();
        if let Some(decode) = decode {
            net = net.decode(decode);
        }
        vectors.set(&net, &case, &[]);
        net.noise().load_colored_noise(&replayed(&vectors, &case)).unwrap();
        vectors.check(&mut net, &case, &[], &Context::train());
    }
}

#[test]
fn noise_is_used_once_taken_out_and_replayed() {
    let x = noise(&[5, 3, 6]);
    let mut net = noisy_cuba_lif(6, pink()).unwrap();
    let context = Context::train().from_rest();
    assert_eq!(
        refusal(net.forward(&x, &context)),
        "`Noisy` has no noise: make that of so many calls by `reset_noise`"
    );
    net.noise().reset_noise(2).unwrap();
    assert!(refusal(net.noise().colored_noise()).contains("run it first"));
    let first = net.forward(&x, &context).unwrap();
    let used = net.noise().colored_noise().unwrap();
    assert_eq!(used.size(), [5, 12]);
    let second = net.forward(&x, &context).unwrap();
    assert_ne!(first, second);
    assert_eq!(
        refusal(net.forward(&x, &context)),
        "`Noisy` has noise of 2 calls, which are over: make more by `reset_noise`"
    );
    let batch = used.unsqueeze(0).repeat([3, 1, 1]);
    net.noise().load_colored_noise(&batch).unwrap();
    assert_eq!(net.forward(&x, &context).unwrap(), first);
    assert_eq!(net.forward(&x, &context).unwrap(), first);
    // Each of a batch has its own.
    let other = Tensor::cat(&[batch.i(..2), zeros(&[1, 5, 12])], 0);
    net.noise().load_colored_noise(&other).unwrap();
    let third = net.forward(&x, &context).unwrap();
    assert_eq!(third.i((.., ..2)), first.i((.., ..2)));
    assert_ne!(third.i((.., 2..)), first.i((.., 2..)));
    net.noise().cancel_load();
    assert!(net.forward(&x, &context).is_err(), "what was made is over");
    net.noise().reset_noise(1).unwrap();
    let fourth = net.forward(&x, &context).unwrap();
    assert_ne!(fourth, first, "what is made next is drawn next");
    net.noise().set_is_training(false);
    let quiet = net.forward(&x, &context).unwrap();
    assert_ne!(quiet, fourth);
    let mut same = noisy_cuba_lif(6, NoiseSettings { is_training: false, ..pink() }).unwrap();
    assert_eq!(same.forward(&x, &Context::eval()).unwrap(), quiet);
}

#[test]
fn a_seed_is_reproducible_and_goes_on_from_what_is_saved() {
    let x = noise(&[5, 3, 6]);
    let made = |seed| {
        let mut net = noisy_cuba_lif(6, NoiseSettings { seed, ..pink() }).unwrap();
        net.noise().reset_noise(1).unwrap();
        net
    };
    let run = |net: &mut Noisy| net.forward(&x, &Context::train().from_rest()).unwrap();
    let (mut one, mut same, mut other) = (made(Some(5)), made(Some(5)), made(Some(6)));
    let first = run(&mut one);
    assert_eq!(run(&mut same), first);
    assert_ne!(run(&mut other), first);
    assert_ne!(run(&mut made(None)), run(&mut made(None)), "each its own");
    let saved = state_dict(&one);
    load_state_dict(&mut other, &saved).unwrap();
    one.noise().reset_noise(2).unwrap();
    other.noise().reset_noise(2).unwrap();
    assert_eq!(run(&mut other), run(&mut one));
}

#[test]
fn potentials_go_on_until_a_reset_and_noise_over_it() {
    let x = noise(&[5, 3, 6]);
    let mut net = NoisyNonSpikingIf::new(6, pink()).unwrap();
    net.noise().reset_noise(2).unwrap();
    let first = net.forward(&x, &Context::eval()).unwrap();
    let second = net.forward(&x, &Context::eval()).unwrap();
    let used = net.noise().colored_noise().unwrap();
    reset(&mut net);
    net.noise().load_colored_noise(&used.unsqueeze(0).expand([3, 5, 6], false)).unwrap();
    let from_rest = net.forward(&x, &Context::eval()).unwrap();
    close("v", &second, &(&from_rest + first.i(4)));
}

/// The mean power of many series by frequency, `[n / 2 + 1]`.
fn power(beta: f64, series: i64, samples: i64) -> (Tensor, Tensor) {
    let drawn = ColoredNoise::new(beta, Some(11)).unwrap().draw(series, samples).unwrap();
    assert_eq!(drawn.size(), [series, samples]);
    let spectrum = drawn.fft_rfft(None, -1, "backward").abs().square();
    (spectrum.mean_dim([0_i64].as_slice(), false, Kind::Double), drawn)
}

#[test]
fn power_falls_with_the_frequency_by_its_exponent() {
    for (beta, samples) in [(0.0, 256), (0.5, 255), (1.0, 256), (2.0, 255), (-1.0, 256)] {
        let (power, drawn) = power(beta, 2000, samples);
        // The straight line through the logarithms of all frequencies that stand for two.
        let n = (samples - 1) / 2;
        let log_f = Tensor::arange_start(1, n + 1, (Kind::Double, Device::Cpu)).log();
        let log_p = power.i(1..=n).log();
        let centred = &log_f - log_f.mean(Kind::Double);
        let slope = (&centred * log_p).sum(Kind::Double) / centred.square().sum(Kind::Double);
        let slope = slope.double_value(&[]);
        assert!((slope + beta).abs() < 0.02, "{beta}: {slope}");
        let own = &drawn - drawn.mean_dim([1_i64].as_slice(), true, Kind::Float);
        let variance = own.square().mean(Kind::Double).double_value(&[]);
        assert!((variance - 1.0).abs() < 0.05, "{beta}: {variance}");
        // The frequency 0 has the deviation of the lowest one, and the highest one its own.
        let lowest = power.double_value(&[0]) / power.double_value(&[1]);
        assert!((lowest - 1.0).abs() < 0.15, "{beta}: {lowest}");
        let highest = power.double_value(&[-1]) / power.double_value(&[-2]);
        assert!((highest - 1.0).abs() < 0.15, "{beta}: {highest}");
        let mean = drawn.mean(Kind::Double).double_value(&[]);
        assert!(mean.abs() < 0.1, "{beta}: {mean}");
    }
}

#[test]
fn series_are_independent_and_calls_draw_on() {
    let mut noise = ColoredNoise::new(1.0, Some(3)).unwrap();
    let first = noise.draw(2, 4000).unwrap();
    let across = (first.i(0) * first.i(1)).mean(Kind::Float).double_value(&[]);
    assert!(across.abs() < 0.3, "{across}");
    assert_ne!(noise.draw(2, 4000).unwrap(), first);
    let error = refusal(noise.draw(2, 1));
    assert_eq!(
        error,
        "`ColoredNoise` cannot make 2 series of 1 samples: it takes one series or more, of two or more"
    );
    let error = refusal(ColoredNoise::new(f64::NAN, None));
    assert_eq!(error, "`ColoredNoise` has a `beta` of NaN, but takes a finite number");
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut net = noisy_cuba_lif(6, pink()).unwrap();
    let single = Context::train().with(StepMode::Single);
    let error = refusal(net.forward(&noise(&[3, 6]), &single));
    assert_eq!(error, "`Noisy` sees all steps at once, and cannot be run step by step");
    for shape in [vec![4, 3, 6], vec![5, 3, 7], vec![5, 6]] {
        let error = refusal(net.forward(&noise(&shape), &Context::train()));
        assert_eq!(error, format!("`Noisy` takes [5, N, 6], but was given {shape:?}"));
    }
    let error = refusal(net.noise().load_colored_noise(&zeros(&[3, 5, 6])));
    assert_eq!(error, "`Noisy` takes noise [N, 5, 12], but was given [3, 5, 6]");
    net.noise().load_colored_noise(&zeros(&[2, 5, 12])).unwrap();
    let error = refusal(net.forward(&noise(&[5, 3, 6]), &Context::train()));
    assert_eq!(
        error,
        "`Noisy` takes the batch of 2 that noise was loaded for, but was given [5, 3, 6]"
    );
    assert!(refusal(net.noise().reset_noise(0)).contains("one call or more, not of 0"));
    let settings = |steps, sigma_init| NoiseSettings { steps, sigma_init, ..pink() };
    assert!(refusal(noisy_cuba_lif(6, settings(0, 0.5))).contains("6 neurons and 0 steps"));
    assert!(refusal(noisy_cuba_lif(0, pink())).contains("0 neurons and 5 steps"));
    assert!(refusal(noisy_cuba_lif(6, settings(5, -0.5))).contains("a `sigma_init` of -0.5"));
    let mut one = noisy_cuba_lif(6, settings(1, 0.5)).unwrap();
    assert!(refusal(one.noise().reset_noise(1)).contains("series of 1 samples"));
}
