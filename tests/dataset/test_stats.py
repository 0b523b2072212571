from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.stats import ActivityCounter, ActivityStats, histogram
from kakaobot.schema import Message, Session, Turn


def message(at: datetime, sender: str) -> Message:
    return Message(at, sender, "말", "text", "방", "a.txt", 1)


def session(*senders: str) -> Session:
    at = datetime(2026, 3, 1)
    return Session("방", tuple(Turn(str(n), who, ("말",), at, at) for n, who in enumerate(senders)))


def figures_of(messages: Sequence[Message], sessions: Sequence[Session]) -> ActivityStats:
    counts = ActivityCounter()
    assert list(counts.observe(messages)) == list(messages)
    for session in sessions:
        counts.add_session(session)
    return counts.stats()


def test_months_without_a_word_are_there_and_a_year_may_end_between() -> None:
    said = [message(datetime(2025, 11, 30, 23), "가"), message(datetime(2026, 2, 1, 0), "나")]
    figures = figures_of([*said, said[0]], [])
    assert figures.months == (("2025-11", 2), ("2025-12", 0), ("2026-01", 0), ("2026-02", 1))
    assert (figures.hours[23], figures.hours[0], sum(figures.hours)) == (2, 1, 3)


def test_who_answers_whom_is_counted_within_sessions_only() -> None:
    said = [message(datetime(2026, 3, 1), who) for who in ("가", "가", "나")]
    figures = figures_of(said, [session("가", "나", "가"), session("나", "가")])
    assert figures.participants == ("가", "나")
    assert figures.reply_counts == ((0, 2), (1, 0))


def test_nothing_said_is_no_error() -> None:
    assert figures_of([], []).months == ()


@given(st.lists(st.integers(1, 500), max_size=50), st.integers(1, 500))
def test_a_histogram_counts_every_size_once_up_to_the_most(sizes: list[int], most: int) -> None:
    sizes = [min(size, most) for size in sizes]
    bins = histogram(Counter(sizes), most)
    assert sum(count for _, count in bins) == len(sizes)
    assert bins[-1][0] == most
    edges = [0, *(edge for edge, _ in bins)]
    assert edges == sorted(set(edges))
    for (edge, count), low in zip(bins, edges, strict=False):
        assert count == sum(low < size <= edge for size in sizes)
