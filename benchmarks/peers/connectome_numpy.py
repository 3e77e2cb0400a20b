"""One session's connectome in numpy and numba: dF/F in, graph metrics out."""

import numpy as np

import oasis_numba


def denoise(spikes: np.ndarray, alpha: float = 2.0) -> np.ndarray:
    """Per neuron, what lies below mean + alpha sd (ddof 1) becomes 0."""
    mean = spikes.mean(axis=1, keepdims=True, dtype=np.float64)
    sd = spikes.std(axis=1, keepdims=True, dtype=np.float64, ddof=1)
    return np.where(spikes < mean + alpha * sd, np.float32(0.0), spikes)


def smooth(spikes: np.ndarray) -> np.ndarray:
    """Five taps, not normalised, valid frames only: [neuron, frame - 4], float64."""
    x = spikes.astype(np.float64)
    return 0.33 * (x[:, :-4] + x[:, 4:]) + 0.67 * (x[:, 1:-3] + x[:, 3:-1]) + x[:, 2:-2]


def partial_correlation(smoothed: np.ndarray) -> np.ndarray:
    """-P_ij / sqrt(P_ii P_jj) with P the inverse of the covariance; 0 for neurons that never change."""
    active = smoothed.max(axis=1) > smoothed.min(axis=1)
    inverse = np.linalg.inv(np.cov(smoothed[active]))
    scale = 1.0 / np.sqrt(np.diag(inverse))
    result = np.zeros((smoothed.shape[0], smoothed.shape[0]))
    result[np.ix_(active, active)] = -inverse * scale[:, None] * scale[None, :]
    np.fill_diagonal(result, 0.0)
    return result


def partial_correlation_pinv(smoothed: np.ndarray) -> np.ndarray:
    """As statistics packages do it: z-scores, a check of the rank, the pseudo-inverse, clipped."""
    z = (smoothed - smoothed.mean(axis=1, keepdims=True)) / smoothed.std(axis=1, ddof=1, keepdims=True)
    covariance = np.cov(z)
    np.linalg.matrix_rank(covariance, hermitian=False)
    inverse = np.linalg.pinv(covariance, hermitian=True)
    scale = 1.0 / np.sqrt(np.diag(inverse))
    result = np.clip(-inverse * scale[:, None] * scale[None, :], -1.0, 1.0)
    np.fill_diagonal(result, 0.0)
    return result


def edges(partial: np.ndarray, alpha: float = 2.0) -> np.ndarray:
    """0/1 matrix of the pairs at or above mean + alpha sd of the non-zero upper triangle."""
    i, j = np.triu_indices(partial.shape[0], 1)
    upper = partial[i, j]
    present = upper[upper != 0.0]
    kept = (upper >= present.mean() + alpha * present.std(ddof=1)) & (upper != 0.0)
    result = np.zeros(partial.shape)
    result[i[kept], j[kept]] = 1.0
    return result + result.T


def metrics(adjacency: np.ndarray) -> dict:
    """Mean degree, density (non-zeros over n^2), transitivity, clustering averaged over all nodes."""
    degree = adjacency.sum(axis=1)
    closed = ((adjacency @ adjacency) * adjacency).sum(axis=1)  # twice the triangles at a node
    possible = degree * (degree - 1.0)
    clustering = np.divide(closed, possible, out=np.zeros_like(closed), where=possible > 0)
    return {
        "mean_degree": degree.mean(),
        "density": degree.sum() / adjacency.size,
        "transitivity": closed.sum() / possible.sum() if possible.sum() else 0.0,
        "clustering": clustering.mean(),
    }


def connectome(dff: np.ndarray, tau_s: float, rate_hz: float) -> dict:
    """The whole chain."""
    spikes = denoise(oasis_numba.deconvolve(dff, tau_s, rate_hz))
    partial = partial_correlation(smooth(spikes))
    adjacency = edges(partial)
    return {"partial_correlation": partial, "edge": adjacency, **metrics(adjacency)}
