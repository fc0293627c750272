"""The cases of make_neurons.py: SpikingJelly's neurons by the names and the params of the library."""

import itertools
import math
from functools import partial

import numpy as np
import torch
from neuron_case import BOTH, SURROGATES, C, Case, N, T, family, named, near_rest, surrogates, tag
from spikingjelly.activation_based import functional, lava_exchange, neuron, surrogate

RESETS = ("soft_reset", "detach_reset")
CHARGED = (*RESETS, "decay_input")


class Adapt(neuron.AdaptBaseNode):
    """The adaptation of SpikingJelly with the charge of a LIF, which the class leaves open."""

    tau = 2.0

    def single_step_functional_forward(self, inputs, states, **_):
        (x,), (v, w) = inputs, states
        v = v + (x - (v - self.v_rest) - w) / self.tau
        w = self.jit_neuronal_adaptation(w, self.tau_w, self.a, self.v_rest, v)
        s = self.surrogate_function(v - self.v_threshold)
        v = functional.neuron.voltage_reset(v, s, self.v_threshold, self.v_reset, self.detach_reset)
        return (s,), (v, w + self.b * s)


def integrators():
    yield from family("if", neuron.IFNode, RESETS, {"v_threshold": 1.1})
    yield from family("lif", neuron.LIFNode, CHARGED, {"tau": 1.7, "v_threshold": 0.9})
    plif = {"k": 0.35, "v_threshold": 0.9}
    yield from family("plif", neuron.ParametricLIFNode, CHARGED, plif, learnt=("k",), names={"k": "w"})
    half = {"starts": {"v": lambda random, shape: random.uniform(0, 1, shape)}}
    yield from family("half_threshold_if", neuron.HalfThresholdIFNode, ("detach_reset",), {"v_threshold": 1.5}, **half)
    aware = {"v_threshold": [0.6, 0.9, 1.3], "v_offset": [-0.2, 0.1, 0.3]}
    yield from family("activation_aware_if", neuron.ActivationAwareIFNode, RESETS, aware, defaults=False, v_reset=-0.2)
    yield Case("activation_aware_if", neuron.ActivationAwareIFNode, "default", is_default=True)
    klif = {"tau": 1.7, "k": 1.3, "v_threshold": 0.9}
    yield from family("klif", neuron.KLIFNode, (*CHARGED, "scale_reset"), klif, learnt=("k",))
    eif = {"tau": 1.7, "delta_t": 0.8, "theta_rh": 0.7, "v_threshold": 1.1, "v_rest": 0.05}
    names = {"delta_t": "delta_T"}
    yield from family("eif", neuron.EIFNode, RESETS, eif, names=names, v_reset=-0.2, scale=0.9, shift=0.0)
    qif = {"tau": 1.7, "v_c": 0.7, "a0": 1.2, "v_threshold": 1.1, "v_rest": 0.05}
    yield from family("qif", neuron.QIFNode, RESETS, qif, v_reset=-0.2, shift=0.7)


def oscillators():
    slow = {"v_rest": -0.1, "w_rest": 0.2, "tau_w": 3.0, "a": 0.4, "b": 0.3}
    two = {"states": {"v": "v", "w": "w"}, "starts": {"v": near_rest, "w": near_rest}, "watch": ("v", "w")}
    two |= {"fixed": ("w_rest",)}
    adapt = {"tau": 1.7, "v_threshold": 0.9, **slow}
    yield from family("adapt", Adapt, RESETS, adapt, scale=1.5, shift=0.8, **two)
    izhikevich = {"tau": 1.7, "v_c": 0.7, "a0": 1.2, "v_threshold": 0.9, **slow}
    yield from family("izhikevich", neuron.IzhikevichNode, RESETS, izhikevich, scale=1.5, shift=1.0, **two)
    raf = {"b": -0.3, "omega": 1.2, "dt": 0.5, "v_threshold": 0.7}
    u = {"states": {"v": "v", "u": "u"}, "starts": {"v": near_rest, "u": near_rest}, "watch": ("v", "u")}
    floats = ("b", "omega", "dt")
    yield from family("resonate_and_fire", neuron.RAFNode, RESETS, raf, fixed=floats, scale=1.5, shift=0.6, **u)
    cuba = {"c_decay": 0.6, "v_decay": 0.8, "v_threshold": 0.7}
    c = {"states": {"v": "v", "c": "c"}, "starts": {"v": near_rest, "c": near_rest}, "watch": ("v", "c")}
    yield from family("cuba_lif", neuron.CUBALIFNode, ("soft_reset",), cuba, scale=0.7, shift=0.1, **c)
    m = {"states": {"v": "v", "m": "m"}, "starts": {"v": near_rest, "m": near_rest}, "watch": ("v", "m")}
    clif = {"tau": 1.7, "v_threshold": 0.9}
    yield from family("clif", neuron.ComplementaryLIFNode, (), clif, **m)
    made = partial(neuron.ComplementaryLIFNode, surrogate_function=surrogate.ATan(2.0))
    yield Case("clif", made, "atan", {"surr": "atan(alpha: 2.0)"}, clif, **m)


def lif_kinds():
    acts = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    lif = {"tau": 1.7, "v_threshold": 0.9}
    for act, related in itertools.product(acts, BOTH):
        made = partial(neuron.LIAFNode, acts[act], related)
        for case in family("liaf", made, CHARGED, lif, defaults=False, outputs=("y",), modes="s"):
            is_whole = act == "relu"
            if is_whole or case.options["decay_input"] == case.options["soft_reset"] == "false":
                case.options |= {"act": act, "threshold_related": str(related).lower()}
                case.tag += f"_{act}" + "_related" * related
                yield case
    # Of single steps, in training; in evaluation there is neither a gradient nor a trace.
    ottt = {"states": {"v": "v", "trace": "trace"}, "modes": "s", "starts": {"v": near_rest}}
    yield from family("ottt_lif", neuron.OTTTLIFNode, CHARGED, lif, outputs=("s", "trace"), **ottt)
    yield from family("sltt_lif", neuron.SLTTLIFNode, CHARGED, lif, modes="s")
    ilif = {"tau": 1.4, "v_threshold": 0.8}
    for (most, narrow), detach in itertools.product(((4, False), (2, False), (3, True)), BOTH):
        function = surrogate.MultiLevelSpikeCount(most, grad_window=(-0.5, 2.5) if narrow else None)
        build = partial(neuron.ILIFNode, surrogate_function=function, detach_reset=detach)
        options = {"max_spike_count": str(most), "detach_reset": str(detach).lower()}
        options |= {"surr": "multi_level_spike_count(3, grad_min: -0.5, grad_max: 2.5)"} if narrow else {}
        parts = tag(**{str(most): True, "narrow": narrow, "detach": detach})
        yield Case("ilif", build, parts, options, ilif, scale=1.5, distances=halves)
    more = {"is_default": True, "fixed": ("tau",), "scale": 1.5, "distances": halves}
    yield Case("ilif", neuron.ILIFNode, "default", {}, {"tau": 4 / 3}, **more)


def halves(given, run):
    """How far the potentials of an ILIF are from where its spikes change, and from the ends of its window."""
    tau, threshold = (float(getattr(run.module, name)) for name in ("tau", "v_threshold"))
    v = run.states["v"].detach() if run.states else torch.zeros(N, C)
    before = torch.cat([v[None], run.outputs["v"].detach()[:-1]])
    u = ((1 - 1 / tau) * before + torch.tensor(given["input.x"])) / threshold
    return (2 * u - (2 * u).round()).abs()


def both_signs():
    ternary = {"scale": 1.3, "shift": 0.0, "starts": {"v": lambda random, shape: random.uniform(-0.5, 0.5, shape)}}
    yield from family("ternary_if", neuron.TernaryIFNode, RESETS, {"v_threshold": 0.8}, **ternary)
    lif = {"tau": 1.7, "v_threshold": 0.8}
    yield from family("ternary_lif", neuron.TernaryLIFNode, CHARGED, lif, **ternary)
    more = {"outputs": ("y",), "starts": {}, "watch": ("q", "acc_q"), "scale": 0.8, "shift": 0.1}
    more |= {"gradient": False, "distances": ends, "states": {"q": "q", "acc_q": "acc_q"}}
    levels = ((16, False), (16, True), (4, False), (5, True), (2, False))
    for level, is_sym, limits in (*((*level, {}) for level in levels), (8, False, {"pos_max": 3, "neg_min": -2})):
        options = {"level": str(level), "sym": str(is_sym).lower()} | {n: str(v) for n, v in limits.items()}
        build = partial(neuron.STBIFNode, 0.5, level, is_sym, **limits)
        parts = tag(**{str(level): True, "sym": is_sym, "limits": bool(limits)})
        yield Case("stbif", build, parts, options, {"q_threshold": 0.3}, **more)


def ends(given, run):
    """How far the sums of an STBIF are from 0 and 1."""
    q = torch.cat([torch.full((1, N, C), 0.5), run.outputs["q"][:-1]])
    q = q + torch.tensor(given["input.x"]) / run.module.q_threshold
    return torch.stack([q, q - 1]).abs()


def in_fixed_point():
    more = {"states": {"i": "current_state", "v": "voltage_state"}, "starts": {"i": near_rest, "v": near_rest}}
    more |= {"watch": ("i", "v"), "scale": 0.8, "shift": 0.1}
    more |= {"factors": {"current_decay": 4096.0, "voltage_decay": 4096.0}}
    params = {"current_decay": 0.3, "voltage_decay": 0.07, "v_threshold": 1.1}
    for scale, detach in itertools.product((64, 32), BOTH):
        options, arguments = surrogates()
        arguments |= {"scale": scale, "detach_reset": detach, "requires_grad": True}
        build = partial(lava_exchange.CubaLIFNode, 0.25, 0.03, **arguments)
        options |= {"scale": str(scale), "detach_reset": str(detach).lower()}
        yield Case("lava_cuba_lif", build, tag(**{str(scale): True, "detach": detach}), options, params, **more)


class Gated(neuron.GatedLIFNode):
    """With inputs of [T, N, C], where the class wants two axes more, and with as many steps as they have."""

    def multi_step_functional_forward(self, inputs, states, **_):
        self.T = len(inputs[0])
        wide = states[0][..., None, None]
        (s,), (v, _) = super().multi_step_functional_forward((inputs[0][..., None, None],), (wide, wide))
        return (s[..., 0, 0],), (v[..., 0, 0],) * 2


def gated():
    random = np.random.default_rng(5)
    logits = {"alpha": 0.3, "beta": -0.4, "gamma": 0.5, "tau": -0.9, "v_threshold": 0.2, "linear_decay": -2.5,
              "v_subreset": 0.1}
    for is_channel in BOTH:
        count = (C,) if is_channel else ()
        params = {name: mean + 0.3 * random.standard_normal(count) for name, mean in logits.items()}
        params["conduct"] = 0.5 * random.standard_normal((T, *count))
        more = {"modes": "m", "watch": (), "unseeded": ("v",), "prefixes": True}
        more |= {"share": dict.fromkeys(params, "channel")} if is_channel else {}
        for _ in range(2):
            options, arguments = surrogates()
            build = partial(Gated, T, C if is_channel else None, **arguments)
            parts = ("channel_" if is_channel else "layer_") + named(options)
            yield Case("gated_lif", build, parts, {"steps": str(T)} | options, params, **more)


def readouts():
    decodes = {"all": None, "last": "last_mem"}
    decodes |= {name: name.replace("_", "-") for name in ("max_mem", "max_abs_mem", "mean_mem")}
    more = {"starts": {}, "modes": "m", "shift": 0.0, "is_silent": True, "recorded": "neuronal_charge",
            "distances": lambda given, run: torch.ones(1)}
    for (short, decode), noisy in itertools.product(decodes.items(), (None, True, False)):
        options = {short: "true"} if short.endswith("_mem") else {}
        outputs = ("v",) if short == "all" else ("v", "y")
        rest = more | {"outputs": outputs, "reads_all": short == "all"}
        if noisy is None:
            yield Case("non_spiking_if", partial(neuron.NonSpikingIFNode, decode), short, options, **rest)
            build = partial(neuron.NonSpikingLIFNode, 1.7, decode)
            yield Case("non_spiking_lif", build, short, options, {"tau": 1.7}, **rest)
            continue
        decode = "last-me" if short == "last" else decode
        build = partial(neuron.NoisyNonSpikingIFNode, C, noisy, T, decode=decode)
        rest |= {"noises": ("noise",), "load": noise_of("noise")} if noisy else {}
        params = {"sigma": [0.3, 0.5, 0.8]} if noisy else {}
        options = options | {"is_training": str(noisy).lower()}
        yield Case("noisy_non_spiking_if", build, short + "_noise" * noisy, options, params, **rest)
    more = {"modes": "m", "starts": {}, "recorded": "neuronal_reset", "scale": 0.8, "shift": 0.1}
    more |= {"states": {"v": "v", "c": "c"}, "watch": ("v", "c"), "fixed": ("v_reset",)}
    for noisy, _ in itertools.product(BOTH, range(3)):
        options, arguments = surrogates()
        rest = more | ({"noises": ("noise_v", "noise_s"), "load": noise_of("noise_v", "noise_s")} if noisy else {})
        build = partial(neuron.NoisyCUBALIFNode, C, is_training=noisy, T=T, **arguments)
        params = {"c_decay": 0.6, "v_decay": 0.8, "v_threshold": 0.7, "v_reset": 0.1}
        params |= {"sigma_v": 0.3, "sigma_s": 0.2} if noisy else {}
        parts = named(options) + "_noise" * noisy
        yield Case("noisy_cuba_lif", build, parts, options | {"is_training": str(noisy).lower()}, params, **rest)


def noise_of(*names):
    """Gives a noisy class its noise, which has the steps behind the batch."""

    def load(module, inputs):
        module.load_colored_noise(torch.cat([inputs[name].transpose(0, 1) for name in names], 2))

    return load


def parallel():
    random = np.random.default_rng(7)
    none = {"states": {}, "starts": {}, "watch": (), "scale": 2.0}
    names = {"w": "weight", "b": "bias"}

    def weights(*shape):
        return random.standard_normal(shape)

    for _ in range(3):
        options, arguments = surrogates()
        params = {"w": weights(T, T), "b": 0.3 * weights(T)}
        build = partial(neuron.PSN, T, **arguments)
        yield Case("psn", build, named(options), options, params, names, modes="m", **none)
    for k, share in ((2, 0.0), (3, 0.5), (2, 1.0), (5, 1.0)):
        options, arguments = surrogates()
        options |= {"k": str(k)}
        params = {"lambda": share, "w": 1.5 * weights(T, T), "b": 0.3 * weights(T)}
        build = partial(neuron.MaskedPSN, k, T, **arguments)
        more = {"names": names | {"lambda": "_lambda_"}, "fixed": ("lambda",), "modes": "ms" if share == 1.0 else "m"}
        yield Case("masked_psn", build, f"{k}_{share}", options, params, **more, **none)
    for k, is_exp in ((1, False), (2, True), (3, True), (6, False)):
        options, arguments = surrogates()
        options |= {"k": str(k)}
        params = {"w": neuron.SlidingPSN(k).weight.detach().numpy() if is_exp else weights(k), "b": -0.2}
        build = partial(neuron.SlidingPSN, k, **arguments)
        yield Case("sliding_psn", build, f"{k}" + "_exp" * is_exp, options, params, names, modes="ms", **none)


def tables():
    random = np.random.default_rng(11)
    more = {"states": {}, "starts": {}, "watch": (), "outputs": ("y",), "modes": "s"}

    def table(k, size):
        theta = np.sort(random.uniform(0, size, k))[::-1]
        return {"theta": theta, "h": theta * random.uniform(0.8, 1.2, k), "d": random.standard_normal(k)}

    def made(of):
        return neuron.FewSpikeTable(*(torch.tensor(of[part].copy()) for part in ("theta", "h", "d")))

    for k in (1, 4, 7):
        near, far = table(k, 2.0), table(k, 4.0)
        options, arguments = surrogates()
        build = partial(neuron.FewSpikeNode, made(near), **arguments)
        yield Case("few_spike", build, str(k), {"k": str(k)} | options, near, **more)
        for is_clamped in BOTH:
            options, arguments = surrogates()
            options |= {"k": str(k), "is_clamped": str(is_clamped).lower()}
            clamp = {"clamp_value": 2.5} if is_clamped else {}
            build = partial(neuron.OutlierAwareThresholdNode, made(near), made(far), 1.1, **clamp, **arguments)
            params = near | {"outlier_" + name: values for name, values in far.items()}
            params |= {"split_threshold": 1.1} | clamp
            rest = more | {"scale": 2.0, "shift": 0.0, "fixed": ("split_threshold", "clamp_value")}
            yield Case("outlier_aware_threshold", build, f"{k}" + "_clamped" * is_clamped, options, params, **rest)
        for regions in (2, 4):
            options, arguments = surrogates()
            options |= {"k": str(k), "regions": str(regions)}
            parts = [table(k, 1.0 + i) for i in range(regions)]
            gates = np.sort(random.standard_normal(regions - 1))
            build = partial(neuron.HGNode, [made(part) for part in parts], torch.tensor(gates), **arguments)
            params = {name: np.concatenate([part[name] for part in parts]) for name in near}
            names = {name: "region_" + name for name in params}
            params |= {"gate_thresholds": gates}
            yield Case("hg", build, f"{k}_{regions}", options, params, names, fixed=("gate_thresholds",), **more)


def normalised():
    params = {"mu": [-0.1, 0.2, 0.1], "sigma2": [0.6, 0.9, 1.3], "gamma": [0.7, 1.0, 1.4], "beta": [0.1, -0.2, 0.05]}
    inner = {"mu": "vbn.running_mean", "sigma2": "vbn.running_var", "gamma": "vbn.weight", "beta": "vbn.bias"}
    for is_folded, is_residual in ((False, False), (True, False), (True, True)):

        def made(is_folded=is_folded, is_residual=is_residual, **arguments):
            module = neuron.MPBNLIFNode(out_features=C, **arguments)
            if is_folded:
                module.re_parameterize_v_threshold(is_residual)
            return module

        more = {} if is_folded else {"names": inner, "fixed": ("mu", "sigma2")}
        options = {"folded": str(is_folded).lower(), "normalize_residual": str(is_residual).lower()}
        for case in family("mpbn_lif", made, CHARGED, {"tau": 1.7, "v_threshold": 0.9, **params}, defaults=False,
                           training=False, **more):
            case.options |= options
            case.tag += "_folded" * is_folded + "_residual" * is_residual
            yield case


def by_rate():
    none = {"states": {}, "starts": {}, "watch": (), "outputs": ("y",), "modes": "m", "precision": "f32"}
    kinds = {
        "dsr_if": (neuron.DSRIFNode, 2.0, 1.0, 2.0, 0.5),
        "dsr_lif": (neuron.DSRLIFNode, 0.125, 0.05**-2, 4.0, 3.0),
    }
    for name, (made, threshold, factor, scale, shift) in kinds.items():
        build = partial(made, T, threshold)
        params, more = {"v_threshold": threshold}, none | {"scale": scale, "shift": shift, "distances": charged}
        yield Case(name, build, "forward", {}, params, gradient=False, **more)
        # The mean over all steps is what each step has.
        more |= {"is_constant": True, "pool": "constant", "grad_factors": {"v_threshold": factor}}
        yield Case(name, build, "constant", {}, params, **more)


def charged(given, run):
    """How far the potentials of a DSR neuron are from where they fire, and its inputs from the ends of the gradient."""
    module, x = run.module, torch.tensor(given["input.x"])
    threshold = module.v_threshold.item()
    tau, step = getattr(module, "tau", 1.0), getattr(module, "delta_t", 1.0)
    is_leaky = isinstance(module, neuron.DSRLIFNode)
    keep, gain = (math.exp(-step / tau), -math.expm1(-step / tau)) if is_leaky else (1.0, 1.0)
    v, distances = torch.zeros(N, C), [*x, *(x - threshold / step * tau)]
    for row, y in zip(x, run.outputs["y"].detach()):
        v = keep * v + gain * row
        distances.append(v - module.alpha * threshold)
        v = v - y * step
    return torch.stack(distances).abs()


def on_a_grid():
    """Potentials that meet their thresholds exactly, which all numbers being short fractions allow."""
    soft = {"soft_reset": "true"}
    for name, made, params, more in (
        ("if", neuron.IFNode, {"v_threshold": 1.0}, {}),
        ("lif", neuron.LIFNode, {"tau": 2.0, "v_threshold": 0.75}, {}),
        ("plif", neuron.ParametricLIFNode, {"k": 0.0, "v_threshold": 0.75}, {"names": {"k": "w"}}),
        ("half_threshold_if", neuron.HalfThresholdIFNode, {"v_threshold": 1.0}, {}),
        ("klif", neuron.KLIFNode, {"tau": 2.0, "k": 1.0, "v_threshold": 0.75}, {}),
        ("cuba_lif", neuron.CUBALIFNode, {"c_decay": 0.5, "v_decay": 0.75, "v_threshold": 0.5}, {"watch": ("v", "c")}),
        ("ternary_if", neuron.TernaryIFNode, {"v_threshold": 0.75}, {"shift": 0.0}),
        ("ternary_lif", neuron.TernaryLIFNode, {"tau": 2.0, "v_threshold": 0.5}, {"shift": 0.0}),
        ("clif", neuron.ComplementaryLIFNode, {"tau": 2.0, "v_threshold": 1.0}, {"watch": ("v", "m")}),
        ("ilif", neuron.ILIFNode, {"tau": 2.0, "v_threshold": 0.5}, {"distances": halves}),
        ("stbif", lambda: neuron.STBIFNode(0.25, 16, True), {"q_threshold": 0.25},
         {"options": {"sym": "true"}, "outputs": ("y",), "watch": ("q", "acc_q"), "starts": {}, "gradient": False,
          "distances": ends, "scale": 0.4, "shift": 0.0}),
    ):
        more = {"states": {state: state for state in more.get("watch", ("v",))}} | more
        yield Case(name, made, "grid", params=params, is_grid=True, **more)
    for name, made in (("if", neuron.IFNode), ("lif", neuron.LIFNode), ("ternary_if", neuron.TernaryIFNode)):
        params = {"v_threshold": 0.75} | ({"tau": 2.0} if name == "lif" else {})
        yield Case(name, partial(made, v_reset=None), "soft_grid", soft, params, is_grid=True)
    none = {"states": {}, "starts": {}, "watch": (), "outputs": ("y",), "modes": "s", "is_grid": True}
    quarters = {"theta": [1.0, 0.75, 0.5, 0.25], "h": [1.0, 0.5, 0.5, 0.25], "d": [1.0, 0.75, -0.5, 0.25]}

    def table(size):
        return neuron.FewSpikeTable(*(size * torch.tensor(values) for values in quarters.values()))

    yield Case("few_spike", partial(neuron.FewSpikeNode, table(1.0)), "grid", {}, quarters, **none)
    both = quarters | {"outlier_" + name: [2.0 * y for y in values] for name, values in quarters.items()}
    both |= {"split_threshold": 1.0, "clamp_value": 1.5}
    build = partial(neuron.OutlierAwareThresholdNode, table(1.0), table(2.0), 1.0, 1.5)
    more = none | {"fixed": ("split_threshold", "clamp_value")}
    yield Case("outlier_aware_threshold", build, "grid", {"is_clamped": "true"}, both, **more)
    two = {name: [*values, *(2.0 * y for y in values)] for name, values in quarters.items()}
    two |= {"gate_thresholds": [0.5]}
    names = {name: "region_" + name for name in quarters}
    build = partial(neuron.HGNode, [table(1.0), table(2.0)], torch.tensor([0.5]))
    yield Case("hg", build, "grid", {}, two, names, fixed=("gate_thresholds",), **none)


def cases():
    kinds = (integrators, oscillators, lif_kinds, both_signs, in_fixed_point, gated, readouts, parallel, tables)
    for kind in (*kinds, normalised, by_rate, on_a_grid):
        yield from kind()
