"""Results open as labelled arrays: xarray with h5netcdf, every axis a dimension of its own name."""

import sys
import unittest

try:
    import h5netcdf  # noqa: F401
    import xarray
except ImportError:
    print("xarray and h5netcdf are not here: this test is skipped")
    sys.exit(77)

from rewire_cli import Case, run


class Labelled(Case):
    def test_all_results(self):
        study = self.simulate(sessions=3, neurons=12)
        results = self.folder / "results"
        for words in [["connectome", "--study", study, "--tau-s", "0.7", "--surrogates", "50"],
                      ["movement", "--study", study, "--shuffles", "100", "--level", "0.975", "--level", "0.995"],
                      ["rewiring"]]:
            code, _, err = run(*words, "--results", results)
            self.assertEqual(code, 0, err)

        session = xarray.open_dataset(results / "connectome.h5", group="/L23M1/01", engine="h5netcdf")
        self.assertEqual(dict(session.sizes), {"neuron_id": 12, "pair": 66, "test": 4, "axis": 3})
        self.assertEqual(session["partial_correlation"].dims, ("pair",))
        self.assertEqual(session["p_fwe"].attrs["units"], "1")
        self.assertIn("transitivity", session.attrs)
        subject = xarray.open_dataset(results / "connectome.h5", group="/L23M1", engine="h5netcdf")
        self.assertEqual(list(subject["pair_j"].values[:3]), [1, 2, 3])
        movement = xarray.open_dataset(results / "movement.h5", group="/L23M1/02", engine="h5netcdf")
        self.assertEqual(movement["movement_related"].dims, ("level", "neuron_id"))
        self.assertEqual(list(movement["level"].values), [0.975, 0.995])
        self.assertEqual(subject["pair_j"].dims, ("common_pair",))
        rewiring = xarray.open_dataset(results / "rewiring.h5", group="/L23M1", engine="h5netcdf")
        self.assertEqual(rewiring["score"].dims, ("session", "component"))
        self.assertEqual(rewiring["loading"].dims, ("pair", "component"))
        self.assertEqual(rewiring["pair_j"].dims, ("pair",))
        self.assertEqual(rewiring["top_positive_i"].dims, ("component", "rank"))
        self.assertEqual(rewiring["movement_fraction"].attrs["movement_level"], 0.995)

    def test_a_tree_of_sessions_with_different_neurons(self):
        study = self.simulate("--missing-neurons", 0.3, sessions=3, neurons=12)
        results = self.folder / "results"
        for words in [["connectome", "--study", study, "--tau-s", "0.7"], ["movement", "--study", study, "--shuffles", "50"],
                      ["rewiring"]]:
            code, _, err = run(*words, "--results", results)
            self.assertEqual(code, 0, err)
            tree = xarray.open_datatree(results / f"{words[0]}.h5", engine="h5netcdf")
            self.assertIn("L23M1", tree.children)
            for node in tree.subtree:
                for name, variable in node.dataset.variables.items():
                    self.assertTrue(variable.attrs.get("description"), f"{words[0]} {node.path} {name}")
        tree = xarray.open_datatree(results / "connectome.h5", engine="h5netcdf")
        sizes = {tree[f"L23M1/{name}"].sizes["neuron_id"] for name in ["01", "02", "03"]}
        self.assertGreater(len(sizes), 1)
        self.assertLess(tree["L23M1"].sizes["common_neuron_id"], min(sizes))


if __name__ == "__main__":
    unittest.main(verbosity=2)
