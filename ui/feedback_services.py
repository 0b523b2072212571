"""The parts of the services of feedback that the window uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kakaobot.app.auth import AccessPass
from kakaobot.app.refining import RefineOffer
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.chat.lines import ChatLine
from kakaobot.dataset.feedback import FeedbackEntry, FeedbackKind


class FeedbackProtocol(Protocol):
    def add(
        self,
        access: AccessPass | None,
        kind: FeedbackKind,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        wanted: str = "",
        user_name: str = "",
    ) -> int: ...

    def entries(self, access: AccessPass | None, run: str = "") -> list[FeedbackEntry]: ...

    def edit(self, access: AccessPass | None, entry_id: int, wanted: str) -> int: ...

    def delete(self, access: AccessPass | None, entry_id: int) -> None: ...


class RefiningProtocol(Protocol):
    def offer(self, access: AccessPass | None, run: str = "") -> RefineOffer: ...

    def start(self, access: AccessPass | None, run: str = "") -> TrainingSnapshot: ...
