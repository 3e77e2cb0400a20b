"""PCA of connectomes in scikit-learn, with its solver for few components of a wide matrix."""

import numpy as np
from sklearn.decomposition import PCA


def scores(weights: np.ndarray, components: int = 3) -> dict:
    """Scores [row, component] and explained variance ratio."""
    pca = PCA(n_components=components, svd_solver="arpack", random_state=0)
    result = pca.fit_transform(weights)
    return {"score": result, "explained_variance_ratio": pca.explained_variance_ratio_}
