"""The main job as a command: results, mistakes in the data, kill and resume, the same bits on any number of ranks."""

import csv
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from rewire_cli import BUILD, REWIRE, Case, children_of, kill_all, run, start, wait_for


class Computes(Case):
    def connectome(self, study, results, *words, ranks=1, code=0):
        got, out, err = run("connectome", "--study", study, "--results", self.folder / results, "--tau-s", "0.7", *words,
                            ranks=ranks)
        self.assertEqual(got, code, out + err)
        return self.folder / results / "connectome.h5"


class Connectome(Computes):
    def test_planted_edges_are_found(self):
        study = self.simulate(neurons=40, duration_s=400)
        self.connectome(study, "results", "--surrogates", "2000", ranks=2)

        code, out, err = run("recovery", "--study", study, "--results", self.folder / "results")

        self.assertEqual(code, 0, err)
        rows = {line[:26].strip(): line[26:].split() for line in out.splitlines() if line[:26].strip()}
        precision, recall = map(float, rows["edge (threshold)"][3:5])
        self.assertGreaterEqual(precision, 0.9)
        self.assertGreaterEqual(recall, 0.8)
        self.assertGreaterEqual(float(rows["q <= 0.05"][3]), 0.8)
        precision, recall = map(float, rows["supported (q_both <= 0.05)"][3:5])
        self.assertGreaterEqual(precision, 0.95)
        self.assertGreaterEqual(recall, 0.9)

    def test_error_rates_hold_on_the_null_twin(self):
        study = self.simulate("--null", animals=15, sessions=2, neurons=25, duration_s=150)
        results = self.folder / "results"
        self.connectome(study, "results", "--surrogates", "400", ranks=2)
        run("export", "--results", results, "--format", "csv", "--all-pairs")

        with open(results / "export" / "connectome.csv") as file:
            rows = list(csv.DictReader(file))
        sessions = {(row["subject"], row["session"]) for row in rows}
        family_wise = {(row["subject"], row["session"]) for row in rows if float(row["p_fwe"]) <= 0.05}
        discoveries = {(row["subject"], row["session"]) for row in rows if float(row["q_value"]) <= 0.05}
        below = [sum(float(row["p_value"]) <= level for row in rows) / len(rows) for level in [0.01, 0.05]]

        # 30 independent sessions at 5 %: 1.5 expected, P(more than 6) < 0.001.
        self.assertEqual(len(sessions), 30)
        self.assertLessEqual(len(family_wise), 6)
        self.assertLessEqual(len(discoveries), 6)
        # 9,000 pairs; those of a session are nearly independent: five standard errors above the level.
        self.assertEqual(len(rows), 30 * 300)
        self.assertLessEqual(below[0], 0.01 + 0.0053)
        self.assertLessEqual(below[1], 0.05 + 0.0115)

    def test_same_bits_on_any_number_of_ranks(self):
        study = self.simulate("--missing-neurons", "0.1")
        one = self.connectome(study, "one", "--surrogates", "600")
        for ranks in [2, 3, 4]:
            many = self.connectome(study, f"ranks{ranks}", "--surrogates", "600", ranks=ranks)
            self.assertSameDatasets(one, many)

    def test_more_ranks_than_work(self):
        study = self.simulate(sessions=1, neurons=5)
        self.connectome(study, "results", ranks=4)

    def test_sessions_added_later_are_merged(self):
        study = self.simulate(sessions=3)
        whole = self.connectome(study, "whole", "--surrogates", "50")
        last = next(study.rglob("*ses-03.nwb"))
        aside = self.folder / last.name
        shutil.move(last, aside)
        self.connectome(study, "grown", "--surrogates", "50")
        shutil.move(aside, last)
        grown = self.connectome(study, "grown", "--surrogates", "50")
        self.assertIn("1 to compute, 2 kept", (self.folder / "grown" / "connectome.log").read_text())
        self.assertSameDatasets(whole, grown)

    def test_a_session_inserted_in_the_middle_and_many_waves(self):
        study = self.simulate("--missing-neurons", "0.1", sessions=4)
        for number, path in enumerate(sorted(study.rglob("*.nwb"))):
            path.rename(path.with_name(f"sub-L23M1_ses-2024010{number + 1}.nwb"))
        (study / "study.tsv").write_text("file\tsession\n" + "".join(
            f"sub-L23M1_ses-2024010{day}.nwb\tday{chr(96 + day)}\n" for day in range(1, 5)))
        whole = self.connectome(study, "whole", "--surrogates", "50", "--node-memory-gb", "0.001")
        table = (study / "study.tsv").read_text()
        (study / "study.tsv").write_text(table.replace("session\n", "session\texclude\n").replace("daya\n", "daya\ttrue\n")
                                         .replace("dayc\n", "dayc\ttrue\n"))
        self.connectome(study, "grown", "--surrogates", "50", "--node-memory-gb", "0.001", ranks=2)
        (study / "study.tsv").write_text(table)
        grown = self.connectome(study, "grown", "--surrogates", "50", "--node-memory-gb", "0.001", ranks=2)
        self.assertSameDatasets(whole, grown)

    def test_missing_samples_by_policy(self):
        study = self.simulate("--null", sessions=1, neurons=12)
        path = next(study.rglob("*.nwb"))
        subprocess.run([BUILD / "tests" / "put_nan", path, "3", "100", "5"], check=True)
        self.assertFails(3, ["--nan", "ses-01.nwb"], "connectome", "--study", study, "--results", self.folder / "error",
                         "--tau-s", "0.7", ranks=2)
        for policy, words in [("drop-neuron", "1 neurons left out"), ("mask-frames", "0 neurons left out")]:
            results = self.folder / policy
            code, _, err = run("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--nan", policy,
                               "--covariate", "lever", "--within", "movement", "--surrogates", "20")
            self.assertEqual(code, 0, err)
            self.assertIn(words, err)
            code, _, err = run("movement", "--study", study, "--results", results, "--shuffles", "50")
            self.assertEqual(code, 0, err)

    def test_a_result_is_not_overwritten(self):
        study = self.simulate(sessions=1)
        result = self.connectome(study, "results")
        before = result.read_bytes()

        _, _, err = run("connectome", "--study", study, "--results", self.folder / "results", "--tau-s", "0.7")
        self.assertIn("nothing to do", err)
        self.assertFails(2, ["--alpha: there 2, here 3", "--overwrite"], "connectome", "--study", study, "--results",
                         self.folder / "results", "--tau-s", "0.7", "--alpha", "3")
        self.assertEqual(result.read_bytes(), before)
        self.connectome(study, "results", "--alpha", "3", "--overwrite")
        self.assertNotEqual(result.read_bytes(), before)

    def test_too_few_frames_are_flagged_not_computed(self):
        study = self.simulate(sessions=2, neurons=150, duration_s=5)
        got, _, err = run("connectome", "--study", study, "--results", self.folder / "results", "--tau-s", "0.7")
        self.assertEqual(got, 0, err)
        self.assertIn("warning", err)
        self.assertIn("nan", err)
        self.assertFails(5, "singular", "connectome", "--study", study, "--results", self.folder / "error", "--tau-s",
                         "0.7", "--singular", "error")
        self.connectome(study, "shrunk", "--shrinkage", "ledoit-wolf")


def rates_of(scenario):
    """Its row of the first table of rates in the documentation, by column."""
    docs = (Path(__file__).parents[2] / "docs" / "what-the-numbers-mean.md").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in docs.splitlines() if "|" in line]
    head = next(line for line in lines if line[0] == "scenario")
    return dict(zip(head, next(line for line in lines if line[0] == scenario)))


class ClosedForm(Computes):
    """The tests of edges that need no surrogates."""

    def exported(self, results):
        code, _, err = run("export", "--results", results, "--format", "csv", "--all-pairs")
        self.assertEqual(code, 0, err)
        with open(results / "export" / "connectome.csv") as file:
            return list(csv.DictReader(file))

    def test_no_surrogates_no_floor_and_nothing_else_changes(self):
        study = self.simulate(neurons=30, duration_s=300)
        self.connectome(study, "tested")
        self.connectome(study, "plain", "--support", "none")

        tested, plain = self.exported(self.folder / "tested"), self.exported(self.folder / "plain")

        self.assertEqual([row["partial_correlation"] for row in tested], [row["partial_correlation"] for row in plain])
        self.assertEqual([row["edge"] for row in tested], [row["edge"] for row in plain])
        self.assertEqual({row["p_both"] for row in plain}, {""})
        self.assertEqual({row["p_value"] for row in tested}, {""})
        self.assertLess(min(float(row["p_both"]) for row in tested), 1e-9)
        for row in tested:
            self.assertEqual(row["supported"] == "1", float(row["q_both"]) <= 0.05)

    def test_error_rates_hold_on_the_null_twin(self):
        study = self.simulate("--null", animals=15, sessions=2, neurons=25, duration_s=150)
        self.connectome(study, "results", "--displacements", "0", ranks=2)

        rows = self.exported(self.folder / "results")

        # 30 independent sessions at 5 %: 1.5 expected, P(more than 6) < 0.001.
        supported = {(row["subject"], row["session"]) for row in rows if row["supported"] == "1"}
        self.assertLessEqual(len(supported), 6)
        # 9,000 pairs, nearly independent; p_both is the larger of two and so below its level.
        below = sum(float(row["p_both"]) <= 0.05 for row in rows) / len(rows)
        self.assertLessEqual(below, 0.05)
        self.assertGreater(below, 0)

    def test_same_bits_on_any_number_of_ranks(self):
        study = self.simulate("--missing-neurons", "0.1", neurons=30, duration_s=60)
        words = ["--two-sided", "--displacements", "2", "--covariate", "lever", "--within", "movement"]
        for support in ["jitter", "shift"]:
            one = self.connectome(study, f"{support}1", "--support", support, *words)
            for ranks in [2, 3, 4]:
                many = self.connectome(study, f"{support}{ranks}", "--support", support, *words, ranks=ranks)
                self.assertSameDatasets(one, many)

    def test_killed_and_gone_on_with(self):
        study = self.simulate(neurons=40)
        words = ["--tau-s", "0.7", "--displacements", "60", "--checkpoint-s", "0"]
        results = self.folder / "results"
        for ranks in [2, 1]:
            process = start("connectome", "--study", study, "--results", results, *words, ranks=ranks)
            wait_for(lambda: list(results.glob("connectome.checkpoint/*/edges.*.snapshot")) or
                     process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)

        code, _, err = run("connectome", "--study", study, "--results", results, *words, ranks=3)

        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        whole = self.connectome(study, "whole", "--displacements", "60", "--checkpoint-s", "0")
        self.assertSameDatasets(whole, results / "connectome.h5")

    def test_too_few_effective_frames_make_no_claim_and_enter_no_trajectory(self):
        study = self.simulate(neurons=100, duration_s=12)  # 332 frames for 100 neurons
        code, _, err = run("connectome", "--study", study, "--results", self.folder / "results", "--tau-s", "0.7")
        self.assertEqual(code, 0, err)
        self.assertIn("too few frames", err)
        self.assertTrue(all(row["supported"] == "0" for row in self.exported(self.folder / "results")))
        _, out, err = run("rewiring", "--results", self.folder / "results")
        self.assertIn("too few frames", out + err)

        self.connectome(study, "untested", "--support", "none")
        self.assertIn("too few frames", (self.folder / "untested" / "connectome.log").read_text())
        _, out, err = run("rewiring", "--results", self.folder / "untested")
        self.assertIn("too few frames", out + err)

    def test_what_reaches_trajectories_is_seen_when_it_changes(self):
        study = self.simulate(sessions=3, neurons=12, duration_s=60)
        self.connectome(study, "results", "--displacements", "0")
        code, out, err = run("rewiring", "--results", self.folder / "results")
        self.assertEqual(code, 0, out + err)
        self.connectome(study, "results", "--displacements", "1", "--overwrite")
        code, out, err = run("rewiring", "--results", self.folder / "results")
        self.assertEqual(code, 0, out + err)
        self.assertIn("up to date", out + err)
        for words in [["--window-s", "1"], ["--support", "shift"], ["--within", "movement"]]:
            self.connectome(study, "results", "--displacements", "0", *words, "--overwrite")
            self.assertFails(2, [words[0], "other settings"], "rewiring", "--results", self.folder / "results")

    def test_shrinkage_is_reported(self):
        study = self.simulate(sessions=2, neurons=30, duration_s=60)
        self.connectome(study, "results", "--shrinkage", "ledoit-wolf")
        log = (self.folder / "results" / "connectome.log").read_text()
        self.assertIn("shrunk", log)
        code, _, err = run("report", "--results", self.folder / "results")
        self.assertEqual(code, 0, err)
        self.assertIn("were shrunk, by", (self.folder / "results" / "report.html").read_text())

    def test_one_family_of_all_sessions(self):
        study = self.simulate(animals=2, sessions=3, neurons=20, duration_s=200)
        last = next(study.rglob("*ses-03*.nwb"))
        last.rename(self.folder / last.name)
        words = ["--family", "all", "--displacements", "0"]
        grown = self.connectome(study, "grown", *words)
        fewer = self.exported(self.folder / "grown")
        (self.folder / last.name).rename(last)
        self.connectome(study, "grown", *words)
        whole = self.connectome(study, "whole", *words, ranks=3)
        for subject in sorted({row["subject"] for row in fewer}):
            self.connectome(study, self.folder / "parts" / "parts" / subject, *words, "--subject", subject)
        code, _, err = run("merge", "--results", self.folder / "parts")
        self.assertEqual(code, 0, err)

        self.assertSameDatasets(grown, whole)
        self.assertSameDatasets(self.folder / "parts" / "connectome.h5", whole)
        rows = self.exported(self.folder / "whole")
        p = sorted(float(row["p_both"]) for row in rows)
        q = 1.0
        expected = {}
        for rank in range(len(p), 0, -1):
            q = min(q, p[rank - 1] * len(p) / rank)
            expected[p[rank - 1]] = q
        for row in rows:
            self.assertAlmostEqual(float(row["q_study"]), expected[float(row["p_both"])], delta=1e-12)
            self.assertEqual(row["supported_study"], "1" if float(row["q_study"]) <= 0.05 else "0")
        self.assertGreater(len(rows), len(fewer))
        _, out, _ = run("recovery", "--study", study, "--results", self.folder / "whole")
        self.assertIn("supported (all sessions)", out)
        code, _, err = run("report", "--results", self.folder / "whole")
        self.assertEqual(code, 0, err)
        page = (self.folder / "whole" / "report.html").read_text()
        self.assertIn("as one family", page)
        self.assertIn("network of supported edges", page)
        self.assertIn("by the distance of the ROIs", page)

    def test_sessions_that_make_no_claim_are_not_of_the_family(self):
        study = self.simulate(sessions=3, neurons=20, duration_s=200)
        short = self.simulate(out="short", sessions=3, neurons=20, duration_s=2)
        name = "sub-L23M1/sub-L23M1_ses-02.nwb"
        shutil.copy(short / name, study / name)
        result = self.connectome(study, "results", "--family", "all", "--displacements", "0")
        for session in ["01", "02", "03"]:
            for attribute, value in [("family_sessions", 2), ("family_pairs", 2 * 20 * 19 // 2)]:
                done = subprocess.run(["h5dump", "-a", f"/L23M1/{session}/{attribute}", result], capture_output=True,
                                      text=True, check=True)
                self.assertEqual(int(done.stdout.split("(0):")[1].split("}")[0]), value, f"{session} {attribute}")
        code, _, err = run("report", "--results", self.folder / "results")
        self.assertEqual(code, 0, err)
        self.assertIn("With the 380 pairs of all 2 sessions as one family", (self.folder / "results" / "report.html").read_text())

    def test_one_shrinkage_for_all_sessions_of_an_animal(self):
        study = self.simulate(animals=2, sessions=3, neurons=20, duration_s=90)
        words = ["--shrinkage", "ledoit-wolf", "--shrinkage-of", "animal", "--displacements", "0"]
        together = self.connectome(study, "together", *words)
        again = self.connectome(study, "again", *words, ranks=3)
        own = self.connectome(study, "own", *words[:2], "--displacements", "0")
        for subject, session in [("L23M1", "02"), ("L23M1", "01"), ("L23M1", "03"), ("L23M2", None)]:
            chosen = ["--session", session] if session else []
            folder = self.folder / "parts" / "parts" / subject / (session or "")
            self.connectome(study, folder, *words, "--subject", subject, *chosen)
        code, _, err = run("merge", "--results", self.folder / "parts")
        self.assertEqual(code, 0, err)

        self.assertSameDatasets(together, again)
        self.assertSameDatasets(together, self.folder / "parts" / "connectome.h5")
        self.assertEqual(len(self.shrinkage_of(together, "L23M1")), 1)
        self.assertEqual(len(self.shrinkage_of(own, "L23M1")), 3)
        low, high = min(self.shrinkage_of(own, "L23M1")), max(self.shrinkage_of(own, "L23M1"))
        self.assertTrue(low < next(iter(self.shrinkage_of(together, "L23M1"))) < high)
        self.assertNotEqual(self.shrinkage_of(together, "L23M1"), self.shrinkage_of(together, "L23M2"))

    def test_a_session_that_is_added_changes_the_shrinkage_of_its_animal(self):
        study = self.simulate(sessions=3, neurons=20, duration_s=90)
        words = ["--shrinkage", "ledoit-wolf", "--shrinkage-of", "animal", "--displacements", "0"]
        last = next(study.rglob("*ses-03*.nwb"))
        last.rename(self.folder / last.name)
        self.connectome(study, "results", *words)
        (self.folder / last.name).rename(last)
        self.assertFails(2, ["shrinkage of its animal", "--overwrite"], "connectome", "--study", study, "--results",
                         self.folder / "results", "--tau-s", "0.7", *words)
        self.assertFails(2, "--shrinkage-of animal without", "connectome", "--study", study, "--results",
                         self.folder / "none", "--tau-s", "0.7", "--shrinkage-of", "animal")

    def shrinkage_of(self, result, subject):
        values = set()
        for session in ["01", "02", "03"]:
            done = subprocess.run(["h5dump", "-m", "%.17g", "-a", f"/{subject}/{session}/shrinkage", result],
                                  capture_output=True, text=True, check=True)
            values.add(float(done.stdout.split("(0):")[1].split("}")[0]))
        return values

    def test_the_page_says_supported_and_nothing_of_surrogates(self):
        study = self.simulate(neurons=30, duration_s=300)
        self.connectome(study, "results")
        code, _, err = run("report", "--results", self.folder / "results")
        self.assertEqual(code, 0, err)
        page = (self.folder / "results" / "report.html").read_text()
        section = page[page.index("Does everything covary?"):]
        for words in ["Edges supported by both tests", "Supported is not directly connected", "Missed events"]:
            self.assertIn(words, section)
        for words in ["p-values of surrogates", "their neurons and surrogates", "surrogates left out"]:
            self.assertNotIn(words, page)

    def test_slow_recordings_have_longer_windows_which_is_said(self):
        study = self.simulate(sessions=2, neurons=20)
        slow = self.simulate("--rate-hz", "7", out="slow", sessions=2, neurons=20)
        second = "sub-L23M1/sub-L23M1_ses-02.nwb"
        shutil.copy(slow / second, study / second)

        for words, said in [([], True), (["--window-s", "1.15"], False), (["--support", "shift"], False)]:
            code, _, err = run("connectome", "--study", study, "--results", self.folder / "-".join(["results", *words]),
                               "--tau-s", "0.7", "--displacements", "0", *words)
            self.assertEqual(code, 0, err)
            self.assertEqual("last 1.1 s at 7 Hz and not the 0.5 s of --window-s (1 of 2 sessions)" in err, said)
            self.assertEqual("of --window-s (" in err, said)

        code, _, err = run("report", "--results", self.folder / "results")
        self.assertEqual(code, 0, err)
        page = (self.folder / "results" / "report.html").read_text()
        self.assertIn("placed anew within windows of 0.5–1.1 s", page)
        self.assertIn("In L23M1/02 they last 1.1 s: at least 8 frames", page)
        fewest, most = (rates_of(scenario)["fine .05"] for scenario in ["bursts-7-hz", "chains-.25-bursts-7-hz"])
        self.assertIn(f"small {float(fewest):.1f} to {float(most):.1f} times too often", page)

    def test_sessions_without_tests_have_their_own_reasons(self):
        study = self.simulate(sessions=3, neurons=30, duration_s=60)
        few = self.simulate(out="few", sessions=3, neurons=30, duration_s=4)
        short = self.simulate(out="short", sessions=3, neurons=30, duration_s=3)
        for other, session in [(few, "02"), (short, "03")]:
            name = f"sub-L23M1/sub-L23M1_ses-{session}.nwb"
            shutil.copy(other / name, study / name)
        self.connectome(study, "results", "--displacements", "0")
        code, _, err = run("report", "--results", self.folder / "results")
        self.assertEqual(code, 0, err)
        page = (self.folder / "results" / "report.html").read_text()
        notice = page[page.index("Sessions without tests of edges."):]
        notice = notice[:notice.index("They make no claim.")]
        self.assertIn("L23M1/02: too few frames", notice)
        self.assertIn("L23M1/03: correlations of 30 neurons are ill conditioned", notice)

    def test_the_shares_of_misleading_cases_are_those_of_the_documentation(self):
        study = self.simulate(sessions=1)
        self.connectome(study, "results", "--displacements", "0")
        code, _, err = run("report", "--results", self.folder / "results")
        self.assertEqual(code, 0, err)
        page = (self.folder / "results" / "report.html").read_text()
        for scenario, words in [("delays", "among hubs with delays"), ("missed-events", "Missed events"),
                                ("hidden-input", "where nothing else joins them")]:
            row = rates_of(scenario)
            item = next(item for item in page.split("<li>") if words in item)
            self.assertIn(f"{100 * float(row['FDR']):.0f} % of the supported pairs", item)
            self.assertIn(f"mean over {row['data sets']} data sets", page)
            self.assertIn(f"--only {scenario}", page)


class Names(Computes):
    """The names of connectome.h5 that scripts outside of the project read."""

    datasets = """neuron_id active partial_correlation edge p_value q_value p_fwe p_partial p_marginal p_fine p_both q_both
        p_holm log10_p_both supported p_both_negative sign displaced_rate displaced_discoveries half_a half_b fine_half_a
        fine_half_b quiet_half_a quiet_half_b""".split()
    attributes = """threshold mean_degree density transitivity clustering frames status surrogates offsets support
        window_frames first_component largest_active_share lags lags_marginal effective_frames drive noise_edges
        noise_density supported_density""".split()

    def setUp(self):
        super().setUp()
        study = self.simulate(sessions=2, neurons=20, duration_s=200)
        self.file = self.connectome(study, "results", "--two-sided", "--surrogates", "20", "--halves", "yes", "--movement",
                                    "movement_epochs", "--displacements", "1")

    def dumped(self, *words):
        return subprocess.run(["h5dump", *words, self.file], capture_output=True, text=True, check=True).stdout

    def attribute(self, name):
        return float(self.dumped("-m", "%.17g", "-a", f"/L23M1/01/{name}").split("(0):")[1].split("}")[0])

    def values(self, name):
        text = self.dumped("-y", "-m", "%.17g", "-d", f"/L23M1/01/{name}").split("DATA {")[1].split("}")[0]
        return [float(value) for value in text.replace(",", " ").split()]

    def test_all_are_there(self):
        lines = {tuple(line.split()[:2]) for line in self.dumped("-n", "1").splitlines() if len(line.split()) > 1}
        wanted = [("dataset", f"/L23M1/{name}") for name in ["pair_i", "pair_j"]]
        for session in ["01", "02"]:
            wanted += [("dataset", f"/L23M1/{session}/{name}") for name in self.datasets]
            wanted += [("attribute", f"/L23M1/{session}/{name}") for name in self.attributes]
        self.assertEqual([each for each in wanted if each not in lines], [])

    def test_what_they_hold(self):
        neurons, pairs = 20, 190
        for name in self.datasets:
            if name not in ["neuron_id", "active", "displaced_rate", "displaced_discoveries"]:
                self.assertEqual(len(self.values(name)), pairs, name)
        for name in ["displaced_rate", "displaced_discoveries"]:
            self.assertEqual(len(self.values(name)), 4, name)
        self.assertGreater(self.attribute("first_component"), 1 / neurons)
        self.assertLess(self.attribute("first_component"), 1)
        self.assertGreater(self.attribute("largest_active_share"), 0)
        self.assertLessEqual(self.attribute("largest_active_share"), 1)
        self.assertEqual(self.attribute("window_frames"), 14)
        for name in ["lags", "lags_marginal"]:
            self.assertGreaterEqual(self.attribute(name), 4, name)  # of five taps
            self.assertLess(self.attribute(name), self.attribute("frames"), name)
        self.assertGreater(self.attribute("noise_edges"), 0)
        self.assertLess(self.attribute("noise_edges"), pairs)
        self.assertAlmostEqual(self.attribute("noise_density"), 2 * self.attribute("noise_edges") / neurons**2, delta=1e-12)
        upper = [max(p, q) for p, q in zip(self.values("p_partial"), self.values("p_fine"))]
        for p, p_both, negative, sign in zip(upper, self.values("p_both"), self.values("p_both_negative"),
                                             self.values("sign")):
            self.assertTrue(0 < negative <= 1)
            self.assertAlmostEqual(p_both, min(1, 2 * min(p, negative)), delta=1e-12)
            self.assertEqual(sign, 1 if p <= negative else -1)


class Mistakes(Case):
    def test_options_that_would_change_nothing_are_refused(self):
        study = self.simulate(sessions=1)
        nothing = ["--support", "none"]
        for words, wording in [(["--covariate-lags-s", "0.5"], "--covariate-lags-s without --covariate"),
                               (["--covariate-average"], "--covariate-average without --covariate"),
                               (["--min-shift-s", "3"], "--min-shift-s without --surrogates"),
                               ([*nothing, "--family", "all"], "--family all with --support none"),
                               ([*nothing, "--displacements", "2"], "--displacements with --support none"),
                               ([*nothing, "--two-sided"], "--two-sided with --support none"),
                               ([*nothing, "--halves", "no", "--window-s", "1"], "--window-s with --support none")]:
            with self.subTest(words):
                self.assertFails(2, wording, "connectome", "--study", study, "--results", self.folder / "r", "--tau-s",
                                 "0.7", *words)
        for words in [[*nothing, "--displacements", "0"], ["--covariate-lags-s", "0"],
                      [*nothing, "--two-sided", "--surrogates", "20", "--min-shift-s", "3"]]:
            with self.subTest(words):
                code, _, err = run("connectome", "--study", study, "--results", self.folder / "r", "--tau-s", "0.7",
                                   "--overwrite", *words)
                self.assertEqual(code, 0, err)

    def test_wrong_paths(self):
        self.assertFails(4, "no such", "connectome", "--study", self.folder / "none", "--results", "y", "--tau-s", "0.7")
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertFails(3, "no NWB", "connectome", "--study", empty, "--results", "y", "--tau-s", "0.7")

    def test_results_folder_that_cannot_be_made(self):
        study = self.simulate(sessions=1)
        file = self.folder / "file"
        file.write_text("")
        self.assertFails(4, "cannot make", "connectome", "--study", study, "--results", file / "results", "--tau-s", "0.7")

    def test_decay_time_is_asked_for(self):
        study = self.simulate(sessions=1)
        self.assertFails(2, ["decay time", "--tau-s"], "connectome", "--study", study, "--results", self.folder / "r",
                         ranks=2)
        (study / "study.tsv").write_text("file\ttau_s\nsub-L23M1_ses-01.nwb\t0.7\n")
        code, _, err = run("connectome", "--study", study, "--results", self.folder / "r")
        self.assertEqual(code, 0, err)

    def test_damaged_and_foreign_files_are_named(self):
        study = self.simulate(sessions=2)
        whole = next(study.rglob("*ses-02.nwb"))
        whole.write_bytes(whole.read_bytes()[:3000])
        (study / "notes.nwb").write_text("not HDF5")
        err = self.assertFails(3, ["ses-02.nwb", "notes.nwb"], "connectome", "--study", study, "--results",
                               self.folder / "r", "--tau-s", "0.7", ranks=2)
        self.assertIn("rewire study", err)
        code, out, _ = run("study", study)
        self.assertEqual(code, 3)
        self.assertIn("notes.nwb", out)

    def test_too_little_memory_is_said_before_the_start(self):
        study = self.simulate(sessions=1)
        self.assertFails(3, ["not enough memory", "rewire plan connectome"], "connectome", "--study", study, "--results",
                         self.folder / "r", "--tau-s", "0.7", env={"SLURM_MEM_PER_NODE": "20"})
        self.assertFalse((self.folder / "r" / "connectome.h5").exists())
        self.assertIn("not enough memory", (self.folder / "r" / "connectome.log").read_text())

    def test_a_limit_that_leaves_nothing_for_linear_algebra(self):
        words = " ".join(["rewiring", "--results", str(self.folder)])
        for kilobytes, threads in [(320000, "1"), (220000, "1"), (220000, "2")]:  # that it has one more than it needs
            done = subprocess.run(["bash", "-c", f"ulimit -v {kilobytes}; exec {REWIRE} {words}"], capture_output=True,
                                  text=True, timeout=60, env={**os.environ, "OPENBLAS_NUM_THREADS": threads})
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("ulimit -v", done.stderr)

    def test_results_that_may_not_be_written(self):
        study = self.simulate(sessions=1)
        log = self.folder / "r" / "connectome.log"
        log.mkdir(parents=True)  # in the way of the log file; root may write anywhere else
        self.assertFails(4, ["cannot write the log file", "connectome.log"], "connectome", "--study", study,
                         "--results", self.folder / "r", "--tau-s", "0.7")


class Resume(Case):
    words = ["--surrogates", "40000", "--checkpoint-s", "0", "--tau-s", "0.7"]
    whole = None  # the result of a run that nobody disturbs

    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=2, neurons=30)
        self.results = self.folder / "results"
        self.base = ["connectome", "--study", self.study, "--results", self.results, *self.words]

    def undisturbed(self):
        """The same for all tests, made by the first that asks."""
        if Resume.whole is None:
            made = tempfile.TemporaryDirectory(prefix="rewire-undisturbed-")
            self.addClassCleanup(made.cleanup)
            code, _, err = run("connectome", "--study", self.study, "--results", made.name, *self.words, ranks=2)
            self.assertEqual(code, 0, err)
            Resume.whole = Path(made.name) / "connectome.h5"
        return Resume.whole

    def null_snapshots(self):
        return list(self.results.glob("connectome.checkpoint/*/null.*.snapshot"))

    def test_kill_nine_and_again(self):
        for ranks in [2, 1]:
            process = start(*self.base, ranks=ranks)
            wait_for(lambda: self.null_snapshots() or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
            self.assertFalse((self.results / "connectome.h5").exists())
        code, _, err = run(*self.base, ranks=3)
        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        self.assertFalse((self.results / "connectome.checkpoint").exists())
        self.assertEqual(list(self.results.glob("*partial*")), [])
        self.assertSameDatasets(self.undisturbed(), self.results / "connectome.h5")

    def test_stop_signal(self):
        process = start(*self.base, ranks=2)
        wait_for(lambda: self.null_snapshots() or process.poll() is not None)
        process.send_signal(signal.SIGUSR1)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("stopped as asked", err)
        code, _, err = run(*self.base, ranks=2)
        self.assertEqual(code, 0, err)
        self.assertSameDatasets(self.undisturbed(), self.results / "connectome.h5")

    def test_one_rank_killed_ends_all(self):
        process = start(*self.base, ranks=2)
        wait_for(lambda: self.null_snapshots() or process.poll() is not None)
        os.kill(children_of(process.pid)[-1], signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        code, _, err = run(*self.base, ranks=2)
        self.assertEqual(code, 0, err)

    def test_another_run_does_not_take_the_checkpoint(self):
        process = start(*self.base, ranks=2)
        wait_for(lambda: self.null_snapshots() or process.poll() is not None)
        kill_all(process)
        other = [word if word != "40000" else "40001" for word in self.base]
        self.assertFails(2, ["--surrogates: there 40000, here 40001", "--restart"], *other)
        for snapshot in self.null_snapshots():
            with open(snapshot, "r+b") as file:
                file.seek(200)
                file.write(b"damage")
        self.assertFails(4, ["damaged checkpoint", ".snapshot"], *self.base)


class Plan(Case):
    def test_plan_prints_the_batch_lines(self):
        study = self.simulate(sessions=1)
        code, out, err = run("plan", "connectome", "--study", study, "--results", "out", "--tau-s", "0.7",
                             "--surrogates", "1000", "--ranks", "64")
        self.assertEqual(code, 0, err)
        for part in ["memory a rank", "#SBATCH --ntasks=64", "#SBATCH --mem-per-cpu=", "#SBATCH --signal=USR1",
                     "srun rewire connectome --study", "of this machine, measured just now", "p-values"]:
            self.assertIn(part, out)
        self.assertNotIn("--ranks 64", out)


class Export(Case):
    def test_csv_and_graphml(self):
        study = self.simulate(sessions=2)
        results = self.folder / "results"
        run("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--surrogates", "20")
        for form in ["csv", "graphml"]:
            code, _, err = run("export", "--results", results, "--what", "connectome", "--format", form)
            self.assertEqual(code, 0, err)
        with open(results / "export" / "connectome.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertTrue(rows)
        self.assertTrue(all("1" in (row["edge"], row["supported"]) and 0 < float(row["p_value"]) <= 1 for row in rows))
        graphs = sorted((results / "export").glob("*.graphml"))
        self.assertEqual(len(graphs), 2)
        name = "{http://graphml.graphdrawing.org/xmlns}"
        edges = sum(len(xml.parse(graph).getroot().findall(f"{name}graph/{name}edge")) for graph in graphs)
        self.assertEqual(edges, len(rows))

    def test_what_supports_an_edge_is_exported(self):
        study = self.simulate(sessions=1, neurons=30, duration_s=300)
        results = self.folder / "results"
        run("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--two-sided", "--displacements", "0")
        for form in ["csv", "graphml"]:
            code, _, err = run("export", "--results", results, "--format", form, "--all-pairs")
            self.assertEqual(code, 0, err)
        with open(results / "export" / "connectome.csv") as file:
            rows = list(csv.DictReader(file))

        self.assertEqual(len(rows), 30 * 29 / 2)
        signs = {row["sign"] for row in rows}
        self.assertEqual(signs, {"1", "-1"})
        for row in rows:
            if row["sign"] == "1":  # twice the larger of two upper tails
                self.assertAlmostEqual(float(row["p_both"]),
                                       min(1, 2 * max(float(row["p_partial"]), float(row["p_fine"]))), delta=1e-12)
            self.assertGreaterEqual(float(row["p_holm"]), float(row["q_both"]) * (1 - 1e-12))
        name = "{http://graphml.graphdrawing.org/xmlns}"
        graph = xml.parse(next((results / "export").glob("*.graphml"))).getroot()
        self.assertTrue({"p_partial", "p_fine", "p_holm", "sign", "distance"} <=
                        {key.get("id") for key in graph.findall(f"{name}key")})
        edge = graph.find(f"{name}graph/{name}edge")
        values = {data.get("key"): data.text for data in edge.findall(f"{name}data")}
        first = next(row for row in rows if (row["neuron_i"], row["neuron_j"]) == (edge.get("source"), edge.get("target")))
        for column in ["p_partial", "p_fine", "p_holm", "q_both", "sign"]:
            self.assertEqual(float(values[column]), float(first[column]))
        self.assertEqual(values.get("distance", ""), first["distance"])

    def test_support_by_shift_is_exported_with_what_it_is_made_of(self):
        study = self.simulate(sessions=1, neurons=30, duration_s=300)
        for words in [[], ["--two-sided"]]:
            with self.subTest(words):
                results = self.folder / ("results" + "".join(words))
                run("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--support", "shift",
                    "--displacements", "0", *words)
                code, _, err = run("export", "--results", results, "--format", "csv", "--all-pairs")
                self.assertEqual(code, 0, err)
                with open(results / "export" / "connectome.csv") as file:
                    rows = list(csv.DictReader(file))
                for row in rows:
                    partial, marginal = float(row["p_partial"]), float(row["p_marginal"])
                    self.assertEqual(row["p_both_negative"] != "", bool(words))
                    if not words:
                        self.assertEqual(float(row["p_both"]), max(partial, marginal))
                    elif row["sign"] == "1":
                        self.assertAlmostEqual(float(row["p_both"]), min(1, 2 * max(partial, marginal)), delta=1e-12)
                    else:
                        self.assertAlmostEqual(float(row["p_both"]), min(1, 2 * float(row["p_both_negative"])), delta=1e-12)
                    self.assertAlmostEqual(10 ** float(row["log10_p_both"]), float(row["p_both"]), delta=1e-12)

    def test_edges_that_the_whole_study_supports_are_exported(self):
        study = self.simulate("--strength", "0.5", "--shortest-s", "40", neurons=30, duration_s=300)
        results = self.folder / "results"
        run("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--family", "all", "--displacements",
            "0", "--alpha", "100")  # no edges of the threshold
        exported = {}
        for words in [[], ["--all-pairs"]]:
            code, _, err = run("export", "--results", results, "--format", "csv", *words)
            self.assertEqual(code, 0, err)
            with open(results / "export" / "connectome.csv") as file:
                exported["all" if words else "edges"] = list(csv.DictReader(file))

        by_study_alone = [row for row in exported["all"] if row["supported_study"] == "1" and row["supported"] == "0"]
        self.assertTrue(by_study_alone)
        self.assertEqual(exported["edges"], [row for row in exported["all"]
                                             if "1" in (row["supported"], row["supported_study"])])
        for row in exported["all"]:
            self.assertGreaterEqual(float(row["p_holm_study"]), float(row["q_study"]) * (1 - 1e-12))

    def test_without_a_result(self):
        self.assertFails(3, ["no connectome", "compute it first"], "export", "--results", self.folder)


if __name__ == "__main__":
    unittest.main(verbosity=2)
