"""What the scales of likeness are made of: replies of everybody, filtered like targets."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kakaobot.dataset.filters import FilterRules
from kakaobot.dataset.likeness_replies import LikenessReplies
from kakaobot.dataset.target_selection import TargetSelector
from kakaobot.schema import Turn
from kakaobot.style import style_profile
from kakaobot.style.likeness import LikenessScale, measure_likeness
from tests.dataset.turns import turn

PEOPLE = ("가람", "나래", "다온봇")


def room(rounds: int = 240) -> list[Turn]:
    """가람 writes politely, every other time 네; 나래 casually, mostly ㅋㅋ; 다온봇 is a bot."""
    turns = []
    for number in range(rounds):
        turns += [
            turn(9 * number, "가람", "네" if number % 2 else f"내일 {number}시에 뵙겠습니다."),
            turn(9 * number + 3, "나래", "나 지금 가는 중임" if number % 4 == 0 else "ㅋㅋㅋㅋ"),
            turn(9 * number + 6, "다온봇", "오늘의 날씨는 맑습니다"),
        ]
    return turns


def scales(turns: Sequence[Turn], persona: str = "", share: float = 0.3) -> list[LikenessScale]:
    rules = FilterRules(low_signal_share=share)
    selector, replies = TargetSelector(rules, persona=persona), LikenessReplies(rules, persona)
    passed = replies.observe("0", selector.observe("0", turns, {"다온봇"}), PEOPLE)
    assert list(passed) == list(turns)
    return replies.scales(PEOPLE, selector.select())


def test_a_persona_has_one_scale_and_everybody_of_a_room_but_bots() -> None:
    [scale] = scales(room(), "가람")
    assert (scale.name, scale.nearest) == ("가람", "나래")
    assert [scale.name for scale in scales(room())] == ["가람", "나래"]


@pytest.mark.parametrize("share, backchannels", [(0.3, 0.3), (1, 0.5)])
def test_the_persona_is_as_the_targets_are(share: float, backchannels: float) -> None:
    [scale] = scales(room(), "가람", share)
    one_letter = scale.reference.shares("length")["1자"]
    assert one_letter == pytest.approx(backchannels, abs=0.07)


def test_others_are_filtered_as_the_persona_is() -> None:
    """Otherwise a persona without backchannels would look unlike everybody with them."""
    capped = LikenessReplies(FilterRules(low_signal_share=0.3), "가람")
    selector = TargetSelector(FilterRules(), persona="가람")
    turns = [*room(), *(turn(5000 + n, "나래", "https://example.com/a") for n in range(40))]
    list(capped.observe("0", selector.observe("0", turns, ()), PEOPLE))
    people = capped.people(selector.select())
    assert style_profile(people["나래"]).shares("sound")["ㅋ"] <= 0.3
    assert len(people["나래"]) == pytest.approx(60 / 0.7, abs=2)
    assert not any("example" in reply for reply in people["나래"])


def test_replies_of_a_built_room_measure_as_those_of_the_person() -> None:
    made = {scale.name: scale for scale in scales(room())}
    own = [f"모레 {n}시에 뵙겠습니다." if n % 10 > 2 else "네" for n in range(40)]
    likeness = measure_likeness({"가람": own}, made)
    assert likeness.percent == pytest.approx(100, abs=15)
    other = measure_likeness(
        {"가람": ["나 지금 가는 중임", "ㅋㅋㅋㅋ", "나 지금 가는 중임"] * 10}, made
    )
    assert other.percent is not None and other.percent < 30
