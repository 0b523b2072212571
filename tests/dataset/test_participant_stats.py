from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.bot_detection import BotDetector
from kakaobot.dataset.filters import FilterRules
from kakaobot.dataset.participant_stats import (
    ParticipantStats,
    participant_stats,
)
from kakaobot.dataset.pseudonyms import invent_pseudonyms
from kakaobot.dataset.sessions import Sessions, split_sessions
from kakaobot.dataset.target_selection import select_targets
from kakaobot.schema import Session, Turn

START = datetime(2026, 3, 1, 12, 0)
WORDS = [
    "나는",
    "오늘",
    "내일",
    "버스",
    "집에",
    "밥을",
    "먹고",
    "갔다가",
    "왔어",
    "비가",
    "와서",
    "우산",
    "없이",
    "그냥",
    "뛰었지",
    "진짜로",
]


def turn(number: int, sender: str, *lines: str, minute: float | None = None) -> Turn:
    at = START + timedelta(minutes=number if minute is None else minute)
    return Turn(f"a.txt:{number}", sender, lines, at, at)


def sentence(source: random.Random) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(3, 7)))


def session(*said: tuple[str, str]) -> Session:
    return Session("방", tuple(turn(n, who, text) for n, (who, text) in enumerate(said)))


def kept(*sessions: Session) -> Sessions:
    found = Sessions("방")
    for each in sessions:
        found.add(each)
    return found


def sounds_automatic(turns: list[Turn], answers: float) -> bool:
    habits = BotDetector()
    for each in turns:
        habits.add(each)
    return habits.is_bot(answers)


def of(name: str, people: list[ParticipantStats]) -> ParticipantStats:
    return next(each for each in people if each.name == name)


def test_a_table_of_who_speaks() -> None:
    sessions = [
        session(
            ("가", "오늘 뭐 먹을래"), ("나", "떡볶이는 어때"), ("나", "<링크>"), ("가", "좋지")
        ),
    ]
    found = participant_stats({"방": kept(*sessions)}, FilterRules(low_signal_share=1), enough=2)
    assert [each.name for each in found] == ["가", "나"]
    ga, na = found
    assert (ga.messages, ga.replies, ga.median_chars, ga.answer_share, ga.filtered_share) == (
        2,
        2,
        5.0,
        0.5,
        0,
    )
    assert (na.messages, na.replies, na.median_chars, na.answer_share, na.filtered_share) == (
        2,
        1,
        7,
        0.5,
        0.5,
    )
    assert (ga.advice, ga.sentence) == ("enough", "충분: 배울 대답이 2개 있습니다.")
    assert (na.advice, na.sentence) == ("few", "부족: 배울 대답이 1개 더 필요합니다.")


def test_the_first_of_a_session_answers_nobody() -> None:
    sessions = [session(("가", "안녕")), session(("나", "나도 안녕"), ("가", "뭐 하고 지냈어"))]
    found = participant_stats({"방": kept(*sessions)}, FilterRules())
    assert (of("가", found).answer_share, of("나", found).answer_share) == (0.5, 0.0)


def test_messages_are_bubbles() -> None:
    sessions = [Session("방", (turn(0, "가", "오늘", "비가", "왔어"),))]
    assert participant_stats({"방": kept(*sessions)}, FilterRules())[0].messages == 3


@given(
    st.lists(
        st.tuples(st.sampled_from("가나다"), st.sampled_from(["ㅋㅋ", "<링크>", "밥은 먹었니"])),
        min_size=1,
        max_size=40,
    ),
    st.floats(0, 1),
)
def test_usable_is_what_is_learnt_of_the_person(said: list[tuple[str, str]], share: float) -> None:
    rules = FilterRules(low_signal_share=share)
    one = session(*said)
    for each in participant_stats({"방": kept(one)}, rules):
        judgement = select_targets({"방": one.turns}, rules, persona=each.name)["방"]
        assert each.replies == judgement.targets
        assert each.filtered_share == pytest.approx(len(judgement.reasons) / judgement.candidates)


def test_a_program_is_known_by_its_name() -> None:
    found = participant_stats(
        {"방": kept(session(("날씨봇", "맑아요")))}, FilterRules(bots=frozenset({"날씨봇"}))
    )
    assert (found[0].advice, found[0].replies, found[0].filtered_share) == ("bot", 0, 1.0)
    assert "봇으로 보임" in found[0].sentence


def hourly(text: str, count: int = 80) -> list[Turn]:
    return [turn(n, "알리미", text.format(n), minute=60 * n) for n in range(count)]


def talk(count: int = 400) -> list[Turn]:
    source = random.Random(7)
    return [
        turn(n, source.choice("가나"), sentence(source), minute=source.randrange(90) + 97 * n)
        for n in range(count)
    ]


def test_a_program_is_known_by_its_clock_and_its_template() -> None:
    turns = hourly("지금은 {}시입니다 물 한 잔 마실 시간이에요")
    assert sounds_automatic(turns, answers=0.0)
    assert (
        participant_stats({"방": kept(Session("방", tuple(turns)))}, FilterRules())[0].advice
        == "bot"
    )


def test_one_that_only_obeys_is_known_by_its_templates() -> None:
    greeting = "{} 어서 오세요 들어오시면 공지를 꼭 읽어 주세요"
    turns = [
        turn(n, "문지기", greeting.format("가나다라"[n % 4]), minute=n * 37) for n in range(60)
    ]
    assert sounds_automatic(turns, answers=1.0)


def test_people_are_no_programs() -> None:
    turns = talk()
    mine = [each for each in turns if each.sender == "가"]
    assert len(mine) > 100
    assert not sounds_automatic(mine, answers=0.5)
    # One sign alone: a diary that nobody answers, and a diary written at nine every evening.
    assert not sounds_automatic(mine, answers=0.0)
    clock = [turn(n, "가", each.text, minute=n * 1440) for n, each in enumerate(mine)]
    assert not sounds_automatic(clock, answers=0.5)
    assert sounds_automatic(clock, answers=0.0)


def test_laughing_all_day_makes_no_program() -> None:
    assert not sounds_automatic([turn(n, "가", "ㅋㅋㅋ") for n in range(500)], answers=0.0)


def test_a_few_turns_prove_nothing() -> None:
    assert not sounds_automatic(hourly("지금은 {}시입니다 물 마실 시간이에요", 29), answers=0.0)


def test_a_real_way_from_turns_to_advice() -> None:
    sessions = split_sessions("방", talk(), gap=timedelta(minutes=60))
    found = participant_stats({"방": kept(*sessions)}, FilterRules(), enough=100)
    assert [each.advice for each in found] == ["enough", "enough"]


NAMES = st.sets(st.text(min_size=1, max_size=8), max_size=40)


@given(NAMES, st.text(max_size=8))
def test_no_two_pseudonyms_are_alike_and_none_is_a_name(names: set[str], salt: str) -> None:
    found = invent_pseudonyms(names, salt)
    assert set(found) == names
    assert len(set(found.values())) == len(names)
    assert not set(found.values()) & names
    assert found == invent_pseudonyms(sorted(names, reverse=True), salt)


def test_a_pseudonym_is_a_persons_own() -> None:
    names = [f"사람{number}" for number in range(60)]
    everybody = invent_pseudonyms(names, "소금")
    alone = {name: invent_pseudonyms([name], "소금")[name] for name in names}
    # With 4,096 pseudonyms sixty people hardly ever want the same.
    assert sum(everybody[name] == alone[name] for name in names) >= 58
    assert invent_pseudonyms(["사람1"], "설탕") != invent_pseudonyms(["사람1"], "소금")


def test_pseudonyms_stay_as_they_are_given() -> None:
    """They are written into people's data: another table of words would rename everybody."""
    assert invent_pseudonyms(["민수", "지우", "하나"], "x") == {
        "민수": "해맑은 수달",
        "지우": "나는 족제비",
        "하나": "작은 여우",
    }


def test_nobody_is_called_what_somebody_is() -> None:
    assert invent_pseudonyms(["민수", "해맑은 수달"], "x")["민수"] != "해맑은 수달"


def test_there_is_one_for_everybody_in_a_large_room() -> None:
    names = [str(number) for number in range(5000)]
    assert len(set(invent_pseudonyms(names, "x").values())) == 5000


def test_what_was_given_stays_whoever_comes() -> None:
    names = [str(number) for number in range(3000)]
    before = invent_pseudonyms(names[:1500], "x")
    after = invent_pseudonyms(names, "x", before)
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == 3000
    # But nobody keeps what is now somebody's own name.
    assert (
        invent_pseudonyms(["민수", "파란 고래"], "x", {"민수": "파란 고래"})["민수"] != "파란 고래"
    )
    # Nor does a newcomer get what somebody has who is not here now.
    gone = invent_pseudonyms(["민수"], "x")
    assert (
        invent_pseudonyms(["지우"], "x", {"누군가": invent_pseudonyms(["지우"], "x")["지우"]})
        != gone
    )
    assert invent_pseudonyms(["지우"], "x", {"누군가": "작은 여우"})["지우"] != "작은 여우"


def test_no_pseudonym_holds_a_name() -> None:
    names = ["민수", "수달", "해맑은"]
    assert "수달" not in invent_pseudonyms(names, "x")["민수"]
    assert "해맑은" not in invent_pseudonyms(names, "x")["민수"]


def test_how_far_it_is_is_told_again_and_again() -> None:
    told: list[float] = []
    turns = [turn(n, "가나"[n % 2], "밥은 먹었니") for n in range(35_000)]
    some = kept(*(Session("방", (each,)) for each in turns))
    participant_stats({"방": some}, FilterRules(), progress=lambda share, _: told.append(share))
    # Before each part, at every ten thousand turns, and at each of two people.
    assert len(told) == 2 + 3 + 2
    assert told == sorted(told)
    assert 0 == told[0] < told[-1] <= 1
