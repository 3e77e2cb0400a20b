"""Every job once, on two ranks and small studies: the set that is run with sanitizers, too."""

import unittest

from rewire_cli import Case, run


class EveryJob(Case):
    def rewire(self, *words):
        code, out, err = run(*words, ranks=2)
        self.assertEqual(code, 0, out + err)
        self.assertNotIn("runtime error:", out + err)
        return out

    def test_one_after_the_other(self):
        study = self.simulate("--missing-neurons", "0.1", sessions=3, neurons=15, duration_s=90)
        results = ["--results", self.folder / "results"]
        self.rewire("study", study)
        self.rewire("plan", "connectome", "--study", study, *results, "--tau-s", "0.7", "--ranks", "4")
        self.rewire("connectome", "--study", study, *results, "--tau-s", "0.7", "--surrogates", "40",
                    "--covariate", "lever", "--within", "movement")
        self.rewire("movement", "--study", study, *results, "--shuffles", "300")
        self.rewire("rewiring", *results)
        self.rewire("recovery", "--study", study, *results)
        self.rewire("export", *results, "--format", "csv")
        self.rewire("export", *results, "--format", "graphml")
        self.rewire("report", *results)
        self.assertTrue((self.folder / "results" / "report.html").exists())

    def test_one_after_the_other_of_spikes(self):
        study = self.folder / "spikes"
        results = ["--results", self.folder / "results"]
        trials = ["--align", "trials", "--stop-s", "0.5"]
        self.rewire("simulate", "triplets", "--out", study, "--neurons", "12", "--triplets", "2", "--trials", "60")
        self.rewire("study", study)
        self.rewire("ccg", "--study", study, *results, "--surrogates", "20", "--min-rate-hz", "0")
        self.rewire("glmcc", "--study", study, *results, "--mode", "lr", "--delay", "search")
        pairs = self.folder / "pairs.csv"
        pairs.write_text("pre,post\n0,1\n2,1\n")
        self.rewire("jpsth", "--study", study, *results, *trials, "--pairs", pairs)
        self.rewire("compare", "--study", study, *results)
        self.rewire("dynetcp-static", "--study", study, *results, *trials, "--lags", "4", "--lambda", "auto")
        self.rewire("dynetcp-dynamic", "--study", study, *results, *trials, "--lags", "4", "--edges", "all",
                    "--epochs", "1", "--null", "2")
        self.rewire("dynamics", "--study", study, *results)
        self.rewire("recovery", "--study", study, *results)
        for what in ["ccg", "glmcc", "compare", "dynetcp-static", "dynamics"]:
            self.rewire("export", *results, "--what", what)
        self.rewire("report", *results)
        self.rewire("status", self.folder / "results")
        self.assertTrue((self.folder / "results" / "report.html").exists())

    def test_parts_are_merged(self):
        study = self.simulate(sessions=1, neurons=15, duration_s=90, animals=2)
        results = self.folder / "results"
        for animal in sorted(path.name.removeprefix("sub-") for path in study.glob("sub-*")):
            self.rewire("movement", "--study", study, "--results", results / "parts" / animal, "--shuffles", "300",
                        "--subject", animal, "--tau-s", "0.7")
        self.rewire("merge", "--results", results)
        self.assertTrue((results / "movement.h5").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
