"""Runs the program as a user does, for the tests of this folder. Standard library only."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BUILD = Path(os.environ["REWIRE_BUILD"])
REWIRE = BUILD / "rewire"
SAME = BUILD / "tests" / "same_datasets"


# Without a search for networks, which takes half the time of a start. The tests over MPI leave the choice to Open MPI,
# and so does the cluster of tests/slurm.
ONE_NODE = ["--mca", "pml", "ob1", "--mca", "btl", "self,vader"]


def command(ranks, *words):
    mpirun = ["mpirun", "-n", str(ranks), "--oversubscribe", *ONE_NODE] if ranks > 1 else []
    return mpirun + [str(REWIRE), *map(str, words)]


def run(*words, ranks=1, env=None, cwd=None, timeout=300):
    """Returns (exit code, standard output, standard error)."""
    done = subprocess.run(command(ranks, *words), capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def start(*words, ranks=1):
    """Starts in a process group of its own, so that all of it can be killed."""
    return subprocess.Popen(command(ranks, *words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)


def kill_all(process):
    """kill -9 for mpirun and every rank, as when a node loses power; returns when all are gone."""
    ranks = children_of(process.pid)  # before mpirun dies and they are no longer its children
    os.killpg(process.pid, signal.SIGKILL)
    for pid in ranks:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
    process.stderr.close()
    wait_for(lambda: not any(is_running(pid) for pid in ranks))


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def children_of(pid):
    """All processes that come from this one; mpirun gives ranks process groups of their own."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)] = int(fields[1])
            except OSError:
                pass
    found, wanted = [], {pid}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted}
        found += wanted
    return found


def wait_for(condition, seconds=120):
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError("waited in vain")
        time.sleep(0.01)


class Case(unittest.TestCase):
    studies = {}  # of this file of tests: folders, by how they were simulated

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rewire-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def simulate(self, *words, out="study", animals=1, sessions=3, neurons=20, duration_s=120):
        """A study that the test may change: a copy where another test has asked for the same."""
        words = ("--animals", animals, "--sessions", sessions, "--neurons", neurons, "--duration-s", duration_s, *words)
        if words not in Case.studies:
            made = tempfile.TemporaryDirectory(prefix="rewire-study-")
            unittest.addModuleCleanup(made.cleanup)
            unittest.addModuleCleanup(Case.studies.pop, words)
            code, _, err = run("simulate", "lever-press", "--out", made.name, *words, ranks=2)
            self.assertEqual(code, 0, err)
            Case.studies[words] = made
        shutil.copytree(Case.studies[words].name, self.folder / out, dirs_exist_ok=True)
        return self.folder / out

    def assertFails(self, code, wording, *words, **how):
        got, out, err = run(*words, **how)
        self.assertEqual(got, code, f"exit code {got}, not {code}\n{out}{err}")
        for part in [wording] if isinstance(wording, str) else wording:
            self.assertIn(part, err)
        self.assertNotIn("terminate called", err)
        return err

    def assertSameDatasets(self, first, second):
        done = subprocess.run([SAME, first, second], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def main():
    """As unittest.main. Tests that read reference cases are a class Reference, which runs when it is named alone: ctest
    shows as skipped (77) what was not tested at all."""
    tests = vars(sys.modules["__main__"])
    names = sys.argv[1:] or [name for name, kind in tests.items()
                             if isinstance(kind, type) and issubclass(kind, Case) and kind.__module__ == "__main__"
                             and name != "Reference" and unittest.TestLoader().getTestCaseNames(kind)]
    done = unittest.main(argv=[sys.argv[0], *names], verbosity=2, exit=False).result
    all_skipped = done.testsRun > 0 and len(done.skipped) == done.testsRun
    sys.exit(1 if not done.wasSuccessful() else 77 if all_skipped else 0)
