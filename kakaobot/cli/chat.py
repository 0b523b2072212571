"""The verbs behind the password: reply, chat, smoke. The model is loaded at the first question."""

from __future__ import annotations

import unicodedata
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Protocol

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatLine, ChatService, Persona, Reply
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import PRACTICE, CommandContext
from kakaobot.cli.parser import UsageError

SLASH_COMMANDS = (
    ("/다시", "마지막 대답을 다시 받습니다."),
    ("/지우기", "지금까지의 대화를 잊고 새로 시작합니다."),
    ("/끝", "대화를 마칩니다. Ctrl+D 도 같습니다."),
    ("/도움말", "이 목록을 보여 줍니다."),
)
_ME = "나"


class ChatBackend(Protocol):
    """What a conversation needs of `kakaobot.app.chat.ChatService`."""

    def persona(self, run: str = "") -> Persona: ...
    def reply(
        self,
        given: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
    ) -> Iterator[Reply]: ...


def reply(args: Namespace, desk: CommandContext) -> None:
    """Print one answer. Raises AccessDenied before anything is read or loaded."""
    chatting, given = _open(desk)
    text = desk.console.read() if args.text == "-" else args.text
    if not text.strip():
        raise UsageError("건넬 말이 비어 있습니다.")
    _introduce(chatting.persona(args.run), desk.console)
    line = ChatLine(args.me or _ME, unicodedata.normalize("NFC", text), from_user=True)
    replies = chatting.reply(given, [line], run=args.run, reply_as=args.speaker, user_name=args.me)
    *_, answer = replies
    if answer.bubbles:
        desk.console.say("\n".join(answer.bubbles))
    else:
        desk.console.tell("대답이 비어 있습니다.")


def chat(args: Namespace, desk: CommandContext) -> None:
    chatting, given = _open(desk)
    TerminalChat(chatting, given, desk.console, args.run, args.speaker, args.me).go_on()


def smoke(args: Namespace, desk: CommandContext) -> None:
    chatting, given = _open(desk)
    console = desk.console
    _introduce(chatting.persona(args.run), console)
    records = []
    for prompt, answer in chatting.smoke(given, args.run):
        if args.json:
            records.append({"prompt": prompt, "name": answer.name, "answer": list(answer.bubbles)})
        else:
            said = "\n".join(f"  {bubble}" for bubble in answer.bubbles) or "  (대답 없음)"
            console.say(f"{prompt}\n{said}")
            console.flush()
    if args.json:
        console.print_json(records)


class TerminalChat:
    """A dialogue on the terminal; its lines live as long as this object."""

    def __init__(
        self,
        chatting: ChatBackend,
        given: AccessPass | None,
        console: Console,
        run: str,
        speaker: str,
        me: str,
    ) -> None:
        self._chatting, self._given, self._console = chatting, given, console
        self._run, self._reply_as, self._user_name = run, speaker, me
        self.lines: list[ChatLine] = []

    def go_on(self) -> None:
        """Until /끝, or until there is nothing more to read."""
        voice = self._chatting.persona(self._run)
        _introduce(voice, self._console)
        self._console.tell("끝내려면 /끝, 다른 명령은 /도움말")
        # A better adapter of another run must not take over in the middle of a talk.
        self._run = voice.run
        while True:
            try:
                text = self._console.ask(f"{self._user_name or _ME}: ")
            except EOFError:
                self._console.end_prompt()
                return
            if text == "/끝":
                return
            if text.startswith("/"):
                self._obey(text)
            elif text:
                self.lines.append(ChatLine(self._user_name or _ME, text, from_user=True))
                self._answer()

    def _obey(self, command: str) -> None:
        if command == "/지우기":
            self.lines.clear()
            self._console.tell("지금까지의 대화를 지웠습니다.")
        elif command == "/다시":
            while self.lines and not self.lines[-1].from_user:
                self.lines.pop()
            if self.lines:
                self._answer()
            else:
                self._console.tell("다시 받을 대답이 없습니다.")
        else:
            self._console.tell(format_columns(SLASH_COMMANDS).rstrip())

    def _answer(self) -> None:
        """Show an answer while it grows, and remember it. Ctrl+C cuts it off there."""
        replies = self._chatting.reply(
            self._given,
            list(self.lines),
            run=self._run,
            reply_as=self._reply_as,
            user_name=self._user_name,
        )
        answer, shown = Reply("", (), done=False), ""
        try:
            for answer in replies:
                shown = self._show(answer, shown)
        except KeyboardInterrupt:
            close = getattr(replies, "close", None)
            if close:
                close()
        if answer.bubbles:
            self._console.say()
            self._console.flush()
            self.lines.append(ChatLine(answer.name, "\n".join(answer.bubbles), from_user=False))
        else:
            self._console.tell("(대답 없음)")

    def _show(self, answer: Reply, shown: str) -> str:
        """Write what is new since `shown`; returns what is shown now."""
        if not answer.bubbles:
            return shown
        text = "\n".join(answer.bubbles)
        text = f"{answer.name}: {text}" if answer.name else text
        # What is printed stands; if the answer changed before its end it is printed once more.
        new = text[len(shown) :] if text.startswith(shown) else f"\n{text}"
        self._console.say(new, end="")
        self._console.flush()
        return text


def _open(desk: CommandContext) -> tuple[ChatService, AccessPass]:
    gate = PasswordGate.from_home(desk.home)
    given = desk.enter(gate)
    return ChatService(desk.home, gate), given


def _introduce(voice: Persona, console: Console) -> None:
    console.tell(voice.description)
    if voice.practice:
        console.tell(PRACTICE)
