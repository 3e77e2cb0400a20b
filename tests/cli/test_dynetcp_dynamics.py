"""The dynamic graph as a command: ratios, agreement with joint histograms, weights by trial, the same bits, resume."""

import csv
import math
import re
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
        smooth, _ = self.dynamics("out", "--smooth-ms", "10", "--overwrite")
        self.assertEqual(str(values(smooth, "/A/01/weight")), str(weight))  # NaN or not
        for fewer, all_of_them in zip(values(smooth, "/A/01/dimensionality"), spaces):
            self.assertLess(fewer, all_of_them)
        self.assertEqual(attribute(smooth, "/A/01/smooth_ms"), "10")

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

    def test_histograms_of_other_trials_are_refused(self):
        self.model("out", "--where", "stimulus==0")
        base = [JOB, "--study", self.triplets(), "--results", self.folder / "out"]
        self.histograms()
        self.assertFails(3, "of other trials than the weights: 60 there, 30 of the model", *base)
        self.histograms("out", "--where", "stimulus==1", "--overwrite")
        self.assertFails(3, "30, --where stimulus==1 there, 30, --where stimulus==0 of the model", *base)
        # A condition on units chooses no trials.
        self.histograms("out", "--where", "stimulus==0", "--where", "id<6", "--overwrite")
        self.dynamics()

    def test_another_recording_is_refused(self):
        self.model()
        base = [JOB, "--study", self.triplets(), "--results", self.folder / "out"]
        own = self.triplets().read_bytes()
        subprocess.run([WRITE, self.triplets(), "unequal"], check=True)
        self.assertFails(3, ["the file changed since its model was trained", f"rewire {MODEL}", "--overwrite"], *base)
        self.histograms()
        self.triplets().write_bytes(own)
        self.assertFails(3, "the joint histograms are of another recording than the weights", *base)

    def test_several_values_of_an_option_have_to_be_given_again(self):
        for name, where in [("two", ["--where", "stimulus==0", "--where", "start_time>=0"]), ("space", ["--where", "stimulus== 0"])]:
            base = [JOB, "--study", self.triplets(), "--results", self.folder / name]
            self.model(name, *where)
            self.assertFails(2, ["the model was made with several values of --where, or one with a space", "give them again"],
                             *base)
            self.assertFails(2, "of the model", *base, "--where", "stimulus==1")
            self.dynamics(name, *where)

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
        for ranks in [2, 3, 4]:
            folder = self.folder / f"ranks{ranks}"
            folder.mkdir()
            for name in [MODEL, HISTOGRAMS]:
                (folder / f"{name}.h5").write_bytes((model.parent / f"{name}.h5").read_bytes())
            many, _ = self.dynamics(folder.name, "--write-edges", ranks=ranks)
            self.assertSameDatasets(one, many)

    def test_page_without_areas_or_sweep(self):
        self.model()
        result, _ = self.dynamics()
        names = subprocess.run(["h5ls", f"{result}/A/01"], capture_output=True, text=True, check=True).stdout
        for name in ["delay_ms", "feedforward", "sweep_lambda"]:
            self.assertNotIn(name, names)
        page = self.page("out")
        for words in ["Models with other penalties", "Delays of dynamic weights"]:
            self.assertNotIn(words, page)

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
        self.assertEqual(len(set(re.findall(r"A 01, [0-9.]+ s\b", page))), 4)
        page = self.page("out", "--graph-times", "0.02,0.05")
        self.assertIn("A 01, 0.02 s", page)
        self.assertIn("present at chosen times", page)
        for times, wording in [("0.1,x", "not times"), ("5", "no trial has one of these times"), ("0," * 12 + "0", "13 times")]:
            self.assertFails(2, wording, "report", "--results", self.folder / "out", "--graph-times", times)
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
        alone = self.rewire("recovery", *words)
        self.assertIn("4 of 4 planted connections have an edge", alone)
        self.assertNotIn("the dynamic graph", alone)
        self.rewire(JOB, *words)
        out = self.rewire("recovery", *words)
        self.assertIn(alone[:alone.index("AUC of weights")], out)
        rows = {line[:26].strip(): line[26:].split() for line in out.splitlines()}
        bins = [int(rows[kind][0]) for kind in ["planted, active", "planted, not active", "against planted", "indirect",
                                                "unconnected"]]
        self.assertTrue(all(bins[:4]), bins)
        self.assertLessEqual(sum(bins), 72 * 100)
        weights = {line[:26].strip(): line[26:].split() for line in alone.splitlines()}
        for kind, row in rows.items():
            if kind in ["planted, active", "unconnected"]:
                self.assertEqual(weights[kind][0], row[0], kind)
                self.assertTrue(0 <= float(row[1]) <= 1)
        self.assertRegex(out, r"AUC of weights, planted: active against other bins +0\.[0-9]{3}")
        self.assertRegex(out, r"AUC of ratios, planted and active against indirect +[01]\.[0-9]{3}")


class Sweep(DynamicsCase):
    """Models of several penalties beside the same joint histograms."""

    def swept(self, penalty, *words):
        self.model(f"lambda{penalty}", "--lambda", penalty, "--static-lambda", "1", *words)
        return self.folder / f"lambda{penalty}"

    def model(self, results="out", *words):
        options = {"--align": "trials", "--stop-s": "0.1", "--bin-ms": "1", "--lags": "3", "--lambda": "1", "--edges": "all",
                   "--epochs": "2", "--learning-rate": "1e-3"}
        flags = [word for word in words if word == "--overwrite"]
        given = [word for word in words if word != "--overwrite"]
        options.update(zip(given[::2], given[1::2]))
        return self.compute(self.triplets(), results, *[word for pair in options.items() for word in pair], *flags, job=MODEL)[0]

    def words(self, *folders):
        return [word for folder in folders for word in ["--sweep", folder]]

    def test_a_row_for_every_penalty(self):
        self.model()
        histograms = self.histograms()
        folders = [self.swept("3"), self.swept("0.1")]
        result, _ = self.dynamics("out", *self.words(*folders))
        self.assertEqual(values(result, "/A/01/sweep_lambda"), [0.1, 1, 3])
        nll = values(result, "/A/01/sweep_validation_nll")
        rows = {}
        for folder in folders:
            (folder / f"{HISTOGRAMS}.h5").write_bytes(histograms.read_bytes())
            alone, _ = self.dynamics(folder.name)
            rows[folder.name] = {name: values(alone, f"/A/01/{name}") for name in ["pearson", "difference", "tost_p"]}
            self.assertIn(min(values(folder / f"{MODEL}.h5", "/A/01/validation_nll")), nll)
        rows["own"] = {name: values(result, f"/A/01/{name}") for name in ["pearson", "difference", "tost_p"]}
        for name in ["pearson", "difference", "tost_p"]:
            swept = values(result, f"/A/01/sweep_{name}")
            for k, row in enumerate(["lambda0.1", "own", "lambda3"]):
                for one, other in zip(swept[72 * k:72 * k + 72], rows[row][name]):
                    self.assertTrue(one == other or (math.isnan(one) and math.isnan(other)), (name, row))
        compared = [r for r in values(result, "/A/01/sweep_pearson") if not math.isnan(r)]
        self.assertEqual(len(compared), 3 * 6)
        self.assertEqual(len(set(compared)), 3 * 6)

        page = self.page("out")
        for words in ["Models with other penalties", "Correlation of dynamic weights and joint histograms over the penalty"]:
            self.assertIn(words, page)
        self.table("out")
        with open(self.folder / "out" / "export" / f"{JOB}-sweep.csv") as table:
            rows = list(csv.DictReader(table))
        self.assertEqual(len(rows), 18)
        self.assertEqual({float(row["lambda"]) for row in rows}, {0.1, 1, 3})
        out = self.rewire("plan", JOB, "--study", self.triplets(), "--results", self.folder / "out", *self.words(*folders),
                          "--ranks", 2)
        self.assertRegex(out, r"sweep ")

        for ranks in [2, 3]:
            folder = self.folder / f"ranks{ranks}"
            folder.mkdir()
            for name in [MODEL, HISTOGRAMS]:
                (folder / f"{name}.h5").write_bytes((self.folder / "out" / f"{name}.h5").read_bytes())
            many, _ = self.dynamics(folder.name, *self.words(*folders), ranks=ranks)
            self.assertSameDatasets(result, many)

    def test_edges_that_a_model_of_the_sweep_does_not_have(self):
        self.model()
        self.histograms()
        table = self.folder / "edges.csv"
        table.write_text("pre,post\n0,1\n5,4\n8,7\n")
        folder = self.swept("3", "--edges", table)
        result, _ = self.dynamics("out", *self.words(folder))
        r = values(result, "/A/01/sweep_pearson")
        edges = list(zip(*(map(int, values(result, "/A/01/" + name)) for name in ["sender", "receiver"])))
        self.assertEqual({edge for edge, value in zip(edges, r[72:]) if not math.isnan(value)}, {(0, 1), (5, 4)})

    def test_what_does_not_fit_is_refused(self):
        self.model()
        base = [JOB, "--study", self.triplets(), "--results", self.folder / "out"]
        other = self.swept("3")
        self.assertFails(3, ["a sweep compares with joint histograms", f"rewire {HISTOGRAMS}"], *base, *self.words(other))
        self.histograms()
        self.assertFails(3, ["no model of the sweep", "train it first"], *base, *self.words(self.folder / "nowhere"))
        self.assertFails(3, "two models of the sweep have --lambda 3", *base, *self.words(other, other))
        self.assertFails(3, "two models of the sweep have --lambda 1", *base, *self.words(self.folder / "out"))
        fewer = self.swept("0.1", "--lags", "2")
        self.assertFails(3, ["differs in more than its penalty", "--lags 2 there, 3 of the model"], *base, *self.words(fewer))
        self.dynamics("out", *self.words(other))
        _, text = self.dynamics("out", *self.words(other))
        self.assertIn("nothing to do", text)
        # Trained again: the rows of the sweep are of the model that was there.
        self.swept("3", "--epochs", "1", "--overwrite")
        self.assertFails(2, "models of the sweep", *base, *self.words(other))


class Areas(DynamicsCase):
    """Delays between areas: what the result says of edges, put together again."""

    def test_delays_between_areas(self):
        study = self.folder / "visual"
        self.rewire("simulate", "recording", "--out", study, "--units-an-area", "3", "--trials", "20")
        words = ["--align", "drifting_gratings_presentations", "--stop-s", "0.3", "--bin-ms", "3", "--lags", "4", "--all-units",
                 "--min-rate-hz", "0", "--edges", "all", "--epochs", "1", "--lambda", "1", "--null", "3"]
        model, _ = self.compute(study, "out", *words, job=MODEL, ranks=2)
        result, _ = self.compute(study, "out", ranks=2)
        group = "/visual/01/"
        sender, receiver, lag_ms, weight = (values(result, group + name) for name in ["sender", "receiver", "peak_lag_ms",
                                                                                     "peak_weight"])
        edges = len(sender)
        lags, bins = 5, 100
        average, count = values(model, group + "weight"), values(model, group + "spike_count")
        for edge in range(0, edges, 17):
            means = []
            for lag in range(lags):
                cells = [(edge * bins + time) * lags + lag for time in range(bins)]
                spikes = sum(count[at] for at in cells)
                means.append(sum(count[at] * average[at] for at in cells) / spikes if spikes else -math.inf)
            best = max(range(lags), key=lambda lag: means[lag])
            if means[best] == -math.inf:
                self.assertTrue(math.isnan(weight[edge]) and math.isnan(lag_ms[edge]))
                continue
            self.assertAlmostEqual(weight[edge], means[best], places=5)
            self.assertEqual(lag_ms[edge], 3 * best)

        area, score = values(result, group + "unit_area"), values(result, group + "hierarchy_score")
        self.assertEqual(len(score), 6)
        q = values(result, group + "q_max")
        self.assertFalse(any(value <= 0.05 for value in q))  # of three null models
        self.assertEqual(values(result, group + "area_from"), [])
        feedforward, feedback, present = (values(result, group + name) for name in ["feedforward", "feedback", "present"])
        up = [k for k in range(edges) if score[int(area[int(receiver[k])])] > score[int(area[int(sender[k])])]]
        down = [k for k in range(edges) if score[int(area[int(receiver[k])])] < score[int(area[int(sender[k])])]]
        for time in range(0, bins, 9):
            for share, some in [(feedforward, up), (feedback, down)]:
                self.assertAlmostEqual(share[time], sum(present[k * bins + time] != 0 for k in some) / len(some))

        # Without null models every pair counts, by its stronger direction.
        self.compute(study, "out", *words[:-2], "--overwrite", job=MODEL, ranks=2)
        result, _ = self.compute(study, "out", "--overwrite")
        lag_ms, weight = values(result, group + "peak_lag_ms"), values(result, group + "peak_weight")
        strongest = {}
        for j, i, ms, w in zip(sender, receiver, lag_ms, weight):
            pair, signed = (min(i, j), max(i, j)), -ms if j < i else ms
            if w > max(0, strongest.get(pair, (0, 0))[0]):
                strongest[pair] = (w, signed)
        delays = {}
        for (first, second), (_, ms) in strongest.items():
            a, b = int(area[int(first)]), int(area[int(second)])
            if a != b:  # time in the second area - time in the first
                delays.setdefault((min(a, b), max(a, b)), []).append(ms if a > b else -ms)
        found = dict(zip(zip(values(result, group + "area_from"), values(result, group + "area_to")),
                         values(result, group + "delay_ms")))
        self.assertEqual(set(found), set(delays))
        for pair, ms in delays.items():
            ms = sorted(ms)
            middle = len(ms) // 2
            self.assertAlmostEqual(found[pair], ms[middle] if len(ms) % 2 else (ms[middle - 1] + ms[middle]) / 2)
        difference = values(result, group + "hierarchy_difference")
        self.assertAlmostEqual(correlation(difference, list(found.values())), float(attribute(result, group + "r")), 6)
        self.assertTrue(0 < float(attribute(result, group + "p")) <= 1)
        page = self.page("out")
        for words in ["Delays of dynamic weights between areas", "up the hierarchy"]:
            self.assertIn(words, page)

    def test_scores_of_a_file(self):
        self.model()
        self.assertFails(4, "cannot read the table of area scores", JOB, "--study", self.triplets(), "--results",
                         self.folder / "out", "--area-scores", self.folder / "nowhere")


class Killed(DynamicsCase):
    def test_kill_nine_and_again_on_other_numbers_of_ranks(self):
        study = self.folder / "simulated"
        self.rewire("simulate", "triplets", "--out", study, "--neurons", "9", "--triplets", "2", "--trials", "30", "--sessions", "6")
        words = ["--align", "trials", "--stop-s", "0.5", "--bin-ms", "5"]
        self.compute(study, "model", *words, "--lags", "2", "--lambda", "0.3", "--edges", "all", "--epochs", "1", "--all-units",
                     "--min-rate-hz", "0", job=MODEL, ranks=2)
        self.compute(study, "model", *words, "--band-ms", "10", "--pairs", self.pairs(), "--all-units", "--min-rate-hz", "0",
                     job=HISTOGRAMS)

        def prepared(name):
            folder = self.folder / name
            folder.mkdir()
            for job in [MODEL, HISTOGRAMS]:
                (folder / f"{job}.h5").write_bytes((self.folder / "model" / f"{job}.h5").read_bytes())
            return folder

        prepared("undisturbed")
        undisturbed, _ = self.compute(study, "undisturbed", "--write-edges")
        self.assertIn("trial_weight", subprocess.run(["h5ls", f"{undisturbed}/triplets/06"], capture_output=True, text=True).stdout)
        for first, second in [(1, 4), (4, 1), (2, 3)]:
            results = prepared(f"killed{first}")
            base = [JOB, "--study", study, "--results", results, "--checkpoint-s", "0", "--write-edges"]
            process = start(*base, ranks=first)
            wait_for(lambda: list(results.glob(f"{JOB}.checkpoint/*/edges-2*")) or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
            code, _, err = run(*base, ranks=second)
            self.assertEqual(code, 0, err)
            self.assertIn("going on from", err)
            self.assertSameDatasets(undisturbed, results / f"{JOB}.h5")


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

    def test_too_few_models_for_a_tail(self):
        _, text = self.compute(self.triplets(), "out", *SHORT, "--edges", "all", "--epochs", "1", "--null", "2", job=MODEL)
        self.assertIn("too few null models for tails of single bins", text)

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
