"""The same work in the tools users have today, on the same data in the same run: a table of ratios."""

import sys

import inputs
import rows
import turns

SIZES = {  # neurons, frames, nodes of the graph, rows of the PCA
    "paper": (500, 40_000, 2_000, 300),
    "small": (60, 6_000, 300, 40),
}
PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "networkx", "h5py", "spikeinterface", "elephant")


def main() -> int:
    options = turns.parser_of(__doc__).parse_args()
    core = turns.single_core()
    data = inputs.Inputs(options.work, *SIZES[options.size])
    table = rows.table(data, options.size == "small", lambda name: options.work / f"{name}.out.h5")
    return turns.run_table(table, options.build / "peer_kernels", options, PACKAGES, core)


if __name__ == "__main__":
    sys.exit(main())
