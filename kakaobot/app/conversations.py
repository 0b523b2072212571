"""The kept conversations of a user. Reading or changing them requires an `AccessPass`."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.chat.lines import AI_MARK, DEFAULT_USER_NAME, UNKNOWN_NAME, ChatLine
from kakaobot.chat.store import (
    ConversationGone,
    ConversationStore,
    ConversationSummary,
    KeptConversation,
)
from kakaobot.chat.store_file import StoreDamaged
from kakaobot.config import Home
from kakaobot.display_name import display_name, inert_text
from kakaobot.errors import ConversationError
from kakaobot.language import tr

MAX_TITLE = 60
"""Characters."""
_LINE_MARK = tr("[{ai_mark} 대화]").format(ai_mark=AI_MARK)
"""Before every line of an exported conversation."""
_NOT_KEPT = tr("지금 나누는 말은 저장되지 않습니다. {reason}")
_DELETED_ELSEWHERE = tr(
    "이 대화는 다른 창에서 지웠으므로 더는 저장하지 않습니다. 저장하려면 '새 대화'를 누르세요."
)
_EMPTY = tr("내보낼 말이 없습니다. 먼저 말을 건네세요.")
_LINE_BREAKS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True)
class OpenConversation:
    """The conversation of a page or a terminal."""

    id: str = ""
    """Empty while nothing of it is kept."""
    is_private: bool = False
    """Whether nothing of it is to be kept."""


@dataclass(frozen=True)
class ChatSetup:
    """With whom a conversation is held."""

    run: str = ""
    """Empty for the newest one."""
    members: tuple[str, ...] = ()
    """Who may reply; empty for everybody of the run."""
    user_name: str = ""

    @classmethod
    def of(cls, conversation: KeptConversation) -> ChatSetup:
        """As it was kept; what is not understood is left out."""
        run, members, user_name = map(conversation.setup.get, ("run", "members", "user_name"))
        names = members if isinstance(members, list) else []
        return cls(
            run if isinstance(run, str) else "",
            tuple(name for name in names if isinstance(name, str)),
            user_name if isinstance(user_name, str) else "",
        )


class Conversations:
    """Lists, opens, keeps and deletes conversations."""

    def __init__(self, home: Home, gate: PasswordGate) -> None:
        self._home = home
        self._gate = gate
        self._stores: dict[str, ConversationStore] = {}
        self._lock = threading.Lock()
        self._last_problem = ""
        """The problem that was reported last, until something can be kept again."""

    def search(self, access: AccessPass | None, query: str = "") -> list[ConversationSummary]:
        """See `ConversationStore.search`.

        Raises:
            AccessDenied: as in all methods, before anything is read.
            ConversationError: the file cannot be read, as in all methods but `keep`.
        """
        self._gate.verify(access)
        return self._store().search(query)

    def open(self, access: AccessPass | None, id: str = "") -> KeptConversation:
        """A conversation; without an `id`, the one that was changed last.

        Raises:
            ConversationGone: there is none.
        """
        self._gate.verify(access)
        store = self._store()
        return store.open(id or store.last())

    def keep(
        self,
        access: AccessPass | None,
        conversation: OpenConversation,
        lines: Sequence[ChatLine],
        setup: ChatSetup,
    ) -> tuple[OpenConversation, str]:
        """Keep the lines of a conversation so far, unless it is private.

        The chat goes on if that fails, and the next call keeps what this one could not.

        Returns:
            The conversation, and a Korean sentence if something is not kept; each only once.
        """
        self._gate.verify(access)
        if conversation.is_private:
            return conversation, ""
        try:
            id = self._store().save(conversation.id, lines, asdict(setup))
        except ConversationGone:
            return OpenConversation(is_private=True), _DELETED_ELSEWHERE
        except StoreDamaged as error:
            # The next file is empty, and this conversation is all that can be kept.
            started, problem = self.keep(access, OpenConversation(), lines, setup)
            return started, " ".join(filter(None, (str(error), problem)))
        except ConversationError as error:
            return conversation, self._once(str(error))
        self._last_problem = ""
        return OpenConversation(id), ""

    def rename(self, access: AccessPass | None, id: str, title: str) -> None:
        """Set the title, on one line; an empty one removes it.

        Raises:
            ConversationError: it is too long.
        """
        self._gate.verify(access)
        title = " ".join(inert_text(title).split())
        if len(title) > MAX_TITLE:
            raise ConversationError(
                tr("이름이 너무 깁니다. {max_title}자까지 적으세요.").format(max_title=MAX_TITLE)
            )
        self._store().rename(id, title)

    def delete(self, access: AccessPass | None, id: str) -> None:
        """Delete a conversation for good."""
        self._gate.verify(access)
        self._store().delete(id)

    def make_private(
        self, access: AccessPass | None, conversation: OpenConversation
    ) -> OpenConversation:
        """Keep nothing more of a conversation, and delete for good what was kept."""
        self._gate.verify(access)
        if conversation.id:
            self._store().delete(conversation.id)
        return OpenConversation(is_private=True)

    def drop_after(
        self, access: AccessPass | None, conversation: OpenConversation, count: int
    ) -> None:
        """Delete for good what follows the first `count` lines that are shown."""
        self._gate.verify(access)
        if conversation.id:
            self._store().drop_after(conversation.id, count)

    def show_branch(self, access: AccessPass | None, id: str, number: int) -> KeptConversation:
        """Open another branch of a conversation, counted from 1 and round."""
        self._gate.verify(access)
        self._store().show_branch(id, number)
        return self._store().open(id)

    def export(self, access: AccessPass | None, lines: Sequence[ChatLine], title: str = "") -> str:
        """A conversation as text, in which every line bears the mark of an AI.

        Raises:
            ConversationError: there are no lines.
        """
        self._gate.verify(access)
        if not lines:
            raise ConversationError(_EMPTY)
        return export_text(lines, title)

    def _once(self, problem: str) -> str:
        if problem == self._last_problem:
            return ""
        self._last_problem = problem
        return _NOT_KEPT.format(reason=problem)

    def _store(self) -> ConversationStore:
        """The store of the folder in the settings, which may change while the program runs."""
        folder = self._home.folder(self._home.settings().paths.chats)
        with self._lock:
            return self._stores.setdefault(str(folder), ConversationStore(folder))


def export_text(lines: Sequence[ChatLine], title: str = "") -> str:
    """Lines as text; each line of it, also of one message, bears the mark."""
    rows = [f"'{display_name(title)}'"] if title else []
    rows.append(tr("카카오봇이 흉내 낸 말이 섞여 있습니다. 실제로 나눈 대화가 아닙니다."))
    for line in lines:
        name = display_name(line.name) or (
            tr(DEFAULT_USER_NAME) if line.from_user else UNKNOWN_NAME
        )
        speaker = name if line.from_user else f"{name}({AI_MARK})"
        texts = map(inert_text, _LINE_BREAKS.split(line.text))
        rows += [f"{speaker}: {text}" for text in texts if text.strip()]
    return "".join(f"{_LINE_MARK} {row}\n" for row in rows)


def last_text(summary: ConversationSummary) -> str:
    """The line to show of a conversation: the one that was found, or else the last one."""
    kept = summary.found or summary.last
    return " ".join(kept.line.text.split()) if kept else ""


def time_text(seconds: float, now: float) -> str:
    """When a conversation was held: `오후 3:05`, `11월 3일` or `2025년 11월 3일`."""
    moment, today = datetime.fromtimestamp(seconds), datetime.fromtimestamp(now)
    if moment.date() == today.date():
        half = tr("오전") if moment.hour < 12 else tr("오후")
        return tr("{half} {time}").format(
            half=half, time=f"{(moment.hour + 11) % 12 + 1}:{moment:%M}"
        )
    day = tr("{month}월 {day}일").format(month=moment.month, day=moment.day)
    return (
        day if moment.year == today.year else tr("{year}년 {day}").format(year=moment.year, day=day)
    )
