"""A run as the processes see it that only help to learn it: they read, and write nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kakaobot.runs.run import Adapter, Point, Run, Status


class ReadOnlyRun(Run):
    """One file, one writer: that is the main process, which is also the one that hears a STOP."""

    @property
    def asked_to_stop(self) -> bool:
        return False

    def reserve(self) -> None:
        pass

    def release(self) -> None:
        pass

    def write_status(self, status: Status) -> None:
        pass

    def append(self, *points: Point) -> None:
        pass

    def complete(self, checkpoint: Path) -> None:
        pass

    def clear_incomplete(self) -> list[str]:
        return []

    def swap_in(self, kind: Adapter, write: Callable[[Path], None]) -> None:
        pass
