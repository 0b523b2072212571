"""Invented turns for the tests of participants and bots."""

from __future__ import annotations

from datetime import datetime, timedelta

from kakaobot.schema import Turn

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
