"""Which slot of llama.cpp holds which prompt: what was read is found again by the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kakaobot.chat.llama_process import SLOTS

DRAFTS = 4
"""Replies drawn together: one in the slot of its prompt, the others in the first slots."""
_KEPT = range(DRAFTS, SLOTS)
"""Slots that hold prompts: two pages, or a conversation with and without the adapter."""
SHORT = 32
"""Ids of a prompt that is read again sooner than it is found, and takes no other's place."""


class _Held(NamedTuple):
    slot: int
    strength: float
    ids: tuple[int, ...]


class PromptSlots:
    """Chooses the slot of a call. llama.cpp compares the ids itself, and reads what differs."""

    def __init__(self) -> None:
        self._held: list[_Held] = []
        """The one used last comes last."""

    def choose(self, prompt: Sequence[int], strength: float) -> int:
        """The slot with most of a prompt; another if only the beginning is the same."""
        if len(prompt) < SHORT:
            return 0
        same = [held for held in self._held if held.strength == strength]
        best = max(same, key=lambda held: _common(held.ids, prompt), default=None)
        if best is not None and _common(best.ids, prompt) < len(best.ids) / 2:
            best = None
        free = [slot for slot in _KEPT if slot not in {held.slot for held in self._held}]
        slot = best.slot if best else free[0] if free else self._held[0].slot
        self._held = [held for held in self._held if held.slot != slot]
        self._held.append(_Held(slot, strength, tuple(prompt)))
        return slot


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common prefix."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
