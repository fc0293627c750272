"""A neuron of one's own, a threshold that rises with each spike: its spikes, its potentials and a gradient."""

import torch
from spikingjelly.activation_based import neuron, surrogate


class Adaptive(neuron.SimpleBaseNode):
    def __init__(self, tau=2.0):
        super().__init__(surrogate_function=surrogate.ATan(alpha=2.0))
        self.tau = tau
        self.register_memory("a", 0.0)

    def neuronal_charge(self, x):
        self.v = self.v + (x - self.v) / self.tau

    def neuronal_fire(self):
        return self.surrogate_function(self.v - (1 + self.a))

    def neuronal_reset(self, spike):
        super().neuronal_reset(spike)
        self.a = 0.9 * self.a + 0.5 * spike


def run():
    x = torch.tensor([0.4, 2.2, 2.5, 3.3, 1.9, 3.1]).reshape(6, 1).requires_grad_()
    adaptive, spikes, potentials = Adaptive(), [], []
    for step in x:
        spikes.append(adaptive(step))
        potentials.append(adaptive.v)
    spikes, potentials = torch.stack(spikes), torch.stack(potentials)
    (spikes.sum() + potentials.sum()).backward()
    return {"spikes": spikes, "potentials": potentials, "gradient": x.grad}
