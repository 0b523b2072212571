"""One message answered by base and adapter, one after the other. Requires an `AccessPass`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import cast

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import candidates_for, chat_messages
from kakaobot.base.generation import chat_sampling
from kakaobot.chat.lines import ChatLine, split_bubbles
from kakaobot.chat.protocol import ADAPTER, BASE, ChatModel
from kakaobot.config import Home


@dataclass(frozen=True)
class Answers:
    """The answers so far, as bubbles."""

    name: str = ""
    """Who answers in both; empty until drawn."""
    base: tuple[str, ...] = ()
    adapter: tuple[str, ...] = ()
    done: bool = False
    note: str = ""
    """Korean: what they wait for."""


class Comparison:
    """Compares base and adapter of the runs of one home."""

    def __init__(self, home: Home, gate: PasswordGate, chat: ChatService) -> None:
        self._home = home
        self._gate = gate
        self._chat = chat

    def answers(
        self, access: AccessPass | None, text: str, *, run: str = "", reply_as: str = ""
    ) -> Iterator[Answers]:
        """Stream the two answers to one message. Closing the iterator stops them.

        Args:
            access: issued by the gate of this service.
            text: the message.
            run, reply_as: as in `ChatService.reply`.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: as in `ChatService.reply`.
        """
        self._gate.verify(access)
        persona = self._chat.persona(run)
        messages = chat_messages([ChatLine("", text, from_user=True)], persona)
        sampling = chat_sampling(self._home.settings().generation)
        start = Answers(persona.name or reply_as)

        def use(model: ChatModel, cancelled: threading.Event) -> Generator[Answers, None, None]:
            answers = start
            if not answers.name:
                candidates = candidates_for(persona.participants, "")
                name = model.draw_participant(messages, candidates, cancelled=cancelled)
                answers = replace(answers, name=name)
            prefilled = "" if persona.name else answers.name
            for strength in (BASE, ADAPTER):
                replies = model.stream_reply(
                    messages, sampling, reply_as=prefilled, strength=strength, cancelled=cancelled
                )
                with contextlib.closing(cast("Generator[str, None, None]", replies)):
                    for reply in replies:
                        answers = _with_answer(answers, strength, split_bubbles(reply))
                        yield answers
            yield replace(answers, done=True)

        return self._chat.with_model(
            access, persona.run, use, lambda note: replace(start, note=note)
        )


def _with_answer(answers: Answers, strength: float, bubbles: tuple[str, ...]) -> Answers:
    if strength == BASE:
        return replace(answers, base=bubbles)
    return replace(answers, adapter=bubbles)
