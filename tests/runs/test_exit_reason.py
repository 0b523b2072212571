"""Failure messages of real processes that exit in various ways."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.runs.exit_reason import exit_message
from kakaobot.runs.run import Run
from kakaobot.runs.status import Status

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
DEATHS = {
    "memory": ("x = b'1' * (1 << 62)", "메모리가 모자라", "MemoryError"),
    "torch memory": (
        "raise RuntimeError('[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: "
        "can\\'t allocate memory: you tried to allocate 8 bytes.')",
        "training.max_seq_len",
        "can't allocate memory",
    ),
    "module": ("import no_such_module_here", ".venv", "no_such_module_here"),
    "disk": (
        "import errno, os; raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))",
        "디스크가 가득",
        "No space left",
    ),
    "unknown": ("raise KeyError('무엇')", "처음부터", "무엇"),
}


def run_to_end(run: Run, program: str) -> subprocess.Popen[bytes]:
    """Run a program as a worker whose status is `running`, until it exits."""
    run.create({})
    run.log.begin_section()
    with run.log.file.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-c", f"input()\n{program}"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    run.worker.record_start(child.pid)
    run.write_status(Status("running", 3, 9))
    assert run.status().state == "running"
    child.communicate(b"\n")
    return child


@pytest.mark.parametrize(("program", "advice", "last"), DEATHS.values(), ids=DEATHS.keys())
def test_a_traceback_becomes_a_cause_and_advice(
    tmp_path: Path, program: str, advice: str, last: str
) -> None:
    run = Run(tmp_path / "main")
    run_to_end(run, program)
    status = run.status()
    assert (status.state, status.step) == ("failed", 3)
    for text in (advice, last, "마지막 기록: "):
        assert text in status.message
    assert "Traceback" in run.log.latest_section()


@POSIX
@pytest.mark.parametrize(
    ("signal", "advice"),
    [
        ("SIGKILL", "메모리가 모자라 시스템이 끝냈을 수 있습니다"),
        ("SIGSEGV", "그래픽 드라이버"),
        ("SIGILL", "CPU 가 모르는 명령"),
        ("SIGTERM", "다른 프로그램이나 시스템이"),
    ],
)
def test_a_signal_explains_the_end(tmp_path: Path, signal: str, advice: str) -> None:
    run = Run(tmp_path / "main")
    # Earlier lines of the log are unrelated.
    program = "print('RuntimeError: out of memory', flush=True)\n" if signal == "SIGKILL" else ""
    child = run_to_end(run, f"{program}import os, signal; os.kill(os.getpid(), signal.{signal})")
    run.worker.record_exit(child.pid, child.returncode)
    assert advice in run.status().message


@POSIX
def test_a_worker_that_vanished_is_presumed_out_of_memory(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    run_to_end(run, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "메모리가 모자라 시스템이 끝냈을 수 있습니다" in run.status().message


def test_the_exit_code_of_another_worker_is_not_recorded(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    child = run_to_end(run, "raise SystemExit(1)")
    run.worker.record_exit(child.pid + 1, -9)
    assert "메모리" not in exit_message([], 1)
    assert "exit" not in (run.path / "worker.json").read_text(encoding="utf-8")


def test_the_log_of_an_earlier_worker_is_ignored(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    run_to_end(run, "raise MemoryError('예전')")
    with run.log.file.open("ab") as log:
        log.write("쓰다 만 줄".encode())
    run_to_end(run, "raise KeyError('지금')")
    assert "예전" in run.log.tail()
    assert "예전" not in run.log.latest_section()
    assert "메모리" not in run.status().message
    assert "지금" in run.status().message


@pytest.mark.parametrize(
    ("code", "advice"),
    [(137, "메모리"), (139, "드라이버"), (0xC0000005, "드라이버"), (1, "이어집니다")],
)
def test_exit_codes_of_shells_and_windows(code: int, advice: str) -> None:
    assert advice in exit_message(["학습 중"], code)


def test_a_reboot_is_not_a_lack_of_memory() -> None:
    message = exit_message(["학습 중"], rebooted=True)
    assert "컴퓨터가 꺼졌거나" in message
    assert "메모리" not in message


def test_warnings_are_not_causes_and_metrics_are_not_quoted() -> None:
    lines = [
        "UserWarning: CUDA driver initialization failed, out of memory on device 1",
        "ValueError: 무엇",
        "{'loss': 3.1}",
    ]
    message = exit_message(lines, 1)
    assert "메모리" not in message
    assert "그래픽" not in message
    assert message.endswith("마지막 기록: ValueError: 무엇")


def test_a_long_last_line_is_truncated() -> None:
    assert len(exit_message(["ValueError: " + "가" * 5000])) < 500


ONE_OF_TWO = """
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
kakaobot.train.worker FAILED
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  exitcode  : {code} (pid: 21262)  ({signal})
  error_file: <N/A>
  traceback : Signal {number} ({signal}) received by PID 21262
============================================================
"""


@pytest.mark.parametrize(
    ("number", "signal", "advice"), [(9, "SIGKILL", "메모리가 모자라"), (11, "SIGSEGV", "드라이버")]
)
def test_the_signal_of_one_rank_explains_the_end(number: int, signal: str, advice: str) -> None:
    log = ONE_OF_TWO.format(code=-number, number=number, signal=signal).splitlines()
    # The exit code is the launcher's.
    message = exit_message(log, 1)
    assert advice in message
    assert message.endswith(f"Signal {number} ({signal}) received by PID 21262")
