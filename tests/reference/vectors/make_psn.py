"""Writes psn.npz: the parallel spiking neurons of SpikingJelly, forward and backward in f64.

Made with spikingjelly 2.0.0 and torch 2.11.0: `python make_psn.py`, in this folder. Every case shares `x` ([T, N]) and
`seed`; a case has `w`, `b`, `s`, `grad.x`, `grad.w`, `grad.b`. The masked ones have k = 3 and are called after lambda.
"""

import numpy as np
import torch
from spikingjelly.activation_based import neuron

T, N, K = 8, 11, 3


def cases():
    yield "psn", neuron.PSN(T)
    for share in (0.0, 0.5, 1.0):
        yield f"masked_{share}", neuron.MaskedPSN(K, T, lambda_init=share, step_mode="m")
    yield "sliding", neuron.SlidingPSN(K, step_mode="m")


def main():
    torch.manual_seed(7)
    draw = np.random.default_rng(23)
    x, seed = draw.standard_normal((T, N)) + 0.5, draw.standard_normal((T, N))
    x, seed = x.astype(np.float32), seed.astype(np.float32)
    result = {"x": x, "seed": seed}
    for name, net in cases():
        net = net.double()
        with torch.no_grad():
            # Numbers that f32 holds as well.
            net.weight.copy_((2.0 * torch.randn_like(net.weight)).float().double())
            net.bias.copy_((-0.5 + 0.2 * torch.randn_like(net.bias)).float().double())
        operand = torch.tensor(x.astype(np.float64), requires_grad=True)
        s = net(operand)
        (s * torch.tensor(seed.astype(np.float64))).sum().backward()
        print(name, float(s.detach().mean()))
        found = {"w": net.weight, "b": net.bias, "s": s, "grad.x": operand.grad}
        found |= {"grad.w": net.weight.grad, "grad.b": net.bias.grad}
        result |= {f"{name}.{part}": value.detach().numpy() for part, value in found.items()}
    np.savez("psn.npz", **result)


if __name__ == "__main__":
    main()
