"""Token counts of messages and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kakaobot.chat_template import MessageSize, Renderer
from kakaobot.dataset.build_report import EXAMPLE_COUNTS, Example, example_of
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.dataset.split import Split
from kakaobot.dataset.stats import histogram
from kakaobot.schema import ChatMessage, Conversation


class MessageSizes:
    """Token counts of a batch of messages, tokenized together."""

    def __init__(self, renderer: Renderer, messages: Iterable[ChatMessage]) -> None:
        unique = dict.fromkeys(map(_key, messages))
        targets = [ChatMessage(*key, is_target=True) for key in unique]  # type: ignore[arg-type]
        self._sizes = dict(zip(unique, renderer.sizes(targets), strict=True))

    def __getitem__(self, message: ChatMessage) -> MessageSize:
        """Size of a message, with `target_tokens` as if it were a target."""
        return self._sizes[_key(message)]

    def tokens(self, message: ChatMessage) -> int:
        """Tokens the message adds to a conversation."""
        return self[message].tokens


class RowStats:
    """Counts and examples of one split, accumulated row by row."""

    def __init__(self, lead_tokens: int) -> None:
        """`lead_tokens`: tokens before a row's first message."""
        self._lead_tokens = lead_tokens
        self.rows = self.replies = self.tokens = self.target_tokens = 0
        self._lengths = Counter[int]()
        self._samplers: dict[Split, EvenSampler[Conversation]] = {
            split: EvenSampler(count) for split, count in EXAMPLE_COUNTS.items()
        }

    def add(self, row: Conversation, sizes: MessageSizes) -> None:
        """Count a row whose messages are in `sizes`."""
        tokens = self._lead_tokens
        for message in row.messages:
            size = sizes[message]
            tokens += size.tokens
            if message.is_target:
                self.replies += 1
                self.target_tokens += size.target_tokens
        self.rows += 1
        self.tokens += tokens
        self._lengths[tokens] += 1
        for sampler in self._samplers.values():
            sampler.add(row)

    @property
    def longest(self) -> int:
        """Tokens of the longest row; 0 without rows."""
        return max(self._lengths, default=0)

    def histogram(self, max_tokens: int) -> tuple[tuple[int, int], ...]:
        """Row lengths as (upper bound, count), up to `max_tokens`."""
        return histogram(self._lengths, max_tokens)

    def examples(self, split: Split) -> list[Example]:
        """Rows to show for that split, evenly spaced over the history."""
        return [example_of(row, split) for row in self._samplers[split].items()]


def _key(message: ChatMessage) -> tuple[str, str, str]:
    return message.role, message.content, message.name
