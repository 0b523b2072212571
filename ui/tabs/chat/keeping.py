"""What a page of the chat keeps, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.app.auth import AccessPass
from kakaobot.app.conversations import ChatSetup, OpenConversation
from kakaobot.chat.lines import ChatLine
from kakaobot.errors import AccessDenied, ConversationError
from ui.chat_services import ConversationsProtocol
from ui.errors import notify


@dataclass(eq=False)
class PageConversation:
    """In a `gr.State`, which gives every page its own; changed in place, also while it streams."""

    current: OpenConversation | None = None
    """None until the page has opened or started one."""
    is_filled: bool = False
    """Whether the room is shown."""

    def start(self, conversation: OpenConversation | None = None) -> None:
        """Show another conversation; without one, a new one."""
        self.current = conversation or OpenConversation()

    @property
    def id(self) -> str:
        return self.current.id if self.current else ""

    @property
    def is_private(self) -> bool:
        return bool(self.current and self.current.is_private)


class Keeping:
    """Keeps one conversation of a page, also after the page has gone on to another one."""

    def __init__(
        self,
        conversations: ConversationsProtocol,
        access: AccessPass | None,
        page: PageConversation | None,
        setup: ChatSetup,
    ) -> None:
        self._conversations, self._access = conversations, access
        self._page, self._setup = page, setup
        if page and page.current is None:
            page.start()
        self._conversation = page.current if page else None

    def keep(self, lines: Sequence[ChatLine]) -> None:
        """Keep all lines so far, and tell the user once if that fails."""
        if self._page is None or self._conversation is None:
            return
        is_shown = self._page.current is self._conversation
        try:
            self._conversation, problem = self._conversations.keep(
                self._access, self._conversation, lines, self._setup
            )
        except AccessDenied:
            # Locked meanwhile; the next reply keeps what this one could not.
            return
        if is_shown:
            self._page.current = self._conversation
            if problem:
                notify(problem)

    def drop_after(self, count: int) -> None:
        """Delete for good what follows the first `count` lines."""
        if self._conversation is None:
            return
        try:
            self._conversations.drop_after(self._access, self._conversation, count)
        except ConversationError as error:
            notify(str(error))
