"""Makes input.npy: 2,000 steps for 64 neurons, f32, [T, N]. Needs numpy; the same bits every time.

A third of the neurons gets steps, a third ramps, a third noise; in each third the input grows from
neuron to neuron.
"""

from pathlib import Path

import numpy as np

STEPS, NEURONS = 2000, 64
SEED = 20


def steps(t, n, rng):
    """A new level every 250 steps, each fourth of them silence."""
    levels = rng.uniform(0.6, 2.6, size=(STEPS // 250, n))
    levels[::4] = 0.0
    return levels[t // 250] * np.linspace(0.7, 1.3, n)


def ramps(t, n, rng):
    """From 0 upwards again and again, faster from neuron to neuron."""
    periods = np.linspace(1000, 250, n)
    return 3.0 * ((t[:, None] / periods) % 1.0)


def noise(t, n, rng):
    """Independent normal numbers around a mean that grows from neuron to neuron."""
    return rng.normal(np.linspace(0.5, 1.5, n), 2.0, size=(STEPS, n))


def main():
    rng = np.random.default_rng(SEED)
    t = np.arange(STEPS)
    parts = [21, 22, 21]
    kinds = [steps, ramps, noise]
    x = np.concatenate([kind(t, n, rng) for kind, n in zip(kinds, parts)], axis=1)
    assert x.shape == (STEPS, NEURONS)
    np.save(Path(__file__).with_name("input.npy"), x.astype("<f4"))


if __name__ == "__main__":
    main()
