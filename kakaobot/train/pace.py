"""Speed of training steps: at the start of a run, now, and so how long the rest takes. Pure."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

RECENT = 5
"""Steps in a window. Their median is the current speed, so that one long step changes nothing."""
SLOW_FROM, SLOW_UNTIL = 3.0, 2.0
"""Slowdown at which the computer counts as busy, and below which it no longer does."""
_CHANGED = 1.5
"""Ratio of recent to average speed from which on the average starts anew."""
_WARM_UP = 1
"""Steps not measured: in the first one, libraries allocate and choose their kernels."""


@dataclass
class Pace:
    """Seconds per token over the steps of one worker. Tokens, because batches differ in length."""

    start: float | None = None
    """Of the first `RECENT` steps of the run, which may have been an earlier worker's."""
    slowdown: float | None = None
    """How many times slower than at the start, while the computer is busy."""
    _seen: int = 0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _average: deque[tuple[float, int]] = field(default_factory=deque)
    """(seconds, tokens) of the steps since the speed last changed."""

    def add(self, seconds: float, tokens: int) -> None:
        """Take in one step."""
        self._seen += 1
        if self._seen <= _WARM_UP or tokens <= 0:
            return
        self._recent.append(seconds / tokens)
        self._average.append((seconds, tokens))
        if len(self._recent) < RECENT:
            return
        now = statistics.median(self._recent)
        if self.start is None:
            self.start = now
        self._note_slowdown(now / self.start)
        ratio = now / self.seconds_per_token
        if not 1 / _CHANGED < ratio < _CHANGED:
            # The majority that moved the median; the steps before are of another speed.
            while len(self._average) > RECENT // 2 + 1:
                self._average.popleft()

    @property
    def seconds_per_token(self) -> float:
        """Current speed; 0 before the second step."""
        tokens = sum(count for _, count in self._average)
        return sum(seconds for seconds, _ in self._average) / tokens if tokens else 0.0

    def _note_slowdown(self, times: float) -> None:
        slow = times >= (SLOW_UNTIL if self.slowdown else SLOW_FROM)
        self.slowdown = times if slow else None
