"""What would be wrong without an error: neurons matched by row number, levers in other units, raw fluorescence."""

import math
import shutil
import subprocess
import unittest

from rewire_cli import BUILD, Case, run

PUT = BUILD / "tests" / "put_behaviour"
LEVER = "/processing/behavior/lever"
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


def number(result, path, name):
    text = attribute(result, path, name)
    return float(text.split("(0):")[1].split("}")[0])


def press(times):
    """A lever in volts, pressed every 4 s."""
    return [1.5 + 0.6 * math.exp(-0.5 * (((time - 2) % 4 - 2) / 0.1) ** 2) for time in times]


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


class Lever(Case):
    """The unit of a lever, and levers that do not cover the imaging."""

    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=1, neurons=8)  # 120 s, 28 frames a second, lever at 1 kHz
        self.file = files_of(self.study)[0]
        put(self.file, "remove", "/intervals/movement_epochs")
        self.runs = 0

    def arguments(self, *words):
        self.runs += 1
        self.results = self.folder / f"results{self.runs}"
        activity = [] if "--activity" in words else ["--activity", "dff"]
        return ["movement", "--study", self.study, "--results", self.results, *activity, *QUICK, *words]

    def put_lever(self, unit, factor=1.0, seconds=120):
        put(self.file, "remove", LEVER)
        times = [k / 1000 for k in range(1000 * seconds)]
        put(self.file, "series", "lever", 1000, 0, unit, numbers=[factor * value for value in press(times)])

    def movement(self, *words):
        """What was said, and per cent of the session in movement."""
        code, out, err = run(*self.arguments(*words))
        self.assertEqual(code, 0, out + err)
        row = next(line for line in err.splitlines() if line.startswith("L23M1"))
        return err, float(row.split()[4])

    def test_another_unit_needs_a_threshold_of_its_own(self):
        _, volts = self.movement()
        put(self.file, "text", LEVER + "/data", "unit", "degrees")
        self.assertFails(3, ["degrees", "--lever-threshold"], *self.arguments())
        self.assertEqual(self.movement("--lever-threshold", 0.0007)[1], volts)

    def test_millivolts_are_volts(self):
        self.put_lever("volts")
        _, volts = self.movement()
        self.assertTrue(1 < volts < 60, volts)
        self.put_lever("mV", 1000)
        self.assertEqual(self.movement()[1], volts)

    def test_a_threshold_from_the_noise_scales_with_the_trace(self):
        self.assertTrue(1 < self.movement("--lever-threshold", "auto")[1] < 60)  # of the simulated trace, with its noise
        self.put_lever("volts")
        _, moving = self.movement("--lever-threshold", "auto")
        self.assertTrue(1 < moving < 90, moving)
        self.put_lever("none", 1024)
        self.assertFails(3, ["no unit", "--lever-threshold"], *self.arguments())
        self.assertEqual(self.movement("--lever-threshold", "auto")[1], moving)

    def test_what_is_no_threshold(self):
        self.assertFails(2, "--lever-threshold", *self.arguments("--lever-threshold", "much"))
        self.assertFails(2, "--lever-threshold", *self.arguments("--lever-threshold", "-1"))

    def test_a_short_lever_is_refused_and_its_frames_are_left_out_where_told(self):
        self.put_lever("volts", seconds=90)
        self.assertFails(3, "lever", *self.arguments())
        err, _ = self.movement("--uncovered", "mask")
        self.assertIn("the movement is not known there", err)
        frames = number(self.results / "movement.h5", "/L23M1/01", "frames")
        left_out = number(self.results / "movement.h5", "/L23M1/01", "uncovered_frames")
        self.assertEqual(frames + left_out, 120 * 28)
        self.assertTrue(30 * 28 - 30 <= left_out <= 30 * 28 + 30, left_out)

    def test_a_mask_with_a_gap(self):
        put(self.file, "remove", LEVER)
        times = [k / 10 for k in range(1200) if not 400 <= k < 500]
        values = [1.0 if (k // 20) % 4 == 0 else 0.0 for k in range(len(times))]
        put(self.file, "series", "movement", "timestamps", "n.a.",
            numbers=[one for pair in zip(times, values) for one in pair])
        self.assertFails(3, "movement", *self.arguments())
        for words in [[], ["--activity", "events", "--tau-s", 0.7]]:
            self.movement("--uncovered", "mask", *words)
            left_out = number(self.results / "movement.h5", "/L23M1/01", "uncovered_frames")
            self.assertTrue(270 <= left_out <= 290, left_out)


class Fluorescence(Case):
    """Raw fluorescence is not dF/F."""

    OPHYS = "/processing/ophys"

    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=1, neurons=12)
        self.file = files_of(self.study)[0]
        self.runs = 0

    def arguments(self, *words, job="connectome"):
        self.runs += 1
        self.results = self.folder / f"results{self.runs}"
        return [job, "--study", self.study, "--results", self.results, *words]

    def connectome(self, *words):
        code, out, err = run(*self.arguments("--tau-s", 0.7, *words))
        self.assertEqual(code, 0, out + err)
        return out + err

    def events(self):
        """Of all neurons, from connectome.h5."""
        done = subprocess.run(["h5dump", "-y", "-w", "0", "-d", "/L23M1/01/events", self.results / "connectome.h5"],
                              capture_output=True, text=True)
        return [int(word) for word in done.stdout.split("DATA {")[1].split("}")[0].replace(",", " ").split()]

    def make_raw(self):
        put(self.file, "scale", self.OPHYS + "/DfOverF/RoiResponseSeries/data", 100, 1000)

    def test_traces_far_from_zero_are_refused_and_their_baseline_subtracted_where_told(self):
        self.connectome()
        before = sum(self.events())
        self.make_raw()
        for words in [["--tau-s", 0.7], ["--tau-s", 0.7, "--where", "roi_id==1"]]:
            self.assertFails(3, ["never come near 0", "--baseline"], *self.arguments(*words))
        self.assertFails(3, "never come near 0", *self.arguments("--activity", "dff", *QUICK, job="movement"))
        for baseline in ["maximin", "percentile"]:
            self.assertIn("baseline (" + baseline, self.connectome("--baseline", baseline))
            self.assertTrue(0.7 * before < sum(self.events()) < 1.3 * before, (before, sum(self.events())))

    def test_movement_names_the_unit_of_what_it_took(self):
        def unit(*words):
            code, out, err = run(*self.arguments("--activity", "dff", *QUICK, *words, job="movement"))
            self.assertEqual(code, 0, out + err)
            done = subprocess.run(["h5dump", "-a", "/L23M1/01/mean_activity/units", self.results / "movement.h5"],
                                  capture_output=True, text=True)
            return done.stdout.split('"')[-2]

        self.assertEqual(unit(), "dF/F")
        self.make_raw()
        self.assertEqual(unit("--baseline", "maximin"), "fluorescence")

    def test_a_container_named_fluorescence(self):
        put(self.file, "text", self.OPHYS + "/DfOverF", "neurodata_type", "Fluorescence")
        put(self.file, "rename", self.OPHYS + "/DfOverF", self.OPHYS + "/Fluorescence")
        self.assertFails(3, ["raw fluorescence, by its name", "--baseline"], *self.arguments("--tau-s", 0.7))

    def test_neuropil_is_subtracted_and_later_jobs_take_the_same_baseline(self):
        self.make_raw()
        put(self.file, "text", self.OPHYS + "/DfOverF", "neurodata_type", "Fluorescence")
        put(self.file, "rename", self.OPHYS + "/DfOverF", self.OPHYS + "/Fluorescence")
        put(self.file, "copy", self.OPHYS + "/Fluorescence", self.OPHYS + "/Neuropil")
        self.assertIn("neuropil in 1 of 1 sessions", self.connectome("--baseline", "maximin"))
        first = self.results
        code, out, err = run("movement", "--study", self.study, "--results", first, *QUICK)
        self.assertEqual(code, 0, out + err)
        self.assertIn("baseline (maximin)", out + err)
        self.assertFails(2, "--baseline percentile here, but maximin", "movement", "--study", self.study, "--results",
                         first, *QUICK, "--overwrite", "--baseline", "percentile")

    def test_rois_that_are_no_cells(self):
        put(self.file, "add-column", ROIS, "iscell", numbers=[1.0] * 7 + [0.0] * 5)
        self.assertIn("--where iscell==1", self.connectome())
        self.assertEqual(len(self.events()), 12)
        self.connectome("--where", "iscell==1")
        self.assertEqual(len(self.events()), 7)
        self.assertFails(2, "not COLUMN==VALUE", *self.arguments("--tau-s", 0.7, "--where", "iscell"))
        self.assertFails(3, "no column good", *self.arguments("--tau-s", 0.7, "--where", "good==1"))

    def test_another_selection_is_another_result(self):
        put(self.file, "add-column", ROIS, "iscell", numbers=[1.0] * 7 + [0.0] * 5)
        self.connectome("--where", "iscell==1")
        self.assertFails(2, "where", "connectome", "--study", self.study, "--results", self.results, "--tau-s", 0.7)

    def test_smoothing_in_seconds(self):
        self.connectome("--smoothing-s", 5 / 28)
        first = self.results
        self.connectome()
        for name in ["events", "partial_correlation"]:
            done = subprocess.run(["h5diff", first / "connectome.h5", self.results / "connectome.h5", f"/L23M1/01/{name}"])
            self.assertEqual(done.returncode, 0)
        self.connectome("--smoothing-s", 1, "--covariate", "lever")
        self.assertEqual(number(self.results / "connectome.h5", "/L23M1/01", "frames"), 120 * 28 - 28)
        code, out, err = run("movement", "--study", self.study, "--results", self.results, *QUICK)
        self.assertEqual(code, 0, out + err)
        self.assertEqual(number(self.results / "movement.h5", "/L23M1/01", "frames"), 120 * 28 - 28)

    def test_five_frames_at_another_rate(self):
        self.study = self.simulate("--rate-hz", 3.7, sessions=1, neurons=8, duration_s=400, out="slow")
        self.assertIn("1.4 s at 3.7 Hz", self.connectome())
        self.assertNotIn("smoothed over 5 frames", self.connectome("--smoothing-s", 0.8))


class LeftOut(Case):
    """Sessions that a job cannot use do not stop the others."""

    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=3, neurons=8)
        self.files = files_of(self.study)
        self.results = self.folder / "results"

    def words(self, job, *words):
        return [job, "--study", self.study, "--results", self.results, "--tau-s", 0.7,
                *(QUICK if job == "movement" else []), *words]

    def done(self, job, *words):
        code, out, err = run(*self.words(job, *words))
        self.assertEqual(code, 0, out + err)
        return out + err

    def sessions(self, job):
        listing = subprocess.run(["h5ls", f"{self.results / job}.h5/L23M1"], capture_output=True, text=True).stdout
        return [line.split()[0] for line in listing.splitlines() if "Group" in line]

    def page(self):
        self.assertEqual(run("report", "--results", self.results)[0], 0)
        return next(self.results.glob("*.html")).read_text()

    def test_a_session_without_movements(self):
        put(self.files[1], "remove", "/intervals/movement_epochs")
        put(self.files[1], "remove", LEVER)
        self.assertFails(3, "no movements", *self.words("movement"))
        self.assertIn("skipped: no movements", self.done("movement", "--skip-missing"))
        self.done("connectome", "--skip-missing")
        self.assertEqual(self.sessions("movement"), ["01", "03"])
        self.assertEqual(self.sessions("connectome"), ["01", "02", "03"])
        self.assertIn("skipped: no movements", attribute(self.results / "movement.h5", "/", "left_out"))
        self.assertIn("skipped: no movements", self.page())

    def test_a_session_without_activity(self):
        put(self.files[2], "remove", "/processing/ophys/DfOverF")
        self.assertFails(3, "no dF/F", *self.words("connectome"))
        self.done("connectome", "--skip-missing")
        self.assertEqual(self.sessions("connectome"), ["01", "02"])
        self.assertIn("nothing to compute", self.done("connectome", "--skip-missing", "--session", "03"))

    def test_exclusion_from_one_job(self):
        table = "file\texclude\n" + f"{self.files[1].name}\tmovement\n"
        (self.study / "study.tsv").write_text(table)
        self.assertIn("excluded from movement in study.tsv line 2", self.done("movement"))
        self.done("connectome")
        self.assertEqual(self.sessions("movement"), ["01", "03"])
        self.assertEqual(self.sessions("connectome"), ["01", "02", "03"])
        self.assertIn("excluded from movement in study.tsv line 2", self.page())

    def test_a_misspelt_job(self):
        (self.study / "study.tsv").write_text("file\texclude\n" + f"{self.files[1].name}\tmovment\n")
        self.assertFails(3, "movment", *self.words("connectome"))

    def test_parts_carry_what_was_left_out(self):
        (self.study / "study.tsv").write_text("file\texclude\n" + f"{self.files[1].name}\tmovement\n")
        whole = self.results
        for name in ["01", "03"]:
            self.results = whole / "parts" / "L23M1" / name
            self.done("movement", "--session", name)
        self.results = whole
        code, out, err = run("merge", "--results", whole)
        self.assertEqual(code, 0, out + err)
        self.assertEqual(attribute(whole / "movement.h5", "/", "left_out").count("excluded from movement"), 1)


class Overwrite(Case):
    def setUp(self):
        super().setUp()
        self.study = self.simulate(animals=2, sessions=2, neurons=8)
        self.results = self.folder / "results"

    def words(self, job, *words):
        if job == "rewiring":
            return [job, "--results", self.results, *words]
        return [job, "--study", self.study, "--results", self.results, "--tau-s", 0.7,
                *(["--shuffles", 100] if job == "movement" else []), *words]

    def done(self, *words):
        code, out, err = run(*self.words(*words))
        self.assertEqual(code, 0, out + err)
        return out + err

    def test_a_subject_alone_is_replaced_and_the_others_stay(self):
        for job in ["connectome", "movement", "rewiring"]:
            self.done(job)
            result = self.results / f"{job}.h5"
            shutil.copy(result, self.folder / "before.h5")
            said = self.done(job, "--overwrite", "--subject", "L23M1")
            if job == "connectome":
                self.assertIn("2 to compute, 2 kept", said)
            self.assertSameDatasets(self.folder / "before.h5", result)
            inputs = attribute(result, "/", "inputs_sha256")
            self.assertIn("L23M1", inputs)
            self.assertIn("L23M2", inputs)

    def test_other_settings_for_one_subject_are_refused(self):
        changed = {"connectome": ["--alpha", 3], "movement": ["--units", "frames"], "rewiring": ["--top", 7]}
        for job, words in changed.items():
            self.done(job)
            before = (self.results / f"{job}.h5").read_bytes()
            self.assertFails(2, "other settings", *self.words(job, "--overwrite", "--subject", "L23M1", *words))
            self.assertEqual((self.results / f"{job}.h5").read_bytes(), before)

    def test_one_session_alone(self):
        self.done("connectome")
        shutil.copy(self.results / "connectome.h5", self.folder / "before.h5")
        self.assertIn("1 to compute, 3 kept", self.done("connectome", "--overwrite", "--subject", "L23M1", "--session", "02"))
        self.assertSameDatasets(self.folder / "before.h5", self.results / "connectome.h5")

    def test_a_damaged_result_is_replaced(self):
        for job in ["connectome", "movement", "rewiring"]:
            self.done(job)
            result = self.results / f"{job}.h5"
            whole = result.read_bytes()
            shutil.copy(result, self.folder / "before.h5")
            for damaged in [whole[:len(whole) // 2], b"nothing of HDF5", b""]:
                result.write_bytes(damaged)
                self.assertFails(3, f"{job}.h5", *self.words(job))
                self.assertFails(3, ["damaged", f"{job}.h5"], *self.words(job, "--overwrite", "--subject", "L23M1"))
                self.assertEqual(result.read_bytes(), damaged)
                self.done(job, "--overwrite")
                self.assertSameDatasets(self.folder / "before.h5", result)


class StudyChecks(Case):
    """What `rewire study` calls good, the jobs take."""

    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=2, neurons=8)
        self.file = files_of(self.study)[0]
        self.assertEqual(run("study", self.study)[0], 0)

    def test_a_lever_in_degrees(self):
        put(self.file, "remove", "/intervals/movement_epochs")
        put(self.file, "text", LEVER + "/data", "unit", "degrees")
        code, out, _ = run("study", self.study)
        self.assertEqual(code, 3)
        self.assertIn("`rewire movement` would refuse it: the lever trace is in degrees", out)
        self.assertEqual(run("study", self.study, "--quick")[0], 0)
        self.assertEqual(run("study", self.study, "--lever-threshold", "auto")[0], 0)
        (self.study / "study.tsv").write_text(f"file\texclude\n{self.file.name}\tmovement\n")
        self.assertEqual(run("study", self.study)[0], 0)

    def test_raw_fluorescence(self):
        put(self.file, "scale", "/processing/ophys/DfOverF/RoiResponseSeries/data", 100, 1000)
        code, out, _ = run("study", self.study)
        self.assertEqual(code, 3)
        self.assertIn("`rewire connectome` would refuse it", out)
        self.assertEqual(run("study", self.study, "--baseline", "maximin")[0], 0)


class SaneNumbers(Case):
    def test_simulate(self):
        for option, value in [("animals", "1e9"), ("neurons", "1e7"), ("duration-s", "1e9"), ("lever-rate-hz", "1e12"),
                              ("amplitude", "1e308"), ("tau-s", "0"), ("missing-neurons", "1"), ("rate-hz", "0")]:
            err = self.assertFails(2, [f"--{option}", "out of range"], "simulate", "--out", self.folder / "study",
                                   f"--{option}", value)
            self.assertNotIn("takes  ", err)
        self.assertFalse((self.folder / "study").exists())

    def test_simulate_refuses_what_does_not_fit_before_it_writes(self):
        words = ["simulate", "--out", self.folder / "study", "--animals", 1, "--sessions", 1, "--neurons", 1000000]
        self.assertFails(3, ["not enough memory", "--ignore-memory"], *words, ranks=4)
        self.assertFalse((self.folder / "study").exists())

    def test_rewiring(self):
        for option in ["top", "components", "draws"]:
            self.assertFails(2, [f"--{option}", "out of range"], "rewiring", "--results", self.folder, f"--{option}", "1e9")


if __name__ == "__main__":
    unittest.main()
