"""The dynamic graph as a command: ratios, agreement with joint histograms, weights by trial, the same bits, resume."""

import csv
import math
import subprocess
import unittest

from rewire_cli import kill_all, run, start, wait_for
from spike_case import SpikeCase, values
from test_dynetcp_dynamic import SHORT, SMALL, TRIALS, WRITE, attribute, dumped

JOB = "dynamics"
MODEL = "dynetcp-dynamic"
HISTOGRAMS = "jpsth"


class DynamicsCase(SpikeCase):
    job = JOB

    def triplets(self):
        path = self.folder / "study" / "01.nwb"
        if not path.exists():
            subprocess.run([WRITE, path, "small"], check=True)
        return path

    def model(self, results="out", *words):
        return self.compute(self.triplets(), results, *SMALL, "--edges", "all", "--epochs", "2", *words, job=MODEL)[0]

    def pairs(self):
        path = self.folder / "pairs.csv"
        path.write_text("pre,post\n0,1\n2,1\n5,4\n")
        return path

    def histograms(self, results="out", *words):
        return self.compute(self.triplets(), results, *TRIALS, "--bin-ms", "1", "--band-ms", "10", "--pairs", self.pairs(),
                            *words, job=HISTOGRAMS)[0]

    def dynamics(self, results="out", *words, ranks=1):
        return self.compute(self.triplets(), results, *words, ranks=ranks)


class Dynamics(DynamicsCase):
    def test_ratio_rule(self):
        model = self.model()
        result, text = self.dynamics()
        lag_ms, fixed = values(result, "/A/01/functional_lag_ms"), values(result, "/A/01/static_weight")
        all_fixed, smoothed = values(model, "/A/01/static_weight"), values(model, "/A/01/weight_smoothed")
        weight, ratio, present = (values(result, "/A/01/" + name) for name in ["weight", "ratio", "present"])
        self.assertEqual(len(present), 72 * 100)
        for edge in range(72):
            lags = all_fixed[edge * 4:edge * 4 + 4]
            lag = max([1, 2, 3], key=lambda k: abs(lags[k]))
            self.assertEqual(lag_ms[edge], lag)
            self.assertEqual(fixed[edge], lags[lag])
            for time in range(100):
                at = edge * 100 + time
                if math.isnan(weight[at]):
                    self.assertEqual(present[at], 0)
                    continue
                self.assertEqual(weight[at], smoothed[at * 4 + lag])
                self.assertAlmostEqual(ratio[at] * fixed[edge], weight[at], 4)
                self.assertEqual(present[at], 0 if abs(ratio[at]) <= 1 else math.copysign(1, weight[at]))
        self.assertTrue(all(math.isnan(value) for value in values(result, "/A/01/pearson")))
        self.assertIn("A            01", text)
        spaces = values(result, "/A/01/dimensionality")
        per_unit = values(result, "/A/01/normalised_dimensionality")
        self.assertEqual([round(9 * value) for value in per_unit], spaces)
        self.assertEqual(spaces[2], spaces[3])  # every unit has an edge

    def test_agreement_with_joint_histograms(self):
        self.model()
        histograms = self.histograms()
        result, _ = self.dynamics()
        sender, receiver, r = (values(result, "/A/01/" + name) for name in ["sender", "receiver", "pearson"])
        compared = {(int(j), int(i)) for j, i, value in zip(sender, receiver, r) if not math.isnan(value)}
        # Both directions of each pair of the list.
        self.assertEqual(compared, {(0, 1), (1, 0), (2, 1), (1, 2), (4, 5), (5, 4)})
        conditional = values(histograms, "/A/01/conditional_smoothed")
        edge = [int(j) for j in sender].index(0) if receiver[0] == 1 else next(
            k for k in range(72) if (sender[k], receiver[k]) == (0, 1))
        smoothed = values(self.folder / "out" / f"{MODEL}.h5", "/A/01/weight_smoothed")
        spikes = values(self.folder / "out" / f"{MODEL}.h5", "/A/01/spike_count")
        ours, theirs = [], []
        for time in range(100):
            for lag in range(min(time, 3) + 1):
                recent = [spikes[(edge * 100 + t) * 4 + lag] for t in range(max(0, time - 9), time + 1)]
                if sum(recent) > 0:
                    ours.append(smoothed[(edge * 100 + time) * 4 + lag])
                    theirs.append(conditional[(time - lag) * 21 + 10 + lag])
        self.assertEqual(len(ours), values(result, "/A/01/compared_cells")[edge])
        self.assertAlmostEqual(correlation(ours, theirs), r[edge], 4)
        p = values(result, "/A/01/tost_p")[edge]
        self.assertTrue(0 <= p <= 1)
        wide, _ = self.dynamics("out", "--tost-margin", "1", "--overwrite")
        self.assertLess(values(wide, "/A/01/tost_p")[edge], p)

    def test_histograms_of_other_bins_are_refused(self):
        self.model()
        for words, wording in [(["--bin-ms", "2"], "--bin-ms 2 there, 1 of the model"),
                               (["--stop-s", "0.09"], "--stop-s 0.09 there, 0.1 of the model"),
                               (["--band-ms", "2"], "reach 2 ms from the diagonal, the lags of the weights 3 ms")]:
            chosen = {"--align": "trials", "--stop-s": "0.1", "--bin-ms": "1", "--band-ms": "10", words[0]: words[1]}
            self.compute(self.triplets(), "out", *[word for pair in chosen.items() for word in pair], "--pairs", self.pairs(),
                         "--overwrite", job=HISTOGRAMS)
            self.assertFails(3, wording, JOB, "--study", self.triplets(), "--results", self.folder / "out")

    def test_weights_of_every_trial(self):
        model = self.model("out", "--test", "0.2")
        result, _ = self.dynamics("out", "--write-edges", ranks=2)
        text = dumped(result, "-H", "-d", "/A/01/trial_weight")
        self.assertIn("( 12, 72, 100, 4 )", text)
        weight = values(result, "/A/01/trial_weight")
        fixed = values(model, "/A/01/static_weight")
        average, count = values(model, "/A/01/weight"), values(model, "/A/01/spike_count")
        # At the first bin there is no offset; elsewhere what one trial alone gave is the average.
        ones = 0
        for edge in range(72):
            for trial in range(12):
                at = (trial * 72 + edge) * 400
                for lag in range(4):
                    self.assertAlmostEqual(weight[at + lag], fixed[edge * 4 + lag], places=5)
            for cell in range(400):
                if count[edge * 400 + cell] == 1:
                    ones += 1
                    self.assertTrue(any(abs(weight[(trial * 72 + edge) * 400 + cell] - average[edge * 400 + cell]) < 1e-5
                                        for trial in range(12)))
        self.assertGreater(ones, 100)
        self.assertEqual(len(values(result, "/A/01/trial")), 12)

    def test_same_bits_on_any_number_of_ranks(self):
        model = self.model()
        self.histograms()
        one, _ = self.dynamics("out", "--write-edges")
        for ranks in [2, 3]:
            folder = self.folder / f"ranks{ranks}"
            folder.mkdir()
            for name in [MODEL, HISTOGRAMS]:
                (folder / f"{name}.h5").write_bytes((model.parent / f"{name}.h5").read_bytes())
            many, _ = self.dynamics(folder.name, "--write-edges", ranks=ranks)
            self.assertSameDatasets(one, many)

    def test_options_are_those_of_the_model(self):
        self.assertFails(3, f"rewire {MODEL}", JOB, "--study", self.triplets(), "--results", self.folder / "out")
        self.model()
        self.assertFails(2, "--lags 4 here, but 3 of the model", JOB, "--study", self.triplets(), "--results",
                         self.folder / "out", "--lags", "4")
        result, _ = self.dynamics("out", "--lags", "3")
        _, text = self.dynamics("out", "--lags", "3")
        self.assertIn("nothing to do", text)
        self.assertEqual(attribute(result, "/A/01/averaged_over"), "validation")

    def test_page_table_plan_and_chain(self):
        self.model()
        self.histograms()
        self.dynamics()
        page = self.page("out")
        self.assertIn("The dynamic graph", page)
        self.assertIn("joint histogram", page)
        rows = self.table("out", "--all-pairs")
        self.assertEqual(len(rows), 72 * 100)
        self.assertEqual({row["present"] for row in rows} - {"0", "1", "-1"}, set())
        out = self.rewire("plan", JOB, "--study", self.triplets(), "--results", self.folder / "out", "--write-edges", "--ranks", 4)
        self.assertIn("weights", out)
        chain = self.rewire("chain", "dynamic-connectivity")
        self.assertLess(chain.index(MODEL), chain.index(f"\n{JOB}\t"))
        self.assertIn(HISTOGRAMS, chain)

    def test_no_edge_is_said(self):
        table = self.folder / "edges.csv"
        table.write_text("pre,post\n77,78\n")
        self.compute(self.triplets(), "out", *SMALL, "--edges", table, job=MODEL)
        result, text = self.dynamics("out", ranks=2)
        self.assertIn("no edge among the units", text)
        self.assertEqual(attribute(result, "/A/01/status"), "no edge among the units")


    def test_recovery_sets_active_beside_inactive_bins(self):
        study = self.folder / "simulated"
        self.rewire("simulate", "triplets", "--out", study, "--neurons", "9", "--triplets", "2", "--trials", "30")
        words = ["--study", study, "--results", self.folder / "out"]
        self.rewire(MODEL, *words, "--align", "trials", "--stop-s", "0.5", "--bin-ms", "5", "--lags", "2", "--lambda", "0.3",
                    "--edges", "all", "--epochs", "1", "--all-units", "--min-rate-hz", "0")
        self.rewire(JOB, *words)
        out = self.rewire("recovery", *words)
        rows = {line[:26].strip(): line[26:].split() for line in out.splitlines()}
        bins = [int(rows[kind][0]) for kind in ["planted, active", "planted, not active", "against planted", "indirect",
                                                "unconnected"]]
        self.assertTrue(all(bins[:4]), bins)
        self.assertLessEqual(sum(bins), 72 * 100)
        self.assertRegex(out, r"AUC of weights, planted: active against other bins +0\.[0-9]{3}")
        self.assertRegex(out, r"AUC of ratios, planted and active against indirect +[01]\.[0-9]{3}")


class Null(DynamicsCase):
    def test_planted_edges_beat_models_of_shuffled_trials(self):
        words = [*TRIALS, "--bin-ms", "1", "--lags", "3", "--lambda", "0.3", "--learning-rate", "1e-3", "--epochs", "3",
                 "--edges", "all", "--null", "5"]
        result, text = self.compute(self.triplets(), "out", *words, job=MODEL, ranks=2)
        self.assertIn("5 null models: p of an edge is 0.167 at least; q over 72 edges 1 where one alone has it, 0.167 where all "
                      "have, so no edge can have q <= 0.05", text)
        self.assertRegex(text, r"fitted p of null models that were left out: [0-9.]+ % <= 0.05, ")
        p_max, p_value, q_value = (values(result, "/A/01/" + name) for name in ["p_max", "p_value", "q_value"])
        self.assertTrue(all(abs(6 * p - round(6 * p)) < 1e-9 and p > 0.1 for p in p_max))
        edges = list(zip(*(map(int, values(result, "/A/01/" + name)) for name in ["sender", "receiver"])))
        with open(f"{self.triplets()}.pairs.csv") as table:
            true = {(int(row["pre"]), int(row["post"])) for row in csv.DictReader(table)}
        self.assertEqual({round(6 * p_max[edges.index(edge)]) for edge in true}, {1})
        # Of different chains: nothing is shared.
        others = [k for k, (a, b) in enumerate(edges) if a // 3 != b // 3]
        self.assertGreater(sorted(p_max[k] for k in others)[len(others) // 2], 0.3)

        def mean_p(some):
            p = [p_value[100 * k + time] for k in some for time in range(100)]
            p = [value for value in p if not math.isnan(value)]
            return sum(p) / len(p)

        self.assertLess(mean_p([edges.index(edge) for edge in true]), 0.2)
        self.assertAlmostEqual(mean_p(others), 0.5, delta=0.1)
        self.assertTrue(all(math.isnan(q) == math.isnan(p) and not q < p for p, q in zip(p_value, q_value)))
        self.assertEqual(len(values(result, "/A/01/null_weight")), 5 * 72 * 100)
        dynamics, _ = self.dynamics()
        self.assertEqual(values(dynamics, "/A/01/p_max"), p_max)
        self.assertEqual(len(values(dynamics, "/A/01/q_value")), 7200)

    def test_same_bits_and_resumed_between_models(self):
        words = [*SHORT, "--edges", "all", "--epochs", "1", "--null", "4"]
        one, _ = self.compute(self.triplets(), "one", *words, job=MODEL)
        many, _ = self.compute(self.triplets(), "many", *words, job=MODEL, ranks=3)
        self.assertSameDatasets(one, many)
        results = self.folder / "killed"
        base = [MODEL, "--study", self.triplets(), "--results", results, "--checkpoint-s", "0", *words]
        process = start(*base, ranks=2)
        wait_for(lambda: list(results.glob(f"{MODEL}.checkpoint/*/null-1*")) or process.poll() is not None)
        self.assertIsNone(process.poll(), "it ended before it could be killed")
        kill_all(process)
        code, _, err = run(*base, ranks=3)
        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        self.assertSameDatasets(one, results / f"{MODEL}.h5")

    def test_plan_says_what_it_costs(self):
        out = self.rewire("plan", MODEL, "--study", self.triplets(), "--results", self.folder / "out", *SMALL, "--edges", "all",
                          "--null", "20", "--ranks", 4)
        self.assertRegex(out, r"null-1 .*20")
        self.assertIn("20 null models: p of an edge is 0.0476 at least; q over 72 edges 1 where one alone has it", out)


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return covariance / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


if __name__ == "__main__":
    unittest.main()
