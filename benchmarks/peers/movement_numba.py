"""The movement test three ways: prefix sums in numba, masks times activity, one shuffle at a time.

A unit is a run of movement or of rest, kept whole; a shuffle puts the units in random order. The score
of a neuron is its activity summed over the movement frames (their number never changes).
"""

import numpy as np
from numba import njit

CHUNK = 1000  # masks at a time: all 10,000 of a session would be 1.6 GB in float32


def units(movement: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Length and 0/1 kind of the runs."""
    bounds = np.flatnonzero(np.diff(movement)) + 1
    starts = np.concatenate(([0], bounds))
    lengths = np.diff(np.concatenate((starts, [movement.size])))
    return lengths.astype(np.int64), movement[starts].astype(np.int64)


def tally(less: np.ndarray, equal: np.ndarray, real: np.ndarray, shuffled: np.ndarray) -> None:
    """Adds one shuffle (or several, in rows), with ties decided safely against rounding."""
    tie = 1e-9 * np.maximum(np.abs(real), 1.0)
    difference = np.atleast_2d(shuffled) - real
    equal += np.sum(np.abs(difference) <= tie, axis=0)
    less += np.sum(difference < -tie, axis=0)


@njit
def _shuffle_sums(prefix, lengths, kinds, shuffles, seed, real, less, equal):
    np.random.seed(seed)
    neurons = prefix.shape[1]
    order = np.arange(lengths.size)
    score = np.empty(neurons)
    for _ in range(shuffles):
        np.random.shuffle(order)
        score[:] = 0.0
        frame = 0
        for unit in order:
            end = frame + lengths[unit]
            if kinds[unit] == 1:
                for neuron in range(neurons):
                    score[neuron] += prefix[end, neuron] - prefix[frame, neuron]
            frame = end
        for neuron in range(neurons):
            tie = 1e-9 * max(abs(real[neuron]), 1.0)
            difference = score[neuron] - real[neuron]
            if abs(difference) <= tie:
                equal[neuron] += 1
            elif difference < 0.0:
                less[neuron] += 1


def prefix_sums(activity: np.ndarray, movement: np.ndarray, shuffles: int, seed: int = 1) -> dict:
    """Prefix sums [frame, neuron]: a run costs two contiguous rows."""
    neurons, frames = activity.shape
    prefix = np.zeros((frames + 1, neurons))
    np.cumsum(activity.T, axis=0, out=prefix[1:])
    lengths, kinds = units(movement)
    real = activity[:, movement == 1].sum(axis=1)
    less = np.zeros(neurons, np.int64)
    equal = np.zeros(neurons, np.int64)
    _shuffle_sums(prefix, lengths, kinds, shuffles, seed, real, less, equal)
    return {"real": real, "less": less, "equal": equal, "shuffles": shuffles}


def mask_product(activity: np.ndarray, movement: np.ndarray, shuffles: int, seed: int = 1) -> dict:
    """All shuffled masks of a chunk times the activity: one matrix product in float32."""
    random = np.random.default_rng(seed)
    neurons, frames = activity.shape
    single = activity.astype(np.float32)
    lengths, kinds = units(movement)
    real = (movement.astype(np.float32) @ single.T).astype(np.float64)
    less = np.zeros(neurons, np.int64)
    equal = np.zeros(neurons, np.int64)
    masks = np.empty((min(CHUNK, shuffles), frames), np.float32)
    for first in range(0, shuffles, CHUNK):
        count = min(CHUNK, shuffles - first)
        for row in range(count):
            order = random.permutation(lengths.size)
            masks[row] = np.repeat(kinds[order], lengths[order])
        tally(less, equal, real, masks[:count] @ single.T)
    return {"real": real, "less": less, "equal": equal, "shuffles": shuffles}


def plain_loop(activity: np.ndarray, movement: np.ndarray, shuffles: int, seed: int = 1) -> dict:
    """One shuffle at a time: permute, build the mask, activity times mask."""
    random = np.random.default_rng(seed)
    lengths, kinds = units(movement)
    real = activity @ movement.astype(np.float64)
    less = np.zeros(real.size, np.int64)
    equal = np.zeros(real.size, np.int64)
    for _ in range(shuffles):
        order = random.permutation(lengths.size)
        mask = np.repeat(kinds[order], lengths[order]).astype(np.float64)
        tally(less, equal, real, activity @ mask)
    return {"real": real, "less": less, "equal": equal, "shuffles": shuffles}
