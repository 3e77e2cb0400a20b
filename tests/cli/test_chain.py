"""Movement-related neurons and rewiring trajectories as commands, on connectomes made before."""

import subprocess
import unittest

from rewire_cli import Case, kill_all, run, start, wait_for


class Chain(Case):
    def rewire(self, *words, ranks=1, code=0):
        got, out, err = run(*words, ranks=ranks)
        self.assertEqual(got, code, out + err)
        return out + err

    def chain(self, study, results, *words, ranks=1):
        folder = self.folder / results
        self.rewire("connectome", "--study", study, "--results", folder, "--tau-s", "0.7", ranks=ranks)
        self.rewire("movement", "--study", study, "--results", folder, "--shuffles", "3000", *words, ranks=ranks)
        self.rewire("rewiring", "--results", folder, ranks=ranks)
        return folder

    def recovered(self, study, results):
        out = self.rewire("recovery", "--study", study, "--results", results)
        return {line[:25].strip(): line[25:].split() for line in out.splitlines() if line[:25].strip()}

    def test_planted_neurons_and_trajectories_are_found(self):
        study = self.simulate(sessions=8, neurons=40, duration_s=400)
        rows = self.recovered(study, self.chain(study, "results", ranks=2))
        planted, found, both = map(int, rows["movement-related neurons"][:3])
        self.assertGreaterEqual(both / planted, 0.8)
        self.assertGreaterEqual(both / found, 0.9)
        self.assertGreaterEqual(float(rows["trajectory of L23M1"][-1]), 0.9)

    def test_the_null_twin_has_few_movement_related_neurons(self):
        study = self.simulate("--null", sessions=6, neurons=60, duration_s=200)
        results = self.folder / "results"
        self.rewire("movement", "--study", study, "--results", results, "--tau-s", "0.7", "--shuffles", "2000")
        rows = self.recovered_movement(study, results)
        # 360 tests at 0.5 %: 1.8 expected; P(more than 8) < 1e-4.
        self.assertLessEqual(rows, 8)

    def recovered_movement(self, study, results):
        self.rewire("connectome", "--study", study, "--results", results)
        return int(self.recovered(study, results)["movement-related neurons"][1])

    def test_same_bits_on_any_number_of_ranks(self):
        study = self.simulate("--missing-neurons", "0.1", animals=2, sessions=3, neurons=30)
        one = self.chain(study, "one", "--level", "0.975", "--level", "0.995")
        for ranks in [2, 3, 4]:
            many = self.chain(study, f"ranks{ranks}", "--level", "0.975", "--level", "0.995", ranks=ranks)
            for name in ["movement.h5", "rewiring.h5"]:
                self.assertSameDatasets(one / name, many / name)

    def test_units_activity_and_lever(self):
        study = self.simulate(sessions=1, neurons=20)
        for number, words in enumerate([["--units", "frames"], ["--activity", "dff"], ["--dilate", "5"],
                                        ["--movement", "lever", "--lever-threshold", "0.0005"]]):
            results = self.folder / f"results{number}"
            tau = [] if "dff" in words else ["--tau-s", "0.7"]
            out = self.rewire("movement", "--study", study, "--results", results, "--shuffles", "500", *tau, *words)
            self.assertIn("wrote", out)
            header = subprocess.run(["h5dump", "-H", "-d", "/L23M1/01/null", results / "movement.h5"],
                                    capture_output=True, text=True).stdout
            self.assertIn("( 500 )", header)  # a reader wants to see the null of dF/F, too
        self.assertFails(3, ["no table or series named wheel", "movement_epochs", "--movement"], "movement", "--study",
                         study, "--results", self.folder / "r", "--tau-s", "0.7", "--movement", "wheel")

    def test_levels_that_cannot_be_reached(self):
        study = self.simulate(sessions=1)
        words = ["movement", "--study", study, "--results", self.folder / "r", "--tau-s", "0.7"]
        for level in ["1", "0.5"]:
            self.assertFails(2, [f"--level {level} is not between"], *words, "--level", level)
        self.assertFalse((self.folder / "r").exists())  # refused before anything began
        out = self.rewire(*words, "--shuffles", "50")
        self.assertIn("50 shuffles are too few for level 0.995: by chance 2.0 %", out)
        self.assertNotIn("too few", self.rewire(*words, "--shuffles", "199", "--overwrite"))

    def test_activity_options_are_taken_from_the_earlier_result(self):
        study = self.simulate(sessions=2)
        results = self.folder / "results"
        self.rewire("connectome", "--study", study, "--results", results, "--tau-s", "0.7", "--oasis", "suite2p")
        self.rewire("movement", "--study", study, "--results", results, "--shuffles", "100")
        self.assertIn("--oasis suite2p", (results / "movement.log").read_text())
        self.assertFails(2, ["--tau-s 1.5 here, but 0.7", "connectome.h5"], "movement", "--study", study, "--results",
                         results, "--tau-s", "1.5", "--overwrite")

    def test_without_a_connectome(self):
        self.assertFails(3, ["no connectome yet", "rewire connectome"], "rewiring", "--results", self.folder)

    def test_one_session_is_no_trajectory(self):
        study = self.simulate(sessions=1)
        results = self.folder / "results"
        self.rewire("connectome", "--study", study, "--results", results, "--tau-s", "0.7")
        out = self.rewire("rewiring", "--results", results, ranks=2)
        self.assertIn("L23M1: no trajectory: one session", out)
        self.assertNotIn("trajectory", self.recovered(study, results))

    def test_kill_nine_in_movement_and_again(self):
        study = self.simulate(sessions=2, neurons=60)
        words = ["--shuffles", "3000000", "--tau-s", "0.7", "--checkpoint-s", "0"]
        base = ["movement", "--study", study, "--results", self.folder / "killed", *words]
        process = start(*base, ranks=2)
        snapshots = lambda: list((self.folder / "killed").glob("movement.checkpoint/*/shuffles.*.snapshot"))
        wait_for(lambda: snapshots() or process.poll() is not None)
        self.assertIsNone(process.poll(), "it ended before it could be killed")
        kill_all(process)
        self.assertFalse((self.folder / "killed" / "movement.h5").exists())
        self.rewire(*base, ranks=3)
        self.rewire("movement", "--study", study, "--results", self.folder / "whole", *words, ranks=2)
        self.assertSameDatasets(self.folder / "whole" / "movement.h5", self.folder / "killed" / "movement.h5")


if __name__ == "__main__":
    unittest.main(verbosity=2)
