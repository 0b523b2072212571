"""Waiting in tests, as long as there is progress. Imports no pytest."""

from __future__ import annotations

import contextlib
import functools
import gc
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kakaobot.runs.run import Run

SILENCE = 60.0
"""Seconds without progress after which a test fails, at a `slowness()` of 1."""
_LOOPS, _REFERENCE = 10_000_000, 0.3
"""Iterations of an empty loop, and the seconds they take on an idle core (AMD EPYC, 2021)."""
_SLOWEST = 20.0


@functools.cache
def slowness() -> tuple[float, float]:
    """How many times slower this machine is in wall time and in CPU time; at least 1.

    Measured once per process.
    """
    wall_start, cpu_start = time.perf_counter(), time.process_time()
    for _ in range(_LOOPS):
        pass
    spent = time.perf_counter() - wall_start, time.process_time() - cpu_start
    wall, cpu = (min(_SLOWEST, max(1.0, seconds / _REFERENCE)) for seconds in spent)
    return wall, cpu


def patience(seconds: float = SILENCE) -> float:
    """Wall time in seconds, scaled to this machine's speed and load."""
    return seconds * slowness()[0]


def processor_time(seconds: float) -> float:
    """CPU time in seconds, scaled to this machine's speed."""
    return seconds * slowness()[1]


@contextlib.contextmanager
def spends_less_than(seconds: float) -> Iterator[None]:
    """Fail if the calling thread computes for longer, scaled to this machine's speed.

    Other threads of the process, and the examination of objects that other tests left, do not
    count.
    """
    gc.freeze()
    start = time.thread_time()
    yield
    spent = time.thread_time() - start
    assert spent < processor_time(seconds), f"{spent:.2f} s of CPU time"


def wait_for(
    condition: Callable[[], object],
    watched: Run | Callable[[], object] | None = None,
    *,
    silence: float = SILENCE,
) -> None:
    """Wait until `condition()` is true; fail after `patience(silence)` without progress.

    Args:
        condition: polled.
        watched: a run, whose heartbeats, points and log lines are progress, or a function whose
            result changes with progress. Without it only the wait itself is timed.
        silence: seconds without progress.
    """
    if isinstance(watched, Run):
        progress: Callable[[], object] = watched.version
    else:
        progress = watched or (lambda: None)
    last, since = progress(), time.monotonic()
    while not condition():
        current = progress()
        if current != last:
            last, since = current, time.monotonic()
        if time.monotonic() - since > patience(silence):
            log = f"\n{watched.log.tail(80)}" if isinstance(watched, Run) else ""
            raise AssertionError(f"no progress for {patience(silence):.0f} s{log}")
        time.sleep(0.02)


def run_logged(
    command: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str],
    run: Run | None = None,
    **options: Any,
) -> int:
    """Run a program to its end and return its exit code.

    Output to `log` and changes in the folder of `run` count as progress.
    """

    def progress() -> object:
        return log.stat().st_size, run.version() if run else None

    with (
        log.open("ab") as out,
        subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**env, "PYTHONUNBUFFERED": "1"},
            **options,
        ) as program,
    ):
        try:
            wait_for(lambda: program.poll() is not None, progress)
        finally:
            program.kill()
    return program.returncode
