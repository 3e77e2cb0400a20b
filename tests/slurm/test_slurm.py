"""The batch scripts on a real Slurm cluster: chain of jobs, node without power, time limit, cut-off node.

Starts its own cluster (cluster.py). Exit code 77: Slurm is not installed here.
"""

import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
import unittest

import cluster as slurm

BUILD = pathlib.Path(os.environ["REWIRE_BUILD"])
REWIRE = BUILD / "rewire"
SAME = BUILD / "tests" / "same_datasets"
SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "slurm"

# What is waited for comes in seconds on a quiet machine; a busy one may take many times that.
LONG_S = 900
# Processor time of one rank: long enough to be disturbed after its first checkpoint, which comes within a few seconds.
SINGLE_RANK_S = 15


def setUpModule():
    global cluster, data
    cluster = slurm.Cluster(nodes=3)
    cluster.__enter__()
    unittest.addModuleCleanup(cluster.__exit__, None, None, None)
    data = cluster.folder / "my data"  # a space in a path must not matter
    simulate(data, "--animals", 1, "--sessions", 2, "--neurons", 150, "--duration-s", 300)


def simulate(folder, *words):
    cluster.run(REWIRE, "simulate", "lever-press", "--out", folder, *words)


def processor_s():
    """That the programs took which this one has waited for: wall time is that of what else runs here, too."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Reference:
    """A job long enough to be disturbed, and its result when nobody disturbs it."""

    def __init__(self):
        shuffles = 1_000_000
        before = processor_s()
        cluster.run(*self.command(cluster.folder / "calibration", shuffles))
        speed = shuffles / (processor_s() - before)
        self.shuffles = min(max(shuffles, round(speed * SINGLE_RANK_S)), 2_000_000_000)
        self.results = cluster.folder / "undisturbed"
        job = submit(2, self.command(self.results), "-N1")
        start = time.monotonic()
        cluster.wait_for_state(job, ["COMPLETED"], LONG_S)
        print(f"{self.shuffles} shuffles, {time.monotonic() - start:.0f} s on 2 ranks", flush=True)

    def command(self, results, shuffles=None):
        return [REWIRE, "movement", "--study", data, "--results", results, "--tau-s", 0.7,
                "--shuffles", shuffles or self.shuffles, "--checkpoint-s", 0.5]


def log_of(job):
    return pathlib.Path(cluster.folder / "log" / f"job-{job}.log")


def submit(ranks, command, *options, script="job.sbatch"):
    return cluster.run("sbatch", "--parsable", f"--ntasks={ranks}", "--mem-per-cpu=500M",
                       "--time=30", f"--output={cluster.folder}/log/job-%j.log", *options,
                       SCRIPTS / script, *command)


def jobs_of(answer):
    """The numbers that submit.sh prints."""
    return [line.split()[2].rstrip(",") for line in answer.splitlines() if " job " in line]


def assert_same(case, expected, result):
    """The same datasets, bit for bit."""
    compared = subprocess.run([SAME, expected, result], capture_output=True, text=True, check=False)
    case.assertEqual(compared.returncode, 0, compared.stdout + compared.stderr)


def snapshots(results):
    return list(pathlib.Path(results).glob("*.checkpoint/attempt-*/shuffles*.snapshot"))


class Case(unittest.TestCase):
    def run(self, result=None):
        before = len(result.errors) + len(result.failures)
        start = time.monotonic()
        super().run(result)
        print(f"{self.id()}: {time.monotonic() - start:.0f} s", flush=True)
        if len(result.errors) + len(result.failures) > before:
            cluster.show_logs()

    def assert_undisturbed(self, results):
        assert_same(self, reference.results / "movement.h5", results / "movement.h5")
        self.assertEqual(list(results.glob("*.partial*")), [])
        self.assertFalse((results / "movement.checkpoint").exists())

    def start_and_get_going(self, results, ranks, *options):
        """A job that has saved something and is far from done."""
        job = submit(ranks, reference.command(results), *options)
        slurm.wait_until(lambda: snapshots(results) or not cluster.may_run(job),
                         f"checkpoint of job {job}", LONG_S)
        cluster.wait_for_state(job, ["RUNNING"], 1)
        return job

    def node_of(self, job):
        return cluster.nodes[cluster.job(job)["BatchHost"]]


class Chain(Case):
    def test_ends_with_all_results_and_may_be_submitted_again(self):
        results = cluster.folder / "chain of jobs"
        study = cluster.folder / "small study"
        simulate(study, "--animals", 2, "--sessions", 3, "--neurons", 40, "--duration-s", 60)

        chain = [SCRIPTS / "submit.sh", "rewiring", study, results, "--ranks", 4,
                 "--ranks-per-node", 2, f"--rewire={REWIRE}", "--tau-s", 0.7, "--shuffles", 500]

        out = cluster.run(*chain)
        jobs = jobs_of(out)
        for job in jobs:
            cluster.wait_for_state(job, ["COMPLETED"], LONG_S)
        [last_log] = (results / "slurm").glob("chain-*.tsv")
        last_log = last_log.with_suffix(".log")
        slurm.wait_until(lambda: last_log.exists() and "rewiring.h5" in last_log.read_text(),
                         "last log of the chain", LONG_S)
        self.assertEqual(last_log.read_text().count(" done\n"), 4)
        again = jobs_of(cluster.run(*chain))
        for job in again:
            cluster.wait_for_state(job, ["COMPLETED"], LONG_S)

        self.assertEqual(len(jobs), 4)
        self.assertIn(f"squeue -j {','.join(jobs)}", out)
        for name in ["connectome.h5", "movement.h5", "rewiring.h5", "report.html"]:
            self.assertTrue((results / name).is_file(), name)
        self.assertEqual(cluster.job(jobs[0])["NumNodes"], "2")

    def test_arrays_over_subjects_and_sessions_end_in_one_result(self):
        whole = cluster.folder / "whole"
        study = cluster.folder / "two animals"
        simulate(study, "--animals", 2, "--sessions", 2, "--neurons", 40, "--duration-s", 60)
        settings = ["--tau-s", 0.7, "--surrogates", 100]
        cluster.run(REWIRE, "connectome", "--study", study, "--results", whole, *settings)

        jobs = []
        for tasks in ["--by-subject", "--by-session"]:
            jobs += jobs_of(cluster.run(SCRIPTS / "submit.sh", "connectome", study,
                                        cluster.folder / f"array {tasks}", tasks, "--ranks", 2,
                                        f"--rewire={REWIRE}", *settings))
        for job in jobs:
            cluster.wait_for_state(job, ["COMPLETED"], LONG_S)

        for tasks, parts, count in [("--by-subject", "parts/*", 2),
                                    ("--by-session", "session-parts/*/*", 4)]:
            results = cluster.folder / f"array {tasks}"
            self.assertEqual(len(list(results.glob(f"{parts}/connectome.h5"))), count)
            assert_same(self, whole / "connectome.h5", results / "connectome.h5")

    def test_what_the_user_adds_for_sbatch_wins(self):
        out = cluster.run(SCRIPTS / "submit.sh", "connectome", data, cluster.folder / "added",
                          f"--rewire={REWIRE}", "--ranks", 2, "--tau-s", 0.7, "--sbatch",
                          "--time=17 --mem=800M --hold --comment='two words'")
        [job] = jobs_of(out)

        known = cluster.run("scontrol", "-o", "show", "job", job)
        cluster.run("scancel", job)

        for text in ["TimeLimit=00:17:00", "MinMemoryNode=800M", "Comment=two words"]:
            self.assertIn(text, known)

    def test_a_failed_job_takes_those_after_it_along(self):
        results = cluster.folder / "failed"
        # Found at the start of the job, not at planning: the results folder cannot be a folder.
        results.mkdir()
        (results / "connectome.checkpoint").write_text("in the way")

        out = cluster.run(SCRIPTS / "submit.sh", "connectome,recovery", data, results, "--ranks", 1,
                          f"--rewire={REWIRE}", "--tau-s", 0.7)
        jobs = jobs_of(out)

        cluster.wait_for_state(jobs[0], ["FAILED"], LONG_S)
        cluster.wait_for_state(jobs[1], ["CANCELLED"], LONG_S)

        def last_words():
            return "".join(path.read_text() for path in (results / "slurm").glob("chain-*.log"))
        slurm.wait_until(lambda: "did not start" in last_words(), "last log of the chain", LONG_S)
        self.assertRegex(last_words(), rf"connectome +job {jobs[0]} +ended with exit code [1-9]")
        self.assertIn(f"did not start, since connectome (job {jobs[0]}) did not end well",
                      last_words())
        self.assertIn("rewire: error: cannot make folder", last_words())

    def test_a_folder_in_which_a_chain_lives_is_left_alone(self):
        results = cluster.folder / "lives"
        chain = [SCRIPTS / "submit.sh", "connectome", data, results, f"--rewire={REWIRE}",
                 "--ranks", 2, "--tau-s", 0.7, "--sbatch", "--hold"]
        [job] = jobs_of(cluster.run(*chain))
        status = cluster.run(REWIRE, "status", results)
        with self.assertRaises(RuntimeError) as refused:
            cluster.run(*chain)
        cluster.run("scancel", "--name=rewire-connectome,rewire-status", "--state=PENDING")

        self.assertIn("waiting: JobHeldUser", status)
        self.assertIn(f"still in the queue: {job}", str(refused.exception))


class Disturbed(Case):
    @classmethod
    def setUpClass(cls):
        global reference
        reference = Reference()

    def test_a_node_loses_power(self):
        results = cluster.folder / "power"
        job = self.start_and_get_going(results, 2, "-N2", "--ntasks-per-node=1")
        node = self.node_of(job)

        node.lose_power()
        done = cluster.wait_for_state(job, ["COMPLETED"], LONG_S)

        self.assertGreaterEqual(int(done["Restarts"]), 1)
        self.assertNotIn(node.name, cluster.run("scontrol", "show", "hostnames", done["NodeList"]))
        self.assertIn("going on from what attempt 1 had saved", log_of(job).read_text())
        self.assert_undisturbed(results)
        cluster.start_node(node.name)
        cluster.idle_node_again(node.name)

    def test_the_signal_that_the_script_asks_for_comes_before_the_limit(self):
        results = cluster.folder / "own signal"
        # More than a machine does in these minutes. Only the script says --signal: three minutes
        # before the end, which is half a minute to a minute after the start.
        job = submit(1, reference.command(results, 2_000_000_000), "--time=4")
        log = log_of(job)

        def goes_on():
            return log.exists() and "going on from what attempt 1 had saved" in log.read_text()
        slurm.wait_until(lambda: goes_on() or not cluster.may_run(job), "second attempt", LONG_S)
        known = cluster.job(job)
        cluster.run("scancel", job)
        cluster.wait_for_state(job, ["CANCELLED"], LONG_S)

        text = log.read_text()
        self.assertIn("asked to stop: telling the ranks", text)
        self.assertIn("stopped as asked", text)
        self.assertIn(f"job {job} goes back into the queue (restart 1 of", text)
        self.assertIn("going on from what attempt 1 had saved", text)
        self.assertEqual(known["Restarts"], "1")

    def test_the_time_limit_comes_first(self):
        results = cluster.folder / "limit"
        job = self.start_and_get_going(results, 1, "--time=15")

        # Slurm's own signal, which may come 30 s late, is another test's: here the same signal, at once.
        cluster.run("scancel", "--batch", "--signal=USR1", job)
        done = cluster.wait_for_state(job, ["COMPLETED"], LONG_S)

        log = log_of(job).read_text()
        self.assertGreaterEqual(int(done["Restarts"]), 1, "the job was too short to be stopped")
        self.assertIn("stopped as asked", log)
        self.assertIn(f"job {job} goes back into the queue", log)
        self.assert_undisturbed(results)

    def test_a_node_is_cut_off_and_comes_back(self):
        results = cluster.folder / "cut off"
        job = self.start_and_get_going(results, 2, "-N1")
        node = self.node_of(job)
        first, *others = sorted(pid for pid in node.processes() if name_of(pid) == "rewire")

        # Ranks that stand still and go on later, one while the new attempt is at work, the other
        # when that has published: the worst that a node can do that nobody could stop.
        for rank in (first, *others):
            os.kill(rank, signal.SIGSTOP)
        node.cut_off()
        slurm.wait_until(lambda: list(results.glob("*.checkpoint/attempt-0002-*/manifest")),
                         "second attempt", LONG_S)
        for rank in others:
            os.kill(rank, signal.SIGCONT)
        done = cluster.wait_for_state(job, ["COMPLETED"], LONG_S)
        published = (results / "movement.h5").stat()
        if node.isolated:
            os.kill(first, signal.SIGCONT)
            slurm.wait_until(lambda: name_of(first) != "rewire", "end of the old ranks", LONG_S)
        node.reconnect()
        slurm.wait_until(lambda: not any(name_of(pid) == "rewire" for pid in (first, *others)),
                         "end of the old ranks", LONG_S)

        self.assertEqual(done["Restarts"], "1")
        self.assertNotEqual(done["BatchHost"], node.name)
        self.assert_undisturbed(results)
        now = (results / "movement.h5").stat()
        self.assertEqual((now.st_ino, now.st_mtime_ns), (published.st_ino, published.st_mtime_ns))
        self.assertIn(cluster.job(job)["JobState"], ["COMPLETED"])
        # Where the old batch script could go on, it does not say that all is well.
        self.assertLessEqual(log_of(job).read_text().count("ended with exit code 0"), 1)
        cluster.idle_node_again(node.name)

    def test_a_cancelled_job_stays_cancelled(self):
        results = cluster.folder / "cancelled"
        job = self.start_and_get_going(results, 1, "-N1")

        cluster.run("scancel", job)
        done = cluster.wait_for_state(job, ["CANCELLED"], LONG_S)

        self.assertEqual(done["Restarts"], "0")
        self.assertTrue(snapshots(results))


class Training(Case):
    """A job whose ranks advance in lock-step, and whose checkpoint is one state."""

    def test_the_time_limit_comes_while_a_model_is_trained(self):
        study, results, undisturbed = (cluster.folder / name for name in ["triplets", "stopped model", "model"])
        cluster.run(REWIRE, "simulate", "triplets", "--out", study, "--neurons", 9, "--triplets", 2, "--trials", 30)
        model = [REWIRE, "dynetcp-dynamic", "--study", study, "--align", "trials", "--stop-s", 0.5, "--bin-ms", 5, "--lags", 2,
                 "--lambda", 0.3, "--edges", "all", "--epochs", 12, "--all-units", "--min-rate-hz", 0, "--checkpoint-s", 0.2]
        before = processor_s()
        cluster.run(*model, "--results", undisturbed)
        print(f"{processor_s() - before:.0f} s of one rank undisturbed", flush=True)

        job = submit(2, [*model, "--results", results], "-N1")
        slurm.wait_until(lambda: list(results.glob("*.checkpoint/attempt-*/train-1.state*")) or not cluster.may_run(job),
                         f"checkpoint of job {job}", LONG_S)
        cluster.run("scancel", "--batch", "--signal=USR1", job)
        done = cluster.wait_for_state(job, ["COMPLETED"], LONG_S)

        log = log_of(job).read_text()
        self.assertGreaterEqual(int(done["Restarts"]), 1, "the job was too short to be stopped")
        self.assertIn("stopped as asked, in phase train-1", log)
        self.assertIn("going on from what attempt 1 had saved", log)
        assert_same(self, undisturbed / "dynetcp-dynamic.h5", results / "dynetcp-dynamic.h5")


class SmallProgram(Case):
    """job.sbatch with a small program in place of rewire."""

    def test_gives_up_after_so_many_restarts(self):
        job = submit(1, ["sh", "-c", "exit 75"], "--export=ALL,REWIRE_MAX_RESTARTS=1")

        done = cluster.wait_for_state(job, ["FAILED"], LONG_S)

        self.assertEqual(done["Restarts"], "1")
        self.assertIn("started 2 times and still not done", log_of(job).read_text())

    def test_a_crash_at_the_start_is_tried_again(self):
        crash = 'echo "try"; test -e "$1" || { touch "$1"; kill -SEGV $$; }; exit 0'
        job = submit(1, ["sh", "-c", crash, "sh", cluster.folder / "crashed once"])
        always = submit(1, ["sh", "-c", "kill -SEGV $$"])

        self.assertEqual(cluster.wait_for_state(job, ["COMPLETED"], LONG_S)["Restarts"], "1")
        self.assertIn("once more", log_of(job).read_text())
        self.assertEqual(cluster.wait_for_state(always, ["FAILED"], LONG_S)["Restarts"], "3")
        self.assertIn("ended with exit code 139", log_of(always).read_text())

    def test_passes_words_and_exit_code_on(self):
        job = submit(1, ["sh", "-c", 'printf "[%s]" "$@"; exit 3', "sh", "a b", "*", "it's"])

        done = cluster.wait_for_state(job, ["FAILED"], LONG_S)

        self.assertEqual(done["ExitCode"], "3:0")
        self.assertIn("[a b][*][it's]", log_of(job).read_text())

    def test_restarts_without_the_option_restart(self):
        job = submit(1, ["sh", "-c", 'echo "words: $*"; test $# -eq 1 || exit 75', "sh", "--restart",
                         "--other"])

        done = cluster.wait_for_state(job, ["COMPLETED"], LONG_S)

        self.assertEqual(done["Restarts"], "1")
        self.assertIn("words: --restart --other", log_of(job).read_text())
        self.assertIn("words: --other", log_of(job).read_text())


def name_of(pid):
    """Of a living process."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state = stat[stat.rindex(")") + 2]
    return "" if state == "Z" else stat[stat.index("(") + 1:stat.rindex(")")]


def main():
    missing = slurm.missing_programs()
    if missing:
        print(f"skipped: not installed: {', '.join(missing)} (packages slurm-wlm and munge)")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to stop"))
    if "REWIRE_SLURM_TEST_ISOLATED" not in os.environ:
        isolated = slurm.namespaces_work()
        os.environ["REWIRE_SLURM_TEST_ISOLATED"] = "1" if isolated else "0"
        if isolated:  # all that is started ends with this process, whatever happens
            command = slurm.in_namespaces([sys.executable, *sys.argv])
            os.execvp(command[0], command)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
