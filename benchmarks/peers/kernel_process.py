"""Runs peer_kernels, one repetition when asked for one, so that two sides can take turns."""

import json
import subprocess
from pathlib import Path


class KernelError(RuntimeError):
    pass


def available(program: Path) -> list[str]:
    """Names of the kernels that this build has."""
    listing = subprocess.run([program, "--list"], check=True, capture_output=True, text=True)
    return listing.stdout.split()


def description(program: Path) -> str:
    """Version, compiler and BLAS of the build, one line."""
    listing = subprocess.run([program, "--describe"], check=True, capture_output=True, text=True)
    return listing.stdout.strip()


class KernelProcess:
    """A kernel that has read its input, run once, and written what it computed to the output file;
    `step()` is one timed repetition."""

    def __init__(self, program: Path, kernel: str, input_file: Path, output: Path, repeat: int, count: int):
        command = [program, kernel, "--input", input_file, "--output", output, "--paced"]
        command += ["--repeat", str(repeat), "--count", str(count)]
        self._process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise KernelError(f"peer_kernels ended with status {self._process.wait()}")
        return json.loads(line)

    def step(self) -> float:
        """Seconds of one repetition, measured in the other process around the kernel alone."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._read()["seconds"]

    def finish(self) -> None:
        if self._process.wait() != 0:
            raise KernelError(f"peer_kernels ended with status {self._process.returncode}")
