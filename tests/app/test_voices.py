from __future__ import annotations

from datetime import datetime

from kakaobot.app.voices import speeches
from kakaobot.records import Session, Turn


def session(**said: str) -> Session:
    at = datetime(2026, 3, 1)
    return Session(
        "방",
        tuple(
            Turn(f"{who}{n}", who, (text,), at, at) for n, (who, text) in enumerate(said.items())
        ),
    )


def test_each_of_the_most_active_has_a_voice_and_a_distance_from_all() -> None:
    sessions = [session(가="네 알겠습니다. 감사합니다.", 나="ㅋㅋㅋㅋ 가자")] * 80
    found = speeches(sessions, ["가", "나", "다"])
    assert [each.name for each in found] == ["가", "나"]
    assert found[0].apart[0] == found[1].apart[1] == 0
    assert found[0].apart[1] == found[1].apart[0] > 0.3
    assert any("존댓말 100%" in line for line in found[0].lines)


def test_nobody_who_said_nothing_is_shown() -> None:
    assert speeches([], ["가"]) == ()
