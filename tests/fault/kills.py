"""Jobs that are disturbed while they work, and go on: kill -9 of all ranks or of one, requests to stop, a disk that is
full, a checkpoint that was damaged, each time on another number of ranks. Whatever happened, the job ends, says what is
wrong, and once left in peace has the datasets of a run that nobody disturbed. Seeded: a failure names the job and the
seed that repeat it (as far as the clock lets it).

    kills.py FAULTS [FIRST_SEED] [JOB...]      FAULTS for each job; REWIRE_BUILD is the build folder
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from rewire_cli import BUILD, REWIRE, SAME, children_of, command, kill_all, start  # noqa: E402

STOPPED = 75
SECONDS = 240        # that any run may take, on a busy machine; a quiet one needs a few
MOST_IN_A_ROW = 6    # faults until the job is left in peace
DISK = "64m"

# What makes a run of some seconds, with many checkpoints. Jobs without a line here are not disturbed; the test fails
# when one that saves its work is missing.
CALCIUM, SPIKES, TRIALS, NONE = "calcium", "spikes", "trials", ""
JOBS = {  # study, options, the jobs whose results it reads
    "connectome": (CALCIUM, ["--tau-s", "0.7", "--surrogates", "3000"], []),
    "movement": (CALCIUM, ["--tau-s", "0.7", "--shuffles", "400000"], []),
    "rewiring": (NONE, ["--draws", "20000"], ["connectome", "movement"]),
    "ccg": (SPIKES, [], []),
    "glmcc": (SPIKES, [], []),
    "dynetcp-dynamic": (TRIALS, ["--align", "trials", "--stop-s", "0.1", "--lags", "3", "--lambda", "1", "--edges",
                                 "pairs.csv", "--epochs", "1", "--null", "3"], []),
    "dynamics": (TRIALS, ["--write-edges"], ["dynetcp-dynamic"]),
    "compare": (SPIKES, [], ["ccg", "glmcc"]),
    "jpsth": (TRIALS, ["--align", "trials", "--stop-s", "0.5", "--pairs", "pairs.csv", "--full"], []),
    # what it makes is the study itself
    "simulate": (NONE, ["hodgkin-huxley", "--excitatory", "40", "--inhibitory", "10", "--duration-s", "10"], []),
    "dynetcp-static": (TRIALS, ["--align", "trials", "--stop-s", "0.5", "--lags", "10", "--lambda", "1"], []),
}


MAKES_STUDIES = {"simulate"}


def jobs_that_save():
    overview = subprocess.run([REWIRE, "--help"], capture_output=True, text=True, check=True).stdout
    saving = []
    for job in re.findall(r"(?m)^  ([a-z0-9-]+) {2,}", overview):
        text = subprocess.run([REWIRE, job, "--help"], capture_output=True, text=True, check=True).stdout
        if "--restart " in text and ("--results" in text or "--out" in text):
            saving.append(job)
    return saving


class Disturbed:
    """One job, its undisturbed result, and the faults that are done to it."""

    def __init__(self, job, folder, disk):
        self.job, self.disk = job, disk
        kind, options, self.needs = JOBS[job]
        self.undisturbed = folder / "undisturbed" / job
        self.study = folder / kind if kind else None
        self.options = [str(folder / word) if word.endswith(".csv") else word for word in options]
        self.prepare(self.undisturbed)
        begin = time.monotonic()
        code, err = self.run(self.undisturbed, 2)
        self.seconds = time.monotonic() - begin
        if code != 0:
            raise SystemExit(f"{job} fails undisturbed:\n{err}")

    def prepare(self, results):
        """An empty folder of results, or one that has what the job reads."""
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir(parents=True)
        for need in self.needs:
            shutil.copy(self.undisturbed.parent / need / f"{need}.h5", results)

    def words(self, results, *more):
        study = ["--study", self.study] if self.study else []
        folder = "--out" if self.job in MAKES_STUDIES else "--results"
        return [self.job, *self.options, *study, folder, results, "--checkpoint-s", "0", *more]

    def run(self, results, ranks, *more):
        done = subprocess.run(command(ranks, *self.words(results, *more)), capture_output=True, text=True,
                              timeout=SECONDS)
        return done.returncode, done.stderr

    def same(self, results):
        if self.job in MAKES_STUDIES:
            made = [{path.name: path.read_bytes() for path in folder.rglob("*.nwb")}
                    for folder in [self.undisturbed, results]]
            return "" if made[0] and made[0] == made[1] else "the files differ"
        done = subprocess.run([SAME, self.undisturbed / f"{self.job}.h5", results / f"{self.job}.h5"],
                              capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def snapshots_of(results):
    return sorted(path for path in results.glob("*.checkpoint/*/*") if path.is_file())


# Every fault returns what is wrong with how the run ended; empty: nothing.

def kill_every_rank(process, chance):
    kill_all(process)
    return ""


def kill_one_rank(process, chance):
    ranks = [pid for pid in children_of(process.pid)] or [process.pid]
    try:
        os.kill(chance.choice(ranks), signal.SIGKILL)
    except ProcessLookupError:
        pass
    _, err = process.communicate(timeout=SECONDS)
    return "" if process.returncode != STOPPED else f"a killed rank ended with {STOPPED}\n{err}"


def ask_to_stop(process, chance):
    """As srun does: the signal goes to every rank. mpirun would hand on one of the two, and end at the other."""
    number = chance.choice([signal.SIGUSR1, signal.SIGTERM])
    ranks = [pid for pid in [process.pid, *children_of(process.pid)] if name_of(pid) == "rewire"]
    for pid in ranks:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    _, err = process.communicate(timeout=SECONDS)
    if process.returncode in (0, STOPPED):
        return ""
    # Before main begins nobody can listen; the batch script knows that end.
    if process.returncode in (128 + number, -number) and "command: rewire" not in err:
        return ""
    return f"exit code {process.returncode} after a request to stop\n{err}"


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def disturb(job, results, seed, chance, counts):
    """One fault. Returns (what is wrong, whether --restart is needed)."""
    ranks = chance.randint(1, 4)
    fault = chance.choice(["kill every rank", "kill every rank", "kill every rank", "kill one rank", "ask to stop",
                           "full disk", "damaged checkpoint"])
    counts[fault] += 1
    if fault == "full disk":
        free = os.statvfs(job.disk)
        room = chance.randint(0, 600) * 1024
        filler = job.disk / "filler"
        with open(filler, "wb") as out:
            out.truncate(0)
            os.posix_fallocate(out.fileno(), 0, max(free.f_bavail * free.f_frsize - room, 1))
        code, err = job.run(results, ranks)
        filler.unlink()
        if code not in (0, 4) or (code == 4 and "No space left on device" not in err):
            return f"exit code {code} on a full disk\n{err}", False
        return "", False
    process = start(*job.words(results), ranks=ranks)
    time.sleep(chance.uniform(0, 1.1) * job.seconds)
    if fault == "ask to stop":
        return ask_to_stop(process, chance), False
    if fault == "kill one rank":
        return kill_one_rank(process, chance), False
    wrong = kill_every_rank(process, chance)
    if fault != "damaged checkpoint" or not snapshots_of(results):
        return wrong, False
    path = chance.choice(snapshots_of(results))
    content = bytearray(path.read_bytes())
    if content and chance.random() < 0.7:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    else:
        del content[chance.randint(0, len(content)):]
    path.unlink()  # it may be linked to from elsewhere
    path.write_bytes(content)
    code, err = job.run(results, ranks)
    if code == 0:
        return "", False
    if code in (3, 4) and "--restart" in err:
        return "", True
    return f"exit code {code} on a damaged checkpoint ({path.name})\n{err}", True


def campaign(job, faults, first, counts):
    """Returns what failed."""
    failures, done, seed = [], 0, first
    while done < faults:
        chance = random.Random(f"{job.job} {seed}")
        results = job.disk / "results"
        job.prepare(results)
        restart = False
        history = Counter()
        for _ in range(min(chance.randint(1, MOST_IN_A_ROW), faults - done)):
            try:
                wrong, restart = disturb(job, results, seed, chance, history)
            except subprocess.TimeoutExpired:
                wrong = f"no end within {SECONDS} s"
            done += 1
            if wrong or restart:
                break
        if not wrong:
            try:
                code, err = job.run(results, chance.randint(1, 4), *(["--restart"] if restart else []))
                wrong = f"exit code {code} in peace\n{err}" if code != 0 else job.same(results)
                if not wrong and list(results.glob("*.checkpoint")):
                    wrong = "a checkpoint is left"
            except subprocess.TimeoutExpired:
                wrong = f"no end within {SECONDS} s in peace"
        counts.update(history)
        if wrong:
            failures.append(f"{job.job} {seed}")
            print(f"{failures[-1]} after {dict(history)}: {wrong}", flush=True)
        seed += 1
    return failures


def in_own_mounts(arguments):
    """Again where a disk of its own can be made; not at all where that is not allowed."""
    if os.environ.get("REWIRE_OWN_MOUNTS"):
        return
    may = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0
    if not may:
        print("needs a mount namespace")
        sys.exit(77)
    sys.exit(subprocess.run(["unshare", "-m", sys.executable, *arguments],
                            env={**os.environ, "REWIRE_OWN_MOUNTS": "1"}).returncode)


def main():
    in_own_mounts(sys.argv)
    faults = int(sys.argv[1])
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chosen = sys.argv[3:] or list(JOBS)
    forgotten = sorted(set(jobs_that_save()) - set(JOBS))
    if forgotten:
        print("these jobs save their work and are not disturbed here:", *forgotten)
        return 1
    counts, failures = Counter(), []
    with tempfile.TemporaryDirectory(prefix="rewire-kills-") as name:
        folder = Path(name)
        disk = folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", disk], check=True)
        subprocess.run([REWIRE, "simulate", "lever-press", "--out", folder / "calcium", "--animals", "1", "--sessions",
                        "3", "--neurons", "40", "--duration-s", "120"], check=True, capture_output=True)
        subprocess.run([BUILD / "tests" / "write_spike_study", folder / "spikes"], check=True)
        subprocess.run([REWIRE, "simulate", "triplets", "--out", folder / "trials", "--neurons", "24", "--triplets", "8",
                        "--trials", "200"], check=True, capture_output=True)
        (folder / "pairs.csv").write_text("pre,post\n" + "".join(f"{i},{j}\n" for i in range(12) for j in range(i)))
        needed = [name for name in JOBS if name in chosen or any(name in JOBS[job][2] for job in chosen)]
        try:
            for name in needed:
                job = Disturbed(name, folder, disk)
                if name not in chosen:
                    continue
                print(f"{name}: {job.seconds:.1f} s undisturbed on 2 ranks", flush=True)
                failures += campaign(job, faults, first, counts)
        finally:
            subprocess.run(["umount", "-l", disk], check=True)
    print(f"{sum(counts.values())} faults, {dict(counts)}; {len(failures)} runs went wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
