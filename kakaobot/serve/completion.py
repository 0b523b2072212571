"""A reply → the objects of OpenAI's chat completions. Pure."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from kakaobot.chat.lines import Reply
from kakaobot.serve.chat_request import cut_at_stop

FinishReason = Literal["stop", "length"]
DONE = b"data: [DONE]\n\n"
WAITING = b": \n\n"
"""A comment, which clients skip."""


class Transcript:
    """The text of one reply, or of the turns of a room, while it grows."""

    def __init__(self, *, is_room: bool, stops: Sequence[str] = ()) -> None:
        """Begin without a text.

        Args:
            is_room: whether each turn begins with its name.
            stops: end the text.
        """
        self._is_room, self._stops = is_room, stops
        self._turns: list[str] = []
        self._current = ""
        self.is_cut = False
        """Whether the limit of tokens ended the last turn."""
        self.is_stopped = False
        """Whether a stop has come, after which nothing counts."""

    def add(self, reply: Reply) -> None:
        """Take a reply as far as it is written."""
        text = "\n".join(reply.bubbles)
        self._current = f"{reply.name}: {text}" if text and self._is_room else text
        if reply.done:
            if self._current:
                self._turns.append(self._current)
            self._current, self.is_cut = "", reply.is_cut
        self.is_stopped = cut_at_stop(self._whole, self._stops)[1]

    @property
    def text(self) -> str:
        return cut_at_stop(self._whole, self._stops)[0]

    @property
    def certain(self) -> str:
        """The text without an end that could become a stop."""
        if self.is_stopped or not self._stops:
            return self.text
        return self._whole[: max(0, len(self._whole) - max(map(len, self._stops)) + 1)]

    @property
    def finish_reason(self) -> FinishReason:
        return "length" if self.is_cut and not self.is_stopped else "stop"

    @property
    def _whole(self) -> str:
        return "\n".join([*self._turns, *filter(None, [self._current])])


@dataclass(frozen=True)
class TokenUsage:
    prompt: int
    completion: int

    @property
    def json(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }


@dataclass(frozen=True)
class Completion:
    """What all objects of one completion share."""

    model: str
    with_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, finish_reason: FinishReason, usage: TokenUsage) -> dict[str, object]:
        """The answer to a request without a stream."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish_reason,
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage.json}

    def first_chunk(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def text_chunk(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def last_chunks(self, finish_reason: FinishReason, usage: TokenUsage | None) -> bytes:
        """The end of a stream; `usage` only if it was asked for."""
        last = self._chunk({}, finish_reason)
        if usage is not None:
            last += event({**self._head(_CHUNK), "choices": [], "usage": usage.json})
        return last + DONE

    def _chunk(self, delta: dict[str, str], finish_reason: FinishReason | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        nothing = {"usage": None} if self.with_usage else {}
        return event({**self._head(_CHUNK), "choices": [choice], **nothing})

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


_CHUNK = "chat.completion.chunk"


def event(value: object) -> bytes:
    """A server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
