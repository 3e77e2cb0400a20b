"""Inputs that both sides read: one HDF5 file each, made when first asked for, from a fixed seed."""

from pathlib import Path

import h5py
import numpy as np
from scipy.signal import lfilter

import connectome_numpy
import oasis_numba

FRAME_RATE_HZ = 28.0
TAU_S = 0.7


def dff(neurons: int, frames: int, seed: int) -> np.ndarray:
    """dF/F [neuron, frame], float32: GCaMP6f-like decay, rare events, some shared by ten neurons."""
    random = np.random.default_rng(seed)
    decay = np.exp(-1.0 / (TAU_S * FRAME_RATE_HZ))
    ensembles = random.random(((neurons + 9) // 10, frames)) < 0.004
    traces = np.empty((neurons, frames), np.float32)
    for neuron in range(neurons):
        private = random.random(frames) < 0.008
        shared = ensembles[neuron // 10] & (random.random(frames) < 0.6)
        events = (private | shared) * random.uniform(0.5, 1.5, frames)
        traces[neuron] = lfilter([1.0], [1.0, -decay], events) + random.normal(0.0, 0.15, frames)
    return traces


def graph(nodes: int, seed: int) -> np.ndarray:
    """0/1 matrix of a graph with 5 % of the pairs joined, twice as likely inside each of 20 groups."""
    random = np.random.default_rng(seed)
    group = np.arange(nodes) * 20 // nodes
    probability = np.where(group[:, None] == group[None, :], 0.0952, 0.0476)
    upper = np.triu(random.random((nodes, nodes)) < probability, 1)
    return (upper | upper.T).astype(np.uint8)


def movement(frames: int, seed: int) -> np.ndarray:
    """0/1 per frame: bouts of 1 to 5 s with 2 to 15 s of rest between them."""
    random = np.random.default_rng(seed)
    moving = np.zeros(frames, np.uint8)
    frame = int(random.uniform(2, 15) * FRAME_RATE_HZ)
    while frame < frames:
        bout = int(random.uniform(1, 5) * FRAME_RATE_HZ)
        moving[frame : frame + bout] = 1
        frame += bout + int(random.uniform(2, 15) * FRAME_RATE_HZ)
    return moving


def connectome_rows(rows: int, pairs: int, seed: int) -> np.ndarray:
    """Thresholded edge weights [row, pair], about 5 % non-zero: three courses over the rows (rise, rise
    and fall, two waves), each followed by a tenth of the pairs, over noise."""
    random = np.random.default_rng(seed)
    time = np.linspace(0.0, 1.0, rows)[:, None]
    tenth = pairs // 10
    weights = random.normal(0.0, 0.05, (rows, pairs))
    for course, curve in enumerate((2.0 * time - 1.0, np.sin(np.pi * time), np.sin(4.0 * np.pi * time))):
        followers = slice(course * tenth, (course + 1) * tenth)
        weights[:, followers] += (0.12 - 0.03 * course) * curve * random.normal(1.0, 0.3, tenth)
    return np.where(weights >= 1.8 * weights.std(), weights, 0.0)


def movement_activity(smoothed: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """Smoothed events of which a tenth of the neurons has two thirds removed at rest."""
    activity = smoothed.copy()
    activity[::10, moving == 0] *= 1.0 / 3.0
    return activity


def poisson_trains(units: int, rate_hz: float, seconds: int, seed: int) -> dict:
    """`time_ns` int64, ascending in each unit, and `start` [unit + 1]; at least 1 ms between spikes."""
    random = np.random.default_rng(seed)
    trains = []
    for _ in range(units):
        gaps = random.exponential(1.0 / rate_hz, int(2 * rate_hz * seconds) + 100) + 1e-3
        times = np.cumsum(gaps)
        trains.append((times[times < seconds] * 1e9).astype(np.int64))
    return {"time_ns": np.concatenate(trains), "start": np.cumsum([0] + [train.size for train in trains])}


class Inputs:
    """The files in a folder, made anew in each run, so that no file of an older version is read."""

    def __init__(self, folder: Path, neurons: int, frames: int, nodes: int, rows: int):
        self.folder = folder
        self.neurons, self.frames, self.nodes, self.rows = neurons, frames, nodes, rows
        self.pairs = neurons * (neurons - 1) // 2
        self._made = set()
        folder.mkdir(parents=True, exist_ok=True)

    def _file(self, name: str, make) -> Path:
        path = self.folder / f"{name}.in.h5"
        if name not in self._made:
            with h5py.File(path, "w") as file:
                file.attrs["frame_rate_hz"] = FRAME_RATE_HZ
                file.attrs["tau_s"] = TAU_S
                for dataset, values in make().items():
                    file[dataset] = values
            self._made.add(name)
        return path

    def session(self) -> Path:
        """`dff` float32 [neuron, frame]."""
        return self._file("session", lambda: {"dff": dff(self.neurons, self.frames, seed=1)})

    def smoothed(self) -> Path:
        """`smoothed` float64 [neuron, frame - 4]: the session's thresholded, smoothed events."""

        def make():
            with h5py.File(self.session()) as file:
                spikes = oasis_numba.deconvolve(file["dff"][()], TAU_S, FRAME_RATE_HZ)
            return {"smoothed": connectome_numpy.smooth(connectome_numpy.denoise(spikes))}

        return self._file("smoothed", make)

    def events(self) -> Path:
        """`smoothed` as above, and `events` [neuron, frame]: what was smoothed; float64, the neurons that
        have any."""

        def make():
            with h5py.File(self.session()) as file:
                spikes = oasis_numba.deconvolve(file["dff"][()], TAU_S, FRAME_RATE_HZ)
            events = connectome_numpy.denoise(spikes)
            smoothed = connectome_numpy.smooth(events)
            active = smoothed.max(axis=1) > smoothed.min(axis=1)
            return {"smoothed": smoothed[active], "events": events[active].astype(np.float64)}

        return self._file("events", make)

    def movement(self) -> Path:
        """`activity` float64 [neuron, frame] and `movement` uint8 [frame]."""

        def make():
            with h5py.File(self.smoothed()) as file:
                smoothed = file["smoothed"][()]
            moving = movement(smoothed.shape[1], seed=2)
            return {"activity": movement_activity(smoothed, moving), "movement": moving}

        return self._file("movement", make)

    def spikes(self, name: str, units: int, rate_hz: float, seconds: int, max_lag: int) -> Path:
        """Poisson trains (see poisson_trains), with the lags to count in ms."""
        path = self._file(name, lambda: poisson_trains(units, rate_hz, seconds, seed=5))
        with h5py.File(path, "a") as file:
            file.attrs["duration_s"] = np.int64(seconds)
            file.attrs["max_lag"] = np.int64(max_lag)
        return path

    def graph(self) -> Path:
        """`adjacency` uint8 [node, node]."""
        return self._file("graph", lambda: {"adjacency": graph(self.nodes, seed=3)})

    def connectomes(self) -> Path:
        """`weights` float64 [row, pair]."""
        make = connectome_rows
        return self._file("connectomes", lambda: {"weights": make(self.rows, self.pairs, seed=4)})
