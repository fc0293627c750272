"""A LIF neuron over six steps: its spikes, its last potential and the gradient of its input."""

import torch
from spikingjelly.activation_based import neuron, surrogate


def run():
    x = torch.tensor([0.4, 1.2, 2.5, 0.3, 1.9, 1.1]).reshape(6, 1).requires_grad_()  # [T, N]
    lif = neuron.LIFNode(
        tau=2.0,
        surrogate_function=surrogate.ATan(alpha=2.0),
        detach_reset=True,
        step_mode="m",
    )
    spikes = lif(x)
    spikes.sum().backward()
    return {"spikes": spikes, "v": lif.v, "gradient": x.grad}
