"""Two linear layers with LIF neurons: the firing rates, the loss and the gradient of the first weights."""

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate


def numbers(*shape):
    """Numbers from -1 to 3 by a fixed rule."""
    n = torch.Size(shape).numel()
    return ((torch.arange(n) * 7919 + 13) % 1000 / 250 - 1).reshape(shape)


def network():
    def lif():
        return neuron.LIFNode(tau=2.0, surrogate_function=surrogate.ATan(alpha=2.0))

    net = torch.nn.Sequential(
        layer.Linear(4, 3, bias=False), lif(), layer.Linear(3, 2, bias=False), lif()
    )
    net.load_state_dict({"0.weight": numbers(3, 4), "2.weight": numbers(2, 3)})
    functional.set_step_mode(net, "m")
    return net


def run():
    net = network()
    x, target = numbers(8, 5, 4), torch.tensor([0, 1, 0, 1, 1])  # [T, N, 4], [N]
    rates = net(x).mean(0)
    loss = torch.nn.functional.cross_entropy(rates, target)
    loss.backward()
    return {"rates": rates, "loss": loss, "gradient": net[0].weight.grad}
