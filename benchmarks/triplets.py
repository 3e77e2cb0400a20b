#!/usr/bin/env python3
"""The windows of planted triplets in the dynamic weights, at the size of the paper, and against retrained null models.

    benchmarks/triplets.py                                                   100 units, the pairs that ccg connects
    benchmarks/triplets.py --neurons 20 --triplets 6 --trials 300 --null 20  a small set, with models of shuffled trials

Simulates, trains, compares with what was planted. The standard library, and h5dump. What was finished before is taken
as it is, so a run that was stopped goes on with the same command. Status 1 when a goal is missed (AUC of 0.95 of the
weight, active against inactive bins of true edges; indirect edges told apart better than by the published rule of
ratios), 3 when something did not run.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "cli"))
from planted_windows import Apart, auc, planted, windows  # noqa: E402

TRIALS = ["--align", "trials", "--stop-s", "0.5"]
BINS, LAGS = 500, 11
GOAL = 0.95


def fail(message):
    print(f"triplets.py: {message}", file=sys.stderr)
    sys.exit(3)


class Rewire:
    def __init__(self, options):
        self.program = Path(options.build).resolve() / "rewire"
        self.ranks = options.ranks
        if not os.access(self.program, os.X_OK):
            fail(f"{self.program} is not there: build it first")

    def run(self, *words):
        """Seconds of the command."""
        settings = dict(os.environ, OPENBLAS_NUM_THREADS="1")
        if os.geteuid() == 0:
            settings.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        start = time.perf_counter()
        done = subprocess.run(["mpirun", "-n", str(self.ranks), str(self.program), *map(str, words)], env=settings, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            fail(done.stdout + f"\nrewire {words[0]} failed, or was stopped: the same command goes on")
        return time.perf_counter() - start


def connected_pairs(table, edges):
    """Both directions of the pairs that stand out by the rule of the correlogram, as the published training takes them."""
    with open(table) as file:
        called = {(int(row["pre"]), int(row["post"])) for row in csv.DictReader(file) if int(row["rule"]) != 0}
    both = sorted(called | {(post, pre) for pre, post in called})
    edges.write_text("pre,post\n" + "".join(f"{pre},{post}\n" for pre, post in both))
    return both


def train(options, work):
    rewire = Rewire(options)
    study, results = work / "study", work / "out"
    if not list(study.rglob("*.nwb")):
        rewire.run("simulate", "triplets", "--out", study, "--neurons", options.neurons, "--triplets", options.triplets,
                   "--trials", options.trials, "--seed", 1)
    where = ["--study", study, "--results", results, *TRIALS, "--min-rate-hz", 0]
    rewire.run("ccg", *where)
    rewire.run("export", "--results", results, "--what", "ccg")
    edges = work / "edges.csv"
    both = connected_pairs(results / "export" / "ccg.csv", edges)
    # The penalty is a mean over pairs: the same strength for every weight of any number of units.
    seconds = rewire.run("dynetcp-dynamic", *where, "--bin-ms", 1, "--lags", LAGS - 1, "--edges", edges, "--lambda",
                         0.005 * options.neurons, "--batch", 2, "--learning-rate", 2e-3, "--epochs", options.epochs,
                         "--validation", 0.3333, "--null", options.null)
    rewire.run("dynamics", "--study", study, "--results", results)
    true = planted(next(study.rglob("*.nwb")))
    print(f"{len(both)} ordered pairs are trained, of {len(true)} connections {sum(pair in both for pair in true)}; "
          f"{seconds:.0f} s on {options.ranks} ranks")
    return results, {pair: what for pair, what in true.items() if pair in both}


def compare(options):
    work = Path(options.work) / f"{options.neurons}x{options.trials}-{options.epochs}-{options.null}"
    work.mkdir(parents=True, exist_ok=True)
    results, true = train(options, work)
    active, inactive, left_out = windows(results, true, BINS, LAGS)
    shown = auc(active, inactive)
    print(f"true edges   {len(active)} active and {len(inactive)} inactive bins of {len(true)} edges, {left_out} without a spike: AUC "
          f"of the weight {shown:.4f}, asked {GOAL}: {'yes' if shown >= GOAL else 'NO'}")
    apart = Apart(results, true, BINS)
    kept, called, by_chance = apart.by_rule()
    as_many, by_weight, by_ratio = apart.as_many(apart.weight, kept), apart.auc(apart.weight), apart.auc(apart.ratio)
    good = as_many < called and by_weight > by_ratio
    print(f"active bins  {len(apart.direct)} of connections, {len(apart.indirect)} of {len(apart.between)} indirect pairs; "
          f"{len(apart.unconnected)} bins of unconnected ones")
    print(f"ratio rule   keeps {kept:.3f} of the bins of connections, calls {called:.3f} of the indirect and {by_chance:.3f} of the "
          f"unconnected; AUC {by_ratio:.4f}")
    print(f"weight       calls {as_many:.3f} where it keeps as many; AUC {by_weight:.4f}: better {'yes' if good else 'NO'}")
    if options.null > 0:
        (kept, called, by_chance), p_bin = apart.by_null()
        print(f"null models  q <= 0.05 keeps {kept:.3f} of the bins of connections, calls {called:.3f} of the indirect and "
              f"{by_chance:.3f} of the unconnected; AUC of p {apart.auc([-p for p in p_bin]):.4f}")
    return shown >= GOAL and good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--triplets", type=int, default=50)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--null", type=int, default=0, help="models trained on shuffled trials")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--build", default=HERE.parent / "build")
    parser.add_argument("--work", default=os.path.join(os.environ.get("TMPDIR", "/tmp"), "rewire-triplets"))
    sys.exit(0 if compare(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()
