"""The commands that require the password: `reply`, `chat` and `smoke`."""

from __future__ import annotations

import unicodedata
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Protocol

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona
from kakaobot.chat.lines import DEFAULT_USER_NAME, ChatLine, Reply
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import PRACTICE, CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_name, display_sentence

SLASH_COMMANDS = (
    ("/다시", "마지막 대답을 다시 받습니다."),
    ("/지우기", "지금까지의 대화를 잊고 새로 시작합니다."),
    ("/끝", "대화를 마칩니다. Ctrl+D 도 같습니다."),
    ("/도움말", "이 목록을 보여 줍니다."),
)


class ChatBackend(Protocol):
    """The part of `kakaobot.app.chat.ChatService` that `TerminalChat` uses."""

    def persona(self, run: str = "") -> Persona: ...
    def reply(
        self,
        access: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
    ) -> Iterator[Reply]: ...


def reply(args: Namespace, context: CommandContext) -> None:
    """Print one reply.

    Raises:
        AccessDenied: before the text is read or a model is loaded.
    """
    chat_service, access = _authenticate(context)
    console = context.console
    text = console.read() if args.text == "-" else args.text
    if not text.strip():
        raise UsageError("건넬 말이 비어 있습니다.")
    _show_persona(chat_service.persona(args.run), console)
    user_name = args.me or DEFAULT_USER_NAME
    line = ChatLine(user_name, unicodedata.normalize("NFC", text), from_user=True)
    *_, answer = chat_service.reply(
        access, [line], run=args.run, reply_as=args.speaker, user_name=args.me
    )
    if answer.bubbles:
        console.print("\n".join(answer.bubbles))
    else:
        console.notify("대답이 비어 있습니다.")


def chat(args: Namespace, context: CommandContext) -> None:
    chat_service, access = _authenticate(context)
    TerminalChat(
        chat_service,
        access,
        context.console,
        run=args.run,
        reply_as=args.speaker,
        user_name=args.me,
    ).loop()


def smoke(args: Namespace, context: CommandContext) -> None:
    chat_service, access = _authenticate(context)
    console = context.console
    _show_persona(chat_service.persona(args.run), console)
    records = []
    for prompt, answer in chat_service.smoke(access, args.run):
        if args.json:
            records.append({"prompt": prompt, "name": answer.name, "answer": list(answer.bubbles)})
        else:
            bubbles = "\n".join(f"  {bubble}" for bubble in answer.bubbles) or "  (대답 없음)"
            console.print(f"{prompt}\n{bubbles}")
            console.flush()
    if args.json:
        console.print_json(records)
    console.notify(chat_service.guards.text)


class TerminalChat:
    """An interactive conversation, kept in memory only."""

    def __init__(
        self,
        backend: ChatBackend,
        access: AccessPass | None,
        console: Console,
        *,
        run: str,
        reply_as: str,
        user_name: str,
    ) -> None:
        self._backend, self._access, self._console = backend, access, console
        self._run, self._reply_as, self._user_name = run, reply_as, user_name
        self.lines: list[ChatLine] = []

    def loop(self) -> None:
        """Chat until `/끝` or the end of the input."""
        persona = self._backend.persona(self._run)
        _show_persona(persona, self._console)
        self._console.notify("끝내려면 /끝, 다른 명령은 /도움말")
        # Keep this run even if a newer one gets an adapter.
        self._run = persona.run
        user_name = self._user_name or DEFAULT_USER_NAME
        while True:
            try:
                text = self._console.ask(f"{display_name(user_name)}: ")
            except EOFError:
                self._console.end_prompt()
                return
            if text == "/끝":
                return
            if text.startswith("/"):
                self._run_command(text)
            elif text:
                self.lines.append(ChatLine(user_name, text, from_user=True))
                self._reply()

    def _run_command(self, command: str) -> None:
        if command == "/지우기":
            self.lines.clear()
            self._console.notify("지금까지의 대화를 지웠습니다.")
        elif command == "/다시":
            while self.lines and not self.lines[-1].from_user:
                self.lines.pop()
            if self.lines:
                self._reply()
            else:
                self._console.notify("다시 받을 대답이 없습니다.")
        else:
            self._console.notify(format_columns(SLASH_COMMANDS).rstrip())

    def _reply(self) -> None:
        """Stream a reply to the console and append it. Ctrl+C ends it early."""
        replies = self._backend.reply(
            self._access,
            list(self.lines),
            run=self._run,
            reply_as=self._reply_as,
            user_name=self._user_name,
        )
        answer, printed = Reply("", (), done=False), ""
        try:
            for answer in replies:
                printed = self._print_new(answer, printed)
        except KeyboardInterrupt:
            close = getattr(replies, "close", None)
            if close:
                close()
        if answer.bubbles:
            self._console.print()
            self._console.flush()
            self.lines.append(ChatLine(answer.name, "\n".join(answer.bubbles), from_user=False))
        else:
            self._console.notify("(대답 없음)")

    def _print_new(self, answer: Reply, printed: str) -> str:
        """Print the text beyond `printed`; returns the whole text."""
        if not answer.bubbles:
            return printed
        text = "\n".join(answer.bubbles)
        text = f"{display_name(answer.name)}: {text}" if answer.name else text
        # Printed text cannot be taken back: a changed reply is printed once more.
        new = text[len(printed) :] if text.startswith(printed) else f"\n{text}"
        self._console.print(new, end="")
        self._console.flush()
        return text


def _authenticate(context: CommandContext) -> tuple[ChatService, AccessPass]:
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate)
    return ChatService(context.home, gate), access


def _show_persona(persona: Persona, console: Console) -> None:
    console.notify(display_sentence(persona.description))
    if persona.practice:
        console.notify(PRACTICE)
