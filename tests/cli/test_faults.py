"""What goes wrong around the program: full disks, little shared memory, early requests to stop, open ports."""

import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from rewire_cli import Case, children_of, command, start, wait_for

SIGUSR1_BIT = 1 << (signal.SIGUSR1 - 1)


def on_small_disk(at, size, words, ranks=1):
    """Runs rewire where the folder `at` is a file system of `size`. Returns (exit code, standard error, files left)."""
    script = f'mount -t tmpfs -o size={size} tmpfs "$0" && "$@"; code=$?; find "$0" -type f >&2; exit $code'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, str(at), *command(ranks, *words)],
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr


def can_mount():
    return subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0


def catches_stop_signals(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & SIGUSR1_BIT)
    except OSError:
        pass
    return False


def listening_sockets(pids):
    """Inodes of listening TCP sockets that any of these processes has open."""
    listening = set()
    for table in ["/proc/net/tcp", "/proc/net/tcp6"]:
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening.add(f"socket:[{fields[9]}]")
    found = []
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if os.readlink(entry) in listening:
                    found.append((pid, entry.name))
            except OSError:
                pass
    return found


class Faults(Case):
    SIMULATE = ["simulate", "lever-press", "--animals", 1, "--sessions", 3, "--duration-s", 300]

    @unittest.skipUnless(can_mount(), "needs a mount namespace")
    def test_a_disk_that_fills_up_while_a_file_is_written(self):
        disk = self.folder / "disk"
        disk.mkdir()
        for size in ["100k", "300k", "700k", "1500k", "2500k"]:
            for ranks in [1, 2]:
                with self.subTest(size=size, ranks=ranks):
                    code, err = on_small_disk(disk, size, [*self.SIMULATE, "--neurons", 40, "--out", disk / "study"], ranks)
                    self.assertEqual(code, 4, err)
                    self.assertEqual(err.count("rewire: error:"), 1, err)
                    self.assertIn("No space left on device", err)
                    self.assertNotRegex(err, r"(?m)^/.*\.partial$")

    @unittest.skipUnless(can_mount(), "needs a mount namespace")
    def test_a_disk_that_fills_up_while_a_result_is_written(self):
        study = self.simulate(sessions=2, neurons=150, duration_s=60)
        disk = self.folder / "disk"
        disk.mkdir()
        words = ["connectome", "--study", study, "--results", disk, "--tau-s", "0.7", "--surrogates", "20"]
        for size in ["40k", "120k", "250k", "400k"]:
            with self.subTest(size=size):
                code, err = on_small_disk(disk, size, words)
                self.assertEqual(code, 4, err)
                self.assertNotIn(f"{disk}/connectome.h5\n", err)

    @unittest.skipUnless(can_mount(), "needs a mount namespace")
    def test_little_shared_memory_costs_copies_and_not_a_hang(self):
        study = self.simulate(sessions=2, neurons=60, duration_s=400)
        words = ["connectome", "--study", study, "--tau-s", "0.7", "--surrogates", "20"]
        whole = self.folder / "whole"
        self.assertEqual(subprocess.run(command(1, *words, "--results", whole), capture_output=True).returncode, 0)
        for size in ["64m", "1500k", "4k"]:
            with self.subTest(size=size):
                results = self.folder / f"results-{size}"
                code, err = on_small_disk("/dev/shm", size, [*words, "--results", results], ranks=2)
                self.assertEqual(code, 0, err)
                self.assertSameDatasets(whole / "connectome.h5", results / "connectome.h5")
                if size == "4k":
                    self.assertIn("warning: shared memory (/dev/shm)", err)

    def test_a_request_to_stop_while_mpi_starts(self):
        for number in [signal.SIGUSR1, signal.SIGTERM]:
            for delay_s in [0, 0.005, 0.05]:
                with self.subTest(signal=number, delay_s=delay_s):
                    study = self.folder / f"study-{number}-{delay_s}"
                    process = start(*self.SIMULATE, "--neurons", 400, "--out", study)
                    wait_for(lambda: catches_stop_signals(process.pid))
                    time.sleep(delay_s)
                    process.send_signal(number)
                    _, err = process.communicate(timeout=120)
                    self.assertEqual(process.returncode, 75, err)

    def test_many_single_ranks_may_start_and_end_at_the_same_time(self):
        for _ in range(4):
            starts = [subprocess.Popen(command(1, "export", "--help"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True) for _ in range(16)]
            for process in starts:
                _, err = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, err)

    def test_a_single_rank_listens_on_no_port(self):
        process = start(*self.SIMULATE, "--neurons", 1000, "--out", self.folder / "long")
        study = self.folder / "long"
        wait_for(lambda: list(study.rglob("*.partial")))  # MPI has started
        here = [process.pid, *children_of(process.pid)]
        sockets = listening_sockets(here)
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=120)

        self.assertEqual(sockets, [])
        self.assertEqual(here, [process.pid])


if __name__ == "__main__":
    unittest.main()
