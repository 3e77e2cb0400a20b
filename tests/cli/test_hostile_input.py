"""Folders, names, options and files that are not as they should be: what the program says, and that it ends."""

import os
import subprocess
import time
import unittest

from rewire_cli import BUILD, Case, command, run


class Files(Case):
    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=2)
        self.first, self.second = sorted(self.study.rglob("*.nwb"))

    def test_a_file_that_was_not_fetched(self):
        self.first.unlink()
        self.first.symlink_to("../.git/annex/objects/1x/2y/MD5E-s1--0.nwb/MD5E-s1--0.nwb")
        code, out, _ = run("study", self.study)
        self.assertEqual(code, 3)
        self.assertIn("git-annex", out)
        self.assertIn("datalad get", " ".join(out.split()))
        self.assertIn(self.first.name, "".join(out.split()))

    def test_a_link_to_a_parent_is_not_followed_without_end(self):
        (self.first.parent / "up").symlink_to("..")
        (self.study / "sub").mkdir()
        (self.study / "sub" / "above").symlink_to("../..")
        code, out, err = run("study", self.study, "--list", "sessions")
        self.assertEqual(code, 0, out + err)
        self.assertEqual(len(out.splitlines()), 2)

    def test_exclusions_that_cannot_be_read_are_an_error(self):
        (self.study / "study.tsv").symlink_to("nowhere.tsv")
        self.assertFails(4, ["study.tsv is a link to a file that is not there"], "study", self.study)

    @unittest.skipIf(os.geteuid() == 0, "root may list every folder")
    def test_a_folder_that_cannot_be_listed_is_named(self):
        closed = self.study / "sub-closed"
        closed.mkdir(mode=0)
        self.addCleanup(closed.chmod, 0o700)
        self.assertFails(4, "sub-closed", "study", self.study)

    def test_a_pipe_or_a_device_is_not_waited_for(self):
        os.mkfifo(self.study / "pipe.nwb")
        code, out, _ = run("study", self.study)
        self.assertEqual(code, 3)
        self.assertIn("not a file, but a folder or a device", out)
        self.assertEqual(run("study", "/dev/zero")[0], 3)

    def test_a_misspelt_job_in_exclude_is_an_error(self):
        (self.study / "study.tsv").write_text(f"file\texclude\n{self.first.name}\tconectome\n")
        code, out, _ = run("study", self.study)
        self.assertEqual(code, 3)
        self.assertIn("exclude is neither yes nor no nor names of jobs: conectome", " ".join(out.split()))

    def test_odd_names_are_one_line_each(self):
        table = f"file\tsubject\n{self.first.name}\ta{'x' * 300}\n{self.second.name}\tb\x1b[2Jc\n"
        (self.study / "study.tsv").write_text(table)
        code, out, err = run("study", self.study, "--list", "sessions")
        self.assertEqual(code, 0, out + err)
        self.assertEqual(len(out.splitlines()), 2)
        for line in out.splitlines():
            self.assertEqual(line.count("\t"), 1)
            self.assertLess(len(line), 130)
        self.assertNotIn("\x1b", out)


class Numbers(Case):
    words = ["movement", "--study", "x", "--results", "y", "--tau-s", "0.7"]

    def test_a_decimal_comma(self):
        self.assertFails(2, ["--level 0,9: not a number", "did you mean 0.9?"], *self.words, "--level", "0,9")

    def test_ranges_say_their_unit(self):
        self.assertFails(2, ["--dilate 9223372036854775807: out of range", "frames"], *self.words,
                         "--dilate", "9223372036854775807")
        self.assertFails(2, ["--tau-s inf: out of range", "it takes 0.001 to 60 s"], *self.words[:-1], "inf")

    def test_exponents_are_the_same_setting(self):
        study = self.simulate(sessions=1)
        words = ["connectome", "--study", study, "--results", self.folder / "results", "--tau-s", "0.7"]
        code, _, err = run(*words, "--seed", "1e3")
        self.assertEqual(code, 0, err)
        code, _, err = run(*words, "--seed", "1000")
        self.assertEqual(code, 0, err)

    def test_configuration_files_are_files(self):
        self.assertFails(2, "the configuration file is a folder or a device", *self.words, "--config", self.folder)
        self.assertFails(2, "the configuration file is a folder or a device", *self.words, "--config", "/dev/zero")


class Crashes(Case):
    def test_a_crash_inside_hdf5_ends_all_ranks_with_the_files_name(self):
        for ranks in [1, 3]:
            words = command(ranks)[:-1] + [str(BUILD / "tests" / "crash_in_guard"), "/data/sub-A.nwb"]
            begun = time.monotonic()
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual(done.stderr.count("the HDF5 library crashed"), 1)
            self.assertIn("where: /data/sub-A.nwb", done.stderr)
            self.assertLess(time.monotonic() - begun, 60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
