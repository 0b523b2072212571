"""Guards: find replies that loop, never end, echo or repeat, and make what can be kept of them.

Short reactions are free: anybody may answer ㅋㅋ with ㅋㅋ, or say it twice. No model, no torch.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from kakaobot.chat.rejected import NONE_REJECTED, RejectedReplies
from kakaobot.language import tr
from kakaobot.schema import ChatMessage

Fault = Literal["empty", "endless", "loop", "echo", "repeated", "rejected"]
FAULT_TITLES: Mapping[Fault, str] = {
    "empty": tr("빈 대답"),
    "endless": tr("끝나지 않은 대답"),
    "loop": tr("같은 말이 맴도는 대답"),
    "echo": tr("들은 말을 그대로 따라 한 대답"),
    "repeated": tr("방금 한 말을 또 한 대답"),
    "rejected": tr("하지 말라고 한 대답"),
}
_LONG_UNIT = 6
"""Characters from which a phrase said three times in a row is a loop."""
_MAX_RUN = 40
"""Characters of a shorter unit in a row, such as laughter."""
_MAX_UNIT = 200
_FREE_LETTERS = 4
"""Replies of fewer letters may be those of others, or said again."""
_REMEMBERED = 3
"""Last replies of a participant that are not said again."""
_MOSTLY = 0.7
"""Share of a reply from which the last message in it is an echo."""
_NO_LETTER = re.compile(r"[^0-9A-Za-z가-힣]+")
_PAUSES = re.compile(r"[.?!~…\n]+|(?=\s)")


class GuardCounts(Counter[Fault]):
    """Faults by kind; `replies` of how many."""

    def __init__(self) -> None:
        super().__init__()
        self.replies = 0

    @property
    def text(self) -> str:
        """Korean: how many replies, and what was caught among them."""
        caught = [
            tr("{title} {value}번").format(title=title, value=self[fault])
            for fault, title in FAULT_TITLES.items()
            if self[fault]
        ]
        return tr("대답 {replies:,}개 · ").format(replies=self.replies) + (
            ", ".join(caught) or tr("걸러 낸 말 없음")
        )


def find_fault(
    text: str,
    *,
    ended: bool,
    messages: Sequence[ChatMessage],
    reply_as: str = "",
    rejected: RejectedReplies = NONE_REJECTED,
) -> Fault | None:
    """What is wrong with a reply to `messages`; None if nothing is.

    Args:
        text: the whole reply.
        ended: whether it ended by itself.
        messages: the conversation before it.
        reply_as: whose reply it is, in a whole room.
        rejected: what the user never wants to hear again.
    """
    if not text.strip():
        return "empty"
    if rejected.holds(text):
        return "rejected"
    if find_loop(text) is not None:
        return "loop"
    if not ended:
        return "endless"
    if _is_echo(letters_of(text), messages):
        return "echo"
    return "repeated" if letters_of(text) in _said_before(messages, reply_as) else None


def may_become_fault(
    text: str,
    messages: Sequence[ChatMessage],
    reply_as: str = "",
    rejected: RejectedReplies = NONE_REJECTED,
) -> bool:
    """Whether a reply that begins like this could still be an echo, a repetition or rejected."""
    if rejected.may_become(text):
        return True
    begun = letters_of(text)
    forbidden = _said_before(messages, reply_as) | {letters_of(_last_heard(messages))}
    return any(text.startswith(begun) for text in forbidden if len(text) >= _FREE_LETTERS)


def find_loop(text: str) -> int | None:
    """Where to cut a text in which something is repeated without end; None if nothing is."""
    cuts = (tail_loop(text[:end]) for end in range(_LONG_UNIT, len(text) + 1))
    return next((cut for cut in cuts if cut is not None), None)


def tail_loop(text: str) -> int | None:
    """`find_loop` for a text that only grew at its end since the last call."""
    for unit in range(1, min(_MAX_UNIT, len(text) // 2) + 1):
        if text[-1] != text[-1 - unit]:
            continue
        begin = len(text) - unit
        while begin and text[begin - 1] == text[begin - 1 + unit]:
            begin -= 1
        length = len(text) - begin
        is_phrase = unit >= _LONG_UNIT and len(set(text[-unit:])) > 2
        # The separator before the first of three is not part of the stretch.
        if is_phrase and length >= 3 * unit - 1:
            return begin + unit
        if not is_phrase and length > _MAX_RUN:
            return begin + _MAX_RUN
    return None


def mend(text: str, fault: Fault) -> str:
    """What can be kept of a faulty reply: nothing, what is before a loop, or up to a pause."""
    if fault == "rejected":
        return ""
    if fault == "loop":
        return text[: find_loop(text)].strip()
    return cut_at_pause(text) if fault == "endless" else text


def cut_at_pause(text: str) -> str:
    """An unfinished reply without its last, partial bubble, sentence or word."""
    whole = text.rpartition("\n")[0].strip()
    if whole:
        return whole
    ends = [match.end() for match in _PAUSES.finditer(text) if match.end() < len(text)]
    return text[: ends[-1]].strip() if ends else text.strip()


def letters_of(text: str) -> str:
    """Syllables, Latin letters and digits only: what two messages are compared by."""
    return _NO_LETTER.sub("", text).casefold()


def _is_echo(letters: str, messages: Sequence[ChatMessage]) -> bool:
    heard = letters_of(_last_heard(messages))
    if len(heard) < _FREE_LETTERS:
        return False
    return heard in letters and len(heard) >= _MOSTLY * len(letters)


def _last_heard(messages: Sequence[ChatMessage]) -> str:
    """The message that is answered."""
    return messages[-1].content if messages else ""


def _said_before(messages: Sequence[ChatMessage], reply_as: str) -> set[str]:
    """Letters of the last replies of the same participant."""
    own = [
        letters_of(message.content)
        for message in messages
        if message.role == "assistant" and (not reply_as or message.name == reply_as)
    ]
    return {letters for letters in own[-_REMEMBERED:] if len(letters) >= _FREE_LETTERS}
