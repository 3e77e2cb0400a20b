"""What a row of the table is, and how we know that both sides did the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import h5py
import numpy as np


class Mismatch(RuntimeError):
    """The two sides did not compute the same thing: there is no ratio to print."""


def same(name: str, theirs, ours, absolute: float = 0.0, relative: float = 0.0) -> str:
    """The largest difference in words. @raises Mismatch"""
    theirs, ours = np.asarray(theirs, np.float64), np.asarray(ours, np.float64)
    if theirs.shape != ours.shape:
        raise Mismatch(f"{name}: shape {theirs.shape} against our {ours.shape}")
    allowed = absolute + relative * np.abs(theirs)
    with np.errstate(invalid="ignore"):
        difference = np.abs(theirs - ours)
    wrong = ~(difference <= allowed) & ~(np.isnan(theirs) & np.isnan(ours))
    if wrong.any():
        where = np.unravel_index(np.flatnonzero(wrong.ravel())[0], theirs.shape) if theirs.ndim else ()
        raise Mismatch(
            f"{name}: {wrong.sum()} of {wrong.size} values differ, the first at {tuple(map(int, where))}: "
            f"{theirs[where]} against our {ours[where]}"
        )
    return f"{name} within {np.nanmax(difference, initial=0.0):.1g}"


@dataclass
class Row:
    name: str
    kernel: str  # of peer_kernels
    title: str  # what the work is
    peer: str  # what does it on the other side
    asked: float | None  # the ratio that was set as the goal
    input: Callable[[], Path]  # makes it when first asked
    count: int  # surrogates or shuffles that our side does; 1 where there is nothing to count
    peer_count: int  # the same for their side; their time is scaled by count / peer_count
    prepare: Callable[[h5py.File], Callable[[], Any]]  # reads the input, gives what is timed
    check: Callable[[Any, h5py.File, h5py.File], str]  # their result, our output, input
    warm_up: bool = True  # compiled code and BLAS need a first run; pure Python does not

    @property
    def scale(self) -> float:
        return self.count / self.peer_count
