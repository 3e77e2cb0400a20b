"""Jobs on damaged files: every one of them ends by itself, in time, with an exit code that says what is wrong and a
message that names the file. Seeded: a failure names the kind and the seed that repeat it.

    campaign.py RUNS [FIRST_SEED]        REWIRE_BUILD is the build folder
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BUILD = Path(os.environ["REWIRE_BUILD"])
REWIRE, DAMAGE = BUILD / "rewire", BUILD / "tests" / "damage_file"
SECONDS = 400                # for one run; a whole file takes less than one on a quiet machine
ADDRESS_SPACE = 6 << 30      # a declared size must not be allocated
OUR_CODES = {0, 2, 3, 4, 5}  # 70 and signals are faults
NAME = "sub-A_ses-01.nwb"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def run(job, study, results):
    words = [REWIRE, job, "--study", study]
    if "--results" in HELP[job]:
        words += ["--results", results]
    if "--tau-s" in HELP[job]:
        words += ["--tau-s", "0.7"]
    return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=SECONDS,
                          preexec_fn=limit_memory)


def jobs_that_read_files():
    """Name and help of the jobs that have --study."""
    overview = subprocess.run([REWIRE, "--help"], capture_output=True, text=True, check=True).stdout
    found = {}
    for job in re.findall(r"(?m)^  ([a-z0-9-]+) {2,}", overview):
        text = subprocess.run([REWIRE, job, "--help"], capture_output=True, text=True, check=True).stdout
        if re.search(r"(?m)^  --study ", text):
            found[job] = text
    return found


def wrong(job, done):
    """What is wrong with how a run ended; empty for nothing."""
    said = done.stdout + done.stderr
    if done.returncode not in OUR_CODES:
        return f"exit code {done.returncode}"
    for sign in ["fault of rewire", "terminate called", "unexpected", "Signal: ", "Sanitizer"]:
        if sign in said:
            return f"says {sign!r}"
    if done.returncode != 0 and NAME not in said:
        return f"exit code {done.returncode} without the file's name"
    return ""


HELP = jobs_that_read_files()


def main():
    runs = int(sys.argv[1])
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    ends, failures, crashes = Counter(), [], []
    with tempfile.TemporaryDirectory(prefix="rewire-fault-") as name:
        folder = Path(name)
        whole = folder / "whole" / NAME
        whole.parent.mkdir()
        subprocess.run([DAMAGE, "whole", whole], check=True)
        # A job that needs more than a file (results of others, a truth) says so before it reads one.
        jobs = [job for job in HELP if run(job, whole.parent, folder / f"whole-{job}").returncode == 0]
        print("jobs:", *jobs)
        for needed in ["study", "connectome", "movement"]:
            assert needed in jobs, f"{needed} cannot use the whole file"
        study = folder / "study"
        study.mkdir()
        for seed in range(first, first + runs):
            kind = ["structure", "bytes"][seed % 2]
            job = jobs[seed // 2 % len(jobs)]
            what = subprocess.run([DAMAGE, kind, whole, study / NAME, str(seed)], capture_output=True, text=True,
                                  errors="replace", check=True).stdout.strip()
            try:
                done = run(job, study, folder / f"results-{seed}")
                problem = wrong(job, done)
                if "HDF5 library crashed" in done.stderr:
                    crashes.append(seed)
                ends[done.returncode] += 1
                last = done.stderr.strip().splitlines()[:3]
            except subprocess.TimeoutExpired:
                problem, last = f"no end within {SECONDS} s", []
            if problem:
                failures.append(f"{job} on {kind} {seed}")
                print(f"{failures[-1]} ({what[:200]}): {problem}\n    " + "\n    ".join(last), flush=True)
    print(f"{runs} runs, exit codes {dict(ends)}, crashes inside HDF5 that named the file: {crashes}")
    print(f"{len(failures)} ended wrongly")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
