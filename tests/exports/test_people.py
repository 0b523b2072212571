"""Aliases and bots: what is proposed, and what confirming it does."""

from __future__ import annotations

from kakaobot.exports.merge import merge
from kakaobot.exports.people import bots, exporters, renamed
from tests.exports.rooms import android, windows

PHONE = android(
    "2026년 6월 28일 오전 9:01, 회원님 : 가\n2026년 6월 28일 오전 9:02, 도담 : 나\n"
    "2026년 6월 28일 오전 9:03, 오픈채팅봇 : 공지\n2026년 6월 28일 오전 9:03, 로봇청소 : 응\n"
)
PC = windows("[마루] [오전 9:01] 가\n[도담] [오전 9:02] 나\n[마루] [오전 9:03] 다\n")


def test_the_exporter_is_proposed_to_be_who_is_missing_under_an_own_name() -> None:
    assert exporters([PHONE, PC]) == {"회원님": ["마루"]}
    assert exporters([PC]) == {}
    assert exporters([PHONE]) == {"회원님": []}


def test_a_confirmed_name_makes_one_message_of_the_same_message_under_two_names() -> None:
    assert len(merge([PHONE, PC])[0].messages) == 6
    (history,) = merge([renamed(PHONE, {"회원님": "마루"}), PC])
    texts = [message.text for message in history.messages]
    assert texts[:2] == ["가", "나"]
    assert sorted(texts[2:]) == ["공지", "다", "응"]


def test_names_that_nobody_bears_change_nothing() -> None:
    assert renamed(PC, {"은솔": "도담"}) is PC


def test_bots_are_found_by_name_and_people_are_not() -> None:
    assert bots([PHONE, PC]) == ["오픈채팅봇"]
