from __future__ import annotations

import math
import random
from statistics import mean

import pytest

from benchmarks.style import sample_people
from kakaobot.style import style_distance, style_profile
from kakaobot.style.typicality import typicality


def halves(name: str) -> tuple[list[str], list[str]]:
    replies = list(sample_people()[name])
    random.Random(1).shuffle(replies)
    return replies[: len(replies) // 2], replies[len(replies) // 2 :]


@pytest.mark.parametrize("name", sample_people())
def test_separates_a_person_from_the_rest_of_the_room(name: str) -> None:
    known, own = halves(name)
    profile = style_profile(known)
    others = [
        typicality(reply, profile)
        for other, replies in sample_people().items()
        if other != name
        for reply in replies
    ]
    mine = [typicality(reply, profile) for reply in own]
    won = mean((one > other) + (one == other) / 2 for one in mine for other in others)
    assert won > 0.95
    assert mean(mine) > -0.2


def test_choosing_by_it_bends_the_style_less_than_choosing_by_distance() -> None:
    """The best of eight of the person's own replies should still be spread as the person's are."""

    def chosen(name: str, by_distance: bool) -> float:
        known, own = halves(name)
        profile, rng = style_profile(known), random.Random(3)

        def rate(reply: str) -> float:
            if by_distance:
                return -style_distance(style_profile([reply]), profile)
            return typicality(reply, profile)

        best = [max(rng.sample(own, 8), key=rate) for _ in range(80)]
        return style_distance(style_profile(best), profile)

    people = sample_people()
    assert mean(chosen(name, by_distance=False) for name in people) < 0.6 * mean(
        chosen(name, by_distance=True) for name in people
    )


def test_is_zero_for_a_usual_reply_and_lowest_without_a_visible_character() -> None:
    profile = style_profile(["응 좋아~", "그래 가자~", "알았어 이따 봐~"] * 20)
    assert typicality("그래 알았어~", profile) == 0
    assert typicality("그렇습니다. 확인하겠습니다.", profile) < -0.5
    assert typicality(" ", profile) == -math.inf


def test_everything_is_usual_for_a_person_without_replies() -> None:
    assert typicality("응", style_profile([])) == 0
