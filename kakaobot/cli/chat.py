"""The commands that require the password: `reply`, `chat` and `smoke`."""

from __future__ import annotations

import time
import unicodedata
from argparse import Namespace
from collections.abc import Sequence

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.chat_engines import ChatEngines
from kakaobot.app.conversations import ChatSetup, Conversations, last_text, time_text
from kakaobot.app.room_talk import RoomTalk
from kakaobot.chat.lines import DEFAULT_USER_NAME, ChatLine
from kakaobot.chat.store import ConversationGone, ConversationSummary
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.cli.terminal_chat import TerminalChat, show_persona, show_waiting
from kakaobot.display_name import display_name, display_names, shorten
from kakaobot.language import tr

_LISTED = 30
_LISTED_CHARACTERS = 40


def reply(args: Namespace, context: CommandContext) -> None:
    """Print one reply.

    Raises:
        AccessDenied: before the text is read or a model is loaded.
    """
    chat_service, _, access = _authenticate(context)
    console = context.console
    text = console.read() if args.text == "-" else args.text
    if not text.strip():
        raise UsageError(tr("건넬 말이 비어 있습니다."))
    show_persona(chat_service.persona(args.run), console)
    user_name = args.me or DEFAULT_USER_NAME
    line = ChatLine(user_name, unicodedata.normalize("NFC", text), from_user=True)
    replies = chat_service.reply(
        access, [line], run=args.run, reply_as=args.speaker, user_name=args.me
    )
    *_, answer = show_waiting(replies, console)
    if answer.bubbles:
        console.print("\n".join(answer.bubbles))
    else:
        console.notify(tr("대답이 비어 있습니다."))


def chat(args: Namespace, context: CommandContext) -> None:
    """Chat in the terminal, with a new conversation or one that was kept."""
    continues = args.list or args.find or getattr(args, "continue")
    if args.private and continues:
        raise UsageError(
            tr("--private 는 새 대화에만 씁니다. --continue, --list, --find 를 빼세요.")
        )
    chat_service, conversations, access = _authenticate(context)
    id = ""
    if args.list or args.find:
        id = _choose(conversations.search(access, args.find), context.console)
        if not id:
            return
    members = tuple(args.speaker or ())
    setup = ChatSetup(args.run, members, args.me)
    if continues:
        try:
            kept = ChatSetup.of(conversations.open(access, id))
        except ConversationGone:
            context.console.notify(tr("이어서 할 대화가 없어 새로 시작합니다."))
            continues = False
        else:
            run = args.run or (kept.run if kept.run in chat_service.runs() else "")
            setup = ChatSetup(run, members or kept.members, args.me or kept.user_name)
    talk = RoomTalk(chat_service)
    terminal_chat = TerminalChat(
        talk, conversations, access, context.console, setup, is_private=args.private
    )
    if continues:
        terminal_chat.resume(id)
    terminal_chat.loop()


def smoke(args: Namespace, context: CommandContext) -> None:
    chat_service, _, access = _authenticate(context)
    console = context.console
    show_persona(chat_service.persona(args.run), console)
    records = []
    for prompt, answer in chat_service.smoke(access, args.run):
        if args.json:
            records.append({"prompt": prompt, "name": answer.name, "answer": list(answer.bubbles)})
        else:
            bubbles = "\n".join(f"  {bubble}" for bubble in answer.bubbles) or tr("  (대답 없음)")
            console.print(f"{prompt}\n{bubbles}")
            console.flush()
    if args.json:
        console.print_json(records)
    console.notify(chat_service.guards.text)


def _choose(summaries: Sequence[ConversationSummary], console: Console) -> str:
    """List conversations and let the user choose one; returns its id, empty for none."""
    if not summaries:
        console.print(tr("저장한 대화가 없습니다."))
        return ""
    shown, now = summaries[:_LISTED], time.time()
    rows = [
        (
            f"{number}",
            display_name(summary.title) or display_names(summary.names) or tr("(아직 대답 없음)"),
            time_text(summary.updated_at, now),
            shorten(display_name(last_text(summary), 2 * _LISTED_CHARACTERS), _LISTED_CHARACTERS),
        )
        for number, summary in enumerate(shown, 1)
    ]
    console.print(format_columns(rows), end="")
    if len(summaries) > _LISTED:
        console.notify(
            tr("그 밖에 {summaries}개가 더 있습니다. --find 로 찾으세요.").format(
                summaries=len(summaries) - _LISTED
            )
        )
    while True:
        try:
            answer = console.ask(tr("이어서 할 대화의 번호 (그냥 Enter 는 그만두기): "))
        except EOFError:
            console.end_prompt()
            return ""
        if not answer:
            return ""
        if answer.isdecimal() and 1 <= int(answer) <= len(shown):
            return shown[int(answer) - 1].id
        console.notify(tr("1부터 {shown}까지의 번호를 적으세요.").format(shown=len(shown)))


def _authenticate(context: CommandContext) -> tuple[ChatService, Conversations, AccessPass]:
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate)
    chat = ChatService(context.home, gate, engines=ChatEngines(context.home))
    return chat, Conversations(context.home, gate), access
