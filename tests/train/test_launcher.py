"""The thread that owns a worker, with real processes of a few lines as workers."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from kakaobot.errors import RunError
from kakaobot.runs.liveness import WorkerProcess
from kakaobot.runs.run import Run
from kakaobot.train.launch_command import LaunchCommand
from kakaobot.train.launcher import TrainingThread, kill
from tests.patience import patience, wait_for

POLITE = """
import pathlib, sys, time
while not (pathlib.Path(sys.argv[1]) / "STOP").exists():
    time.sleep(0.05)
print("saved", flush=True)
"""
CHATTY = "for _ in range(40_000): print('진행 ' * 20, flush=True)"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""

DEAF_WITH_A_CHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {DEAF!r}], stdin=subprocess.DEVNULL)
{DEAF}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "main")
    run.create({})
    return run


def launch(run: Run, program: str, grace: float = 60.0) -> TrainingThread:
    command = LaunchCommand((sys.executable, "-X", "utf8", "-c", program))
    return TrainingThread.launch(run, command, grace=grace)


def wait_for_end(thread: TrainingThread) -> None:
    wait_for(lambda: not thread.is_alive(), thread.worker_run)


def test_a_worker_stops_on_request_and_is_reaped(run: Run) -> None:
    thread = launch(run, POLITE)
    process = run.worker.process()
    assert process is not None
    run.request_stop()
    wait_for_end(thread)
    assert not psutil.pid_exists(process.pid)
    assert run.log.tail() == "saved"


def test_a_stale_stop_does_not_end_a_new_worker(run: Run) -> None:
    run.request_stop()
    thread = launch(run, POLITE)
    time.sleep(0.5)
    assert thread.is_alive()
    run.request_stop()
    wait_for_end(thread)


def test_a_worker_may_print_megabytes_that_are_not_read(run: Run) -> None:
    wait_for_end(launch(run, CHATTY))
    assert run.log.file.stat().st_size > 4_000_000


@pytest.mark.slow
def test_a_worker_that_does_not_stop_is_killed_after_its_grace(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kakaobot.train.launcher._AFTER_TERMINATE", 0.5)
    thread = launch(run, DEAF, grace=0.5)
    wait_for(lambda: "deaf" in run.log.tail())
    run.request_stop()
    wait_for_end(thread)
    assert run.worker.process() is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be ignored on Windows")
def test_children_of_a_worker_are_killed_with_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kakaobot.train.launcher._AFTER_TERMINATE", 0.5)
    thread = launch(run, DEAF_WITH_A_CHILD, grace=0.5)
    wait_for(lambda: run.log.tail() == "deaf\ndeaf")
    worker = run.worker.process()
    assert worker is not None
    (child,) = worker.children()
    run.request_stop()
    wait_for_end(thread)
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
def test_another_program_adopts_a_worker_and_stops_it(run: Run, tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from kakaobot.runs.liveness import WorkerProcess
from kakaobot.runs.run import Run
from kakaobot.train.launch_command import LaunchCommand
from kakaobot.train.launcher import TrainingThread
run = Run(Path({str(run.path)!r}))
TrainingThread.launch(run, LaunchCommand((sys.executable, "-c", {POLITE!r})))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=patience())
    assert run.worker.process() is not None
    thread = TrainingThread.adopt(run)
    assert thread is not None
    run.request_stop()
    wait_for_end(thread)
    assert run.worker.process() is None
    assert TrainingThread.adopt(run) is None


def test_kill_ends_a_worker_at_once(run: Run) -> None:
    thread = launch(run, "import time; time.sleep(600)")
    kill(run)
    wait_for_end(thread)
    assert run.worker.process() is None


def test_a_program_that_cannot_be_started_raises_a_run_error(run: Run) -> None:
    with pytest.raises(RunError, match="시작하지 못했습니다"):
        TrainingThread.launch(run, LaunchCommand((str(run.path / "없는 프로그램"),)))


def test_a_worker_whose_pid_cannot_be_recorded_is_killed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def full(_: Run, pid: int) -> None:
        started.append(pid)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WorkerProcess, "record_start", full)
    with pytest.raises(RunError, match="시작하지 못했습니다"):
        launch(run, DEAF)
    assert started
    assert not psutil.pid_exists(started[0])


def test_variables_of_another_launcher_are_dropped(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "ACCELERATE_MIXED_PRECISION"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("KAKAOBOT_TEST", "kept")
    thread = launch(run, "import os; print(sorted(os.environ), flush=True)")
    wait_for_end(thread)
    printed = run.log.file.read_text(encoding="utf-8")
    assert "'KAKAOBOT_TEST'" in printed
    for name in ("WORLD_SIZE", "RANK", "ACCELERATE_"):
        assert name not in printed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM on Windows")
def test_a_silent_worker_is_terminated_once(run: Run) -> None:
    counting = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("terminated", flush=True))
print("ready", flush=True)
until = time.time() + 60
while time.time() < until:
    time.sleep(0.1)
"""
    thread = launch(run, counting, grace=0.2)
    wait_for(lambda: "ready" in run.log.tail())
    run.request_stop()
    wait_for(lambda: "terminated" in run.log.tail())
    time.sleep(1.5)
    assert run.log.tail().count("terminated") == 1
    kill(run)
    wait_for_end(thread)
