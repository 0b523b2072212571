"""Seconds per token of training steps, and how much slower they are than at the start."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

START_STEPS = 10
"""Steps whose median is the pace at the start."""
RECENT_STEPS = 5
"""Steps that make up the current pace."""
SLOW_FROM, SLOW_UNTIL = 3.0, 2.0
"""Slowdown from which the computer counts as busy, and below which it no longer does."""
_CHANGE_RATIO = 1.5
"""Ratio of the recent median to the average at which the average restarts."""
_MAX_AVERAGED = 200
"""Steps in the average."""
_WARM_UP = 1
"""First steps, not measured: libraries allocate and choose kernels in them."""


@dataclass
class Pace:
    """Seconds per token over the steps of one worker. Per token, as batches differ in length."""

    start: float | None = None
    """Seconds per token in the first steps of the run, perhaps of an earlier worker."""
    slowdown: float | None = None
    """Ratio to the start while the computer is busy, else None."""
    _seen: int = 0
    _first: list[float] = field(default_factory=list)
    _averaged: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_MAX_AVERAGED))
    """(seconds, tokens) of the steps since the pace last changed."""
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_STEPS))

    def add(self, seconds: float, tokens: int) -> None:
        """Record one step; steps too short to be measured are ignored."""
        self._seen += 1
        if self._seen <= _WARM_UP or tokens <= 0 or seconds <= 0:
            return
        self._recent.append(seconds / tokens)
        self._averaged.append((seconds, tokens))
        if self.start is None:
            self._first.append(seconds / tokens)
            if len(self._first) == START_STEPS:
                self.start = statistics.median(self._first)
        if len(self._recent) < RECENT_STEPS:
            return
        if self.start is not None:
            self._update_slowdown(self.start)
        average = statistics.median(seconds / tokens for seconds, tokens in self._averaged)
        if not 1 / _CHANGE_RATIO < statistics.median(self._recent) / average < _CHANGE_RATIO:
            # Keep the majority that moved the median; earlier steps had another pace.
            while len(self._averaged) > RECENT_STEPS // 2 + 1:
                self._averaged.popleft()

    @property
    def seconds_per_token(self) -> float:
        """Current pace; 0 before the second step."""
        tokens = sum(count for _, count in self._averaged)
        return sum(seconds for seconds, _ in self._averaged) / tokens if tokens else 0.0

    def _update_slowdown(self, start: float) -> None:
        # All but one are at least as slow: short rows take more time per token.
        slowdown = sorted(self._recent)[1] / start
        busy = slowdown >= (SLOW_UNTIL if self.slowdown else SLOW_FROM)
        self.slowdown = slowdown if busy else None
