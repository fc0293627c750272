"""Writes neurons.npz and neurons.json: the neurons of SpikingJelly, forward and backward in f64.

Made with spikingjelly 2.0.0, torch 2.11.0 and numpy: `pip install spikingjelly==2.0.0 torch==2.11.0`, then
`python make_neurons.py`, in this folder. `neuron_cases.py` says what there is; `../README.md` says what the files hold.

Every number that a neuron is given is one of f32. Inputs are drawn anew until the neuron fires in 5 to 95 % of the
places and no potential is within 1e-4 of a threshold, so that f32 and f64 have the same spikes; in the cases on a grid,
which are exact in both, some potentials are at it.
"""

import json
import warnings
from importlib.metadata import version

import numpy as np
import torch
from neuron_case import C, N, T
from neuron_cases import cases

MARGIN = 1e-4
# The quadratic neurons run away where they are driven far: then f32 and f64 do as well.
LARGEST = 50.0
# How far the two step modes of SpikingJelly may be from each other: the order of a few operations in f64.
MODES_AGREE = 1e-13


def f32(values):
    """The numbers as f32 has them, in f64."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def assign(module, path, value, learn):
    """Gives a module a number by the path of its attribute, and returns what to ask for its gradient."""
    *owners, leaf = path.split(".")
    for owner in owners:
        module = getattr(module, owner)
    current, value = getattr(module, leaf), torch.tensor(value)
    if isinstance(current, torch.Tensor) and current.numel() == value.numel():
        value = value.reshape(current.shape)
    if isinstance(current, torch.nn.Parameter):
        current.data = value
        return current
    if not learn and not isinstance(current, torch.Tensor):
        setattr(module, leaf, float(value))
        return None
    value.requires_grad_(learn)
    setattr(module, leaf, value)
    return value


class Run:
    """A case in one step mode of SpikingJelly."""

    def __init__(self, case, given, mode, steps=T):
        self.module = module = case.build().double().train(case.training)
        self.distances, self.fired, self.outputs = [], [], {name: [] for name in case.watch}
        function = getattr(module, "surrogate_function", None)
        hook = function and function.register_forward_pre_hook(lambda _, u: self.see(u[0].detach()))
        self.params = {}
        for name, (path, learn, factor) in case.paths.items():
            value = given["param." + name] * factor
            self.params[name] = assign(module, path, value, learn)
        self.inputs, self.states = {}, {}
        for name, value in given.items():
            kind, _, name = name.partition(".")
            if kind == "input":
                self.inputs[name] = torch.tensor(value[:steps], requires_grad=case.gradient)
            if kind == "state":
                self.states[name] = torch.tensor(value, requires_grad=case.gradient)
                setattr(module, case.states[name], self.states[name])
        if case.is_default:
            for attribute in case.states.values():
                if isinstance(getattr(module, attribute), float):
                    setattr(module, attribute, float(f32(getattr(module, attribute))))
        if case.load:
            case.load(module, self.inputs)
        if case.recorded:
            self.record_after(case, case.recorded)
        module.step_mode = mode
        rows = self.single(case) if mode == "s" else self.multi(case)
        if hook:
            # Classes share the surrogates that are their defaults.
            hook.remove()
        names = [name for name in case.outputs if name not in case.watch]
        self.outputs |= dict(zip(names, rows, strict=True))
        self.outputs = {n: torch.stack(v) if isinstance(v, list) else v for n, v in self.outputs.items() if len(v)}
        last = {name: getattr(module, attribute) for name, attribute in case.states.items()}
        self.last = {name: value for name, value in last.items() if isinstance(value, torch.Tensor)}

    def see(self, u):
        self.distances.append(u.abs())
        self.fired.append((u >= 0).double().mean().item())

    def record(self, case):
        for name in case.watch:
            self.outputs[name].append(getattr(self.module, case.states[name]))

    def record_after(self, case, method):
        """Looks at the states behind each call of a method, of a class that gives none of them."""
        inner = getattr(self.module, method)

        def wrapped(*args):
            inner(*args)
            self.record(case)

        setattr(self.module, method, wrapped)

    def single(self, case):
        rows = []
        for x in self.inputs["x"]:
            y = self.module(x)
            rows.append(y if isinstance(y, (list, tuple)) else [y])
            self.record(case)
        return [torch.stack(column) for column in zip(*rows)]

    def multi(self, case):
        self.module.store_v_seq = True
        y = self.module(self.inputs["x"])
        if getattr(self.module, "v_seq", None) is not None and "v" in case.watch:
            self.outputs["v"] = self.module.v_seq
        return [] if case.reads_all else [y]

    def backward(self, seeds):
        values = self.outputs | {"next." + name: value for name, value in self.last.items()}
        terms = [(values[name] * torch.tensor(seed)).sum() for name, seed in seeds.items()]
        sum(term for term in terms if term.requires_grad).backward()


def zeros_or(leaf):
    return np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()


def gradients(case, run):
    found = {"grad.input." + name: zeros_or(leaf) for name, leaf in run.inputs.items()}
    found |= {"grad.state." + name: zeros_or(leaf) for name, leaf in run.states.items()}
    for name, (_, learn, factor) in case.paths.items():
        if learn:
            grad = zeros_or(run.params[name]) * factor * case.grad_factors.get(name, 1.0)
            found["grad.param." + name] = grad.reshape(np.shape(case.params[name]))
    return found


def seeds_of(case, run, pools, only=None):
    """Which pool each output and last state takes the gradient from that backward begins with."""
    names = [name for name in run.outputs if name not in case.unseeded]
    names += ["next." + name for name in run.last if name not in case.unseeded]
    values = run.outputs | {"next." + name: value for name, value in run.last.items()}
    chosen = {}
    for name in names:
        kind = "row" if values[name].dim() == 2 else case.pool
        chosen[name] = f"{kind}.{sum(pool.startswith(kind) for pool in chosen.values()) % pools[kind]}"
    return {name: pool for name, pool in chosen.items() if only is None or name in only}


def difference(case, given, pools, shared):
    """The largest difference of the two step modes: outputs, potentials, last states and gradients."""
    single, multi = Run(case, given, "s"), Run(case, given, "m")
    both = set(multi.outputs) | {"next." + name for name in multi.last}
    seeds = seeds_of(case, multi, pools, both)
    pairs = [(single.outputs[name], value) for name, value in multi.outputs.items()]
    pairs += [(single.last[name], value) for name, value in multi.last.items()]
    pairs = [(a.detach().numpy(), b.detach().numpy()) for a, b in pairs]
    if case.gradient:
        for run in (single, multi):
            run.backward({name: shared[pool] for name, pool in seeds.items()})
        found = [gradients(case, run) for run in (single, multi)]
        pairs += [(value, found[1][name]) for name, value in found[0].items()]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)


def draw(case, seed):
    """The operands of a case."""
    random = np.random.default_rng(seed)
    shape = (T, N, C)
    x = random.standard_normal(shape) * case.scale + case.shift
    given = {"input.x": f32(np.repeat(x[:1], T, 0) if case.is_constant else x)}
    for name in case.noises:
        given["input." + name] = f32(random.standard_normal(shape))
    for name in [] if case.is_default else case.starts:
        given["state." + name] = f32(case.starts[name](random, (N, C)))
    if case.is_grid:
        given = {name: np.round(8 * value) / 8 for name, value in given.items()}
    return given | {"param." + name: f32(value) for name, value in case.params.items()}


def compute(case, pools, shared):
    for seed in range(1000):
        given = draw(case, [len(case.name), *case.name.encode(), seed])
        run = Run(case, given, case.mode)
        distances = torch.cat([u.ravel() for u in run.distances or [case.distances(given, run)]])
        if case.is_grid:
            if not (distances == 0).any():
                continue
            distances = distances[distances != 0]
        rate = np.mean(run.fired) if run.fired else np.mean((run.outputs[case.outputs[0]] != 0).numpy())
        largest = max(value.abs().max().item() for value in (*run.outputs.values(), *run.last.values()))
        if distances.min() > MARGIN and largest < LARGEST and (case.is_silent or 0.05 <= rate <= 0.95):
            break
    else:
        raise AssertionError(f"{case.name}: no inputs")
    apart = None
    if len(case.modes) == 2:
        apart = difference(case, given, pools, shared)
        assert apart <= MODES_AGREE, (case.name, apart)
    seeds = seeds_of(case, run, pools)
    found = {"output." + name: value for name, value in run.outputs.items()}
    found |= {"next." + name: value for name, value in run.last.items()}
    found = {name: value.detach().numpy().astype(np.float64) for name, value in found.items()}
    if case.prefixes:
        rows = [Run(case, given, case.mode, t + 1).last["v"] for t in range(T)]
        found["output.v"] = torch.stack(rows).detach().numpy()
    if case.gradient:
        weights = {name: shared[pool] for name, pool in seeds.items()}
        run.backward(weights)
        found |= gradients(case, run)
    if case.is_default:
        given = {name: value for name, value in given.items() if not name.startswith("param.")}
    return given | found, seeds if case.gradient else {}, apart, float(rate)


def main():
    warnings.simplefilter("error")
    assert version("spikingjelly") == "2.0.0", "the vectors are those of spikingjelly 2.0.0"
    torch.set_num_threads(1)
    # `double` does not reach what a step makes of whole numbers.
    torch.set_default_dtype(torch.float64)
    random = np.random.default_rng(0)
    pools = {"sequence": 4, "row": 4, "constant": 1}
    shared = {f"sequence.{i}": f32(random.standard_normal((T, N, C))) for i in range(4)}
    shared |= {f"row.{i}": f32(random.standard_normal((N, C))) for i in range(4)}
    shared["constant.0"] = np.repeat(f32(random.standard_normal((1, N, C))), T, 0)
    result, listed, worst = dict(shared), [], 0.0
    for case in cases():
        arrays, seeds, apart, rate = compute(case, pools, shared)
        worst = max(worst, apart or 0.0)
        assert all(np.isfinite(value).all() for value in arrays.values()), case.name
        result[case.name] = np.concatenate([value.ravel() for value in arrays.values()])
        entry = {"name": case.name, "neuron": case.neuron, "class": case.of, "modes": case.modes}
        entry |= {"options": case.options, "learn": [n for n, path in case.paths.items() if path[1]]}
        watched = [name.removeprefix("output.") for name in arrays if name.startswith("output.")]
        watched = [name for name in watched if name not in case.outputs]
        entry |= {"share": case.share, "watch": watched, "inputs": list(case.noises)}
        entry |= {"seeds": seeds, "precision": case.precision, "rate": round(rate, 3)}
        entry["arrays"] = [[name, list(value.shape)] for name, value in arrays.items()]
        listed.append(entry)
    assert len({entry["name"] for entry in listed}) == len(listed)
    about = {"spikingjelly": version("spikingjelly"), "torch": version("torch")}
    about |= {"numpy": version("numpy"), "modes_apart": worst}
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in listed)
    with open("neurons.json", "w", encoding="utf-8") as file:
        file.write(f'{{"about": {json.dumps(about)},\n"cases": [\n{lines}\n]}}\n')
    np.savez_compressed("neurons.npz", **result)
    neurons = len({entry["neuron"] for entry in listed})
    print(f"{len(listed)} cases of {neurons} neurons; the step modes are at most {worst:.1e} apart")


if __name__ == "__main__":
    main()
