from __future__ import annotations

import pytest

from kakaobot.runs.labels import duration_text, rough_duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0초"),
        (59.6, "1분"),
        (60, "1분"),
        (471, "7분 51초"),
        (3661, "1시간 1분"),
        (3605, "1시간"),
        (90000, "1일 1시간"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0초"),
        (59.6, "1분 0초"),
        (200, "3분 20초"),
        (3605, "1시간 0분"),
        (7260, "2시간 1분"),
        (90000, "25시간 0분"),
    ],
)
def test_a_fixed_duration_keeps_zero_units_and_has_no_days(seconds: float, text: str) -> None:
    assert duration_text(seconds, fixed=True) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1분"),
        (61, "2분"),
        (3600, "1시간"),
        (3700, "1시간 2분"),
        (36000, "10시간"),
        (37900, "11시간"),
    ],
)
def test_a_rough_duration_is_rounded_up(seconds: float, text: str) -> None:
    assert rough_duration_text(seconds) == text
