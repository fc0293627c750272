//! Parallel neurons on tensors: their matrices are results of operations, and have gradients that `outer` adds up.

use std::sync::Arc;

use snn_artifact::naming::{LAG, Operand};
use tch::{Kind, Tensor};

use super::autograd::{forward, start};
use super::kernels::Kernels;
use super::operands::{Operands, Run};
use super::{Buffers, Call, failed};
use crate::error::{Error, Result};
use crate::neuron::{OUTPUT, lags};

/// Puts the matrices to the buffers: params as they are, and what programs compute of the others.
pub fn matrices(kernels: &Kernels, run: &Run, buffers: &mut Buffers) -> Result<()> {
    let steps = run.geometry.steps as i64;
    for (matrix, program) in kernels.manifest.matrices.iter().zip(&kernels.programs) {
        let made = match program {
            Some(program) => computed(program, run, buffers)?,
            None => {
                let name = Operand::Param(&matrix.name).to_string();
                let given = buffers.get(&name);
                let lacks = || failed("forward", format!("`{}` is missing", matrix.name));
                given.ok_or_else(lacks)?.reshape([steps, steps])
            }
        };
        buffers.insert(Operand::Matrix(&matrix.name).to_string(), made);
    }
    // Nothing but matrices is made of them.
    for param in kernels.manifest.params.iter().filter(|param| param.is_matrix()) {
        buffers.remove(&Operand::Param(&param.name).to_string());
    }
    Ok(())
}

/// What a program computes of params that are among the buffers.
fn computed(program: &Arc<Kernels>, run: &Run, buffers: &Buffers) -> Result<Tensor> {
    let steps = run.geometry.steps as i64;
    let given = |name: &str| buffers.get(&Operand::Param(name).to_string());
    let mut call = Call { forget_states: true, ..Call::default() };
    for input in &program.manifest.inputs {
        let tensor = match given(&input.name) {
            Some(weight) if input.name != LAG => weight.shallow_clone(),
            _ => Tensor::from_slice(&lags(run.geometry.steps)).to_device(run.device),
        };
        call.inputs.insert(input.name.clone(), tensor.reshape([steps, steps]));
    }
    for param in &program.manifest.params {
        let elements = param.elements();
        let each: Option<Vec<_>> = elements.iter().map(|element| given(&element.name)).collect();
        let each = each.ok_or_else(|| failed("forward", format!("`{}` is missing", param.name)))?;
        let tensor = match param.axis {
            None => each[0].reshape([1_i64; 0]),
            Some(_) => {
                let each: Vec<Tensor> = each.iter().map(|one| one.reshape([1_i64; 0])).collect();
                Tensor::stack(&each, 0)
            }
        };
        call.params.insert(param.name.clone(), tensor);
    }
    let operands = Operands::new(&program.manifest, &call)?;
    let mut results = forward(operands, Arc::clone(program))?;
    let lacks = || Error::Artifact(format!("a matrix has no output `{OUTPUT}`"));
    results.outputs.remove(OUTPUT).ok_or_else(lacks)
}

/// The name that the gradient of an operand has among the buffers.
pub fn grad(operand: &str) -> String {
    format!("grad of {operand}")
}

/// Puts the gradients of matrices, and of params with a number for each step, to the buffers.
pub fn add_products(kernels: &Kernels, run: &Run, buffers: &mut Buffers) -> Result<()> {
    let steps = run.geometry.steps as i64;
    for outer in &kernels.manifest.outer {
        let lacks = |name: &String| Error::Artifact(format!("nothing has written `{name}`"));
        let left = buffers.get(&outer.left).ok_or_else(|| lacks(&outer.left))?.shallow_clone();
        let right = match &outer.right {
            Some(name) => buffers.get(name).ok_or_else(|| lacks(name))?.shallow_clone(),
            None => left.shallow_clone(),
        };
        let n_columns = if outer.right.is_some() { steps } else { 0 };
        let sums = added(kernels, run, [&left, &right], n_columns)?;
        if let Some(name) = &outer.matrix {
            let name = grad(&Operand::Matrix(name).to_string());
            let products = sums.narrow(1, 0, n_columns).contiguous();
            let sum = match buffers.get(&name) {
                Some(before) => before + products,
                None => products,
            };
            buffers.insert(name, sum);
        }
        for name in &outer.params {
            let total = sums.select(1, n_columns).contiguous();
            buffers.insert(grad(&Operand::Param(name).to_string()), total);
        }
    }
    Ok(())
}

/// The products of two sequences, added up over lanes: `[T, K + 1]`.
fn added(kernels: &Kernels, run: &Run, sides: [&Tensor; 2], k: i64) -> Result<Tensor> {
    let (steps, lanes) = (run.geometry.steps as i64, run.geometry.lanes);
    let options = (Kind::Float, run.device);
    let entry = |name: &str| {
        let found = kernels.manifest.entries.get(name);
        found.ok_or_else(|| Error::Artifact(format!("it has no entry `{name}`")))
    };
    let outer = entry("outer")?;
    let blocks = lanes.div_ceil(outer.block.max(1) as usize) as i64;
    let size = [steps, k + 1];
    if blocks * steps == 0 {
        return Ok(Tensor::zeros(size, options));
    }
    let partial = Tensor::empty([blocks * steps * (k + 1)], options);
    let [left, right] = sides;
    let rows = |tensor: &Tensor| if tensor.dim() > 1 { tensor.stride()[0] } else { lanes as i64 };
    let scalars = [steps, lanes as i64, k, rows(left), rows(right)];
    let named = |name: &str, tensor: &Tensor| (name.to_string(), tensor.shallow_clone());
    let buffers =
        Buffers::from([named("left", left), named("right", right), named("partial", &partial)]);
    start(kernels, "outer", outer, lanes, &buffers, &scalars)?;
    let sums = Tensor::empty(size, options);
    let buffers = Buffers::from([named("partial", &partial), named("grad", &sums)]);
    let n = (steps * (k + 1)) as usize;
    start(kernels, "reduce", entry("reduce")?, n, &buffers, &[n as i64, 1, blocks])?;
    Ok(sums)
}
