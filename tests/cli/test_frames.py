"""Which frames of a session are correlated, and what is taken out of them first."""

import subprocess
import unittest

from rewire_cli import BUILD, Case, run

SESSION = "L23M1/01"


def attribute(result, name):
    done = subprocess.run(["h5dump", "-a", f"/{SESSION}/{name}", result], capture_output=True, text=True, check=True)
    return float(done.stdout.split("(0):")[1].split("}")[0])


class Frames(Case):
    def connectome(self, study, results, *words, ranks=1):
        code, out, err = run("connectome", "--study", study, "--results", self.folder / results, "--tau-s", "0.7",
                             "--displacements", "0", *words, ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return self.folder / results / "connectome.h5", err

    def test_slow_cosines_take_out_rates_that_fall_together(self):
        study = self.simulate("--null", "--rate-fall", "0.95", sessions=1, neurons=30, duration_s=600)
        plain, _ = self.connectome(study, "plain")
        highpass, _ = self.connectome(study, "highpass", "--highpass-s", "100")

        self.assertGreater(attribute(plain, "drive"), 0.3)
        self.assertLess(attribute(highpass, "drive"), 0.1)

    def test_tables_of_intervals_and_lags_are_covariates(self):
        study = self.simulate(sessions=1)
        plain, _ = self.connectome(study, "plain")
        movement, _ = self.connectome(study, "movement", "--covariate", "movement")
        lagged, _ = self.connectome(study, "lagged", "--covariate", "movement", "--covariate-lags-s", "0.5", ranks=2)

        self.assertEqual(len({attribute(file, "threshold") for file in [plain, movement, lagged]}), 3)
        self.assertFails(3, ["covariates", "--covariate-lags-s"], "connectome", "--study", study, "--results",
                         self.folder / "many", "--tau-s", "0.7", "--covariate", "movement", "--covariate-lags-s", "10")

    def test_frames_in_which_all_are_active_are_left_out(self):
        study = self.simulate("--null", "--artefacts-per-min", "4", sessions=1, neurons=60, duration_s=180)
        kept, _ = self.connectome(study, "kept")
        dropped, err = self.connectome(study, "dropped", "--drop-artefacts")

        self.assertIn("nearly all neurons were active at once", err)
        artefacts = attribute(dropped, "artefact_frames")
        self.assertGreaterEqual(artefacts, 12 * 5)
        self.assertLessEqual(artefacts, 12 * 16)
        self.assertEqual(attribute(dropped, "frames"), attribute(kept, "frames") - artefacts)
        self.assertEqual(attribute(kept, "artefact_frames"), 0)

    def test_segments_are_shifted_within(self):
        study = self.simulate(sessions=1, duration_s=200)
        whole, _ = self.connectome(study, "whole")
        trials, err = self.connectome(study, "trials", "--segments", "trials", "--surrogates", "20")
        again, _ = self.connectome(study, "again", "--segments", "trials", "--surrogates", "20", ranks=3)

        self.assertIn("segments, shifted and jittered within each", err)
        self.assertEqual(attribute(whole, "segments"), 1)
        self.assertGreater(attribute(trials, "segments"), 5)
        self.assertLess(attribute(trials, "frames"), 0.9 * attribute(whole, "frames"))
        self.assertSameDatasets(trials, again)

    def test_segments_that_overlap_are_refused(self):
        study = self.simulate(sessions=1)
        file = next(study.rglob("*.nwb"))
        subprocess.run([BUILD / "tests" / "put_behaviour", file, "intervals", "blocks"], input="0 50 40 90", text=True,
                       check=True)

        self.assertFails(3, ["intervals 1 and 2 have frames in common", "blocks"], "connectome", "--study", study,
                         "--results", self.folder / "results", "--tau-s", "0.7", "--segments", "blocks")

    def test_movements_are_shuffled_within_blocks_of_time(self):
        study = self.simulate(sessions=1, duration_s=300)
        for results, words, ranks in [("whole", [], 1), ("blocks", ["--block-s", "60"], 1), ("again", ["--block-s", "60"], 3)]:
            code, out, err = run("movement", "--study", study, "--results", self.folder / results, "--tau-s", "0.7",
                                 "--shuffles", "500", *words, ranks=ranks)
            self.assertEqual(code, 0, out + err)

        self.assertSameDatasets(self.folder / "blocks" / "movement.h5", self.folder / "again" / "movement.h5")
        same = subprocess.run([BUILD / "tests" / "same_datasets", self.folder / "blocks" / "movement.h5",
                               self.folder / "whole" / "movement.h5"], capture_output=True)
        self.assertNotEqual(same.returncode, 0)


if __name__ == "__main__":
    unittest.main()
