"""Two sides in turns on one core with one thread (ours, theirs, ours, theirs, ...), after one run each that
is not counted, and the table of their ratios. A row is printed only when both computed the same thing.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import h5py

import kernel_process
from agreement import Mismatch, Row


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def single_core() -> int:
    """Keeps this process and its children on one core, the last that it may use."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def describe(program: Path, core: int, names: tuple) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    load = os.getloadavg()[0]
    return "\n".join(
        [
            f"machine   {cpu_model()}, {os.cpu_count()} cores; both sides on core {core}, one thread; load {load:.1f}",
            f"ours      {kernel_process.description(program)}",
            f"theirs    Python {platform.python_version()}, {packages}",
        ]
    )


def measure(row: Row, program: Path, output: Path, repeat: int) -> tuple[list, list, str]:
    """Seconds of ours and of theirs (scaled to the whole work), and in words what was found equal."""
    ours, theirs = [], []
    path = row.input()
    with kernel_process.KernelProcess(program, row.kernel, path, output, repeat, row.count) as kernel:
        with h5py.File(path) as file:
            run = row.prepare(file)
        if row.warm_up:
            run()
        for _ in range(repeat):
            ours.append(kernel.step())
            start = time.perf_counter()
            result = run()
            theirs.append((time.perf_counter() - start) * row.scale)
        kernel.finish()
    with h5py.File(output) as written, h5py.File(path) as file:
        agreement = row.check(result, written, file)
    return ours, theirs, agreement


def short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def spread(seconds: list) -> str:
    return f"{short(statistics.median(seconds))} ({short(min(seconds))}-{short(max(seconds))})"


HEADER = ("work", "peer", "theirs s", "ours s", "ratio", "pairs", "asked", "met")


def cells(row: Row, ours: list, theirs: list) -> tuple:
    ratio = statistics.median(theirs) / statistics.median(ours)
    pairs = [b / a for a, b in zip(ours, theirs)]
    asked = f"{row.asked:g}" if row.asked else "-"
    met = ("yes" if ratio >= row.asked else "NO") if row.asked else ""
    mark = " *" if row.scale != 1 else ""
    return (row.title, row.peer, spread(theirs) + mark, spread(ours), short(ratio),
            f"{short(min(pairs))}-{short(max(pairs))}", asked, met)  # fmt: skip


def print_table(lines: list) -> None:
    widths = [max(len(line[column]) for line in [HEADER, *lines]) for column in range(len(HEADER))]
    for number, line in enumerate([HEADER, *lines]):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def parser_of(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", type=Path, required=True, help="build folder with peer_kernels in it")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "rewire-peers",
                        help="folder for inputs and outputs, 1 GB (default %(default)s)")  # fmt: skip
    parser.add_argument("--repeat", type=int, default=5, help="repetitions of each side (default 5)")
    parser.add_argument("--size", choices=("paper", "small"), default="paper",
                        help="paper (default), or small to try it out")  # fmt: skip
    parser.add_argument("--only", action="append", metavar="NAME", help="this row; may be repeated")
    parser.add_argument("--list", action="store_true", help="names of the rows")
    return parser


def run_table(table: list[Row], program: Path, options, packages: tuple, core: int) -> int:
    """Measures the rows that were asked for and prints them; the status of the program."""
    if options.list:
        print("\n".join(row.name for row in table))
        return 0
    unknown = set(options.only or ()) - {row.name for row in table}
    if unknown:
        print(f"no row named {', '.join(sorted(unknown))}; --list shows them", file=sys.stderr)
        return 2
    print(describe(program, core, packages), flush=True)
    if os.getloadavg()[0] > 1.5:
        print("warning   others are using this machine: seconds and ratios are theirs too", flush=True)
    built = kernel_process.available(program)

    lines, failed = [], 0
    for row in table:
        if options.only and row.name not in options.only:
            continue
        if row.kernel not in built:
            print(f"{row.name}: not in this build", flush=True)
            continue
        output = options.work / f"{row.kernel}.out.h5"
        try:
            ours, theirs, agreement = measure(row, program, output, options.repeat)
        except (Mismatch, kernel_process.KernelError) as error:
            print(f"{row.name}: no ratio: {error}", flush=True)
            failed += 1
            continue
        print(f"{row.name}: {agreement}", flush=True)
        lines.append(cells(row, ours, theirs))

    print(f"\nmedian of {options.repeat} (min-max); ratio of the medians; range over pairs of neighbouring runs")
    print_table(lines)
    if any("*" in line[2] for line in lines):
        print("* measured on a part (see README.md) and scaled to the whole work")
    return 1 if failed else 0

