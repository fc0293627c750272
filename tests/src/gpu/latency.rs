//! Few neurons, where launches take longer than memory does: the stream's time and the host's.

use std::sync::Arc;
use std::time::Instant;

use snn_artifact::Artifact;
use snn_runtime::cuda::Cuda;
use snn_runtime::device::{Device, median_seconds};
use snn_runtime::error::Result;
use snn_runtime::neuron::{Call, Neuron, Prepared};

use super::cases::Case;
use super::{RUNS, WARM_UP};
use crate::numbers::Numbers;

/// Steps and neurons.
const FEW: (usize, usize) = (8, 65_536);

/// Turns in a row, of which the host's time is taken: so few that the driver's queue of launches, of about a
/// thousand, never makes the host wait for the device.
const IN_A_ROW: usize = 100;

/// Prints a table of neurons, each of which `artifact` compiles.
///
/// # Errors
///
/// Those of the compiler and of the device.
pub fn latency(
    cases: &[(usize, &Case)],
    artifact: impl Fn(&Case) -> Result<Artifact>,
) -> Result<()> {
    let device = Arc::new(Cuda::new(0)?);
    println!("{}\n", device.description());
    println!(
        "| Neuron | Stored as | T | N | Forward and backward on the stream, us | Recorded, us | The host, us a launch | Recorded, us |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let (steps, lanes) = FEW;
    for (_, case) in cases {
        let artifact = artifact(case)?;
        let neuron = Neuron::load(Arc::clone(&device) as Arc<dyn Device>, artifact)?;
        let mut call = Call::default();
        let numbers = Numbers::of(7).array(&[steps, 64, lanes / 64], -0.5, 1.9);
        call.inputs.insert("x".into(), numbers);
        let mut prepared = neuron.prepare(&call)?;
        let both = |prepared: &mut Prepared<'_>| {
            prepared.launch_forward_train()?;
            prepared.launch_backward()
        };
        let stream = micros(&device, || both(&mut prepared))?;
        // Forward, backward, and the sum where something is learnt.
        let launches = if case.learn.is_some() { 3 } else { 2 };
        let launch = host(&device, || both(&mut prepared))? / launches as f64;
        let mut graph = device.record(prepared, both)?;
        let recorded = micros(&device, || graph.launch())?;
        let host_recorded = host(&device, || graph.launch())?;
        println!(
            "| {} | {} | {steps} | {lanes} | {stream:.1} | {recorded:.1} | {launch:.2} | {host_recorded:.2} |",
            case.name, case.dtype
        );
    }
    Ok(())
}

/// The median of the device's time for some launches, in microseconds.
fn micros(device: &Cuda, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    Ok(median_seconds(device, WARM_UP, RUNS, &mut work)? * 1e6)
}

/// The median of the host's time for starting some launches, in microseconds.
fn host(device: &Cuda, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        device.synchronize()?;
        let start = Instant::now();
        (0..IN_A_ROW).try_for_each(|_| work())?;
        times.push(start.elapsed().as_secs_f64() * 1e6 / IN_A_ROW as f64);
    }
    device.synchronize()?;
    times.sort_by(f64::total_cmp);
    Ok(times[RUNS / 2])
}
