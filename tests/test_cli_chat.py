"""`TerminalChat` with a parrot as the backend, and what it keeps."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import pytest

from kakaobot.app.auth import AccessPass
from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.app.personas import Persona
from kakaobot.app.room_talk import TalkOptions
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.cli import main
from kakaobot.cli.console import Console
from kakaobot.cli.terminal_chat import ChatBackend, TerminalChat, show_waiting
from kakaobot.config import Home
from tests.conftest import write_password
from tests.lasting_gate import lasting_gate
from tests.permissions import obeyed_permissions
from tests.prepared_home import run_command

GATE = lasting_gate("비밀")
ACCESS = GATE.authenticate("비밀")
LINE = ChatLine("", "아무도 모르는 말", True)


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

    def answer(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
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


class Talk:
    """Chats with a parrot in one home, time after time."""

    def __init__(self, home: Home) -> None:
        self.parrot = Parrot()
        self.conversations = Conversations(home, GATE)

    def __call__(
        self,
        *typed: str,
        parrot: Parrot | None = None,
        resumes: bool = False,
        private: bool = False,
        out: io.StringIO | None = None,
    ) -> tuple[str, str, list[ChatLine]]:
        out, err = out or io.StringIO(), io.StringIO()
        console = Console(out, err, io.StringIO("".join(f"{line}\n" for line in typed)))
        chat = TerminalChat(
            parrot or self.parrot,
            self.conversations,
            ACCESS,
            console,
            ChatSetup(),
            is_private=private,
        )
        if resumes:
            chat.resume()
        chat.loop()
        return out.getvalue(), err.getvalue(), chat.lines

    @property
    def kept(self) -> list[list[str]]:
        """The texts of all conversations, the newest first."""
        opened = [self.conversations.open(ACCESS, s.id) for s in self.conversations.search(ACCESS)]
        return [[kept.line.text for kept in conversation.lines] for conversation in opened]


@pytest.fixture
def talk(home: Home) -> Talk:
    return Talk(home)


def test_reply_streams_and_is_appended(talk: Talk) -> None:
    out, err, lines = talk("안녕/뭐해", "", "밥")
    assert out == "앵무: 안녕\n뭐해\n앵무: 밥\n"
    assert err.startswith("앵무새의 말투\n")
    assert talk.parrot.calls == [["안녕/뭐해"], ["안녕/뭐해", "안녕\n뭐해", "밥"]]
    assert lines[-1] == ChatLine("앵무", "밥", from_user=False)


def test_retry_replaces_the_last_reply(talk: Talk) -> None:
    out, _, lines = talk("안녕", "/다시")
    assert talk.parrot.calls == [["안녕"], ["안녕"]]
    assert (out, len(lines)) == ("앵무: 안녕\n앵무: 안녕\n", 2)
    assert "다시 받을 대답이 없습니다." in talk("/다시")[1]


@pytest.mark.parametrize("command", ["/지우기", "/delete", "/새로", "/reset"])
def test_a_new_conversation_starts_without_the_old_lines(talk: Talk, command: str) -> None:
    talk("안녕", command, "밥")
    assert talk.parrot.calls == [["안녕"], ["밥"]]
    remains = [] if command in ("/지우기", "/delete") else [["안녕", "안녕"]]
    assert talk.kept == [["밥", "밥"], *remains]


@pytest.mark.parametrize("command", ["/끝", "/exit"])
def test_end_command_ends_the_chat(talk: Talk, command: str) -> None:
    talk(command, "안녕")
    assert talk.parrot.calls == []


@pytest.mark.parametrize("command", ["/그만", "/help", "/ 안녕"])
def test_unknown_command_is_not_sent_to_the_model(talk: Talk, command: str) -> None:
    said = talk(command)[1]
    for name in ("/지우기", "/reset", "/exit", "/who", "/undo"):
        assert name in said
    assert talk.parrot.calls == []


def test_ctrl_c_ends_the_reply_and_the_chat_goes_on(talk: Talk) -> None:
    parrot = Parrot(cut_after=2)
    out, _, lines = talk("안녕하세요", "밥", parrot=parrot)
    assert out == "앵무: 안녕\n앵무: 밥\n"
    assert (lines[1].text, parrot.closed) == ("안녕", 2)
    assert talk.kept == [["안녕하세요", "안녕", "밥", "밥"]]


class Pressed(io.StringIO):
    """Ctrl+C is pressed so often while this text is printed, once."""

    def __init__(self, text: str, presses: int) -> None:
        super().__init__()
        self._text, self._presses = text, presses

    def write(self, text: str) -> int:
        pressed, self._presses = (self._presses, 0) if text == self._text else (0, self._presses)
        for _ in range(pressed):
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.mark.parametrize("at", ["앵무: 바", "다"])
@pytest.mark.parametrize("presses", [1, 2])
def test_presses_of_ctrl_c_while_a_piece_is_printed_are_all_counted(
    talk: Talk, at: str, presses: int
) -> None:
    """The first ends the reply after the piece, and the second one the chat."""
    out = Pressed(at, presses)
    with pytest.raises(KeyboardInterrupt) if presses == 2 else nullcontext():
        talk("바다거북", "밥", out=out)
    said = {"앵무: 바": "바", "다": "바다"}[at]
    goes_on = ["밥", "밥"] if presses == 1 else []
    assert out.getvalue() == f"앵무: {said}\n" + ("앵무: 밥\n" if goes_on else "")
    assert talk.kept == [["바다거북", said, *goes_on]]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("presses", [1, 2])
def test_a_press_while_the_last_piece_is_kept_keeps_it_once(talk: Talk, presses: int) -> None:
    out = Pressed("\n", presses)
    with pytest.raises(KeyboardInterrupt) if presses == 2 else nullcontext():
        talk("바다", "밥", out=out)
    assert talk.kept == [["바다", "바다", *(["밥", "밥"] if presses == 1 else [])]]


@pytest.mark.parametrize("command", ["/되돌리기", "/undo"])
def test_undo_drops_the_last_exchange_for_good(talk: Talk, home: Home, command: str) -> None:
    talk("안녕", "비밀번호는 귤", command, "밥")
    assert talk.parrot.calls[-1] == ["안녕", "안녕", "밥"]
    assert talk.kept == [["안녕", "안녕", "밥", "밥"]]
    [file] = home.folder("data/chats").iterdir()
    assert "귤".encode() not in file.read_bytes()
    assert "되돌릴 말이 없습니다." in talk(command)[1]


def test_who_shows_the_persona_and_whether_it_is_kept(talk: Talk) -> None:
    said = talk("/누구", "/who")[1]
    assert said.count("앵무새의 말투") == 3
    assert said.count("저장합니다.") == 2
    assert "저장하지 않습니다." in talk("/who", private=True)[1]


def test_a_conversation_goes_on_where_it_ended(talk: Talk) -> None:
    said = talk("안녕")[1]
    assert "chat --continue" in said
    said = talk("밥", resumes=True)[1]
    assert "나: 안녕\n앵무(AI): 안녕\n" in said
    assert talk.parrot.calls[-1] == ["안녕", "안녕", "밥"]
    assert talk.kept == [["안녕", "안녕", "밥", "밥"]]


def test_another_reply_is_a_branch_that_can_be_walked(talk: Talk) -> None:
    talk("안녕")
    parrot = Parrot(cut_after=1)
    _, said, lines = talk("/다시", "/갈래", "/branch", parrot=parrot, resumes=True)
    assert "갈래 1/2" in said
    assert "갈래 2/2" in said
    assert [line.text for line in lines] == ["안녕", "안"]
    assert "다른 갈래가 없습니다." in talk("하나", "/갈래")[1]
    assert "아직 저장한 말이 없습니다." in talk("/갈래")[1]


def test_a_conversation_can_be_named_and_printed(talk: Talk) -> None:
    out, _, _ = talk("안녕/뭐해", "/이름 여름휴가", "/내보내기")
    assert talk.conversations.search(ACCESS, "휴가")[0].title == "여름휴가"
    exported = out.splitlines()[2:]
    assert exported[1:] == [
        "[AI 대화] 나: 안녕/뭐해",
        "[AI 대화] 앵무(AI): 안녕",
        "[AI 대화] 앵무(AI): 뭐해",
    ]
    assert "내보낼 말이 없습니다." in talk("/내보내기")[1]


def test_nothing_of_a_private_chat_is_on_disk(talk: Talk, home: Home) -> None:
    said = talk(
        "숨길 말", "/다시", "/되돌리기", "다른 숨길 말", "/새로", "또 숨길 말", private=True
    )
    assert "--continue" not in said[1]
    assert list(home.root.rglob("*.sqlite3*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_chat_goes_on_where_nothing_can_be_kept(talk: Talk, home: Home) -> None:
    (home.root / "data").mkdir()
    (home.root / "data").chmod(0o500)
    with obeyed_permissions():
        out, said, _ = talk("안녕", "밥")
    (home.root / "data").chmod(0o700)
    assert out == "앵무: 안녕\n앵무: 밥\n"
    assert said.count("저장되지 않습니다.") == 1


@pytest.mark.parametrize(
    "argv", [["--private", "--continue"], ["--private", "--list"], ["--find", "말", "--private"]]
)
def test_a_private_chat_continues_nothing(home: Home, argv: list[str]) -> None:
    code, said = run_command(home, ["chat", *argv])
    assert code == 2
    assert "--private" in said


@pytest.mark.parametrize("argv", [["--list"], ["--find", "없는 말"], ["--continue"]])
def test_kept_conversations_need_the_password(home: Home, argv: list[str]) -> None:
    write_password(home)
    Conversations(home, GATE).keep(ACCESS, OpenConversation(), [LINE], ChatSetup())
    code, said = run_command(home, ["chat", *argv])
    assert (code, LINE.text in said) == (1, False)


@pytest.mark.parametrize(
    ("argv", "typed", "shown"),
    [
        (["--list"], "", ["여름휴가", "바다 가자"]),
        (["--find", "산"], "\n", ["산에 가자"]),
        (["--find", "없는 말"], "", ["저장한 대화가 없습니다."]),
        (["--list"], "7\n", ["여름휴가"]),
    ],
)
def test_the_list_shows_title_names_and_last_line(
    home: Home, argv: list[str], typed: str, shown: list[str]
) -> None:
    write_password(home)
    conversations = Conversations(home, GATE)
    for text in ("바다 가자", "산에 가자"):
        lines = [ChatLine("", text, True)]
        conversation, _ = conversations.keep(ACCESS, OpenConversation(), lines, ChatSetup())
        if text == "바다 가자":
            conversations.rename(ACCESS, conversation.id, "여름휴가")
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO(typed))
    assert main(["chat", *argv], home=home, ask=lambda _: "비밀", console=console) == 0
    assert all(words in out.getvalue() for words in shown)
    assert ("1부터 2까지" in err.getvalue()) is (typed == "7\n")


class Flock(Parrot):
    """Two birds reply one after the other; then nobody does."""

    def _stream(self, text: str) -> Iterator[Reply]:
        yield Reply("앵무", (text,), done=True)
        yield Reply("", (), done=False)
        yield Reply("구관조", ("나도",), done=False)
        yield Reply("구관조", ("나도", text), done=True)
        yield Reply("", (), done=True, note="(조용합니다)")


def test_a_room_replies_with_several_turns_and_falls_silent(talk: Talk) -> None:
    out, err, lines = talk("안녕", parrot=Flock())
    assert out == "앵무: 안녕\n구관조: 나도\n안녕\n"
    assert "(조용합니다)" in err
    assert [(line.name, line.text) for line in lines[1:]] == [
        ("앵무", "안녕"),
        ("구관조", "나도\n안녕"),
    ]
    assert talk.kept == [["안녕", "안녕", "나도\n안녕"]]


def test_what_a_reply_waits_for_is_a_status_until_it_comes() -> None:
    replies = [
        Reply("", (), done=False, note="모델을 메모리에 올리는 중입니다 · 50%"),
        Reply("도담", ("응",), done=False),
        Reply("", (), done=True, note="(조용합니다)"),
    ]
    err = io.StringIO()
    console = Console(io.StringIO(), err, io.StringIO())
    assert list(show_waiting(replies, console)) == replies
    assert err.getvalue() == "모델을 메모리에 올리는 중입니다 · 50%\n"
