"""`TerminalChat` with a parrot as the backend."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.personas import Persona
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.cli.chat import ChatBackend, TerminalChat
from kakaobot.cli.console import Console

GATE = PasswordGate("비밀")
ACCESS = GATE.authenticate("비밀")


class Parrot(ChatBackend):
    """Repeats the last line character by character, and records its calls."""

    def __init__(self, *, cut_after: int = 0) -> None:
        self.calls: list[list[str]] = []
        self.closed = 0
        self._cut_after = cut_after

    def persona(self, run: str = "") -> Persona:
        return Persona(
            "main", "best", 3, "연습용", "방", "", ("앵무",), False, False, "앵무새의 말투"
        )

    def reply(
        self,
        access: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
    ) -> Iterator[Reply]:
        GATE.verify(access)
        self.calls.append([line.text for line in lines])
        return self._stream(lines[-1].text)

    def _stream(self, text: str) -> Iterator[Reply]:
        try:
            yield Reply("", (), done=False)
            for end in range(1, len(text) + 1):
                if self._cut_after and end > self._cut_after:
                    raise KeyboardInterrupt
                yield Reply("앵무", tuple(text[:end].split("/")), done=False)
            yield Reply("앵무", tuple(text.split("/")), done=True)
        finally:
            self.closed += 1


def chat(parrot: Parrot, *typed: str) -> tuple[str, str, list[ChatLine]]:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO("".join(f"{line}\n" for line in typed)))
    terminal_chat = TerminalChat(parrot, ACCESS, console, run="", reply_as="", user_name="")
    terminal_chat.loop()
    return out.getvalue(), err.getvalue(), terminal_chat.lines


def test_reply_streams_and_is_appended() -> None:
    parrot = Parrot()
    out, err, lines = chat(parrot, "안녕/뭐해", "", "밥")
    assert out == "앵무: 안녕\n뭐해\n앵무: 밥\n"
    assert err.startswith("앵무새의 말투\n")
    assert parrot.calls == [["안녕/뭐해"], ["안녕/뭐해", "안녕\n뭐해", "밥"]]
    assert lines[-1] == ChatLine("앵무", "밥", from_user=False)


def test_retry_replaces_the_last_reply() -> None:
    parrot = Parrot()
    out, _, lines = chat(parrot, "안녕", "/다시")
    assert parrot.calls == [["안녕"], ["안녕"]]
    assert (out, len(lines)) == ("앵무: 안녕\n앵무: 안녕\n", 2)
    assert "다시 받을 대답이 없습니다." in chat(Parrot(), "/다시")[1]


def test_clear_empties_the_conversation() -> None:
    parrot = Parrot()
    chat(parrot, "안녕", "/지우기", "밥")
    assert parrot.calls == [["안녕"], ["밥"]]


def test_end_command_ends_the_chat() -> None:
    parrot = Parrot()
    chat(parrot, "/끝", "안녕")
    assert parrot.calls == []


def test_unknown_command_is_not_sent_to_the_model() -> None:
    parrot = Parrot()
    assert "/지우기" in chat(parrot, "/그만")[1]
    assert parrot.calls == []


def test_ctrl_c_ends_the_reply_and_the_chat_goes_on() -> None:
    parrot = Parrot(cut_after=2)
    out, _, lines = chat(parrot, "안녕하세요", "밥")
    assert out == "앵무: 안녕\n앵무: 밥\n"
    assert (lines[1].text, parrot.closed) == ("안녕", 2)
