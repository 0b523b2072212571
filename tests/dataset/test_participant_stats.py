from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.filters import FilterRules
from kakaobot.dataset.participant_stats import ParticipantStats, participant_stats
from kakaobot.dataset.sessions import Sessions, split_sessions
from kakaobot.dataset.target_selection import select_targets
from kakaobot.schema import Session, Turn
from tests.dataset.turns import WORDS, turn


def session(*texts: tuple[str, str]) -> Session:
    return Session("방", tuple(turn(n, sender, text) for n, (sender, text) in enumerate(texts)))


def room(sessions: Iterable[Session]) -> dict[str, Sessions]:
    spilled = Sessions("방")
    for session in sessions:
        spilled.add(session)
    return {"방": spilled}


def by_name(stats: list[ParticipantStats]) -> dict[str, ParticipantStats]:
    return {participant.name: participant for participant in stats}


def random_turns(count: int = 400) -> list[Turn]:
    rng = random.Random(7)
    turns = []
    for n in range(count):
        sender = rng.choice("가나")
        text = " ".join(rng.choices(WORDS, k=rng.randint(3, 7)))
        turns.append(turn(n, sender, text, minute=rng.randrange(90) + 97 * n))
    return turns


def test_stats_of_two_participants() -> None:
    sessions = [
        session(
            ("가", "오늘 뭐 먹을래"), ("나", "떡볶이는 어때"), ("나", "<링크>"), ("가", "좋지")
        ),
    ]
    stats = participant_stats(room(sessions), FilterRules(low_signal_share=1), enough=2)
    assert [participant.name for participant in stats] == ["가", "나"]
    ga, na = stats
    assert (ga.messages, ga.replies, ga.median_chars) == (2, 2, 5.0)
    assert (ga.answer_share, ga.filtered_share) == (0.5, 0)
    assert (na.messages, na.replies, na.median_chars) == (2, 1, 7)
    assert (na.answer_share, na.filtered_share) == (0.5, 0.5)
    assert (ga.advice, ga.sentence) == ("enough", "충분: 배울 대답이 2개 있습니다.")
    assert (na.advice, na.sentence) == ("few", "부족: 배울 대답이 1개 더 필요합니다.")


def test_first_turn_of_a_session_is_not_an_answer() -> None:
    sessions = [session(("가", "안녕")), session(("나", "나도 안녕"), ("가", "뭐 하고 지냈어"))]
    stats = by_name(participant_stats(room(sessions), FilterRules()))
    assert (stats["가"].answer_share, stats["나"].answer_share) == (0.5, 0.0)


def test_messages_are_counted_per_bubble() -> None:
    sessions = [Session("방", (turn(0, "가", "오늘", "비가", "왔어"),))]
    assert participant_stats(room(sessions), FilterRules())[0].messages == 3


@given(
    st.lists(
        st.tuples(st.sampled_from("가나다"), st.sampled_from(["ㅋㅋ", "<링크>", "밥은 먹었니"])),
        min_size=1,
        max_size=40,
    ),
    st.floats(0, 1),
)
def test_usable_replies_are_the_targets_of_that_persona(
    texts: list[tuple[str, str]], share: float
) -> None:
    rules = FilterRules(low_signal_share=share)
    single = session(*texts)
    for participant in participant_stats(room([single]), rules):
        selection = select_targets({"방": single.turns}, rules, persona=participant.name)["방"]
        assert participant.replies == selection.targets
        assert participant.filtered_share == pytest.approx(
            len(selection.reasons) / selection.candidates
        )


def test_a_bot_is_detected_by_name() -> None:
    rules = FilterRules(bots=frozenset({"날씨봇"}))
    [bot] = participant_stats(room([session(("날씨봇", "맑아요"))]), rules)
    assert (bot.advice, bot.replies, bot.filtered_share) == ("bot", 0, 1.0)
    assert "봇으로 보임" in bot.sentence


def test_a_bot_is_detected_by_its_behavior() -> None:
    text = "지금은 {}시입니다 물 한 잔 마실 시간이에요"
    turns = [turn(n, "알리미", text.format(n), minute=60 * n) for n in range(80)]
    stats = participant_stats(room([Session("방", tuple(turns))]), FilterRules())
    assert stats[0].advice == "bot"


def test_participants_with_enough_replies_are_recommended() -> None:
    sessions = split_sessions("방", random_turns(), gap=timedelta(minutes=60))
    stats = participant_stats(room(sessions), FilterRules(), enough=100)
    assert [participant.advice for participant in stats] == ["enough", "enough"]


def test_progress_is_reported_repeatedly() -> None:
    shares: list[float] = []
    turns = [turn(n, "가나"[n % 2], "밥은 먹었니") for n in range(35_000)]
    rooms = room(Session("방", (turn,)) for turn in turns)
    participant_stats(rooms, FilterRules(), progress=lambda share, _: shares.append(share))
    # Once per stage, every ten thousand turns, and once per participant.
    assert len(shares) == 2 + 3 + 2
    assert shares == sorted(shares)
    assert 0 == shares[0] < shares[-1] <= 1
