"""Messages → the ids that a chat model reads and is scored on; the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kakaobot.chat.truncate import truncate
from kakaobot.chat_template import Renderer
from kakaobot.schema import ChatMessage

_NAME_TOKENS = 32
"""Context tokens reserved for a prefilled name."""
_REPLY_SHARE = 4
"""One in so many context tokens is reserved for the reply, so that all calls read the same."""


class ReplyPrompts:
    """Builds prompts that fit a context."""

    def __init__(self, renderer: Renderer, context: int, max_turns: int) -> None:
        """Keep what the prompts depend on.

        Args:
            renderer: encodes messages.
            context: tokens that the model can read at once.
            max_turns: messages of a history that are read at most.
        """
        self._renderer = renderer
        self._context = context
        self._max_turns = max_turns

    def prompt(
        self, messages: Sequence[ChatMessage], reply_as: str, *, reserved: int
    ) -> Sequence[int]:
        """Ids in front of a reply of up to `reserved` tokens."""
        history = self._truncate(messages, reserved=reserved)
        return self._cut(self._renderer.prompt(history, participant=reply_as))

    def with_names(
        self, messages: Sequence[ChatMessage], names: Sequence[str]
    ) -> tuple[Sequence[int], list[Sequence[int]]]:
        """Ids in front of the next message, and those of the `[이름]` of each of `names`."""
        history = self._truncate(messages, reserved=0)
        prompt = self._renderer.prompt(history)
        tails = [self._renderer.prompt(history, participant=name)[len(prompt) :] for name in names]
        return self._cut(prompt), list(tails)

    def with_replies(
        self, messages: Sequence[ChatMessage], replies: Sequence[str], reply_as: str
    ) -> tuple[Sequence[int], list[Sequence[int]]]:
        """Ids in front of a reply, and those of each of `replies` up to the end of its turn."""
        history = self._truncate(messages, reserved=0)
        prompt = self._renderer.prompt(history, participant=reply_as)
        tails = [self._tail(history, reply, reply_as, len(prompt)) for reply in replies]
        return self._cut(prompt), tails

    def _cut(self, prompt: Sequence[int]) -> Sequence[int]:
        """The end of a prompt that the context has room for: one message may be too long."""
        return prompt[-(self._context - _NAME_TOKENS) :]

    def _tail(
        self, history: Sequence[ChatMessage], reply: str, reply_as: str, start: int
    ) -> Sequence[int]:
        """Ids of a reply behind a prompt of `start` ids, up to the end of the turn."""
        message = ChatMessage("assistant", reply, reply_as, is_target=True)
        whole = self._renderer.encode([*history, message])
        end = max(index for index, is_target in enumerate(whole.loss_mask) if is_target) + 1
        return whole.ids[start : min(end, max(start + 1, self._context))]

    def _truncate(self, messages: Sequence[ChatMessage], *, reserved: int) -> list[ChatMessage]:
        """The history that leaves room in the context for a name and for a reply."""
        renderer, context = self._renderer, self._context
        reserved = max(reserved, context // _REPLY_SHARE)
        available = context - reserved - renderer.prefix_length - _NAME_TOKENS
        return truncate(
            messages,
            [size.tokens for size in renderer.sizes(messages)],
            max_turns=self._max_turns,
            max_tokens=max(64, available),
        )


def text_of(tokenizer: Any, ids: Sequence[int]) -> str:
    """A syllable takes up to three byte-level tokens: U+FFFD until it is complete."""
    text = str(tokenizer.decode(list(ids), skip_special_tokens=True))
    return text.rstrip("\ufffd").strip()
