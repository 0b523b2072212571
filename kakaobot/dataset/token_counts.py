"""How long messages and rows are, counted while rows pass by; some rows are kept to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kakaobot.chat_template import MessageSize, Renderer
from kakaobot.dataset.build_report import EXAMPLES, Example, example_of
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.dataset.split import Split
from kakaobot.dataset.stats import histogram
from kakaobot.schema import ChatMessage, Conversation


class MessageSizes:
    """How long some messages are, all measured together."""

    def __init__(self, renderer: Renderer, messages: Iterable[ChatMessage]) -> None:
        fresh = dict.fromkeys(map(_key, messages))
        learnt = [ChatMessage(*key, is_target=True) for key in fresh]  # type: ignore[arg-type]
        self._known = dict(zip(fresh, renderer.sizes(learnt), strict=True))

    def of(self, message: ChatMessage) -> MessageSize:
        """Its tokens, and how many of them are learnt where it is."""
        return self._known[_key(message)]

    def tokens(self, message: ChatMessage) -> int:
        """What it adds to a conversation."""
        return self._known[_key(message)].tokens


class RowStats:
    """The rows of one part."""

    def __init__(self, lead: int) -> None:
        """`lead`: tokens in front of a row's first message."""
        self._lead = lead
        self.rows = self.replies = self.tokens = self.target_tokens = 0
        self._lengths = Counter[int]()
        self._examples: dict[Split, EvenSampler[Conversation]] = {
            part: EvenSampler(most) for part, most in EXAMPLES.items()
        }

    def add(self, row: Conversation, sizes: MessageSizes) -> None:
        """Count one; `sizes` knows its messages."""
        tokens = self._lead
        for message in row.messages:
            size = sizes.of(message)
            tokens += size.tokens
            if message.is_target:
                self.replies += 1
                self.target_tokens += size.target_tokens
        self.rows += 1
        self.tokens += tokens
        self._lengths[tokens] += 1
        for spread in self._examples.values():
            spread.add(row)

    @property
    def longest(self) -> int:
        """Tokens of the longest row; 0 where there is none."""
        return max(self._lengths, default=0)

    def histogram(self, most: int) -> tuple[tuple[int, int], ...]:
        """Bins of row lengths up to `most` tokens."""
        return histogram(self._lengths, most)

    def examples(self, part: Split) -> list[Example]:
        """As many as are shown of that part, spread over the history."""
        return [example_of(row, part) for row in self._examples[part].items()]


def _key(message: ChatMessage) -> tuple[str, str, str]:
    return message.role, message.content, message.name
