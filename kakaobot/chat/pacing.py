"""Shows a reply as its sender would send it: bubble by bubble, with that person's own pauses."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import cast

from kakaobot.chat.lines import Reply
from kakaobot.dataset.turn_taking import TurnTaking

LONGEST_PAUSE = 4.0
"""Seconds; no pause is shown for longer."""
_HALFWAY = 12.0
"""Seconds of a real pause that is shown half as long as the longest one."""
_TICK = 0.2
"""Seconds after which a wait lets its reader leave."""

Pause = Callable[[str, int], float]
"""Seconds before the bubble of a person with this number, counted from 0."""


def compressed(seconds: float) -> float:
    """A real pause as it is shown: never longer than `LONGEST_PAUSE`.

    Longer pauses stay longer, so that the slow are slower than the quick.
    """
    return LONGEST_PAUSE * seconds / (seconds + _HALFWAY)


def own_pauses(turn_taking: TurnTaking, draw: random.Random) -> Pause:
    """Pauses drawn from what was counted of each person: a delay first, then gaps."""

    def pause(name: str, number: int) -> float:
        own = turn_taking.gap if number else turn_taking.delay
        return compressed(own(name, draw.random()))

    return pause


def paced(
    replies: Iterator[Reply],
    pause: Pause,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Reply]:
    """Show each bubble once it is complete and its pause is over.

    The time that the model takes counts toward the pause. A reply may be repeated unchanged, so
    that it can be closed during a pause; closing this iterator closes `replies`.
    """
    shown, due = 0, 0.0
    started = clock()
    with contextlib.closing(cast("Generator[Reply, None, None]", replies)):
        for reply in replies:
            if reply.bubbles and not due:
                due = started + pause(reply.name, 0)
            complete = reply.bubbles if reply.done else reply.bubbles[:-1]
            while shown < len(complete):
                while (left := due - clock()) > 0:
                    yield _part(reply, shown)
                    sleep(min(left, _TICK))
                shown += 1
                due = clock() + pause(reply.name, shown)
                if shown < len(complete):
                    yield _part(reply, shown)
            yield reply if reply.done else _part(reply, shown)


def _part(reply: Reply, shown: int) -> Reply:
    """A reply whose other bubbles are still being typed."""
    return replace(reply, bubbles=reply.bubbles[:shown], done=False)
