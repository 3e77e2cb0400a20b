"""Connections of methods against a known network and against each other."""

import statistics

from rewire_cli import main
from spike_case import SpikeCase, values


class CompareCase(SpikeCase):
    job = "compare"

    def means(self, text):
        """Mean of the directed MCC of excitation and inhibition, by method."""
        rows = [line.split() for line in text.splitlines()]
        return {row[2]: float(row[-1]) for row in rows if len(row) == 7 and row[0] in ("network", "A")}


def matthews(tp, fp, fn, tn):
    scale = ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    return (tp * tn - fp * fn) / scale if scale else 0


def directed_mean(truth, called, units):
    """Mean of the MCC of excitation and inhibition over all ordered pairs, of signs by [pre, post]."""
    both = 0
    for sign in [1, -1]:
        cells = [((truth[cell] * sign > 0), (called[cell] * sign > 0)) for cell in range(units * units)
                 if cell % (units + 1)]
        both += matthews(*(sum(cell == kind for cell in cells) for kind in [(1, 1), (0, 1), (1, 0), (0, 0)])) / 2
    return both


def called_by_the_rule(corrected, units):
    """The rule of 7 SD, a pair at a time, from the correlograms of a result: signs by [pre, post]."""
    called = [0] * (units * units)
    pairs = ((i, j) for i in range(units) for j in range(i + 1, units))
    for pair, (i, j) in enumerate(pairs):
        row = corrected[201 * pair:201 * (pair + 1)]
        limit = 7 * statistics.pstdev(row[:50] + row[151:])
        near = row[90:111]
        for sign in [1, -1]:
            size = max(sign * value for value in near)
            if size > limit:
                forward = near.index(sign * size) <= 10  # i leads at negative lags
                called[(i * units + j) if forward else (j * units + i)] = sign
                break
    return called


def called_by_q(peak, trough, units):
    called = [0] * (units * units)
    pairs = ((i, j) for i in range(units) for j in range(i + 1, units))
    for pair, (i, j) in enumerate(pairs):
        for direction, cell in enumerate([i * units + j, j * units + i]):
            if peak[2 * pair + direction] <= 0.05:
                called[cell] = 1
            elif trough[2 * pair + direction] <= 0.05:
                called[cell] = -1
    return called


class Reference(CompareCase):
    def test_known_network(self):
        network = self.known_network()
        for job in ["glmcc", "ccg"]:
            self.compute(network, "out", job=job, ranks=2)
        result, text = self.compute(network, "out", "--method", "glmcc")
        means = self.means(text)
        print(f"mean directed MCC on the known network: {means}")
        self.assertGreaterEqual(means["glmcc"], 0.86)
        self.assertGreaterEqual(means["ccg-fdr"], 0.70)
        self.assertGreater(means["ccg-fdr"], means["ccg-rule"])
        # The same numbers from the truth of the reference case and what the results say of each pair.
        group, units = "/network/01/", 40
        truth = values(self.recording().parents[2] / "reference" / "spikes" / "gt_network_40.h5", "/J_true")
        of_ccg = {name: values(self.folder / "out/ccg.h5", group + name) for name in ["corrected", "q_value", "q_trough"]}
        for method, called in [("ccg-rule", called_by_the_rule(of_ccg["corrected"], units)),
                               ("ccg-fdr", called_by_q(of_ccg["q_value"], of_ccg["q_trough"], units)),
                               ("glmcc", values(self.folder / "out/glmcc.h5", group + "significant"))]:
            self.assertAlmostEqual(means[method], directed_mean(truth, called, units), delta=0.0006, msg=method)
        threshold, least = values(result, group + "threshold"), values(result, group + "min_pair_spikes")
        counts = [values(result, group + name) for name in
                  ["true_positive", "false_positive", "false_negative", "true_negative"]]
        mcc = values(result, group + "mcc")
        self.assertEqual(len(mcc), 2 * 3 * len(threshold) * len(least))
        # Directed, all pairs: every ordered pair counts once.
        for sign in range(3):
            for place in range(len(threshold)):
                cell = (sign * len(threshold) + place) * len(least)
                self.assertEqual(sum(count[cell] for count in counts), units * (units - 1))
        for (tp, fp, fn, tn), found in zip(zip(*counts), mcc):
            self.assertAlmostEqual(found, matthews(tp, fp, fn, tn))
        # What lies elsewhere in the network is counted, too.
        self.assertEqual(sum(values(result, group + "directions")), units * (units - 1))
        found = values(result, group + "method_found")[:5]
        called = sum(value != 0 for value in values(self.folder / "out/glmcc.h5", group + "significant"))
        self.assertEqual(sum(found), called)
        self.assertEqual(len(self.table("out")), len(mcc))
        page = self.page("out")
        self.assertIn("Methods compared", page)
        self.assertIn("common input", page)


class Compare(CompareCase):
    def test_same_bits_on_any_number_of_ranks_and_methods_with_each_other(self):
        study = self.session("planted")
        for job in ["glmcc", "ccg"]:
            self.compute(study, "out", job=job)
        texts = {}
        for ranks in [1, 2, 3]:
            (self.folder / f"out{ranks}").mkdir()
            for job in ["glmcc", "ccg"]:
                (self.folder / f"out{ranks}" / f"{job}.h5").symlink_to(self.folder / "out" / f"{job}.h5")
            _, texts[ranks] = self.compute(study, f"out{ranks}", "--truth", "ccg-fdr", "--method", "ccg-rule",
                                           "--threshold", "7", "--threshold", "5", "--min-pair-spikes", "10", ranks=ranks)
        for ranks in [2, 3]:
            self.assertSameDatasets(self.folder / "out1/compare.h5", self.folder / f"out{ranks}/compare.h5")
        self.assertEqual(values(self.folder / "out1/compare.h5", "/A/01/threshold"), [5, 7])
        self.assertEqual(len(values(self.folder / "out1/compare.h5", "/A/01/mcc")), 2 * 3 * 2)
        # Both find the two connections that were planted, and a method agrees with itself.
        own = [line.split() for line in texts[1].splitlines() if line.startswith("A ")]
        self.assertEqual({row[2]: row[4] for row in own}["ccg-rule"], "1.000")
        self.assertEqual({row[2]: row[4] for row in own}["ccg-fdr"], "1.000")

    def test_without_a_truth(self):
        study = self.session("planted")
        results = self.folder / "out"
        self.assertFails(3, ["rewire ccg", "compute it first"], "compare", "--study", study, "--results", results)
        self.compute(study, "out", job="glmcc")
        self.assertFails(3, "nothing to compare with", "compare", "--study", study, "--results", results)
        self.assertFails(2, ["no method ccg-fdr", "there are glmcc"], "compare", "--study", study, "--results", results,
                         "--truth", "ccg-fdr")
        self.assertFails(3, "no planted connections", "compare", "--study", study, "--results", results,
                         "--truth", "planted")
        self.compute(study, "out", job="ccg")
        _, text = self.compute(study, "out")
        self.assertIn("glmcc", text)

    def test_other_results_are_another_comparison(self):
        study = self.session("planted")
        self.compute(study, "out", job="ccg")
        self.compute(study, "out")
        self.compute(study, "out")  # nothing to do
        self.compute(study, "out", "--threshold-sd", "5", "--overwrite", job="ccg")
        self.assertFails(2, ["other settings", "--overwrite"], "compare", "--study", study, "--results",
                         self.folder / "out")
        self.compute(study, "out", "--overwrite")

    def test_triplets(self):
        study = self.folder / "triplets"
        self.rewire("simulate", "triplets", "--out", study, "--neurons", "30", "--triplets", "8", "--trials", "300")
        window = ["--align", "trials", "--stop-s", "0.5"]
        self.compute(study, "out", *window, job="ccg", ranks=2)
        result, text = self.compute(study, "out")
        relation = values(result, "/triplets/01/directions")
        self.assertEqual(relation[0], 16)
        found = values(result, "/triplets/01/method_found")
        self.assertGreaterEqual(found[5], 12, text)  # of the 16 connections, by the false discovery rate
        self.assertIn("ccg-fdr, excitatory", self.rewire("recovery", "--study", study, "--results", self.folder / "out"))

    def test_plan_and_chain(self):
        study = self.session("planted")
        self.compute(study, "out", job="ccg")
        out = self.rewire("plan", "compare", "--study", study, "--results", self.folder / "out", "--ranks", 2)
        self.assertIn("#SBATCH", out)
        chain = self.rewire("chain", "spikes").splitlines()
        self.assertIn("compare\twhole\tccg,glmcc\t-", chain)
        self.assertEqual([line.split("\t")[0] for line in chain[1:]], ["ccg", "glmcc", "compare", "report"])


if __name__ == "__main__":
    main()
