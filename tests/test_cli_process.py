"""The program in its own process: streams, password and imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.config import Home
from tests.conftest import write_password

ROOT = Path(__file__).resolve().parent.parent
ROOM = """저녁 모임 님과 카카오톡 대화
저장한 날짜 : 2026-03-02 10:00:00

--------------- 2026년 3월 1일 일요일 ---------------
[가은] [오후 12:30] 저녁 먹을래? 🎲
"""


def run_program(home: Home, *argv: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "kakaobot", *argv],
        cwd=ROOT,
        env={**os.environ, "KAKAOBOT_HOME": str(home.root), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=False,
    )


@pytest.fixture
def locked(home: Home) -> Home:
    write_password(home)
    return home


def run_and_list_imports(argv: list[str], names: tuple[str, ...], **environ: str) -> str:
    """Exit code of a command, and which of the modules it imported."""
    code = (
        f"import sys; from kakaobot.cli import main; code = main({argv}); "
        f"print(code, [name for name in {names} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
    )
    return result.stdout.decode().splitlines()[-1]


def test_help_imports_nothing_slow() -> None:
    assert (
        run_and_list_imports(["--help"], ("pydantic", "yaml", "torch", "kakaobot.config")) == "0 []"
    )


def test_denied_password_imports_nothing_heavy(locked: Home) -> None:
    heavy = ("torch", "transformers", "peft", "tokenizers")
    assert run_and_list_imports(["smoke"], heavy, CHATBOT_ACCESS_PASSWORD="틀림") == "1 []"


def test_password_prompt_without_a_terminal_is_denied(locked: Home) -> None:
    result = run_program(locked, "reply", "안녕")
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.decode().startswith("비밀번호를 물어볼 터미널이 없습니다.")


def test_output_is_utf_8_on_a_cp949_console(home: Home) -> None:
    room = home.root / "room.txt"
    room.write_text(ROOM, encoding="utf-8")
    result = run_program(home, "inspect", "--messages", str(room), PYTHONIOENCODING="cp949")
    assert (result.returncode, result.stderr) == (0, b"")
    assert "🎲" in result.stdout.decode("utf-8")


@pytest.mark.parametrize("argv", [["--version"], ["settings"]], ids=["short", "long"])
def test_closed_pipe_ends_the_program_quietly(home: Home, argv: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "kakaobot", *argv],
        cwd=ROOT,
        # Buffered, so that something is left to flush at exit.
        env={**os.environ, "KAKAOBOT_HOME": str(home.root), "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout and running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_the_traceback_behind_a_sentence_is_not_printed(tmp_path: Path) -> None:
    code = f"""
from kakaobot.base.hub import readable_errors
from kakaobot.cli import main
from kakaobot.errors import BaseModelError
main(["--version"])
try:
    with readable_errors({str(tmp_path)!r}):
        raise KeyError("weights")
except BaseModelError as error:
    print("told", "읽지 못했습니다" in str(error))
"""
    result = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], cwd=ROOT, capture_output=True, check=True
    )
    assert result.stdout.decode().splitlines()[-1] == "told True"
    assert result.stderr == b""
