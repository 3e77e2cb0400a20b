"""Work in lock-step as a command: killed at any moment and resumed on other numbers of ranks, the same bits."""

import os
import random
import signal
import subprocess
import time
import unittest

from rewire_cli import BUILD, Case, kill_all

POWER = BUILD / "tests" / "power_iteration"


class Steps(Case):
    def words(self, results, ranks, *more):
        launcher = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
        return [*launcher, str(POWER), "power", "--study", "none", "--results", str(self.folder / results), *map(str, more)]

    def finish(self, results, ranks, *more):
        done = subprocess.run(self.words(results, ranks, *more), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return self.folder / results / "power.h5", done.stderr

    def start(self, results, ranks, *more):
        return subprocess.Popen(self.words(results, ranks, *more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True, start_new_session=True)

    def test_the_same_bits_on_any_number_of_ranks(self):
        one, _ = self.finish("one", 1, "--step-ms", 0)
        for ranks in [2, 3, 4]:
            many, _ = self.finish(f"ranks{ranks}", ranks, "--step-ms", 0)
            self.assertSameDatasets(one, many)

    def test_killed_and_resumed_on_other_numbers_of_ranks(self):
        whole, _ = self.finish("whole", 1, "--step-ms", 0)
        draws = random.Random(11)
        resumed = 0
        for first in [1, 2, 3, 4]:
            results = f"killed{first}"
            for ranks in [first, 1 + first % 4, 1 + (first + 1) % 4]:
                process = self.start(results, ranks, "--checkpoint-s", 0.05)
                time.sleep(0.3 + draws.uniform(0, 0.8))
                kill_all(process)
            again, err = self.finish(results, 1 + (first + 2) % 4, "--step-ms", 0)
            resumed += "going on from what attempt" in err
            self.assertSameDatasets(whole, again)
            self.assertFalse((self.folder / results / "power.checkpoint").exists())
        self.assertGreaterEqual(resumed, 3)

    def test_a_request_to_stop_saves_the_step(self):
        whole, _ = self.finish("whole", 2, "--step-ms", 0)
        process = self.start("stopped", 2)
        time.sleep(0.9)
        process.send_signal(signal.SIGUSR1)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.assertRegex(err, r"stopped as asked, in phase power: \d+ of 300 steps are done and saved")

        again, err = self.finish("stopped", 3, "--step-ms", 0)
        self.assertIn("going on from what attempt 1 had saved", err)
        self.assertSameDatasets(whole, again)

    def test_an_error_of_one_rank_alone_is_told_and_ends_all(self):
        for ranks, failing in [(1, 0), (3, 0), (3, 2)]:
            results = f"failed{ranks}{failing}"
            done = subprocess.run(self.words(results, ranks, "--fail-rank", failing), capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual(done.stderr.count("a fault of one rank alone"), 1, done.stderr)
            log = (self.folder / results / "power.log").read_text()
            self.assertEqual(log.count("a fault of one rank alone"), 1, log)
            if ranks > 1:
                self.assertIn(f"rank:  {failing} on ", log)

    def test_a_damaged_state_is_an_error(self):
        process = self.start("damaged", 1)
        time.sleep(0.8)
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=60)
        state = next((self.folder / "damaged").rglob("power.state"))
        with open(state, "r+b") as file:
            file.seek(-4, os.SEEK_END)
            file.write(b"####")

        done = subprocess.run(self.words("damaged", 2), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("checksum", done.stderr)


if __name__ == "__main__":
    unittest.main()
