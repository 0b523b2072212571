"""Waiting in tests: as long as there is progress, however slow the machine. Knows no pytest."""

from __future__ import annotations

import functools
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kakaobot.runs import Run

SILENCE = 60.0
"""Seconds without progress after which a test gives up, where `slowness()` is 1."""
_LOOPS, _REFERENCE = 10_000_000, 0.3
"""Turns of an empty loop, and the seconds they take on an idle 2.4 GHz core (AMD EPYC, 2021)."""
_SLOWEST = 20.0


@functools.cache
def slowness() -> float:
    """How many times slower this machine is by the clock, other work included; at least 1.

    Measured at the first call, so once in each process of a test session.
    """
    began = time.perf_counter()
    for _ in range(_LOOPS):
        pass
    return min(_SLOWEST, max(1.0, (time.perf_counter() - began) / _REFERENCE))


def patience(seconds: float = SILENCE) -> float:
    """`seconds`, as long as they are on this machine."""
    return seconds * slowness()


def wait_for(
    true: Callable[[], object],
    watched: Run | Callable[[], object] | None = None,
    *,
    silence: float = SILENCE,
) -> None:
    """Wait until something is true; give up when nothing has moved for `patience(silence)`.

    Args:
        true: asked again and again.
        watched: a run, of which every heartbeat, point and log line is progress, or a function
            whose result changes with progress. Without it only the wait itself is timed.
        silence: seconds; less where a test expects to give up.
    """
    if isinstance(watched, Run):
        signs: Callable[[], object] = watched.version
    else:
        signs = watched or (lambda: None)
    last, since = signs(), time.monotonic()
    while not true():
        now = signs()
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > patience(silence):
            log = f"\n{watched.log_tail(80)}" if isinstance(watched, Run) else ""
            raise AssertionError(f"no progress for {patience(silence):.0f} s{log}")
        time.sleep(0.02)


def run_logged(command: Sequence[str], log: Path, **options: Any) -> int:
    """Run a program to its end and return its exit code. What it prints to `log` is progress."""
    with (
        log.open("ab") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **options) as program,
    ):
        try:
            wait_for(lambda: program.poll() is not None, lambda: log.stat().st_size)
        finally:
            program.kill()
    return program.returncode
