"""The services behind the inner tabs of the chat; see `ui/services.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from kakaobot.app.audit import AuditProgress
from kakaobot.app.auth import AccessPass
from kakaobot.app.builds import Builds
from kakaobot.app.chat_model import ModelMemory
from kakaobot.app.comparison import Answers
from kakaobot.app.conversations import ChatSetup, OpenConversation
from kakaobot.app.publishing import Published
from kakaobot.app.quiz import QuizAnswer, QuizStep
from kakaobot.audit.report import AuditReport, RecitedLine
from kakaobot.chat.copy_meter import CopySource, Overlap
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.store import ConversationSummary, KeptConversation
from kakaobot.conversion.quantization import Quant
from kakaobot.publish.plan import Kind
from kakaobot.runs.quiz_log import QuizTallies
from kakaobot.schema import ChatMessage


class ModelMemoryProtocol(Protocol):
    def memory(self, access: AccessPass | None, run: str = "") -> ModelMemory: ...

    def memory_version(self) -> tuple[object, ...]: ...

    def renew(self, access: AccessPass | None) -> None: ...

    def give_back(self, access: AccessPass | None) -> bool: ...

    def leave(self, access: AccessPass | None, lines: Sequence[ChatLine]) -> None: ...


class ComparisonProtocol(Protocol):
    def answers(
        self, access: AccessPass | None, text: str, *, run: str = "", reply_as: str = ""
    ) -> Iterator[Answers]: ...


class AuditsProtocol(Protocol):
    def run(
        self, access: AccessPass | None, run: str = "", lines: Sequence[str] = ()
    ) -> Iterator[AuditProgress]: ...

    def report(self, access: AccessPass | None, run: str = "") -> AuditReport | None: ...

    def recited_line(
        self, access: AccessPass | None, run: str, line: RecitedLine
    ) -> Sequence[ChatMessage]: ...


class PublishingProtocol(Protocol):
    @property
    def running(self) -> Builds: ...

    @property
    def published(self) -> Published | None: ...

    def needs(
        self, access: AccessPass | None, kind: Kind, *, run: str, quant: Quant
    ) -> Sequence[str]: ...

    def run(self, access: AccessPass | None, kind: Kind, *, run: str, quant: Quant) -> None: ...


class QuizProtocol(Protocol):
    def start(
        self, access: AccessPass | None, *, run: str = "", turns: int = 1, knows: bool
    ) -> str: ...

    def next(self, access: AccessPass | None, session_id: str) -> Iterator[QuizStep]: ...

    def pick(self, access: AccessPass | None, session_id: str, side: int) -> QuizAnswer: ...

    def tallies(self, run: str = "") -> QuizTallies: ...

    def close(self, session_id: str) -> None: ...


class CopiesProtocol(Protocol):
    def overlap(
        self, access: AccessPass | None, replies: Sequence[str], run: str = ""
    ) -> Overlap: ...

    def source(
        self, access: AccessPass | None, source: CopySource, run: str = ""
    ) -> Sequence[ChatMessage]: ...


class ConversationsProtocol(Protocol):
    def search(
        self, access: AccessPass | None, query: str = ""
    ) -> Sequence[ConversationSummary]: ...

    def open(self, access: AccessPass | None, id: str = "") -> KeptConversation: ...

    def keep(
        self,
        access: AccessPass | None,
        conversation: OpenConversation,
        lines: Sequence[ChatLine],
        setup: ChatSetup,
    ) -> tuple[OpenConversation, str]: ...

    def rename(self, access: AccessPass | None, id: str, title: str) -> None: ...

    def delete(self, access: AccessPass | None, id: str) -> None: ...

    def make_private(
        self, access: AccessPass | None, conversation: OpenConversation
    ) -> OpenConversation: ...

    def drop_after(
        self, access: AccessPass | None, conversation: OpenConversation, count: int
    ) -> None: ...

    def show_branch(self, access: AccessPass | None, id: str, number: int) -> KeptConversation: ...

    def export(
        self, access: AccessPass | None, lines: Sequence[ChatLine], title: str = ""
    ) -> str: ...
