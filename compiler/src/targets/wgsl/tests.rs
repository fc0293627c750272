use super::*;
use crate::kernel::parse::parse;
use crate::kernel::samples;
use crate::kernel::verify::verify;

/// A sample as it is scheduled for WGSL.
fn sample(text: &str) -> Verified<Kernel> {
    let mut kernel = parse(text).unwrap();
    kernel.schedule.lanes = 1;
    kernel.schedule.block = kernel.schedule.block.min(MAX_BLOCK);
    verify(kernel).unwrap()
}

fn text(emitted: &Emitted) -> &str {
    let artifact::Code::Wgsl(text) = &emitted.code else { panic!("not WGSL") };
    text
}

fn emit_text(sources: &[&str], options: Options) -> String {
    let kernels: Vec<_> = sources.iter().map(|s| sample(s)).collect();
    let kernels: Vec<_> = kernels.iter().collect();
    text(&emit(&kernels, &options).unwrap()).into()
}

#[test]
fn lif_forward() {
    insta::assert_snapshot!(emit_text(&[samples::LIF_FORWARD], Options::default()));
}

#[test]
fn lif_backward() {
    insta::assert_snapshot!(emit_text(&[samples::LIF_BACKWARD], Options::default()));
}
