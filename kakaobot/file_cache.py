"""What was read from files, kept until one of them changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Content = TypeVar("Content")
Stamp = tuple[int, int, int, int, int]
Stamps = tuple[Stamp | None, ...]

_MAX_FILES = 16
_UNSETTLED_NS = 3_000_000_000
"""Within this time of a change, another one of the same size may have the same time: clocks of file
systems tick up to every two seconds."""


class FileCache(Generic[Content]):
    """Contents by file. Thread-safe, if reading is."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamps, Content]] = {}

    def get(self, file: Path, read: Callable[[], Content], *others: Path) -> Content:
        """What `read` returns; it is called only if the file, or another one, may have changed."""
        # Before reading: the content is at least as new as its stamps.
        now = tuple(map(stamp, (file, *others)))
        known = self._known.get(file)
        if known and known[0] == now:
            return known[1]
        if known and not now[0]:
            # What was erased from the disk does not stay in memory.
            self._known = {path: one for path, one in self._known.items() if path != file}
        content = read()
        if now[0] and _are_settled(now):
            kept = list(self._known.items())[-_MAX_FILES:]
            self._known = {**dict(kept), file: (now, content)}
        return content


def _are_settled(stamps: Stamps) -> bool:
    newest = max(max(one[:2]) for one in stamps if one)
    return time.time_ns() - newest > _UNSETTLED_NS


def stamp(file: Path) -> Stamp | None:
    """Changes with the content; None if there is no such file.

    The time of the last change of the inode also tells of contents whose own time was set back.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    return (
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_dev,
    )
