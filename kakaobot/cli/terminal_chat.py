"""`TerminalChat`: an interactive conversation, which is kept like those of the window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from kakaobot.app.auth import AccessPass
from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.app.personas import Persona
from kakaobot.app.room_talk import TalkOptions
from kakaobot.chat.lines import AI_MARK, DEFAULT_USER_NAME, UNKNOWN_NAME, ChatLine, Reply
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import PRACTICE
from kakaobot.cli.ctrl_c import CtrlC
from kakaobot.cli.hints import command_hint
from kakaobot.display_name import display_name, display_names, display_sentence
from kakaobot.errors import ConversationError
from kakaobot.language import tr

_COMMANDS = (
    (("/다시", "/retry"), tr("마지막 대답을 다시 받습니다.")),
    (("/되돌리기", "/undo"), tr("마지막으로 주고받은 말을 다시 볼 수 없게 지웁니다.")),
    (("/갈래", "/branch"), tr("같은 자리에서 달리 주고받은 말로 옮겨 갑니다.")),
    (("/새로", "/reset"), tr("새 대화를 시작합니다. 지금까지의 대화는 남습니다.")),
    (("/지우기", "/delete"), tr("이 대화를 다시 볼 수 없게 지우고 새로 시작합니다.")),
    (("/이름", "/rename"), tr("이 대화에 이름을 붙입니다. 예: /이름 여름휴가")),
    (("/내보내기", "/export"), tr("이 대화를 글로 출력합니다.")),
    (("/누구", "/who"), tr("누가 대답하는지, 저장하는지 보여 줍니다.")),
    (("/끝", "/exit"), tr("대화를 마칩니다. Ctrl+D 도 같습니다.")),
    (("/도움말", "/help"), tr("이 목록을 보여 줍니다.")),
)
_NAMES = {name: korean for (korean, english), _ in _COMMANDS for name in (korean, english)}
"""Command as typed → its Korean name."""
_END = "/끝"
_RECALLED = 6
"""Lines that are shown of a conversation that is continued."""


class ChatBackend(Protocol):
    """The part of `kakaobot.app.room_talk.RoomTalk` that `TerminalChat` uses."""

    def persona(self, run: str = "") -> Persona: ...
    def answer(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]: ...


class TerminalChat:
    """Chats until the user ends it.

    Args:
        backend: replies.
        conversations: keep what was said.
        access: of both.
        console: of the user.
        setup: with whom.
        is_private: whether nothing is to be kept.
    """

    def __init__(
        self,
        backend: ChatBackend,
        conversations: Conversations,
        access: AccessPass | None,
        console: Console,
        setup: ChatSetup,
        *,
        is_private: bool = False,
    ) -> None:
        self._backend, self._conversations = backend, conversations
        self._access, self._console = access, console
        self._setup = setup
        self._conversation = OpenConversation(is_private=is_private)
        self.lines: list[ChatLine] = []

    def resume(self, id: str = "") -> None:
        """Continue a kept conversation; without an `id`, the last one.

        Raises:
            ConversationError: there is none.
        """
        kept = self._conversations.open(self._access, id)
        self._conversation = OpenConversation(kept.id)
        self.lines = [line.line for line in kept.lines]

    def loop(self) -> None:
        """Chat until `/끝` or the end of the input."""
        persona = self._backend.persona(self._setup.run)
        show_persona(persona, self._console)
        # Keep this run even if a newer one gets an adapter.
        self._setup = replace(self._setup, run=persona.run)
        self._console.notify(tr("끝내려면 /끝, 다른 명령은 /도움말"))
        self._recall()
        while (text := self._ask()) != _END:
            if text.startswith("/"):
                self._run_command(text)
            elif text:
                self.lines.append(ChatLine(self._user_name, text, from_user=True))
                self._keep()
                self._reply()
        if self._conversation.id:
            hint = command_hint("chat", ("--continue", []))
            self._console.notify(
                tr("이 대화를 저장했습니다. 이어서 하려면: {hint}").format(hint=hint)
            )

    @property
    def _user_name(self) -> str:
        return self._setup.user_name or DEFAULT_USER_NAME

    def _ask(self) -> str:
        try:
            text = self._console.ask(f"{display_name(self._user_name)}: ")
        except EOFError:
            self._console.end_prompt()
            return _END
        return _END if _NAMES.get(text) == _END else text

    def _run_command(self, text: str) -> None:
        command, _, rest = text.partition(" ")
        try:
            self._do(_NAMES.get(command, ""), rest)
        except ConversationError as error:
            self._console.notify(display_sentence(str(error)))

    def _do(self, command: str, rest: str) -> None:
        if command == "/다시":
            self._retry()
        elif command == "/되돌리기":
            self._undo()
        elif command == "/갈래":
            self._next_branch()
        elif command == "/새로":
            self._start_anew()
            self._console.notify(tr("새 대화를 시작합니다."))
        elif command == "/지우기":
            self._delete()
        elif command == "/이름":
            self._conversations.rename(self._access, self._kept_id(), rest)
            self._console.notify(tr("이 대화의 이름을 바꿨습니다."))
        elif command == "/내보내기":
            text = self._conversations.export(self._access, self.lines)
            self._console.print(text, end="")
        elif command == "/누구":
            self._show_setup()
        else:
            rows = [(" ".join(names), meaning) for names, meaning in _COMMANDS]
            self._console.notify(format_columns(rows).rstrip())

    def _retry(self) -> None:
        lines = self._up_to_user()
        if not lines:
            self._console.notify(tr("다시 받을 대답이 없습니다."))
            return
        self.lines = lines
        self._reply()

    def _undo(self) -> None:
        lines = self._up_to_user()[:-1]
        if not self.lines:
            self._console.notify(tr("되돌릴 말이 없습니다."))
            return
        self.lines = lines
        self._conversations.drop_after(self._access, self._conversation, len(lines))
        self._console.notify(tr("마지막으로 주고받은 말을 지웠습니다."))

    def _next_branch(self) -> None:
        kept = self._conversations.open(self._access, self._kept_id())
        if kept.branches < 2:
            self._console.notify(tr("다른 갈래가 없습니다."))
            return
        kept = self._conversations.show_branch(self._access, kept.id, kept.branch + 1)
        self.lines = [line.line for line in kept.lines]
        self._console.notify(
            tr("갈래 {branch}/{branches}").format(branch=kept.branch, branches=kept.branches)
        )
        self._recall()

    def _delete(self) -> None:
        if self._conversation.id:
            question = tr("이 대화를 다시 볼 수 없게 지웁니다. 지울까요? [y/N] ")
            if self._console.is_interactive and not self._console.confirm(question):
                return
            self._conversations.delete(self._access, self._conversation.id)
        self._start_anew()
        self._console.notify(tr("지금까지의 대화를 지웠습니다."))

    def _start_anew(self) -> None:
        self.lines = []
        self._conversation = OpenConversation(is_private=self._conversation.is_private)

    def _show_setup(self) -> None:
        persona = self._backend.persona(self._setup.run)
        show_persona(persona, self._console)
        members = (persona.name,) if persona.name else self._setup.members or persona.participants
        is_kept = not self._conversation.is_private
        rows = [
            (tr("대답하는 사람"), display_names(members)),
            (tr("내 이름"), display_name(self._user_name)),
            (tr("이 대화"), tr("저장합니다.") if is_kept else tr("저장하지 않습니다.")),
        ]
        self._console.notify(format_columns(rows).rstrip())

    def _kept_id(self) -> str:
        """The id of the conversation.

        Raises:
            ConversationError: nothing of it is kept.
        """
        if not self._conversation.id:
            raise ConversationError(tr("아직 저장한 말이 없습니다. 먼저 말을 건네세요."))
        return self._conversation.id

    def _up_to_user(self) -> list[ChatLine]:
        """The lines up to the user's last one; none without one."""
        lines = list(self.lines)
        while lines and not lines[-1].from_user:
            lines.pop()
        return lines

    def _recall(self) -> None:
        """Show the last lines of a conversation that is continued."""
        for line in self.lines[-_RECALLED:]:
            name = display_name(line.name) or UNKNOWN_NAME
            mark = "" if line.from_user else f"({AI_MARK})"
            self._console.notify(f"{name}{mark}: {line.text}")

    def _keep(self) -> None:
        self._tell(self._kept_problem())

    def _kept_problem(self) -> str:
        """Keep the lines so far; returns a Korean sentence if something is not kept."""
        self._conversation, problem = self._conversations.keep(
            self._access, self._conversation, self.lines, self._setup
        )
        return problem

    def _tell(self, problem: str) -> None:
        if problem:
            self._console.notify(display_sentence(problem))

    def _reply(self) -> None:
        """Stream what follows to the console, and append and keep it. Ctrl+C ends it early."""
        setup = self._setup
        options = TalkOptions(setup.run, setup.members, setup.user_name, at_once=True)
        replies = self._backend.answer(self._access, list(self.lines), options)
        nothing = Reply("", (), done=False)
        answer, printed, answered = nothing, "", False
        # What is shown and what is kept are the same, whenever it is pressed.
        ctrl_c = CtrlC()
        try:
            for piece in show_waiting(replies, self._console):
                with ctrl_c.held():
                    printed = self._print_new(piece, printed)
                    answer = piece
                    if answer.done and answer.bubbles:
                        self._append(answer)
                        answer, printed, answered = nothing, "", True
        except KeyboardInterrupt:
            close = getattr(replies, "close", None)
            if close:
                close()
        finally:
            # Also if Ctrl+C is pressed twice.
            if answer.bubbles:
                with ctrl_c.held():
                    self._append(answer)
        ctrl_c.release()
        if not answer.bubbles and (answer.note or not answered):
            self._console.notify(answer.note or tr("(대답 없음)"))

    def _append(self, answer: Reply) -> None:
        self.lines.append(ChatLine(answer.name, "\n".join(answer.bubbles), from_user=False))
        # Before the line ends: whoever sees the end may press Ctrl+C again.
        problem = self._kept_problem()
        self._console.print()
        self._console.flush()
        self._tell(problem)

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


def show_waiting(replies: Iterable[Reply], console: Console) -> Iterator[Reply]:
    """Pass on replies; what one waits for is a status line until it comes."""
    for answer in replies:
        if answer.bubbles or answer.done:
            console.end_status()
        elif answer.note:
            console.show_status(answer.note)
        yield answer


def show_persona(persona: Persona, console: Console) -> None:
    console.notify(display_sentence(persona.description))
    if persona.practice:
        console.notify(PRACTICE)
