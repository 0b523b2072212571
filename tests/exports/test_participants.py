"""Aliases and bots: suggestions, and the effect of confirmed aliases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kakaobot.exports.participants import (
    exporter_candidates,
    find_bots,
    rename_counts,
    rename_senders,
    similar_names,
)
from kakaobot.exports.room_groups import group_files
from tests.exports.rooms import android, merge, read, room_evidence, windows

PHONE = android(
    "2026년 6월 28일 오전 9:01, 회원님 : 가\n2026년 6월 28일 오전 9:02, 도담 : 나\n"
    "2026년 6월 28일 오전 9:03, 오픈채팅봇 : 공지\n2026년 6월 28일 오전 9:03, 로봇청소 : 응\n"
)
PC = windows("[마루] [오전 9:01] 가\n[도담] [오전 9:02] 나\n[마루] [오전 9:03] 다\n")
MAC = read("Date,User,Message\n2026-06-28 09:01:07,마루,가\n2026-06-28 09:02:09,도담,나\n", "a.csv")


def test_exporter_candidates_are_the_missing_participants() -> None:
    assert exporter_candidates([PHONE.people, PC.people]) == {"회원님": ["마루"]}
    assert exporter_candidates([PC.people]) == {}
    assert exporter_candidates([PHONE.people]) == {"회원님": []}


def test_a_confirmed_alias_merges_messages_under_two_names() -> None:
    assert len(merge([PHONE, PC])[0].messages) == 6
    (history,) = merge([PHONE, PC], {"방": {"회원님": "마루"}})
    texts = [message.text for message in history.messages]
    assert texts[:2] == ["가", "나"]
    assert sorted(texts[2:]) == ["공지", "다", "응"]
    assert {message.sender for message in history.messages} >= {"마루", "도담"}
    assert "회원님" not in {message.sender for message in history.messages}


def test_aliases_of_another_room_are_ignored() -> None:
    assert merge([PHONE, PC], {"옆방": {"회원님": "마루"}}) == merge([PHONE, PC])


def test_unknown_aliases_leave_the_export_unchanged() -> None:
    assert rename_senders(PC, {"은솔": "도담"}) is PC


def test_rename_counts_agrees_with_rename_senders() -> None:
    names = {"회원님": "마루", "로봇청소": "마루"}
    assert rename_counts(PHONE.people, names) == rename_senders(PHONE, names).people


def test_a_nameless_file_finds_its_room_with_confirmed_aliases() -> None:
    phone = android(
        "2026년 6월 28일 오전 9:01, 회원님 : 가\n2026년 6월 28일 오전 9:02, 도담 : 나\n"
    )
    assert len(merge([phone, MAC])) == 2
    (history,) = merge([phone, MAC], {"방": {"회원님": "마루"}})
    assert [message.text for message in history.messages] == ["가", "나"]


def test_a_nameless_file_keeps_its_room_after_renaming() -> None:
    pc = windows("[마루] [오전 9:01] 가\n[도담] [오전 9:02] 나\n")
    (history,) = merge([pc, MAC], {"방": {"도담": "도담이"}})
    assert [message.sender for message in history.messages] == ["마루", "도담이"]


def test_aliases_confirmed_before_grouping_are_kept() -> None:
    pc = windows("[마루] [오전 9:01] 가\n[도담이] [오전 9:02] 나\n")
    aliases = {"a": {"도담": "도담이"}}
    (group,) = group_files(room_evidence([pc, MAC]), aliases)
    assert (group.keys[0], "a" in group.keys) == ("방", True)
    (history,) = merge([pc, MAC], aliases)
    assert [message.sender for message in history.messages] == ["마루", "도담이"]


def test_rename_senders_accepts_any_sequence() -> None:
    export = rename_senders(replace(PHONE, messages=list(PHONE.messages)), {"회원님": "마루"})
    assert export.people["마루"] == 1
    assert len(merge([export, PC])[0].messages) == 5


def test_bots_are_detected_by_name() -> None:
    assert find_bots([*PHONE.people, *PC.people]) == ["오픈채팅봇"]
    assert find_bots(["방장봇", "날씨봇", "weather Bot", "봇", "로봇청소", "Abbot"]) == [
        "방장봇", "날씨봇", "weather Bot",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        ("도담", "도담🐰"),
        ("도담", "도담 "),
        ("김 도담", "김도담"),
        ("도담", "도\u200b담"),
        ("도담", "\u1103\u1169\u1103\u1161\u11b7"),
        ("도담", "도담 ❤️‍🔥"),
        ("도담", "도담👨🏽‍💻"),
    ],
)
def test_similar_names_are_grouped(names: tuple[str, str]) -> None:
    one, other = names
    assert similar_names({other: 1, one: 5, "마루": 3}) == [[one, other]]


@pytest.mark.parametrize(
    "names",
    [
        ("도담", "도담이"),
        ("🐰", "🐻"),
        ("도담", "🐰도담"),
        ("도담1", "도담2"),
        ("ㅋ", "ㅎ"),
        (".", ".."),
    ],
)
def test_different_names_are_not_grouped(names: tuple[str, str]) -> None:
    assert similar_names(dict.fromkeys(names, 1)) == []
