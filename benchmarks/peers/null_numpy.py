"""The circular-shift null as one would write it in numpy: every surrogate from the data again."""

import numpy as np

import connectome_numpy


def surrogate(smoothed: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Partial correlations after every neuron is rolled by its own number of frames."""
    rolled = np.empty_like(smoothed)
    for neuron, frames in enumerate(shift):
        rolled[neuron] = np.roll(smoothed[neuron], frames)
    return connectome_numpy.partial_correlation(rolled)


def count(
    smoothed: np.ndarray, observed: np.ndarray, shifts: np.ndarray, min_shift: int, tolerance: float
) -> dict:
    """How often a pair (strict upper triangle, row major) comes within `tolerance` of its observed value
    or above it, and the largest partial correlation of each surrogate over the pairs whose relative shift,
    around the circle, is at least `min_shift`. `aligned`: how many pairs were not. `undecided` counts how often rounding could have decided.
    """
    frames = smoothed.shape[1]
    i, j = np.triu_indices(smoothed.shape[0], 1)
    exceed, undecided = (np.zeros(i.size, np.int64) for _ in range(2))
    aligned = 0
    maximum = np.empty(len(shifts))
    for s, shift in enumerate(shifts):
        partial = surrogate(smoothed, shift)[i, j]
        relative = np.abs(shift[i].astype(np.int64) - shift[j]) % frames
        compared = np.minimum(relative, frames - relative) >= min_shift
        distance = partial - (observed - tolerance)
        exceed += distance >= 0.0
        undecided += np.abs(distance) < 0.5 * tolerance
        aligned += np.count_nonzero(~compared)
        maximum[s] = partial[compared].max()
    return {"exceed": exceed, "aligned": aligned, "undecided": undecided, "maximum": maximum}
