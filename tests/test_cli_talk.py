"""A dialogue on the terminal, with a parrot at the other end."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatLine, Persona, Reply
from kakaobot.cli.chat import TerminalChat
from kakaobot.cli.console import Console

GATE = PasswordGate("비밀")
PASS = GATE.authenticate("비밀")


class Parrot:
    """Says what it heard, letter by letter, and notes what it was asked with."""

    def __init__(self, *, cut_after: int = 0) -> None:
        self.heard: list[list[str]] = []
        self.closed = 0
        self._cut_after = cut_after

    def persona(self, run: str = "") -> Persona:
        return Persona(
            "main", "best", 3, "연습용", "방", "", ("앵무",), False, False, "앵무새의 말투"
        )

    def reply(
        self,
        given: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
    ) -> Iterator[Reply]:
        GATE.verify(given)
        self.heard.append([line.text for line in lines])
        return self._speak(lines[-1].text)

    def _speak(self, text: str) -> Iterator[Reply]:
        try:
            yield Reply("", (), done=False)
            for end in range(1, len(text) + 1):
                if self._cut_after and end > self._cut_after:
                    raise KeyboardInterrupt
                yield Reply("앵무", tuple(text[:end].split("/")), done=False)
            yield Reply("앵무", tuple(text.split("/")), done=True)
        finally:
            self.closed += 1


def talk(parrot: Parrot, *typed: str) -> tuple[str, str, list[ChatLine]]:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO("".join(f"{line}\n" for line in typed)))
    conversation = TerminalChat(parrot, PASS, console, run="", speaker="", me="")
    conversation.go_on()
    return out.getvalue(), err.getvalue(), conversation.lines


def test_an_answer_grows_on_the_screen_and_is_remembered() -> None:
    parrot = Parrot()
    out, err, lines = talk(parrot, "안녕/뭐해", "", "밥")
    assert out == "앵무: 안녕\n뭐해\n앵무: 밥\n"
    assert err.startswith("앵무새의 말투\n")
    assert parrot.heard == [["안녕/뭐해"], ["안녕/뭐해", "안녕\n뭐해", "밥"]]
    assert lines[-1] == ChatLine("앵무", "밥", from_user=False)


def test_an_answer_can_be_had_again() -> None:
    parrot = Parrot()
    out, _, lines = talk(parrot, "안녕", "/다시")
    assert parrot.heard == [["안녕"], ["안녕"]]
    assert (out, len(lines)) == ("앵무: 안녕\n앵무: 안녕\n", 2)
    assert "다시 받을 대답이 없습니다." in talk(Parrot(), "/다시")[1]


def test_a_dialogue_can_be_forgotten() -> None:
    parrot = Parrot()
    talk(parrot, "안녕", "/지우기", "밥")
    assert parrot.heard == [["안녕"], ["밥"]]


def test_the_end_is_the_end() -> None:
    parrot = Parrot()
    talk(parrot, "/끝", "안녕")
    assert parrot.heard == []


def test_an_unknown_command_is_not_said_to_the_model() -> None:
    parrot = Parrot()
    assert "/지우기" in talk(parrot, "/그만")[1]
    assert parrot.heard == []


def test_ctrl_c_cuts_an_answer_off_and_the_talk_goes_on() -> None:
    parrot = Parrot(cut_after=2)
    out, _, lines = talk(parrot, "안녕하세요", "밥")
    assert out == "앵무: 안녕\n앵무: 밥\n"
    assert (lines[1].text, parrot.closed) == ("안녕", 2)
