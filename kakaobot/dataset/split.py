"""Train/validation split of a room: the newest targets are for validation."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Literal

Split = Literal["train", "val"]


class RoomSplit:
    """The split of one room. Turns are addressed by their position in the room."""

    def __init__(self, cut: int, targets: array[int]) -> None:
        self.cut = cut
        """First validation turn."""
        self._targets = targets

    @classmethod
    def of(
        cls, bounds: Iterable[tuple[int, int]], targets: Iterable[int], ratio: float
    ) -> RoomSplit:
        """Cut between two sessions, or inside the only one that has targets.

        Args:
            bounds: first turn and end (exclusive) of each session.
            targets: positions of the targets, ascending.
            ratio: share of the targets to validate on.
        """
        split = cls(sys.maxsize, array("I", targets))
        with_targets = [(begin, end) for begin, end in bounds if split.count_targets(begin, end)]
        if len(with_targets) > 1:
            counts = [split.count_targets(begin, end) for begin, end in with_targets]
            first = session_cut(counts, ratio)
            if first < len(with_targets):
                split.cut = with_targets[first][0]
        elif with_targets:
            split.cut = turn_cut(split._targets, ratio)
        return split

    def count_targets(self, begin: int, end: int) -> int:
        """Number of targets in a range of turns, at the time of the split."""
        return bisect_left(self._targets, end) - bisect_left(self._targets, begin)

    def clip(self, split: Split, begin: int, end: int) -> tuple[int, int]:
        """The part of a range of turns that belongs to a split."""
        cut = min(max(self.cut, begin), end)
        return (begin, cut) if split == "train" else (cut, end)


def session_cut(targets: Sequence[int], ratio: float) -> int:
    """Index of the first validation session.

    Args:
        targets: number of targets per session, oldest first; at least two sessions.
        ratio: share of the targets to validate on.

    Returns:
        A cut that leaves targets on both sides if two sessions have any.
    """
    requested = max(1, round(sum(targets) * ratio))
    cut = len(targets)
    train_count, val_count = sum(targets), 0
    while cut > 1 and val_count < requested and train_count > targets[cut - 1]:
        cut -= 1
        val_count += targets[cut]
        train_count -= targets[cut]
    return cut


def turn_cut(targets: Sequence[int], ratio: float) -> int:
    """Position of the first validation turn in a room with a single session.

    Args:
        targets: positions of the targets; a lone one stays in training.
        ratio: as in `session_cut`.
    """
    requested = min(max(1, round(len(targets) * ratio)), len(targets) - 1)
    return targets[-requested] if requested > 0 else sys.maxsize
