"""The rows of spike trains: correlograms, jitter surrogates, GLMCC."""

import ccg_numba
import glmcc_loop
import glmcc_numpy
import numpy as np
from agreement import Mismatch, Row, same


def trains(file):
    return ccg_numba.binned(file["time_ns"][()], file["start"][()])


def prepare_numba(file):
    position, start = trains(file)
    reach = int(file.attrs["max_lag"])
    return lambda: ccg_numba.all_pairs(position, start, reach)


def prepare_spikeinterface(file):
    return ccg_numba.spikeinterface_counts(*trains(file), int(file.attrs["max_lag"]))


def prepare_elephant(pairs):
    def prepare(file):
        reach, duration = int(file.attrs["max_lag"]), int(file.attrs["duration_s"])
        return ccg_numba.elephant_counts(*trains(file), reach, duration, pairs)

    return prepare


def check_counts(theirs, output, _):
    return same("counts", theirs, output["count"][()])


def check_spikeinterface(theirs, output, _):
    """Theirs end before the last lag."""
    i, j = np.triu_indices(theirs.shape[0], 1)
    return same("counts", theirs[i, j], output["count"][()][:, :-1])


def check_elephant(theirs, output, _):
    return same("counts", theirs, output["count"][: theirs.shape[0]])


def prepare_surrogates(draws):
    def prepare(file):
        position, start = trains(file)
        reach = int(file.attrs["max_lag"])
        return lambda: ccg_numba.surrogates(position, start, reach, draws)

    return prepare


def check_surrogates(theirs, output, _):
    """Both means around the closed form: counts are about Poisson, their z is about 1."""
    expected = output["expected"][()]
    words = []
    for name, total, draws in (
        ("theirs", theirs["sum"], theirs["surrogates"]),
        ("ours", output["sum"][()], int(output.attrs["surrogates"])),
    ):
        z = (total / draws - expected) / np.sqrt(expected / draws)
        spread = float(np.sqrt(np.mean(z**2)))
        if not 0.8 < spread < 1.2:
            raise Mismatch(f"means of the surrogates ({name}): rms z {spread:.2f} around the closed form")
        words.append(f"{name} rms z {spread:.2f}")
    return "means around the closed form: " + ", ".join(words)


def prepare_glmcc(peer, pairs):
    def prepare(file):
        time_ns, start = file["time_ns"][()], file["start"][()]
        return lambda: peer.pairs(time_ns, start, pairs)

    return prepare


def check_glmcc(theirs, output, _):
    """Theirs stops at a gain of 1e-4."""
    number = theirs["delay"].size
    same("delay", theirs["delay"], output["delay"][:number])
    words = same("log posterior", theirs["log_posterior"], output["log_posterior"][:number], 5e-2)
    return words + ", " + same("J", theirs["coupling"], output["coupling"][:number], 2e-2) + ", delays equal"


def table(inputs, small: bool) -> list[Row]:
    units = 20 if small else 200
    seconds = 300 if small else 3600
    draws, few = (50, 5) if small else (1000, 50)
    pairs = units * (units - 1) // 2
    some = 3 if small else 10

    def session():
        return inputs.spikes("ccg", units, 10.0, seconds, 100)

    def ccg(name, peer, asked, count, prepare, check, warm_up=True):
        title = f"correlograms, {units} units x 10 Hz x {seconds:,} s, +-100 ms"
        return Row(name, "ccg", title, peer, asked, session, pairs, count, prepare, check, warm_up)

    def jitter(reach, asked):
        name = f"jitter-{reach}"
        title = f"{draws:,} jitter surrogates, 20 units x 2.2 Hz x 5,400 s, +-{reach} ms"
        make = lambda: inputs.spikes(name, 20, 2.2, 300 if small else 5400, reach)  # noqa: E731
        return Row(name, "ccg-surrogates", title, "numba two-pointer", asked, make, draws, few,
                   prepare_surrogates(few), check_surrogates)  # fmt: skip

    def glmcc(name, peer, asked, module, count):
        title = f"GLMCC, 20 units x 5 Hz x {seconds:,} s, delay search"
        make = lambda: inputs.spikes("glmcc", 20, 5.0, seconds, 50)  # noqa: E731
        return Row(name, "glmcc", title, peer, asked, make, 190, count, prepare_glmcc(module, count), check_glmcc)

    return [
        ccg("ccg-numba", "numba two-pointer", 1.5, pairs, prepare_numba, check_counts),
        ccg("ccg-spikeinterface", "spikeinterface, numba", 10.0, pairs, prepare_spikeinterface,
            check_spikeinterface),
        ccg("ccg-elephant", "elephant", 1000.0, some, prepare_elephant(some), check_elephant, False),
        jitter(10, 3.0),
        jitter(100, 1.5),
        glmcc("glmcc-loop", "numpy, loop over bins", 250.0, glmcc_loop, 3 if small else 5),
        glmcc("glmcc", "numpy over all bins", None, glmcc_numpy, some),
    ]  # fmt: skip
