"""The lock that whoever starts a worker holds, or whoever must not be started beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kakaobot.errors import RunError
from kakaobot.language import tr

START_LOCK = ".start.lock"
"""In the folder of the runs."""
_TIMEOUT = 10.0


@contextmanager
def start_lock(runs: Path) -> Iterator[None]:
    """Let nobody else start a worker meanwhile; creates the folder of the runs.

    Raises:
        RunError: one is just being started.
    """
    runs.mkdir(parents=True, exist_ok=True)
    lock = FileLock(runs / START_LOCK)
    try:
        lock.acquire(timeout=_TIMEOUT)
    except Timeout as error:
        raise RunError(tr("다른 곳에서 학습을 시작하고 있습니다. 잠시 뒤 확인하세요.")) from error
    try:
        yield
    finally:
        lock.release()
