"""OASIS as Python users run it: a compiled loop over neurons with float32 pool buffers, in batches.

Restated from the description of the algorithm (AR(1), no sparsity penalty, no baseline, pools may be
negative): values, weights and lengths of the pools are kept in float32, the decay is taken with exp()
in double at each comparison, the buffers of a batch are allocated together. suite2p runs its batch with
prange; here there is one core, so the loop is compiled without it (the same code, no thread pool).
"""

import math

import numpy as np
from numba import njit

BATCH = 500  # neurons, suite2p's default


@njit
def _deconvolve_trace(trace, rate, value, weight, start, length, spikes):
    top = -1
    for frame in range(trace.shape[0]):
        top += 1
        value[top] = trace[frame]
        weight[top] = 1.0
        start[top] = frame
        length[top] = 1.0
        while top > 0:
            decay = math.exp(rate * length[top - 1])
            if not value[top - 1] * decay > value[top]:
                break
            merged = weight[top - 1] + weight[top] * math.exp(2.0 * rate * length[top - 1])
            joint = value[top - 1] * weight[top - 1] + value[top] * weight[top] * decay
            value[top - 1] = joint / merged
            weight[top - 1] = merged
            length[top - 1] += length[top]
            top -= 1
    for pool in range(1, top + 1):
        decay = math.exp(rate * length[pool - 1])
        spikes[start[pool]] = value[pool] - value[pool - 1] * decay


@njit
def _deconvolve_batch(traces, rate, value, weight, start, length, spikes):
    for neuron in range(traces.shape[0]):
        _deconvolve_trace(
            traces[neuron], rate, value[neuron], weight[neuron], start[neuron], length[neuron], spikes[neuron]
        )


def deconvolve(traces: np.ndarray, tau_s: float, rate_hz: float) -> np.ndarray:
    """Spikes [neuron, frame] of traces [neuron, frame], both float32."""
    rate = -1.0 / (tau_s * rate_hz)
    neurons, frames = traces.shape
    spikes = np.zeros((neurons, frames), np.float32)
    for first in range(0, neurons, BATCH):
        batch = np.ascontiguousarray(traces[first : first + BATCH], dtype=np.float32)
        value = np.zeros(batch.shape, np.float32)
        weight = np.zeros(batch.shape, np.float32)
        start = np.zeros(batch.shape, np.int64)
        length = np.zeros(batch.shape, np.float32)
        _deconvolve_batch(batch, rate, value, weight, start, length, spikes[first : first + BATCH])
    return spikes
