"""Whether llama.cpp answers sooner than PyTorch does, by what was measured. Imports neither."""

from __future__ import annotations

import math
from typing import NamedTuple


class MeasuredSpeed(NamedTuple):
    """How many times as fast llama.cpp is, on a CPU."""

    parameters: int
    """Of the base."""
    first: float
    """To the first piece of a reply behind a history that was not read before."""
    decode: float
    """In tokens a second."""
    candidates: float
    """With the replies among which a chat chooses."""


MEASURED = (
    MeasuredSpeed(6_900_000, 2.44, 2.68, 4.95),
    MeasuredSpeed(596_000_000, 0.94, 3.38, 3.65),
)
"""From the table `engines` of `benchmarks/results/chat.json`, with F16."""
_WORTH = 1.2
"""From which a conversion pays."""


def is_faster(parameters: int) -> bool:
    """Whether a reply of a base of this size comes sooner from llama.cpp on a CPU.

    The first piece hardly differs, and a history is read once.
    """
    nearest = min(MEASURED, key=lambda speed: abs(math.log(speed.parameters / max(1, parameters))))
    return min(nearest.decode, nearest.candidates) >= _WORTH
