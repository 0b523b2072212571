"""The background thread that starts, watches, stops and reaps a worker. Imports no torch."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from kakaobot.config import ROOT
from kakaobot.errors import RunError
from kakaobot.openmp import wait_policy
from kakaobot.runs.run import Run
from kakaobot.train.launch_command import LaunchCommand, command_for_run

GRACE_SECONDS = 600.0
"""How long a worker that was asked to stop may be silent before it is told to end, then killed.

Silence, not time: a step or an evaluation on a CPU takes minutes, and a heartbeat says it goes on.
"""
ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # On a CPU torch and oneDNN keep what they prepared for a thousand shapes of a product. Rows are
    # of all lengths, and a worker on a base of 103 million grew by 50 MB a step.
    "LRU_CACHE_CAPACITY": "16",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
}
"""What every worker is started with; read by libraries while they are loaded."""
_OF_A_LAUNCHER = frozenset(
    {
        *("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK"),
        *("ROLE_RANK", "ROLE_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    }
)
_AFTER_TERMINATE = 10.0
"""Seconds between telling it to end and killing it."""
_POLL_SECONDS = 0.3


class TrainingThread(threading.Thread):
    """Owns one worker process, which goes on if this program ends; the next one adopts it."""

    def __init__(self, run: Run, process: psutil.Process, *, grace: float = GRACE_SECONDS) -> None:
        super().__init__(name=f"training-{run.name}", daemon=True)
        self.worker_run = run
        self._process = process
        self._grace = grace
        self._asked_at: float | None = None
        self._heard = 0.0
        self._told_to_end = False

    @classmethod
    def launch(
        cls, run: Run, argv: Sequence[str] | None = None, *, grace: float = GRACE_SECONDS
    ) -> TrainingThread:
        """Start a worker for `run` and watch it; returns as soon as the process exists.

        Where several processes learn together, it is the one that starts and watches them.

        Raises:
            RunError: the process could not be started, or not as many as are wanted.
        """
        start = LaunchCommand(tuple(argv), {}) if argv else command_for_run(run)
        run.clear_stop()
        child: subprocess.Popen[bytes] | None = None
        try:
            with run.log_file.open("ab") as log:
                child = subprocess.Popen(
                    start.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=ROOT,
                    env=worker_environment(_own(os.environ), start.environ),
                    **_detached(),
                )
            run.write_worker(child.pid)
            thread = cls(run, psutil.Process(child.pid), grace=grace)
        except (OSError, psutil.Error) as error:
            if child:
                # Nobody would know of it: its number could not be written down.
                child.kill()
                child.wait()
            raise RunError(
                f"학습 프로세스를 시작하지 못했습니다 ({error}). {run.log_file} 을 확인하세요."
            ) from error
        thread.start()
        return thread

    @classmethod
    def adopt(cls, run: Run, *, grace: float = GRACE_SECONDS) -> TrainingThread | None:
        """Watch the worker of `run` that an earlier program started; None where none lives."""
        process = run.process()
        if process is None:
            return None
        thread = cls(run, process, grace=grace)
        thread.start()
        return thread

    def run(self) -> None:
        while not self._ended():
            if self.worker_run.asked_to_stop:
                self._escalate()
            time.sleep(_POLL_SECONDS)

    def _ended(self) -> bool:
        """Reaps the process where it is a child of this one."""
        try:
            code = self._process.wait(timeout=0)
        except psutil.TimeoutExpired:
            return False
        except psutil.Error:
            return True
        # Nothing is known of a process that another program started.
        if code is not None:
            # Where the disk is full, what the worker said of its end has to do.
            with contextlib.suppress(OSError):
                self.worker_run.note_exit(self._process.pid, int(code))
        return True

    def _escalate(self) -> None:
        heard = self.worker_run.said().heartbeat
        if heard != self._heard or self._asked_at is None:
            self._heard, self._asked_at = heard, time.monotonic()
        waited = time.monotonic() - self._asked_at
        try:
            if waited > self._grace + _AFTER_TERMINATE:
                _end(self._process)
            elif waited > self._grace and not self._told_to_end:
                # Once: said again it would cut short how several processes end each other.
                self._told_to_end = True
                self._process.terminate()
        except psutil.Error:
            return


def worker_environment(
    environ: Mapping[str, str] = os.environ, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Variables a worker is started with: those of `environ`, then `more`, then what it needs."""
    return {**environ, **(more or {}), **wait_policy(environ), **ENVIRONMENT}


def kill(run: Run) -> None:
    """End the worker of `run` at once; its last checkpoint stays."""
    process = run.process()
    if process is not None:
        run.note_kill()
        _end(process)


def _end(process: psutil.Process) -> None:
    """With all that it started."""
    for each in [*process.children(recursive=True), process]:
        try:
            each.kill()
        except psutil.Error:
            continue


def _own(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what another launcher has said of its own processes."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _OF_A_LAUNCHER and not name.startswith(("ACCELERATE_", "TORCHELASTIC_"))
    }


def _detached() -> dict[str, Any]:
    """Its own group: Ctrl+C in the window's terminal must reach the worker only as a STOP."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
