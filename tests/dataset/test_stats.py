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
    turns = (Turn(str(n), sender, ("말",), at, at) for n, sender in enumerate(senders))
    return Session("방", tuple(turns))


def activity_of(messages: Sequence[Message], sessions: Sequence[Session]) -> ActivityStats:
    counter = ActivityCounter()
    assert list(counter.observe(messages)) == list(messages)
    for session in sessions:
        counter.add_session(session)
    return counter.stats()


def test_months_are_complete_across_a_year_end() -> None:
    messages = [message(datetime(2025, 11, 30, 23), "가"), message(datetime(2026, 2, 1, 0), "나")]
    activity = activity_of([*messages, messages[0]], [])
    assert activity.months == (("2025-11", 2), ("2025-12", 0), ("2026-01", 0), ("2026-02", 1))
    assert (activity.hours[23], activity.hours[0], sum(activity.hours)) == (2, 1, 3)


def test_replies_are_counted_within_sessions_only() -> None:
    messages = [message(datetime(2026, 3, 1), sender) for sender in ("가", "가", "나")]
    activity = activity_of(messages, [session("가", "나", "가"), session("나", "가")])
    assert activity.participants == ("가", "나")
    assert activity.reply_counts == ((0, 2), (1, 0))


def test_empty_history_has_no_months() -> None:
    assert activity_of([], []).months == ()


@given(st.lists(st.integers(1, 500), max_size=50), st.integers(1, 500))
def test_histogram_counts_each_size_once(sizes: list[int], max_size: int) -> None:
    sizes = [min(size, max_size) for size in sizes]
    bins = histogram(Counter(sizes), max_size)
    assert sum(count for _, count in bins) == len(sizes)
    assert bins[-1][0] == max_size
    edges = [0, *(edge for edge, _ in bins)]
    assert edges == sorted(set(edges))
    for (edge, count), low in zip(bins, edges, strict=False):
        assert count == sum(low < size <= edge for size in sizes)
