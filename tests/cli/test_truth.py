"""Simulated studies that are hard to read: what they hold, and what recovery and the page say of them."""

import subprocess
import unittest

from rewire_cli import Case, run


class Truth(Case):
    def connectome(self, study, *words, results="results", ranks=2):
        code, out, err = run("connectome", "--study", study, "--results", self.folder / results, "--tau-s", "0.7",
                             "--displacements", "0", *words, ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return self.folder / results

    def recovery(self, study, results):
        code, out, err = run("recovery", "--study", study, "--results", results)
        self.assertEqual(code, 0, err)
        return {line[:26].strip(): line[26:].split() for line in out.splitlines() if line[:26].strip()}

    def test_recovery_scores_what_was_planted_and_what_would_be_there_without_end(self):
        study = self.simulate(neurons=30, duration_s=300)
        rows = self.recovery(study, self.connectome(study))

        classes = ["planted", "two steps apart", "three steps apart", "further, both moving", "all others"]
        pairs, there, threshold, supported, holm = (list(column) for column in
                                                    zip(*([int(n) for n in rows[name]] for name in classes)))
        self.assertEqual(sum(pairs), 3 * 30 * 29 // 2)
        self.assertEqual(pairs[0], int(rows["edge (threshold)"][0]))
        self.assertEqual(there[0], pairs[0])  # usual strengths are far above what counts as there
        self.assertLess(there[1], 0.05 * pairs[1])  # explaining away: negative
        self.assertGreater(there[2], 0)       # and positive again: there, and not planted
        self.assertEqual(sum(there), int(rows["without end: supported"][0]))
        self.assertEqual(sum(threshold), int(rows["edge (threshold)"][1]))
        self.assertEqual(sum(supported), int(rows["supported (q_both <= 0.05)"][1]))
        self.assertEqual(sum(holm), int(rows["supported (Holm <= 0.05)"][1]))
        self.assertGreaterEqual(float(rows["without end: supported"][3]), 0.95)

    def test_two_sided_tests_find_what_is_negative_without_end(self):
        study = self.simulate("--inhibition", "0.5", neurons=30, duration_s=400)
        words = ["--support", "shift", "--surrogates", "500"]
        found = {}
        for side in [[], ["--two-sided"]]:
            results = self.connectome(study, *words, *side, results="-".join(["results", *side]))
            code, out, err = run("recovery", "--study", study, "--results", results)
            self.assertEqual(code, 0, err)
            found[bool(side)] = {line[:26].strip(): line[26:].split() for line in out.splitlines() if line[:26].strip()}
            self.assertEqual("have to find it with its sign" in out, bool(side))
            code, _, err = run("report", "--results", results)
            self.assertEqual(code, 0, err)
            page = (results / "report.html").read_text()
            for text in ["supported as negative", "has to have its sign in a session without end"]:
                self.assertEqual(text in page, bool(side))
        one, two = found[False], found[True]

        pairs, there, negative = (int(two["two steps apart"][k]) for k in range(3))
        self.assertEqual([pairs, there], [int(n) for n in one["two steps apart"][:2]])
        self.assertGreater(negative, 0.9 * pairs)  # explaining away
        # A rule that looks for positive pairs is held against these, two-sided ones against both signs.
        self.assertEqual(two["without end: threshold"], one["without end: threshold"])
        classes = ["planted", "two steps apart", "three steps apart", "further, both moving", "all others"]
        both_signs = sum(int(n) for name in classes for n in two[name][1:3])
        for rule in ["supported", "q"]:
            row = two["without end: " + rule]
            self.assertEqual(int(row[0]), both_signs)
            self.assertGreater(int(row[1]), int(one["without end: " + rule][1]))
            self.assertGreaterEqual(float(row[3]), 0.95)
        # What was planted is positive.
        self.assertLess(float(two["q <= 0.05"][3]), float(one["q <= 0.05"][3]))
        self.assertLessEqual(int(two["q <= 0.05"][2]), int(one["q <= 0.05"][2]))

    def test_weak_connections_and_short_sessions_are_not_all_found(self):
        study = self.simulate("--weakest", "0.05", "--shortest-s", "20", neurons=40, duration_s=200)
        results = self.connectome(study)
        rows = self.recovery(study, results)

        precision, recall = map(float, rows["supported (q_both <= 0.05)"][3:5])
        self.assertGreaterEqual(precision, 0.8)
        self.assertLess(recall, 0.5)

        code, out, err = run("report", "--results", results)
        self.assertEqual(code, 0, out + err)
        page = (results / "report.html").read_text()
        for words in ["What the simulation planted", "by the length of the session", "sessions of 20 s",
                      "sessions of 200 s", "two steps apart"]:
            self.assertIn(words, page)

    def test_what_the_recording_adds_is_not_in_a_session_without_end(self):
        words = "the recording gives all traces"
        for options, what in [(["--artefacts-per-min", "4"], "artefacts"), (["--common-drift", "0.3"], "common drift"),
                              ([], "")]:
            study = self.simulate("--null", *options, sessions=1, neurons=20, out=f"study-{what}")
            results = self.connectome(study, results=f"results-{what}", ranks=1)
            _, out, _ = run("recovery", "--study", study, "--results", results)
            code, _, err = run("report", "--results", results)
            self.assertEqual(code, 0, err)
            page = (results / "report.html").read_text()
            for text in [out, page]:
                self.assertEqual(words in text, bool(what), text if text is out else what)
            if what:
                self.assertIn(f"without the {what} that", out)
                self.assertIn(f"something in common: {what}.", page)

    def test_hidden_inputs_are_supported_and_were_not_planted(self):
        study = self.simulate("--null", "--hidden-inputs", "0.3", sessions=2, neurons=30, duration_s=400)
        rows = self.recovery(study, self.connectome(study))

        self.assertEqual(rows["supported (q_both <= 0.05)"][0], "0")
        found, both = map(int, rows["without end: supported"][1:3])
        self.assertGreater(found, 30)
        self.assertGreaterEqual(both, 0.9 * found)

    def test_every_difficulty_makes_another_study_with_the_same_connections(self):
        usual = self.simulate(out="usual", sessions=1, duration_s=40)
        first = (usual / "sub-L23M1" / "sub-L23M1_ses-01.nwb").read_bytes()
        for words in [["--strength", "0.5"], ["--weakest", "0.1"], ["--delay-frames", "2"], ["--missed-events", "0.3"],
                      ["--hidden-inputs", "0.2"], ["--inhibition", "0.2"], ["--burst-gain", "4"], ["--rate-fall", "0.8"],
                      ["--common-drift", "0.3"], ["--artefacts-per-min", "3"]]:
            with self.subTest(words[0]):
                study = self.simulate(*words, out=words[0][2:], sessions=1, duration_s=40)
                file = study / "sub-L23M1" / "sub-L23M1_ses-01.nwb"
                self.assertNotEqual(file.read_bytes(), first)
                self.assertIn(words[0][2:].split("-")[0].encode(), file.read_bytes())  # in its notes
                code, out, err = run("study", study)
                self.assertEqual(code, 0, out + err)

    def test_the_same_files_on_any_number_of_ranks(self):
        words = ["simulate", "--animals", 1, "--sessions", 3, "--neurons", 20, "--duration-s", 30, "--shortest-s", 10,
                 "--inhibition", 0.2, "--hidden-inputs", 0.2]
        for ranks in [1, 3]:
            code, out, err = run(*words, "--out", self.folder / str(ranks), ranks=ranks)
            self.assertEqual(code, 0, out + err)
        same = subprocess.run(["diff", "-r", self.folder / "1", self.folder / "3"], capture_output=True, text=True)
        self.assertEqual(same.returncode, 0, same.stdout)

    def test_what_makes_no_study_is_refused(self):
        for words, wording in [(["--weakest", "0"], "weakest"), (["--strength", "1.5"], "strength"),
                               (["--shortest-s", "500"], "shortest"), (["--missed-events", "1"], "missed-events"),
                               (["--burst-gain", "0.5"], "burst-gain")]:
            with self.subTest(words[0]):
                code, _, err = run("simulate", "--out", self.folder / "none", "--duration-s", 60, *words)
                self.assertIn(code, [2, 3])
                self.assertIn(wording, err)


if __name__ == "__main__":
    unittest.main()
