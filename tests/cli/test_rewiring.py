"""The rewiring job on results with values chosen by hand, and on what it refuses."""

import math
import random
import re
import shutil
import subprocess
import unittest

from rewire_cli import BUILD, Case, run

WRITE = BUILD / "tests" / "write_results_by_hand"

# Pairs of four neurons: (1,2) (1,3) (1,4) (2,3) (2,4) (3,4). The first strengthens, the last weakens, (1,3) stays.
THREE = """
neurons 101 102 103 104
session A 01 1 hash1 0.1 0.2 0 0 0 0.4
session A 02 2 hash2 0.3 0.2 0 0 0 0.2
session A 03 3 hash3 0.5 0.2 0 0 0 0
"""
MOVEMENT = """
levels 0.95 0.995
movement A 01 hash1 1111 1000
movement A 02 hash2 1111 1100
movement A 03 hash3 1111 0100
"""


def values(file, path, kind=float):
    """All values of a dataset, row by row; of an attribute where the path has an @."""
    words = ["-a", path.replace("@", "/")] if "@" in path else ["-d", path]
    done = subprocess.run(["h5dump", "-y", "-w", "0", "-m", "%.17g", *words, file], capture_output=True, text=True,
                          check=True)
    data = done.stdout.split("DATA {", 1)[1].split("}", 1)[0]
    found = re.findall(r'"([^"]*)"', data) if kind is str else re.findall(r"[^\s,]+", data)
    return [kind(value) for value in found]


def exists(file, path):
    words = ["-a", path.replace("@", "/")] if "@" in path else ["-d", path]
    return subprocess.run(["h5dump", *words, file], capture_output=True).returncode == 0


class Rewiring(Case):
    def write(self, text, results="results"):
        folder = self.folder / results
        subprocess.run([WRITE, folder], input=text, text=True, check=True)
        return folder

    def rewire(self, *words, ranks=1, code=0):
        got, out, err = run(*words, ranks=ranks)
        self.assertEqual(got, code, out + err)
        return out + err

    def rewiring(self, text, *words, ranks=1, results="results"):
        """Returns the result and what was said."""
        folder = self.write(text, results)
        said = self.rewire("rewiring", "--results", folder, *words, ranks=ranks)
        return folder / "rewiring.h5", said

    def assertValues(self, file, path, expected, places=12):
        found = values(file, path)
        self.assertEqual(len(found), len(expected), found)
        for value, wanted in zip(found, expected):
            if wanted is None:
                self.assertNotEqual(value, value)
            else:
                self.assertAlmostEqual(value, wanted, places=places)

    # --- what it needs ---

    def test_solvers_that_cannot_be_loaded_are_told_before_the_work_begins(self):
        self.write(THREE)
        broken = self.folder / "lib"
        broken.mkdir()
        shutil.copy(BUILD / "lib" / "librewire_linalg.so", broken)  # which loads what lies beside it
        (broken / "librewire_slepc.so").write_text("")
        for ranks in [1, 2]:
            self.assertFails(4, ["cannot load the library for linear algebra over ranks", "librewire_slepc.so", "PETSc"],
                             "rewiring", "--results", self.folder / "results", ranks=ranks,
                             env={"LD_LIBRARY_PATH": str(broken)})
        self.assertFalse((self.folder / "results" / "rewiring.h5").exists())
        self.rewire("rewiring", "--results", self.folder / "results")

    # --- movement fraction ---

    def test_movement_fraction_by_hand(self):
        for ranks in [1, 3]:
            file, said = self.rewiring(THREE + MOVEMENT, "--top", "2", ranks=ranks, results=f"ranks{ranks}")
            self.assertIn("movement-related neurons of level 0.995", said)
            # Ends 1 and 2 of the pair that strengthens: related in sessions 1-2 are 1, 1 2; in 3-5 only 2.
            self.assertValues(file, "/A/movement_fraction", [3 / 4, 1 / 2, None, None, 0, 0, None, None])
            self.assertEqual(values(file, "/A/movement_fraction@movement_level"), [0.995])
            self.assertEqual(values(file, "/A/movement_fraction_percentile@movement_level"), [0.995])
            self.assertEqual(values(file, "/A@movement_fraction_status", str), ["ok"])
            self.assertEqual(values(file, "/A/movement_sessions"), [2, 1, 0, 0])

    def test_sessions_with_too_few_movements_for_the_level(self):
        few = MOVEMENT.replace("movement A 02", "reach 0.99\nmovement A 02").replace("movement A 03",
                                                                                    "reach 1\nmovement A 03")
        file, _ = self.rewiring(THREE + few, "--top", "2")
        self.assertEqual(values(file, "/A/movement_sessions"), [1, 1, 0, 0])
        self.assertIn("few distinct shuffles", values(file, "/A@movement_sessions_left_out", str)[0])
        file, _ = self.rewiring(THREE + few, "--top", "2", "--movement-level", "0.95", results="lower")
        self.assertEqual(values(file, "/A/movement_sessions"), [2, 1, 0, 0])

    def test_movement_level(self):
        file, said = self.rewiring(THREE + MOVEMENT, "--top", "2", "--movement-level", "0.95")
        self.assertIn("level 0.95\n", said)
        self.assertValues(file, "/A/movement_fraction", [1, 1, None, None, 1, 1, None, None])
        self.assertEqual(values(file, "/A/movement_fraction@movement_level"), [0.95])
        without = MOVEMENT.replace("levels 0.95 0.995", "levels 0.9 0.99")
        file, said = self.rewiring(THREE + without, "--top", "2", results="highest")
        self.assertEqual(values(file, "/A/movement_fraction@movement_level"), [0.99])
        self.assertIn("level 0.99\n", said)
        self.assertFails(3, ["level 0.975", "0.9, 0.99", "--movement-level"], "rewiring", "--results",
                         self.write(THREE + without, "absent"), "--movement-level", "0.975")

    def test_as_many_edges_are_drawn_as_there_are_top_edges(self):
        file, _ = self.rewiring(THREE + MOVEMENT, "--top", "2", "--draws", "20000")
        # One pair strengthens, one weakens; the third does not change and is a top pair of neither.
        self.assertEqual(values(file, "/A/top_positive_count"), [1])
        self.assertEqual(values(file, "/A/top_negative_count"), [1])
        self.assertEqual(values(file, "/A/top_positive_pair"), [0, -1])
        # The pair that strengthens is there in all sessions, as is (1 3): fractions 3/4 and 1/2 in the first period.
        # The one that weakens is the only one that is there in two: it can only be drawn itself.
        found = values(file, "/A/movement_fraction_percentile")
        self.assertAlmostEqual(found[0], 100 * (1 / 2 + 1 / 4), delta=1.5)
        self.assertEqual(found[4], 50)
        self.assertEqual(values(file, "/A/movement_drawn"), [1, 1])
        self.assertEqual(values(file, "/A/movement_drawn_from"), [2, 1])

    def test_too_few_edges_to_draw_from_are_said(self):
        text = THREE.replace(" 0 0 0 0.4", " ~0.1 ~0.1 ~0.1 ~0.4").replace(" 0 0 0 0.2", " ~0.3 ~0.2 ~0.2 ~0.2")
        file, said = self.rewiring(text + MOVEMENT, "--edges", "all", "--top", "2")
        self.assertEqual(values(file, "/A@movement_fraction_status", str), ["ok"])
        file, said = self.rewiring(text + MOVEMENT, "--edges", "all", "--top", "3", results="three")
        why = "2 edges in all sessions together, 3 would have to be drawn"
        self.assertIn(f"A: no movement fraction: {why}", said)
        self.assertEqual(values(file, "/A@movement_fraction_status", str), [why])
        self.assertFalse(exists(file, "/A/movement_fraction"))
        resting = "\nlevels 0.995\nresting A 01 hash1\nresting A 02 hash2\n"
        file, said = self.rewiring(THREE + resting, results="resting")
        self.assertIn("no movement fraction: no session was tested for movement", said)
        self.assertEqual(values(file, "/A@movement_fraction_status", str), ["no session was tested for movement"])
        self.assertFalse(exists(file, "/A/movement_fraction"))

    def test_without_movements_the_status_says_so(self):
        file, _ = self.rewiring(THREE)
        self.assertEqual(values(file, "/A@movement_fraction_status", str), ["no movement.h5"])
        self.assertFalse(exists(file, "/A/movement_fraction"))

    def test_what_was_not_tested_does_not_count(self):
        movement = """
levels 0.995
movement A 01 hash1 ?100
resting A 02 hash2
neurons 101 103 104
movement A 03 hash3 110
"""
        file, said = self.rewiring(THREE + movement, "--top", "2")
        # First period: neuron 1 has no p-value, session 2 no movement; second: neuron 2 is not in the session.
        self.assertValues(file, "/A/movement_fraction", [1, 1, None, None, 0, 1 / 2, None, None])
        self.assertEqual(values(file, "/A/movement_sessions"), [1, 1, 0, 0])
        self.assertIn("A, session 02: no movement in this session: not counted", said)
        self.assertEqual(values(file, "/A@movement_sessions_left_out", str), ["02: no movement in this session"])

    def test_sessions_after_the_papers_have_a_period(self):
        text = THREE.replace("A 02 2", "A 02 15").replace("A 03 3", "A 03 40")
        file, _ = self.rewiring(text + MOVEMENT)
        self.assertEqual(values(file, "/A/period", str), ["1-2", "3-5", "6-9", "10-14", "15+"])
        self.assertEqual(values(file, "/A/movement_sessions"), [1, 0, 0, 0, 2])
        text = THREE.replace("A 01 1", "A 01 0")
        file, said = self.rewiring(text + MOVEMENT, results="zero")
        self.assertEqual(values(file, "/A/movement_sessions"), [1, 1, 0, 0])
        self.assertIn("A, session 01: its number, 0, is in no learning period", said)

    def test_movements_of_another_study_are_refused(self):
        for ranks in [1, 2]:
            folder = self.write(THREE + MOVEMENT.replace("02 hash2", "02 other"), f"ranks{ranks}")
            self.assertFails(3, ["A, session 02", "another file", "movement.h5", "rewire movement"], "rewiring",
                             "--results", folder, ranks=ranks)
            self.assertFalse((folder / "rewiring.h5").exists())

    # --- estimators ---

    def test_sessions_of_another_estimator_are_left_out(self):
        text = THREE + "estimator pseudo-inverse 0\nsession A 04 4 hash4 0.9 0 0 0 0 0.9\n"
        file, said = self.rewiring(text)
        self.assertEqual(values(file, "/A/session", str), ["01", "02", "03"])
        self.assertIn("04: its partial correlations were estimated by pseudo-inverse, those of most sessions by inverse",
                      values(file, "/A@sessions_left_out", str)[0])
        self.assertIn("pseudo-inverse", said)
        file, said = self.rewiring(text, "--estimators", "any", results="any")
        self.assertEqual(values(file, "/A/session", str), ["01", "02", "03", "04"])
        self.assertIn("estimated by inverse, pseudo-inverse", said)
        self.rewire("report", "--results", self.folder / "any")
        self.assertIn("estimated by inverse, pseudo-inverse", (self.folder / "any" / "report.html").read_text())

    def test_shrinkage_that_changes_is_said(self):
        sessions = [line for line in THREE.splitlines() if line.startswith("session")]
        text = "neurons 101 102 103 104\n" + "\n".join(
            f"estimator ledoit-wolf {shrinkage}\n{session}" for shrinkage, session in zip([0.1, 0.2, 0.3], sessions))
        file, said = self.rewiring(text)
        self.assertValues(file, "/A/shrinkage", [0.1, 0.2, 0.3])
        self.assertIn("shrunk by 0.100 to 0.300", said)
        _, said = self.rewiring(text.replace("0.1\n", "0.3\n").replace("0.2\n", "0.3\n"), results="alike")
        self.assertNotIn("were shrunk", said)

    # --- subjects without a trajectory ---

    def test_one_that_cannot_be_analysed_does_not_stop_the_others(self):
        text = THREE + """
session B 01 1 hash4 0.1 0 0 0 0 0
session C 01 1 hash5 0 0 0 0 0 0
session C 02 2 hash6 0 0 0 0 0 0
failed D 01 1 hash7
neurons 1 2
session E 01 1 hash8 0.2
neurons 2 3
session E 02 2 hash9 0.2
"""
        one = None
        for ranks in [1, 2, 3, 4]:
            file, said = self.rewiring(text + MOVEMENT, ranks=ranks, results=f"ranks{ranks}")
            for subject, status in [("A", "ok"), ("B", "one session"), ("C", "sessions do not differ"),
                                    ("D", "no session with a connectome"), ("E", "one neuron that all sessions have")]:
                self.assertEqual(values(file, f"/{subject}@status", str), [status])
                self.assertEqual(exists(file, f"/{subject}/score"), status == "ok")
                if status != "ok":
                    self.assertIn(f"{subject}: no trajectory: {status}", said)
            one = one or file
            self.assertSameDatasets(one, file)
        page = self.rewire("report", "--results", one.parent)
        html = (one.parent / "report.html").read_text()
        self.assertIn("sessions do not differ", html)
        self.assertIn("wrote", page)
        self.rewire("export", "--results", one.parent)

    def test_parts_of_subjects_without_a_trajectory_merge(self):
        parts = self.folder / "whole" / "parts"
        subjects = {"A": THREE, "B": "neurons 1 2\nsession B 01 1 hash4 0.1\n",
                    "C": "neurons 1 2\nsession C 01 1 hash5 0\nsession C 02 2 hash6 0\n"}
        for name, text in subjects.items():
            for ranks in [1, 2]:
                _, said = self.rewiring(text, "--overwrite", results=f"whole/parts/{name}", ranks=ranks)
            self.assertEqual("no subject has a trajectory" in said, name != "A")
        self.rewire("merge", "--results", self.folder / "whole")
        whole, _ = self.rewiring("".join(subjects.values()), results="one")
        for name, status in [("A", "ok"), ("B", "one session"), ("C", "sessions do not differ")]:
            self.assertEqual(values(self.folder / "whole" / "rewiring.h5", f"/{name}@status", str), [status])
            self.assertEqual(values(whole, f"/{name}@status", str), [status])
        self.assertIn("up to date", self.rewire("rewiring", "--results", self.folder / "whole"))
        shutil.rmtree(parts)

    def test_subjects_that_are_not_there(self):
        self.assertFails(3, "no subject B", "rewiring", "--results", self.write(THREE), "--subject", "B")

    # --- what the file holds ---

    def test_pairs_name_their_neurons(self):
        file, _ = self.rewiring(THREE, "--top", "2")
        self.assertEqual(values(file, "/A/pair_i"), [0, 0, 0, 1, 1, 2])
        self.assertEqual(values(file, "/A/pair_j"), [1, 2, 3, 2, 3, 3])
        self.assertEqual(values(file, "/A/top_negative_pair"), [5, -1])
        self.assertEqual(values(file, "/A/top_negative_i"), [2, -1])
        self.assertEqual(values(file, "/A/top_negative_j"), [3, -1])
        self.assertEqual(values(file, "/A/top_negative_neuron_i"), [103, -1])
        self.assertEqual(values(file, "/A/top_negative_neuron_j"), [104, -1])
        for name in ["score", "mds", "loading", "explained_variance_ratio", "top_positive_mean"]:
            self.assertEqual(values(file, f"/A/{name}@units", str), ["1"])
        file, _ = self.rewiring(THREE.replace("101", "x101"), results="text")
        self.assertEqual(values(file, "/A/top_negative_i")[0], 2)
        self.assertFalse(exists(file, "/A/top_negative_neuron_i"))

    # --- a result that is there ---

    def test_changed_inputs_are_refused_and_added_ones_computed(self):
        file, _ = self.rewiring(THREE)
        folder = file.parent
        refused = ["--overwrite", "from other sessions or movements"]
        self.assertIn("up to date", self.rewire("rewiring", "--results", folder))
        self.write(THREE + MOVEMENT)
        self.assertIn("wrote", self.rewire("rewiring", "--results", folder))
        self.assertTrue(exists(file, "/A/movement_fraction"))
        (folder / "movement.h5").unlink()
        for ranks in [1, 2]:
            self.assertFails(2, ["movement.h5: no longer there", *refused], "rewiring", "--results", folder,
                             ranks=ranks)
        self.assertTrue(exists(file, "/A/movement_fraction"))
        self.write(THREE.replace("hash2", "other2") + MOVEMENT.replace("hash2", "other2"))
        self.assertFails(2, ["session A/02: of another file, SHA-256 hash2 there, other2 here", *refused], "rewiring", "--results", folder)
        self.write(THREE.replace("A 03 3", "A 03 4") + MOVEMENT)
        self.assertFails(2, ["session A/03: number 3 there, 4 here", *refused], "rewiring", "--results", folder)
        fewer = [line for line in (THREE + MOVEMENT).splitlines() if "A 03" not in line]
        self.write("\n".join(fewer))
        self.assertFails(2, ["session A/03: no longer there", *refused], "rewiring", "--results", folder)
        self.write(THREE + "session A 04 4 hash4 0.6 0.2 0 0 0 0\n" + MOVEMENT)
        self.assertIn("wrote", self.rewire("rewiring", "--results", folder))
        self.assertEqual(len(values(file, "/A/session", str)), 4)
        self.write(THREE)
        self.rewire("rewiring", "--results", folder, "--overwrite")
        self.assertEqual(len(values(file, "/A/session", str)), 3)

    # --- memory ---

    def test_what_would_not_fit_does_not_start(self):
        study = self.write(THREE)
        for ranks in [1, 2]:
            self.assertFails(3, ["not enough memory", "rewire plan rewiring"], "rewiring", "--results", study,
                             ranks=ranks, env={"SLURM_MEM_PER_NODE": "20"})
            self.assertIn("not enough memory", (study / "rewiring.log").read_text())
            self.assertFalse((study / "rewiring.h5").exists())
        self.assertIn("memory", self.rewire("plan", "rewiring", "--results", study, "--ranks", "2"))

    # --- components without a Gram matrix ---

    def planted(self, neurons, sessions):
        """Two courses over the sessions in one of 16 pairs each, little noise, and no edge elsewhere."""
        draw = random.Random(neurons)
        pairs = neurons * (neurons - 1) // 2
        edges = {pair: (draw.gauss(0, 1), draw.gauss(0, 1)) for pair in range(0, pairs, 16)}
        lines = ["neurons " + " ".join(map(str, range(neurons)))]
        for session in range(sessions):
            row = ["0"] * pairs
            time = session / sessions
            for pair, (rising, passing) in edges.items():
                row[pair] = repr(0.3 + 0.2 * rising * time + 0.1 * passing * math.sin(math.pi * time)
                                 + draw.gauss(0, 0.003))
            lines.append(f"session A {session:03} {session + 1} hash{session} " + " ".join(row))
        return "\n".join(lines) + "\n"

    def test_components_by_products_are_those_of_the_gram_matrix(self):
        for neurons, edges in [(490, "thresholded"), (24, "all")]: # two blocks of pairs, and one
            words = ["--edges", edges, "--components", "2", "--overwrite"]
            folder = self.write(self.planted(neurons, 40), f"by-gram{neurons}")
            gram = folder / "rewiring.h5"
            self.rewire("rewiring", "--results", folder, *words)
            self.assertEqual(values(gram, "/A@pca", str), ["gram"])
            for ranks in [1, 2, 3]:
                other = self.folder / f"shell{neurons}-{ranks}"
                shutil.copytree(folder, other)
                self.rewire("rewiring", "--results", other, "--pca", "shell", *words, ranks=ranks)
                shell = other / "rewiring.h5"
                self.assertEqual(values(shell, "/A@pca", str), ["shell"])
                for name in ["score", "explained_variance_ratio", "loading", "mds", "top_positive_mean"]:
                    expected = values(gram, f"/A/{name}")
                    found = values(shell, f"/A/{name}")
                    self.assertEqual(len(found), len(expected))
                    self.assertLess(max(abs(a - b) for a, b in zip(found, expected)),
                                    1e-8 * max(map(abs, expected)), f"{name}, {ranks} ranks")
                for name in ["top_positive_pair", "top_negative_pair"]:
                    self.assertEqual(values(shell, f"/A/{name}"), values(gram, f"/A/{name}"))

    def test_few_sessions_take_the_gram_matrix(self):
        gram, _ = self.rewiring(THREE, "--pca", "gram")
        for ranks in [1, 4]:
            shell, _ = self.rewiring(THREE, "--pca", "shell", results=f"shell{ranks}", ranks=ranks)
            self.assertEqual(values(shell, "/A@pca", str), ["gram"])
            self.assertEqual(values(shell, "/A/loading"), values(gram, "/A/loading"))

    def test_many_sessions_that_do_not_differ(self):
        for sessions, method in [(3, "gram"), (7, "gram"), (64, "gram"), (64, "shell")]:
            same = "".join(f"session A {k} {k} hash{k} 0.1 0.7 0\n" for k in range(1, sessions + 1))
            file, _ = self.rewiring("neurons 1 2 3\n" + same, "--pca", method, results=f"{method}{sessions}", ranks=2)
            self.assertEqual(values(file, "/A@status", str), ["sessions do not differ"])

    def test_plan_for_a_study_that_grew_or_is_small(self):
        study = self.simulate(sessions=4, neurons=300)
        results = self.folder / "results"
        words = ["plan", "rewiring", "--results", results, "--study", study, "--ranks", "1"]
        ahead = self.rewire(*words)
        self.rewire("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--session", "01")
        self.assertEqual(self.rewire(*words), ahead)  # of the study, not of the connectome as it is yet
        single = self.simulate(sessions=1, out="single")
        for more in [[], ["--largest", "subject"]]:
            plan = self.rewire("plan", "rewiring", "--results", self.folder / "none", "--study", single, "--ranks", "2", *more)
            self.assertRegex(plan, r"--mem-per-cpu=[1-9]")


if __name__ == "__main__":
    unittest.main(verbosity=2)
