"""What is told of a worker that died, by real processes that really die in these ways."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.runs.exit_reason import exit_message
from kakaobot.runs.run import Run
from kakaobot.runs.status import Status

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no signals")
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
    "unknown": ("raise KeyError('무엇')", "마지막 저장본부터", "무엇"),
}


def ended(run: Run, program: str) -> subprocess.Popen[bytes]:
    """A worker that said it runs, and then did what the program does."""
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
def test_a_traceback_is_told_as_a_cause_and_an_advice(
    tmp_path: Path, program: str, advice: str, last: str
) -> None:
    run = Run(tmp_path / "main")
    ended(run, program)
    status = run.status()
    assert (status.state, status.step) == ("failed", 3)
    for words in (advice, last, "마지막 기록: "):
        assert words in status.message
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
def test_the_exit_code_tells_who_ended_it(tmp_path: Path, signal: str, advice: str) -> None:
    run = Run(tmp_path / "main")
    # Whatever stood in the log before has nothing to do with it.
    program = "print('RuntimeError: out of memory', flush=True)\n" if signal == "SIGKILL" else ""
    child = ended(run, f"{program}import os, signal; os.kill(os.getpid(), signal.{signal})")
    run.worker.record_exit(child.pid, child.returncode)
    assert advice in run.status().message


@POSIX
def test_a_worker_that_is_gone_without_a_word_was_probably_short_of_memory(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    ended(run, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "메모리가 모자라 시스템이 끝냈을 수 있습니다" in run.status().message


def test_the_exit_of_an_earlier_worker_is_not_that_of_this_one(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    child = ended(run, "raise SystemExit(1)")
    run.worker.record_exit(child.pid + 1, -9)
    assert "메모리" not in exit_message([], 1)
    assert "exit" not in (run.path / "worker.json").read_text(encoding="utf-8")


def test_what_an_earlier_worker_said_is_not_told_of_this_one(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    ended(run, "raise MemoryError('예전')")
    with run.log.file.open("ab") as log:
        log.write("쓰다 만 줄".encode())
    ended(run, "raise KeyError('지금')")
    assert "예전" in run.log.tail()
    assert "예전" not in run.log.latest_section()
    assert "메모리" not in run.status().message
    assert "지금" in run.status().message


@pytest.mark.parametrize(
    ("code", "advice"),
    [(137, "메모리"), (139, "드라이버"), (0xC0000005, "드라이버"), (1, "이어집니다")],
)
def test_exit_codes_of_shells_and_of_windows_are_known(code: int, advice: str) -> None:
    assert advice in exit_message(["학습 중"], code)


def test_a_computer_that_was_switched_off_is_no_lack_of_memory() -> None:
    told = exit_message(["학습 중"], rebooted=True)
    assert "컴퓨터가 꺼졌거나" in told
    assert "메모리" not in told


def test_a_warning_is_no_cause_and_figures_are_no_last_words() -> None:
    said = [
        "UserWarning: CUDA driver initialization failed, out of memory on device 1",
        "ValueError: 무엇",
        "{'loss': 3.1}",
    ]
    told = exit_message(said, 1)
    assert "메모리" not in told
    assert "그래픽" not in told
    assert told.endswith("마지막 기록: ValueError: 무엇")


def test_a_long_last_line_is_cut() -> None:
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
    ("number", "signal", "said"), [(9, "SIGKILL", "메모리가 모자라"), (11, "SIGSEGV", "드라이버")]
)
def test_what_ended_one_of_several_processes_is_told(number: int, signal: str, said: str) -> None:
    log = ONE_OF_TWO.format(code=-number, number=number, signal=signal).splitlines()
    # The exit code is that of the process which started them.
    message = exit_message(log, 1)
    assert said in message
    assert message.endswith(f"Signal {number} ({signal}) received by PID 21262")
