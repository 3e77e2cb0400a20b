"""Recordings of units with known connections: what is simulated, and what the jobs find in it."""

import csv
import hashlib
import math
import random
import re
import subprocess
import time
import unittest

from rewire_cli import kill_all, run, start, wait_for
from spike_case import SpikeCase, values


def attribute(path, name):
    text = subprocess.run(["h5dump", "-a", name, path], capture_output=True, text=True, check=True).stdout
    return int(text.split("DATA {")[1].split("}")[0].split(":")[-1])


def rounded(value):
    return math.floor(value + 0.5)


class SimulatedUnits(SpikeCase):
    def simulate_units(self, kind, *words, out=None, ranks=1):
        study = self.folder / (out or kind)
        self.rewire("simulate", kind, "--out", study, *words, ranks=ranks)
        return study

    def sums(self, study):
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in study.rglob("*.nwb")}

    def test_a_kind_takes_its_own_options(self):
        for kind, option in [("triplets", "--animals"), ("recording", "--triplets"), ("lever-press", "--trials")]:
            self.assertFails(2, [f"a study of kind {kind} has no such option", option, "it takes --"],
                             "simulate", kind, "--out", self.folder / "out", option, "3")
        self.assertFails(3, "triplets", "simulate", "triplets", "--out", self.folder / "out", "--neurons", "12")
        out = self.rewire("plan", "simulate", "recording", "--out", self.folder / "out", "--sessions", "4", "--ranks", 2)
        self.assertIn("#SBATCH", out)

    def test_same_bytes_on_any_number_of_ranks_and_when_repeated(self):
        for kind, words in [("triplets", ["--trials", "20"]), ("recording", ["--trials", "4", "--units-an-area", "3"])]:
            words = [*words, "--sessions", "3"]
            studies = [self.simulate_units(kind, *words, out=f"{kind}{ranks}", ranks=ranks) for ranks in [1, 2, 3]]
            first = self.sums(studies[0])
            self.assertEqual(len(first), 3)
            self.assertEqual(len(set(first.values())), 3)
            for study in studies[1:]:
                self.assertEqual(self.sums(study), first)
            next(studies[1].rglob("*02.nwb")).unlink()
            self.rewire("simulate", kind, "--out", studies[1], *words)
            self.assertEqual(self.sums(studies[1]), first)
            self.assertFails(2, "a study made with other settings", "simulate", kind, "--out", studies[1], *words,
                             "--seed", "2")

    def test_units_of_all_areas_together(self):
        study = self.simulate_units("recording", "--units", "20", "--trials", "4", "--split", "0")
        out = self.rewire("study", study)
        self.assertRegex(out, r"\b20 units")
        result, _ = self.compute(study, "out", "--all-units", job="ccg")
        area = values(result, "/visual/01/unit_area")
        self.assertEqual([area.count(each) for each in sorted(set(area))], [4, 4, 3, 3, 3, 3])
        same = self.simulate_units("recording", "--units-an-area", "4", "--trials", "4", out="each")
        self.assertEqual(self.sums(same), self.sums(self.simulate_units("recording", "--units", "24", "--trials", "4",
                                                                        out="all")))
        self.assertFails(2, "given twice", "simulate", "recording", "--out", self.folder / "none", "--units", "24",
                         "--units-an-area", "4")

    def test_connections_of_a_recording_are_found_and_their_delays_follow_the_hierarchy(self):
        study = self.simulate_units("recording", "--units-an-area", "8", "--trials", "300", "--forward", "0.1",
                                    "--feedback", "0.01", "--coupling", "1.4", ranks=2)
        for job in ["ccg", "glmcc"]:
            _, text = self.compute(study, "out", job=job, ranks=2)
            self.assertIn("fail", text)  # units of poor quality
        text = self.rewire("recovery", "--study", study, "--results", self.folder / "out")
        rows = {line.split("  ")[0]: line.split() for line in text.splitlines() if ", " in line}
        planted, found, both = (int(word) for word in rows["glmcc, excitatory"][2:5])
        self.assertGreater(planted, 50)
        self.assertGreaterEqual(both, 0.8 * found)
        self.assertGreaterEqual(int(rows["ccg-fdr, excitatory"][4]), 0.5 * planted)
        result = self.folder / "out/ccg.h5"
        group = "/visual/01/"
        difference, delay = values(result, group + "hierarchy_difference"), values(result, group + "delay_ms")
        self.assertEqual(len(difference), len(delay))
        self.assertGreater(len(delay), 5)
        forward = [ms for score, ms in zip(difference, delay) if score > 0]
        self.assertGreater(sum(ms > 0 for ms in forward), 0.7 * len(forward))
        attribute = subprocess.run(["h5dump", "-a", group + "hierarchy_r", result], capture_output=True, text=True).stdout
        self.assertGreater(float(attribute.split("(0):")[1].split()[0]), 0.5)
        self.compute(study, "out", "--align", "drifting_gratings_presentations", "--stop-s", "2", "--where",
                     "orientation==90", job="jpsth")
        page = self.page("out")
        for words in ["Delays between areas", "unit by area and layer", "components of the PSTHs"]:
            self.assertIn(words, page)

    def network(self, out, *words, ranks=1):
        small = ["--excitatory", 24, "--inhibitory", 6, "--excitatory-targets", 0.3, "--weight-factor", 3]
        return self.simulate_units("hodgkin-huxley", *small, *words, out=out, ranks=ranks)

    def test_a_network_has_the_same_bytes_on_any_number_of_ranks_killed_and_resumed(self):
        words = ["--duration-s", 6, "--sessions", 2]
        sums = self.sums(self.network("one", *words))
        self.assertEqual(len(sums), 2)
        self.assertEqual(len(set(sums.values())), 2)
        for ranks in [2, 3]:
            study = self.network(f"ranks{ranks}", *words, ranks=ranks)
            self.assertEqual(self.sums(study), sums)
            self.assertFalse((study / "simulate.checkpoint").exists())
        draws = random.Random(5)
        study = self.folder / "killed"
        small = ["simulate", "hodgkin-huxley", "--out", study, "--excitatory", 24, "--inhibitory", 6,
                 "--excitatory-targets", 0.3, "--weight-factor", 3, *words, "--checkpoint-s", 0]
        resumed = 0
        for ranks in [1, 2, 3]:
            process = start(*small, ranks=ranks)
            wait_for(lambda: process.poll() is not None or list(study.glob("simulate.checkpoint/*/*.state")))
            time.sleep(draws.uniform(0, 0.3))
            kill_all(process)
            resumed += bool(list(study.glob("simulate.checkpoint/*/*.state")))
        self.assertGreater(resumed, 0)
        self.rewire(*small, ranks=2)
        self.assertEqual(self.sums(study), sums)

    def test_jobs_read_a_network_and_its_truth(self):
        study = self.folder / "network"
        text = self.rewire("simulate", "hodgkin-huxley", "--out", study, "--excitatory", 24, "--inhibitory", 6,
                           "--excitatory-targets", 0.3, "--weight-factor", 3, "--duration-s", 30, "--recorded", 20, ranks=2)
        self.assertRegex(text, r"16 pyramidal cells: [\d.]+ Hz, 90 % of them [\d.]+ to [\d.]+ Hz, CV of intervals [\d.]+")
        self.assertRegex(text, r"4 fast-spiking interneurons: [\d.]+ Hz")
        out = self.rewire("study", study)
        self.assertIn("20 of 20 units pass", out)
        for job in ["ccg", "glmcc"]:
            self.compute(study, "out", job=job)
        text = self.rewire("recovery", "--study", study, "--results", self.folder / "out")
        self.assertIn("planted connections are of units that the result leaves out", text)
        self.assertRegex(text, r"directions called, by path +connected +reversed +two steps")
        self.compute(study, "out", "--truth", "planted", job="compare")
        self.assertFails(3, ["the network has 30 neurons", "--recorded"], "simulate", "hodgkin-huxley", "--out",
                         self.folder / "none", "--excitatory", 24, "--inhibitory", 6, "--recorded", 40)
        plan = self.rewire("plan", "simulate", "hodgkin-huxley", "--out", self.folder / "none", "--ranks", 2)
        self.assertIn("#SBATCH", plan)

    def test_study_says_what_sorting_left(self):
        study = self.simulate_units("recording", "--units-an-area", "6", "--trials", "200", "--split", "0.2", "--fading",
                                    "0.2")
        texts = [self.rewire("study", study, ranks=ranks) for ranks in [1, 2, 3]]
        self.assertEqual(len(set(texts)), 1)
        text = texts[0]
        for words in ["sorted units, by the paper's criteria", "amplitude_cutoff < 0.1: ", "isi_violations < 0.1: ",
                      "presence_ratio > 0.95: ", "isolation_distance > 30: ", "snr > 1: ", "within 1.5 ms of another",
                      "during the session"]:
            self.assertIn(words, text)
        split = re.search(r"(\d+) of \d+ pairs that could be one unit cut in two look like it \((.*)\)", text)
        self.assertGreater(int(split[1]), 0)
        for pair in split[2].split(", "):  # pieces of a unit come after all whole ones
            whole, piece = (int(unit) for unit in pair.split("+"))
            self.assertLess(whole, 36)
            self.assertGreaterEqual(piece, 36)
        self.assertNotIn("sorted units", self.rewire("study", study, "--quick"))

    def test_cut_units_are_found_and_no_others(self):
        """Of all pieces that fire often enough most are found; without any, none."""
        words = ["--units-an-area", "30", "--trials", "200", "--poor", "0", "--fading", "0", "--sessions", "2"]
        split = r"(\d+) of (\d+) pairs that could be one unit cut in two look like it"
        study = self.simulate_units("recording", *words, "--split", "0.1", out="cut", ranks=2)
        planted = sum(len(values(path, "/units/id")) - 180 for path in study.rglob("*.nwb"))
        text = self.rewire("study", study, ranks=2)
        found = [(int(count), int(pairs)) for count, pairs in re.findall(split, text)]
        print(f"{sum(count for count, _ in found)} of {planted} cut units found")
        self.assertEqual(len(found), 2)
        self.assertGreater(planted, 10)
        self.assertGreaterEqual(sum(count for count, _ in found), 0.7 * planted)
        for pair in re.findall(r"(\d+\+\d+)", text):
            whole, piece = (int(unit) for unit in pair.split("+"))
            self.assertLess(whole, 180)
            self.assertGreaterEqual(piece, 180)
        text = self.rewire("study", self.simulate_units("recording", *words, "--split", "0", out="whole", ranks=2), ranks=2)
        found = [(int(count), int(pairs)) for count, pairs in re.findall(split, text)]
        self.assertEqual([count for count, _ in found], [0, 0])
        self.assertGreater(min(pairs for _, pairs in found), 30)

    def test_running_and_resting_trials(self):
        study = self.simulate_units("recording", "--units-an-area", "2", "--trials", "120")
        window = ["--align", "drifting_gratings_presentations", "--stop-s", "2"]
        trials = {}
        for locomotion in ["any", "running", "stationary"]:
            _, text = self.compute(study, locomotion, *window, "--locomotion", locomotion, job="ccg")
            trials[locomotion] = int(text.split(" trials of 120 rows")[0].split()[-1])
        self.assertEqual(trials["any"], 120)
        self.assertEqual(trials["running"] + trials["stationary"], 120)
        self.assertGreater(min(trials.values()), 10)
        base = ["ccg", "--study", study, "--results", self.folder / "out"]
        self.assertFails(3, "pupil", *base, *window, "--locomotion", "running", "--speed-series", "pupil")
        self.assertFails(3, "not by --locomotion", *base, *window, "--locomotion", "running", "--running-cm-s", "900")
        self.assertFails(2, "--align", *base, "--locomotion", "running")

        # Trials of a model are split within those of each kind.
        share = next(k / 100 for k in range(10, 50) if rounded(k / 100 * trials["running"]) +
                     rounded(k / 100 * trials["stationary"]) != rounded(k / 100 * 120))
        model = ["--lags", "2", "--bin-ms", "20", "--lambda", "1", "--jitter", "none", "--validation", share]
        for name, words, expected in [("together", [], rounded(share * 120)),
                                      ("apart", ["--condition", "running"],
                                       rounded(share * trials["running"]) + rounded(share * trials["stationary"]))]:
            result, _ = self.compute(study, name, *window, *model, *words, job="dynetcp-static")
            self.assertEqual(attribute(result, "/visual/01/trials_validation"), expected)
        base[0] = "dynetcp-static"
        self.assertFails(3, "pupil", *base, *window, *model, "--condition", "running", "--speed-series", "pupil")
        _, text = self.compute(study, "some", *window, *model, "--locomotion", "running", job="dynetcp-static")
        self.assertIn(f"{trials['stationary']} of another locomotion", text)

    def test_area_scores(self):
        study = self.simulate_units("recording", "--units-an-area", "3", "--trials", "10")
        table = self.folder / "scores.txt"
        base = ["ccg", "--study", study, "--results", self.folder / "out", "--area-scores", table]
        self.assertFails(4, "cannot read the table of area scores", *base)
        table.write_text("VISp -1\nVISl\n")
        self.assertFails(3, ["not an area and its score", "line 2"], *base)
        table.write_text("VISp 1\nVISl 0\nVISp 2\n")
        self.assertFails(3, ["an area named twice", "line 3"], *base)
        table.write_text("# made up\nVISp,1\nVISl\t0\n")
        self.rewire(*base)
        scores = values(self.folder / "out/ccg.h5", "/visual/01/hierarchy_score")
        self.assertEqual(scores[:2], [0, 1])
        self.assertEqual(len(scores), 6)

    def test_cell_types_are_those_of_the_waveforms(self):
        study = self.simulate_units("recording", "--units-an-area", "3", "--trials", "10")
        waveform = values(next(study.rglob("*.nwb")), "/units/waveform_duration")
        expected = [1 if duration > 0.4 else -1 for duration in waveform]
        self.assertEqual(set(expected), {1, -1})
        pairs = self.folder / "pairs.csv"
        pairs.write_text("pre,post\n0,1\n")
        window = ["--align", "drifting_gratings_presentations", "--stop-s", "2"]
        model = [*window, "--bin-ms", "20", "--lags", "2", "--lambda", "1"]
        for job, words in [("ccg", []), ("glmcc", []), ("jpsth", [*window, "--pairs", pairs]),
                           ("dynetcp-static", [*model, "--jitter", "none"]),
                           ("dynetcp-dynamic", [*model, "--edges", pairs, "--epochs", "1"])]:
            result, _ = self.compute(study, "out", "--all-units", *words, job=job)
            self.assertEqual(values(result, "/visual/01/cell_type"), expected, job)
        for job in ["ccg", "glmcc", "dynetcp-static"]:
            self.rewire("export", "--results", self.folder / "out", "--what", job, "--all-pairs")
            with open(self.folder / "out" / "export" / f"{job}.csv") as table:
                for row in csv.DictReader(table):
                    types = [{1: "E", -1: "I"}[expected[int(row[unit])]] for unit in ["pre", "post"]]
                    self.assertEqual([row["pre_type"], row["post_type"]], types)


if __name__ == "__main__":
    unittest.main()
