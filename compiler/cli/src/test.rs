//! `snnc test`: the tests in files, reported as `cargo test` does.

use std::sync::Arc;
use std::time::Duration;

use snn_compiler::pipeline::Source;
use snn_runtime::cache::Cache;
use snn_runtime::device::Device;
use snn_runtime::devices;
use snn_runtime::jit::Jit;
use snn_runtime::suite::{Outcome, Suite};

use crate::args::TestArgs;
use crate::report::{Reporter, Result, print};
use crate::source::{self, Files};

/// Runs the tests of each file, and returns whether all passed.
pub fn files(args: &TestArgs, reporter: &Reporter) -> Result<bool> {
    let device = devices::open(&args.device)?;
    let jit = Jit::with_cache(Cache::open().ok());
    let mut total = Total::default();
    for file in &args.files {
        if let Err(failure) = one(file, args, &jit, &device, &mut total, reporter) {
            reporter.failure(&failure);
            total.failed += 1;
        }
    }
    let Total { passed, failed, skipped, took } = total;
    let result = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = took.as_secs_f64();
    print(&format!(
        "\ntest result: {result}. {passed} passed; {failed} failed; {skipped} skipped; in {seconds:.2} s on {}\n",
        device.name()
    ))?;
    Ok(failed == 0)
}

#[derive(Default)]
struct Total {
    passed: usize,
    failed: usize,
    skipped: usize,
    took: Duration,
}

fn one(
    file: &str,
    args: &TestArgs,
    jit: &Jit,
    device: &Arc<dyn Device>,
    total: &mut Total,
    reporter: &Reporter,
) -> Result<()> {
    let source::Text { name, text } = source::read(file)?;
    let suite = Suite::new(Source { name: &name, text: &text }, &Files);
    reporter.findings(&suite.sources, &suite.findings);
    if suite.findings.iter().any(|finding| finding.is_error()) {
        total.failed += 1;
        return Ok(());
    }
    print(&format!("{name}\n"))?;
    let wanted = |name: &str| args.filter.as_ref().is_none_or(|filter| name.contains(filter));
    for test in suite.tests().iter().filter(|test| wanted(&test.name)) {
        let outcome = suite.run(test, jit, device)?;
        report(&format!("\"{}\"", test.name), &outcome, total, reporter)?;
    }
    for (neuron, open) in suite.neurons() {
        let name = format!("gradients of {neuron}");
        if !wanted(&name) {
            continue;
        }
        if let Some(option) = open {
            total.skipped += 1;
            print(&format!("  {name} ... skipped: its option `{option}` has no default\n"))?;
            continue;
        }
        let outcome = suite.gradients(neuron, jit, device)?;
        report(&name, &outcome, total, reporter)?;
    }
    Ok(())
}

fn report(name: &str, outcome: &Outcome, total: &mut Total, reporter: &Reporter) -> Result<()> {
    total.took += outcome.took;
    let passed = outcome.passed();
    *if passed { &mut total.passed } else { &mut total.failed } += 1;
    let millis = outcome.took.as_secs_f64() * 1e3;
    let result = if passed { "ok" } else { "FAILED" };
    print(&format!("  {name} ... {result} ({millis:.0} ms)\n"))?;
    reporter.findings(&outcome.sources, &outcome.findings);
    Ok(())
}
