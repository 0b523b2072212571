"""The background thread that starts, watches, stops and reaps a worker. Imports no torch."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from kakaobot.config import ROOT
from kakaobot.env_file import take_secrets
from kakaobot.errors import RunError
from kakaobot.language import LANGUAGE, VARIABLE, tr
from kakaobot.openmp import wait_policy
from kakaobot.os_errors import os_error_message
from kakaobot.runs.run import Run
from kakaobot.train.launch_command import LaunchCommand

GRACE_SECONDS = 600.0
"""Silence after a STOP until the worker is terminated, then killed.

Counted from its last heartbeat: a step or an evaluation on a CPU takes minutes.
"""
ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # On a CPU torch and oneDNN cache primitives for 1,024 shapes. Rows are of all lengths, and a
    # worker on a base of 103 million parameters grew by 50 MB a step.
    "LRU_CACHE_CAPACITY": "16",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
}
"""Variables of every worker; libraries read them on import."""
_LAUNCHER_VARIABLES = frozenset(
    {
        *("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK"),
        *("ROLE_RANK", "ROLE_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    }
)
_AFTER_TERMINATE = 10.0
"""Seconds from terminating to killing."""
_POLL_SECONDS = 0.3


class TrainingThread(threading.Thread):
    """Owns one worker process, which outlives this program; the next one adopts it."""

    def __init__(
        self,
        run: Run,
        process: psutil.Process,
        *,
        ended: Callable[[], object] = lambda: None,
        grace: float = GRACE_SECONDS,
    ) -> None:
        super().__init__(name=f"training-{run.name}", daemon=True)
        self.worker_run = run
        self._process = process
        self._ended = ended
        self._grace = grace
        self._silent_since: float | None = None
        self._heartbeat = 0.0
        self._terminated = False

    @classmethod
    def launch(
        cls,
        run: Run,
        command: LaunchCommand,
        *,
        ended: Callable[[], object] = lambda: None,
        grace: float = GRACE_SECONDS,
    ) -> TrainingThread:
        """Start a worker for `run` and watch it; returns as soon as the process exists.

        With several processes it is accelerate's launcher, which starts and watches them.

        Args:
            run: where its output goes.
            command: the worker's command line.
            ended: called in the thread once the worker has ended.
            grace: seconds from a STOP until it is terminated.

        Raises:
            RunError: the process could not be started.
        """
        run.clear_stop()
        child: subprocess.Popen[bytes] | None = None
        try:
            with run.log.file.open("ab") as log:
                child = subprocess.Popen(
                    command.for_run(run.path),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=ROOT,
                    env={
                        **worker_environment(_without_launcher(os.environ), command.environ),
                        VARIABLE: LANGUAGE,
                    },
                    **_detached(),
                )
            run.worker.record_start(child.pid)
            thread = cls(run, psutil.Process(child.pid), ended=ended, grace=grace)
        except (OSError, psutil.Error) as error:
            if child:
                # Without a recorded pid nobody could stop it.
                child.kill()
                child.wait()
            reason = os_error_message(error) if isinstance(error, OSError) else str(error)
            raise RunError(
                tr("학습 프로세스를 시작하지 못했습니다. {reason} ({file})").format(
                    reason=reason, file=run.log.file
                )
            ) from error
        thread.start()
        return thread

    @classmethod
    def adopt(
        cls, run: Run, *, ended: Callable[[], object] = lambda: None, grace: float = GRACE_SECONDS
    ) -> TrainingThread | None:
        """Watch the worker of `run` that an earlier program started; None if none is alive."""
        process = run.worker.process()
        if process is None:
            return None
        thread = cls(run, process, ended=ended, grace=grace)
        thread.start()
        return thread

    def run(self) -> None:
        while not self._reap():
            if self.worker_run.stop_requested:
                self._escalate()
            time.sleep(_POLL_SECONDS)
        self._ended()

    def _reap(self) -> bool:
        """Whether the process has ended; records the exit code of a child."""
        try:
            code = self._process.wait(timeout=0)
        except psutil.TimeoutExpired:
            return False
        except psutil.Error:
            return True
        # The exit code of an adopted process is unknown.
        if code is not None:
            # On a full disk the status that the worker wrote must suffice.
            with contextlib.suppress(OSError):
                self.worker_run.worker.record_exit(self._process.pid, int(code))
        return True

    def _escalate(self) -> None:
        heartbeat = self.worker_run.recorded_status().heartbeat
        if heartbeat != self._heartbeat or self._silent_since is None:
            self._heartbeat, self._silent_since = heartbeat, time.monotonic()
        silent = time.monotonic() - self._silent_since
        try:
            if silent > self._grace + _AFTER_TERMINATE:
                _kill_tree(self._process)
            elif silent > self._grace and not self._terminated:
                # Once: a second SIGTERM would interrupt the launcher while it ends its processes.
                self._terminated = True
                self._process.terminate()
        except psutil.Error:
            return


def worker_environment(
    environ: Mapping[str, str] = os.environ, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Variables of a worker: `environ`, overridden by `extra`, then by what a worker needs.

    It never gets a password.
    """
    merged = {**environ, **(extra or {}), **wait_policy(environ), **ENVIRONMENT}
    take_secrets(merged)
    return merged


def kill(run: Run) -> None:
    """Kill the worker of `run`; its last checkpoint stays."""
    process = run.worker.process()
    if process is not None:
        run.worker.record_kill()
        _kill_tree(process)


def _kill_tree(process: psutil.Process) -> None:
    for member in [*process.children(recursive=True), process]:
        try:
            member.kill()
        except psutil.Error:
            continue


def _without_launcher(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without the variables of a launcher that started this very program."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _LAUNCHER_VARIABLES and not name.startswith(("ACCELERATE_", "TORCHELASTIC_"))
    }


def _detached() -> dict[str, Any]:
    """Options for a separate process group, so that Ctrl+C does not reach the worker."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
