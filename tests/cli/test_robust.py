"""What would be wrong without an error: neurons matched by row number, levers in other units, raw fluorescence."""

import shutil
import subprocess
import unittest

from rewire_cli import BUILD, Case, run

PUT = BUILD / "tests" / "put_behaviour"
ROIS = "/processing/ophys/ImageSegmentation/PlaneSegmentation"
QUICK = ["--shuffles", 200]


def put(file, *words, numbers=()):
    done = subprocess.run([PUT, file, *map(str, words)], input=" ".join(map(repr, numbers)), capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


def files_of(study):
    return sorted(study.rglob("*.nwb"))


def attribute(result, path, name):
    done = subprocess.run(["h5dump", "-a", f"{path}/{name}", result], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


class RowNumbers(Case):
    """Sessions of which the ids are 0..n-1 and the rows are not the same neurons."""

    def setUp(self):
        super().setUp()
        self.study = self.simulate("--missing-neurons", 0.3, sessions=3)
        for file in files_of(self.study):
            put(file, "column", ROIS, "roi_id", "cell")
        self.results = self.folder / "results"

    def connectome(self, *words):
        code, out, err = run("connectome", "--study", self.study, "--results", self.results, "--tau-s", 0.7, *words)
        self.assertEqual(code, 0, err)
        return out + err

    def test_rewiring_refuses_them_and_names_the_column_that_tells_neurons(self):
        said = self.connectome()
        self.assertIn("known by row number alone", said)
        self.assertFails(2, ["known by row number alone", "--roi-column: cell", "--match rows"],
                         "rewiring", "--results", self.results)
        self.assertFalse((self.results / "rewiring.h5").exists())

    def test_rewiring_takes_them_where_told_warns_and_says_so_in_the_result_and_on_the_page(self):
        self.connectome()
        code, out, err = run("rewiring", "--results", self.results, "--match", "rows")
        self.assertEqual(code, 0, err)
        self.assertIn("--match rows", out + err)
        self.assertIn("rows may not be the same neurons", out + err)
        self.assertIn('"rows"', attribute(self.results / "rewiring.h5", "/L23M1", "match"))
        self.assertEqual(run("report", "--results", self.results)[0], 0)
        self.assertIn("matched by row number", next(self.results.glob("*.html")).read_text())

    def test_the_right_column_needs_no_word(self):
        self.connectome("--roi-column", "cell")
        code, _, err = run("rewiring", "--results", self.results)
        self.assertEqual(code, 0, err)
        self.assertIn('"ids"', attribute(self.results / "rewiring.h5", "/L23M1", "match"))
        self.assertIn('"cell"', attribute(self.results / "rewiring.h5", "/L23M1", "neuron_id_column"))


if __name__ == "__main__":
    unittest.main()
