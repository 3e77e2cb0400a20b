"""A program with two more jobs, which no other code names: all that deals with jobs knows them from their entries."""

import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from rewire_cli import BUILD, SAME, Case

MORE = BUILD / "tests" / "rewire_with_more_jobs"
SPIKES = BUILD / "tests" / "write_spike_study"
SCRIPTS = Path(__file__).resolve().parents[2] / "slurm"
ROOT = Path(__file__).resolve().parents[2]


def run(*words, ranks=1):
    mpirun = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
    done = subprocess.run(mpirun + [str(MORE), *map(str, words)], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


class MoreJobs(Case):
    def ok(self, *words, ranks=1):
        code, out, err = run(*words, ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return out + err

    def spike_study(self):
        """Units only: two subjects with two sessions each, and in one file two series that may be dF/F."""
        study = self.folder / "spikes"
        subprocess.run([SPIKES, study], check=True)
        return study

    def test_help_lists_them_with_what_they_say_of_themselves(self):
        self.assertIn("unit-rates   mean firing rate of every unit", self.ok("--help"))
        text = self.ok("unit-rates", "--help")
        self.assertIn("rewire unit-rates --study data/ --results out/", text)
        code, _, err = run("unit-rate")
        self.assertEqual(code, 2)
        self.assertIn("did you mean unit-rates?", err)

    def test_study_says_which_recordings_feed_them(self):
        code, out, _ = run("study", self.spike_study(), "--quick")
        self.assertRegex(out, "feeds .*unit-rates")
        self.assertIn("for jobs that read dF/F", out)
        calcium = self.ok("study", self.simulate(sessions=1), "--quick")
        self.assertIn("event-rates", calcium)
        self.assertNotIn("unit-rates", calcium)

    def test_a_study_of_units_alone_gives_the_same_bits_on_any_number_of_ranks(self):
        study = self.spike_study()
        for ranks in [1, 2, 3]:
            self.ok("unit-rates", "--study", study, "--results", self.folder / str(ranks), ranks=ranks)
        for ranks in [2, 3]:
            same = subprocess.run([SAME, self.folder / "1/unit-rates.h5", self.folder / f"{ranks}/unit-rates.h5"],
                                  capture_output=True, text=True)
            self.assertEqual(same.returncode, 0, same.stdout)

    def test_faults_of_the_program_end_all_ranks_with_70(self):
        for where, wording in [("everywhere", "wrong on every rank"), ("together", "and the others wait"),
                               ("unit", "wrong in a unit"), ("alone", "nobody agreed on it"),
                               ("options", "an option that nobody declared")]:
            for ranks in [1, 3]:
                with self.subTest(where=where, ranks=ranks):
                    code, out, err = run("faulty", "--where", where, ranks=ranks)
                    self.assertEqual(code, 70, out + err)
                    self.assertIn(wording, err)
                    self.assertIn("report", err)
                    self.assertNotIn("terminate called", err)

    def test_rates_are_spikes_over_time(self):
        study = self.spike_study()
        self.ok("unit-rates", "--study", study, "--results", self.folder / "out")
        self.ok("export", "--results", self.folder / "out", "--what", "unit-rates")
        rows = (self.folder / "out/export/unit-rates.csv").read_text().splitlines()
        self.assertEqual(rows[0], "subject,session,unit_id,rate_hz")
        # Unit u of session s of animal a has 4 (u + 1) spikes, the last at 8 s.
        self.assertEqual(rows[1:4], ["A,01,0,0.5", "A,01,1,1", "A,01,2,1.5"])
        self.assertEqual(len(rows), 1 + 2 * 2 * 3)

    def test_sessions_that_come_later_are_added_and_others_kept(self):
        study, results = self.spike_study(), self.folder / "out"
        late = study / "sub-A" / "sub-A_ses-02.nwb"
        aside = self.folder / "late.nwb"
        shutil.move(late, aside)
        self.ok("unit-rates", "--study", study, "--results", results)
        shutil.move(aside, late)
        self.ok("unit-rates", "--study", study, "--results", results)
        self.ok("unit-rates", "--study", study, "--results", self.folder / "whole")
        same = subprocess.run([SAME, results / "unit-rates.h5", self.folder / "whole/unit-rates.h5"],
                              capture_output=True, text=True)
        self.assertEqual(same.returncode, 0, same.stdout)

    def test_plan_and_chain(self):
        study = self.spike_study()
        self.assertIn("#SBATCH", self.ok("plan", "unit-rates", "--study", study, "--results", self.folder / "out",
                                         "--ranks", 8))
        self.assertEqual(self.ok("chain", "rates").splitlines(),
                         ["job\ttasks\tafter\tafter_task", "unit-rates\twhole\t-\t-", "event-rates\twhole\t-\t-",
                          "report\twhole\tunit-rates,event-rates\t-"])

    def test_the_batch_script_takes_the_chain(self):
        study = self.simulate(sessions=1)
        done = subprocess.run(["bash", SCRIPTS / "submit.sh", "event-rates,report", study, self.folder / "out",
                               "--rewire", MORE, "--dry-run", "--by-subject", "--tau-s", "0.7"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("--job-name=rewire-event-rates", done.stdout)
        self.assertIn("event-rates --study", done.stdout)
        self.assertIn("--job-name=rewire-merge", done.stdout)

    def test_parts_are_merged_and_the_page_shows_them(self):
        study, results = self.spike_study(), self.folder / "out"
        for session in ["01", "02"]:
            self.ok("unit-rates", "--study", study, "--session", session, "--results",
                    results / "parts" / "A" / session, "--subject", "A")
        self.ok("merge", "--results", results)
        listing = subprocess.run(["h5ls", "-r", results / "unit-rates.h5"], capture_output=True, text=True).stdout
        self.assertIn("/A/02", listing)
        self.ok("report", "--results", results)
        page = (results / "report.html").read_text()
        self.assertIn("Mean rates of unit-rates", page)
        self.assertIn("rewire event-rates --study", page.replace("<span class=\"option\">", "").replace("</span>", ""))

    def test_the_calcium_twin_shares_the_activity_options(self):
        study, results = self.simulate(sessions=2), self.folder / "out"
        self.ok("event-rates", "--study", study, "--results", results, "--tau-s", "0.7", ranks=2)
        self.assertIn("wrote", self.ok("connectome", "--study", study, "--results", results))
        code, _, err = run("movement", "--study", study, "--results", results, "--tau-s", "1")
        self.assertEqual(code, 2)
        self.assertIn("but 0.7 in an earlier result", err)

    def test_a_problem_of_calcium_is_none_for_units(self):
        study = self.spike_study()
        code, out, _ = run("study", study, "--quick")
        self.assertEqual(code, 3) # two series to choose from
        self.assertIn("RoiResponseSeries to choose from", out)
        self.assertEqual(self.ok("study", study, "--list", "subjects").split(), ["A", "B"])
        self.ok("unit-rates", "--study", study, "--results", self.folder / "out")
        code, _, err = run("event-rates", "--study", study, "--results", self.folder / "out", "--tau-s", "0.7")
        self.assertEqual(code, 3)
        self.assertIn("RoiResponseSeries to choose from", err)

    def test_no_production_file_but_its_own_holds_the_name_of_a_job(self):
        # "status" is an attribute of every session, too, and no job reads the job of that name.
        jobs = [command.replace("-", "_") for command in catalogue() if command != "status"]
        self.assertTrue(all((ROOT / "jobs" / job).is_dir() for job in jobs), jobs)
        self.assertIn("connectome", jobs)
        for job in jobs:
            for name in {job, job.replace("_", "-")}:
                # An option or a chain may be called like a job: --study, --movement, rewiring.
                found = subprocess.run(["grep", "-rlE", f"\"{name}(\\.h5)?\"", "src", "include", "jobs", "slurm"],
                                       cwd=ROOT, capture_output=True, text=True).stdout.split()
                others = [path for path in found if not path.startswith(f"jobs/{job}/") and "catalogue" not in path
                          and not only_as_option(ROOT / path, name)]
                self.assertEqual(others, [], f"{name} is named outside its folder")

    def test_messages_name_no_command_but_of_jobs_whose_results_are_read(self):
        commands = set(catalogue())
        self.assertIn("dynetcp-static", commands)
        sources = subprocess.run(["git", "ls-files", "src", "include", "jobs", "slurm/*.sbatch"], cwd=ROOT,
                                 capture_output=True, text=True).stdout.split()
        for path in sources:
            lines = (ROOT / path).read_text().splitlines()
            folder = path.split("/")[1] if path.startswith("jobs/") else ""
            for command in commands:
                job = command.replace("-", "_")
                # The frame sends to the list of a study what is wrong with one.
                if folder == job or (folder, job) == ("frame", "study") or folder and reads_result(folder, job):
                    continue
                named = re.compile(rf"\brewire {command}\b(?![-\w])|(?<![-\w]){command}\.h5")
                for line in lines:
                    if not line.lstrip().startswith(("//", "#")):
                        texts = re.findall(r"\"(?:[^\"\\]|\\.)*\"", line)
                        self.assertFalse(any(named.search(text) for text in texts), f"{path}: {line}")


def catalogue():
    """The jobs that help lists and that have a folder."""
    _, out, _ = run("--help")
    words = [line.split()[0] for line in out.splitlines() if line.strip()]
    return [word for word in words if (ROOT / "jobs" / word.replace("-", "_")).is_dir()]


def reads_result(folder, job):
    """Whether a folder includes the header of a job's result."""
    return any(f"jobs/{job}/" in path.read_text() for path in (ROOT / "jobs" / folder).glob("*.?pp"))


def only_as_option(path, name):
    """Whether every line with the name declares, reads or looks for an option of that name, or a chain, or says what
    movements are called in recordings."""
    lines = [line for line in path.read_text().splitlines() if "///" not in line and (f"\"{name}\"" in line or f"\"{name}.h5\"" in line)]
    words = ["option", ".name =", "path(", "name == \"study\"", "return \"study\"", "words[i]", ".find(\"movement\")", "exact_names",
             ".chains ="]
    return all(any(word in line for word in words) for line in lines)


if __name__ == "__main__":
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    unittest.main()
