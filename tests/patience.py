"""Waiting in tests: as long as there is progress, however slow the machine. Knows no pytest."""

from __future__ import annotations

import functools
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kakaobot.runs.run import Run

SILENCE = 60.0
"""Seconds without progress after which a test gives up, where `slowness()` is 1."""
_LOOPS, _REFERENCE = 10_000_000, 0.3
"""Iterations of an empty loop, and the seconds they take on an idle core (AMD EPYC, 2021)."""
_SLOWEST = 20.0


@functools.cache
def slowness() -> tuple[float, float]:
    """How many times slower this machine is by the clock, and in processor time; at least 1.

    Measured at the first call, so once in each process of a test session.
    """
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(_LOOPS):
        pass
    spent = time.perf_counter() - clock, time.process_time() - processor
    by_clock, of_processor = (min(_SLOWEST, max(1.0, each / _REFERENCE)) for each in spent)
    return by_clock, of_processor


def patience(seconds: float = SILENCE) -> float:
    """Seconds by the clock, scaled to this machine's speed and load."""
    return seconds * slowness()[0]


def processor_time(seconds: float) -> float:
    """Seconds of processor time, scaled to this machine's speed."""
    return seconds * slowness()[1]


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

    What it prints to `log` is progress, and what it writes into the folder of `run`.
    """

    def signs() -> object:
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
            wait_for(lambda: program.poll() is not None, signs)
        finally:
            program.kill()
    return program.returncode
