"""Where movements come from: what is taken, what is refused, and what is said about it."""

import math
import random
import subprocess
import unittest

from rewire_cli import BUILD, Case, run

LEVER = "/processing/behavior/lever"
EPOCHS = "/intervals/movement_epochs"


class MovementSource(Case):
    def setUp(self):
        super().setUp()
        self.study = self.simulate(sessions=1, neurons=10)  # 120 s, 28 frames a second, lever at 1 kHz
        self.file = next(self.study.rglob("*.nwb"))
        self.runs = 0

    def put(self, *words, numbers=()):
        text = " ".join(repr(float(number)) for number in numbers)
        subprocess.run([BUILD / "tests" / "put_behaviour", self.file, *map(str, words)], input=text, text=True, check=True)

    def remove(self, *paths):
        for path in paths:
            self.put("remove", path)

    def put_timed(self, name, times, values):
        self.put("series", name, "timestamps", numbers=[number for pair in zip(times, values) for number in pair])

    def arguments(self, words):
        self.runs += 1
        return ["movement", "--study", self.study, "--results", self.folder / f"results{self.runs}", "--activity", "dff",
                "--shuffles", "50", *words]

    def movement(self, *words):
        """Standard error, and per cent of the session in movement from the table."""
        code, out, err = run(*self.arguments(words))
        self.assertEqual(code, 0, out + err)
        row = next(line for line in err.splitlines() if " ses-01 " in line or " 01 " in line)
        return err, float(row.split()[4])

    def refused(self, wording, *words):
        err = self.assertFails(3, wording, *self.arguments(words))
        self.assertIn(".nwb", err)
        return err

    def lever(self, times):
        """Presses every 4 s."""
        return [1.5 + 0.6 * math.exp(-0.5 * (((time - 2) % 4 - 2) / 0.1) ** 2) for time in times]

    def test_an_exact_name_wins(self):
        _, alone = self.movement()
        self.put("intervals", "eye_movements", numbers=[1, 2])
        self.put("series", "aaa_movement", 10, 0, numbers=[0.5 * k for k in range(1200)])
        err, moving = self.movement()
        self.assertEqual(moving, alone)
        self.assertIn("movements from /intervals/movement_epochs (1 session)", err)

    def test_several_that_may_be_meant(self):
        self.put("intervals", "eye_movements", numbers=[1, 13])
        self.remove(EPOCHS)
        self.refused(["2 things may hold the movements", "/intervals/eye_movements", LEVER, "--movement"])
        err, moving = self.movement("--movement", "eye_movements")
        self.assertIn("movements from /intervals/eye_movements", err)
        self.assertEqual(moving, 10)
        err, _ = self.movement("--movement", "lever")
        self.assertIn("movements from /processing/behavior/lever (lever trace)", err)
        self.put("intervals", "movement", numbers=[1, 13])
        self.put("intervals", "movements", numbers=[1, 25])
        self.refused(["2 sources of movements", "/intervals/movement, /intervals/movements"])
        self.assertEqual(self.movement("--movement", "/intervals/movements")[1], 20)

    def test_one_name_twice(self):
        self.put("series", "movement_epochs", 10, 0, numbers=[k % 50 < 25 for k in range(1200)])
        self.refused(["2 tables and series are named movement_epochs", EPOCHS], "--movement", "movement_epochs")

    def test_several_levers(self):
        self.remove(EPOCHS)
        self.put("series", "lever_force", 10, 0, numbers=[0.1 * k for k in range(1200)])
        self.assertIn("from /processing/behavior/lever (lever trace)", self.movement()[0])
        self.put("series", "lever_position", 10, 0, numbers=[0.1 * k for k in range(1200)])
        self.remove(LEVER)
        self.refused(["lever_force", "lever_position", "--lever"])

    def test_nothing_there(self):
        self.remove(EPOCHS, LEVER)
        self.refused(["no movements", "--movement"])

    def test_masks_of_any_two_values(self):
        self.remove(EPOCHS)
        for kind, low, high, said in [("series", 0, 1, "(binary series)"), ("booleans", 0, 1, "(binary series)"),
                                      ("series", 0, 255, "(binary series, movement is 255)"),
                                      ("series", -1.5, 0.5, "(binary series, movement is 0.5)")]:
            self.put(kind, "movement", 100, 0, numbers=[high if k % 500 < 100 else low for k in range(12000)])
            err, moving = self.movement()
            self.assertIn("movements from /processing/behavior/movement " + said, err)
            self.assertAlmostEqual(moving, 20, delta=0.5)
            self.remove("/processing/behavior/movement")

    def test_a_series_that_is_neither_mask_nor_lever(self):
        self.remove(EPOCHS)
        times = [k / 100 for k in range(12000)]
        self.put("series", "wheel_movement", 100, 0, numbers=self.lever(times))
        self.remove(LEVER)
        self.refused(["more than two values, from 1.5", "to 2.1", "not a binary series", "--lever wheel_movement",
                      "table of intervals"])
        err, moving = self.movement("--lever", "wheel_movement")
        self.assertIn("wheel_movement (lever trace)", err)
        self.assertGreater(moving, 5)
        self.refused("no table or series named wheel", "--lever", "wheel")
        self.assertFails(2, "both --movement and --lever", *self.arguments(["--lever", "a", "--movement", "b"]))
        self.put("series", "movement", 100, 0, numbers=[7] * 12000)
        self.refused(["nothing but 7", "--movement"])

    def test_a_mask_with_missing_samples(self):
        self.remove(EPOCHS)
        mask = [float(k % 500 < 100) for k in range(12000)]
        mask[6000] = mask[6001] = math.nan
        self.put("series", "movement", 100, 0, numbers=mask)
        self.refused(["sample 6000 (60.000 s) of the binary series is not a number", "12000 samples 2",
                      "behavior/movement"])

    def test_a_series_shorter_than_the_recording(self):
        self.remove(EPOCHS)
        self.put("series", "movement", 100, 0, numbers=[k % 500 < 100 or k > 2900 for k in range(3000)])
        self.refused(["lasts from 0.000 s to 30.000 s", "the imaging from 0.000 s to 119.9"])
        self.remove("/processing/behavior/movement")
        self.put("series", "movement", 100, 5, numbers=[k % 500 < 100 for k in range(12000)])
        self.refused("lasts from 5.000 s to 125.000 s")
        self.remove("/processing/behavior/movement", LEVER)
        times = [k / 1000 for k in range(30000)]
        self.put("series", "lever", 1000, 0, numbers=self.lever(times))
        self.refused("lasts from 0.000 s to 30.000 s")

    def test_a_lever_with_timestamps(self):
        self.remove(EPOCHS, LEVER)
        even = [k / 1000 for k in range(120000)]
        self.put("series", "lever", 1000, 0, numbers=self.lever(even))
        _, expected = self.movement()
        self.assertGreater(expected, 5)
        stream = random.Random(3)
        jittered = [time + stream.uniform(-20e-6, 20e-6) for time in even]
        fast = [k / 1000.3 for k in range(120100)]
        for times in [even, jittered, fast]:
            self.remove(LEVER)
            self.put_timed("lever", times, self.lever(times))
            self.assertAlmostEqual(self.movement()[1], expected, delta=0.3)
        self.remove(LEVER)
        gap = [time if time < 30 else time + 60 for time in even[:60000]]
        self.put_timed("lever", gap, self.lever(gap))
        self.refused(["a gap in its timestamps from 29.999 s to 90.000 s", "table of intervals"])

    def test_a_mask_with_a_gap(self):
        self.remove(EPOCHS)
        times = [k / 100 if k < 3000 else k / 100 + 60 for k in range(6001)]
        self.put_timed("movement", times, [float(k % 500 < 100) for k in range(6001)])
        self.refused("no samples from 29.990 s to 90.000 s")

    def test_a_wrong_source_is_refused_before_anything_is_saved(self):
        self.put("intervals", "eye_movements", numbers=[1, 2])
        self.remove(EPOCHS)
        self.put("intervals", "head_movements", numbers=[1, 2, 30, 40])
        results = ["--results", self.folder / "same"]
        words = ["movement", "--study", self.study, "--activity", "dff", "--shuffles", "50", *results]
        self.assertFails(3, ["eye_movements", "head_movements", "--movement"], *words)
        self.assertEqual(list((self.folder / "same").glob("*.checkpoint")), [])
        code, _, err = run(*words, "--movement", "head_movements")
        self.assertEqual(code, 0, err)

    def test_sessions_in_which_no_neuron_can_be_found(self):
        whole = [0.0, 1000.0]
        for numbers, units, expected in [
            ([], "runs", "no movement in this session"),
            (whole, "runs", "no quiescence in this session"),
            ([20, 25, 60, 65], "runs", "60 distinct shuffles: no rank above 0."),
            ([20, 25, 60, 65], "frames", None),
            ([20, 25], "frames", None),
        ]:
            self.put("remove", EPOCHS)
            self.put("intervals", "movement_epochs", numbers=numbers)
            err, _ = self.movement("--units", units)
            if expected:
                self.assertIn(expected, err)
            else:
                self.assertNotIn("distinct shuffles", err)

    def test_within_names_one_table(self):
        self.put("intervals", "movement_two", numbers=[1, 2, 30, 40])
        words = ["connectome", "--study", self.study, "--tau-s", "0.7", "--surrogates", "16", "--results"]
        self.assertFails(3, ["movement fits more than one table of intervals", "movement_epochs", "movement_two"], *words, self.folder / "c",
                         "--within", "movement")
        self.assertFails(3, ["nowhere"], *words, self.folder / "c", "--within", "nowhere")
        self.assertEqual(list((self.folder / "c").glob("*.checkpoint")), [])
        code, _, err = run(*words, self.folder / "c", "--within", "movement_epochs")
        self.assertEqual(code, 0, err)

    def test_states_and_covariates_are_checked_as_movements_are(self):
        words = ["connectome", "--study", self.study, "--tau-s", "0.7", "--support", "none", "--results"]
        self.put("intervals", "odd", numbers=[1, 2, 30, 4])
        self.assertFails(3, ["row 1 runs from 30", ".nwb", "odd"], *words, self.folder / "c", "--surrogates", "16",
                         "--within", "odd")
        times = [number / 50 for number in range(6100)]
        kept = [time for time in times if not 10 < time < 14]
        self.put_timed("speed", kept, self.lever(kept))
        self.assertFails(3, ["no samples from 10", ".nwb", "speed"], *words, self.folder / "c", "--covariate", "speed")
        self.put_timed("short", times[:500], self.lever(times[:500]))
        self.assertFails(3, ["lasts from 0.000 s", ".nwb", "short"], *words, self.folder / "c", "--covariate", "short")
        self.put("intervals", "elsewhere", numbers=[5001, 5002, 5030, 5040])
        for option in ["--within", "--covariate"]:
            self.assertFails(3, ["no interval holds an imaging frame", ".nwb", "elsewhere", "clock"], *words,
                             self.folder / "c", "--surrogates", "16", option, "elsewhere")
        self.put_timed("whole", times, self.lever(times))
        code, _, err = run(*words, self.folder / "c", "--covariate", "whole")
        self.assertEqual(code, 0, err)

    def test_sessions_that_differ(self):
        self.study = self.simulate(sessions=2, neurons=10, out="two")
        self.file = sorted(self.study.rglob("*.nwb"))[1]
        self.remove(EPOCHS)
        err, _ = self.movement()
        self.assertIn("different sources: /intervals/movement_epochs (1 session, first ", err)
        self.assertIn("behavior/lever (lever trace) (1 session, first ", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
