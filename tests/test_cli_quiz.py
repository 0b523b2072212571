"""The command `quiz` on the sample room, with a model that babbles."""

from __future__ import annotations

import io

import pytest

from kakaobot.cli.console import Console
from kakaobot.cli.quiz import TerminalQuiz
from kakaobot.runs.quiz_log import QuizLog
from tests.app.test_quiz import PERSONA, Fixture
from tests.prepared_home import run_command


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return Fixture(tmp_path_factory.mktemp("quiz"), PERSONA)


def ask(room: Fixture, *typed: str, count: int = 2) -> str:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO("".join(f"{line}\n" for line in typed)))
    TerminalQuiz(room.quiz, room.access, console).ask(room.chat.persona(), 1, count)
    return out.getvalue()


def test_two_questions_give_a_fool_rate(room: Fixture) -> None:
    output = ask(room, "예", "1", "셋", "2")
    assert output.count("[문제 ") == 2
    assert output.count("1번\n") == output.count("2번\n") == 2
    assert "2번 가운데" in output
    picks = QuizLog(room.run.path).picks()
    assert [pick.knows for pick in picks[-2:]] == [True, True]
    assert "main" not in output


def test_the_judge_may_leave_and_the_input_may_end(room: Fixture) -> None:
    before = len(QuizLog(room.run.path).picks())
    ask(room, "아니요", "/끝")
    ask(room, "아니요")
    assert len(QuizLog(room.run.path).picks()) == before


@pytest.mark.parametrize("argv", [["--turns", "2"], ["--count", "0"], ["--count", "많이"]])
def test_wrong_numbers_are_named(room: Fixture, argv: list[str]) -> None:
    code, said = run_command(room.home, ["quiz", *argv])
    assert code == 2
    assert "1" in said


def test_the_command_is_behind_the_gate(room: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_ACCESS_PASSWORD", "틀림")
    assert run_command(room.home, ["quiz"])[0] == 1
