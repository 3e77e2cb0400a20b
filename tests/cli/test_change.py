"""Did the network change: halves of sessions, what is told from them, and what the page says of it."""

import math
import re
import shutil
import unittest

from rewire_cli import Case, kill_all, run, start, wait_for
from test_rewiring import exists, values

KINDS = ["", "fine_", "quiet_"]


class Change(Case):
    def rewire(self, *words, ranks=1, code=0):
        got, out, err = run(*words, ranks=ranks)
        self.assertEqual(got, code, out + err)
        return out + err

    def connectome(self, study, results, *words, ranks=1):
        self.rewire("connectome", "--study", study, "--results", self.folder / results, "--tau-s", "0.7",
                    "--displacements", "0", *words, ranks=ranks)
        return self.folder / results / "connectome.h5"

    def rewiring(self, results, *words, ranks=1):
        said = self.rewire("rewiring", "--results", self.folder / results, *words, ranks=ranks)
        return self.folder / results / "rewiring.h5", said

    def page(self, results):
        self.rewire("report", "--results", self.folder / results)
        text = (self.folder / results / "report.html").read_text()
        body = text.split("<body>", 1)[1].split("Settings and files behind")
        text = " ".join([body[0]] + [part.split("</details>", 1)[-1] for part in body[1:]])
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).rsplit("Settings and files", 1)[0]

    def assertSays(self, page, *texts):
        self.assertEqual([text for text in texts if text not in page], [])


class Halves(Change):
    def test_are_there_where_an_animal_has_five_sessions(self):
        few = self.connectome(self.simulate(sessions=4), "few")
        self.assertFalse(exists(few, "/L23M1/01@half_status"))
        five = self.simulate(out="five", sessions=5)
        file = self.connectome(five, "five-results")
        for name in ["half_a", "half_b", "fine_half_a", "fine_half_b", "quiet_half_a", "quiet_half_b"]:
            self.assertEqual(len(values(file, f"/L23M1/03/{name}")), 190, name)
        self.assertEqual(len(values(file, "/L23M1/03/half_b_jackknife")), 20 * 190)
        self.assertTrue(0 < values(file, "/L23M1/03@movement_share")[0] < 1)
        # A session that is computed alone, as by an array of batch jobs, is one of five all the same.
        alone = self.connectome(five, "alone", "--session", "03")
        self.assertEqual(values(alone, "/L23M1/03/half_a"), values(file, "/L23M1/03/half_a"))
        self.assertFalse(exists(self.connectome(five, "no", "--halves", "no"), "/L23M1/01@half_status"))
        yes = self.connectome(self.folder / "study", "yes", "--halves", "yes", "--support", "none")
        self.assertEqual(values(yes, "/L23M1/01@fine_half_status", str), ["ok"])

    def test_the_halves_are_of_one_session(self):
        file = self.connectome(self.simulate(sessions=1, duration_s=600), "results", "--halves", "yes")
        whole = values(file, "/L23M1/01/partial_correlation")
        a, b = (values(file, f"/L23M1/01/half_{half}") for half in "ab")
        self.assertNotEqual(a, b)
        both = [(x + y) / 2 for x, y in zip(a, b)]
        self.assertLess(max(abs(x - y) for x, y in zip(both, whole)), 0.02)
        parts = values(file, "/L23M1/01/half_b_jackknife")
        mean = [sum(parts[pair::190]) / 20 for pair in range(190)]
        self.assertLess(max(abs(x - y) for x, y in zip(mean, b)), 0.01)

    def test_movements_that_are_asked_for_have_to_be_there(self):
        study = self.simulate(sessions=1)
        self.assertFails(3, "no table or series named nothing", "connectome", "--study", study, "--results",
                         self.folder / "results", "--tau-s", "0.7", "--halves", "yes", "--movement", "nothing")
        text = self.connectome(study, "lever", "--halves", "yes", "--movement", "lever")
        self.assertEqual(values(text, "/L23M1/01@quiet_half_status", str), ["ok"])

    def test_same_bits_on_any_number_of_ranks_and_after_a_kill(self):
        study = self.simulate(sessions=5)
        one = self.connectome(study, "one")
        for ranks in [2, 3]:
            self.assertSameDatasets(one, self.connectome(study, f"ranks{ranks}", ranks=ranks))
        long = self.simulate(out="long", sessions=5, neurons=40, duration_s=600)
        words = ["connectome", "--study", long, "--results", self.folder / "killed", "--tau-s", "0.7",
                 "--checkpoint-s", "0.05", "--displacements", "0"]
        process = start(*words, ranks=2)
        log = self.folder / "killed" / "connectome.log"
        checkpoint = self.folder / "killed"
        wait_for(lambda: any("halves" in path.name for path in checkpoint.rglob("*")) or process.poll() is not None)
        if process.poll() is None:
            kill_all(process)
        else:
            process.stderr.close()
        self.rewire(*words, ranks=1)
        self.assertSameDatasets(self.connectome(long, "whole"), self.folder / "killed" / "connectome.h5")
        self.assertTrue(log.exists())


class Told(Change):
    """Three animals of fourteen short sessions."""

    def setUp(self):
        super().setUp()
        self.study = self.simulate(animals=3, sessions=14, neurons=24, duration_s=240)
        self.connectome(self.study, "results", ranks=2)

    def test_names_ranks_merge_and_page(self):
        file, said = self.rewiring("results")
        self.assertIn("directed over 3 animals: p", said)
        for animal in ["L23M1", "L23M3"]:
            for prefix in KINDS:
                similarity = values(file, f"/{animal}/{prefix}similarity")
                distance = values(file, f"/{animal}/{prefix}distance")
                self.assertEqual(len(similarity), 14 * 14)
                for s, d in zip(similarity, distance):
                    if not math.isnan(s):
                        self.assertAlmostEqual(d, 2 - 2 * s, places=12)
                self.assertEqual(len(values(file, f"/{animal}/{prefix}displacement")), 13)
                for name in ["mantel", "mantel_p", "bend", "exponent", "exponent_low", "exponent_high", "return"]:
                    values(file, f"/{animal}@{prefix}{name}")
                self.assertTrue(0 < values(file, f"/{animal}@{prefix}mantel_p")[0] <= 1)
            for name in ["events", "effective_frames", "density", "reliability", "movement_share"]:
                self.assertEqual(len(values(file, f"/{animal}/{name}")), 14)
            self.assertEqual(len(values(file, f"/{animal}/ellipse")), 14 * 4)
            self.assertEqual(values(file, f"/{animal}/confound", str)[0], "session")
        self.assertEqual(values(file, "/@subjects", int), [3])
        bends = [values(file, f"/L23M{k}@bend")[0] for k in [1, 2, 3]]
        mean = sum(bends) / 3
        error = math.sqrt(sum((x - mean) ** 2 for x in bends) / 2 / 3)
        self.assertAlmostEqual(values(file, "/@bend_t")[0], mean / error, places=9)

        for ranks in [2, 3]:
            shutil.copytree(self.folder / "results", self.folder / f"ranks{ranks}")
            again, _ = self.rewiring(f"ranks{ranks}", "--overwrite", ranks=ranks)
            self.assertSameDatasets(file, again)

        parts = self.folder / "merged" / "parts"
        for animal in ["L23M1", "L23M2", "L23M3"]:
            (parts / animal).mkdir(parents=True)
            shutil.copy(self.folder / "results" / "connectome.h5", parts / animal)
            self.rewire("rewiring", "--results", parts / animal, "--subject", animal)
            (parts / animal / "connectome.h5").unlink()
        self.rewire("merge", "--results", self.folder / "merged")
        merged = self.folder / "merged" / "rewiring.h5"
        self.assertSameDatasets(file, merged)
        self.assertEqual(values(merged, "/@bend_t"), values(file, "/@bend_t"))

        page = self.page("results")
        self.assertSays(page, "Looked at: 42 sessions of 3 animals", "Changed over time", "3 animals (smallest p",
                        "Changed in one direction", "over 3 animals", "Came back", "No evidence:",
                        "chosen on one half", "How alike the sessions are", "How far the network goes",
                        "by chance: 77 % of an undirected walk of 14 sessions, 15 % of sessions that are noise")
        for text in ["surrogate", "computed without halves"]:
            self.assertFalse(text in page, text)


class NotTold(Change):
    def test_few_sessions_say_what_would_tell(self):
        study = self.simulate(sessions=3)
        self.connectome(study, "results")
        file, said = self.rewiring("results")
        self.assertIn("computed without halves", said)
        self.assertTrue(math.isnan(values(file, "/@bend_p")[0]))
        page = self.page("results")
        self.assertSays(page, "nothing here can tell change from noise", "rewire connectome --halves yes",
                        "not that they do")
        self.assertFalse("variance explained by two components, range" in page)

    def test_halves_of_fewer_than_five_sessions_are_not_tested(self):
        self.connectome(self.simulate(sessions=4), "results", "--halves", "yes")
        file, _ = self.rewiring("results")
        self.assertEqual(len(values(file, "/L23M1/similarity")), 16)
        self.assertTrue(math.isnan(values(file, "/L23M1@mantel_p")[0]))
        self.assertSays(self.page("results"), "Changed over time: not tested")

    def test_sessions_without_signal_are_left_out_and_counted(self):
        study = self.simulate("--null", sessions=6, duration_s=60)
        self.connectome(study, "results")
        file, said = self.rewiring("results")
        self.assertIn("can be told from noise", said + "".join(values(file, "/L23M1@change_status", str)))
        self.assertTrue(values(file, "/L23M1@change_sessions_left_out", str))
        page = self.page("results")
        self.assertSays(page, "standard errors, less than 8", "can be told from noise")
        self.assertFalse("--halves yes" in page.split("Trajectories", 1)[0])


if __name__ == "__main__":
    unittest.main()
