"""Static connectivity of a population as a command: planted pairs, the same bits, kill and resume, what is wrong with trials."""

import csv
import subprocess
import unittest

from rewire_cli import BUILD, Case, kill_all, run, start, wait_for

WRITE = BUILD / "tests" / "write_triplets"
UNITS = BUILD / "tests" / "write_units_session"
JOB = "dynetcp-static"
TRIALS = ["--align", "trials", "--stop-s", "0.1"]
RULE = ["--lags", "70", "--min-pair-spikes", "0"]


def dumped(path, *words):
    return subprocess.run(["h5dump", "-y", "-w", "0", "-m", "%.17g", *words, path], capture_output=True, text=True,
                          check=True).stdout


def values(path, dataset):
    inside = dumped(path, "-d", dataset).split("DATA {")[1].split("}")[0]
    return [float(word) for word in inside.replace(",", " ").split()]


def attribute(path, name):
    return dumped(path, "-a", name).split("DATA {")[1].split("}")[0].strip().strip('"')


class StaticCase(Case):
    def session(self, kind):
        path = self.folder / kind / "01.nwb"
        subprocess.run([WRITE, path, kind], check=True)
        return path

    def fit(self, study, results, *words, ranks=1):
        code, out, err = run(JOB, "--study", study, "--results", self.folder / str(results), *words, ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return self.folder / str(results) / f"{JOB}.h5", out + err

    def edges(self, results, *words):
        code, out, err = run("export", "--results", self.folder / str(results), "--what", JOB, *words)
        self.assertEqual(code, 0, out + err)
        with open(self.folder / str(results) / "export" / f"{JOB}.csv") as table:
            return list(csv.DictReader(table))

    def true_pairs(self, study):
        with open(f"{study}.pairs.csv") as table:
            return {(row["pre"], row["post"]): float(row["lag"]) for row in csv.DictReader(table)}


class Static(StaticCase):
    def test_planted_pairs_are_found_with_lag_and_direction(self):
        study = self.session("small")
        self.fit(study, "out", *TRIALS, *RULE, "--lambda", "1")
        found = {(row["pre"], row["post"]): float(row["peak_lag_ms"]) for row in self.edges("out")}
        self.assertEqual(found, self.true_pairs(study))
        self.assertEqual(len(self.edges("out", "--all-pairs")), 9 * 8)

    def test_the_corrected_weights_are_the_difference(self):
        result, _ = self.fit(self.session("small"), "out", *TRIALS, *RULE, "--lambda", "1")
        weight, twin, corrected = (values(result, "/A/01/" + name) for name in
                                   ["weight", "weight_jittered", "weight_corrected"])
        self.assertEqual(len(weight), 9 * 9 * 71)
        for one, other, difference in zip(weight, twin, corrected):
            self.assertAlmostEqual(one - other, difference, places=6)
        for unit in range(9):
            self.assertEqual(weight[(unit * 9 + unit) * 71], 0)

    def test_lambda_is_chosen_on_held_out_trials(self):
        result, text = self.fit(self.session("small"), "out", *TRIALS, "--lags", "10", "--jitter", "none", "--test", "0.2")
        nll, path = values(result, "/A/01/path_nll"), values(result, "/A/01/path_lambda")
        chosen = float(attribute(result, "/A/01/lambda"))
        self.assertAlmostEqual(chosen, path[nll.index(min(nll))])
        self.assertAlmostEqual(values(result, "/A/01/validation_nll")[0], min(nll), places=5)
        test, rates = (float(attribute(result, "/A/01/" + name)) for name in ["test_nll", "rate_test_nll"])
        self.assertLess(test, rates)
        self.assertIn("too few lags beyond 50 ms", text)

    def test_same_bits_on_any_number_of_ranks(self):
        study = self.session("small")
        for name, words in [("lbfgs", []), ("adam", ["--optimiser", "adam", "--lambda", "1", "--epochs", "5", "--batch", "7"]),
                            ("dither", ["--jitter", "dither", "--optimiser", "adam", "--lambda", "1", "--epochs", "3"])]:
            one, _ = self.fit(study, name + "1", *TRIALS, *RULE, *words)
            for ranks in [2, 3, 4]:
                many, _ = self.fit(study, name + str(ranks), *TRIALS, *RULE, *words, ranks=ranks)
                self.assertSameDatasets(one, many)

    def test_adam_comes_to_the_optimum(self):
        study, words = self.session("small"), [*TRIALS, "--lags", "10", "--jitter", "none", "--lambda", "1"]
        optimum, _ = self.fit(study, "lbfgs", *words)
        trained, _ = self.fit(study, "adam", *words, "--optimiser", "adam", "--learning-rate", "0.02", "--epochs", "300",
                              "--patience", "300", "--batch", "48")
        loss = values(trained, "/A/01/train_loss")
        best = values(optimum, "/A/01/train_loss")[0]
        self.assertLess(min(loss), loss[0])
        self.assertGreaterEqual(min(loss), best - 1e-6)
        self.assertLess(min(loss), best + 1e-3)

    def test_training_stops_early(self):
        study = self.session("small")
        result, _ = self.fit(study, "out", *TRIALS, "--lags", "10", "--jitter", "none", "--lambda", "0.001", "--optimiser",
                             "adam", "--learning-rate", "0.1", "--patience", "3", ranks=2)
        epochs = values(result, "/A/01/epoch")
        best = int(attribute(result, "/A/01/best_epoch"))
        self.assertEqual(epochs[-1], best + 4)
        loss = values(result, "/A/01/validation_loss")
        self.assertEqual(loss.index(min(loss)), best)

    def test_windows_of_a_recording(self):
        study = self.session("small")
        result, _ = self.fit(study, "out", "--window-s", "0.5", "--lags", "70", "--lambda", "1", "--min-pair-spikes", "0",
                             ranks=2)
        self.assertEqual(attribute(result, "/A/01/jitter"), "dither")
        found = {(row["pre"], row["post"]) for row in self.edges("out")}
        self.assertLessEqual(found, set(self.true_pairs(study)))
        self.assertGreaterEqual(len(found), 4)
        # Their jitter is no draw: no chance is subtracted.
        other, _ = self.fit(study, "other", "--window-s", "0.5", "--lags", "70", "--lambda", "1", "--min-pair-spikes", "0",
                            "--seed", "7")
        self.assertEqual(values(other, "/A/01/weight_jittered"), values(result, "/A/01/weight_jittered"))

    def test_trials_are_split_within_conditions(self):
        study, words = self.session("small"), [*TRIALS, "--lags", "10", "--jitter", "none", "--lambda", "1"]
        result, _ = self.fit(study, "one", *words, "--condition", "stimulus", "--validation", "0.1", "--test", "0.3")
        parts = [int(attribute(result, f"/A/01/trials_{part}")) for part in ["train", "validation", "test"]]
        self.assertEqual(parts, [2 * 18, 2 * 3, 2 * 9])
        self.assertFails(3, "it has: start_time", JOB, "--study", study, "--results", self.folder / "no", *words, "--condition",
                         "contrast")

    def test_units_that_never_or_always_fire_are_left_out(self):
        result, text = self.fit(self.session("extremes"), "out", *TRIALS, "--lags", "5", "--lambda", "1", "--min-rate-hz", "0",
                                ranks=2)
        self.assertIn("unit 4 never fires in the trials to train on", text)
        self.assertIn("unit 7 fires in every bin of the trials to train on", text)
        self.assertEqual(values(result, "/A/01/unit_id"), [0, 1, 2, 3, 5, 6, 8])

    def test_trials_of_unequal_length(self):
        """Every trial is the same window from its start; one that begins within the last is left out and counted."""
        result, text = self.fit(self.session("unequal"), "out", *TRIALS, "--lags", "5", "--lambda", "1", "--jitter", "none")
        self.assertIn("60 trials of 90 rows: 0 not chosen, 1 not wholly observed, 29 overlap the one before", text)
        whole, _ = self.fit(self.session("small"), "whole", *TRIALS, "--lags", "5", "--lambda", "1", "--jitter", "none")
        self.assertEqual(values(result, "/A/01/weight"), values(whole, "/A/01/weight"))

    def test_near_units_are_flagged_and_not_called(self):
        """Two connections, both between neighbours."""
        study = self.folder / "near" / "01.nwb"
        subprocess.run([UNITS, study, "near"], check=True)
        words = ["--window-s", "2", "--lags", "70", "--lambda", "1", "--min-pair-spikes", "0"]
        result, text = self.fit(study, "out", *words, ranks=2)
        self.assertIn("2 pairs of units on one peak channel or within 50 um were not tested (--test-near)", text)
        self.assertEqual(list(zip(values(result, "/A/01/near_first"), values(result, "/A/01/near_second"))), [(0, 1), (2, 3)])
        self.assertEqual(int(attribute(result, "/A/01/pairs_asked").split(":")[-1]), 7 * 6 // 2 - 2)
        self.assertEqual(self.edges("out"), [])
        code, out, err = run("report", "--results", self.folder / "out")
        self.assertEqual(code, 0, out + err)
        self.assertIn("2 pairs of units on one peak channel", (self.folder / "out" / "report.html").read_text())
        self.fit(study, "all", *words, "--test-near")
        self.assertEqual({(row["pre"], row["post"], row["near"]) for row in self.edges("all")}, {("0", "1", "1"), ("2", "3", "1")})

    def test_what_cannot_be_modelled_is_refused_before_the_run(self):
        small, one = self.session("small"), self.session("one")
        for study, words, wording in [(one, TRIALS, ["1 trials: one has to train"]),
                                      (small, [*TRIALS, "--lags", "100"], ["100 lags need more than the 100 bins"]),
                                      (small, [*TRIALS, "--lags", "5", "--where", "start_time<0.25"],
                                       ["two at least", "trials of 60 rows: "]),
                                      (small, [*TRIALS, "--lags", "5", "--condition", "start_time"],
                                       ["no condition has two trials", "--condition"])]:
            for ranks in [1, 2]:
                self.assertFails(3, wording + ["01.nwb"], JOB, "--study", study, "--results", self.folder / "out", *words,
                                 ranks=ranks)
            self.assertFalse((self.folder / "out" / f"{JOB}.h5").exists())

    def test_usage(self):
        study = self.session("small")
        for words, wording in [(["--lambda", "little"], "little is not a penalty"), (["--lambda", "0"], "not a penalty"),
                               (["--optimiser", "adam"], "lambda is chosen among optima"),
                               (["--batch", "4"], "an option of --optimiser adam"),
                               (["--jitter", "pattern"], "across trials"),
                               (["--jitter", "none", "--jitter-ms", "5"], "nothing to jitter"),
                               (["--jitter-ms", "2.5"], "whole number of bins"),
                               (["--condition", "stimulus"], "--align"),
                               (["--validation", "0.6", "--test", "0.6"], "too few trials")]:
            self.assertFails(2, wording, JOB, "--study", study, "--results", self.folder / "out", *words)

    def test_a_diverging_training_says_where(self):
        err = self.assertFails(5, ["the training diverges: in step", "learning rate of 10", "norm of the gradient"], JOB, "--study",
                               self.session("small"), "--results", self.folder / "out", *TRIALS, "--lags", "10", "--lambda",
                               "1e45", "--optimiser", "adam", "--learning-rate", "10", ranks=2)
        self.assertEqual(err.count("the training diverges"), 1, err)

    def test_page_plan_and_chain(self):
        study = self.session("small")
        self.fit(study, "out", *TRIALS, *RULE, "--lambda", "1")
        code, out, err = run("ccg", "--study", study, "--results", self.folder / "out", *TRIALS, "--all-units")
        self.assertEqual(code, 0, out + err)
        code, out, err = run("report", "--results", self.folder / "out")
        self.assertEqual(code, 0, out + err)
        page = (self.folder / "out" / "report.html").read_text()
        for wording in ["Static connectivity of the population", "of jittered trains", "correlogram of the same pair"]:
            self.assertIn(wording, page)
        code, out, err = run("plan", JOB, "--study", study, "--results", self.folder / "out", *TRIALS, "--ranks", 4)
        self.assertEqual(code, 0, err)
        self.assertIn("#SBATCH", out)
        code, out, _ = run("chain", "dynamic-connectivity")
        self.assertIn(JOB, out)


class Killed(StaticCase):
    def killed_and_finished(self, results, snapshot, words):
        study = self.session("small")
        base = [JOB, "--study", study, "--results", self.folder / results, "--checkpoint-s", "0.05", *TRIALS, *words]
        for ranks in [2, 1]:
            process = start(*base, ranks=ranks)
            wait_for(lambda: list((self.folder / results).glob(f"{JOB}.checkpoint/*/{snapshot}")) or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
        code, _, err = run(*base, ranks=3)
        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        undisturbed, _ = self.fit(study, "undisturbed", *TRIALS, *words, ranks=2)
        self.assertSameDatasets(undisturbed, self.folder / results / f"{JOB}.h5")

    def test_kill_nine_and_again(self):
        self.killed_and_finished("optimum", "lambda.*.snapshot", ["--lags", "95", "--jitter", "interval"])

    def test_kill_nine_in_training_and_again(self):
        self.killed_and_finished("trained", "train-1.state*", ["--lags", "60", "--optimiser", "adam", "--lambda", "1", "--epochs",
                                                              "80", "--patience", "80", "--batch", "8"])


if __name__ == "__main__":
    unittest.main()
