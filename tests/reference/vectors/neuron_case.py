"""What a case of make_neurons.py is, and the usual cases of a spiking class."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from spikingjelly.activation_based import surrogate

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
    # What gradients are multiplied by where SpikingJelly's are known to differ.
    grad_factors: dict = field(default_factory=dict)
    # Params without a gradient: the class takes them apart before it computes.
    fixed: tuple = ()
    # States with their attributes, and how those that can be given are drawn.
    states: dict = field(default_factory=lambda: {"v": "v"})
    starts: dict = field(default_factory=lambda: {"v": near_rest})
    outputs: tuple = ("s",)
    # Step modes that the class has and that are the same; the numbers are of the first.
    modes: str = "sm"
    # States that are outputs as well, after each step, and what of all is not part of the loss.
    watch: tuple = ("v",)
    unseeded: tuple = ()
    # Params that are shared otherwise than they are declared.
    share: dict = field(default_factory=dict)
    # What is drawn at each step, and how the class is given it.
    noises: tuple = ()
    load: Callable | None = None
    # The method behind which the states are looked at, of a class that does not show them.
    recorded: str | None = None
    # How far the potentials are from where spikes change, of a class that makes none by its surrogate.
    distances: Callable | None = None
    # Deviation and mean of the input.
    scale: float = 1.2
    shift: float = 0.4
    # Which arrays backward begins with.
    pool: str = "sequence"
    precision: str = "f64"
    gradient: bool = True
    training: bool = True
    # The same input at each step.
    is_constant: bool = False
    # Nothing is given but the input.
    is_default: bool = False
    # Nothing fires.
    is_silent: bool = False
    # Operands of eighths, so that potentials meet their thresholds.
    is_grid: bool = False
    # A readout that is all potentials gives no output of its own.
    reads_all: bool = False
    # The potential after each step is that of a run of so many steps.
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


def named(options):
    return options["surr"].split("(")[0] if "surr" in options else "default"


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
        yield Case(name, partial(made, **arguments), tag(**short), options, numbers, **more)
    if defaults:
        fresh = made()
        numbers = {n: getattr(fresh, more["names"].get(n, n)) for n in params if n not in learnt}
        numbers |= {"v_reset": fresh.v_reset} if isinstance(fresh.v_reset, float) else {}
        more["fixed"] = tuple(numbers)
        numbers |= {n: getattr(fresh, more["names"].get(n, n)).item() for n in learnt}
        yield Case(name, made, "default", {}, numbers, is_default=True, **more)
