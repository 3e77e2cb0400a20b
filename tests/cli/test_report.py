"""`rewire report` as a command. The results are invented (write_report_example)."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from rewire_cli import BUILD, run


def example(folder, *results):
    for result in results:
        subprocess.run([BUILD / "tests" / "write_report_example", result, folder], check=True)


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
        self.assertIn("rewire movement --study &lt;invented&gt;", self.page.read_text(encoding="utf-8"))

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


if __name__ == "__main__":
    unittest.main()
