"""Cells made by hand and by simulation, for the tests of the evidence."""

import numpy as np

from distributional_dopamine.evidence.responses import ResponseArrays
from distributional_dopamine.recordings import Provenance, Recordings, Unit, make_trials


def make_recordings(spikes_ms, event_ms, kind, magnitude) -> Recordings:
    """Make one unit from times in ms."""
    trials = make_trials(np.asarray(event_ms) / 1e3, list(kind), magnitude)
    unit = Unit("a", "session", "group", np.sort(np.asarray(spikes_ms, dtype=float)) / 1e3, trials)
    return Recordings((unit,), Provenance("by hand", "simulated", "simulator"))


def simulate_cells(
    rng, n_cells=40, n_trials=40, *, value=None, positive=None, negative=None, noise=1.0, axis=None
) -> tuple[ResponseArrays, np.ndarray]:
    """Simulate cells of known reversal points and slopes; gives their responses and the utility axis."""
    axis = np.array([-3.5, -3.0, -2.5, -1.5, 0.5, 4.5, 8.5]) if axis is None else np.asarray(axis)
    value = np.zeros(n_cells) if value is None else value
    positive = np.ones(n_cells) if positive is None else positive
    negative = np.ones(n_cells) if negative is None else negative
    error = axis[None, :] - value[:, None]
    mean = np.where(error > 0, positive[:, None], negative[:, None]) * error
    sample = mean[:, :, None] + noise * rng.standard_normal((n_cells, axis.size, n_trials))
    arrays = ResponseArrays(
        tuple(f"cell {c}" for c in range(n_cells)),
        tuple(float(m) for m in (0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0)[: axis.size]),
        sample.ravel(),
        np.arange(n_cells * axis.size + 1) * n_trials,
        np.tile(np.arange(n_trials) % 2 == 0, n_cells * axis.size),
    )
    return arrays, axis
