"""What the tests of jobs over spikes share: recordings, runs, values of results."""

import csv
import os
import subprocess
from pathlib import Path

from rewire_cli import BUILD, Case, run

WRITE = BUILD / "tests" / "write_units_session"
SPIKES = BUILD / "tests" / "write_spike_study"
NETWORK = BUILD / "tests" / "write_known_network"
RECORDING = BUILD / "tests" / "ccg_against_reference"


def values(path, dataset):
    """All numbers of a dataset, by h5dump."""
    text = subprocess.run(["h5dump", "-y", "-w", "0", "-m", "%.17g", "-d", dataset, path], capture_output=True, text=True,
                          check=True).stdout
    inside = text.split("DATA {")[1].split("}")[0]
    return [float(word) for word in inside.replace(",", " ").split()]


class SpikeCase(Case):
    job = ""  # of the test

    def session(self, kind):
        path = self.folder / kind / "01.nwb"
        if not path.exists():
            subprocess.run([WRITE, path, kind], check=True)
        return path

    def recording(self):
        """The 20 simulated neurons, and the reference case of that name beside them."""
        found = subprocess.run([RECORDING], capture_output=True, text=True)
        if found.returncode == 77:
            self.skipTest("reference cases are not here: configure with -DREWIRE_SHARED_DATA=FOLDER")
        return Path(found.stdout.strip())

    def known_network(self):
        path = self.folder / "network.nwb"
        if subprocess.run([NETWORK, path]).returncode == 77:
            self.skipTest("reference cases are not here: configure with -DREWIRE_SHARED_DATA=FOLDER")
        return path

    def rewire(self, *words, ranks=1):
        code, out, err = run(*words, ranks=ranks)
        self.assertEqual(code, 0, out + err)
        return out + err

    def compute(self, study, results, *words, ranks=1, job=None):
        """Path of the result, and what was printed."""
        job = job or self.job
        text = self.rewire(job, "--study", study, "--results", self.folder / str(results), *words, ranks=ranks)
        return self.folder / str(results) / f"{job}.h5", text

    def table(self, results, *words, job=None):
        job = job or self.job
        self.rewire("export", "--results", self.folder / results, "--what", job, *words)
        with open(self.folder / results / "export" / f"{job}.csv") as table:
            return list(csv.DictReader(table))

    def page(self, results, *words):
        self.rewire("report", "--results", self.folder / results, *words)
        return (self.folder / results / "report.html").read_text()


os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
