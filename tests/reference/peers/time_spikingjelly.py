"""Times SpikingJelly's neurons on an NVIDIA GPU, and prints a JSON line for each.

The first line says what it runs on, with the bandwidth of a copy. What is refused has a line with the
reason instead of times. Without torch, SpikingJelly or a GPU a line on stderr says so, and the exit code
is 3.
"""

import argparse
import importlib.metadata
import json
import re
import sys

ABSENT = 3
DEVICE = "cuda"
# As often as our own kernels are launched (`tests/src/bin/gpu-bench.rs`).
WARM_UP, RUNS = 5, 25


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(ABSENT)


try:
    import torch
except ImportError as error:
    skip(f"PyTorch cannot be imported: {error}")
try:
    from loguru import logger
    from spikingjelly.activation_based import neuron, surrogate
except ImportError as error:
    skip(f"SpikingJelly cannot be imported: {error}")

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


# FlexSN takes functions that capture no tensor and no module, so the surrogate is made where it is used.
def lif(x, v):
    h = v + (x - v) / 2.0
    s = surrogate.ATan(alpha=2.0)(h - 1.0)
    return s, (1.0 - s) * h


def plif(x, v, w):
    h = v + (x - v) * w.sigmoid()
    s = surrogate.ATan(alpha=2.0)(h - 1.0)
    return s, (1.0 - s) * h


def neurons(dtype):
    """What is timed, by name: how it is made, and what the log calls its choice of kernels."""
    common = {"step_mode": "m", "surrogate_function": surrogate.ATan(alpha=2.0)}

    def learnt():
        return torch.nn.Parameter(torch.zeros(1, device=DEVICE, dtype=dtype))

    return {
        "LIFNode": (lambda: neuron.LIFNode(tau=2.0, **common), "operator=sj_lif "),
        "ParametricLIFNode": (lambda: neuron.ParametricLIFNode(**common), "operator=sj_plif "),
        "FlexSN LIF": (lambda: neuron.FlexSN(lif, 1), "FlexSN "),
        "FlexSN PLIF": (lambda: neuron.FlexSN(plif, 1, (learnt(),)), "FlexSN "),
    }


class Log:
    """What SpikingJelly says of the kernels it chose.

    It falls back to slower ones, down to a loop in Python, and only its log, which is off by default, says
    so: a table that does not would compare with the wrong thing. An operator's choice is said once.
    """

    def __init__(self):
        self.said = []
        logger.remove()
        logger.add(lambda message: self.said.append(message.record["message"]), level="INFO")
        logger.enable("spikingjelly")

    def chosen(self, word):
        choices = [line for line in self.said if "selection" in line and word in line]
        found = re.search(r"implementation=(\S+)", choices[-1]) if choices else None
        return found and found[1]


def median_ms(run):
    times = []
    for turn in range(WARM_UP + RUNS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        if turn >= WARM_UP:
            times.append(start.elapsed_time(end))
    return sorted(times)[RUNS // 2]


def copy_gb_s():
    source = torch.ones(1 << 28, device=DEVICE)
    target = torch.empty_like(source)
    ms = median_ms(lambda: target.copy_(source))
    return 2 * source.numel() * source.element_size() / ms / 1e6


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine():
    versions = {name: version(name) for name in ("spikingjelly", "torch", "triton")}
    return {"gpu": torch.cuda.get_device_name(), **versions, "copy_gb_s": round(copy_gb_s(), 1)}


def time_neuron(make, steps, count, dtype):
    node = make().to(DEVICE)
    # The same numbers as ours: about a threshold of 1, so that some neurons fire.
    x = (torch.rand(steps, count, device=DEVICE) * 2.4 - 0.5).to(dtype).requires_grad_(True)
    upstream = torch.randn(steps, count, device=DEVICE).to(dtype)

    # With all that backward needs, as in training.
    def forward():
        node.reset()
        return node(x)

    def both():
        x.grad = None
        node.zero_grad(set_to_none=True)
        forward().backward(upstream)

    rate = forward().detach().float().mean().item()
    times = {"forward_ms": median_ms(forward), "both_ms": median_ms(both)}
    if x.grad is None or any(p.grad is None for p in node.parameters()):
        raise RuntimeError("backward left a gradient out")
    return {**{name: round(ms, 4) for name, ms in times.items()}, "rate": round(rate, 3)}


def line(log, name, dtype, steps, count):
    found = {"peer": "spikingjelly", "neuron": name, "dtype": dtype, "T": steps, "N": count}
    make, word = neurons(DTYPES[dtype])[name]
    try:
        times = time_neuron(make, steps, count, DTYPES[dtype])
    except Exception as error:  # Whatever it is, it is what the peer does with this neuron.
        why = " ".join(str(error).split())
        return {**found, "refused": f"{type(error).__name__}: {why}"[:300]}
    finally:
        torch.cuda.empty_cache()
    return {**found, "by": log.chosen(word), **times}


def size(text):
    steps, count = map(int, text.split(","))
    return steps, count


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # f32 first: where a type falls back the log says so once, and it is the narrow types that may.
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    sizes = [(8, 8 << 20), (16, 8 << 20)]
    parser.add_argument("--sizes", nargs="+", type=size, default=sizes, metavar="T,N")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        skip("PyTorch finds no CUDA GPU")
    log = Log()
    torch.manual_seed(0)
    print(json.dumps(machine()), flush=True)
    for dtype in (dtype for dtype in DTYPES if dtype in args.dtypes):
        for steps, count in args.sizes:
            for name in neurons(DTYPES[dtype]):
                print(json.dumps(line(log, name, dtype, steps, count)), flush=True)


if __name__ == "__main__":
    main()
