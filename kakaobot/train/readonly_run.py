"""A run as every rank but the main one sees it: read, never written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kakaobot.runs.checkpoints import AnyAdapter, Checkpoints
from kakaobot.runs.liveness import WorkerProcess
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run
from kakaobot.runs.status import Status


class ReadOnlyRun(Run):
    """Every file has one writer: the main rank, which also handles STOP."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.worker = _ReadOnlyWorker(path, lock=path, reserve=path)
        self.checkpoints = _ReadOnlyCheckpoints(path)

    @property
    def stop_requested(self) -> bool:
        return False

    def write_status(self, status: Status) -> None:
        pass

    def append(self, *points: Point) -> None:
        pass


class _ReadOnlyWorker(WorkerProcess):
    def reserve_space(self) -> None:
        pass

    def release_space(self) -> None:
        pass


class _ReadOnlyCheckpoints(Checkpoints):
    def mark_complete(self, checkpoint: Path) -> None:
        pass

    def remove(self, checkpoint: Path) -> None:
        pass

    def remove_incomplete(self) -> list[str]:
        return []

    def replace_adapter(self, kind: AnyAdapter, write: Callable[[Path], None]) -> None:
        pass
