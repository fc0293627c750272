"""Times SpikingJelly's parallel spiking neuron on a GPU: forward, and forward with backward.

python time_psn.py T N [T N ...]; prints a line of JSON for each pair of sizes, times in milliseconds, medians of 20.
Beside the neuron stand the three matrix products alone that forward and backward need.
"""

import json
import statistics
import sys

import torch
from spikingjelly.activation_based import neuron


def timed(work, runs=20):
    for _ in range(5):
        work()
    times = []
    for _ in range(runs):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


def measure(steps, lanes):
    torch.manual_seed(0)
    psn = neuron.PSN(steps).cuda()
    x = torch.randn(steps, lanes, device="cuda", requires_grad=True)
    seed = torch.randn(steps, lanes, device="cuda")

    def forward():
        with torch.no_grad():
            psn(x)

    def both():
        x.grad = None
        psn.zero_grad()
        psn(x).backward(seed)

    w, data = torch.randn(steps, steps, device="cuda"), x.detach()

    def products():
        w @ data
        w.t() @ seed
        seed @ data.t()

    times = {"forward": timed(forward), "both": timed(both), "products": timed(products)}
    copy = data.clone()
    bytes_ms = 2 * data.numel() * 4 / timed(lambda: copy.copy_(data)) / 1e6
    print(json.dumps({"T": steps, "N": lanes, "copy GB/s": round(bytes_ms), **times}))


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[1:]]
    for pair in zip(sizes[::2], sizes[1::2]):
        measure(*pair)
