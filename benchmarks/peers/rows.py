"""The rows of the table: what is compared, on which input, and how we know that both did the same."""

from pathlib import Path
from typing import Callable

import numpy as np

import connectome_numpy
import edges_numpy
import graph_networkx
import movement_numba
import null_numpy
import oasis_numba
import pca_sklearn
import spike_rows
from agreement import Mismatch, Row, same


# --- OASIS ---------------------------------------------------------------------------------------


def prepare_oasis(file):
    dff, tau, rate = file["dff"][()], file.attrs["tau_s"], file.attrs["frame_rate_hz"]
    return lambda: oasis_numba.deconvolve(dff, tau, rate)


def check_oasis(theirs, output, file):
    """Spikes before the threshold within the tolerance of float32 pools; our timed run gives smoothed
    events, which have to be those of our spikes."""
    spikes = output["spikes"][()]
    words = same("spikes", theirs, spikes, absolute=1e-5 * (1.0 + np.abs(file["dff"][()]).max()))
    events = np.zeros((spikes.shape[0], spikes.shape[1] - 4))
    row = np.repeat(np.arange(spikes.shape[0]), np.diff(output["event_start"][()]))
    events[row, output["event_frame"][()]] = output["event_value"][()]
    expected = connectome_numpy.smooth(connectome_numpy.denoise(spikes))
    return words + ", " + same("events", expected, events, absolute=1e-9)


# --- connectome ----------------------------------------------------------------------------------


def prepare_connectome(file):
    dff, tau, rate = file["dff"][()], file.attrs["tau_s"], file.attrs["frame_rate_hz"]
    return lambda: connectome_numpy.connectome(dff, tau, rate)


def upper(matrix):
    return matrix[np.triu_indices(matrix.shape[0], 1)]


def check_connectome(theirs, output, _):
    words = [
        same("partial correlation", upper(theirs["partial_correlation"]), output["partial_correlation"], 1e-6),
        same("edges", upper(theirs["edge"]), output["edge"]),
    ]
    for name in ("mean_degree", "density", "transitivity", "clustering"):
        same(name, theirs[name], output.attrs[name], absolute=1e-12)
    return ", ".join(words) + ", metrics equal"


def prepare_partial_inv(file):
    smoothed = file["smoothed"][()]
    return lambda: connectome_numpy.partial_correlation(smoothed)


def prepare_partial_pinv(file):
    smoothed = file["smoothed"][()]
    return lambda: connectome_numpy.partial_correlation_pinv(smoothed)


def check_partial(theirs, output, _):
    return same("partial correlation", upper(theirs), output["partial_correlation"], absolute=1e-6)


# --- graph ---------------------------------------------------------------------------------------


def prepare_graph(file):
    graph = graph_networkx.graph_of(file["adjacency"][()])
    return lambda: graph_networkx.metrics(graph)


def check_graph(theirs, output, file):
    nodes = file["adjacency"].shape[0]
    same("transitivity", theirs["transitivity"], output.attrs["transitivity"], absolute=1e-12)
    same("clustering", theirs["clustering"], output.attrs["clustering"], absolute=1e-12)
    same("density", theirs["density"] * (nodes - 1) / nodes, output.attrs["density"], absolute=1e-12)
    return "transitivity, clustering, density equal"


# --- null ----------------------------------------------------------------------------------------


def prepare_null(output_file):
    """Rolls by the shifts that our side drew for its first surrogates, which it leaves in its output
    before the first step; on the frames that it used (a whole number of slots)."""

    def prepare(file):
        with h5py.File(output_file) as output:
            shifts = output["shown_shift"][()]
            frames = int(output.attrs["frames_used"])
            min_shift = int(output.attrs["minimum_shift"])
            tolerance = float(output.attrs["tie_tolerance"])
        smoothed = file["smoothed"][:, :frames]
        observed = upper(connectome_numpy.partial_correlation(smoothed))
        return lambda: null_numpy.count(smoothed, observed, shifts, min_shift, tolerance)

    return prepare


def check_null(theirs, output, _):
    """Maxima and counts of the surrogates that both did, and that these are among the ones timed."""
    shown = len(theirs["maximum"])
    words = same("maxima of the surrogates", theirs["maximum"], output["shown_maximum"][()], absolute=1e-5)
    same("maxima timed and shown", output["shown_maximum"][()], output["maximum"][:shown])
    same("pairs left out of maxima", np.array([theirs["aligned"]]), output["shown_aligned"][()])
    difference = np.abs(theirs["exceed"] - output["shown_exceed"][()])
    if (difference > theirs["undecided"]).any():
        raise Mismatch(f"counts of {np.count_nonzero(difference)} pairs differ by more than rounding")
    return f"{words}, counts of {shown} surrogates equal but for {np.count_nonzero(difference)} ties"


# --- edges ---------------------------------------------------------------------------------------


def prepare_edges(file):
    smoothed, events = file["smoothed"][()].astype(np.float32), file["events"][()].astype(np.float32)
    return lambda: edges_numpy.edges(smoothed, events, window=14)


def check_edges(theirs, output, _):
    """Logarithms of p down to 1e-12: float32 is good to about 1e-5 of a correlation, and what that is to
    a p-value grows with the score."""
    words = [same("partial correlation", theirs["partial"], output["partial"], absolute=1e-5)]
    for name in ("p_partial", "p_marginal", "p_fine", "p_both", "q_both", "p_holm"):
        ours, other = (np.log10(np.maximum(p, 1e-12)) for p in (output[name][()], theirs[name]))
        words.append(same(f"log10 {name}", other, ours, absolute=0.01, relative=0.01))
    return ", ".join(words)


# --- movement ------------------------------------------------------------------------------------


def prepare_movement(kernel, shuffles):
    def prepare(file):
        activity, moving = file["activity"][()], file["movement"][()]
        return lambda: kernel(activity, moving, shuffles)

    return prepare


def check_shown_shuffles(output, file) -> str:
    """Repeats the first of our shuffles, whose masks are in the output: the counts must be equal."""
    activity, moving = file["activity"][()], file["movement"][()]
    start, edge = output["shown_start"][()], output["shown_edge"][()]
    real = activity @ moving.astype(np.float64)
    less, equal = np.zeros(real.size, np.int64), np.zeros(real.size, np.int64)
    for first, last in zip(start[:-1], start[1:]):
        change = np.zeros(moving.size + 1)
        change[edge[first:last]] = np.resize([1.0, -1.0], last - first)
        mask = np.cumsum(change)[:-1]
        if mask.sum() != moving.sum():
            raise Mismatch("a shuffled mask has another number of movement frames")
        movement_numba.tally(less, equal, real, activity @ mask)
    same("shuffles below", less, output["shown_less"][()])
    same("shuffles tied", equal, output["shown_equal"][()])
    return f"counts of {start.size - 1} shuffles equal"


def check_movement(theirs, output, file):
    """Means equal; the first of our shuffles repeated; the tied ranks of all shuffles within six
    standard errors, as the two sides draw their own."""
    frames = float(output.attrs["movement_frames"])
    words = same("mean in movement", theirs["real"] / frames, output["mean_activity"][()], 1e-6, 1e-5)
    words += ", " + check_shown_shuffles(output, file)
    shuffles = int(output.attrs["shuffles"])
    rank_theirs = (theirs["less"] + 0.5 * theirs["equal"]) / theirs["shuffles"]
    rank_ours = (output["less"][()] + 0.5 * output["equal"][()]) / shuffles
    middle = 0.5 * (rank_theirs + rank_ours)
    counts = 1.0 / shuffles + 1.0 / theirs["shuffles"]
    error = np.sqrt(np.maximum(middle * (1.0 - middle), 1e-3) * counts)
    z = np.abs(rank_theirs - rank_ours) / error
    if z.max(initial=0.0) > 6.0:
        raise Mismatch(f"ranks of neuron {int(z.argmax())} are {z.max():.1f} standard errors apart")
    return f"{words}, all ranks within {z.max(initial=0.0):.1f} standard errors"


# --- PCA -----------------------------------------------------------------------------------------


def prepare_pca(file):
    weights = file["weights"][()]
    return lambda: pca_sklearn.scores(weights)


def check_pca(theirs, output, _):
    words = same("variance ratio", theirs["explained_variance_ratio"], output["explained_variance_ratio"], 1e-9)
    largest = np.abs(theirs["score"]).max()
    same("scores up to sign", np.abs(theirs["score"]), np.abs(output["score"][()]), absolute=1e-6 * largest)
    return words + ", scores equal up to sign"


# -------------------------------------------------------------------------------------------------


def table(inputs, small: bool, output_of: Callable[[str], Path]) -> list[Row]:
    """All rows. `output_of(kernel)` is where peer_kernels leaves what it computed."""
    n, t = inputs.neurons, inputs.frames
    surrogates, few = (60, 3) if small else (1000, 3)
    shuffles, some = (400, 40) if small else (10_000, 50)
    session, smoothed = inputs.session, inputs.smoothed

    def movement_row(name, kernel, peer, asked, count):
        title = f"movement test, {shuffles:,} shuffles, {n} x {t:,}"
        prepare = prepare_movement(kernel, count)
        return Row(name, "movement", title, peer, asked, inputs.movement, shuffles, count, prepare, check_movement)

    return [
        Row("oasis", "oasis", f"OASIS, {n} x {t:,}", "numba, as suite2p", 2.0, session, 1, 1, prepare_oasis,
            check_oasis),
        Row("connectome", "connectome", f"dF/F to graph metrics, {n} x {t:,}", "numba OASIS + numpy", 4.0, session,
            1, 1, prepare_connectome, check_connectome),
        Row("partial-inv", "partial-correlation", f"partial correlation, {n} x {t:,}", "np.cov + np.linalg.inv",
            None, smoothed, 1, 1, prepare_partial_inv, check_partial),
        Row("partial-pinv", "partial-correlation", f"partial correlation, {n} x {t:,}", "np.cov + rank + pinv",
            None, smoothed, 1, 1, prepare_partial_pinv, check_partial),
        Row("graph", "graph", f"graph metrics, {inputs.nodes:,} nodes", "networkx", 100.0, inputs.graph, 1, 1,
            prepare_graph, check_graph, warm_up=False),
        Row("null", "null", f"{surrogates:,} circular-shift surrogates, {n} x {t:,}", "numpy loop", 30.0, smoothed,
            surrogates, few, prepare_null(output_of("null")), check_null),
        Row("edges", "edges", f"closed-form tests of edges, {n} x {t:,}", "numpy float32", 2.0, inputs.events, 1, 1,
            prepare_edges, check_edges),
        Row("edges-single", "edges-single", f"the same in single precision, {n} x {t:,}", "numpy float32", 2.0,
            inputs.events, 1, 1, prepare_edges, check_edges),
        movement_row("movement-prefix", movement_numba.prefix_sums, "numba prefix sums", 2.0, shuffles),
        movement_row("movement-gemm", movement_numba.mask_product, "masks x activity, sgemm", 10.0, shuffles),
        movement_row("movement-loop", movement_numba.plain_loop, "numpy, shuffle by shuffle", 250.0, some),
        Row("pca", "pca", f"PCA, {inputs.rows} x {inputs.pairs:,}, 3 components", "scikit-learn arpack", 10.0,
            inputs.connectomes, 1, 1, prepare_pca, check_pca),
        *spike_rows.table(inputs, small),
    ]  # fmt: skip
