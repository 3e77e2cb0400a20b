"""The closed-form tests of edges in numpy, traces in float32: the same formulas, the whole session at once."""

import numpy as np
from scipy import fft
from scipy.special import gammaincc

TAPS = np.array([0.33, 0.67, 1.0, 0.67, 0.33], np.float32)
LEAST_LAGS, MOST_LAGS = 6, 25


def upper_tail(score: np.ndarray, skewness: np.ndarray) -> np.ndarray:
    """Pearson III."""
    g = np.maximum(skewness, 1e-3)
    shape = 4.0 / g**2
    return gammaincc(shape, np.maximum(shape + 2.0 * score / g, 0.0))


def lags_of(power: np.ndarray, frames: int) -> int:
    """The largest lag at which the autocorrelation, over all neurons, is at least .02."""
    correlation = fft.irfft(power.sum(axis=0, dtype=np.float64), frames)[: MOST_LAGS + 1]
    counted = np.flatnonzero(correlation >= 0.02 * correlation[0])
    return int(np.clip(counted[-1], LEAST_LAGS, MOST_LAGS))


def third_sums(traces: np.ndarray, lags: int) -> np.ndarray:
    """[neuron, lag pair] sum over t of e(t) e(t+a) e(t+b), times the root of the pair's weight. One neuron
    at a time: 35 calls on 160 kB each, which stay in the cache."""
    neurons, frames = traces.shape
    sums = np.empty((neurons, (lags + 1) * (lags + 2) // 2), np.float32)
    for neuron in range(neurons):
        e = np.concatenate([traces[neuron], traces[neuron, :lags]])
        column = 0
        for a in range(lags + 1):
            product = e[:frames] * e[a : a + frames]
            for b in range(a, lags + 1):
                weight = 1.0 if b == 0 else 3.0 if a in (0, b) else 6.0
                sums[neuron, column] = np.sqrt(weight) * np.dot(product, e[b : b + frames])
                column += 1
    return sums


def variance_and_skewness(power: np.ndarray, third: np.ndarray, frames: int) -> tuple:
    """Of all pairs, from |DFT|^2 (half a spectrum) and the lag sums."""
    weight = np.full(power.shape[1], np.sqrt(2.0) / frames, np.float32)
    weight[0] = 0.0
    if frames % 2 == 0:
        weight[-1] = 1.0 / frames
    scaled = power * weight
    i, j = np.triu_indices(power.shape[0], 1)
    variance = (scaled @ scaled.T)[i, j].astype(np.float64)
    return variance, (third @ third.T)[i, j] / frames / variance**1.5


def shift_tests(smoothed: np.ndarray) -> dict:
    neurons, frames = smoothed.shape
    z = smoothed - smoothed.mean(axis=1, keepdims=True)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    correlation = z @ z.T
    theta = np.linalg.inv(correlation.astype(np.float64))
    root = np.sqrt(np.diag(theta))
    spectrum = fft.rfft(z, axis=1)
    power = np.abs(spectrum) ** 2
    i, j = np.triu_indices(neurons, 1)
    third = third_sums(z, lags_of(power, frames))
    variance, skewness = variance_and_skewness(power, third, frames)
    p_marginal = upper_tail(correlation[i, j] / np.sqrt(variance), skewness)

    factor = (theta / root[:, None]).astype(np.float32)
    residual = fft.rfft(factor @ z, axis=1)
    leverage = np.einsum("i,if,if->f", root.astype(np.float32), spectrum.real, residual.real)
    leverage += np.einsum("i,if,if->f", root.astype(np.float32), spectrum.imag, residual.imag)
    leverage /= frames
    residual /= np.sqrt(np.maximum(1.0 - leverage, 0.02))
    residual[:, 0] = 0.0
    e = fft.irfft(residual, frames, axis=1)
    norm = np.linalg.norm(e, axis=1, keepdims=True)
    e /= norm
    power = np.abs(residual) ** 2 / norm**2
    twice = np.full(power.shape[1], 2.0, np.float32)
    if frames % 2 == 0:
        twice[-1] = 1.0
    left = 1.0 - power @ (twice * leverage) / frames
    both = left[i].astype(np.float64) * left[j]
    third = third_sums(e, lags_of(power, frames))
    variance, skewness = variance_and_skewness(power, third, frames)
    partial = -theta[i, j] / (root[i] * root[j])
    p_partial = upper_tail(partial * both**0.25 / np.sqrt(variance), skewness * both**-0.75)
    return {"partial": partial, "p_partial": p_partial, "p_marginal": p_marginal}


def jitter_test(events: np.ndarray, window: int) -> np.ndarray:
    """p_fine of all pairs."""
    neurons = events.shape[0]
    windows = events.shape[1] // window
    s = np.ascontiguousarray(events[:, : windows * window])
    kernel = np.correlate(TAPS, TAPS, "full")
    padded = np.pad(s, ((0, 0), (4, 4)))
    y = sum(weight * padded[:, k : k + s.shape[1]] for k, weight in enumerate(kernel))
    coincidence = y @ s.T
    cut, of_s = y.reshape(neurons, windows, window), s.reshape(neurons, windows, window)
    mean = cut.mean(axis=2)
    cut = cut - mean[:, :, None]
    squared = cut * cut
    expected = mean @ of_s.sum(axis=2).T
    variance = (squared.mean(axis=2) @ (of_s * of_s).sum(axis=2).T).astype(np.float64)
    third = (squared * cut).mean(axis=2) @ (of_s * of_s * of_s).sum(axis=2).T
    possible = (variance > 0.0) & (variance.T > 0.0)
    sd = np.sqrt(np.where(variance > 0.0, variance, 1.0))
    p = np.where(possible, upper_tail((coincidence - expected) / sd, third / sd**3), 1.0)
    return np.maximum(p, p.T)[np.triu_indices(neurons, 1)]


def edges(smoothed: np.ndarray, events: np.ndarray, window: int) -> dict:
    """Smoothed events and events [neuron, frame], float32, every neuron active."""
    result = shift_tests(smoothed)
    p_fine = jitter_test(events, window)
    p_both = np.maximum(result["p_partial"], p_fine)
    order = np.argsort(p_both)
    rank = np.arange(1, p_both.size + 1)
    q_both, p_holm = np.empty_like(p_both), np.empty_like(p_both)
    q_both[order] = np.minimum.accumulate((p_both[order] * p_both.size / rank)[::-1])[::-1]
    p_holm[order] = np.minimum(np.maximum.accumulate(p_both[order] * (p_both.size + 1 - rank)), 1.0)
    return {**result, "p_fine": p_fine, "p_both": p_both, "q_both": q_both, "p_holm": p_holm}
