"""GLMCC as its formulas read: the log posterior, its gradient and its Hessian each in a loop over the bins of the
correlogram, and a dense inverse a step. Differences of spikes and their sums as in glmcc_numpy."""

import math

import numpy as np
from scipy.special import expi

import glmcc_numpy
from glmcc_numpy import BINS, HALF, STIFFNESS, TAU


def place(k: int, delay: int):
    """The side on whose kernel bin k is, and the kernel at the near and the far edge; None before the delay."""
    lag = k - HALF  # the bin's lower edge, ms
    side, after = (0, lag - delay) if lag >= 0 else (1, -lag - 1 - delay)
    return None if after < 0 else (side, math.exp(-after / TAU), math.exp(-(after + 1) / TAU))


def expected(par, k, delay):
    """Events in bin k: e^a times the integral of exp(J f)."""
    at = place(k, delay)
    if at is None:
        return math.exp(par[k])
    side, near, far = at
    coupling = par[BINS + side]
    if abs(coupling) < 1e-6:
        return math.exp(par[k])
    return math.exp(par[k]) * TAU * (expi(coupling * near) - expi(coupling * far))


def first(par, k, at):
    """e^a times the integral of f exp(J f)."""
    side, near, far = at
    coupling = par[BINS + side]
    if abs(coupling) < 1e-6:
        return math.exp(par[k]) * TAU * (near - far)
    return math.exp(par[k]) * TAU / coupling * (math.exp(coupling * near) - math.exp(coupling * far))


def second(par, k, at):
    """e^a times the integral of f^2 exp(J f)."""
    side, near, far = at
    coupling = par[BINS + side]
    if abs(coupling) < 1e-3:
        return math.exp(par[k]) * TAU * 0.5 * (near**2 - far**2)
    u, v = coupling * near, coupling * far
    return math.exp(par[k]) * TAU / coupling**2 * ((u - 1) * math.exp(u) - (v - 1) * math.exp(v))


def log_posterior(par, count, sums, delay):
    value = par[BINS] * sums[0] + par[BINS + 1] * sums[1]
    for k in range(BINS):
        value += count[k] * par[k] - expected(par, k, delay)
        if k > 0:
            value -= 0.5 * STIFFNESS * (par[k] - par[k - 1]) ** 2
    return value


def gradient(par, count, sums, delay):
    result = np.zeros(BINS + 2)
    result[BINS:] = sums
    for k in range(BINS):
        result[k] += count[k] - expected(par, k, delay)
        if k > 0:
            result[k] -= STIFFNESS * (par[k] - par[k - 1])
            result[k - 1] += STIFFNESS * (par[k] - par[k - 1])
        at = place(k, delay)
        if at is not None:
            result[BINS + at[0]] -= first(par, k, at)
    return result


def hessian(par, delay):
    result = np.zeros((BINS + 2, BINS + 2))
    for k in range(BINS):
        result[k, k] -= expected(par, k, delay)
        if k > 0:
            result[k, k] -= STIFFNESS
            result[k - 1, k - 1] -= STIFFNESS
            result[k, k - 1] = result[k - 1, k] = STIFFNESS
        at = place(k, delay)
        if at is not None:
            coupling = BINS + at[0]
            result[k, coupling] = result[coupling, k] = -first(par, k, at)
            result[coupling, coupling] -= second(par, k, at)
    return result


def fit(count: np.ndarray, sums: np.ndarray, delay: int):
    def evaluate(par):
        return log_posterior(par, count, sums, delay), gradient(par, count, sums, delay), hessian(par, delay)

    return glmcc_numpy.climb(evaluate, count)


def pairs(time_ns: np.ndarray, start: np.ndarray, number: int) -> dict:
    return glmcc_numpy.pairs(time_ns, start, number, fit)
