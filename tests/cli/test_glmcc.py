"""Couplings of all pairs as a command: the published program's weights, a known network, the same bits, kill and resume."""

import subprocess

from rewire_cli import kill_all, main, run, start, wait_for
from spike_case import SPIKES, SpikeCase, values


class GlmccCase(SpikeCase):
    job = "glmcc"


class Reference(GlmccCase):
    def test_weights_of_the_published_program(self):
        recording = self.recording()
        reference = recording.parents[2] / "reference" / "spikes" / "glmcc_hh20_0_5400s.h5"
        for words, case in [(["--delay", "fixed"], "/sim/GLM"), (["--delay", "search", "--mode", "lr"], "/exp/LR")]:
            result, _ = self.compute(recording, case.replace("/", ""), "--parity", *words, ranks=2)
            listing = subprocess.run(["h5ls", "-r", result], capture_output=True, text=True).stdout
            group = next(line.split()[0] for line in listing.splitlines() if "/weight_mv" in line)[:-len("weight_mv")]
            ours, theirs = values(result, group + "weight_mv"), values(reference, case + "_W_mV")
            self.assertEqual(len(ours), len(theirs))
            # Theirs has the later unit of a pair first.
            folder = case.split("/")[1]
            pairs = zip(values(reference, f"/{folder}/j"), values(reference, f"/{folder}/i"))
            delay = dict(zip(pairs, values(reference, case + "_delay")))
            pairs = zip(values(result, group + "pair_i"), values(result, group + "pair_j"))
            other = {pair for pair, ms in zip(pairs, values(result, group + "delay_ms")) if delay[pair] != ms}
            self.assertLessEqual(len(other), 1)
            for cell, (a, b) in enumerate(zip(ours, theirs)):
                if tuple(sorted(divmod(cell, 20))) not in other:
                    self.assertLessEqual(abs(a - b), 0.02 * 2.532)  # the published program stops early: 0.02 in J

    def test_known_network(self):
        network = self.known_network()
        self.compute(network, "out", ranks=2)
        text = self.rewire("recovery", "--study", network, "--results", self.folder / "out")
        mcc = {line.split(",")[1].split()[0]: float(line.split()[-2]) for line in text.splitlines()
               if line.startswith("glmcc, ")}
        print(f"directed MCC on the known network: {mcc}")
        self.assertGreaterEqual((mcc["excitatory"] + mcc["inhibitory"]) / 2, 0.86)
        units = 40
        significant = values(self.folder / "out/glmcc.h5", "/network/01/significant")
        weight = values(self.folder / "out/glmcc.h5", "/network/01/weight_mv")
        self.assertEqual(len(significant), units * units)
        for call, mv in zip(significant, weight):
            self.assertEqual(call, (mv > 0) - (mv < 0))
        self.assertEqual(len(self.table("out")), sum(call != 0 for call in significant))
        self.assertEqual(len(self.table("out", "--all-pairs")), units * (units - 1))


class Glmcc(GlmccCase):
    def test_same_bits_on_any_number_of_ranks(self):
        study = self.folder / "study"
        subprocess.run([SPIKES, study], check=True)
        for name, path in [("study", study), ("planted", self.session("planted"))]:
            for ranks in [1, 2, 3]:
                self.compute(path, f"{name}{ranks}", "--mode", "lr", "--delay", "search", ranks=ranks)
            for ranks in [2, 3]:
                self.assertSameDatasets(self.folder / f"{name}1/glmcc.h5", self.folder / f"{name}{ranks}/glmcc.h5")

    def test_planted_connections(self):
        result, text = self.compute(self.session("planted"), "out", "--delay-ms", "1")
        self.assertIn("snr > 1: 1 of 8 units fail", text)
        found = {(row["pre"], row["post"]): row for row in self.table("out")}
        self.assertEqual(set(found), {("0", "1"), ("2", "3")})
        for row in found.values():
            self.assertGreater(float(row["weight_mv"]), 0)
            self.assertEqual(row["delay_ms"], "1")
        self.assertEqual(len(values(result, "/A/01/unit_id")), 7)
        likelihood = values(result, "/A/01/likelihood_ratio")
        self.assertEqual([cell for cell, ratio in enumerate(likelihood) if ratio > 20], [0 * 7 + 1, 2 * 7 + 3])
        self.assertEqual([cell for cell, ratio in enumerate(likelihood) if ratio != ratio], [8 * unit for unit in range(7)])
        page = self.page("out")
        self.assertIn("Synaptic couplings", page)
        self.assertIn("with couplings", page)

    def test_part_of_a_recording(self):
        study = self.session("planted")
        result, _ = self.compute(study, "half", "--duration-s", "150")
        whole, _ = self.compute(study, "whole")
        self.assertLess(sum(values(result, "/A/01/spikes")), 0.6 * sum(values(whole, "/A/01/spikes")))
        attribute = subprocess.run(["h5dump", "-a", "/A/01/observed_s", result], capture_output=True, text=True).stdout
        self.assertIn("150", attribute)

    def test_near_units_are_fitted_and_not_called(self):
        study = self.session("near")
        result, _ = self.compute(study, "out", "--delay-ms", "1")
        self.assertEqual([pair for pair, near in enumerate(values(result, "/A/01/near")) if near], [0, 11])
        self.assertEqual(self.table("out"), [])
        self.assertGreater(values(result, "/A/01/coupling")[1], 1)
        self.compute(study, "all", "--delay-ms", "1", "--test-near")
        self.assertEqual(len(self.table("all")), 2)

    def test_what_cannot_be_read_is_refused_before_the_run(self):
        for kind, wording in [("nan", ["spike time nan s is not a time", "unit 2"]),
                              ("twins", ["unit 4 occurs twice"]),
                              ("apart", ["no time in which all chosen units were observed"])]:
            for ranks in [1, 2]:
                self.assertFails(3, wording + ["01.nwb"], "glmcc", "--study", self.session(kind), "--results",
                                 self.folder / "out", ranks=ranks)
            self.assertFalse((self.folder / "out" / "glmcc.h5").exists())

    def test_silent_and_lonely_units(self):
        silent, _ = self.compute(self.session("silent"), "silent")
        self.assertEqual(values(silent, "/A/01/spikes"), [5, 0, 3])
        self.assertEqual(set(values(silent, "/A/01/weight_mv")), {0})
        self.assertEqual(values(silent, "/A/01/events")[0], 0)
        _, text = self.compute(self.session("lonely"), "lonely", ranks=2)
        self.assertIn("fewer than two units to pair", text)
        self.assertEqual(self.table("lonely"), [])
        self.assertIn("fewer than two units to pair", self.page("lonely"))

    def test_often_interrupted_observation_is_said(self):
        _, text = self.compute(self.session("pieces"), "pieces")
        self.assertIn("10.1 % of the observed time lies within 50 ms of a gap", text)
        _, text = self.compute(self.session("planted"), "whole")
        self.assertNotIn("of a gap", text)

    def test_usage(self):
        study = self.session("tidy")
        for words, wording in [(["--delay", "search", "--delay-ms", "3"], "searched for"), (["--mode", "glmm"], "glm"),
                               (["--delay-ms", "0"], "delay-ms"), (["--duration-s", "0"], "duration-s")]:
            self.assertFails(2, wording, "glmcc", "--study", study, "--results", self.folder / "out", *words)

    def test_plan_and_chain(self):
        out = self.rewire("plan", "glmcc", "--study", self.session("planted"), "--results", self.folder / "out",
                          "--ranks", 4)
        self.assertIn("#SBATCH", out)
        self.assertIn("glmcc\twhole", self.rewire("chain", "spikes"))


class Killed(GlmccCase):
    def test_kill_nine_and_again(self):
        results = self.folder / "killed"
        study = self.session("many")
        base = ["glmcc", "--study", study, "--results", results, "--mode", "lr", "--delay", "search",
                "--checkpoint-s", "0.1"]
        for ranks in [2, 1]:
            process = start(*base, ranks=ranks)
            wait_for(lambda: list(results.glob("glmcc.checkpoint/*/pairs.*.snapshot")) or process.poll() is not None)
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            kill_all(process)
            self.assertFalse((results / "glmcc.h5").exists())
        code, _, err = run(*base, ranks=3)
        self.assertEqual(code, 0, err)
        self.assertIn("going on from", err)
        undisturbed, _ = self.compute(study, "undisturbed", "--mode", "lr", "--delay", "search", ranks=2)
        self.assertSameDatasets(undisturbed, results / "glmcc.h5")


if __name__ == "__main__":
    main()
