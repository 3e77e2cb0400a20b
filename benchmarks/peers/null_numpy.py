"""The circular-shift null as one would write it in numpy: every surrogate from the data again."""

import numpy as np

import connectome_numpy


def surrogate(smoothed: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Partial correlations after every neuron is rolled by its own number of frames."""
    rolled = np.empty_like(smoothed)
    for neuron, frames in enumerate(shift):
        rolled[neuron] = np.roll(smoothed[neuron], frames)
    return connectome_numpy.partial_correlation(rolled)


def count(smoothed: np.ndarray, observed: np.ndarray, shifts: np.ndarray, min_shift: int) -> dict:
    """How often a pair (strict upper triangle, row major) reaches its observed value, in how many
    surrogates it was tested, and the largest partial correlation of each surrogate. A pair whose
    relative shift, taken around the circle, is below `min_shift` is left out of that surrogate.
    """
    frames = smoothed.shape[1]
    i, j = np.triu_indices(smoothed.shape[0], 1)
    reached = np.zeros(i.size, np.int64)
    tested = np.zeros(i.size, np.int64)
    largest = np.empty(len(shifts))
    for s, shift in enumerate(shifts):
        partial = surrogate(smoothed, shift)[i, j]
        relative = np.abs(shift[i].astype(np.int64) - shift[j]) % frames
        kept = np.minimum(relative, frames - relative) >= min_shift
        reached += kept & (partial >= observed)
        tested += kept
        largest[s] = partial[kept].max()
    return {"reached": reached, "tested": tested, "largest": largest}
