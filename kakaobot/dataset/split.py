"""Which turns of a room train and which validate: the newest do. Pure; knows places, no turns."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Literal

Split = Literal["train", "val"]


class RoomSplit:
    """Which turns of one room train and which validate."""

    def __init__(self, cut: int, targets: array[int]) -> None:
        self.cut = cut
        """The first turn that validates."""
        self._targets = targets

    @classmethod
    def of(cls, ends: Iterable[tuple[int, int]], targets: Iterable[int], ratio: float) -> RoomSplit:
        """Split at the border of two sessions, or within the only one that has targets.

        Args:
            ends: of each session the first turn, and the one behind its last.
            targets: turns that may be learnt, in order.
            ratio: share of them that validates.
        """
        shares = cls(sys.maxsize, array("I", targets))
        spoken = [(begin, end) for begin, end in ends if shares.targets(begin, end)]
        if len(spoken) > 1:
            first = session_cut([shares.targets(*each) for each in spoken], ratio)
            if first < len(spoken):
                shares.cut = spoken[first][0]
        elif spoken:
            shares.cut = turn_cut(shares._targets, ratio)
        return shares

    def targets(self, begin: int, end: int) -> int:
        """How many turns of some in a row were to be learnt when it was split."""
        return bisect_left(self._targets, end) - bisect_left(self._targets, begin)

    def within(self, part: Split, begin: int, end: int) -> tuple[int, int]:
        """Those of some turns in a row that are in a part: the first, and the one behind."""
        cut = min(max(self.cut, begin), end)
        return (begin, cut) if part == "train" else (cut, end)


def session_cut(targets: Sequence[int], ratio: float) -> int:
    """Where one room's sessions in time order are split: the newest targets validate.

    Args:
        targets: of each session, how many turns of it may be learnt; at least two sessions.
        ratio: share of the targets that validates.

    Returns:
        The first session of validation. Both sides get a target as soon as two sessions hold one.
    """
    wanted = max(1, round(sum(targets) * ratio))
    cut, taken = len(targets), 0
    left = sum(targets)
    while cut > 1 and taken < wanted and left > targets[cut - 1]:
        cut -= 1
        taken += targets[cut]
        left -= targets[cut]
    return cut


def turn_cut(targets: Sequence[int], ratio: float) -> int:
    """The same for the only session there is: the first turn of validation.

    Args:
        targets: places of the turns that may be learnt. Of one alone nothing validates.
        ratio: as in `border`.
    """
    wanted = min(max(1, round(len(targets) * ratio)), len(targets) - 1)
    return targets[-wanted] if wanted > 0 else sys.maxsize
