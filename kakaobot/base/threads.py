"""How many threads to compute with on a CPU that other programs use too. Imports no torch.

A parallel region is over when its slowest thread is. One that shares its core with another program
takes twice as long, so on two cores of which one is busy, two threads are slower than one. The
results are the same to the bit with any number, so that a training can be resumed exactly whatever
the load was; `tests/base/test_threads.py` holds the processor it runs on to that.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psutil

PER_THREAD = 5e6
"""Floating-point operations of a pass through a model that make one more thread worth its wait.

From the tables of `benchmarks/busy.py`: with 1.3e6 (one token, 0.6 million parameters) a second
thread makes a reply a fifth slower; with 1.4e7 (6.8 million parameters) it gains a tenth.
"""
_ENTERED, _LEFT = 0.4, 0.6
"""Free share of the cores below which all are contested, and from which they no longer are. Beside
one busy program on two cores, one thread sees 0.5 and two see 0.67; beside two, 0.33 and 0.5."""
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
    """One thread per core that other programs leave free, and no more than the work warrants.

    Never fewer than half: a count that followed its own share of a full machine would sink to one.
    Where not even those get their cores, every core is contested, and all threads compete for them.
    """

    def __init__(
        self, most: int, apply: Callable[[int], None], *, read: Callable[[], Usage] = usage
    ) -> None:
        """Nothing is applied yet.

        Args:
            most: threads on an idle machine.
            apply: called with a new number, by the thread that computes.
            read: tells where the time went.
        """
        self._most, self._apply, self._read = most, apply, read
        self._free, self._contested = float(most), False
        # `torch.set_num_threads` applies to the thread that calls it, and replies have one each.
        self._applied = threading.local()
        self._last = read()

    def adapt(self, work: float) -> None:
        """Set the number for a pass of `work` floating-point operations. Cheap: microseconds.

        The load is that of the last `WINDOW` or more; in the first one, all cores count as free.
        """
        if time.monotonic() - self._last.clock >= WINDOW:
            before, self._last = self._last, self._read()
            spent = self._last.idle - before.idle + self._last.own - before.own
            self._free = spent / (self._last.clock - before.clock)
            self._contested = self._free < self._most * (_LEFT if self._contested else _ENTERED)
        free = min(self._most, max(int(self._free + 0.5), self._most // 2))
        free = self._most if self._contested else free
        count = max(1, int(min(free, work / PER_THREAD)))
        if count != getattr(self._applied, "count", 0):
            self._applied.count = count
            self._apply(count)
