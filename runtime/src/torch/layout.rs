//! How a step's lanes lie in memory: dense, in any order of axes, so that channels-last tensors are run as they
//! are.

use tch::Tensor;

/// The axes of a step from the outermost to the innermost in memory, counted from 0 behind T.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    axes: Vec<usize>,
}

impl Layout {
    /// The order in which axes are written.
    pub fn standard(rank: usize) -> Self {
        Self { axes: (0..rank).collect() }
    }

    /// The layout of a tensor `[T, N, *]` of which each step is dense and begins with the batch; none for any
    /// other.
    pub fn of(tensor: &Tensor) -> Option<Self> {
        let (sizes, strides) = (tensor.size(), tensor.stride());
        let (sizes, strides) = (sizes.get(1..)?, strides.get(1..)?);
        let mut axes: Vec<usize> = (0..sizes.len()).collect();
        // Where an axis of one element lies is of no account: it stays where it is among those that count.
        let key = |axis: &usize| if sizes[*axis] == 1 { None } else { Some(strides[*axis]) };
        let mut counting: Vec<usize> = axes.iter().copied().filter(|a| key(a).is_some()).collect();
        counting.sort_by_key(|axis| std::cmp::Reverse(key(axis)));
        let mut next = counting.iter();
        for axis in &mut axes {
            if key(axis).is_some() {
                *axis = *next.next()?;
            }
        }
        let mut expected = 1;
        for &axis in axes.iter().rev() {
            if sizes[axis] != 1 && strides[axis] != expected {
                return None;
            }
            expected *= sizes[axis];
        }
        // Lanes of a batch element lie together, or params per neuron would not be found.
        (sizes.len() < 2 || axes[0] == 0 || sizes[0] == 1).then_some(Self { axes })
    }

    /// The sizes of a step in the order of memory.
    pub fn sizes(&self, step: &[i64]) -> Vec<i64> {
        self.axes.iter().map(|&axis| step[axis]).collect()
    }

    /// Where an axis of a step lies in memory, from the outermost.
    pub fn place(&self, axis: usize) -> usize {
        self.axes.iter().position(|&own| own == axis).unwrap_or(axis)
    }

    /// The strides of a dense step.
    pub fn strides(&self, step: &[i64]) -> Vec<i64> {
        let mut strides = vec![1; step.len()];
        let mut stride = 1;
        for &axis in self.axes.iter().rev() {
            strides[axis] = stride;
            stride *= step[axis].max(1);
        }
        strides
    }

    /// A step, or without its first `skipped` axes, as a tensor with its elements in this order. No copy where
    /// they already are.
    pub fn dense_step(&self, step: &Tensor, skipped: usize) -> Tensor {
        let rank = step.dim() + skipped;
        let own = self.axes.iter().filter(|axis| **axis >= skipped && **axis < rank);
        let order: Vec<i64> = own.map(|&axis| (axis - skipped) as i64).collect();
        self.reordered(step, &order)
    }

    /// A sequence `[T, N, *]` of which each step is dense in this order. No copy where that is so.
    pub fn dense_steps(&self, sequence: &Tensor) -> Tensor {
        if Self::of(sequence).as_ref() == Some(self) {
            return sequence.shallow_clone();
        }
        let behind = self.axes.iter().map(|&axis| axis as i64 + 1);
        let order: Vec<i64> = std::iter::once(0).chain(behind).collect();
        self.reordered(sequence, &order)
    }

    /// Numbers in this order of the axes behind the batch, with those axes as the caller counts them.
    pub fn undone(&self, dense: &Tensor, sizes: &[i64]) -> Tensor {
        let axes: Vec<usize> =
            self.axes.iter().filter(|axis| **axis > 0).map(|axis| axis - 1).collect();
        let own: Vec<i64> = axes.iter().map(|&axis| sizes[axis]).collect();
        let mut back = vec![0; axes.len()];
        axes.iter().enumerate().for_each(|(place, &axis)| back[axis] = place as i64);
        dense.reshape(own).permute(back)
    }

    fn reordered(&self, tensor: &Tensor, order: &[i64]) -> Tensor {
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, &axis)| back[axis as usize] = place as i64);
        tensor.permute(order).contiguous().permute(back)
    }
}
