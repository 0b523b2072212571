"""Speed of training steps: at the start of a run, now, and so how long the rest takes. Pure."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

START = 10
"""Steps whose median is the speed at the start."""
RECENT = 5
"""Steps that are the current speed."""
SLOW_FROM, SLOW_UNTIL = 3.0, 2.0
"""Slowdown at which the computer counts as busy, and below which it no longer does."""
_CHANGED = 1.5
"""Ratio between the medians of recent and averaged steps at which the average starts anew."""
_AVERAGED = 200
"""Steps in the average at most."""
_WARM_UP = 1
"""Steps not measured: in the first one, libraries allocate and choose their kernels."""


@dataclass
class Pace:
    """Seconds per token over the steps of one worker. Tokens, because batches differ in length."""

    start: float | None = None
    """Of the first steps of the run, which may have been an earlier worker's."""
    slowdown: float | None = None
    """How many times slower than at the start, while the computer is busy."""
    _seen: int = 0
    _first: list[float] = field(default_factory=list)
    _steps: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_AVERAGED))
    """(seconds, tokens) since the speed last changed."""
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    def add(self, seconds: float, tokens: int) -> None:
        """Take in one step; one that took no time that can be measured is left out."""
        self._seen += 1
        if self._seen <= _WARM_UP or tokens <= 0 or seconds <= 0:
            return
        self._recent.append(seconds / tokens)
        self._steps.append((seconds, tokens))
        if self.start is None:
            self._first.append(seconds / tokens)
            if len(self._first) == START:
                self.start = statistics.median(self._first)
        if len(self._recent) < RECENT:
            return
        if self.start is not None:
            self._note_slowdown(self.start)
        average = statistics.median(spent / count for spent, count in self._steps)
        if not 1 / _CHANGED < statistics.median(self._recent) / average < _CHANGED:
            # The majority that moved the median; the steps before are of another speed.
            while len(self._steps) > RECENT // 2 + 1:
                self._steps.popleft()

    @property
    def seconds_per_token(self) -> float:
        """Current speed; 0 before the second step."""
        tokens = sum(count for _, count in self._steps)
        return sum(seconds for seconds, _ in self._steps) / tokens if tokens else 0.0

    def _note_slowdown(self, start: float) -> None:
        # All but one of them are at least as slow: batches of short rows are dearer by the token.
        times = sorted(self._recent)[1] / start
        slow = times >= (SLOW_UNTIL if self.slowdown else SLOW_FROM)
        self.slowdown = times if slow else None
