"""GLMCC as one would write it in numpy and scipy: dense Hessian, Levenberg-Marquardt, delays 1 to 4 ms."""

import numpy as np
from scipy.special import expi

BINS, HALF, TAU, STIFFNESS = 100, 50, 4.0, 4000.0
SMOOTHNESS = 2.0 * np.eye(BINS) - np.eye(BINS, k=1) - np.eye(BINS, k=-1)
SMOOTHNESS[0, 0] = SMOOTHNESS[-1, -1] = 1.0


def differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """first - second within +-50 ms, ns."""
    reach = HALF * 1_000_000
    low = np.searchsorted(second, first - reach, side="right")
    high = np.searchsorted(second, first + reach, side="left")
    number = high - low
    offset = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    return np.repeat(first, number) - second[np.repeat(low, number) + offset]


def histogram(difference: np.ndarray) -> np.ndarray:
    bins, rest = np.divmod(difference + HALF * 1_000_000, 1_000_000)
    whole = np.bincount(bins[rest != 0], minlength=BINS)
    edges = bins[rest == 0]
    return whole + 0.5 * np.bincount(edges, minlength=BINS) + 0.5 * np.bincount(edges - 1, minlength=BINS)


def integrals(coupling: float, near: np.ndarray, far: np.ndarray):
    """Of exp(J f), f exp(J f), f^2 exp(J f) over bins, f falling from near to far."""
    if abs(coupling) < 1e-4:
        mean = near - far
        square = 0.5 * (near**2 - far**2)
        return 1.0 + coupling * TAU * mean, TAU * (mean + coupling * square), TAU * square
    u, v = coupling * near, coupling * far
    none = TAU * (expi(u) - expi(v))
    first = TAU / coupling * (np.exp(u) - np.exp(v))
    second = TAU / coupling**2 * ((u - 1) * np.exp(u) - (v - 1) * np.exp(v))
    return none, first, second


def fit(count: np.ndarray, sums: np.ndarray, delay: int):
    """Maximum of the log posterior: parameters (background, J at positive lags, J at negative)."""
    edges = np.arange(HALF - delay + 1)
    kernel = np.exp(-edges / TAU)
    near, far = kernel[:-1], kernel[1:]
    sides = (np.arange(HALF + delay, BINS), np.arange(HALF - delay - 1, -1, -1))

    def evaluate(par):
        background = np.exp(par[:BINS])
        expected, gradient = background.copy(), np.zeros(BINS + 2)
        hessian = np.zeros((BINS + 2, BINS + 2))
        for side, where in enumerate(sides):
            none, first, second = integrals(par[BINS + side], near, far)
            expected[where] = background[where] * none
            gradient[BINS + side] = sums[side] - np.sum(background[where] * first)
            hessian[where, BINS + side] = hessian[BINS + side, where] = -background[where] * first
            hessian[BINS + side, BINS + side] = -np.sum(background[where] * second)
        gradient[:BINS] = count - expected - STIFFNESS * (SMOOTHNESS @ par[:BINS])
        hessian[:BINS, :BINS] = -np.diag(expected) - STIFFNESS * SMOOTHNESS
        roughness = np.sum(np.diff(par[:BINS]) ** 2)
        value = count @ par[:BINS] + sums @ par[BINS:] - expected.sum() - 0.5 * STIFFNESS * roughness
        return value, gradient, hessian

    return climb(evaluate, count)


def climb(evaluate, count: np.ndarray):
    """Levenberg-Marquardt from a flat background until an accepted step gains less than 1e-4."""
    par = np.concatenate((np.full(BINS, np.log(count.sum() / BINS)), [0.1, 0.1]))
    value, gradient, hessian = evaluate(par)
    damping = 0.01
    for _ in range(1000):
        damped = hessian + damping * np.diag(np.diag(hessian))
        trial = par - np.linalg.inv(damped) @ gradient
        trial[BINS:] = np.clip(trial[BINS:], -3.0, 5.0)
        new = evaluate(trial)
        if new[0] < value:
            damping *= 10.0
            continue
        gain, par, (value, gradient, hessian) = new[0] - value, trial, new
        damping *= 0.1
        if gain < 1e-4:
            break
    return value, par


def pair(first: np.ndarray, second: np.ndarray, fit):
    difference = differences(first, second)
    count = histogram(difference)
    time = difference / 1e6
    best = None
    for delay in (1, 2, 3, 4):
        after, before = time[time > delay], time[time < -delay]
        sums = np.array([np.exp((delay - after) / TAU).sum(), np.exp((before + delay) / TAU).sum()])
        value, par = fit(count, sums, delay)
        if best is None or value > best[0]:
            best = (value, par[BINS:], delay)
    return best


def pairs(time_ns: np.ndarray, start: np.ndarray, number: int, fit=fit) -> dict:
    """The first pairs (0, 1), (0, 2), ..."""
    units = [time_ns[a:b] for a, b in zip(start[:-1], start[1:])]
    found = [pair(units[0], units[j], fit) for j in range(1, number + 1)]
    return {
        "log_posterior": np.array([one[0] for one in found]),
        "coupling": np.array([one[1] for one in found]),
        "delay": np.array([one[2] for one in found]),
    }
