"""Help, errors, exit codes: what a user meets who types something wrong."""

import re
import unittest

from rewire_cli import Case, run


class Help(Case):
    def test_overview_lists_the_jobs(self):
        code, out, _ = run("--help")
        self.assertEqual(code, 0)
        for job in ["study", "simulate", "connectome", "export"]:
            self.assertRegex(out, rf"(?m)^  {job} ")
        self.assertIn("75 stopped in time", out)

    def test_every_job_has_help_with_its_options(self):
        _, out, _ = run("--help")
        jobs = re.findall(r"(?m)^  ([a-z-]+) {2,}", out)
        self.assertGreaterEqual(len(jobs), 5)
        for job in jobs:
            code, text, err = run(job, "--help")
            self.assertEqual(code, 0, err)
            self.assertIn(f"usage: rewire {job}", text)
            self.assertIn("--help", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_connectome_help_says_what_to_cite_and_what_the_null_shows(self):
        _, out, _ = run("connectome", "--help")
        self.assertIn("please cite:", out)
        self.assertIn("break all dependence", out)
        self.assertIn("Supported is not\ndirectly connected", out)

    def test_version(self):
        code, out, _ = run("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^rewire \d+\.\d+\.\d+ \(")


class Usage(Case):
    def test_no_job(self):
        self.assertFails(2, "`rewire --help` lists the jobs")

    def test_misspelt_job(self):
        self.assertFails(2, "did you mean connectome?", "conectome")

    def test_misspelt_option(self):
        self.assertFails(2, ["unknown option --surogates", "did you mean --surrogates?"], "connectome", "--study", "x",
                         "--results", "y", "--surogates", "5")

    def test_unknown_option_without_a_neighbour(self):
        self.assertFails(2, ["unknown option --wibblewobble", "rewire connectome --help"], "connectome", "--wibblewobble")

    def test_missing_option_is_explained(self):
        self.assertFails(2, ["--study is missing", "NWB"], "connectome", "--results", "y")

    def test_not_a_number_out_of_range_no_such_choice(self):
        base = ["connectome", "--study", "x", "--results", "y"]
        self.assertFails(2, "not a whole number", *base, "--surrogates", "many")
        self.assertFails(2, "out of range", *base, "--surrogates", "-1")
        self.assertFails(2, ["no such choice", "drop-neuron"], *base, "--nan", "ignore")
        self.assertFails(2, "did you mean suite2p?", *base, "--oasis", "suit2p")
        self.assertFails(2, "not a shrinkage", *base, "--shrinkage", "1.5")

    def test_option_given_twice(self):
        self.assertFails(2, "is given 2 times", "connectome", "--study", "x", "--study", "y", "--results", "z")

    def test_one_message_from_many_ranks(self):
        err = self.assertFails(2, "did you mean", "conectome", ranks=3)
        self.assertEqual(err.count("did you mean"), 1)

    def test_plan_needs_a_job_and_ranks(self):
        self.assertFails(2, "which job", "plan")
        self.assertFails(2, "--ranks is missing", "plan", "connectome", "--study", "x", "--results", "y")
        self.assertFails(2, "needs no planning", "plan", "study", "x", "--ranks", "2")


class ConfigurationFile(Case):
    def test_command_line_takes_precedence_over_the_file(self):
        study = self.simulate(sessions=1)
        config = self.folder / "run.cfg"
        config.write_text("# my settings\ntau-s = 0.7\nalpha = 3\n")
        results = self.folder / "results"
        code, _, err = run("connectome", "--study", study, "--results", results, "--config", config, "--alpha", "1")
        self.assertEqual(code, 0, err)
        log = (results / "connectome.log").read_text()
        self.assertIn("--alpha 1", log)
        self.assertIn("--tau-s 0.7", log)

    def test_errors_in_the_file_name_it(self):
        config = self.folder / "run.cfg"
        config.write_text("alhpa = 3\n")
        base = ["connectome", "--study", "x", "--results", "y", "--config"]
        self.assertFails(2, ["did you mean --alpha?", "run.cfg"], *base, config)
        self.assertFails(2, "cannot open the configuration file", *base, self.folder / "none.cfg")


if __name__ == "__main__":
    unittest.main(verbosity=2)
