"""`feedback` lists and deletes; `refine` tells what it would learn, and refuses without any."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.feedback import Feedback
from kakaobot.app.personas import Personas
from kakaobot.chat.lines import ChatLine
from kakaobot.cli import main
from kakaobot.cli.console import Console
from kakaobot.config import Home
from tests.app.test_chat import create_run
from tests.conftest import write_password


@pytest.fixture
def corrected(home: Home) -> Home:
    """Two entries on 도담, whose run has no data."""
    write_password(home, "귤")
    create_run(home, persona="도담")
    gate = PasswordGate.from_home(home)
    access = gate.authenticate("귤")
    service = Feedback(home, gate)
    lines = [ChatLine("나", "뭐\x1b[2J해?", True), ChatLine("도담", "그냥\n있어", False)]
    service.add(access, "edit", lines, wanted="별 보러 나왔어")
    service.add(access, "never", [*lines[:1], ChatLine("도담", "비밀", False)])
    return home


def run(home: Home, *argv: str, password: str = "귤") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO())
    code = main(argv, home=home, ask=lambda _: password, console=console)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("argv", [["feedback"], ["feedback", "--delete", "1"], ["refine"]])
def test_the_password_comes_first(corrected: Home, argv: Sequence[str]) -> None:
    code, out, err = run(corrected, *argv, password="감")
    assert code == 1 and not out and "비밀번호가 틀렸습니다" in err
    assert len(json.loads(run(corrected, "feedback", "--json")[1])) == 2


def test_what_was_said_is_listed_newest_first(corrected: Home) -> None:
    code, out, _ = run(corrected, "feedback")
    lines = out.splitlines()
    assert code == 0 and lines[0].split()[0] == "번호"
    assert "이 말은 하지 마" in lines[1] and "비밀" in lines[1]
    assert "그냥 / 있어" in lines[2] and "별 보러 나왔어" in lines[2]
    assert "\x1b" not in out
    assert lines[-1].startswith("다시 배우기: ") and lines[-1].endswith("refine")


def test_entries_are_deleted_by_number(corrected: Home) -> None:
    assert run(corrected, "feedback", "--delete", "1", "2")[0] == 0
    assert run(corrected, "feedback", "--json")[1].strip() == "[]"
    assert "고친 말이 없습니다" in run(corrected, "feedback")[1]
    code, _, err = run(corrected, "feedback", "--delete", "1")
    assert code == 1 and "1번 고친 말이 없습니다" in err
    assert run(corrected, "feedback", "--delete", "하나")[0] == 2


def test_a_refine_says_what_it_lacks(corrected: Home) -> None:
    code, out, _ = run(corrected, "refine", "--dry-run")
    assert code == 0
    assert "배울 데이터가 없습니다" in out and "고친 말 2개로 다시 배웁니다" in out
    code, out, err = run(corrected, "refine")
    assert code == 1 and not out and "배울 데이터가 없습니다" in err
    assert Personas(corrected).names() == ["main"]
