"""Which frames of a session are correlated, and what is taken out of them first."""

import math
import shutil
import subprocess
import sys
import unittest
from statistics import median

from rewire_cli import BUILD, REWIRE, Case, run

SESSION = "L23M1/01"
DFF = "/processing/ophys/DfOverF/RoiResponseSeries"


def attribute(result, name):
    done = subprocess.run(["h5dump", "-a", f"/{SESSION}/{name}", result], capture_output=True, text=True, check=True)
    return float(done.stdout.split("(0):")[1].split("}")[0])


def dataset(result, name):
    done = subprocess.run(["h5dump", "-y", "-d", f"/{SESSION}/{name}", result], capture_output=True, text=True, check=True)
    values = done.stdout.split("DATA {")[1].split("}")[0]
    return [float(value) for value in values.replace(",", " ").split()]


def text(result, name):
    done = subprocess.run(["h5dump", "-a", f"/{SESSION}/{name}", result], capture_output=True, text=True, check=True)
    return done.stdout.split('(0): "')[1].split('"')[0]


def listed(result):
    return subprocess.run(["h5ls", f"{result}/{SESSION}"], capture_output=True, text=True, check=True).stdout


class Frames(Case):
    def put(self, file, *words, text=""):
        subprocess.run([BUILD / "tests" / "put_behaviour", file, *words], input=text, text=True, check=True)

    def connectome(self, study, results, *words, ranks=1):
        if "--displacements" not in words:
            words = [*words, "--displacements", "0"]
        code, out, err = run("connectome", "--study", study, "--results", self.folder / results, "--tau-s", "0.7", *words,
                             ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return self.folder / results / "connectome.h5", err

    def gapped(self, study, first, frames, rate_hz=28):
        """The study with ten seconds of its clock missing before a frame."""
        gapped = self.folder / "gapped"
        shutil.copytree(study, gapped)
        by_clock = next(gapped.rglob("*.nwb"))
        times = [(t if t < first else t + 10 * rate_hz) / rate_hz for t in range(frames)]
        self.put(by_clock, "remove", f"{DFF}/starting_time")
        self.put(by_clock, "numbers", f"{DFF}/timestamps", text="\n".join(map(repr, times)))
        return gapped

    def test_slow_cosines_take_out_rates_that_fall_together(self):
        study = self.simulate("--null", "--rate-fall", "0.95", sessions=1, neurons=30, duration_s=600)
        plain, _ = self.connectome(study, "plain")
        highpass, _ = self.connectome(study, "highpass", "--highpass-s", "100")

        self.assertGreater(attribute(plain, "drive"), 0.3)
        self.assertLess(attribute(highpass, "drive"), 0.1)

    def test_tables_of_intervals_and_lags_are_covariates(self):
        study = self.simulate(sessions=1)
        plain, _ = self.connectome(study, "plain")
        movement, _ = self.connectome(study, "movement", "--covariate", "movement")
        lagged, _ = self.connectome(study, "lagged", "--covariate", "movement", "--covariate-lags-s", "0.5", ranks=2)

        self.assertEqual(len({attribute(file, "threshold") for file in [plain, movement, lagged]}), 3)
        self.assertFails(3, ["covariates for", "little would be left", "--covariate-lags-s"], "connectome", "--study", study, "--results",
                         self.folder / "many", "--tau-s", "0.7", "--covariate", "movement", "--covariate-lags-s", "10")

    def test_lags_and_slow_cosines_know_of_gaps(self):
        study = self.simulate(sessions=1, duration_s=200)
        first, rate_hz, margin = 2000, 28, 2
        frames = int(attribute(self.connectome(study, "whole")[0], "frames")) + 2 * margin
        gapped = self.gapped(study, first, frames)
        place = [t if t < first else t + 10 * rate_hz for t in range(frames)]
        file = next(gapped.rglob("*.nwb"))

        def put(name, values):
            self.put(file, "series", name, "timestamps",
                     text="\n".join(f"{p / rate_hz!r} {v!r}" for p, v in zip(place, values)))

        def segment(t):
            return (0, first - 1) if t < first else (first, frames - 1)

        jumping = [math.sin(t / 5) + (3 if t < first else -t / frames) for t in range(frames)]
        for name, lag in [("jumping", 0), ("before", 1), ("after", -1)]:
            put(name, [jumping[min(max(t - lag, segment(t)[0]), segment(t)[1])] for t in range(frames)])
        lagged, _ = self.connectome(gapped, "lagged", "--covariate", "jumping", "--covariate-lags-s", str(1 / rate_hz))
        by_hand, _ = self.connectome(gapped, "by-hand", "--covariate", "jumping", "--covariate", "before", "--covariate",
                                     "after")
        self.assertClose(lagged, by_hand)

        for period_s in [100, 9]:  # the gap lasts ten
            step = min(10 * rate_hz + 1, period_s * rate_hz)
            at = [t - margin if t < first else t - margin + step - 1 for t in range(frames)]
            length = at[-1 - margin] + 1
            waves = int(2 * length / (period_s * rate_hz))
            for k in range(1, waves + 1):
                put(f"wave{period_s}-{k}", [math.cos(math.pi * k * (p + 0.5) / length) for p in at])
            slow, _ = self.connectome(gapped, f"slow{period_s}", "--highpass-s", str(period_s))
            by_hand, _ = self.connectome(gapped, f"waves{period_s}", *[
                word for k in range(1, waves + 1) for word in ["--covariate", f"wave{period_s}-{k}"]])
            self.assertClose(slow, by_hand)

    def assertClose(self, first, second):
        for name in ["partial_correlation", "p_both"]:
            for a, b in zip(dataset(first, name), dataset(second, name)):
                self.assertAlmostEqual(a, b, delta=1e-9)

    def test_covariates_are_averaged_over_frames_where_asked(self):
        study = self.simulate(sessions=1)
        at_time, _ = self.connectome(study, "time", "--covariate", "lever", "--covariate", "movement")
        average, _ = self.connectome(study, "average", "--covariate", "lever", "--covariate", "movement",
                                     "--covariate-average")
        again, _ = self.connectome(study, "again", "--covariate", "lever", "--covariate", "movement",
                                   "--covariate-average", ranks=2)

        self.assertNotEqual(attribute(at_time, "threshold"), attribute(average, "threshold"))
        self.assertAlmostEqual(attribute(at_time, "threshold"), attribute(average, "threshold"), delta=0.02)
        self.assertSameDatasets(average, again)
        self.put(next(study.rglob("*.nwb")), "series", "gapped", "timestamps",
                 text=" ".join(f"{k / 10} {k % 7}" for k in range(1300) if not 500 < k < 520))
        for words in [[], ["--covariate-average"]]:
            self.assertFails(3, ["no samples from 50.000 s to 52.000 s", "gapped"], "connectome", "--study", study,
                             "--results", self.folder / f"gapped{len(words)}", "--tau-s", "0.7", "--covariate", "gapped",
                             *words)

    def assert_artefacts_left_out(self, seed, frames_of_one, *words):
        """Twelve of them. @param frames_of_one fewest and most"""
        study = self.simulate("--null", "--artefacts-per-min", "4", "--seed", seed, sessions=1, neurons=60, duration_s=180)
        kept, warned = self.connectome(study, "kept", *words)
        dropped, err = self.connectome(study, "dropped", "--drop-artefacts", *words)

        self.assertIn("nearly all neurons were active at once", err)
        artefacts = attribute(dropped, "artefact_frames")
        fewest, most = frames_of_one
        self.assertGreaterEqual(artefacts, 12 * fewest)
        self.assertLessEqual(artefacts, 12 * most)
        self.assertEqual(attribute(dropped, "frames"), attribute(kept, "frames") - artefacts)
        self.assertEqual(attribute(kept, "artefact_frames"), 0)
        self.assertEqual(attribute(kept, "artefact_frames_kept"), artefacts)
        self.assertIn(f"in {artefacts:.0f} frames far more neurons are active than usual", warned)
        # Of the active neurons in one frame: nearly all, and what chance gives where three in a hundred are.
        self.assertGreater(attribute(kept, "largest_active_share"), 0.9)
        self.assertLess(attribute(dropped, "largest_active_share"), 0.3)

    def test_frames_in_which_all_are_active_are_left_out(self):
        self.assert_artefacts_left_out("1", (5, 16))

    def test_artefacts_are_as_wide_as_the_smoothing(self):
        self.assert_artefacts_left_out("2", (29, 64), "--smoothing-s", "1")

    def test_wide_smoothing_gives_no_judgement_of_artefacts(self):
        study = self.simulate("--null", "--artefacts-per-min", "4", "--seed", "2", sessions=1, neurons=60, duration_s=180)
        wide, err = self.connectome(study, "wide", "--drop-artefacts", "--smoothing-s", "3")
        self.assertIn("artefact frames could not be judged", err)
        self.assertEqual(attribute(wide, "artefacts_judged"), 0)
        self.assertIn("even all neurons at once would not stand out", self.page("wide"))

    def test_sparse_activity_gives_no_judgement_of_artefacts(self):
        study = self.simulate("--null", sessions=1, neurons=4, duration_s=120)
        sparse, err = self.connectome(study, "sparse", "--drop-artefacts")
        self.assertIn("artefact frames could not be judged", err)
        self.assertEqual(attribute(sparse, "artefacts_judged"), 0)
        self.assertEqual(attribute(sparse, "artefact_frames"), 0)
        self.assertIn("Artefact frames could not be judged", self.page("sparse"))

    def test_a_covariate_that_is_constant_is_said(self):
        study = self.simulate(sessions=1)
        file = next(study.rglob("*.nwb"))
        self.put(file, "series", "flat", "10", "0", text=" ".join(["2.5"] * 1300))
        self.put(file, "intervals", "none", text="")
        plain, _ = self.connectome(study, "plain", "--covariate", "movement")
        flat, err = self.connectome(study, "flat", "--covariate", "movement", "--covariate", "flat", "--covariate", "none",
                                    "--covariate-lags-s", "0")
        for name in ["flat", "none"]:
            self.assertIn(f"the covariate {name} is constant in the imaged frames", err)
        self.assertNotIn("the covariate movement", err)
        for name in ["partial_correlation", "p_partial", "p_both"]:
            self.assertEqual(dataset(plain, name), dataset(flat, name))
        self.assertEqual(listed(plain), listed(flat))

    def test_what_takes_nothing_out_and_keeps_nothing_apart_is_said(self):
        study = self.simulate(sessions=1)
        file = next(study.rglob("*.nwb"))
        self.put(file, "intervals", "none", text="")
        self.put(file, "intervals", "everything", text="-10 10000")
        plain, _ = self.connectome(study, "plain")
        for words, wording in [(["--within", "none"], "all frames are outside of the intervals of none"),
                               (["--within", "everything"], "all frames are inside the intervals of everything"),
                               (["--highpass-s", "1000"], "--highpass-s 1000 is more than twice as long")]:
            with self.subTest(words):
                result, err = self.connectome(study, "-".join(words), *words)
                self.assertIn(wording, err)
                for name in ["partial_correlation", "p_both"]:
                    self.assertEqual(dataset(plain, name), dataset(result, name))
        _, err = self.connectome(study, "within", "--within", "movement")
        self.assertNotIn("all frames are", err)

    def test_too_many_covariates_are_refused_before_they_take_memory(self):
        study = self.simulate(sessions=1)
        self.assertFails(3, ["covariates for", "little would be left"], "plan", "connectome", "--study", study, "--results",
                         self.folder / "many", "--tau-s", "0.7", "--highpass-s", "0.001", "--ranks", "2")
        for words, wording in [(["--highpass-s", "0.5"], "479 covariates for 3356 frames"),
                               (["--highpass-s", "0.001"], "240000 covariates"),
                               (["--highpass-s", "1e-300"], "covariates for"),
                               (["--covariate", "movement", "--covariate-lags-s", "60"], "3361 covariates")]:
            with self.subTest(words):
                limited = "import resource, os, sys; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); " \
                          "os.execv(sys.argv[1], sys.argv[1:])"
                done = subprocess.run([sys.executable, "-c", limited, REWIRE, "connectome", "--study", study, "--results",
                                       self.folder / "many", "--tau-s", "0.7", *words], capture_output=True, text=True)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn(wording, done.stderr)
                self.assertIn("little would be left", done.stderr)

    def test_segments_are_shifted_within(self):
        study = self.simulate(sessions=1, duration_s=200)
        whole, _ = self.connectome(study, "whole")
        trials, err = self.connectome(study, "trials", "--segments", "trials", "--surrogates", "20")
        again, _ = self.connectome(study, "again", "--segments", "trials", "--surrogates", "20", ranks=3)

        self.assertIn("segments, each deconvolved, smoothed, shifted and jittered on its own", err)
        self.assertEqual(attribute(whole, "segments"), 1)
        self.assertGreater(attribute(trials, "segments"), 5)
        self.assertLess(attribute(trials, "frames"), 0.9 * attribute(whole, "frames"))
        self.assertSameDatasets(trials, again)

    def test_gaps_of_the_clock_are_ends_of_segments(self):
        study = self.simulate(sessions=1, duration_s=200)
        first, rate_hz = 2000, 28
        frames = int(attribute(self.connectome(study, "whole")[0], "frames")) + 4
        by_table = next(study.rglob("*.nwb"))
        self.put(by_table, "intervals", "blocks", text=f"0 {first / rate_hz} {first / rate_hz} {frames / rate_hz}")
        gapped = self.gapped(study, first, frames)

        table, _ = self.connectome(study, "table", "--segments", "blocks", "--halves", "yes")
        clock, err = self.connectome(gapped, "clock", "--halves", "yes")
        again, _ = self.connectome(gapped, "again", "--halves", "yes", ranks=3)

        self.assertIn("2 segments", err)
        self.assertEqual(attribute(clock, "segments"), 2)
        self.assertEqual(attribute(clock, "frames"), frames - 8)
        self.assertEqual(attribute(clock, "fine_half_frames"), frames - 8)
        for name in ["partial_correlation", "p_both", "half_a", "fine_half_b"]:
            for by_table, by_clock in zip(dataset(table, name), dataset(clock, name)):
                self.assertAlmostEqual(by_table, by_clock, delta=1e-9)  # the clock's rate is rounded
        self.assertSameDatasets(clock, again)
        self.assertNotEqual(attribute(clock, "threshold"), attribute(self.folder / "whole" / "connectome.h5", "threshold"))

    def test_intervals_of_segments_end_at_gaps_of_the_clock(self):
        study = self.simulate(sessions=1, duration_s=200)
        first, rate_hz = 2000, 28
        frames = int(attribute(self.connectome(study, "whole")[0], "frames")) + 4
        gapped = self.gapped(study, first, frames)
        self.put(next(gapped.rglob("*.nwb")), "intervals", "blocks", text=f"0 {frames / rate_hz + 10}")
        clock, _ = self.connectome(gapped, "clock", "--halves", "yes", "--displacements", "2")
        table, err = self.connectome(gapped, "table", "--segments", "blocks", "--halves", "yes", "--displacements", "2")

        self.assertIn("2 segments", err)
        self.assertEqual(attribute(table, "segments"), 2)
        for name in ["partial_correlation", "p_both", "half_a", "fine_half_b", "displaced_rate"]:
            self.assertEqual(dataset(table, name), dataset(clock, name), name)

    def test_masked_frames_are_ends_of_segments(self):
        study = self.simulate(sessions=1, duration_s=200)
        first, last, rate_hz = 2000, 2060, 28
        frames = int(attribute(self.connectome(study, "whole")[0], "frames")) + 4
        masked = self.folder / "masked"
        shutil.copytree(study, masked)
        self.put(next(study.rglob("*.nwb")), "intervals", "blocks",
                 text=f"0 {(first - 0.5) / rate_hz} {(last - 0.5) / rate_hz} {frames / rate_hz}")
        subprocess.run([BUILD / "tests" / "put_nan", next(masked.rglob("*.nwb")), "3", str(first), str(last - first)],
                       check=True)

        table, _ = self.connectome(study, "table", "--segments", "blocks", "--halves", "yes", "--displacements", "2")
        hole, err = self.connectome(masked, "hole", "--nan", "mask-frames", "--halves", "yes", "--displacements", "2")
        again, _ = self.connectome(masked, "again", "--nan", "mask-frames", "--halves", "yes", "--displacements", "2",
                                   ranks=3)

        self.assertIn("2 segments", err)
        self.assertEqual(attribute(hole, "segments"), 2)
        self.assertEqual(attribute(hole, "frames"), frames - (last - first) - 8)
        for name in ["partial_correlation", "p_partial", "p_marginal", "p_fine", "p_both", "half_a", "half_b",
                     "fine_half_a", "fine_half_b", "displaced_rate", "displaced_discoveries"]:
            self.assertEqual(dataset(table, name), dataset(hole, name), name)
        self.assertSameDatasets(hole, again)
        code, _, err = run("movement", "--study", masked, "--results", self.folder / "hole", "--shuffles", "50")
        self.assertEqual(code, 0, err)
        self.assertIn("2 segments between gaps", err)
        self.assertEqual(attribute(self.folder / "hole" / "movement.h5", "frames"), attribute(hole, "frames"))

    def test_halves_do_without_the_frames_that_are_left_out(self):
        study = self.simulate("--null", "--artefacts-per-min", "4", sessions=1, neurons=30, duration_s=300)
        kept, _ = self.connectome(study, "kept", "--halves", "yes")
        dropped, _ = self.connectome(study, "dropped", "--halves", "yes", "--drop-artefacts", "--movement", "movement_epochs")
        again, _ = self.connectome(study, "again", "--halves", "yes", "--drop-artefacts", "--movement", "movement_epochs", ranks=3)

        left = attribute(kept, "frames") - attribute(dropped, "artefact_frames")
        self.assertLess(left, attribute(kept, "frames"))
        for half in ["half", "fine_half"]:
            self.assertEqual(attribute(kept, f"{half}_frames"), attribute(kept, "frames"))
            self.assertEqual(attribute(dropped, f"{half}_frames"), left)
            # Artefacts are common to all pairs, and to both halves.
            self.assertGreater(median(dataset(kept, f"{half}_a")), 0.01)
            self.assertLess(abs(median(dataset(dropped, f"{half}_a"))), 0.01)
        self.assertLess(attribute(dropped, "quiet_half_frames"), left)
        self.assertSameDatasets(dropped, again)

    def test_halves_are_shrunk_for_the_frames_that_they_have(self):
        study = self.simulate(sessions=1, neurons=40, duration_s=300)
        file = next(study.rglob("*.nwb"))
        self.put(file, "intervals", "moving", text="100 300")
        self.put(file, "intervals", "quiet", text="0 100")
        words = ["--halves", "yes", "--shrinkage", "ledoit-wolf"]
        whole, _ = self.connectome(study, "whole", *words, "--movement", "moving")
        cut, _ = self.connectome(study, "cut", *words, "--segments", "quiet")

        self.assertAlmostEqual(attribute(whole, "quiet_half_frames"), attribute(cut, "half_frames"), delta=4)
        # Events differ by their threshold, which is of all frames.
        for half in ["half_a", "half_b"]:
            sizes = [sum(map(abs, dataset(*of))) for of in [(whole, f"quiet_{half}"), (cut, half)]]
            self.assertAlmostEqual(sizes[0] / sizes[1], 1, delta=0.1)

    def in_short_blocks(self, frames, **how):
        """A study imaged for so many frames of every second."""
        study = self.simulate(sessions=1, **how)
        rate_hz, seconds = 28, how.get("duration_s", 120)
        self.put(next(study.rglob("*.nwb")), "intervals", "blocks",
                 text=" ".join(f"{k} {k + (frames - 0.5) / rate_hz}" for k in range(seconds - 1)))
        return study

    def page(self, results):
        code, _, err = run("report", "--results", self.folder / results)
        self.assertEqual(code, 0, err)
        return (self.folder / results / "report.html").read_text()

    def test_events_outside_of_whole_windows_are_counted(self):
        study = self.in_short_blocks(24)  # windows have 14
        short, err = self.connectome(study, "short", "--segments", "blocks")
        self.assertEqual(attribute(short, "windows"), attribute(short, "segments"))
        self.assertAlmostEqual(attribute(short, "events_outside_windows"), 10 / 24, delta=0.1)
        self.assertIn("of the events lie after the last whole window (0.5 s)", err)
        self.assertIn("Many events lie outside of the windows", self.page("short"))

        none, err = self.connectome(study, "none", "--segments", "blocks", "--window-s", "1")
        self.assertEqual(attribute(none, "windows"), 0)
        self.assertEqual(attribute(none, "supported_pairs"), 0)
        self.assertIn("no segment is as long as a window of the jitter (1 s, 28 frames)", err)
        self.assertIn("No window of the jitter fits into the segments", self.page("none"))

        shift, err = self.connectome(study, "shift", "--segments", "blocks", "--window-s", "1", "--support", "shift")
        self.assertNotIn("window of the jitter", err)
        whole, err = self.connectome(study, "whole")
        self.assertLess(attribute(whole, "events_outside_windows"), 0.02)
        self.assertNotIn("last whole window", err)

    def test_how_far_neurons_are_displaced_is_said(self):
        study = self.in_short_blocks(24)
        whole, err = self.connectome(study, "whole", "--displacements", "3")
        self.assertNotIn("too short to displace", err)
        self.assertAlmostEqual(attribute(whole, "displaced_shortest_s"), 2, delta=0.01)
        self.assertAlmostEqual(attribute(whole, "displaced_longest_s"), 10, delta=0.01)
        self.assertIn("is moved by 2 to 10 s", self.page("whole"))

        short, err = self.connectome(study, "short", "--segments", "blocks", "--displacements", "3")
        self.assertIn("100 % of the frames lie in stretches too short to displace", err)
        self.assertEqual(attribute(short, "displaced_cut_share"), 1)
        for name in ["displaced_shortest_s", "displaced_longest_s"]:  # half of the 20 that smoothing leaves
            self.assertAlmostEqual(attribute(short, name), 10 / 28, delta=0.001)
        page = self.page("short")
        self.assertIn("is moved by 0.36 s", page)
        self.assertIn("cut too short for displaced neurons", page)

    def test_what_the_p_values_compare_is_said(self):
        study = self.simulate(sessions=1, duration_s=200)
        words = ["--surrogates", "20"]
        plain, _ = self.connectome(study, "plain", "--support", "jitter")
        within, _ = self.connectome(study, "within", "--within", "movement", *words)
        covariate, _ = self.connectome(study, "covariate", "--covariate", "movement")
        shrunk, _ = self.connectome(study, "shrunk", "--shrinkage", "0.1", *words)

        self.assertEqual(text(plain, "tests_compare"), "partial_correlation")
        self.assertNotIn("tested_partial_correlation", listed(plain))
        self.assertNotIn("not of the partial correlations of the threshold", self.page("plain"))
        self.assertIn("means taken out inside and outside of movement apart", text(within, "tests_compare"))
        # Means of two states are what a covariate of two values takes out.
        for tested, own in zip(dataset(within, "tested_partial_correlation"), dataset(covariate, "partial_correlation")):
            self.assertAlmostEqual(tested, own, delta=1e-6)
        for tested, own in zip(dataset(shrunk, "tested_partial_correlation"), dataset(plain, "partial_correlation")):
            self.assertAlmostEqual(tested, own, delta=1e-6)
        self.assertIn("without shrinkage", text(shrunk, "tests_compare"))
        self.assertEqual(text(within, "surrogates_compare"),
                         f"surrogate_partial_correlation: {attribute(within, 'null_frames'):.0f} of "
                         f"{attribute(within, 'frames'):.0f} frames, one mean over all of them, shifted inside and outside "
                         "of movement apart")
        self.assertIn("shrunk as partial_correlation", text(shrunk, "surrogates_compare"))
        self.assertIn("surrogate_partial_correlation", listed(within))
        page = self.page("within")
        self.assertIn("not of the partial correlations of the threshold", page)
        self.assertIn("The surrogates are not held against", page)

    def test_surrogates_take_out_one_mean_over_all_states(self):
        rate_hz, margin = 28, 2
        study = self.simulate(sessions=1, duration_s=(6000 + 2 * margin + 0.01) / rate_hz)
        # Two and four thousand smoothed frames, which slots of one and two divide.
        self.put(next(study.rglob("*.nwb")), "intervals", "third",
                 text=f"{(margin - 0.5) / rate_hz} {(margin + 1999.5) / rate_hz}")
        result, err = self.connectome(study, "third", "--within", "third", "--surrogates", "20")
        self.assertEqual(attribute(result, "frames"), 6000)
        self.assertEqual(attribute(result, "null_frames"), 6000)
        self.assertEqual(text(result, "surrogates_compare"), "partial_correlation")
        self.assertIn("means taken out inside and outside of third apart", text(result, "tests_compare"))

    def test_a_state_of_few_frames_takes_no_part(self):
        study = self.simulate(sessions=1, duration_s=200)
        self.put(next(study.rglob("*.nwb")), "intervals", "brief", text="20 20.4")
        result, err = self.connectome(study, "results", "--within", "brief", "--surrogates", "20")
        frames, used = attribute(result, "frames"), attribute(result, "test_frames")
        self.assertIn(frames - used, [11, 12])
        self.assertIn(f"{frames - used:.0f} of {frames:.0f} frames are in a state of fewer than 16 frames", err)
        self.assertIn(f"{frames - used:.0f} frames are in states or segments of fewer than 224 frames (four times "
                      "--min-shift-s)", err)
        self.assertLessEqual(attribute(result, "null_frames"), used)
        self.assertNotIn("which cannot be shifted", self.connectome(study, "whole", "--surrogates", "20")[1])

    def test_segments_that_are_all_too_short_make_no_claim(self):
        study = self.in_short_blocks(18, duration_s=200)  # 14 after smoothing
        for name, words in [("tested", []), ("untested", ["--support", "none"])]:
            result, err = self.connectome(study, name, "--segments", "blocks", *words)
            self.assertIn("16 frames", text(result, "status"))
            self.assertIn(f"warning: sub-L23M1/sub-L23M1_ses-01.nwb: {text(result, 'status')}", err)
            self.assertEqual(attribute(result, "computed"), 0)
        self.assertEqual(text(self.folder / "tested" / "connectome.h5", "status"), "no segment or state of 16 frames")
        self.assertIn("no segment or state of 16 frames", self.page("tested"))

        shrunk, err = self.connectome(study, "shrunk", "--segments", "blocks", "--shrinkage", "0.1")
        self.assertEqual(attribute(shrunk, "computed"), 1)
        self.assertIn("no tests of edges: no segment or state of 16 frames", err)

    def test_few_effective_frames_are_said(self):
        study = self.simulate("--null", sessions=1, neurons=40, duration_s=12)
        result, err = self.connectome(study, "results", "--surrogates", "30")
        ratio = attribute(result, "neurons_per_effective_frame")
        self.assertGreater(ratio, 0.3)
        self.assertLess(ratio, 0.5)
        self.assertIn(f"{ratio:.2f} active neurons for every effective frame", err)
        self.assertIn("so q <= 0.05 needs", err)
        self.assertIn("Few frames for so many neurons", self.page("results"))

    def test_shifts_are_not_drawn_within_hundreds_of_segments(self):
        study = self.in_short_blocks(24, duration_s=300)
        err = self.assertFails(3, ["shifts cannot be drawn within more than 255 segments", "leave out --surrogates"],
                               "connectome", "--study", study, "--results", self.folder / "drawn", "--tau-s", "0.7",
                               "--segments", "blocks", "--surrogates", "5", ranks=2)
        self.assertNotIn("to compute", err)  # before anything is
        self.connectome(study, "closed", "--segments", "blocks")

        fewer = self.in_short_blocks(24, duration_s=200)  # of two states each
        err = self.assertFails(3, "shifts cannot be drawn within more than 255 segments", "connectome", "--study", fewer,
                               "--results", self.folder / "states", "--tau-s", "0.7", "--segments", "blocks", "--within",
                               "movement", "--surrogates", "5")
        self.assertNotIn("to compute", err)

    def test_segments_that_overlap_are_refused(self):
        study = self.simulate(sessions=1)
        file = next(study.rglob("*.nwb"))
        self.put(file, "intervals", "blocks", text="0 50 40 90")

        self.assertFails(3, ["intervals 1 and 2 have frames in common", "blocks"], "connectome", "--study", study,
                         "--results", self.folder / "results", "--tau-s", "0.7", "--segments", "blocks")

    def test_segments_without_frames_are_refused(self):
        study = self.simulate(sessions=1)
        self.put(next(study.rglob("*.nwb")), "intervals", "later", text="5000 5040")

        self.assertFails(3, ["no interval holds an imaging frame", "later"], "connectome", "--study", study, "--results",
                         self.folder / "results", "--tau-s", "0.7", "--segments", "later")

    def test_movements_are_shuffled_within_blocks_of_time(self):
        study = self.simulate(sessions=1, duration_s=300)
        for results, words, ranks in [("whole", [], 1), ("blocks", ["--block-s", "60"], 1), ("again", ["--block-s", "60"], 3)]:
            code, out, err = run("movement", "--study", study, "--results", self.folder / results, "--tau-s", "0.7",
                                 "--shuffles", "500", *words, ranks=ranks)
            self.assertEqual(code, 0, out + err)

        self.assertSameDatasets(self.folder / "blocks" / "movement.h5", self.folder / "again" / "movement.h5")
        same = subprocess.run([BUILD / "tests" / "same_datasets", self.folder / "blocks" / "movement.h5",
                               self.folder / "whole" / "movement.h5"], capture_output=True)
        self.assertNotEqual(same.returncode, 0)

    def test_movement_leaves_out_what_is_smoothed_over_a_gap(self):
        study = self.simulate(sessions=1, duration_s=200)
        frames = int(attribute(self.connectome(study, "whole")[0], "frames")) + 4
        gapped = self.gapped(study, 2000, frames)
        results = {}
        for name, path, ranks, words in [("plain", study, 1, []), ("gap", gapped, 1, []), ("again", gapped, 3, []),
                                         ("dff", gapped, 1, ["--activity", "dff"])]:
            code, out, err = run("movement", "--study", path, "--results", self.folder / f"of-{name}", "--tau-s", "0.7",
                                 "--shuffles", "500", *words, ranks=ranks)
            self.assertEqual(code, 0, out + err)
            self.assertEqual("2 segments" in err, name in ["gap", "again"], err)
            results[name] = self.folder / f"of-{name}" / "movement.h5"

        self.assertEqual(attribute(results["plain"], "frames"), frames - 4)
        self.assertEqual(attribute(results["gap"], "frames"), frames - 8)
        self.assertEqual(attribute(results["dff"], "frames"), frames)
        self.assertSameDatasets(results["gap"], results["again"])


if __name__ == "__main__":
    unittest.main()
