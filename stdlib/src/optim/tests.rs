use tch::{Device, Kind, Tensor};

use super::*;

type Params = Vec<(String, Tensor)>;

/// A param and a loss whose gradient is not the same twice.
fn param() -> Params {
    let numbers = Tensor::from_slice(&[1.0_f32, -2.0, 0.5, 3.0]).set_requires_grad(true);
    vec![("w".into(), numbers)]
}

fn loss(w: &Tensor) -> Tensor {
    (w * w * Tensor::from_slice(&[1.0_f32, 0.5, 2.0, 0.1])).sum(Kind::Float)
}

fn run(optimizer: &mut Optimizer, w: &Tensor, steps: usize) -> Vec<f32> {
    for _ in 0..steps {
        optimizer.zero_grad();
        loss(w).backward();
        optimizer.step().unwrap();
    }
    Vec::try_from(w).unwrap()
}

/// The gradients of the loss by hand.
fn gradient(w: &[f64]) -> Vec<f64> {
    w.iter().zip([1.0, 0.5, 2.0, 0.1]).map(|(w, a)| 2.0 * a * w).collect()
}

fn near(found: &[f32], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn adam_is_as_in_the_paper() {
    for decay in [None, Some(0.1)] {
        let params = param();
        let w = params[0].1.shallow_clone();
        let mut optimizer = match decay {
            None => Optimizer::adam(params, 0.1),
            Some(decay) => Optimizer::adamw(params, 0.1, decay),
        };
        let (mut own, mut m, mut v) = (vec![1.0, -2.0, 0.5, 3.0], vec![0.0; 4], vec![0.0; 4]);
        for t in 1..=10 {
            let g = gradient(&own);
            for i in 0..4 {
                own[i] -= 0.1 * decay.unwrap_or(0.0) * own[i];
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                let (a, b) = (1.0 - 0.9_f64.powi(t), 1.0 - 0.999_f64.powi(t));
                own[i] -= 0.1 * (m[i] / a) / ((v[i] / b).sqrt() + 1e-8);
            }
        }
        near(&run(&mut optimizer, &w, 10), &own);
    }
}

#[test]
fn momentum_goes_on() {
    let params = param();
    let w = params[0].1.shallow_clone();
    let mut optimizer = Optimizer::sgd(params, 0.1, 0.9);
    let (mut own, mut momentum) = (vec![1.0, -2.0, 0.5, 3.0], vec![0.0; 4]);
    for _ in 0..10 {
        let g = gradient(&own);
        for i in 0..4 {
            momentum[i] = 0.9 * momentum[i] + g[i];
            own[i] -= 0.1 * momentum[i];
        }
    }
    near(&run(&mut optimizer, &w, 10), &own);
}

#[test]
fn an_optimizer_goes_on_from_its_states() {
    let makes: [fn(Params) -> Optimizer; 2] =
        [|params| Optimizer::adam(params, 0.1), |params| Optimizer::sgd(params, 0.1, 0.9)];
    for make in makes {
        let params = param();
        let w = params[0].1.shallow_clone();
        let mut whole = make(params);
        let expected = run(&mut whole, &w, 10);
        let params = param();
        let w = params[0].1.shallow_clone();
        let mut first = make(params);
        run(&mut first, &w, 4);
        let mut second = make(vec![("w".into(), w.shallow_clone())]);
        second.load_state_dict(&first.state_dict()).unwrap();
        assert_eq!(run(&mut second, &w, 6), expected, "to the bit");
        let other = vec![("x".into(), w.shallow_clone())];
        assert!(make(other).load_state_dict(&first.state_dict()).is_err());
    }
}

#[test]
fn params_without_a_gradient_stay() {
    let unused = Tensor::from(1.0_f32).set_requires_grad(true);
    let mut params = param();
    let w = params[0].1.shallow_clone();
    params.push(("unused".into(), unused.shallow_clone()));
    run(&mut Optimizer::adam(params, 0.1), &w, 3);
    assert_eq!(unused.double_value(&[]), 1.0);
}

#[test]
fn gradients_are_clipped_together() {
    let params = param();
    let w = params[0].1.shallow_clone();
    let optimizer = Optimizer::adam(params, 0.1);
    loss(&w).backward();
    let before = optimizer.clip_grad_norm(1.0).unwrap().double_value(&[]);
    let expected = gradient(&[1.0, -2.0, 0.5, 3.0]).iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!((before - expected).abs() < 1e-4);
    assert!((w.grad().norm().double_value(&[]) - 1.0).abs() < 1e-4);
}

#[test]
fn a_step_that_overflows_is_left_out() {
    let params = param();
    let w = params[0].1.shallow_clone();
    let mut optimizer = Optimizer::adam(params, 0.1);
    let mut scaler = Scaler::new(Device::Cpu);
    scaler.scale(&(loss(&w) * f64::MAX)).backward();
    optimizer.scaled_step(&mut scaler).unwrap();
    assert_eq!(Vec::<f32>::try_from(&w).unwrap(), [1.0, -2.0, 0.5, 3.0]);
    assert_eq!(scaler.value(), 32_768.0);
    optimizer.zero_grad();
    scaler.scale(&loss(&w)).backward();
    optimizer.scaled_step(&mut scaler).unwrap();
    let scaled = Vec::<f32>::try_from(&w).unwrap();
    let params = param();
    let w = params[0].1.shallow_clone();
    let plain = run(&mut Optimizer::adam(params, 0.1), &w, 1);
    near(&scaled, &plain.iter().map(|&n| f64::from(n)).collect::<Vec<_>>());
    let mut other = Scaler::new(Device::Cpu);
    other.load_state_dict(&scaler.state_dict()).unwrap();
    assert_eq!(other.value(), 32_768.0);
}

#[test]
fn gradients_are_clipped_behind_the_scale() {
    let clipped = |scaler: Option<&mut Scaler>| {
        let params = param();
        let w = params[0].1.shallow_clone();
        let mut optimizer = Optimizer::sgd(params, 0.1, 0.0);
        match scaler {
            None => {
                loss(&w).backward();
                let _ = optimizer.clip_grad_norm(1.0).unwrap();
                optimizer.step().unwrap();
            }
            Some(scaler) => {
                scaler.scale(&loss(&w)).backward();
                optimizer.unscale(scaler).unwrap();
                let _ = optimizer.clip_grad_norm(1.0).unwrap();
                optimizer.scaled_step(scaler).unwrap();
            }
        }
        Vec::<f32>::try_from(&w).unwrap()
    };
    let expected = clipped(None);
    assert_ne!(expected, [1.0, -2.0, 0.5, 3.0]);
    let mut scaler = Scaler::new(Device::Cpu);
    // The second step is unscaled as well.
    for _ in 0..2 {
        let found = clipped(Some(&mut scaler));
        near(&found, &expected.iter().map(|&n| f64::from(n)).collect::<Vec<_>>());
    }
}

#[test]
fn schedules_are_what_they_are_called() {
    assert_eq!(Schedule::Constant.rate(0.1, 7), 0.1);
    let step = Schedule::Step { every: 10, factor: 0.5 };
    assert_eq!([0, 9, 10, 25].map(|n| step.rate(1.0, n)), [1.0, 1.0, 0.5, 0.25]);
    let cosine = Schedule::Cosine { over: 10, last: 0.0 };
    assert_eq!([0, 10, 20].map(|n| cosine.rate(1.0, n)), [1.0, 0.0, 0.0]);
    assert!((cosine.rate(1.0, 5) - 0.5).abs() < 1e-12);
    let warm = Schedule::WarmUp { over: 4, then: Box::new(cosine) };
    assert_eq!([0, 3, 4].map(|n| warm.rate(1.0, n)), [0.25, 1.0, 1.0]);
}
