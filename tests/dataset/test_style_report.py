from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kakaobot.dataset.style_report import ParticipantStyle, ParticipantStyles
from kakaobot.schema import Turn


def turns_of(**texts: str) -> list[Turn]:
    at = datetime(2026, 3, 1)
    return [
        Turn(f"{sender}{n}", sender, (text,), at, at)
        for n, (sender, text) in enumerate(texts.items())
    ]


def report(turns: Sequence[Turn], participants: Sequence[str]) -> tuple[ParticipantStyle, ...]:
    styles = ParticipantStyles()
    assert list(styles.observe(turns, participants)) == list(turns)
    return styles.report(participants)


def test_active_participants_have_sentences_and_distances() -> None:
    turns = turns_of(가="네 알겠습니다. 감사합니다.", 나="ㅋㅋㅋㅋ 가자") * 80
    ga, na = report(turns, ["가", "나", "다"])
    assert (ga.name, na.name) == ("가", "나")
    assert ga.distances[0] == na.distances[1] == 0
    assert ga.distances[1] == na.distances[0] > 0.3
    assert any("존댓말 100%" in sentence for sentence in ga.sentences)


def test_participants_without_turns_are_left_out() -> None:
    assert report([], ["가"]) == ()
