"""Adapts the number of compute threads to the load of other programs. Imports no torch.

A parallel region ends with its slowest thread. A thread that shares its core with another program
takes twice as long, so with one of two cores busy, two threads are slower than one. Results are
bit-identical for any number of threads, so that a run resumes exactly under any load;
`tests/base/test_threads.py` verifies this.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psutil

PER_THREAD = 5e6
"""FLOPs of a forward pass per thread, below which another thread does not pay.

From the tables of `benchmarks/busy.py`: with 1.3e6 (one token, 0.6 million parameters) a second
thread makes a reply a fifth slower; with 1.4e7 (6.8 million parameters) it gains a tenth.
"""
_ENTERED, _LEFT = 0.4, 0.6
"""Free share of the cores below which all become contested, and above which no longer. Beside one
busy program on two cores, one thread sees 0.5 and two see 0.67; beside two, 0.33 and 0.5."""
WINDOW = 0.3
"""Seconds over which the load is measured; the kernel counts in hundredths."""
_CHOSEN_BY_USER = frozenset(("OMP_NUM_THREADS", "MKL_NUM_THREADS"))


class Usage(NamedTuple):
    """Seconds since arbitrary fixed times."""

    clock: float
    idle: float
    """Summed over all cores."""
    own: float
    """Processor time of this process."""


def usage() -> Usage:
    """The current counters."""
    times = psutil.cpu_times()
    # A core that waits for the disk is free.
    idle = times.idle + getattr(times, "iowait", 0.0)
    return Usage(time.monotonic(), idle, time.process_time())


def chosen_by_user(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment fixes the number of threads."""
    return bool(_CHOSEN_BY_USER & environ.keys())


class ThreadCount:
    """One thread per core that other programs leave free, limited by the amount of work.

    At least half of the cores: following its own share of a full machine, the number would sink to
    one. If even half are not free, all cores are contested, and all threads compete for them.
    """

    def __init__(
        self, max_threads: int, apply: Callable[[int], None], *, read: Callable[[], Usage] = usage
    ) -> None:
        """Applies nothing yet.

        Args:
            max_threads: on an idle machine.
            apply: called with a new number, on the thread that computes.
            read: returns the usage counters.
        """
        self._max_threads, self._apply, self._read = max_threads, apply, read
        self._free, self._contested = float(max_threads), False
        # `torch.set_num_threads` applies to the thread that calls it, and replies have one each.
        self._applied = threading.local()
        self._last = read()

    def adapt(self, flops: float) -> None:
        """Set the number of threads for a forward pass; takes microseconds.

        The load is measured over the last `WINDOW` or more; until then all cores count as free.
        """
        if time.monotonic() - self._last.clock >= WINDOW:
            before, self._last = self._last, self._read()
            spent = self._last.idle - before.idle + self._last.own - before.own
            self._free = spent / (self._last.clock - before.clock)
            limit = _LEFT if self._contested else _ENTERED
            self._contested = self._free < self._max_threads * limit
        free = min(self._max_threads, max(int(self._free + 0.5), self._max_threads // 2))
        free = self._max_threads if self._contested else free
        count = max(1, int(min(free, flops / PER_THREAD)))
        if count != getattr(self._applied, "count", 0):
            self._applied.count = count
            self._apply(count)
