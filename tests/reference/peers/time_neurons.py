"""Times SpikingJelly's neurons that the library has too, on an NVIDIA GPU, and prints a JSON line for each.

`neuron` is the library's name. Each has the settings that its file begins with, and the kernels that SpikingJelly chooses
by itself. A class that takes a step at a time only is run in a loop. Keys as those of `time_spikingjelly.py`, whose clock
and inputs these are.
"""

import argparse
import functools
import json

import time_spikingjelly as clock
import torch
from spikingjelly.activation_based import functional, lava_exchange, neuron, surrogate

M = {"step_mode": "m"}
TABLE = neuron.FewSpikeTable(*(torch.tensor([1.0, 0.5, 0.25, 0.125]) for _ in range(3)))
OUTLIERS = neuron.FewSpikeTable(*(torch.tensor([4.0, 2.0, 1.0, 0.5]) for _ in range(3)))


class Steps(torch.nn.Module):
    """A neuron that takes one step at a time."""

    def __init__(self, node):
        super().__init__()
        self.node = node

    def reset(self):
        getattr(self.node, "reset", lambda: None)()

    def forward(self, x):
        steps = [self.node(step) for step in x]
        return torch.stack([step[0] if isinstance(step, list) else step for step in steps])


class Shaped(torch.nn.Module):
    """A neuron that takes another shape."""

    def __init__(self, node, shape):
        super().__init__()
        self.node, self.shape = node, shape

    def reset(self):
        getattr(self.node, "reset", lambda: None)()

    def forward(self, x):
        y = self.node(x.view(x.shape[0], *self.shape))
        return (torch.stack(y) if isinstance(y, list) else y).view_as(x)


class Stacked(Steps):
    """A neuron that gives a list of steps."""

    def forward(self, x):
        y = self.node(x)
        return torch.stack(y) if isinstance(y, list) else y


class Adapt(neuron.AdaptBaseNode):
    """`AdaptBaseNode` with the charge of a LIF, which the class leaves to its heirs."""

    def single_step_functional_forward(self, inputs, states, **_):
        (x,), (v, w) = inputs, states
        v = v + (x - (v - self.v_rest) - w) / 2.0
        w = self.jit_neuronal_adaptation(w, self.tau_w, self.a, self.v_rest, v)
        s = self.surrogate_function(v - self.v_threshold)
        v = functional.neuron.voltage_reset(v, s, self.v_threshold, self.v_reset, self.detach_reset)
        return (s,), (v, w + self.b * s)


class Noisy(Shaped):
    """A neuron whose noise is made ahead; it goes on from there, which the time does not count."""

    def reset(self):
        super().reset()
        self.node.reset_noise(1)


def folded_mpbn():
    node = neuron.MPBNLIFNode(out_features=4, **M)
    node.re_parameterize_v_threshold(False)
    return node


def makers(steps):
    """How each is made, by the library's name for it."""
    plain = {
        "activation_aware_if": neuron.ActivationAwareIFNode,
        "adapt": Adapt,
        "cuba_lif": neuron.CUBALIFNode,
        "eif": neuron.EIFNode,
        "half_threshold_if": neuron.HalfThresholdIFNode,
        "if": neuron.IFNode,
        "izhikevich": neuron.IzhikevichNode,
        "klif": neuron.KLIFNode,
        "lif": neuron.LIFNode,
        "plif": neuron.ParametricLIFNode,
        "qif": neuron.QIFNode,
        "ternary_if": neuron.TernaryIFNode,
        "ternary_lif": neuron.TernaryLIFNode,
        "resonate_and_fire": lambda **k: neuron.RAFNode(-1.0, 10.0, **k),
        "clif": neuron.ComplementaryLIFNode,
        "ilif": lambda **k: neuron.ILIFNode(surrogate_function=surrogate.MultiLevelSpikeCount(4), **k),
        "stbif": lambda **k: neuron.STBIFNode(1.0, 16, False, **k),
        "liaf": lambda **k: neuron.LIAFNode(torch.relu, True, **k),
    }
    found = {name: functools.partial(many_steps, make) for name, make in plain.items()}
    found |= {
        "dsr_if": lambda: neuron.DSRIFNode(steps),
        "dsr_lif": lambda: neuron.DSRLIFNode(steps),
        "few_spike": lambda: Steps(neuron.FewSpikeNode(TABLE)),
        "hg": lambda: Steps(neuron.HGNode([TABLE, OUTLIERS], torch.zeros(1))),
        "outlier_aware_threshold": lambda: Steps(neuron.OutlierAwareThresholdNode(TABLE, OUTLIERS, 1.0)),
        "gated_lif": lambda: Shaped(neuron.GatedLIFNode(steps), (4, -1, 1, 1)),
        "lava_cuba_lif": lambda: many_steps(lambda: lava_exchange.CubaLIFNode(0.25, 0.03)),
        "masked_psn": lambda: neuron.MaskedPSN(2, steps, step_mode="m"),
        "psn": lambda: Stacked(neuron.PSN(steps)),
        "sliding_psn": lambda: neuron.SlidingPSN(3, step_mode="m"),
        "mpbn_lif": lambda: Shaped(folded_mpbn().eval(), (-1, 4)),
        "noisy_cuba_lif": lambda: Noisy(neuron.NoisyCUBALIFNode(4, T=steps), (-1, 4)),
        "noisy_non_spiking_if": lambda: Noisy(neuron.NoisyNonSpikingIFNode(4, T=steps), (-1, 4)),
        "non_spiking_if": lambda: Stacked(neuron.NonSpikingIFNode()),
        "non_spiking_lif": lambda: Stacked(neuron.NonSpikingLIFNode()),
        "ottt_lif": lambda: Steps(neuron.OTTTLIFNode()),
        "sltt_lif": lambda: Steps(neuron.SLTTLIFNode()),
    }
    return found


def time_forward(make, steps, count):
    """Of a neuron that has no backward."""
    node = make().to(clock.DEVICE)
    x = torch.rand(steps, count, device=clock.DEVICE) * 2.4 - 0.5

    def forward():
        node.reset()
        return node(x)

    with torch.no_grad():
        return {"forward_ms": round(clock.median_ms(forward), 4), "rate": forward().mean().item()}


def many_steps(make, **settings):
    """Of many steps at once, where the class can."""
    try:
        return make(step_mode="m", **settings)
    except TypeError:
        node = make(**settings)
    node.step_mode = "m"
    return node


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=clock.size, default=(16, 4 << 20), metavar="T,N")
    parser.add_argument("--neurons", nargs="+")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        clock.skip("PyTorch finds no CUDA GPU")
    log = clock.Log()
    torch.manual_seed(0)
    print(json.dumps(clock.machine()), flush=True)
    steps, count = args.size
    for name, make in makers(steps).items():
        if args.neurons and name not in args.neurons:
            continue
        found = {"peer": "spikingjelly", "neuron": name, "T": steps, "N": count}
        said = len(log.said)
        try:
            if name == "stbif":
                found |= time_forward(make, steps, count)
            else:
                found |= clock.time_neuron(make, steps, count, torch.float32)
            found["by"] = log.chosen("") if len(log.said) > said else None
        except Exception as error:  # Whatever it is, it is what the peer does with this neuron.
            found["refused"] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
        finally:
            torch.cuda.empty_cache()
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
