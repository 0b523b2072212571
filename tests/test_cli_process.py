"""The real program in a process of its own: its streams, its password, what it loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.config import Home

ROOT = Path(__file__).resolve().parent.parent
ROOM = """저녁 모임 님과 카카오톡 대화
저장한 날짜 : 2026-03-02 10:00:00

--------------- 2026년 3월 1일 일요일 ---------------
[가은] [오후 12:30] 저녁 먹을래? 🎲
"""


def process(home: Home, *argv: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The real program, without a terminal."""
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
    (home.root / ".env").write_text("CHATBOT_PASSWORD=비밀", encoding="utf-8")
    return home


def probe(argv: list[str], names: tuple[str, ...], **environ: str) -> str:
    """The exit code of a command, and which of the modules were loaded by it."""
    code = (
        f"import sys; from kakaobot.cli import main; code = main({argv}); "
        f"print(code, [name for name in {names} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().splitlines()[-1]


def test_help_loads_nothing_that_takes_time() -> None:
    assert probe(["--help"], ("pydantic", "yaml", "torch", "kakaobot.config")) == "0 []"


def test_a_refused_password_loads_nothing_heavy(locked: Home) -> None:
    heavy = ("torch", "transformers", "peft", "tokenizers")
    assert probe(["smoke"], heavy, CHATBOT_ACCESS_PASSWORD="틀림") == "1 []"


def test_without_a_terminal_the_password_is_not_asked_for(locked: Home) -> None:
    done = process(locked, "reply", "안녕")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith("비밀번호를 물어볼 터미널이 없습니다.")


def test_an_old_korean_console_gets_utf_8(home: Home) -> None:
    room = home.root / "room.txt"
    room.write_text(ROOM, encoding="utf-8")
    done = process(home, "inspect", "--messages", str(room), PYTHONIOENCODING="cp949")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "🎲" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("argv", [["--version"], ["settings"]], ids=["little", "much"])
def test_a_reader_that_leaves_early_hears_no_complaint(home: Home, argv: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "kakaobot", *argv],
        cwd=ROOT,
        # Without a buffer nothing would be left for Python to complain of at the end.
        env={**os.environ, "KAKAOBOT_HOME": str(home.root), "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout and running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141
