"""How often each key may ask."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

_WINDOW = 60.0
"""Seconds."""


class RateLimit:
    """Counts the requests of each key in the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, deque[float]] = {}

    def wait(self, key: str, limit: int) -> int:
        """Count a request; returns the seconds to wait if it is one too many, which is not counted.

        Args:
            key: whose request it is.
            limit: requests in a minute.
        """
        now = self._clock()
        asked = self._asked.setdefault(key, deque())
        while asked and now - asked[0] >= _WINDOW:
            asked.popleft()
        if len(asked) >= limit:
            return max(1, math.ceil(_WINDOW - (now - asked[len(asked) - limit])))
        asked.append(now)
        return 0
