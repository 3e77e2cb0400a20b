"""Graph metrics in networkx, on a graph that is already a networkx graph."""

import networkx
import numpy as np


def graph_of(adjacency: np.ndarray) -> networkx.Graph:
    return networkx.from_numpy_array(adjacency)


def metrics(graph: networkx.Graph) -> dict:
    """Density here is 2m / (n (n - 1)), networkx's own."""
    return {
        "transitivity": networkx.transitivity(graph),
        "clustering": networkx.average_clustering(graph),
        "density": networkx.density(graph),
    }
