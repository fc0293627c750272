"""The cases of make_neurons.py: SpikingJelly's neurons by the names and the params of the library."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from spikingjelly.activation_based import functional, lava_exchange, neuron, surrogate

T, N, C = 8, 2, 3
BOTH = (False, True)
# By turns, beside that of the class.
SURROGATES = {
    "atan(alpha: 2.0)": lambda: surrogate.ATan(2.0),
    "piecewise_quadratic(alpha: 1.0)": lambda: surrogate.PiecewiseQuadratic(1.0),
    "erf(alpha: 2.0)": lambda: surrogate.Erf(2.0),
    "soft_sign(alpha: 2.0)": lambda: surrogate.SoftSign(2.0),
    "rect(alpha: 0.5)": lambda: surrogate.Rect(0.5),
}
TURN = itertools.cycle([None, *SURROGATES])


def near_rest(random, shape):
    return random.uniform(-0.4, 0.6, shape)


@dataclass
class Case:
    neuron: str
    build: Callable
    # What tells it from the other cases of the neuron.
    tag: str
    options: dict = field(default_factory=dict)
    params: dict = field(default_factory=dict)
    # The attributes that are not called as the params are, and by how much they are more.
    names: dict = field(default_factory=dict)
    factors: dict = field(default_factory=dict)
    # What gradients have to be multiplied by where SpikingJelly's are known to differ.
    grad_factors: dict = field(default_factory=dict)
    # Params that stay floats, because the class takes them apart before it computes.
    fixed: tuple = ()
    states: dict = field(default_factory=lambda: {"v": "v"})
    starts: dict = field(default_factory=lambda: {"v": near_rest})
    outputs: tuple = ("s",)
    # Step modes that the class has and that are the same; the numbers are of the first.
    modes: str = "sm"
    # States that are outputs as well, after each step.
    watch: tuple = ("v",)
    unseeded: tuple = ()
    share: dict = field(default_factory=dict)
    noises: tuple = ()
    load: Callable | None = None
    recorded: str | None = None
    # How far the potentials are from where spikes change, of a class that makes none by its surrogate.
    distances: Callable | None = None
    scale: float = 1.2
    shift: float = 0.4
    pool: str = "sequence"
    precision: str = "f64"
    gradient: bool = True
    training: bool = True
    is_constant: bool = False
    is_default: bool = False
    is_silent: bool = False
    # Operands of eighths, so that potentials meet their thresholds.
    is_grid: bool = False
    decodes: str | None = None
    prefixes: bool = False

    @property
    def name(self):
        return f"{self.neuron}_{self.tag}" if self.tag else self.neuron

    @property
    def mode(self):
        return self.modes[0]

    @property
    def of(self):
        made = type(self.build())
        return (made if made.__module__.startswith("spikingjelly") else made.__bases__[0]).__name__

    @property
    def paths(self):
        """For each param its attribute, whether it has a gradient, and the attribute over the param."""
        learn = [name for name in self.params if name not in self.fixed and self.gradient]
        return {n: (self.names.get(n, n), n in learn, self.factors.get(n, 1.0)) for n in self.params}


def tag(**flags):
    """`soft_detach` of those that are set."""
    return "_".join(name for name, is_set in flags.items() if is_set) or "plain"


def surrogates():
    """The next surrogate as an option and as an argument."""
    text = next(TURN)
    return ({}, {}) if text is None else ({"surr": text}, {"surrogate_function": SURROGATES[text]()})


def family(name, made, flags, params, defaults=True, learnt=(), v_reset=0.1, **more):
    """A spiking class with all combinations of some flags, and with nothing but its defaults."""
    more.setdefault("names", {})
    for values in itertools.product(BOTH, repeat=len(flags)):
        given = dict(zip(flags, values))
        options, arguments = surrogates()
        options |= {flag: str(is_set).lower() for flag, is_set in given.items()}
        numbers = dict(params)
        if "soft_reset" in given:
            arguments["v_reset"] = None if given.pop("soft_reset") else v_reset
            numbers |= {} if arguments["v_reset"] is None else {"v_reset": v_reset}
        arguments |= given
        short = {flag.split("_")[0]: options[flag] == "true" for flag in flags}
        build = lambda arguments=arguments: made(**arguments)
        yield Case(name, build, tag(**short), options, numbers, **more)
    if defaults:
        fresh = made()
        numbers = {n: getattr(fresh, more["names"].get(n, n)) for n in params if n not in learnt}
        numbers |= {"v_reset": fresh.v_reset} if isinstance(fresh.v_reset, float) else {}
        more["fixed"] = tuple(numbers)
        numbers |= {n: getattr(fresh, more["names"].get(n, n)).item() for n in learnt}
        yield Case(name, made, "default", {}, numbers, is_default=True, **more)


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
    yield from family("eif", neuron.EIFNode, RESETS, eif, names={"delta_t": "delta_T"}, v_reset=-0.2, scale=0.9, shift=0.0)
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
    yield Case("clif", lambda: neuron.ComplementaryLIFNode(surrogate_function=surrogate.ATan(2.0)), "atan",
               {"surr": "atan(alpha: 2.0)"}, clif, **m)


def lif_kinds():
    acts = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    lif = {"tau": 1.7, "v_threshold": 0.9}
    for act, related in itertools.product(acts, BOTH):
        made = lambda act=act, related=related, **rest: neuron.LIAFNode(acts[act], related, **rest)
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
    for most, narrow, detach in ((4, False, False), (4, False, True), (2, False, False), (3, True, False), (3, True, True)):
        window = (-0.5, 2.5) if narrow else (0.0, float(most))
        build = lambda most=most, detach=detach, window=window: neuron.ILIFNode(
            surrogate_function=surrogate.MultiLevelSpikeCount(most, grad_window=window), detach_reset=detach)
        options = {"max_spike_count": str(most), "detach_reset": str(detach).lower()}
        options |= {"surr": "multi_level_spike_count(3, grad_min: -0.5, grad_max: 2.5)"} if narrow else {}
        yield Case("ilif", build, tag(**{str(most): True, "narrow": narrow, "detach": detach}), options, ilif,
                   scale=1.5, distances=halves)
    yield Case("ilif", neuron.ILIFNode, "default", {}, {"tau": 4 / 3}, is_default=True, fixed=("tau",), scale=1.5,
               distances=halves)


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
    states = {"q": "q", "acc_q": "acc_q"}
    for level, is_sym, limits in ((16, False, None), (16, True, None), (4, False, None), (5, True, None), (2, False, None),
                                  (8, False, (3, -2))):
        arguments = {} if limits is None else {"pos_max": limits[0], "neg_min": limits[1]}
        options = {"level": str(level), "sym": str(is_sym).lower()} | {n: str(v) for n, v in arguments.items()}
        build = lambda level=level, is_sym=is_sym, arguments=arguments: neuron.STBIFNode(0.5, level, is_sym, **arguments)
        yield Case("stbif", build, tag(**{str(level): True, "sym": is_sym, "limits": limits}), options,
                   {"q_threshold": 0.3}, outputs=("y",), states=states, starts={}, watch=("q", "acc_q"), scale=0.8,
                   shift=0.1, gradient=False, distances=ends)


def ends(given, run):
    """How far the sums of an STBIF are from 0 and 1."""
    q = torch.cat([torch.full((1, N, C), 0.5), run.outputs["q"][:-1]])
    q = q + torch.tensor(given["input.x"]) / run.module.q_threshold
    return torch.stack([q, q - 1]).abs()


def in_fixed_point():
    states = {"i": "current_state", "v": "voltage_state"}
    for scale, detach in itertools.product((64, 32), BOTH):
        options, arguments = surrogates()
        build = lambda scale=scale, detach=detach, arguments=arguments: lava_exchange.CubaLIFNode(
            0.25, 0.03, scale=scale, requires_grad=True, detach_reset=detach, **arguments)
        options |= {"scale": str(scale), "detach_reset": str(detach).lower()}
        yield Case("lava_cuba_lif", build, tag(**{str(scale): True, "detach": detach}), options,
                   {"current_decay": 0.3, "voltage_decay": 0.07, "v_threshold": 1.1},
                   factors={"current_decay": 4096.0, "voltage_decay": 4096.0}, states=states,
                   starts={"i": near_rest, "v": near_rest}, watch=("i", "v"), scale=0.8, shift=0.1)


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
        build = lambda is_channel=is_channel, **arguments: Gated(T, C if is_channel else None, **arguments)
        for _ in range(2):
            options, arguments = surrogates()
            yield Case("gated_lif", lambda build=build, arguments=arguments: build(**arguments),
                       ("channel" if is_channel else "layer") + ("_" + options["surr"].split("(")[0] if options else ""),
                       {"steps": str(T)} | options, params, modes="m", watch=(), unseeded=("v",),
                       prefixes=True, share=dict.fromkeys(params, "channel") if is_channel else {})


def readouts():
    decodes = {"all": None, "last": "last_mem", "max_mem": "max-mem", "max_abs_mem": "max-abs-mem", "mean_mem": "mean-mem"}
    more = {"starts": {}, "modes": "m", "shift": 0.0, "is_silent": True, "recorded": "neuronal_charge",
            "distances": lambda given, run: torch.ones(1)}
    for (short, decode), noisy in itertools.product(decodes.items(), (None, True, False)):
        options = {short: "true"} if short.endswith("_mem") else {}
        outputs = ("v",) if short == "all" else ("v", "y")
        rest = more | {"outputs": outputs, "decodes": short}
        if noisy is None:
            yield Case("non_spiking_if", lambda decode=decode: neuron.NonSpikingIFNode(decode), short, options, **rest)
            yield Case("non_spiking_lif", lambda decode=decode: neuron.NonSpikingLIFNode(1.7, decode), short, options,
                       {"tau": 1.7}, **rest)
            continue
        decode = "last-me" if short == "last" else decode
        build = lambda decode=decode, noisy=noisy: neuron.NoisyNonSpikingIFNode(C, noisy, T, decode=decode)
        given = {"noises": ("noise",), "load": noise_of("noise")} if noisy else {}
        yield Case("noisy_non_spiking_if", build, short + "_noise" * noisy,
                   options | {"is_training": str(noisy).lower()}, {"sigma": [0.3, 0.5, 0.8]} if noisy else {}, **rest | given)
    for noisy, (text, made) in itertools.product(BOTH, [(None, surrogate.Rect), *SURROGATES.items()]):
        given = {"noises": ("noise_v", "noise_s"), "load": noise_of("noise_v", "noise_s")} if noisy else {}
        options = {"is_training": str(noisy).lower()} | ({} if text is None else {"surr": text})
        build = lambda noisy=noisy, made=made: neuron.NoisyCUBALIFNode(C, is_training=noisy, T=T, surrogate_function=made())
        params = {"c_decay": 0.6, "v_decay": 0.8, "v_threshold": 0.7, "v_reset": 0.1}
        params |= {"sigma_v": 0.3, "sigma_s": 0.2} if noisy else {}
        parts = ["default" if text is None else text.split("(")[0]] + ["noise"] * noisy
        yield Case("noisy_cuba_lif", build, "_".join(parts), options, params, modes="m", starts={}, recorded="neuronal_reset",
                   states={"v": "v", "c": "c"}, watch=("v", "c"), scale=0.8, shift=0.1, fixed=("v_reset",),
                   **given)


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
        build = lambda arguments=arguments: neuron.PSN(T, **arguments)
        yield Case("psn", build, named(options), options, params, names, modes="m", **none)
    for k, share in ((2, 0.0), (3, 0.5), (2, 1.0), (5, 1.0)):
        options, arguments = surrogates()
        params = {"lambda": share, "w": 1.5 * weights(T, T), "b": 0.3 * weights(T)}
        build = lambda k=k, arguments=arguments: neuron.MaskedPSN(k, T, **arguments)
        yield Case("masked_psn", build, f"{k}_{share}", {"k": str(k)} | options, params, names | {"lambda": "_lambda_"},
                   fixed=("lambda",), modes="ms" if share == 1.0 else "m", **none)
    for k, is_exp in ((1, False), (2, True), (3, True), (6, False)):
        options, arguments = surrogates()
        made = neuron.SlidingPSN(k, is_exp)
        params = {"w": made.weight.detach().numpy() if is_exp else weights(k), "b": -0.2}
        build = lambda k=k, arguments=arguments: neuron.SlidingPSN(k, **arguments)
        yield Case("sliding_psn", build, f"{k}" + "_exp" * is_exp, {"k": str(k)} | options, params, names, modes="ms", **none)


def named(options):
    return options["surr"].split("(")[0] if "surr" in options else "default"


def tables():
    random = np.random.default_rng(11)
    more = {"states": {}, "starts": {}, "watch": (), "outputs": ("y",), "modes": "s"}

    def table(k, size):
        theta = np.sort(random.uniform(0, size, k))[::-1]
        return {"theta": theta, "h": theta * random.uniform(0.8, 1.2, k), "d": random.standard_normal(k)}

    def made(of):
        return neuron.FewSpikeTable(*(torch.tensor(of[part].copy()) for part in ("theta", "h", "d")))

    for k in (1, 4, 7):
        options, arguments = surrogates()
        near, far = table(k, 2.0), table(k, 4.0)
        build = lambda near=near, arguments=arguments: neuron.FewSpikeNode(made(near), **arguments)
        yield Case("few_spike", build, str(k), {"k": str(k)} | options, near, **more)
        both = near | {"outlier_" + name: values for name, values in far.items()}
        for is_clamped in BOTH:
            options, arguments = surrogates()
            clamp = {"clamp_value": 2.5} if is_clamped else {}
            build = lambda near=near, far=far, clamp=clamp, arguments=arguments: neuron.OutlierAwareThresholdNode(
                made(near), made(far), 1.1, **clamp, **arguments)
            yield Case("outlier_aware_threshold", build, f"{k}" + "_clamped" * is_clamped,
                       {"k": str(k), "is_clamped": str(is_clamped).lower()} | options,
                       both | {"split_threshold": 1.1} | clamp, fixed=("split_threshold", "clamp_value"),
                       **more | {"scale": 2.0, "shift": 0.0})
        for regions in (2, 4):
            options, arguments = surrogates()
            parts = [table(k, 1.0 + i) for i in range(regions)]
            gates = np.sort(random.standard_normal(regions - 1))
            build = lambda parts=parts, gates=gates, arguments=arguments: neuron.HGNode(
                [made(part) for part in parts], torch.tensor(gates), **arguments)
            params = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            names = {name: "region_" + name for name in params}
            yield Case("hg", build, f"{k}_{regions}", {"k": str(k), "regions": str(regions)} | options,
                       params | {"gate_thresholds": gates}, names, fixed=("gate_thresholds",), **more)


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
        "dsr_if": (lambda v: neuron.DSRIFNode(T, v, 0.5), {}, 2.0, 1.0, 2.0, 0.5),
        "dsr_lif": (lambda v: neuron.DSRLIFNode(T, v, 2.0, 0.05, 0.3), {}, 0.125, 0.05**-2, 4.0, 3.0),
    }
    for name, (made, options, threshold, factor, scale, shift) in kinds.items():
        build = lambda made=made, threshold=threshold: made(threshold)
        params, more = {"v_threshold": threshold}, none | {"scale": scale, "shift": shift, "distances": charged}
        yield Case(name, build, "forward", options, params, gradient=False, **more)
        yield Case(name, build, "constant", options, params, is_constant=True, pool="constant",
                   grad_factors={"v_threshold": factor}, **more)


def charged(given, run):
    """How far the potentials of a DSR neuron are from where they fire, and its inputs from the ends of the gradient."""
    module, x = run.module, torch.tensor(given["input.x"])
    threshold = module.v_threshold.item()
    tau, step = getattr(module, "tau", 1.0), getattr(module, "delta_t", 1.0)
    keep, gain = (1.0, 1.0) if isinstance(module, neuron.DSRIFNode) else (math.exp(-step / tau), -math.expm1(-step / tau))
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
        yield Case(name, lambda made=made: made(v_reset=None), "soft_grid", soft, params, is_grid=True)
    none = {"states": {}, "starts": {}, "watch": (), "outputs": ("y",), "modes": "s", "is_grid": True}
    quarters = {"theta": [1.0, 0.75, 0.5, 0.25], "h": [1.0, 0.5, 0.5, 0.25], "d": [1.0, 0.75, -0.5, 0.25]}

    def table(size):
        return neuron.FewSpikeTable(*(size * torch.tensor(values) for values in quarters.values()))

    yield Case("few_spike", lambda: neuron.FewSpikeNode(table(1.0)), "grid", {}, quarters, **none)
    both = quarters | {"outlier_" + name: [2.0 * y for y in values] for name, values in quarters.items()}
    yield Case("outlier_aware_threshold", lambda: neuron.OutlierAwareThresholdNode(table(1.0), table(2.0), 1.0, 1.5),
               "grid", {"is_clamped": "true"}, both | {"split_threshold": 1.0, "clamp_value": 1.5},
               fixed=("split_threshold", "clamp_value"), **none)
    two = {name: [*values, *(2.0 * y for y in values)] for name, values in quarters.items()}
    yield Case("hg", lambda: neuron.HGNode([table(1.0), table(2.0)], torch.tensor([0.5])), "grid", {},
               two | {"gate_thresholds": [0.5]}, {name: "region_" + name for name in quarters}, fixed=("gate_thresholds",),
               **none)


def cases():
    kinds = (integrators, oscillators, lif_kinds, both_signs, in_fixed_point, gated, readouts, parallel, tables)
    for kind in (*kinds, normalised, by_rate, on_a_grid):
        yield from kind()
