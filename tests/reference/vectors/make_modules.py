"""Writes modules.npz: the neurons of SpikingJelly that have a layer inside or look at all steps, forward and backward.

Made with spikingjelly 2.0.0 and torch 2.11.0 on the CPU: `python make_modules.py`, in this folder. In f64, but for
those of `dsr`, which SpikingJelly computes in f32; what is given is exact in f32. A case has what it was given (`x`, the
gradient `g` of its output, params `p.*`, noise) and what came out (`out`, the last potential `v`, gradients `grad.*`,
buffers `b.*` behind all calls); a case of several calls has these for each call, which is named behind the case.
"""

import numpy as np
import torch
from spikingjelly.activation_based import functional, neuron

draw = np.random.default_rng(31)
result = {}


def numbers(*shape, size=1.0, mean=0.0):
    """Numbers that f32 holds as well, as f64."""
    drawn = (draw.standard_normal(shape) * size + mean).astype(np.float32)
    return torch.tensor(drawn.astype(np.float64))


def keep(name, **tensors):
    for part, tensor in tensors.items():
        result[f"{name}.{part.replace('__', '.')}"] = tensor.detach().numpy().copy()


def params(net, name):
    """Gives all params numbers near their own, and keeps them."""
    for path, param in net.named_parameters():
        with torch.no_grad():
            param.copy_(param + numbers(*param.shape, size=0.2).to(param.dtype))
            param.copy_(param.float())
        result[f"{name}.p.{path}"] = param.detach().numpy().copy()


def call(net, name, x, run=None, state=True):
    """A call with gradients of its output's sum weighed by numbers of their own."""
    net.zero_grad()
    operand = x.clone().requires_grad_()
    out = (run or net)(operand)
    g = numbers(*out.shape).to(out.dtype)
    (out * g).sum().backward()
    keep(name, x=x, g=g, out=out, grad__x=operand.grad)
    for path, param in net.named_parameters():
        if param.grad is not None:
            keep(name, **{f"grad__{path}": param.grad})
    if state:
        keep(name, v=net.v)
    print(name, float((out.detach() != 0).double().mean()))


def potential_batch_norm():
    plain = dict(out_features=3)
    image = dict(out_channels=3)
    cases = {
        "hard": (plain, dict(v_reset=-0.25), None),
        "soft": (image, dict(v_reset=None, decay_input=True, detach_reset=True, tau=1.5), None),
        "learnt": (plain, dict(learnable_vth=True, v_threshold=0.75), None),
        "learnt_soft": (image, dict(learnable_vth=True, v_threshold=0.75, v_reset=None), None),
        "off": (plain, dict(mpbn=False, learnable_vth=True), None),
        "folded": (plain, dict(v_reset=-0.25), (False, False)),
        "residual": (image, dict(v_reset=None, decay_input=True), (True, True)),
        "adapted": (plain, dict(learnable_vth=True, v_reset=None, bn_momentum=0.006), (True, True)),
    }
    for name, (shape, settings, folds) in cases.items():
        name = f"mpbn_{name}"
        net = neuron.MPBNLIFNode(step_mode="m", **shape, **settings).double()
        params(net, name)
        if settings.get("mpbn", True):
            with torch.no_grad():
                net.vbn.running_mean.copy_(numbers(3, size=0.3))
                net.vbn.running_var.copy_(numbers(3, size=0.1, mean=1.2))
            keep(name, p__mean=net.vbn.running_mean, p__var=net.vbn.running_var)
        if folds:
            net.re_parameterize_v_threshold(*folds)
        size = (4, 5, 3) if "out_features" in shape else (4, 3, 3, 2, 2)
        for which in ("first", "second"):
            call(net.train(), f"{name}.{which}", numbers(*size, size=1.2, mean=0.6))
            functional.detach_net(net)
        functional.reset_net(net)
        call(net.eval(), f"{name}.eval", numbers(*size, size=1.2, mean=0.6))
        if folds:
            keep(name, b__mu=net.mu, b__sigma2=net.sigma2)
        elif settings.get("mpbn", True):
            keep(name, b__mu=net.vbn.running_mean, b__sigma2=net.vbn.running_var)


def connections():
    cases = {
        "if": neuron.ILCIFNode(2, 3, v_reset=-0.25),
        "lif": neuron.ILCLIFNode(2, 3, v_decay=0.625),
        "cuba": neuron.ILCCUBALIFNode(2, 3, c_decay=0.375, v_decay=0.5, v_reset=0.125),
    }
    for name, net in cases.items():
        net = net.double()
        params(net, f"ilc_{name}")
        # It writes into its input, which a leaf of autograd does not allow.
        call(net, f"ilc_{name}", numbers(6, 4, 6, size=0.8, mean=0.3), lambda x, net=net: net(x * 1.0))


def noise():
    torch.manual_seed(3)
    np.random.seed(3)
    cases = {
        "noisy_cuba": neuron.NoisyCUBALIFNode(6, T=5, beta=1.0, sigma_init=0.5),
        "noisy_ilc": neuron.NoisyILCCUBALIFNode(2, 3, T=5, beta=1.0, sigma_init=0.75),
    }
    for decode in (None, "max-mem", "max-abs-mem", "mean-mem", "last-me"):
        net = neuron.NoisyNonSpikingIFNode(6, T=5, beta=1.0, sigma_init=1.5, decode=decode)
        cases[f"noisy_if_{decode or 'all'}"] = net
    for name, net in cases.items():
        net = net.double()
        params(net, name)
        net.reset_noise(3)
        run = (lambda x, net=net: torch.stack(net(x))) if name == "noisy_if_all" else None
        x = numbers(5, 4, 6, size=0.6, mean=0.2)
        call(net, name, x, run)
        keep(name, noise=net.get_colored_noise())


def few_spikes():
    def table(size):
        theta = numbers(4, size=0.1, mean=0.5)
        return neuron.FewSpikeTable(theta, numbers(4, size=0.1, mean=0.4 * size), numbers(4, size=0.2, mean=size))

    def kept(name, *tables):
        for part in ("theta", "h", "d"):
            keep(name, **{f"p__{part}": torch.stack([getattr(each, part) for each in tables])})

    tables = [table(size) for size in (1.0, 2.0, 4.0)]
    cases = {
        "few": (tables[:1], neuron.FewSpikeNode(tables[0])),
        "outlier": (tables[:2], neuron.OutlierAwareThresholdNode(*tables[:2], 1.0, 2.5)),
        "gated": (tables, neuron.HGNode(tables, [-0.5, 0.75])),
    }
    for name, (own, net) in cases.items():
        kept(f"few_{name}", *own)
        net.step_mode = "s"
        call(net, f"few_{name}.single", numbers(5, 7, size=2.0), state=False)
        net.step_mode = "m"
        call(net, f"few_{name}.multi", numbers(4, 5, 7), state=False)


def spike_representation():
    threshold = dict(v_threshold=0.75, v_threshold_grad_scaling=0.5)
    cases = {
        "dsr_if": neuron.DSRIFNode(T=6, **threshold),
        "dsr_if_bound": neuron.DSRIFNode(T=6, v_threshold=2.0, v_threshold_lower_bound=0.5),
        "dsr_lif": neuron.DSRLIFNode(T=6, tau=1.5, delta_t=0.5, **threshold),
        "dsr_lif_bound": neuron.DSRLIFNode(T=6, delta_t=0.25, v_threshold=0.25),
    }
    for name, net in cases.items():
        with torch.no_grad():
            net.v_threshold.mul_(0.0625 if "bound" in name else 1.0)
        keep(name, p__v_threshold=net.v_threshold)
        size, mean = (2.5, 1.5) if "lif" in name else (0.8, 0.3)
        call(net, name, numbers(6, 5, 4, size=size, mean=mean).float(), state=False)
        # Rates below, within and above what the gradient is cut to.
        assert 0 < (result[f"{name}.grad.x"][0] == 0).mean() < 1
        assert (net.v_threshold.grad != 0) == ("bound" not in name)


def sliding():
    net = neuron.SlidingPSN(4, step_mode="m").double()
    keep("sliding", p__weight=net.weight, p__bias=net.bias)
    call(net, "sliding", numbers(7, 3, 2, mean=0.5), state=False)


if __name__ == "__main__":
    potential_batch_norm()
    connections()
    noise()
    few_spikes()
    spike_representation()
    sliding()
    np.savez_compressed("modules.npz", **result)
