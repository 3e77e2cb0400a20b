"""Windows of the jitter that are too long for a recording: shorter ones are tried, and named."""

import random
import signal
import subprocess
import unittest
from math import exp

from rewire_cli import BUILD, Case, kill_all, run, start, wait_for

RATE_HZ, NEURONS, SECONDS, TAU_S = 28, 16, 240, 0.7
GROUP = "/L23M1/01"


def attribute(result, name):
    done = subprocess.run(["h5dump", "-a", f"{GROUP}/{name}", result], capture_output=True, text=True, check=True)
    return float(done.stdout.split("(0):")[1].split("}")[0])


def displaced_rate(result, test):
    done = subprocess.run(["h5dump", "-y", "-d", f"{GROUP}/displaced_rate", result], capture_output=True, text=True,
                          check=True)
    values = done.stdout.split("DATA {")[1].split("}")[0].replace(",", " ").split()
    return float(values[["partial", "marginal", "fine", "both"].index(test)])


class Windows(Case):
    words = ["--tau-s", str(TAU_S), "--checkpoint-s", "0"]

    def study_of_bursts(self, length, period):
        """All neurons are active in bursts of so many frames that come again after a fixed time: neurons that are
        displaced by a multiple of it still share them."""
        study = self.simulate("--null", sessions=1, neurons=NEURONS, duration_s=SECONDS)
        draw = random.Random(4)
        frames = RATE_HZ * SECONDS
        decay = exp(-1 / (TAU_S * RATE_HZ))
        calcium = [0.0] * NEURONS
        lines = []
        for frame in range(frames):
            rate = 0.5 / length if frame % period < length else 0.002
            calcium = [c * decay + (1 + draw.random() if draw.random() < rate else 0) for c in calcium]
            lines.append(" ".join(f"{c + draw.gauss(0, 0.05):.5f}" for c in calcium))
        subprocess.run([BUILD / "tests" / "put_behaviour", next(study.rglob("*.nwb")), "values",
                        "/processing/ophys/DfOverF/RoiResponseSeries/data"], input="\n".join(lines), text=True,
                       check=True)
        return study

    def connectome(self, study, results, *words, ranks=1):
        code, out, err = run("connectome", "--study", study, "--results", self.folder / results, *self.words, *words,
                             ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return self.folder / results / "connectome.h5"

    def snapshots(self):
        return set(self.folder.glob("results/connectome.checkpoint/*/windows.*.snapshot"))

    def page(self, results):
        code, _, err = run("report", "--results", self.folder / results)
        self.assertEqual(code, 0, err)
        return (self.folder / results / "report.html").read_text()

    def test_a_shorter_window_is_named_where_one_passes(self):
        study = self.study_of_bursts(length=28, period=56)
        words = ["--window-s", "2"]
        long = self.connectome(study, "long", *words)
        again = self.connectome(study, "again", *words, ranks=3)

        self.assertSameDatasets(long, again)
        self.assertEqual(attribute(again, "passing_window_frames"), attribute(long, "passing_window_frames"))
        self.assertGreater(displaced_rate(long, "fine"), 0.15)
        passing = attribute(long, "passing_window_frames")
        self.assertIn(passing, [8, 16, 32])
        page = self.page("long")
        self.assertIn("The windows of the jitter are too long", page)
        self.assertIn(f"the longest that do not last {passing / RATE_HZ:.3g} s", page)
        self.assertIn("Neurons share a drive in 1 of 1 sessions", page)

        shorter = self.connectome(study, "shorter", "--window-s", f"{passing / RATE_HZ:.3g}")
        self.assertEqual(attribute(shorter, "window_frames"), passing)

    def test_where_none_passes_it_is_said(self):
        study = self.study_of_bursts(length=6, period=56)  # 0.2 s
        result = self.connectome(study, "results")

        self.assertGreater(displaced_rate(result, "fine"), 0.3)
        self.assertEqual(attribute(result, "passing_window_frames"), 0)
        self.assertIn("No window of the jitter passes", self.page("results"))

    def test_killed_and_stopped_and_gone_on_with(self):
        study = self.study_of_bursts(length=28, period=56)
        words = ["--window-s", "2", "--displacements", "200"]
        base = ["connectome", "--study", study, "--results", self.folder / "results", *self.words, *words]
        for ranks in [3, 1]:
            before = self.snapshots()
            process = start(*base, ranks=ranks)
            wait_for(lambda: self.snapshots() - before or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be disturbed")
            if ranks > 1:
                kill_all(process)
            else:
                process.send_signal(signal.SIGUSR1)
                self.assertIn("stopped as asked", process.communicate(timeout=60)[1])

        code, _, err = run(*base, ranks=2)

        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        whole = self.connectome(study, "whole", *words)
        self.assertSameDatasets(whole, self.folder / "results" / "connectome.h5")
        self.assertEqual(attribute(whole, "passing_window_frames"),
                         attribute(self.folder / "results" / "connectome.h5", "passing_window_frames"))

    def test_a_small_session_without_drive_is_told_nothing(self):
        study = self.simulate("--null", sessions=6, neurons=10, duration_s=60)
        self.connectome(study, "results")
        page = self.page("results")
        for words in ["windows of the jitter are too long", "No window of the jitter passes"]:
            self.assertNotIn(words, page)

    def test_the_plan_counts_what_shorter_windows_take(self):
        study = self.simulate(sessions=1)
        for window, known in [("2", True), ("0.1", False)]:
            code, out, err = run("plan", "connectome", "--study", study, "--results", "out", "--tau-s", "0.7",
                                 "--window-s", window, "--ranks", "2")
            self.assertEqual(code, 0, err)
            self.assertEqual("windows" in out, known, out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
