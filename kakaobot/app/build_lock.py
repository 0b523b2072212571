"""The lock that a build of the dataset holds, or whoever must not work beside one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from kakaobot.config import Home
from kakaobot.errors import DatasetError
from kakaobot.language import tr

_BUILDING = tr(
    "배울 대화를 만들고 있어 '{title}' 을(를) 지울 수 없습니다. 다 만들어진 뒤에 다시 하세요."
)

_PATIENCE = 0.5
"""Seconds between two calls of `wait`."""


@contextmanager
def building(home: Home, wait: Callable[[], None]) -> Iterator[None]:
    """Build; waits for what keeps builds away, and for another build.

    Args:
        home: whose dataset it is.
        wait: called while it waits; may raise to give up.
    """
    lock = _lock(home)
    while not lock.is_locked:
        wait()
        with suppress(Timeout):
            lock.acquire(timeout=_PATIENCE)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def no_build(home: Home, title: str) -> Iterator[None]:
    """Keep builds away while something of theirs is erased.

    Raises:
        DatasetError: one is running.
    """
    lock = _lock(home)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise DatasetError(_BUILDING.format(title=title)) from error
    try:
        yield
    finally:
        lock.release()


def _lock(home: Home) -> FileLock:
    home.state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(home.state_folder / "building.lock", mode=0o600)
