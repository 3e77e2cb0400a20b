"""Connections within the trial as a command: planted windows, the same bits, kill and resume, choice of edges."""

import csv
import subprocess
import unittest

from rewire_cli import BUILD, Case, kill_all, run, start, wait_for

WRITE = BUILD / "tests" / "write_triplets"
JOB = "dynetcp-dynamic"
FIRST = "dynetcp-static"
TRIALS = ["--align", "trials", "--stop-s", "0.1"]
SMALL = [*TRIALS, "--bin-ms", "1", "--lags", "3", "--lambda", "1"]
SHORT = ["--align", "trials", "--stop-s", "0.05", *SMALL[len(TRIALS):]]  # where only bits are compared


def dumped(path, *words):
    return subprocess.run(["h5dump", "-y", "-w", "0", "-m", "%.17g", *words, path], capture_output=True, text=True,
                          check=True).stdout


def values(path, dataset):
    inside = dumped(path, "-d", dataset).split("DATA {")[1].split("}")[0]
    return [float(word) for word in inside.replace(",", " ").split()]


def attribute(path, name):
    return dumped(path, "-a", name).split("DATA {")[1].split("}")[0].strip().split(":")[-1].strip().strip('"')


class DynamicCase(Case):
    def session(self, kind):
        path = self.folder / kind / "01.nwb"
        if not path.exists():
            subprocess.run([WRITE, path, kind], check=True)
        return path

    def train(self, results, *words, kind="small", ranks=1):
        code, out, err = run(JOB, "--study", self.session(kind), "--results", self.folder / results, *words, ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return self.folder / results / f"{JOB}.h5", out + err

    def edges(self, result):
        return list(zip(*(map(int, values(result, "/A/01/" + name)) for name in ["sender", "receiver"])))


class Dynamic(DynamicCase):
    def test_weights_are_larger_where_connections_are_active(self):
        result, _ = self.train("out", *TRIALS, "--bin-ms", "1", "--lags", "5", "--edges", "all", "--lambda", "0.3",
                               "--learning-rate", "1e-3", "--epochs", "25", ranks=2)
        self.assertLess(values(result, "/A/01/validation_nll")[-1], float(attribute(result, "/A/01/static_validation_nll")))
        edges, weight, count = self.edges(result), values(result, "/A/01/weight"), values(result, "/A/01/spike_count")
        means = []
        with open(f"{self.session('small')}.pairs.csv") as table:
            for pair in csv.DictReader(table):
                edge, lag = edges.index((int(pair["pre"]), int(pair["post"]))), int(pair["lag"])
                sums = {True: [0, 0], False: [0, 0]}
                for time in range(100):
                    at = (edge * 100 + time) * 6 + lag
                    active = (25 <= time < 75) == (pair["middle"] == "1")
                    sums[active][0] += count[at] * weight[at]
                    sums[active][1] += count[at]
                active, inactive = (sums[key][0] / sums[key][1] for key in [True, False])
                self.assertGreater(active, inactive, pair)
                means.append((active, inactive))
        self.assertGreater(sum(active for active, _ in means), 1.5 * sum(inactive for _, inactive in means))

    def test_same_bits_on_any_number_of_ranks(self):
        for name, words in [("encoder", []), ("joint", ["--joint"])]:
            one, _ = self.train(name + "1", *SHORT, "--edges", "all", "--epochs", "2", "--test", "0.2", *words)
            for ranks in [2, 3, 4]:
                many, _ = self.train(name + str(ranks), *SHORT, "--edges", "all", "--epochs", "2", "--test", "0.2", *words,
                                     ranks=ranks)
                self.assertSameDatasets(one, many)

    def test_more_ranks_than_trials_of_a_batch(self):
        """Ranks share trials then: the same bits on the same number, losses that differ by rounding on others."""
        words = [*SHORT, "--edges", "all", "--epochs", "1", "--batch", "2", "--learning-rate", "1e-3"]
        for kind in [[], ["--joint"]]:
            curves = {}
            for ranks in [1, 2, 3, 4]:
                result, _ = self.train(f"ranks{ranks}{len(kind)}", *words, *kind, ranks=ranks)
                curves[ranks] = values(result, "/A/01/train_loss") + values(result, "/A/01/validation_loss")
            again, _ = self.train(f"again{len(kind)}", *words, *kind, ranks=3)
            self.assertSameDatasets(self.folder / f"ranks3{len(kind)}" / f"{JOB}.h5", again)
            self.assertEqual(curves[2], curves[1])
            for ranks in [3, 4]:
                for one, other in zip(curves[1], curves[ranks]):
                    self.assertAlmostEqual(other / one, 1, delta=1e-4)

    def test_what_is_written(self):
        result, _ = self.train("out", *SMALL, "--edges", "all", "--epochs", "1", "--test", "0.2")
        self.assertEqual(self.edges(result)[:3], [(1, 0), (2, 0), (3, 0)])
        self.assertEqual(values(result, "/A/01/lag_ms"), [0, 1, 2, 3])
        self.assertAlmostEqual(values(result, "/A/01/time_s")[99], 0.099)
        self.assertEqual(attribute(result, "/A/01/averaged_over"), "test")
        weight, smoothed, count = (values(result, "/A/01/" + name) for name in ["weight", "weight_smoothed", "spike_count"])
        self.assertEqual(len(weight), 72 * 100 * 4)
        fixed = values(result, "/A/01/static_weight")
        # At the first bin there is no offset: lag 0 is the static weight where the sender fired.
        for edge in range(72):
            at = edge * 100 * 4
            if count[at] > 0:
                self.assertAlmostEqual(weight[at], fixed[edge * 4], places=5)
            # Sums over the ten most recent bins.
            total = sum(count[at + 4 * time + 2] * weight[at + 4 * time + 2] for time in range(40, 50))
            spikes = sum(count[at + 4 * time + 2] for time in range(40, 50))
            if spikes > 0:
                self.assertAlmostEqual(smoothed[at + 4 * 49 + 2], total / spikes, places=4)

    def test_edges_of_the_static_result_in_both_directions(self):
        study, results = self.session("small"), self.folder / "out"
        self.assertFails(3, [f"rewire {FIRST}"], JOB, "--study", study, "--results", results, *SMALL)
        code, out, err = run(FIRST, "--study", study, "--results", results, *TRIALS, "--lags", "70", "--min-pair-spikes", "0",
                             "--lambda", "1")
        self.assertEqual(code, 0, out + err)
        result, _ = self.train("out", *SMALL, "--epochs", "1")
        with open(f"{study}.pairs.csv") as table:
            pairs = {(int(row["pre"]), int(row["post"])) for row in csv.DictReader(table)}
        self.assertEqual(set(self.edges(result)), pairs | {(b, a) for a, b in pairs})
        self.assertIn(FIRST, subprocess.run(["h5ls", str(result) + "/upstream"], capture_output=True, text=True).stdout)

    def test_edges_of_a_table(self):
        table = self.folder / "edges.csv"
        table.write_text("pre,post,note\n0,1,a\n4,2,b\n0,99,c\n3,3,d\n")
        result, text = self.train("out", *SMALL, "--edges", table, "--epochs", "1")
        self.assertEqual(self.edges(result), [(0, 1), (4, 2)])
        self.assertIn("1 edges of units that do not take part", text)
        for content, wording in [("from,to\n0,1\n", "no column pre"), ("pre,post\n0\n", "line 2 has 1 values, not 2")]:
            table.write_text(content)
            self.assertFails(3, wording, JOB, "--study", self.session("small"), "--results", self.folder / "no", *SMALL,
                             "--edges", table)
        self.assertFails(3, "no table of edges", JOB, "--study", self.session("small"), "--results", self.folder / "no", *SMALL,
                         "--edges", self.folder / "nowhere.csv")

    def test_another_list_of_edges_is_another_result(self):
        table = self.folder / "edges.csv"
        table.write_text("pre,post\n0,1\n")
        self.train("out", *SMALL, "--edges", table, "--epochs", "1")
        table.write_text("pre,post\n1,0\n")
        code, out, err = run(JOB, "--study", self.session("small"), "--results", self.folder / "out", *SMALL, "--edges", table,
                             "--epochs", "1")
        self.assertEqual(code, 2, out + err)
        self.assertIn("list of edges", err)

    def test_no_edge_is_said(self):
        table = self.folder / "edges.csv"
        table.write_text("pre,post\n77,78\n")
        result, text = self.train("out", *SMALL, "--edges", table, ranks=2)
        self.assertIn("no edge among the units", text)
        self.assertEqual(attribute(result, "/A/01/status"), "no edge among the units")

    def test_bad_input(self):
        for kind, words, wording in [("one", [], "1 trials: one has to train"),
                                     ("small", ["--lags", "100"], "100 lags need more than the 100 bins")]:
            self.assertFails(3, wording, JOB, "--study", self.session(kind), "--results", self.folder / "out", *TRIALS,
                             "--bin-ms", "1", "--edges", "all", *words)

    def test_units_that_never_or_always_fire_are_left_out(self):
        result, text = self.train("out", *SMALL, "--edges", "all", "--epochs", "1", "--min-rate-hz", "0", kind="extremes", ranks=2)
        self.assertIn("unit 4 never fires in the trials to train on", text)
        self.assertIn("unit 7 fires in every bin of the trials to train on", text)
        self.assertEqual(values(result, "/A/01/unit_id"), [0, 1, 2, 3, 5, 6, 8])
        self.assertEqual(len(self.edges(result)), 7 * 6)

    def test_trials_of_unequal_length(self):
        _, text = self.train("out", *SMALL, "--edges", "all", "--epochs", "1", kind="unequal")
        self.assertIn("60 trials of 90 rows: 0 not chosen, 1 not wholly observed, 29 overlap the one before", text)

    def test_a_diverging_training_says_where(self):
        err = self.assertFails(5, ["the training diverges: in step", "learning rate of 10", "norm of the gradient"], JOB, "--study",
                               self.session("small"), "--results", self.folder / "out", *TRIALS, "--bin-ms", "1", "--lags", "3",
                               "--edges", "all", "--lambda", "1e45", "--static-lambda", "1", "--learning-rate", "10", ranks=2)
        self.assertEqual(err.count("the training diverges"), 1, err)

    def test_weights_that_averages_do_not_hold(self):
        self.assertFails(5, ["a dynamic weight of", "averages hold none beyond 32768", "A 01", "--learning-rate"], JOB, "--study",
                         self.session("small"), "--results", self.folder / "out", *SHORT[:-1], "1e-9", "--static-lambda", "1",
                         "--edges", "all", "--learning-rate", "10", "--epochs", "1", ranks=2)

    def test_page_table_plan_and_chain(self):
        self.train("out", *SMALL, "--edges", "all", "--epochs", "2")
        code, out, err = run("report", "--results", self.folder / "out")
        self.assertEqual(code, 0, out + err)
        page = (self.folder / "out" / "report.html").read_text()
        for wording in ["Dynamic connectivity of the population", "The trials are those that stopped the training"]:
            self.assertIn(wording, page)
        code, out, err = run("export", "--results", self.folder / "out", "--what", JOB)
        self.assertEqual(code, 0, out + err)
        with open(self.folder / "out" / "export" / f"{JOB}.csv") as table:
            self.assertEqual(len(list(csv.DictReader(table))), 72 * 100)
        code, out, err = run("plan", JOB, "--study", self.session("small"), "--results", self.folder / "out", *SMALL, "--edges",
                             "all", "--ranks", 4)
        self.assertEqual(code, 0, err)
        self.assertIn("MB summed over ranks a step", out)
        for wording in ["of which the LSTMs of 9 units", "LSTMs owned by ranks would exchange", "measured just now"]:
            self.assertIn(wording, out)
        code, out, err = run("plan", JOB, "--study", self.session("small"), "--results", self.folder / "out", *SMALL, "--edges",
                             "all", "--ranks", 64)
        self.assertEqual(code, 0, err)
        self.assertIn("64 ranks share the 16 trials of a batch, each trial in", out)
        code, out, _ = run("chain", "dynamic-connectivity")
        self.assertIn(JOB, out)


class Planned(DynamicCase):
    def test_what_many_units_send_is_said(self):
        """LSTM parameters of 800 units: 39.7 million, summed every step; owned by ranks they would be few bins' embeddings."""
        study = self.folder / "many"
        code, out, err = run("simulate", "triplets", "--out", study, "--neurons", "800", "--triplets", "20", "--trials", "4")
        self.assertEqual(code, 0, out + err)
        for words, wording in [(["--bin-ms", "1"], "a step instead, which is more"),
                               (["--bin-ms", "5", "--batch", "1"], "a step instead, which is less: more --batch")]:
            code, out, err = run("plan", JOB, "--study", study, "--results", self.folder / "out", "--align", "trials", "--stop-s",
                                 "0.5", "--lags", "10", "--edges", "all", "--ranks", 16, *words)
            self.assertEqual(code, 0, err)
            text = " ".join(out.split())
            self.assertIn("of which the LSTMs of 800 units are 159 MB", text)
            self.assertIn(wording, text)


class Killed(DynamicCase):
    def test_kill_nine_in_training_and_again(self):
        words = [*SHORT, "--edges", "all", "--epochs", "6", "--batch", "8"]
        results = self.folder / "killed"
        base = [JOB, "--study", self.session("small"), "--results", results, "--checkpoint-s", "0.05", *words]
        for ranks in [2, 1]:
            process = start(*base, ranks=ranks)
            wait_for(lambda: list(results.glob(f"{JOB}.checkpoint/*/train-1.state*")) or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
        code, _, err = run(*base, ranks=3)
        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        undisturbed, _ = self.train("undisturbed", *words, ranks=2)
        self.assertSameDatasets(undisturbed, results / f"{JOB}.h5")

    def test_resumed_on_ranks_that_share_trials(self):
        """More ranks than trials of a batch: the same bits on the same number, losses that differ by rounding on another."""
        words = [*SHORT, "--edges", "all", "--epochs", "4", "--batch", "2", "--learning-rate", "1e-3"]
        undisturbed, _ = self.train("undisturbed", *words, ranks=4)
        for ranks in [4, 3]:
            results = self.folder / f"killed{ranks}"
            base = [JOB, "--study", self.session("small"), "--results", results, "--checkpoint-s", "0.05", *words]
            process = start(*base, ranks=4)
            wait_for(lambda: list(results.glob(f"{JOB}.checkpoint/*/train-1.state*")) or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
            code, _, err = run(*base, ranks=ranks)
            self.assertEqual(code, 0, err)
            self.assertIn("going on from", err)
            if ranks == 4:
                self.assertSameDatasets(undisturbed, results / f"{JOB}.h5")
                continue
            for name in ["train_loss", "validation_loss"]:
                ours, theirs = (values(path, "/A/01/" + name) for path in [results / f"{JOB}.h5", undisturbed])
                self.assertEqual(len(ours), len(theirs))
                for one, other in zip(ours, theirs):
                    self.assertAlmostEqual(other / one, 1, delta=1e-4)


if __name__ == "__main__":
    unittest.main()
