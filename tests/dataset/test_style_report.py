from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kakaobot.dataset.style_report import ParticipantStyle, ParticipantStyles
from kakaobot.schema import Turn


def turns(**said: str) -> list[Turn]:
    at = datetime(2026, 3, 1)
    return [Turn(f"{who}{n}", who, (text,), at, at) for n, (who, text) in enumerate(said.items())]


def speeches(said: Sequence[Turn], people: Sequence[str]) -> tuple[ParticipantStyle, ...]:
    voices = ParticipantStyles()
    assert list(voices.observe(said, people)) == list(said)
    return voices.report(people)


def test_each_of_the_most_active_has_a_voice_and_a_distance_from_all() -> None:
    said = turns(가="네 알겠습니다. 감사합니다.", 나="ㅋㅋㅋㅋ 가자") * 80
    found = speeches(said, ["가", "나", "다"])
    assert [each.name for each in found] == ["가", "나"]
    assert found[0].distances[0] == found[1].distances[1] == 0
    assert found[0].distances[1] == found[1].distances[0] > 0.3
    assert any("존댓말 100%" in line for line in found[0].sentences)


def test_nobody_who_said_nothing_is_shown() -> None:
    assert speeches([], ["가"]) == ()
