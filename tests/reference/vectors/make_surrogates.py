"""Writes surrogates.npz: SpikingJelly's surrogate derivatives by their published formulas, in f64.

Made with numpy: `python make_surrogates.py`, in this folder. `u` holds the distances from the
threshold, none of them on a jump; a case is the surrogate as it is written in a program.
"""

import numpy as np

U = np.concatenate([np.linspace(-2.97, 4.97, 398), [0.0, 1e-6, -1e-6]])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def slope(a, x):
    return a * sigmoid(a * x) * (1 - sigmoid(a * x))


def square_wave(n, period):
    odd = [2 * i - 1 for i in range(1, n)]
    return lambda x: 4 / period * sum(np.cos(k * 2 * np.pi / period * x) for k in odd)


CASES = {
    "piecewise_quadratic(alpha: 1.5)": lambda x: np.maximum(0, 1.5 - 1.5**2 * abs(x)),
    "piecewise_exp(alpha: 1.5)": lambda x: 0.75 * np.exp(-1.5 * abs(x)),
    "sigmoid(alpha: 3.0)": lambda x: slope(3, x),
    "soft_sign(alpha: 1.5)": lambda x: 1 / (2 * 1.5 * (1 / 1.5 + abs(x)) ** 2),
    "super_spike(alpha: 2.0)": lambda x: 2 / (abs(x) + 1) ** 2,
    "atan(alpha: 1.5)": lambda x: 0.75 / (1 + (np.pi / 2 * 1.5 * x) ** 2),
    "nonzero_sign_log_abs(alpha: 2.0)": lambda x: 1 / (1 / 2 + abs(x)),
    "erf(alpha: 1.5)": lambda x: 1.5 / np.sqrt(np.pi) * np.exp(-(1.5**2) * x**2),
    "piecewise_leaky_relu(w: 0.75, c: 0.02)": lambda x: np.where(abs(x) < 0.75, 1 / 1.5, 0.02),
    "s2nn(alpha: 3.0, beta: 2.0)": lambda x: np.where(x < 0, slope(3, x), 2 / (abs(x) + 1)),
    "q_pseudo_spike(alpha: 3.0)": lambda x: (1 + 2 * abs(x) / 2) ** -3.0,
    "leaky_k_relu(leak: 0.1, k: 2.0)": lambda x: np.where(x >= 0, 2.0, 0.1),
    "fake_numerical_gradient(alpha: 0.4)": lambda x: np.minimum(1 / np.maximum(abs(x), 1e-9), 0.4),
    "log_tailed_relu(alpha: 0.1)": lambda x: np.where(x <= 0, 0.1, 1 / np.maximum(x, 1)),
    "deterministic_pass": lambda x: np.ones_like(x),
    "rect(alpha: 1.5)": lambda x: 1.5 * (abs(x) < 0.5 / 1.5),
    "multi_level_spike_count(3)": lambda x: 1.0 * ((x >= 0) & (x <= 3)),
    "multi_level_spike_count(3, grad_min: -1, grad_max: 4)": lambda x: 1.0 * ((x >= -1) & (x <= 4)),
    "squarewave_fourier_series": square_wave(2, 8.0),
    "squarewave_fourier_series(n: 4, T_period: 6.0)": square_wave(4, 6.0),
}

np.savez_compressed("surrogates.npz", u=U, **{case: d(U) for case, d in CASES.items()})
