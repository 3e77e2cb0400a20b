"""`rewire report` as a command, on invented results (write_report_example) and on those of the jobs."""

import html
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from rewire_cli import BUILD, Case, run


def example(folder, *results):
    for result in results:
        subprocess.run([BUILD / "tests" / "write_report_example", result, folder], check=True)


def text_of(page):
    """What a reader sees, with <nav> and the end of the page still there."""
    marks = re.sub(r"<(?!nav>|/html>)[^>]*>", "", page.read_text(encoding="utf-8"))
    return html.unescape(marks)


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.results = Path(self.folder.name)
        self.page = self.results / "report.html"

    def test_writes_one_page(self):
        example(self.results, "connectome", "rewiring", "movement")

        code, _, said = run("report", "--results", self.results, ranks=2)

        self.assertEqual(code, 0, said)
        self.assertIn("wrote", said)
        self.assertTrue(self.page.read_text(encoding="utf-8").endswith("</html>\n"))
        self.assertEqual([path.name for path in self.results.glob("report*")], ["report.html"])

    def test_what_is_missing_is_named_with_its_command(self):
        example(self.results, "connectome")

        code, _, said = run("report", "--results", self.results)

        self.assertEqual(code, 0, said)
        self.assertIn(f"rewire rewiring --results {self.results}", said)
        self.assertIn("rewire movement --study '<invented>'", text_of(self.page))

    def test_an_empty_folder_is_an_input_error(self):
        code, _, said = run("report", "--results", self.results)

        self.assertEqual(code, 3, said)
        self.assertIn("no result to report on", said)
        self.assertFalse(self.page.exists())

    def test_a_page_of_others_is_replaced_only_when_asked_to(self):
        example(self.results, "rewiring")
        self.page.write_text("mine")

        refused, _, said = run("report", "--results", self.results)
        kept = self.page.read_text()
        replaced, _, _ = run("report", "--results", self.results, "--overwrite")

        self.assertEqual(refused, 2, said)
        self.assertIn("--overwrite", said)
        self.assertEqual(kept, "mine")
        self.assertEqual(replaced, 0)
        again, _, said = run("report", "--results", self.results)
        self.assertEqual(again, 0, said)
        self.assertIn("</html>", self.page.read_text(encoding="utf-8"))

    def test_without_gnuplot_the_page_is_absent_and_the_package_named(self):
        example(self.results, "rewiring")
        programs = self.results / "programs"  # all but gnuplot: Open MPI looks for its own here
        programs.mkdir()
        for folder in os.environ["PATH"].split(":"):
            for program in Path(folder).glob("*"):
                if not program.name.startswith("gnuplot") and not (programs / program.name).exists():
                    (programs / program.name).symlink_to(program)

        code, _, said = run("report", "--results", self.results, env={"PATH": str(programs)})

        self.assertEqual(code, 4, said)
        self.assertIn("gnuplot-nox", said)
        self.assertEqual(list(self.results.glob("report*")), [])


class OfTheJobs(Case):
    def rewire(self, *words):
        code, out, said = run(*words)
        self.assertEqual(code, 0, out + said)
        return out + said

    def report(self, *words):
        said = self.rewire("report", "--results", self.folder / "results", *words)
        return said, text_of(self.folder / "results" / "report.html")

    def test_results_that_do_not_belong_together_are_named_at_the_top(self):
        study, results = self.simulate(animals=2), self.folder / "results"
        self.rewire("connectome", "--study", study, "--results", results, "--tau-s", "0.7")
        self.rewire("movement", "--study", study, "--results", results, "--shuffles", "500")
        self.rewire("rewiring", "--results", results, "--top", "10")
        said, page = self.report()
        self.assertNotIn("another connectome.h5", said + page)
        self.assertNotIn("another movement.h5", said + page)

        # Another threshold: the trajectories are those of other connectomes, until they are made again.
        self.rewire("connectome", "--study", study, "--results", results, "--alpha", "1.5", "--overwrite")
        said, page = self.report()
        named = "rewiring.h5 was computed from another connectome.h5."
        self.assertIn("--alpha: there 2, here 1.5", said)
        self.assertIn(f"rewire rewiring --results {results} --top 10 --overwrite", said)
        self.assertLess(page.index(named), page.index("<nav>"))
        self.rewire("rewiring", "--results", results, "--top", "10", "--overwrite")
        self.assertNotIn(named, "".join(self.report()))

        # Another number of shuffles: so are the fractions at the top edges. Other files: so is all of it.
        self.rewire("movement", "--study", study, "--results", results, "--shuffles", "600", "--overwrite")
        self.assertIn("rewiring.h5 was computed with another movement.h5.", self.report()[1])
        other = self.simulate("--seed", "9", out="other", animals=2)
        self.rewire("connectome", "--study", other, "--results", results, "--alpha", "1.5", "--overwrite")
        said, page = self.report()
        self.assertIn("movement.h5 and connectome.h5 were computed from different data.", page)
        self.assertIn("6 of 6 sessions", page)
        self.assertIn(f"rewire movement --study {study} --results {results}", page)

    def test_sessions_without_quiescence_are_left_out(self):
        study, results = self.simulate(), self.folder / "results"
        self.rewire("movement", "--study", study, "--results", results, "--tau-s", "0.7", "--dilate", "100000")
        said, page = self.report()
        self.assertIn("No session was tested", page)
        self.assertIn("Left out, and why", page)
        self.assertNotIn("histogram of", page)

    def test_the_null_of_a_chosen_session(self):
        study, results = self.simulate(), self.folder / "results"
        self.rewire("movement", "--study", study, "--results", results, "--activity", "dff", "--shuffles", "100")
        said, page = self.report("--null-session", "02")
        self.assertIn("session 02, neuron", page)
        self.assertIn("among 100 shuffles; histogram of all of them", page)
        self.assertIn("too coarse for a level of 0.995: it calls 0.99 %", page)
        self.assertFails(3, ["no animal has a session 77", "one of 01, 02, 03"], "report", "--results", results,
                         "--null-session", "77")


if __name__ == "__main__":
    unittest.main()
