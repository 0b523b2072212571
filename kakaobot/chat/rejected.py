"""Replies that a user never wants to hear again, and what is nearly the same. No model."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from kakaobot.dataset.corrections import reply_form

_NEARLY = 0.85
"""Similarity from which a reply counts as another one."""
_COMPARED = 6
"""Letters from which replies can be nearly the same; shorter ones differ by every letter."""


class RejectedReplies:
    """Recognizes rejected replies, whatever their spaces, signs and laughter."""

    def __init__(self, replies: Iterable[str] = ()) -> None:
        self._forms = frozenset(map(reply_form, replies)) - {""}

    def holds(self, reply: str) -> bool:
        """Whether a whole reply is one of them, or nearly so."""
        form = reply_form(reply)
        return form in self._forms or any(_is_near(form, other) for other in self._forms)

    def may_become(self, begun: str) -> bool:
        """Whether a reply that begins like this could still be one of them."""
        form = reply_form(begun)
        return any(other.startswith(form) for other in self._forms)


NONE_REJECTED = RejectedReplies()


def _is_near(form: str, other: str) -> bool:
    if min(len(form), len(other)) < _COMPARED:
        return False
    matcher = SequenceMatcher(None, form, other, autojunk=False)
    return matcher.quick_ratio() >= _NEARLY and matcher.ratio() >= _NEARLY
