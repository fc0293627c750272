"""Writes torch.npz: IF and LIF by a plain loop over libtorch f64 tensors, gradients by its autograd.

Made with torch 2.11.0: `python make_torch.py`, in this folder. Every case shares the operands `x`
([T, N, C, W]), `v0`, `seed.s`, `seed.v`; a case has `s`, `v` (the last potential), `grad.x`,
`grad.v0` and the gradient of each param. Inputs are multiples of 1/16, so that sums meet the
threshold exactly, and a run in f32 is checked here to give the same spikes.
"""

import math

import numpy as np
import torch

T, N, C, W = 20, 2, 3, 2
V_RESET = -0.125
SHAPES = {"layer": (1, 1, 1), "channel": (1, C, 1), "neuron": (1, C, W)}


def surrogate(derivative):
    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(ctx, u):
            ctx.save_for_backward(u)
            return (u >= 0).to(u)

        @staticmethod
        def backward(ctx, grad):
            (u,) = ctx.saved_tensors
            return grad * derivative(u)

    return Spike.apply


def sigmoid_derivative(u, alpha=4.0):
    y = torch.sigmoid(alpha * u)
    return alpha * y * (1 - y)


def atan_derivative(u, alpha=2.0):
    return alpha / 2 / (1 + (math.pi / 2 * alpha * u) ** 2)


SURROGATES = {"sigmoid": sigmoid_derivative, "atan": atan_derivative}


def run(case, operands):
    x, v, v_threshold, v_reset = (operands[name] for name in ("x", "v0", "v_threshold", "v_reset"))
    spike = surrogate(SURROGATES[case["surrogate"]])
    rest = torch.zeros_like(v_reset) if case["soft"] else v_reset
    spikes, margin = [], math.inf
    for t in range(T):
        if case["neuron"] == "if":
            h = v + x[t]
        elif case["decay_input"]:
            h = v + (x[t] - (v - rest)) / operands["tau"]
        else:
            h = v - (v - rest) / operands["tau"] + x[t]
        u = h - v_threshold
        s = spike(u)
        by = s.detach() if case["detach"] else s
        v = h - by * v_threshold if case["soft"] else by * v_reset + (1 - by) * h
        spikes.append(s)
        away = u.detach().abs()
        margin = min(margin, float(away[away > 0].min()))
    return torch.stack(spikes), v, margin


def cases():
    for surr in SURROGATES:
        for soft in (False, True):
            for detach in (False, True):
                base = {"surrogate": surr, "soft": soft, "detach": detach}
                yield {"neuron": "if", **base}
                for decay_input in (False, True):
                    for sharing in SHAPES if surr == "sigmoid" else ("layer",):
                        yield {"neuron": "lif", "decay_input": decay_input, "tau": sharing, **base}


def name(case):
    parts = [case["neuron"], "soft" if case["soft"] else "hard"]
    parts += ["detach"] if case["detach"] else []
    parts += ["decay"] if case.get("decay_input") else []
    parts += [case["tau"]] if "tau" in case else []
    return "_".join(parts + [case["surrogate"]])


def tau_of(sharing):
    values = {
        "layer": [2.0],
        "channel": [1.5, 2.0, 3.25],
        "neuron": [1.25, 1.5, 2.0, 2.5, 3.0, 4.0],
    }
    return np.array(values[sharing]).reshape(SHAPES[sharing])


def main():
    draw = np.random.default_rng(20)
    shared = {
        "x": draw.integers(-12, 32, (T, N, C, W)) / 16.0,
        "v0": draw.integers(-4, 12, (N, C, W)) / 16.0,
        "seed.s": draw.standard_normal((T, N, C, W)).astype(np.float32).astype(np.float64),
        "seed.v": draw.standard_normal((N, C, W)).astype(np.float32).astype(np.float64),
    }
    result = {key: value.astype(np.float32) for key, value in shared.items()}
    for case in cases():
        given = {"x": shared["x"], "v0": shared["v0"]}
        given["v_threshold"] = np.full((1, 1, 1), 1.0)
        given["v_reset"] = np.full((1, 1, 1), V_RESET)
        if "tau" in case:
            given["tau"] = tau_of(case["tau"])
            # The drive of a leaky neuron is larger, or it would hardly fire.
            if case["decay_input"]:
                given["x"] = 2.0 * given["x"]
        operands = {key: torch.tensor(value, requires_grad=True) for key, value in given.items()}
        s, v, margin = run(case, operands)
        with torch.no_grad():
            single = {key: value.float() for key, value in operands.items()}
            same = bool((run(case, single)[0] == s).all())
        rate = float(s.detach().mean())
        assert same and margin > 1e-5 and 0.05 < rate < 0.6, (name(case), same, margin, rate)
        loss = (s * torch.tensor(shared["seed.s"])).sum() + (v * torch.tensor(shared["seed.v"])).sum()
        loss.backward()
        key = name(case)
        result[f"{key}.s"] = s.detach().numpy().astype(np.float32)
        result[f"{key}.v"] = v.detach().numpy()
        for operand, tensor in operands.items():
            if tensor.grad is not None:
                result[f"{key}.grad.{operand}"] = tensor.grad.numpy()
        print(f"{key}: rate {rate:.2f}, margin {margin:.1e}")
    np.savez_compressed("torch.npz", **result)


if __name__ == "__main__":
    main()
