//! The second stage of sums, the same for every neuron.

use cranelift_codegen::ir::{Function, InstBuilder, Value, types};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::flags;
use super::lanes::repeat;

/// Builds `reduce`: for each `g` from `begin` to `end`, `grad[g]` is the sum of
/// `partial[(o * G + g) * S + s]` over `o` and `s` in that order, with Kahan's compensation.
pub fn function(
    function: Function,
    shared: &mut FunctionBuilderContext,
    isa: &OwnedTargetIsa,
) -> Function {
    common(function, shared, isa, |b, [buffers, scalars, begin, end]| {
        sums(b, buffers, scalars, (begin, end));
    })
}

/// Builds an entry that is the same for every neuron, of its buffers, its scalars, and what it begins and ends with.
pub fn common(
    mut function: Function,
    shared: &mut FunctionBuilderContext,
    isa: &OwnedTargetIsa,
    build: impl FnOnce(&mut FunctionBuilder<'_>, [Value; 4]),
) -> Function {
    let mut b = FunctionBuilder::new(&mut function, shared);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let [buffers, scalars, begin, end] = *b.block_params(entry) else {
        unreachable!("the signature has four parameters")
    };
    build(&mut b, [buffers, scalars, begin, end]);
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(isa.frontend_config());
    function
}

fn sums(b: &mut FunctionBuilder<'_>, buffers: Value, scalars: Value, (begin, end): (Value, Value)) {
    let mut word = |base, i: i32| b.ins().load(types::I64, flags(), base, 8 * i);
    let (partial, grad) = (word(buffers, 0), word(buffers, 1));
    let [groups, inner, outer] = [word(scalars, 0), word(scalars, 1), word(scalars, 2)];
    let count = b.ins().isub(end, begin);
    repeat(b, count, 1, true, |b, i| {
        let group = b.ins().iadd(begin, i);
        let sum = b.declare_var(types::F32);
        let error = b.declare_var(types::F32);
        let zero = b.ins().f32const(0.0);
        b.def_var(sum, zero);
        b.def_var(error, zero);
        repeat(b, outer, 1, true, |b, o| {
            let row = b.ins().imul(o, groups);
            let row = b.ins().iadd(row, group);
            let first = b.ins().imul(row, inner);
            repeat(b, inner, 1, true, |b, s| {
                let index = b.ins().iadd(first, s);
                let at = element(b, partial, index);
                let term = b.ins().load(types::F32, flags(), at, 0);
                let (before, lost) = (b.use_var(sum), b.use_var(error));
                let term = b.ins().fsub(term, lost);
                let after = b.ins().fadd(before, term);
                let added = b.ins().fsub(after, before);
                let lost = b.ins().fsub(added, term);
                b.def_var(sum, after);
                b.def_var(error, lost);
            });
        });
        let sum = b.use_var(sum);
        let at = element(b, grad, group);
        b.ins().store(flags(), sum, at, 0);
    });
}

/// The address of an f32.
pub fn element(b: &mut FunctionBuilder<'_>, base: Value, index: Value) -> Value {
    let distance = b.ins().ishl_imm_u(index, 2);
    b.ins().iadd(base, distance)
}
