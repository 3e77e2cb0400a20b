#!/usr/bin/env python3
"""rewire against itself: one rank against two, and a plan against the run that it foretold.

    benchmarks/scaling.py ranks [--job connectome|movement|dynetcp-dynamic|ccg]   1 2 1 2 ...: seconds, ratio, memory
    benchmarks/scaling.py plan                                 a large study planned, a part of it run
    benchmarks/scaling.py spikes                               ccg planned and run, slow units and fast ones

Only the standard library. Needs two cores that nobody else uses. Status 1 when a goal is missed (1.8 times
faster on two ranks, in lock-step 1.85; memory and time within 20 % of the plan), 3 when something did not run.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RANKS_GOAL = {"connectome": 1.8, "movement": 1.8, "dynetcp-dynamic": 1.85, "ccg": 1.8}
PLAN_GOAL = 0.2
# Of the closed form: what is made of deconvolved traces until p-values are known.
TESTS = ("share", "traces", "edge traces", "spectra", "third moments", "jitter", "edges")
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
SECONDS = {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}


def environment():
    settings = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    if os.geteuid() == 0:
        settings.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return settings


class Rewire:
    def __init__(self, build, work):
        self.program = Path(build).resolve() / "rewire"
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        if not os.access(self.program, os.X_OK):
            fail(f"{self.program} is not there: build it first")

    def command(self, words, ranks=1, watch=None):
        words = [str(word) for word in words]
        watcher = [sys.executable, str(HERE / "peak_memory.py"), str(watch)] if watch else []
        return ["mpirun", "-n", str(ranks), *watcher, str(self.program), *words]

    def run(self, words, ranks=1, watch=None):
        """Seconds of the whole command, files read and written."""
        log = self.work / "run.log"
        start = time.perf_counter()
        with open(log, "w") as file:
            done = subprocess.run(self.command(words, ranks, watch), stdout=file, stderr=subprocess.STDOUT,
                                  env=environment())
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            fail(log.read_text() + f"\nrewire {words[0]} on {ranks} ranks failed")
        self.phases = phases_of(log.read_text())
        return seconds

    def run_two_at_once(self, words):
        """Seconds of two commands of one rank each that know nothing of each other."""
        beside = list(words)
        beside[beside.index("--results") + 1] = self.work / "beside"
        start = time.perf_counter()
        # mpirun would bind both to the same core.
        free = ["mpirun", "-n", "1", "--bind-to", "none", str(self.program)]
        commands = [subprocess.Popen([*free, *map(str, each)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                     env=environment()) for each in (words, beside)]
        if any([command.wait() for command in commands]):
            fail(f"two commands of rewire {words[0]} at once failed")
        return time.perf_counter() - start

    def peak_bytes(self, words, ranks):
        """Of the rank that needed most, shared memory divided among the ranks; and the seconds."""
        watch = self.work / "memory"
        watch.unlink(missing_ok=True)
        seconds = self.run(words, ranks, watch)
        return max(float(line) for line in watch.read_text().split()) * 1024, seconds

    def plan(self, words, ranks):
        done = subprocess.run([str(self.program), "plan", *map(str, words), "--ranks", str(ranks)], text=True,
                              capture_output=True, env=environment())
        if done.returncode != 0:
            fail(done.stderr)
        return Plan(done.stdout)

    def study(self, animals, sessions, neurons):
        folder = self.work / f"study-{animals}x{sessions}x{neurons}"
        if not (folder / "simulation.txt").exists():
            self.run(["simulate", "lever-press", "--out", folder, "--animals", animals, "--sessions", sessions,
                      "--neurons", neurons, "--seed", 1], ranks=2)
        return folder

    def triplets(self, neurons, trials):
        folder = self.work / f"triplets-{neurons}x{trials}"
        if not (folder / "sub-triplets").exists():
            self.run(["simulate", "triplets", "--out", folder, "--neurons", neurons, "--triplets", neurons // 4,
                      "--trials", trials, "--seed", 1])
        return folder

    def recording(self, units_an_area, trials):
        folder = self.work / f"recording-{units_an_area}x{trials}"
        if not (folder / "sub-visual").exists():
            self.run(["simulate", "recording", "--out", folder, "--units-an-area", units_an_area, "--trials", trials,
                      "--seed", 1])
        return folder


class Plan:
    def __init__(self, text):
        self.text = text
        size, unit = re.search(r"memory a rank +([\d.]+) (\w+)", text).groups()
        self.bytes = float(size) * UNITS[unit]
        self.seconds = seconds_of(re.search(r"^ *time +(.*?) +about", text, re.M).group(1))
        self.core_seconds = sum(float(part) for part in re.findall(r"([\d.]+) +core seconds in", text))


def seconds_of(text):
    """Of "1 min 3 s"."""
    words = text.split()
    return sum(float(count) * SECONDS[unit] for count, unit in zip(words[::2], words[1::2]))


def phases_of(log):
    """Seconds of each phase on the rank that took longest, by its name."""
    table = re.search(r"^phase .*over ranks\n(.*?)^peak memory", log, re.M | re.S)
    lines = [re.split(r"  +", line.strip()) for line in table.group(1).splitlines()] if table else []
    return {line[0]: seconds_of(line[-1]) for line in lines}


def fail(message):
    print(f"scaling.py: {message}", file=sys.stderr)
    sys.exit(3)


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(": ", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else f"{os.cpu_count()} cores"


def within(measured, planned):
    return abs(measured / planned - 1) <= PLAN_GOAL


def verdict(good):
    return "yes" if good else "NO"


def work_of(rewire, options):
    """What both numbers of ranks do: the command, and in words."""
    results = rewire.work / f"{options.job}-ranks"
    if options.job == "dynetcp-dynamic":
        # One epoch of all pairs, all trials of which but a fifth train.
        words = ["--study", rewire.triplets(options.neurons, options.trials), "--results", results, "--align", "trials",
                 "--stop-s", 0.5, "--bin-ms", 1, "--lags", 10, "--edges", "all", "--min-rate-hz", 0, "--epochs", 1]
        return words, f"an epoch of all pairs of {options.neurons} neurons, {options.trials} trials of 500 bins"
    if options.job == "ccg":
        words = ["--study", rewire.triplets(20, 10000), "--results", results, "--surrogates", options.surrogates]
        return words, f"20 units of some 6 Hz over 1.4 h, {options.surrogates} Monte Carlo surrogates of interval jitter"
    amount = ["--surrogates", options.surrogates] if options.job == "connectome" else ["--shuffles", options.shuffles]
    words = ["--study", rewire.study(1, options.sessions, options.neurons), "--results", results, "--tau-s", 0.7, *amount]
    return words, f"{options.sessions} sessions, {options.neurons} neurons, {amount[1]} {amount[0][2:]}"


def compare_ranks(options):
    rewire = Rewire(options.build, options.work)
    words, in_words = work_of(rewire, options)
    words = [options.job, *words, "--overwrite"]
    goal = RANKS_GOAL[options.job]
    peaks = {ranks: rewire.peak_bytes(words, ranks)[0] for ranks in (1, 2)}  # and the files come into memory
    seconds = {1: [], 2: []}
    tests = {1: [], 2: []}  # the closed form alone
    at_once = []  # times the work of one that two cores do
    for _ in range(options.repeat):
        for ranks in (1, 2):
            seconds[ranks].append(rewire.run(words, ranks))
            tests[ranks].append(sum(time for name, time in rewire.phases.items() if name.split(".")[0] in TESTS))
        at_once.append(2 * seconds[1][-1] / rewire.run_two_at_once(words))

    print(f"machine  {machine()}")
    print(f"work     {options.job} of {in_words}; whole command")
    for ranks in (1, 2):
        times = seconds[ranks]
        print(f"{ranks} rank{'s' if ranks > 1 else ' '}  median {statistics.median(times):.2f} s "
              f"({min(times):.2f}-{max(times):.2f}) of {len(times)}")
    ratio = statistics.median(seconds[1]) / statistics.median(seconds[2])
    pairs = [one / two for one, two in zip(seconds[1], seconds[2])]
    good = ratio >= goal
    print(f"speed    {ratio:.2f} times faster on 2 ranks (pairs {min(pairs):.2f}-{max(pairs):.2f}), asked "
          f"{goal}: {verdict(good)}")
    if options.job == "connectome" and options.surrogates == 0:
        one, two = (statistics.median(tests[ranks]) for ranks in (1, 2))
        print(f"tests    of the closed form alone: {one:.2f} and {two:.2f} s, {one / two:.2f} times faster on 2 ranks")
    print(f"machine  two such commands of one rank at once: {statistics.median(at_once):.2f} times the work of one alone "
          f"({min(at_once):.2f}-{max(at_once):.2f})")
    for ranks in (1, 2):
        planned = rewire.plan(words, ranks).bytes
        fits = within(peaks[ranks], planned)
        good = good and fits
        print(f"memory   {ranks} rank{'s' if ranks > 1 else ''}: peak {peaks[ranks] / 1e6:.0f} MB, planned "
              f"{planned / 1e6:.0f} MB a rank, within {PLAN_GOAL:.0%}: {verdict(fits)}")
        if options.job in ("dynetcp-dynamic", "ccg"):
            planned = rewire.plan(words, ranks).seconds
            measured = statistics.median(seconds[ranks])
            fits = within(measured, planned)
            good = good and fits
            print(f"time     {ranks} rank{'s' if ranks > 1 else ''}: {measured:.1f} s, planned {planned:.1f} s, within "
                  f"{PLAN_GOAL:.0%}: {verdict(fits)}")
    return good


def compare_plan(options):
    rewire = Rewire(options.build, options.work)
    study = rewire.study(options.animals, options.sessions, options.neurons)
    results = rewire.work / "plan-part"
    where = ["--study", study, "--results", results]
    subjects = sorted(path.name.removeprefix("sub-") for path in study.glob("sub-*"))[: options.part]
    part = [word for subject in subjects for word in ("--subject", subject)]
    jobs = [("connectome", ["connectome", *where, "--tau-s", 0.7, "--surrogates", options.surrogates]),
            ("movement", ["movement", *where, "--tau-s", 0.7, "--shuffles", options.shuffles]),
            ("rewiring", ["rewiring", "--results", results])]

    print(f"machine  {machine()}")
    print(f"study    {options.animals} animals x {options.sessions} sessions x {options.neurons} neurons, "
          f"{options.surrogates} surrogates, {options.shuffles} shuffles, {options.ranks} ranks")
    print(f"part     {', '.join(subjects)}")
    print(f"{'':12}{'part: planned':>15}{'measured':>10}{'m/p':>6}{'MB planned':>12}{'measured':>10}{'m/p':>6}"
          f"{'whole: planned':>16}")
    good = True
    for name, words in jobs:
        ahead = ["--study", study, "--results", rewire.work / "none"]  # before there is a connectome
        whole = rewire.plan(["rewiring", *ahead] if name == "rewiring" else words, options.ranks)
        planned = rewire.plan([*words, *part], options.ranks)
        peak, seconds = rewire.peak_bytes([*words, *part, "--overwrite", "--restart"], options.ranks)
        time_fits = seconds < (1 + PLAN_GOAL) * planned.seconds
        memory_fits = within(peak, planned.bytes) or peak < 200e6
        good = good and time_fits and memory_fits
        print(f"{name:12}{planned.seconds:13.1f} s{seconds:8.1f} s{seconds / planned.seconds:6.2f}"
              f"{planned.bytes / 1e6:12.0f}{peak / 1e6:10.0f}{peak / planned.bytes:6.2f}{whole.seconds:14.0f} s",
              flush=True)
    print(f"goal     time not over the plan by {PLAN_GOAL:.0%}, memory within {PLAN_GOAL:.0%}: {verdict(good)}")
    return good


def compare_spikes(options):
    """Slow units and fast ones, the closed form and Monte Carlo."""
    rewire = Rewire(options.build, options.work)
    slow = rewire.triplets(100, 10000)
    fast = rewire.recording(20, 1000)
    few = rewire.recording(4, 1000)
    many = rewire.recording(40, 2000)
    runs = [("slow", slow, []), ("fast", fast, []), ("fast, many", many, []),
            ("slow, surrogates", slow, ["--surrogates", 20]), ("fast, surrogates", few, ["--surrogates", 300])]
    print(f"machine  {machine()}; {options.ranks} ranks")
    print(f"{'':20}{'planned':>9}{'measured':>10}{'m/p':>6}{'MB planned':>12}{'measured':>10}{'m/p':>6}")
    good = True
    for name, study, more in runs:
        words = ["ccg", "--study", study, "--results", rewire.work / "spikes", "--all-units", *more]
        planned = rewire.plan(words, options.ranks)
        peak, seconds = rewire.peak_bytes([*words, "--overwrite", "--restart"], options.ranks)
        good = good and within(seconds, planned.seconds) and within(peak, planned.bytes)
        print(f"{name:20}{planned.seconds:7.1f} s{seconds:8.1f} s{seconds / planned.seconds:6.2f}"
              f"{planned.bytes / 1e6:12.0f}{peak / 1e6:10.0f}{peak / planned.bytes:6.2f}", flush=True)
    print(f"goal     time and memory within {PLAN_GOAL:.0%}: {verdict(good)}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="mode", required=True)
    ranks = commands.add_parser("ranks", help="one rank against two")
    ranks.add_argument("--job", choices=list(RANKS_GOAL), default="connectome")
    ranks.add_argument("--repeat", type=int, default=5)
    ranks.add_argument("--trials", type=int, default=40, help="of dynetcp-dynamic, with --neurons 40 (default %(default)s)")
    plan = commands.add_parser("plan", help="a plan against a part of the run")
    plan.add_argument("--animals", type=int, default=4)
    plan.add_argument("--part", type=int, default=1, help="animals that are run")
    plan.add_argument("--ranks", type=int, default=2)
    spikes = commands.add_parser("spikes", help="plans of ccg against runs")
    spikes.add_argument("--ranks", type=int, default=2)
    spikes.add_argument("--build", default=HERE.parent / "build")
    spikes.add_argument("--work", default=os.path.join(os.environ.get("TMPDIR", "/tmp"), "rewire-scaling"))
    for mode, neurons, sessions, shuffles in ((ranks, None, 2, 400000), (plan, 1000, 14, 10000)):
        mode.add_argument("--neurons", type=int, default=neurons)
        mode.add_argument("--sessions", type=int, default=sessions)
        mode.add_argument("--surrogates", type=int, default=None if mode is ranks else 1000)
        mode.add_argument("--shuffles", type=int, default=shuffles)
        mode.add_argument("--build", default=HERE.parent / "build")
        mode.add_argument("--work", default=os.path.join(os.environ.get("TMPDIR", "/tmp"), "rewire-scaling"))
    options = parser.parse_args()
    if options.mode == "ranks" and options.surrogates is None:
        options.surrogates = 3000 if options.job == "ccg" else 2000
    if options.mode != "spikes" and options.neurons is None:
        options.neurons = 40 if options.job == "dynetcp-dynamic" else 500
    if (os.cpu_count() or 1) < 2:
        fail("one core only, so two ranks cannot be faster than one")
    compare = {"ranks": compare_ranks, "plan": compare_plan, "spikes": compare_spikes}[options.mode]
    sys.exit(0 if compare(options) else 1)


if __name__ == "__main__":
    main()
