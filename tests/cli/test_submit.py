"""The batch scripts without a cluster: small programs in place of sbatch, scancel and srun, and the real rewire."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from rewire_cli import BUILD, REWIRE, Case, run

SCRIPTS = Path(__file__).resolve().parents[2] / "slurm"

# Notes what it was called with; with RUN it also does the work, at once and task after task.
SBATCH = f"""#!{sys.executable}
import json, os, subprocess, sys
words = sys.argv[1:]
first = next(i for i, word in enumerate(words) if not word.startswith("-"))
options, script = words[:first], words[first:]
job = next((o.split("=", 1)[1] for o in options if o.startswith("--job-name=")), "")
if job == os.environ.get("REFUSE"):
    sys.exit("sbatch: error: Batch job submission failed")
with open(os.environ["CALLS"], "a+") as calls:
    calls.write(json.dumps({{"job": job, "options": options, "script": script}}) + "\\n")
    calls.seek(0)
    number = len(calls.readlines())
print(number)
if os.environ.get("RUN"):
    log = next((o.split("=", 1)[1] for o in options if o.startswith("--output=")), "/dev/stderr")
    tasks = next((o.split("-")[-1] for o in options if o.startswith("--array=")), None)
    for task in range(1, int(tasks or 1) + 1):
        more = {{"SLURM_ARRAY_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": str(task)}} if tasks else {{}}
        place = log.replace("%j", str(number)).replace("%A", str(number)).replace("%a", str(task)).replace("%%", "%")
        with open(place, "a") as out:
            subprocess.run(["bash", *script], check=True, stdout=out, stderr=out,
                           env={{**os.environ, "SLURM_JOB_ID": str(number), **more}})
"""
SCANCEL = """#!/bin/sh
echo "$@" >>"$CANCELLED"
"""
SRUN = """#!/bin/sh
test "$1" = --mpi=list && { echo "MPI plugin types are... ${MPI_KINDS:-none pmix}"; exit; }
while [ "${1#--}" != "$1" ]; do shift; done
exec "$@"
"""


# The queue holds the numbers in QUEUE, and nothing else.
SQUEUE = """#!/bin/sh
for number in $QUEUE; do echo "$number"; done
"""
SINFO = """#!/bin/sh
case "$3" in
%c) echo "${CORES:-64}+" ;;
"%P %h") echo "${PARTITIONS:-long* NO}" | tr ";" "\\n" ;;
esac
"""
SCONTROL = """#!/bin/sh
test "$2" = config && echo "MaxArraySize            = ${MAX_ARRAY_SIZE:-1001}"
test "$1" = requeue || echo "JobId=1 JobState=RUNNING Restarts=0"
"""


class Batch(Case):
    def setUp(self):
        super().setUp()
        programs = self.folder / "bin"
        programs.mkdir()
        for name, text in [("sbatch", SBATCH), ("scancel", SCANCEL), ("srun", SRUN), ("scontrol", SCONTROL),
                           ("squeue", SQUEUE), ("sinfo", SINFO)]:
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.results = self.folder / "my results"
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "REWIRE": str(REWIRE),
                            "CALLS": str(self.folder / "calls"), "CANCELLED": str(self.folder / "cancelled")}
        for name in ["REWIRE_SETUP", "SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT"]:
            self.environment.pop(name, None)

    def bash(self, script, *words, code=0, **environment):
        done = subprocess.run(["bash", SCRIPTS / script, *map(str, words)], capture_output=True, text=True, timeout=300,
                              env={**self.environment, **environment}, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def submit(self, *words, **how):
        return self.bash("submit.sh", *words, **how)

    def calls(self):
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def call(self, job):
        return next(call for call in self.calls() if call["job"] == f"rewire-{job}")

    def names(self, study, what, *words):
        code, out, err = run("study", study, "--list", what, *words)
        self.assertEqual(code, 0, err)
        return out.splitlines()


class Submitting(Batch):
    def test_every_submission_has_a_list_of_tasks_of_its_own(self):
        study = self.simulate(animals=2, sessions=1)
        first, second = self.names(study, "subjects")
        chain = ["connectome", study, self.results, "--by-subject", "--tau-s", 0.7]
        self.submit(*chain)
        self.submit(*chain, "--subject", second)

        arrays = [call for call in self.calls() if call["job"] == "rewire-connectome"]
        lists = [Path(call["script"][2]) for call in arrays]
        self.assertEqual([path.read_text().split() for path in lists], [[first, second], [second]])
        self.assertEqual([option for call in arrays for option in call["options"] if "--array" in option],
                         ["--array=1-2", "--array=1-1"])
        # A task of the first submission that starts now is what it was.
        script, job, tasks, parts, _, *command = arrays[0]["script"]
        out = self.bash("array.sbatch", job, tasks, parts, "echo", *command, SLURM_JOB_ID="1", SLURM_ARRAY_JOB_ID="1",
                        SLURM_ARRAY_TASK_ID="1")
        self.assertIn(f"--subject {first} --results {self.results}/parts/{first}\n", out)
        self.assertEqual(Path(script).name, "array.sbatch")

    def test_a_missing_decay_time_is_found_before_anything_is_submitted(self):
        study = self.simulate(sessions=2)
        for chain in ["rewiring", "connectome", "movement"]:
            for how in [[], ["--by-subject"], ["--by-session"], ["--dry-run"]]:
                out = self.submit(chain, study, self.results, *how, code=3)
                self.assertIn("the decay time of the indicator is not known", out)
                self.assertIn("nothing was submitted", out)
        self.assertEqual(self.calls(), [])
        self.submit("movement", study, self.results, "--activity", "dff")

    def test_an_earlier_result_does_not_tell_tasks_the_decay_time(self):
        study = self.simulate(sessions=1)
        code, _, err = run("connectome", "--study", study, "--results", self.results, "--tau-s", "0.7")
        self.assertEqual(code, 0, err)
        self.submit("movement", study, self.results)
        self.assertIn("decay time", self.submit("movement", study, self.results, "--by-subject", code=3))

    def test_options_of_sbatch_come_last(self):
        study = self.simulate(sessions=1)
        self.submit("connectome,report", study, self.results, "--tau-s", 0.7, "--no-memory", "--sbatch",
                    "--time=7 --comment='two words'", "--sbatch=--qos=long")
        for call in self.calls():
            self.assertEqual(call["options"][-3:], ["--time=7", "--comment=two words", "--qos=long"])
            self.assertFalse([option for option in call["options"] if option.startswith("--mem")])
        self.assertEqual([call["job"] for call in self.calls()], ["rewire-connectome", "rewire-report", "rewire-status"])

        out = self.submit("connectome", study, self.results, "--tau-s", 0.7, "--sbatch", "--mem=4G", "--dry-run")
        self.assertIn("--mem=4G", out)
        self.assertNotIn("--mem-per-cpu", out)
        self.assertIn("--mem-per-cpu", self.submit("connectome", study, self.results, "--tau-s", 0.7, "--dry-run"))
        for words, wording in [("--array=1-3", "has its own"), ("--comment='open", "quote")]:
            self.assertIn(wording, self.submit("connectome", study, self.results, "--sbatch", words, code=2))

    def test_the_three_words_come_first(self):
        study = self.simulate(sessions=1)
        out = self.submit("--tau-s", 0.7, "connectome", study, self.results, code=2)
        self.assertIn("--tau-s comes too early", out)
        self.submit("--ranks", 2, "--sbatch", "--qos=long", "connectome", study, self.results, "--tau-s", 0.7)

    def test_refused_jobs(self):
        study = self.simulate(sessions=1)
        chain = ["rewiring", study, self.results, "--tau-s", 0.7]
        out = self.submit(*chain, code=4, REFUSE="rewire-connectome")
        self.assertIn("sbatch refused connectome; nothing was submitted", out)
        self.assertFalse((self.folder / "cancelled").exists())

        out = self.submit(*chain, code=4, REFUSE="rewire-rewiring")
        self.assertIn("sbatch refused rewiring; the jobs before it were cancelled", out)
        self.assertEqual((self.folder / "cancelled").read_text().split(), ["1", "2"])

    def test_a_task_asks_for_what_the_largest_needs(self):
        study = self.simulate(animals=1, sessions=1, neurons=300, duration_s=100)
        small = self.simulate(animals=2, sessions=3, neurons=40, duration_s=60, out="small")
        for path in sorted(small.rglob("*.nwb")):
            if "M1" not in path.name:
                shutil.copy(path, study / path.name)
        subjects = self.names(study, "subjects")
        self.assertEqual(len(subjects), 2)

        def plan(*words):
            """Memory, and units of the deconvolution; times are measured and never twice the same."""
            code, out, err = run("plan", "connectome", "--study", study, "--results", self.folder / "none", "--tau-s", 0.7,
                                 "--surrogates", 100, "--ranks", 2, *words)
            self.assertEqual(code, 0, err)
            return int(re.search(r"--mem-per-cpu=(\d+)M", out)[1]), int(re.search(r"inputs .* in (\d+) unit", out)[1])

        large, small = [plan("--subject", subject) for subject in subjects]
        whole, largest, session = plan(), plan("--largest", "subject"), plan("--largest", "session")
        self.assertGreater(large[0], small[0])
        self.assertEqual([large[1], small[1], whole[1]], [1, 3, 4])
        self.assertEqual(largest, (large[0], 1))  # enough where a single rank has all the work
        self.assertEqual(session, (large[0], 1))
        self.submit("connectome", study, self.results, "--by-subject", "--tau-s", 0.7, "--surrogates", 100, "--ranks", 2)
        self.assertIn(f"--mem-per-cpu={largest[0]}M", self.call("connectome")["options"])

    def test_tasks_over_subjects_are_given_all_sessions(self):
        study = self.simulate(animals=2, sessions=2)
        next(path for path in study.rglob("*ses-02.nwb") if "M1" in path.name).unlink()
        chain = ["connectome", study, self.results, "--tau-s", 0.7, "--session", "01", "--session", "02"]
        self.assertIn("not every subject has a session 02", self.submit(*chain, "--by-subject", code=3))
        self.submit(*chain, "--by-session")
        self.assertIn("--array=1-3", self.call("connectome")["options"])


    def test_what_would_fail_on_the_cluster_is_said_before(self):
        study = self.simulate(animals=1, sessions=2, neurons=10)
        chain = ["movement", study, self.results, "--activity", "dff"]
        out = self.submit(*chain, code=2, CORES="4")
        self.assertIn("8 ranks on a node, but the largest node has 4 cores", out)
        self.assertIn("--ranks-per-node 4", out)
        self.submit(*chain, "--ranks-per-node", 4, "--dry-run", CORES="4")
        out = self.submit(*chain, code=4, MPI_KINDS="none pmi2")
        self.assertIn("no --mpi=pmix", out)
        self.assertIn("pmi2", out)
        self.submit(*chain, "--dry-run", MPI_KINDS="none pmi2", REWIRE_MPI="pmi2")
        second = sorted(study.rglob("*.nwb"))[1]
        for path in ["/intervals/movement_epochs", "/processing/behavior/lever"]:
            subprocess.run([BUILD / "tests" / "put_behaviour", second, "remove", path], input="", text=True, check=True)
        out = self.submit(*chain, code=3)
        self.assertIn(second.name, out)
        self.assertIn("`rewire movement` would refuse it: no movements", " ".join(out.split()))
        self.assertIn("nothing was submitted", out)
        self.assertEqual(self.calls(), [])
        self.submit("connectome", study, self.results, "--tau-s", 0.7, "--dry-run")
        self.submit(*chain, "--skip-missing", "--dry-run")
        self.submit(*chain, "--no-check", "--dry-run")

    def test_jobs_that_share_cores_are_given_the_time(self):
        study = self.simulate(animals=1, sessions=1, neurons=10)
        chain = ["movement", study, self.results, "--activity", "dff", "--time-factor", 10, "--dry-run"]
        minutes = lambda *words, **how: int(re.search(r"--time=(\d+)", self.submit(*chain, *words, **how))[1])
        alone = minutes()
        partitions = "long* FORCE:4;short NO;debug YES:2;whole EXCLUSIVE"
        self.assertEqual(minutes(PARTITIONS=partitions), 4 * alone)
        self.assertIn("up to 4 jobs share a core", self.submit(*chain, PARTITIONS=partitions))
        for words, jobs in [("--partition=short", 1), ("-p short", 1), ("-p short,long", 4), ("--exclusive", 1),
                            ("--partition=debug", 1), ("-p debug --oversubscribe", 2), ("-p whole", 1)]:
            self.assertEqual(minutes("--sbatch", words, PARTITIONS=partitions), jobs * alone, words)
        self.assertEqual(minutes(PARTITIONS=partitions, SBATCH_PARTITION="debug"), alone)

    def test_one_chain_at_a_time(self):
        study = self.simulate(sessions=1, neurons=10)
        chain = ["movement", study, self.results, "--activity", "dff"]
        self.submit(*chain)
        out = self.submit(*chain, code=4, QUEUE="1")
        self.assertIn("still in the queue: 1", out)
        self.assertIn("scancel 1", out)
        self.submit("movement", study, self.folder / "elsewhere", *chain[3:], QUEUE="1")
        self.submit(*chain)

    def test_logs_are_there_to_be_watched(self):
        study = self.simulate(sessions=1, neurons=10)
        self.submit("movement", study, self.results, "--activity", "dff")
        self.assertTrue((self.results / "slurm" / "movement-1.log").is_file())

    def test_the_stop_signal_is_the_planned_one(self):
        study = self.simulate(sessions=1, neurons=10)
        self.submit("movement", study, self.results, "--activity", "dff")
        [signal] = [option for option in self.call("movement")["options"] if "--signal" in option]
        minutes = next(option for option in self.call("movement")["options"] if option.startswith("--time="))
        seconds = int(re.fullmatch(r"--signal=B:USR1@(\d+)", signal)[1])
        self.assertTrue(60 <= seconds <= int(minutes.split("=")[1]) * 60 / 4, (signal, minutes))


class Running(Batch):
    def test_options_of_some_jobs_of_a_chain(self):
        study = self.folder / "study" / "01.nwb"
        subprocess.run([BUILD / "tests" / "write_triplets", study, "small"], check=True)
        chain = ["dynamic-connectivity", study, self.results, "--ranks", 1, "--align", "trials", "--stop-s", 0.1, "--bin-ms", 1,
                 "--lags", 3, "--lambda=1", "--band-ms", 5, "--min-pair-spikes", 0, "--min-rate-hz", 0, "--all-units"]
        apart = ["--dynetcp-static:lags", 70, "--dynetcp-dynamic:epochs=2", "--edges", "all", "--null", 2,
                 "--where", "stimulus==0", "--where", "start_time>=0"]
        self.submit(*chain, *apart, RUN="1")
        words = {call["job"].removeprefix("rewire-"): " ".join(call["script"]) for call in self.calls()}
        for job, wanted, others in [("dynetcp-static", ["--lags 70", "--lambda=1"], ["--null", "--edges", "epochs", "--lags 3"]),
                                    ("dynetcp-dynamic", ["--lags 3", "--epochs=2", "--lambda=1", "--edges all", "--null 2"],
                                     ["--lags 70", ":"]),
                                    ("dynamics", ["--bin-ms 1"], ["--null", "--edges"])]:
            for text in wanted + ["--where stimulus==0 --where start_time>=0"]:
                self.assertIn(text, words[job], job)
            for text in others:
                self.assertNotIn(text, words[job], job)
        result = self.results / "dynamics.h5"
        names = subprocess.run(["h5ls", f"{result}/A/01"], capture_output=True, text=True, check=True).stdout
        self.assertIn("q_max", names)

        for option, wording in [("--dynetcp-dynamic:tau-s", "--dynetcp-dynamic:tau-s: no job of this chain has that name"),
                                ("--movement:shuffles", "no job of this chain has that name"), ("--nul", "has the option --nul")]:
            self.assertIn(wording, self.submit(*chain, option, 3, "--dry-run", code=2))

    def test_arrays_that_are_too_large_are_split(self):
        study = self.simulate(animals=1, sessions=5, neurons=10, duration_s=60)
        chain = ["rewiring", study, self.results, "--by-session", "--ranks", 1, "--tau-s", 0.7, "--shuffles", 50,
                 "--displacements", 0]
        self.submit(*chain, RUN="1", MAX_ARRAY_SIZE="3")
        arrays = [(call["job"], option) for call in self.calls() for option in call["options"] if "--array" in option]
        self.assertEqual(arrays, [("rewire-" + job, f"--array=1-{tasks}") for job in ["connectome", "movement"]
                                  for tasks in [2, 2, 1]])
        merge = self.call("merge")["options"]
        self.assertIn("--dependency=afterok:1:2:3:4:5:6", merge)
        self.assertEqual(len(list(self.results.glob("session-parts/*/*/connectome.h5"))), 5)
        self.assertTrue((self.results / "rewiring.h5").is_file())
        [record] = (self.results / "slurm").glob("chain-*.tsv")
        self.assertEqual([line.split("\t")[3] for line in record.read_text().splitlines()[1:7]], list("221221"))

        out = self.status()
        self.assertIn("connectome.h5    there, 5 sessions", out)
        self.assertIn("2 tasks: 2 done", out)
        self.assertIn("rewiring         job 8        done", out)
        self.assertEqual((self.results / "slurm" / (record.stem + ".log")).read_text().count("done"), out.count("done"))

    def status(self, *words, **environment):
        done = subprocess.run([REWIRE, "status", self.results, *words], capture_output=True, text=True,
                              env={**self.environment, **environment})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_status_of_what_failed_runs_and_waits(self):
        study = self.simulate(sessions=1, neurons=10)
        self.submit("rewiring", study, self.results, "--tau-s", 0.7)
        logs = self.results / "slurm"
        (logs / "connectome-1.log").write_text(
            "2026-01-01 10:00:00 job.sbatch: job 1 on n1, restart 0: rewire\nerror: too bad\n  next:  better\n"
            "2026-01-01 10:00:02 job.sbatch: ended with exit code 3\n")
        (logs / "movement-2.log").write_text("2026-01-01 10:00:00 job.sbatch: job 2 on n1, restart 0: rewire\n 40 %\n")
        out = self.status(QUEUE="2|N/A|RUNNING|None|3:10|10:00|n1")
        self.assertIn("connectome       job 1        ended with exit code 3", out)
        self.assertIn("movement         job 2        running for 3:10 of 10:00 on n1", out)
        self.assertIn("rewiring         job 3        did not start, since connectome (job 1) did not end well", out)
        self.assertIn("    error: too bad", out)
        self.assertIn(" 40 %", out)
        out = self.status()
        self.assertIn("movement         job 2        lost", out)
        self.assertIn("no results yet", out)
        out = self.status(PATH="/usr/bin:/bin") if not shutil.which("slurmctld") else "squeue does not answer"
        self.assertIn("squeue does not answer", out)
        self.assertFails(3, "no such folder", "status", self.folder / "nowhere")

    def test_the_chain_by_session_ends_in_the_results_of_one_job(self):
        study = self.simulate("--missing-neurons", "0.1", animals=2, sessions=3)
        # The order of time is not that of the names, nor of the neurons; a name is another one's number.
        table = "file\tsession\n"
        for path in sorted(study.rglob("*.nwb")):
            table += f"{path.relative_to(study)}\t{['x', '1', 'a b'][int(path.stem[-1]) - 1]}\n"
        (study / "study.tsv").write_text(table)
        settings = ["--tau-s", 0.7, "--surrogates", 50, "--shuffles", 200]
        whole = self.folder / "whole"
        for words in [["connectome", *settings[:4]], ["movement", *settings[:2], *settings[4:]]]:
            code, _, err = run(*words, "--study", study, "--results", whole)
            self.assertEqual(code, 0, err)
        code, _, err = run("rewiring", "--results", whole)
        self.assertEqual(code, 0, err)

        self.submit("rewiring", study, self.results, "--by-session", "--ranks", 1, *settings, RUN="1")

        jobs = [call["job"] for call in self.calls()]
        self.assertEqual(jobs, [f"rewire-{job}" for job in ["connectome", "movement", "merge", "rewiring", "report",
                                                           "status"]])
        waits = [[option for option in call["options"] if "--dependency" in option] for call in self.calls()]
        self.assertEqual(waits, [[], [], ["--dependency=afterok:1:2"], ["--dependency=afterok:3"],
                                 ["--dependency=afterok:3:4"], ["--dependency=afterany:1:2:3:4:5"]])
        self.assertEqual(len(list(self.results.glob("session-parts/*/*/connectome.h5"))), 6)
        for name in ["connectome.h5", "movement.h5", "rewiring.h5"]:
            self.assertSameDatasets(whole / name, self.results / name)
        self.assertTrue((self.results / "report.html").is_file())
        # Again: nothing is left to do, and the result may be made again.
        self.submit("rewiring", study, self.results, "--by-session", "--ranks", 1, *settings, RUN="1")
        self.assertSameDatasets(whole / "connectome.h5", self.results / "connectome.h5")

    def test_the_chain_by_subject(self):
        study = self.simulate(animals=2, sessions=2)
        settings = ["--tau-s", 0.7, "--shuffles", 200]
        self.submit("rewiring", study, self.results, "--by-subject", "--ranks", 1, *settings, RUN="1")
        whole = self.folder / "whole"
        code, _, err = run("connectome", "--study", study, "--results", whole, *settings[:2])
        self.assertEqual(code, 0, err)
        self.assertSameDatasets(whole / "connectome.h5", self.results / "connectome.h5")
        self.assertEqual(len(list(self.results.glob("parts/*/rewiring.h5"))), 2)

    def test_parts_that_hold_the_same_are_refused(self):
        study = self.simulate(sessions=2)
        [subject] = self.names(study, "subjects")
        for part, words in [("A", []), ("B/01", ["--session", "01"])]:
            code, _, err = run("connectome", "--study", study, "--results", self.results / "parts" / part, "--tau-s", 0.7,
                               *words)
            self.assertEqual(code, 0, err)
        self.assertFails(3, [f"two parts hold {subject}/01", "parts/A/connectome.h5"], "merge", "--results", self.results)

        # Of other jobs a subject cannot be joined from sessions.
        code, _, err = run("rewiring", "--results", self.results / "parts" / "A")
        self.assertEqual(code, 0, err)
        shutil.copy(self.results / "parts" / "A" / "rewiring.h5", self.results / "parts" / "B" / "01")
        for path in self.results.rglob("connectome.h5"):
            path.unlink()
        self.assertFails(3, f"two parts hold {subject}\n", "merge", "--results", self.results)

    def test_the_environment_of_a_job(self):
        setup = self.folder / "set up"
        setup.write_text('export MODULE="loaded $#"\nunset_variable=$nothing_of_this_name\n')
        command = ["sh", "-c", 'echo "$MODULE; $1"', "sh", "a word"]

        out = self.bash("job.sbatch", *command, SLURM_JOB_ID="1", REWIRE_SETUP=str(setup))
        self.assertIn("loaded 0; a word", out)
        self.assertIn(f"environment from {setup}", out)

        out = self.bash("job.sbatch", *command, code=2, SLURM_JOB_ID="1", REWIRE_SETUP="/no/such/file")
        self.assertIn("REWIRE_SETUP=/no/such/file: no such file", out)
        # The signal of the time limit while modules are loaded.
        setup.write_text("kill -USR1 $$\n")
        out = self.bash("job.sbatch", *command, code=75, SLURM_JOB_ID="1", REWIRE_SETUP=str(setup))
        self.assertIn("asked to stop before the ranks were started", out)
        self.assertIn("goes back into the queue", out)
        setup.write_text("false\n")
        out = self.bash("job.sbatch", *command, code=2, SLURM_JOB_ID="1", REWIRE_SETUP=str(setup))
        self.assertIn("ended with exit code 1", out)

    def test_the_environment_of_a_chain(self):
        study = self.simulate(sessions=1)
        tools = self.folder / "modules"
        tools.mkdir()
        (tools / "rewire-of-a-module").symlink_to(REWIRE)
        (self.folder / "setup").write_text(f'PATH="{tools}:$PATH"\nexport MODULE=loaded\n')
        chain = ["connectome", study, self.results, "--ranks", 1, "--tau-s", 0.7, "--rewire", "rewire-of-a-module"]

        self.submit(*chain, RUN="1", REWIRE_SETUP="setup")
        self.assertTrue((self.results / "connectome.h5").is_file())
        self.assertIn("no such file", self.submit(*chain, code=4, REWIRE_SETUP="setup2"))
        self.assertIn("no program named", self.submit(*chain, code=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
