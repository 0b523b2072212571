"""Whether a run's worker is alive and how it ended: pid, start time, exit code, reserved space."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.one_look import asked_once

_RESERVED_BYTES = 65536
"""Room for the last status and the traceback of a worker that fails on a full disk."""


@dataclass(frozen=True)
class WorkerRecord:
    """Start and end of the newest worker."""

    launched: float = 0.0
    """Unix time; 0 if none was launched."""
    killed: bool = False
    """Whether it was killed on purpose."""
    exit_code: int | None = None
    """As `subprocess` reports it; None if nobody saw it end."""


class WorkerProcess:
    """The process that trains a run, tracked by pid and start time."""

    def __init__(self, record: Path, *, lock: Path, reserve: Path) -> None:
        """Touches no file.

        Args:
            record: JSON file that the launcher writes.
            lock: held by the worker while it lives, so that a run has one worker.
            reserve: placeholder for disk space the worker may need when it fails.
        """
        self.lock_file = lock
        self._record, self._reserve = record, reserve

    def record_start(self, pid: int) -> None:
        # Linux knows a process's start time to the second only, hence `launched` beside `born`.
        born = psutil.Process(pid).create_time()
        self._write({"pid": pid, "born": born, "launched": time.time()})

    def record_kill(self) -> None:
        """Record that the worker is killed on purpose."""
        self._write({**self._read(), "killed": True})

    def record_exit(self, pid: int, code: int) -> None:
        """Record an exit code, unless another worker has started since."""
        record = self._read()
        if record.get("pid") == pid:
            self._write({**record, "exit": code})

    def record(self) -> WorkerRecord:
        raw = self._read()
        code = raw.get("exit")
        return WorkerRecord(
            launched=float(raw.get("launched", 0.0)),
            killed=bool(raw.get("killed")),
            exit_code=code if isinstance(code, int) else None,
        )

    @asked_once(lambda self: self._record)
    def process(self) -> psutil.Process | None:
        """The live worker; None for a reused pid or a zombie."""
        raw = self._read()
        try:
            process = psutil.Process(int(raw["pid"]))
            same = abs(process.create_time() - float(raw["born"])) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.Error, KeyError, TypeError, ValueError):
            return None

    def reserve_space(self) -> None:
        """Occupy disk space, so that a failing worker can still write its last status."""
        # Random: some disks store zeros without using space.
        self._reserve.write_bytes(os.urandom(_RESERVED_BYTES))

    def release_space(self) -> None:
        """Free the reserved space."""
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        return read_json_object(self._record)

    def _write(self, record: dict[str, Any]) -> None:
        replace_text(self._record, json.dumps(record))
