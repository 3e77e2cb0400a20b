"""How often the p-values that people use today are wrong, on the data sets of the calibration: rates where there is
nothing, divided by the level, and what is discovered, beside ours on the same data.

    benchmarks/peers/run.sh rates
    benchmarks/peers/run.sh rates --only stationary --data-sets 20
    benchmarks/peers/run.sh rates --wide                     # a line a scenario, as README has it
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
import pandas
import pingouin
from scipy import fft, stats
from tigramite.independence_tests.parcorr import ParCorr

LEVELS = (0.05, 0.01, 0.001)
DISCOVERED = 0.05
SCENARIOS = ("stationary", "bursts", "slow-rate", "chains-.25", "chains-.1", "hubs", "lever-press", "missed-events",
             "hidden-input")  # fmt: skip
OURS = {"p_partial": "p_partial alone", "p_marginal": "p_marginal alone", "p_both": "q_both"}
PARCORR_NEURONS = 50


def upper(matrix):
    return matrix[np.triu_indices(matrix.shape[0], 1)]


def pcorr(traces):
    """pingouin's partial correlations, with the p-value of its `partial_corr`: Student's t of as many independent
    samples as there are frames. One-sided, as ours."""
    neurons, frames = traces.shape
    names = [f"n{i}" for i in range(neurons)]
    r = upper(pandas.DataFrame(traces.T, columns=names).pcorr().to_numpy())
    freedom = frames - neurons
    return stats.t.sf(r * np.sqrt(freedom / (1 - r**2)), freedom)


def check_pcorr(traces):
    """That the p-values above are those of the package, on one pair."""
    names = [f"n{i}" for i in range(traces.shape[0])]
    table = pandas.DataFrame(traces.T, columns=names)
    theirs = pingouin.partial_corr(table, x="n0", y="n1", covar=names[2:], alternative="greater")
    p = float(theirs[[column for column in theirs.columns if column.lower().startswith("p")][0]].iloc[0])
    if not np.isclose(p, pcorr(traces)[0], rtol=1e-6):
        sys.exit(f"pingouin gives p = {p}, the formula used here {pcorr(traces)[0]}")


def xdf(traces):
    """Afyouni, Smith and Nichols 2019: the variance of a plain correlation from the auto- and cross-correlations at
    all lags, tapered (Tukey, 2 sqrt(T) lags); Fisher's z over its standard deviation is normal. One-sided."""
    neurons, frames = traces.shape
    z = traces - traces.mean(axis=1, keepdims=True)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    lags = int(2 * np.sqrt(frames))
    lag = np.arange(1, lags + 1)
    weight = 0.5 * (1 + np.cos(np.pi * lag / lags)) * (frames - 2 - lag)
    spectrum = fft.rfft(z, fft.next_fast_len(2 * frames, real=True), axis=1)
    length = fft.next_fast_len(2 * frames, real=True)
    auto = fft.irfft(np.abs(spectrum) ** 2, length, axis=1)[:, 1 : lags + 1]
    p = []
    for i in range(neurons - 1):
        cross = fft.irfft(spectrum[i] * np.conj(spectrum[i + 1 :]), length, axis=1)
        r = cross[:, 0]
        after, before = cross[:, 1 : lags + 1], cross[:, -1 : -lags - 1 : -1]
        own, others = auto[i], auto[i + 1 :]
        variance = (frames - 2) * (1 - r**2) ** 2
        variance += r**2 * ((own**2 + others**2 + after**2 + before**2) @ weight)
        variance -= 2 * r * (((own + others) * (after + before)) @ weight)
        variance += 2 * ((own * others + after * before) @ weight)
        sd = np.sqrt(np.maximum(variance, 1e-12)) / frames
        p.append(stats.norm.sf(np.arctanh(r) * (1 - r**2) / sd))
    return np.concatenate(p)


def parcorr(traces):
    """tigramite's test of partial correlation of two neurons in the same frame given all others, its analytic p-value
    made one-sided."""
    neurons = traces.shape[0]
    test = ParCorr(significance="analytic")
    p = []
    for i in range(neurons):
        for j in range(i + 1, neurons):
            given = np.delete(traces, [i, j], axis=0)
            array = np.vstack([traces[i], traces[j], given])
            kind = np.array([0, 1] + [2] * (neurons - 2))
            value = test.get_dependence_measure(array, kind)
            both = test.get_analytic_significance(value, T=array.shape[1], dim=array.shape[0], xyz=kind)
            p.append(both / 2 if value > 0 else 1 - both / 2)
    return np.array(p)


TESTS = {"pingouin pcorr": pcorr, "xDF": xdf, "tigramite ParCorr": parcorr}


def benjamini_hochberg(p):
    order = np.argsort(p)
    q = np.empty_like(p)
    q[order] = np.minimum.accumulate((p[order] * p.size / np.arange(1, p.size + 1))[::-1])[::-1]
    return q


class Counts:
    """One test over the data sets of a scenario."""

    def __init__(self):
        self.hits, self.trials, self.false, self.found, self.planted, self.sets = np.zeros(3), 0, 0.0, 0, 0, 0
        self.seconds = 0.0

    def add(self, p, planted, unrelated, seconds):
        null = p[unrelated]
        self.hits += [(null <= level).sum() for level in LEVELS]
        self.trials += null.size
        discovered = benjamini_hochberg(p) <= DISCOVERED
        self.false += (discovered & ~planted).sum() / max(discovered.sum(), 1)
        self.found += (discovered & planted).sum()
        self.planted += planted.sum()
        self.sets += 1
        self.seconds += seconds

    def cells(self):
        rates = ["-" if self.trials == 0 else f"{h / self.trials / level:.2f}" for h, level in zip(self.hits, LEVELS)]
        power = "-" if self.planted == 0 else f"{self.found / self.planted:.3f}"
        return [*rates, f"{self.false / self.sets:.3f}", power, f"{self.seconds / self.sets:.2f}"]


def first_neurons(data, count):
    """The first neurons of a session, and which pairs of all neurons are theirs."""
    neurons = data["smoothed"].shape[0]
    i, j = np.triu_indices(neurons, 1)
    return data["smoothed"][:count], (i < count) & (j < count)


def theirs(file, scenario, parcorr_sets):
    counts = {name: Counts() for name in TESTS}
    sets = sorted(file[f"edges/{scenario}"], key=int)
    for number in sets:
        data = file[f"edges/{scenario}/{number}"]
        for name, test in TESTS.items():
            if test is parcorr and int(number) >= parcorr_sets:
                continue
            traces, pairs = first_neurons(data, PARCORR_NEURONS if test is parcorr else data["smoothed"].shape[0])
            start = time.perf_counter()
            p = test(traces)
            seconds = time.perf_counter() - start
            counts[name].add(p, data["planted"][()][pairs] != 0, data["unrelated"][()][pairs] != 0, seconds)
    return counts


def ours(program, scenario, sets, seed):
    """Rates of the same data sets, by our own program."""
    with tempfile.TemporaryDirectory(prefix="rewire-rates-") as folder:
        subprocess.run([program, "--only", f"edges/{scenario}", "--data-sets", str(sets), "--seed", str(seed),
                        "--results", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        with open(Path(folder) / "calibration.tsv") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))

    def number(statistic, quantity, level):
        for row in rows:
            if (row["statistic"], row["quantity"]) == (statistic, quantity) and float(row["level"]) == level:
                return float(row["estimate"])
        return float("nan")

    def text(value, digits):
        return "-" if np.isnan(value) else f"{value:.{digits}f}"

    lines = {}
    for rate, discovered in OURS.items():
        cells = [text(number(rate, "rate", level) / level, 2) for level in LEVELS]
        cells += [text(number(discovered, quantity, DISCOVERED), 3) for quantity in ("FDR", "power")]
        lines[f"rewire {rate}"] = [*cells, ""]
    return lines


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parents[2] / "build")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="a scenario; repeatable")
    parser.add_argument("--data-sets", type=int, default=20)
    parser.add_argument("--parcorr-data-sets", type=int, default=2, help="of these, for tigramite: seconds each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wide", action="store_true", help="a line a scenario: the rate at .05, and FDR, of each test")
    return parser.parse_args()


COLUMNS = [*TESTS, *(f"rewire {name}" for name in OURS)]


def print_head(wide):
    if wide:
        print("| scenario | " + " | ".join(COLUMNS) + " |\n" + "|---" * (1 + len(COLUMNS)) + "|")
    else:
        print("| scenario | p-value | .05 | .01 | .001 | FDR at q .05 | power | s a session |")
        print("|---|---|---|---|---|---|---|---|")


def print_rows(scenario, rows, wide):
    if wide:
        cells = [f"{rows[name][0]}, {rows[name][3]}" if name in rows else "-" for name in COLUMNS]
        print(f"| {scenario} | " + " | ".join(cells) + " |", flush=True)
        return
    for name, cells in rows.items():
        print(f"| {scenario} | {name} | " + " | ".join(cells) + " |", flush=True)
        scenario = ""


def main():
    given = arguments()
    program = given.build / "calibration"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    packages = ", ".join(f"{name} {version(name)}" for name in ("pingouin", "tigramite", "numpy", "scipy"))
    print(f"{given.data_sets} data sets a scenario, {given.parcorr_data_sets} for tigramite (at most {PARCORR_NEURONS} "
          f"neurons); {packages}\n")  # fmt: skip
    print_head(given.wide)
    for scenario in given.only or SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="rewire-rates-") as folder:
            path = Path(folder) / "data.h5"
            subprocess.run([program, "--write", path, "--only", f"edges/{scenario}", "--data-sets",
                            str(given.data_sets), "--seed", str(given.seed)], check=True,
                           stdout=subprocess.DEVNULL)  # fmt: skip
            with h5py.File(path) as file:
                check_pcorr(file[f"edges/{scenario}/0/smoothed"][()])
                counts = theirs(file, scenario, given.parcorr_data_sets)
                rows = {name: each.cells() for name, each in counts.items() if each.sets > 0}
        rows |= ours(program, scenario, given.data_sets, given.seed)
        print_rows(scenario, rows, given.wide)


if __name__ == "__main__":
    main()
