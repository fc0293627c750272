"""Writes spikingjelly.npz: IF, LIF and parametric LIF of SpikingJelly, forward and backward in f64.

Made with spikingjelly 2.0.0 and torch 2.11.0: `python make_spikingjelly.py`, in this folder. Every
case shares `x` ([T, N]) and `seed`, of the spikes and of the potentials after each step; a case has `s`,
`v` (after each step), `grad.x` and, for the parametric LIF, `grad.w`. All start at rest.
"""

import numpy as np
import torch
from spikingjelly.activation_based import neuron, surrogate

T, N = 20, 7
SURROGATES = {
    "sigmoid": lambda: surrogate.Sigmoid(alpha=4.0),
    "atan": lambda: surrogate.ATan(alpha=2.0),
}


def cases():
    for surr in SURROGATES:
        for soft in (False, True):
            for detach in (False, True):
                yield "if", surr, soft, detach, None
                for decay_input in (False, True):
                    yield "lif", surr, soft, detach, decay_input
                    yield "plif", surr, soft, detach, decay_input


def build(kind, surr, soft, detach, decay_input):
    common = {
        "v_threshold": 1.0,
        "v_reset": None if soft else 0.0,
        "surrogate_function": SURROGATES[surr](),
        "detach_reset": detach,
        "step_mode": "m",
        "store_v_seq": True,
    }
    if kind == "if":
        return neuron.IFNode(**common)
    if kind == "lif":
        return neuron.LIFNode(tau=2.0, decay_input=decay_input, **common)
    return neuron.ParametricLIFNode(init_tau=2.0, decay_input=decay_input, **common)


def main():
    draw = np.random.default_rng(21)
    x = draw.integers(-12, 32, (T, N)) / 16.0
    seed = {part: draw.standard_normal((T, N)).astype(np.float32) for part in "sv"}
    result = {"x": x.astype(np.float32), "seed.s": seed["s"], "seed.v": seed["v"]}
    for case in cases():
        kind, surr, soft, detach, decay_input = case
        net = build(*case).double().train()
        scale = 2.0 if decay_input else 1.0
        operand = torch.tensor(scale * x, requires_grad=True)
        s = net(operand)
        v = net.v_seq
        rate = float(s.detach().mean())
        loss = sum((value * torch.tensor(seed[part]).double()).sum() for part, value in (("s", s), ("v", v)))
        loss.backward()
        parts = [kind, "soft" if soft else "hard"] + ["detach"] * detach
        parts += ["decay"] if decay_input else []
        key = "_".join(parts + [surr])
        assert 0.05 < rate < 0.6, (key, rate)
        result[f"{key}.s"] = s.detach().numpy().astype(np.float32)
        result[f"{key}.v"] = v.detach().numpy()
        result[f"{key}.grad.x"] = operand.grad.numpy()
        if kind == "plif":
            result[f"{key}.grad.w"] = net.w.grad.numpy()
        print(f"{key}: rate {rate:.2f}")
    np.savez_compressed("spikingjelly.npz", **result)


if __name__ == "__main__":
    main()
