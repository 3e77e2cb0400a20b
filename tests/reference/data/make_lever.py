"""Expected values of lever_test.cpp, computed with scipy: python3 make_lever.py (numpy, scipy, h5py).

Writes lever.h5 next to this file. The lever trace is a formula (`trace` below and in the test), so
that only results have to be stored. Versions used: see the file's attributes.
"""

import pathlib

import h5py
import numpy as np
import scipy
from scipy import signal


def series(n, seed):
    return np.random.default_rng(seed).normal(size=n).cumsum() + 3.0


def trace(seconds, rate_hz):
    """Presses of different height and speed on an offset, tremor and a rough digitisation."""
    k = np.arange(round(seconds * rate_hz), dtype=np.int64)
    t = k / rate_hz
    x = 1.5 + 0.0005 * np.sin(2 * np.pi * 7 * t) + 0.002 * ((k * 7919) % 1000 / 1000 - 0.5)
    for centre, height, width in [(0.1, 0.5, 0.05), (1.5, 0.6, 0.08), (1.9, -0.3, 0.06),
                                  (3.4, 0.25, 0.05), (5.2, 0.9, 0.15), (7.95, 0.6, 0.08)]:
        x = x + height * np.exp(-0.5 * ((t - centre) / width) ** 2)
    return x


def movmean(x, half):
    return np.array([x[max(0, i - half):i + half + 1].mean() for i in range(len(x))])


def low_pass(x, cut_off):
    b, a = signal.butter(4, cut_off)
    return signal.filtfilt(b, a, x, padlen=12)


def low_pass_sos(x, cut_off):
    return signal.sosfiltfilt(signal.butter(4, cut_off, output="sos"), x, padlen=12)


def resampled(x, up, down):
    return x if up == down else signal.resample_poly(x, up, down, window=("kaiser", 5.0), padtype="edge")


def smooth_length(n):
    while True:
        m = n
        for p in (2, 3, 5):
            while m % p == 0:
                m //= p
        if m == 1:
            return n
        n += 1


def envelope(x):
    return np.abs(signal.hilbert(x, smooth_length(len(x))))[:len(x)]


def speed(x, up, down):
    p = low_pass_sos(resampled(x, up, down), 5 / 500)
    v = np.concatenate([[0.0], np.diff(p)])
    return envelope(movmean(v, 2))


def runs(mask):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return edges[0::2], edges[1::2]


def moving(v, threshold=0.0007):
    """Dilation written as MATLAB's conv(x, ones(1,150), 'same') > 0."""
    full = np.convolve(v > threshold, np.ones(150))
    m = full[75:75 + len(v)] > 0.5
    first, last = runs(~m)
    for f, l in zip(first, last):
        if f > 0 and l < len(m) and l - f < 500:
            m[f:l] = True
    first, last = runs(m)
    for f, l in zip(first, last):
        if l - f < 150 or f == 0 or l == len(m):
            m[f:l] = False
    return runs(m)


with h5py.File(pathlib.Path(__file__).with_name("lever.h5"), "w") as out:
    out.attrs["scipy"] = scipy.__version__
    out.attrs["numpy"] = np.__version__
    g = out.create_group("filters")
    for n, seed in [(61, 1), (60, 2), (13, 3), (2, 4)]:
        x = series(n, seed)
        h = g.create_group(f"n{n}")
        h["series"] = x
        for up, down in [(1, 10), (3, 7), (7, 3)]:
            h[f"resampled_{up}_{down}"] = resampled(x, up, down)
        if n > 12:
            h["low_pass_020"] = low_pass(x, 0.2)
            h["low_pass_001"] = low_pass_sos(x, 0.01)
        h["moving_mean_2"] = movmean(x, 2)
        h["envelope"] = envelope(x)
    for name, rate, up, down in [("10kHz", 10000, 1, 10), ("1kHz", 1000, 1, 1), ("3kHz", 3000, 1, 3),
                                 ("441Hz", 441, 1000, 441)]:
        v = speed(trace(8, rate), up, down)
        h = out.create_group("lever_" + name)
        h.attrs["rate_hz"] = float(rate)
        h["speed_every_11"] = v[::11]
        first, last = moving(v)
        h["start_ms"], h["stop_ms"] = first, last
        print(name, len(v), v.max(), first, last)
