//! What backward is relaxed to, and what stays.

use super::relax;
use crate::kernel::{parse, print, verify};

/// A backward kernel with these statements in its steps.
fn backward(steps: &str) -> String {
    format!(
        "kernel backward f32 chunk 4 lanes 1 block 32\n\
         in input.x: input f32 sequence\n\
         in param.p: param f32 layer\n\
         out grad.input.x: grad f32 sequence\n\
         %0 = load param.p\n\
         %1 = real 1.0\n\
         chunks reverse\n\
         steps reverse\n\
         %2 = load input.x\n{steps}end\nend\n"
    )
}

/// The names of the operations of a relaxed step behind its load.
fn relaxed(steps: &str, fused: bool) -> Vec<String> {
    let kernel = parse(&backward(steps)).expect("it is a kernel");
    let kernel = verify(relax(kernel, fused)).expect("relaxed kernels are kernels");
    let text = print(&kernel);
    let behind = text.lines().skip_while(|line| !line.contains("load input.x")).skip(1);
    let op = |line: &str| line.split_once(" = ")?.1.split(' ').next().map(String::from);
    behind.take_while(|line| line.trim() != "end").filter_map(op).collect()
}

#[test]
fn a_quotient_is_a_ratio_unless_it_decides() {
    let free = "%3 = div %2, %0\nstore grad.input.x, %3\n";
    assert_eq!(relaxed(free, false), ["ratio"]);
    let decides = "%3 = div %2, %0\n%4 = ge %3, %1\n%5 = select %4, %2, %3\n\
                   store grad.input.x, %5\n";
    assert_eq!(relaxed(decides, false), ["div", "ge", "select"]);
}

#[test]
fn a_product_that_only_a_sum_takes_is_part_of_it() {
    let add = "%3 = mul %2, %2\n%4 = add %0, %3\nstore grad.input.x, %4\n";
    assert_eq!(relaxed(add, true), ["fma"]);
    assert_eq!(relaxed(add, false), ["mul", "add"]);
    let from = "%3 = mul %2, %2\n%4 = sub %3, %1\nstore grad.input.x, %4\n";
    assert_eq!(relaxed(from, true), ["neg", "fma"]);
    let less = "%3 = mul %2, %0\n%4 = sub %1, %3\nstore grad.input.x, %4\n";
    assert_eq!(relaxed(less, true), ["neg", "fma"]);
}

#[test]
fn a_product_that_has_other_uses_stays() {
    let twice = "%3 = mul %2, %2\n%4 = add %0, %3\n%5 = add %4, %3\nstore grad.input.x, %5\n";
    assert_eq!(relaxed(twice, true), ["mul", "add", "add"]);
}

#[test]
fn what_a_spike_is_decided_by_is_not_fused() {
    let spike = "%3 = mul %2, %2\n%4 = add %0, %3\n%5 = ge %4, %1\n%6 = select %5, %2, %1\n\
                 store grad.input.x, %6\n";
    assert_eq!(relaxed(spike, true), ["mul", "add", "ge", "select"]);
}

#[test]
fn forward_stays_as_it_is() {
    let text = backward("%3 = div %2, %0\nstore grad.input.x, %3\n");
    let kernel = parse(&text.replace("kernel backward", "kernel forward")).expect("it is a kernel");
    assert_eq!(relax(kernel.clone(), true), kernel);
}
