"""How many threads to compute with on a CPU that other programs use too. Imports no torch.

A parallel region is over when its slowest thread is. One that shares its core with another program
takes twice as long, so on two cores of which one is busy, two threads are slower than one. The
result is the same with any number: rows and columns are divided among threads, never a sum
(`tests/base/test_threads.py` compares whole trainings).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psutil

WINDOW = 0.3
"""Seconds over which the load is measured; the kernel counts in hundredths."""
_CHOSEN_BY_USER = frozenset(("OMP_NUM_THREADS", "MKL_NUM_THREADS"))


class Usage(NamedTuple):
    """Seconds, each since some fixed moment."""

    clock: float
    idle: float
    """Of all cores together."""
    own: float
    """Processor time of this process."""


def usage() -> Usage:
    """Where the time of all cores went, up to now."""
    times = psutil.cpu_times()
    # A core that waits for a disk is free to compute.
    idle = times.idle + getattr(times, "iowait", 0.0)
    return Usage(time.monotonic(), idle, time.process_time())


def chosen_by_user(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the number of threads was set from outside, and is to be left alone."""
    return bool(_CHOSEN_BY_USER & environ.keys())


class ThreadCount:
    """As many threads as other programs leave cores free, at least one."""

    def __init__(
        self, most: int, apply: Callable[[int], None], *, read: Callable[[], Usage] = usage
    ) -> None:
        """Begin with `most`.

        Args:
            most: threads on an idle machine.
            apply: called with a new number, by the thread that computes.
            read: tells where the time went.
        """
        self._most, self._apply, self._read = most, apply, read
        self._count: int | None = None
        self._last = read()

    def adapt(self) -> None:
        """Follow the load since the last look. Cheap: does nothing within `WINDOW`."""
        if self._count is None:
            self._set(self._most)
        elif time.monotonic() - self._last.clock >= WINDOW:
            before, self._last = self._last, self._read()
            spent = self._last.idle - before.idle + self._last.own - before.own
            free = spent / (self._last.clock - before.clock)
            self._set(max(1, min(self._most, int(free + 0.5))))

    def _set(self, count: int) -> None:
        if count != self._count:
            self._count = count
            self._apply(count)
