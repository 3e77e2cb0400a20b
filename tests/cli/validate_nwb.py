"""Opens and validates the files of a small simulated study with pynwb, and compares what it reads.

usage: validate_nwb.py WRITE_TINY_STUDY REWIRE
Exit 77: pynwb is not installed, so nothing was checked.
"""

import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import pynwb
except ImportError:
    print("pynwb is not installed (pip install pynwb): nothing was checked")
    sys.exit(77)


def errors_in(path):
    """Validation errors of one file; pynwb 2 returns them with a status, later versions alone."""
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        found = pynwb.validate(io=io)
    return list(found[0] if isinstance(found, tuple) else found)


def check_imaging(nwb):
    series = nwb.processing["ophys"]["DfOverF"]["RoiResponseSeries"]
    frames, neurons = series.data.shape
    names = series.rois.table["roi_id"][:]
    assert len(series.rois) == neurons == len(names) == len(set(names))
    assert series.rois.table.imaging_plane is nwb.imaging_planes["imaging_plane"]
    assert nwb.imaging_planes["imaging_plane"].device is nwb.devices["microscope"]
    assert len(series.rois.table["pixel_mask"][0]) == 1
    assert series.rate == 28 and series.data.dtype == numpy.float32
    values = series.data[:]
    assert numpy.isfinite(values).all() and (values != 0).mean() > 0.99
    return frames / series.rate, list(names)


def check_lever(nwb, duration_s):
    lever = nwb.processing["behavior"]["lever"]
    assert lever.data.dtype == numpy.int16 and lever.unit == "volts"
    assert abs(lever.data.shape[0] / lever.rate - duration_s) < 0.04
    volts = lever.data[:] * lever.conversion
    assert 1.4 < volts.min() < 1.5 and volts.max() < 2.6


def check_tables(nwb, duration_s):
    trials = nwb.trials.to_dataframe()
    assert set(trials.columns) == {"start_time", "stop_time", "cue_time", "reward_time", "rewarded"}
    assert (trials.start_time < trials.cue_time).all() and (trials.stop_time < duration_s).all()
    assert trials.reward_time.isna().equals(~trials.rewarded.astype(bool))
    epochs = nwb.intervals["movement_epochs"].to_dataframe()
    assert (epochs.start_time < epochs.stop_time).all()


def check_truth(path, nwb, names):
    """The truth lies in a generic container, which pynwb does not map: its tables by object id."""
    assert "truth" in nwb.scratch
    import h5py

    with h5py.File(path) as file:
        neurons = file["scratch/truth/neurons"]
        edges = file["scratch/truth/edges"]
        assert list(neurons["id"][:]) == names
        assert set(neurons["group"].asstr()[:]) <= {"Core", "NP", "EP", "Other"}
        assert (edges["neuron_i"][:] < edges["neuron_j"][:]).all()
        return len(edges["id"])


def check(path):
    found = errors_in(path)
    assert not found, "\n".join(str(error) for error in found)
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        nwb = io.read()
        assert path.name == f"sub-{nwb.subject.subject_id}_ses-{nwb.session_id}.nwb"
        duration_s, names = check_imaging(nwb)
        check_lever(nwb, duration_s)
        check_tables(nwb, duration_s)
        return check_truth(path, nwb, names)


def check_units(path):
    """A recording of units alone."""
    found = errors_in(path)
    assert not found, "\n".join(str(error) for error in found)
    import h5py

    with pynwb.NWBHDF5IO(str(path), "r") as io, h5py.File(path) as file:
        nwb = io.read()
        assert path.name == f"sub-{nwb.subject.subject_id}_ses-{nwb.session_id}.nwb"
        units = nwb.units.to_dataframe()
        (start, stop), = units.obs_intervals.iloc[0]
        for times in units.spike_times:
            assert (numpy.diff(times) > 0).all() and times[0] > start and times[-1] < stop
        if nwb.electrodes is not None:
            electrodes = nwb.electrodes.to_dataframe()
            assert set(units.peak_channel_id) <= set(electrodes.index)
        connections = file["scratch/truth/connections"]
        ids = set(nwb.units.id[:])
        assert set(connections["pre"][:]) <= ids and set(connections["post"][:]) <= ids
        assert set(connections["sign"][:]) <= {-1, 1} and (connections["delay_ms"][:] > 0).all()
        return len(connections["id"])


def simulated(rewire, folder, kind, *words):
    subprocess.run([rewire, "simulate", kind, "--out", folder, *words], check=True, capture_output=True)
    return sorted(pathlib.Path(folder).rglob("*.nwb"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        files = sorted(pathlib.Path(folder).rglob("*.nwb"))
        assert len(files) == 4 + 2 + 2, files
        for path in files:
            edges = check(path)
            assert (edges > 0) == ("study" in path.parts), (path, edges)
        triplets = simulated(sys.argv[2], folder + "/triplets", "triplets", "--trials", "40", "--sessions", "2")
        assert [check_units(path) for path in triplets] == [100, 100]
        recordings = simulated(sys.argv[2], folder + "/recording", "recording", "--trials", "10", "--gzip", "4")
        assert [check_units(path) > 50 for path in recordings] == [True]
        networks = simulated(sys.argv[2], folder + "/network", "hodgkin-huxley", "--excitatory", "16", "--inhibitory", "4",
                             "--duration-s", "60")
        assert [check_units(path) for path in networks] == [16 * 2 + 4 * 5]  # 12.5 % and 25 % of 19 others
        files += triplets + recordings + networks
    print(f"pynwb {pynwb.__version__}: {len(files)} files open and are valid")


main()
