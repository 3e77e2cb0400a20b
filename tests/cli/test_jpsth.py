"""Joint histograms of pairs as a command: what they have to add up to, lists of pairs, the same bits, kill and resume."""

import unittest

from rewire_cli import kill_all, run, start, wait_for
from spike_case import SpikeCase, values


class JpsthCase(SpikeCase):
    job = "jpsth"
    window = ["--align", "trials", "--stop-s", "1"]

    def pairs(self, *lines, head="pre,post"):
        path = self.folder / "pairs.csv"
        path.write_text("\n".join([head, *lines]) + "\n")
        return path


class Jpsth(JpsthCase):
    def test_matrices_are_those_of_the_definitions(self):
        study = self.session("trials")
        list_of_pairs = self.pairs("0,1", "5,2")
        full, _ = self.compute(study, "full", *self.window, "--pairs", list_of_pairs, "--full", "--bin-ms", "20")
        group = "/A/01/"
        bins, trials = 50, 100
        psth = values(full, group + "psth")
        joint, predictor = values(full, group + "jpsth"), values(full, group + "predictor")
        self.assertEqual(len(joint), 2 * bins * bins)
        for pair, (i, j) in enumerate([(0, 1), (5, 2)]):
            for a in range(bins):
                for b in range(bins):
                    cell = (pair * bins + a) * bins + b
                    expected = psth[i * bins + a] * psth[j * bins + b]
                    self.assertAlmostEqual(predictor[cell], expected, 6)
                    # A trial counts where both fire: never more often than either does.
                    self.assertLessEqual(joint[cell], min(psth[i * bins + a], psth[j * bins + b]) + 1e-6)
                    self.assertAlmostEqual(joint[cell] * trials, round(joint[cell] * trials), 4)
        # All units respond at 0.5 s, independently: what is joint there is what the PSTHs predict.
        middle = 25 * bins + 25
        self.assertGreater(joint[middle], 0.3)
        self.assertAlmostEqual(joint[middle], predictor[middle], delta=0.15)
        conditional = values(full, group + "conditional")
        self.assertAlmostEqual(conditional[middle], joint[middle] / psth[25], 5)
        # The band holds the same numbers.
        band, _ = self.compute(study, "band", *self.window, "--pairs", list_of_pairs, "--bin-ms", "20", "--band-ms", "60")
        delays = values(band, group + "delay_ms")
        self.assertEqual(delays, [-60, -40, -20, 0, 20, 40, 60])
        banded = values(band, group + "jpsth")
        for a in range(bins):
            for place in range(7):
                b = a + place - 3
                if 0 <= b < bins:
                    self.assertEqual(banded[a * 7 + place], joint[a * bins + b])
        self.assertEqual(len(values(band, group + "correlogram")), 2 * 7)

    def test_pairs_that_correlograms_connect(self):
        study = self.session("trials")
        _, text = self.compute(study, "out", *self.window, "--jitter", "interval", job="ccg")
        result, _ = self.compute(study, "out", *self.window)
        called = {frozenset((row["pre"], row["post"])) for row in self.table("out", job="ccg")}
        i, j = values(result, "/A/01/pair_i"), values(result, "/A/01/pair_j")
        self.assertEqual({frozenset((str(int(a)), str(int(b)))) for a, b in zip(i, j)}, called)
        self.assertEqual(len(i), len(called))
        # The export of another job is a list of pairs.
        other, _ = self.compute(study, "other", *self.window, "--pairs", self.folder / "out/export/ccg.csv")
        self.assertEqual(len(values(other, "/A/01/pair_i")), len(called))
        page = self.page("out")
        self.assertIn("Connections over the trial", page)
        self.assertEqual(len(self.table("out")), len(called) * 41)

    def test_same_bits_on_any_number_of_ranks(self):
        study = self.session("trials")
        words = [*self.window, "--pairs", self.pairs(*(f"{i},{j}" for i in range(12) for j in range(i))), "--bin-ms", "4"]
        for ranks in [1, 2, 3]:
            self.compute(study, str(ranks), *words, ranks=ranks)
        for ranks in [2, 3]:
            self.assertSameDatasets(self.folder / "1/jpsth.h5", self.folder / f"{ranks}/jpsth.h5")

    def test_what_is_wrong_with_pairs_and_trials(self):
        study = self.session("trials")
        base = ["jpsth", "--study", study, "--results", self.folder / "out"]
        window = self.window
        self.assertFails(2, "--align", *base)
        self.assertFails(3, ["no ccg yet", "rewire ccg"], *base, *window)
        self.assertFails(4, "cannot read the list of pairs", *base, *window, "--pairs", self.folder / "none.csv")
        self.assertFails(3, "no columns pre and post", *base, *window, "--pairs", self.pairs("0,1", head="a,b"))
        self.assertFails(3, ["too few fields", "line 3"], *base, *window, "--pairs", self.pairs("0,1", "2"))
        self.assertFails(3, ["a unit has no id", "line 3"], *base, *window, "--pairs", self.pairs("0,1", ",2"))
        self.assertFails(3, ["too many pairs", "line 1000001"], *base, *window, "--pairs", self.pairs(*["0,1"] * 1000001))
        self.assertFails(2, "whole number of bins", *base, *window, "--pairs", self.pairs("0,1"), "--bin-ms", "3")
        self.assertFails(2, "--full", *base, *window, "--pairs", self.pairs("0,1"), "--full", "--band-ms", "50")
        self.assertFails(3, "no trial is left", *base, *window, "--pairs", self.pairs("0,1"), "--where", "start_time<0")

    def test_units_that_are_not_there_are_left_out_and_counted(self):
        study = self.session("trials")
        result, text = self.compute(study, "out", *self.window, "--pairs", self.pairs("0,1", "1,0", "0,77", "3,3"))
        self.assertEqual(values(result, "/A/01/pair_i"), [0])  # each pair once, in either order
        self.assertRegex(text, r"A +01 +12 +1 +100 +1\n")
        _, text = self.compute(study, "none", *self.window, "--pairs", self.pairs("70,71"))
        self.assertIn("no pairs among the chosen units", text)
        self.assertIn("no pairs among the chosen units", self.page("none"))

    def test_another_list_is_another_result(self):
        study = self.session("trials")
        self.compute(study, "out", *self.window, "--pairs", self.pairs("0,1"))
        self.pairs("0,2")
        self.assertFails(2, "list of pairs", "jpsth", "--study", study, "--results", self.folder / "out", *self.window,
                         "--pairs", self.folder / "pairs.csv")

    def test_plan(self):
        out = self.rewire("plan", "jpsth", "--study", self.session("trials"), "--results", self.folder / "out",
                          *self.window, "--pairs", self.pairs("0,1"), "--ranks", 2)
        self.assertIn("#SBATCH", out)
        # In a chain, before there are the correlograms that name the pairs.
        base = ["jpsth", "--study", self.session("trials"), "--results", self.folder / "out", *self.window]
        self.assertIn("as if every unit had two pairs: there is no", self.rewire("plan", *base, "--ranks", 2))
        self.assertFails(3, "no ccg yet", *base)


class Killed(JpsthCase):
    def test_kill_nine_and_again(self):
        results = self.folder / "killed"
        study = self.session("trials")
        words = [*self.window, "--pairs", self.pairs(*(f"{i},{j}" for i in range(12) for j in range(i))), "--full",
                 "--bin-ms", "1"]
        base = ["jpsth", "--study", study, "--results", results, "--checkpoint-s", "0.1", *words]
        for ranks in [2, 1]:
            process = start(*base, ranks=ranks)
            wait_for(lambda: list(results.glob("jpsth.checkpoint/*/pairs.*.snapshot")) or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
            self.assertFalse((results / "jpsth.h5").exists())
        code, _, err = run(*base, ranks=3)
        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        undisturbed, _ = self.compute(study, "undisturbed", *words, ranks=2)
        self.assertSameDatasets(undisturbed, results / "jpsth.h5")


if __name__ == "__main__":
    unittest.main()
