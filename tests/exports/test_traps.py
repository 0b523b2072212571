"""Known traps of the formats, T1 to T21, with at least one test each."""

from __future__ import annotations

import base64
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from kakaobot.errors import ExportError
from kakaobot.exports.reader import decode, parse_export, read_exports
from tests.exports.rooms import android, contents, merge, read, windows


def test_t01_a_body_that_looks_like_a_record_stays_in_the_body() -> None:
    export = windows("[마루] [오전 9:11] [마루] [오전 9:11] 안녕\n  [도담] [오후 1:00] 인용\n")
    assert contents(export) == [
        ("마루", "[마루] [오전 9:11] 안녕\n  [도담] [오후 1:00] 인용", "text")
    ]


def test_t01_crlf_ends_records_if_messages_contain_bare_line_feeds() -> None:
    text = (
        "방 님과 카카오톡 대화\r\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n\r\n"
        "2026년 2월 5일 오전 1:33\r\n"
        "2026년 2월 5일 오전 1:33, 마루 : 인용:\n2026년 2월 4일 오후 3:15, 은솔 : 옛글\n\n끝\r\n"
        "2026년 2월 5일 오전 1:34, 도담 : 응\r\n"
    )
    export = read(text)
    assert contents(export) == [
        ("마루", "인용:\n2026년 2월 4일 오후 3:15, 은솔 : 옛글\n\n끝", "text"),
        ("도담", "응", "text"),
    ]
    assert [message.line for message in export.messages] == [6, 10]


def test_t02_a_date_in_a_windows_message_starts_no_day() -> None:
    export = windows("[마루] [오전 9:11] 약속\n2026년 10월 1일 목요일\n[도담] [오전 9:12] 응\n")
    assert contents(export)[0][1] == "약속\n2026년 10월 1일 목요일"
    assert export.messages[1].at == datetime(2026, 6, 28, 9, 12)


def test_t02_a_timestamp_in_an_android_message_starts_no_day() -> None:
    export = android(
        "2026년 2월 5일 오전 1:33, 마루 : 약속은\n2026년 10월 1일 오후 3:15\n"
        "2026년 2월 5일 오전 1:35, 도담 : 응\n"
    )
    assert contents(export)[0][1] == "약속은\n2026년 10월 1일 오후 3:15"


def test_t02_a_date_in_a_message_without_dates_in_records_starts_no_day() -> None:
    export = read(
        "2026년 2월 5일 목요일\n오후 8:36, 마루 : 약속은\n2026년 10월 1일 목요일\n그날이야\n"
        "오후 8:37, 도담 : 응\n"
    )
    assert [m.at.day for m in export.messages] == [5, 5]


def test_t03_lines_of_another_format_stay_in_the_body() -> None:
    body = "인용\n2026년 10월 1일 오후 3:15, 은솔 : 글\n2026. 10. 1. 오후 3:15, 은솔 : 글\n끝"
    export = windows(f"[마루] [오전 9:11] {body}\n[도담] [오전 9:12] 응\n")
    assert contents(export)[0] == ("마루", body, "text")


def test_t04_names_keep_their_brackets() -> None:
    export = windows("[가람 [분석]] [오전 9:01] 질문\n[[방장]] [오전 9:02] 답\n")
    assert list(export.people) == ["가람 [분석]", "[방장]"]


def test_t05_names_keep_slashes_hashes_colons_commas_and_emoji() -> None:
    export = windows(
        "[김/94/늑 대#1003] [오전 9:02] @이/96#뚜\n[👍🎙️꾸꾸:우] [오전 9:03] 네\n"
        "[0035_우성7차] [오전 9:03] 응\n[.] [오전 9:04] 점\n"
    )
    assert list(export.people) == ["김/94/늑 대#1003", "👍🎙️꾸꾸:우", "0035_우성7차", "."]
    export = android("2026년 2월 5일 오전 1:33, 꾸꾸:우, 2 : 글 : 둘\n")
    assert contents(export) == [("꾸꾸:우, 2", "글 : 둘", "text")]


def test_t05_a_name_with_a_spaced_colon_is_learned_from_its_join_notice() -> None:
    export = android(
        "2026년 2월 5일 오전 1:32, 가람 : 분석님이 들어왔습니다.\n"
        "2026년 2월 5일 오전 1:33, 가람 : 분석 : 글 : 둘\n2026년 2월 5일 오전 1:34, 가람 : 응\n"
    )
    assert contents(export)[1:] == [("가람 : 분석", "글 : 둘", "text"), ("가람", "응", "text")]


def test_t06_a_colon_in_a_body_stays_in_the_body() -> None:
    body = "Day 1 : https://example.com/one\nDay 2 : https://example.com/two"
    export = android(f"2026년 2월 5일 오전 1:33, 도담 : {body}\n")
    assert contents(export) == [("도담", body, "text")]


@pytest.mark.parametrize(
    ("clock", "hour", "minute"),
    [("오전 12:05", 0, 5), ("오후 12:30", 12, 30), ("오전 11:59", 11, 59), ("오후 1:00", 13, 0)],
)
def test_t07_midnight_and_noon_are_parsed(clock: str, hour: int, minute: int) -> None:
    assert windows(f"[마루] [{clock}] 응\n").messages[0].at == datetime(2026, 6, 28, hour, minute)


@pytest.mark.parametrize(("clock", "hour"), [("AM 12:05", 0), ("PM 12:05", 12), ("PM 1:05", 13)])
def test_t07_midnight_and_noon_are_parsed_in_english(clock: str, hour: int) -> None:
    assert windows(f"[마루] [{clock}] 응\n").messages[0].at == datetime(2026, 6, 28, hour, 5)


def test_t07_invalid_times_are_not_understood() -> None:
    export = windows(
        "[마루] [오전 9:01] 응\n[마루] [오후 13:00] 뭐\n이어진 줄\n[마루] [오전 9:02] 아\n"
    )
    assert [text for _, text, _ in contents(export)] == ["응", "아"]
    assert export.not_understood == (6, 7)
    export = android("2026년 2월 28일 오전 1:33, 마루 : 응\n2026년 2월 30일 오전 1:33, 마루 : 뭐\n")
    assert export.not_understood == (6,)


def test_t08_the_weekday_is_ignored() -> None:
    export = read(
        "------------------ 2026년 1월 15일 수요일 ------------------\n[마루] [오전 9:02] 응\n"
    )
    assert export.first == datetime(2026, 1, 15, 9, 2)


def test_t09_a_body_truncated_at_500_characters_is_completed() -> None:
    body = "긴 글 🙂" * 150
    phone = android(f"2026년 6월 28일 오전 9:01, 마루 : {body[:500]}\n")
    pc = windows(f"[마루] [오전 9:01] {body}\n")
    for exports in ([phone, pc], [pc, phone]):
        assert [m.text for m in merge(exports)[0].messages] == [body]


def test_t10_true_repeats_survive_an_overlap() -> None:
    pc = windows("[마루] [오전 9:01] ㅋㅋ\n[마루] [오전 9:01] ㅋㅋ\n[도담] [오전 9:02] 응\n")
    phone = android(
        "2026년 6월 28일 오전 9:01, 마루 : ㅋㅋ\n2026년 6월 28일 오전 9:02, 도담 : 응\n"
    )
    assert [m.text for m in merge([phone, pc])[0].messages] == ["ㅋㅋ", "ㅋㅋ", "응"]


def test_t11_control_characters_in_a_name_add_no_participant() -> None:
    export = windows("[손 \x08팬더] [오전 9:01] 하나\n[손 팬더] [오전 9:02] 둘\n")
    assert export.people == {"손 팬더": 2}


def test_t12_concatenated_exports_of_different_formats_are_parsed() -> None:
    one = "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n\n"
    export = read(
        f"{one}--------------- 2026년 6월 28일 일요일 ---------------\n[마루] [오전 9:01] 응\n"
        "KakaoTalk Chats with 방 (4)\nDate Saved : November 3, 2020, 1:08 PM\n\n"
        "February 10, 2026, 2:33 AM\nFebruary 10, 2026, 2:33 AM, 도담 : 영어\n"
        f"{one}2026년 2월 5일 오전 1:33, 은솔 : 글\n"
    )
    assert export.format == "W-KO+A-EN2+A-KO"
    assert [m.sender for m in export.messages] == ["마루", "도담", "은솔"]
    assert export.not_understood == ()


def test_t13_times_are_naive_local_times() -> None:
    (message,) = windows("[마루] [오전 9:01] 응\n").messages
    assert message.at.tzinfo is None
    assert message.at == datetime(2026, 6, 28, 9, 1)


def test_t14_a_record_before_any_date_is_not_understood() -> None:
    export = read(
        "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n\n[마루] [오전 9:01] 언제\n"
        "--------------- 2026년 6월 28일 일요일 ---------------\n[마루] [오전 9:02] 응\n"
    )
    assert export.not_understood == (4,)
    assert contents(export) == [("마루", "응", "text")]


def test_t15_an_empty_sender_is_a_system_line() -> None:
    assert contents(windows("[] [오후 8:35] 시스템 알림\n")) == [("", "시스템 알림", "system")]
    export = read("2021년 12월 29일 수요일\n오전 12:05,  : 시스템 알림\n오후 1:05, 도담 : 응\n")
    assert contents(export)[0] == ("", "시스템 알림", "system")


def test_t16_blank_lines_and_indentation_are_kept() -> None:
    body = "코드:\n\n    for 줄 in 글:\n\t\tprint(줄)\n\n\nhttps://example.com"
    export = windows(f"[마루] [오전 9:01] {body}\n\n[도담] [오전 9:02] 응\n")
    assert contents(export)[0][1] == body
    assert export.counts.blank == 2


def test_t17_a_text_file_sent_in_the_room_is_skipped(tmp_path: Path) -> None:
    chat = "방 님과 카카오톡 대화\n2026년 2월 5일 오전 1:33, 마루 : 응\n"
    with zipfile.ZipFile(tmp_path / "방.zip", "w") as archive:
        archive.writestr("장보기.txt", "우유\n달걀\n")
        archive.writestr("KakaoTalkChats.txt", chat)
    (export,) = read_exports(tmp_path / "방.zip")
    assert export.file == "KakaoTalkChats.txt"
    with pytest.raises(ExportError, match="카카오톡 대화가 아닙니다"):
        parse_export("우유\n달걀\n", "장보기.txt")


def test_t18_the_body_of_a_mail_is_read(tmp_path: Path) -> None:
    chat = "March 3, 2025 at 9:04\u202fAM, 도담 : 안녕\n"
    body = base64.encodebytes(chat.encode()).decode()
    (tmp_path / "KakaoTalk Chats_2023-2026.eml").write_text(
        "Subject: KakaoTalk Chats\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: base64\n\n{body}",
        encoding="utf-8",
    )
    (export,) = read_exports(tmp_path / "KakaoTalk Chats_2023-2026.eml")
    assert (export.format, contents(export)) == ("A-EN3", [("도담", "안녕", "text")])


def test_t19_a_broken_quote_loses_no_row() -> None:
    export = read(
        'Date,User,Message\n2026-07-09 20:34:26,"마루","하나"\n'
        '2026-07-09 20:35:26,"마루","둘 "인용" 끝\n,"","The message has been deleted."\n'
        '2026-07-09 20:36:26,"도담","셋\n넷\n2026-07-09 20:37:26,"마루","""다섯"""\n'
        '2026-07-09 20:38:26,"도담","여섯, 그리고',
        "chat.csv",
    )
    assert [text for _, text, _ in contents(export)] == [
        "하나", '둘 "인용" 끝', "The message has been deleted.", "셋\n넷", '"다섯"', "여섯, 그리고",
    ]  # fmt: skip
    assert export.not_understood == ()


def test_t19_a_quoted_text_that_looks_like_a_row_stays_in_its_cell() -> None:
    body = "붙임\n2026-07-09 20:35:26,도담,글\n끝"
    export = read(f'Date,User,Message\n2026-07-09 20:34:26,"마루","{body}"\n', "chat.csv")
    assert contents(export) == [("마루", body, "text")]


def test_t20_an_unknown_meridiem_is_not_understood() -> None:
    export = android(
        "2026년 8월 7일 오전 9:05, 마루 : 응\n2026년 8월 7일 아침 9:06, 도담 : 잘못된 형식이야\n"
    )
    assert contents(export) == [("마루", "응", "text")]
    assert export.not_understood == (6,)


@pytest.mark.parametrize(
    "text",
    [
        "[선배] 이번 주 모임\n[후배] 네\n",
        "[2025년 7월 15일] [12:40] 0035 : 안녕\n",
        "2026년 2월 10일 월요일\n마루 : 안녕\n도담 : 응\n",
        "마루\n오후 3:15\n안녕\n도담\n오후 3:16\n응\n",
    ],
)
def test_t21_lookalikes_of_a_chat_are_rejected(text: str) -> None:
    with pytest.raises(ExportError, match=r"방\.txt.*주세요\.$"):
        parse_export(text, "방.txt")


def test_decode_composes_jamo_and_keeps_joiners() -> None:
    family = "👨\u200d👩\u200d👧"
    data = f"2026. 2. 1. 오후 8:29, 도담 : {family}\n".encode()
    assert parse_export(decode(data, "a"), "a").messages[0].text == family
    assert decode("\u1103\u1169 : 응".encode(), "a") == "도 : 응"
