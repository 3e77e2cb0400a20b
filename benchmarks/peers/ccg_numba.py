"""Correlograms of all pairs and jitter surrogates, two-pointer loops in numba, and the packages' own."""

import numpy as np
from numba import njit

WINDOW = 25  # bins of an interval of the jitter


@njit
def _add_pair(first, second, reach, count):
    start = 0
    for position in first:
        while start < second.size and second[start] < position - reach:
            start += 1
        k = start
        while k < second.size and second[k] <= position + reach:
            count[position - second[k] + reach] += 1
            k += 1


@njit
def _all_pairs(position, start, reach):
    units = start.size - 1
    count = np.zeros((units * (units - 1) // 2, 2 * reach + 1), np.int32)
    pair = 0
    for i in range(units):
        for j in range(i + 1, units):
            first = position[start[i] : start[i + 1]]
            _add_pair(first, position[start[j] : start[j + 1]], reach, count[pair])
            pair += 1
    return count


@njit
def _surrogates(position, start, reach, draws, seed, observed):
    np.random.seed(seed)
    units = start.size - 1
    total = np.zeros(observed.shape, np.int64)
    at_least = np.zeros(observed.shape, np.int32)
    jittered = np.empty_like(position)
    for _ in range(draws):
        for k in range(position.size):
            jittered[k] = position[k] // WINDOW * WINDOW + np.random.randint(0, WINDOW)
        for unit in range(units):  # in order already, but within the windows
            for k in range(start[unit] + 1, start[unit + 1]):
                value = jittered[k]
                m = k
                while m > start[unit] and jittered[m - 1] > value:
                    jittered[m] = jittered[m - 1]
                    m -= 1
                jittered[m] = value
        count = _all_pairs(jittered, start, reach)
        for pair in range(count.shape[0]):
            for lag in range(count.shape[1]):
                total[pair, lag] += count[pair, lag]
                at_least[pair, lag] += count[pair, lag] >= observed[pair, lag]
    return total, at_least


def binned(time_ns: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct positions of 1 ms, ragged."""
    trains = [np.unique(time_ns[a:b] // 1_000_000) for a, b in zip(start[:-1], start[1:])]
    ends = np.cumsum([0] + [train.size for train in trains])
    return np.concatenate(trains).astype(np.int32), ends.astype(np.int64)


def all_pairs(position: np.ndarray, start: np.ndarray, reach: int) -> np.ndarray:
    return _all_pairs(position, start, reach)


def surrogates(position, start, reach: int, draws: int, seed: int = 1) -> dict:
    observed = _all_pairs(position, start, reach)
    total, at_least = _surrogates(position, start, reach, draws, seed, observed)
    return {"sum": total, "at_least": at_least, "surrogates": draws}


def spikeinterface_counts(position, start, reach: int):
    """Prepares; what it gives counts all pairs, [unit, unit, 2 reach], lags -reach .. reach - 1."""
    from spikeinterface.core import NumpySorting
    from spikeinterface.postprocessing import compute_correlograms

    units = {i: position[a:b].astype(np.int64) for i, (a, b) in enumerate(zip(start[:-1], start[1:]))}
    sorting = NumpySorting.from_unit_dict([units], sampling_frequency=1000.0)

    def run():
        return compute_correlograms(sorting, window_ms=2.0 * reach, bin_ms=1.0, method="numba")[0]

    return run


def elephant_counts(position, start, reach: int, duration_s: int, pairs: int):
    """The first pairs (0, 1), (0, 2), ...: their histograms have the other sign."""
    import neo
    import quantities as pq
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import cross_correlation_histogram

    def train(unit):
        times = position[start[unit] : start[unit + 1]].astype(np.float64) + 0.5
        spikes = neo.SpikeTrain(times * pq.ms, t_start=0 * pq.ms, t_stop=duration_s * 1000 * pq.ms)
        return BinnedSpikeTrain(spikes, bin_size=1 * pq.ms)

    trains = [train(unit) for unit in range(pairs + 1)]

    def run():
        counts = []
        for other in trains[1:]:
            histogram, _ = cross_correlation_histogram(trains[0], other, window=[-reach, reach])
            counts.append(np.asarray(histogram.magnitude).ravel()[::-1])
        return np.array(counts, np.int64)

    return run
