"""Shows a reply as its sender would send it: bubble by bubble, with that person's own pauses."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from kakaobot.chat.lines import Reply
from kakaobot.dataset.turn_taking import TurnTaking

LONGEST_PAUSE = 4.0
"""Seconds; no pause is shown for longer."""
_HALFWAY = 12.0
"""Seconds of a real pause that is shown half as long as the longest one."""
_TICK = 0.5
"""Seconds after which a wait lets its reader leave. A page draws its chat anew each time."""

T = TypeVar("T")
Pause = Callable[[str, int], float]
"""Seconds before the bubble of a person with this number, counted from 0."""


class Clock:
    """Time, and waiting for it to pass."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, value: T, seconds: float) -> Iterator[T]:
        """Repeat a value for some seconds, so that its reader can leave."""
        due = self.now() + seconds
        while (left := due - self.now()) > 0:
            yield value
            self.sleep(min(left, _TICK))


DEFAULT_CLOCK = Clock()


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


def paced(replies: Iterator[Reply], pause: Pause, clock: Clock = DEFAULT_CLOCK) -> Iterator[Reply]:
    """Show each bubble once it is complete and its pause is over.

    The time that the model takes counts toward the pause. A reply may be repeated unchanged, so
    that it can be closed during a pause; closing this iterator closes `replies`.
    """
    shown, due = 0, 0.0
    started = clock.now()
    with contextlib.closing(cast("Generator[Reply, None, None]", replies)):
        for reply in replies:
            if reply.bubbles and not due:
                due = started + pause(reply.name, 0)
            complete = reply.bubbles if reply.done else reply.bubbles[:-1]
            while shown < len(complete):
                yield from clock.wait(_part(reply, shown), due - clock.now())
                shown += 1
                due = clock.now() + pause(reply.name, shown)
                if shown < len(complete):
                    yield _part(reply, shown)
            yield reply if reply.done else _part(reply, shown)


def _part(reply: Reply, shown: int) -> Reply:
    """A reply whose other bubbles are still being typed."""
    return replace(reply, bubbles=reply.bubbles[:shown], done=False)
