"""The wait shared by all tests ends on success or silence, and not before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from kakaobot.runs.run import Run
from kakaobot.runs.status import Status
from tests.patience import patience, processor_time, run_logged, slowness, wait_for


def test_wait_for_goes_on_while_there_is_progress() -> None:
    steps = count()
    start = time.monotonic()
    limit = patience(0.1)
    # Five times the silence limit.
    wait_for(lambda: time.monotonic() - start > 5 * limit, lambda: next(steps), silence=0.1)


def test_wait_for_fails_on_silence() -> None:
    with pytest.raises(AssertionError, match="no progress"):
        wait_for(lambda: False, lambda: "the same", silence=0.1)


def test_wait_for_a_silent_run_fails_with_its_log(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.write_status(Status("running", 1, 2))
    run.log.file.write_text("the last words\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="the last words"):
        wait_for(lambda: False, run, silence=0.1)


def test_every_status_of_a_run_is_progress(tmp_path: Path) -> None:
    run = Run(tmp_path)
    program = (
        "import sys, time; from pathlib import Path\n"
        "from kakaobot.runs.run import Run\n"
        "from kakaobot.runs.status import Status\n"
        "for step in range(20):\n"
        "    Run(Path(sys.argv[1])).write_status(Status('running', step, 20))\n"
        "    time.sleep(float(sys.argv[2]))"
    )
    # Twice the silence limit in total.
    pause = str(patience(1.0) / 10)
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path), pause]) as worker:
        wait_for(lambda: run.recorded_status().step)
        wait_for(lambda: worker.poll() is not None, run, silence=1.0)
    assert run.recorded_status().step == 19


def test_run_logged_returns_the_exit_code_or_kills_a_silent_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "print('out'); raise SystemExit(3)"]
    assert run_logged(command, log, env=os.environ) == 3
    assert log.read_text(encoding="utf-8").strip() == "out"
    monkeypatch.setattr("tests.patience.wait_for", lambda *_: pytest.fail("silent"))
    start = time.monotonic()
    with pytest.raises(pytest.fail.Exception, match="silent"):
        run_logged([sys.executable, "-c", "import time; time.sleep(600)"], log, env=os.environ)
    assert time.monotonic() - start < patience(30)


def test_slowness_is_at_least_one() -> None:
    wall, cpu = slowness()
    assert wall >= 1
    assert cpu >= 1
    assert (patience(2), processor_time(2)) == (2 * wall, 2 * cpu)
