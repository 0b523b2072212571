"""Bubbles one by one: what is shown when, by a clock that the test moves."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.chat.lines import Reply
from kakaobot.chat.pacing import LONGEST_PAUSE, Clock, compressed, own_pauses, paced
from kakaobot.dataset.turn_taking import TurnTaking


class Stage(Clock):
    """A clock that the test moves, and a model that takes time for each bubble."""

    def __init__(self) -> None:
        self.time = 100.0
        self.closed = False

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds

    def model(self, bubbles: int, seconds: float) -> Iterator[Reply]:
        """A reply whose bubbles take this long to generate."""
        try:
            yield Reply("", (), done=False)
            texts: tuple[str, ...] = ()
            for number in range(bubbles):
                texts = (*texts, "")
                for part in ("말", f"말{number}"):
                    texts = (*texts[:-1], part)
                    self.time += seconds / 2
                    yield Reply("도담", texts, done=False)
            yield Reply("도담", texts, done=True)
        finally:
            self.closed = True

    def times(self, replies: Iterator[Reply]) -> list[float]:
        """When each bubble appeared, in seconds since the start."""
        start, times = self.time, list[float]()
        for reply in replies:
            assert all(text[1:] for text in reply.bubbles), "no unfinished bubble is shown"
            times += [self.time - start] * (len(reply.bubbles) - len(times))
        return times


def stage_times(bubbles: int, seconds: float, pauses: list[float]) -> list[float]:
    stage = Stage()
    replies = stage.model(bubbles, seconds)
    return stage.times(paced(replies, lambda _, number: pauses[number], stage))


def test_each_bubble_waits_for_its_own_pause() -> None:
    assert stage_times(3, 0.0, [2, 1, 3, 9]) == pytest.approx([2, 3, 6])


def test_the_time_of_the_model_counts_toward_the_pause() -> None:
    # A bubble is complete when the next one begins, or with the reply.
    assert stage_times(1, 1.5, [2, 9]) == pytest.approx([2])
    assert stage_times(1, 5.0, [2, 9]) == pytest.approx([5])
    assert stage_times(2, 4.0, [2, 1, 9]) == pytest.approx([6, 8])


@given(st.integers(1, 6), st.floats(0, 3), st.lists(st.floats(0, 4), min_size=7, max_size=7))
def test_all_bubbles_appear_in_order_and_the_last_reply_is_whole(
    bubbles: int, seconds: float, pauses: list[float]
) -> None:
    stage = Stage()
    replies = list(
        paced(
            stage.model(bubbles, seconds),
            lambda _, number: pauses[number],
            stage,
        )
    )
    assert [reply.done for reply in replies] == [False] * (len(replies) - 1) + [True]
    sizes = [len(reply.bubbles) for reply in replies]
    assert sizes == sorted(sizes)
    assert set(sizes) == set(range(bubbles + 1))
    assert stage.time - 100 <= bubbles * seconds + sum(pauses[:bubbles]) + 1e-6
    assert stage.closed


def test_a_pause_lets_its_reader_leave() -> None:
    stage = Stage()
    replies = paced(stage.model(2, 0.0), lambda *_: 4.0, stage)
    while not next(replies).bubbles:
        assert stage.time < 104.5
    started = stage.time
    next(replies)
    next(replies)
    # Each step of a pause takes a moment only.
    assert stage.time - started < 1
    replies.close()  # type: ignore[attr-defined]
    assert stage.closed


def test_a_reply_without_bubbles_ends() -> None:
    stage = Stage()
    empty = iter((Reply("도담", (), done=False, note="앞에 1명"), Reply("도담", (), done=True)))
    replies = (reply for reply in empty)
    shown = list(paced(replies, lambda *_: 4.0, stage))
    assert [(reply.note, reply.done) for reply in shown] == [("앞에 1명", False), ("", True)]
    assert stage.time == 100


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_pauses_are_bearable_and_keep_their_order(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= compressed(low) <= compressed(high) <= LONGEST_PAUSE


def test_the_slow_are_slower_than_the_quick() -> None:
    def participant(pause: int) -> dict[str, object]:
        counts = [*([0] * pause), 50]
        return {
            "turns": 50,
            "openings": 0,
            "bubbles": [0, 50],
            "gaps": counts,
            "delays": counts,
            "endings": [],
        }

    people = {"빠름": participant(2), "느림": participant(15)}
    turn_taking = TurnTaking.from_json({"format": 1, "absences": [], "participants": people})
    pause = own_pauses(turn_taking, random.Random(1))
    for number in (0, 1):
        quick = [pause("빠름", number) for _ in range(50)]
        slow = [pause("느림", number) for _ in range(50)]
        assert max(quick) < min(slow)
