"""Writes ode.npz: neurons as equations by fixed steps in f64, and Hodgkin-Huxley by scipy's adaptive steps.

Made with numpy 2.4.6 and scipy 1.17.1: `python make_ode.py`, in this folder. The programs are those of
`tests/corpus/ode_*.snn`; the methods are written out here once more. A case has the input `x` ([T, N]), the
spikes `s` and the states after each step, by the names that the program gives them. `hh_rest` is
Hodgkin-Huxley below its threshold, with the input held over each step, by `solve_ivp` to a tolerance of
1e-11.
"""

import numpy as np
from scipy.integrate import solve_ivp

N = 3


def rk4(f, y, x, h):
    k1 = f(y, x)
    k2 = f(y + h / 2 * k1, x)
    k3 = f(y + h / 2 * k2, x)
    k4 = f(y + h * k3, x)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def rk2(f, y, x, h):
    return y + h * f(y + h / 2 * f(y, x), x)


def euler(f, y, x, h):
    return y + h * f(y, x)


def exprel(z):
    return np.where(z == 0, 1.0, np.expm1(z) / np.where(z == 0, 1.0, z))


def hh_rates(v):
    up_m, down_m = 1 / exprel(-(v + 40) / 10), 4 * np.exp(-(v + 65) / 18)
    up_h, down_h = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
    up_n, down_n = 0.1 / exprel(-(v + 55) / 10), 0.125 * np.exp(-(v + 65) / 80)
    return (up_m, down_m), (up_h, down_h), (up_n, down_n)


def hh(y, x):
    v, m, h, n = y
    gates = [up * (1 - g) - down * g for g, (up, down) in zip((m, h, n), hh_rates(v))]
    current = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.4)
    return np.array([x - current, *gates])


def hh_exp_euler(_, y, x, dt):
    """Each state by its own equation, in the form `y inf + (y - y inf) exp(-h / tau)`."""
    v, m, h, n = y
    g_na, g_k, g_l = 120 * m**3 * h, 36 * n**4, 0.3
    total = g_na + g_k + g_l
    rest = (x + g_na * 50 - g_k * 77 - g_l * 54.4) / total
    moved = [rest + (v - rest) * np.exp(-dt * total)]
    for g, (up, down) in zip((m, h, n), hh_rates(v)):
        rest = up / (up + down)
        moved.append(rest + (g - rest) * np.exp(-dt * (up + down)))
    return np.array(moved)


def adex(y, x):
    v, w = y
    upswing = 30 * 2 * np.exp(np.minimum((v + 50.4) / 2, 4))
    return np.array([(30 * (-70.6 - v) + upswing - w + x) / 281, (4 * (v + 70.6) - w) / 144])


def adex_reset(y):
    v, w = y
    s = v >= -40
    return s, np.array([np.where(s, -70.6, v), w + 80.5 * s])


def izhikevich(y, x):
    v, u = y
    return np.array([0.04 * v**2 + 5 * v + 140 - u + x, 0.02 * (0.2 * v - u)])


def izhikevich_reset(y):
    v, u = y
    s = v >= 30
    return s, np.array([np.where(s, -65.0, v), u + 8 * s])


def run(step, f, first, x, dt, parts, reset):
    y = np.repeat(np.array(first, dtype=float)[:, None], N, axis=1)
    spikes, states = [], []
    for now in x:
        for _ in range(parts):
            y = step(f, y, now, dt / parts)
        s, y = reset(y)
        spikes.append(s)
        states.append(y)
    return np.array(spikes, dtype=float), np.array(states)


def main():
    draw = np.random.default_rng(5)
    hh_reset = lambda y: (y[0] >= 0, y)
    hh_first, hh_names = [-65, 0.053, 0.596, 0.318], "vmhn"
    cases = {
        "hh_rk4": (rk4, hh, hh_first, 0.02, 1, hh_reset, hh_names, (8, 20), 600),
        "hh_exp_euler": (hh_exp_euler, hh, hh_first, 0.02, 1, hh_reset, hh_names, (8, 20), 600),
        "hh_euler": (euler, hh, hh_first, 0.02, 4, hh_reset, hh_names, (8, 20), 400),
        "adex": (rk4, adex, [-70.6, 0], 0.2, 1, adex_reset, "vw", (600, 1200), 400),
        "izhikevich": (rk2, izhikevich, [-65, -13], 0.5, 2, izhikevich_reset, "vu", (4, 20), 300),
    }
    result = {}
    for case, (step, f, first, dt, parts, reset, names, (low, high), steps) in cases.items():
        x = np.repeat(draw.uniform(low, high, (steps // 20, N)), 20, axis=0).astype(np.float32)
        s, states = run(step, f, first, x.astype(float), dt, parts, reset)
        print(case, "fires in", s.mean(), "of the steps")
        assert 0 < s.mean() < 0.6
        result |= {f"{case}.x": x, f"{case}.s": s.astype(np.float32)}
        result |= {f"{case}.{name}": states[:, i] for i, name in enumerate(names)}
    x = np.repeat(draw.uniform(-2, 2, (20, N)), 20, axis=0).astype(np.float32)
    states = np.zeros((len(x), 4, N))
    for lane in range(N):
        y = np.array(hh_first, dtype=float)
        for t, now in enumerate(x[:, lane].astype(float)):
            found = solve_ivp(
                lambda _, y: hh(y, now), (0, 0.02), y, method="DOP853", rtol=1e-11, atol=1e-11
            )
            y = found.y[:, -1]
            states[t, :, lane] = y
    assert states[:, 0].max() < -40
    result |= {"hh_rest.x": x, "hh_rest.s": np.zeros_like(x)}
    result |= {f"hh_rest.{name}": states[:, i] for i, name in enumerate(hh_names)}
    np.savez_compressed("ode.npz", **result)


if __name__ == "__main__":
    main()
