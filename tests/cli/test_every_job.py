"""Every job once, on two ranks and a small study: the set that is run with sanitizers, too."""

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
