"""The four main formats, headers, and concatenated exports."""

from __future__ import annotations

from datetime import datetime

import pytest

from kakaobot.exports.reader import read_data
from tests.exports.rooms import android, contents, read, windows

WINDOWS = """마루 님과 카카오톡 대화
저장한 날짜 : 2026-11-03 10:44:52

--------------- 2026년 6월 28일 일요일 ---------------
[마루] [오전 1:01] 사진
[마루] [오후 12:11] https://example.com/main?mode=LSD&mid=shm
마루님이 나갔습니다.
[도담] [오후 2:41] 화 19:30-22:30


자유석(선착순)
오후 6시 앞 : 번호표대로
  - 번호표 : 9:00 ~ 18:20
[오픈채팅봇] [오후 2:42] 공지글을 반드시 확인하세요!!

--------------- 2026년 6월 29일 월요일 ---------------
[마루] [오전 12:05] 자니
메시지가 삭제되었습니다.
"""

ANDROID = """주말 모임,도담 4 님과 카카오톡 대화
저장한 날짜 : 2026년 11월 3일 오전 11:29


2026년 2월 5일 오전 1:33
2026년 2월 5일 오전 1:33, 회원님 : 공부하기
2026년 2월 5일 오전 1:34, 마루님이 도담님과 은솔님을 초대했습니다.
2026년 2월 5일 오후 8:35,  : 시스템 알림
2026년 2월 5일 목요일 오후 8:36, 도담 : Day 1 : https://example.com/one
Day 2 : https://example.com/two
2026년 2월 5일 오후 8:37, 도담 : 삭제된 메시지입니다.

2026년 2월 6일 오후 12:30
2026년 2월 6일 오후 12:30, 도담 : (이모티콘)\x20
"""

IOS = """Talk_2026.2.10 08:50-1.txt
저장한 날짜 : 2026. 2. 10. 오후 12:16

2026년 2월 1일 일요일
2026. 2. 1. 오후 8:26: 마루님이 방장이 되었습니다.
2026. 2. 1. 오후 8:29, 마루 : 공지사항
2026. 2. 1. 오후 8:29, 회원님 : 맞아용 ㅎㅎ
"""

MAC = """Date,User,Message
2026-07-09 20:34:26,"마루","마루 invited 도담 and."
2026-07-09 20:35:30,"마루","나쁘게 보는 건 아닌데 ""안녕!!"" 하나

  들여 쓴 줄"
,"","The message has been deleted."
2026-07-09 20:36:07,도담,(사진)
2026-07-09 20:37:30,"","시스템 알림"
"""


def test_a_windows_export_is_parsed() -> None:
    export = read(WINDOWS)
    assert (export.format, export.room, export.has_room_name) == ("W-KO", "마루", True)
    assert contents(export) == [
        ("마루", "사진", "media"),
        ("마루", "https://example.com/main?mode=LSD&mid=shm", "text"),
        ("", "마루님이 나갔습니다.", "system"),
        (
            "도담",
            "화 19:30-22:30\n\n\n자유석(선착순)\n오후 6시 앞 : 번호표대로\n"
            "  - 번호표 : 9:00 ~ 18:20",
            "text",
        ),
        ("오픈채팅봇", "공지글을 반드시 확인하세요!!", "text"),
        ("마루", "자니", "text"),
        ("", "메시지가 삭제되었습니다.", "deleted"),
    ]
    assert export.messages[5].at == datetime(2026, 6, 29, 0, 5)
    assert export.messages[3].line == 8
    assert vars(export.counts) == {
        "messages": 5,
        "continuations": 5,
        "headers": 2,
        "dates": 2,
        "system": 2,
        "blank": 2,
        "not_understood": 0,
    }


def test_an_android_export_is_parsed() -> None:
    export = read(ANDROID)
    assert (export.format, export.room, export.has_room_name) == ("A-KO", "주말 모임,도담", True)
    assert contents(export) == [
        ("회원님", "공부하기", "text"),
        ("", "마루님이 도담님과 은솔님을 초대했습니다.", "system"),
        ("", "시스템 알림", "system"),
        ("도담", "Day 1 : https://example.com/one\nDay 2 : https://example.com/two", "text"),
        ("도담", "삭제된 메시지입니다.", "deleted"),
        ("도담", "(이모티콘) ", "media"),
    ]
    assert export.first == datetime(2026, 2, 5, 1, 33)
    assert export.last == datetime(2026, 2, 6, 12, 30)
    assert export.people == {"도담": 3, "회원님": 1}


def test_an_ios_export_is_parsed() -> None:
    export = read(IOS)
    assert (export.format, export.room, export.has_room_name) == (
        "I-KO",
        "Talk_2026.2.10 08:50",
        False,
    )
    assert contents(export) == [
        ("", "마루님이 방장이 되었습니다.", "system"),
        ("마루", "공지사항", "text"),
        ("회원님", "맞아용 ㅎㅎ", "text"),
    ]


def test_a_mac_export_is_parsed() -> None:
    export = read(MAC, "KakaoTalk_Chat_주말 [방]_2026-04-22-12-40-45.csv")
    assert (export.format, export.room, export.has_room_name) == ("M-CSV", "주말 [방]", True)
    assert contents(export) == [
        ("", "마루 invited 도담 and.", "system"),
        ("마루", '나쁘게 보는 건 아닌데 "안녕!!" 하나\n\n  들여 쓴 줄', "text"),
        ("", "The message has been deleted.", "deleted"),
        ("도담", "(사진)", "media"),
        ("", "시스템 알림", "system"),
    ]
    assert export.messages[2].at == datetime(2026, 7, 9, 20, 35, 30)


def test_a_24_hour_clock_with_english_headers_and_dates_is_parsed() -> None:
    text = (
        "방 with KakaoTalk Chats\nDate Saved : 2026-08-03 00:47:14\n\n"
        "--------------- Saturday, August 1, 2026 ---------------\n[도담] [{}] 안녕\n"
    )
    for clock, format, hour in (
        ("20:36", "W-24", 20),
        ("오후 8:36", "W-KO", 20),
        ("PM 8:36", "W-MIX", 20),
        ("12:36 AM", "W-EN", 0),
    ):
        export = read(text.format(clock))
        assert (export.format, export.room) == (format, "방")
        assert export.messages[0].at == datetime(2026, 8, 1, hour, 36)


def test_an_ios_export_with_a_24_hour_clock_is_parsed() -> None:
    export = read("2026년 1월 1일 목요일\n2026. 1. 1 10:43, 도담 : 안녕\n", "방.txt")
    assert (export.format, export.room) == ("I-KO24", "방")


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("연습방 카카오톡 대화", "연습방"),
        ("연습방 님과의 카카오톡 대화", "연습방"),
        ("카카오톡 대화 with 연습방", "연습방"),
        ("연습방 (4명)과 카카오톡 대화-1.txt", "연습방"),
        ("KakaoTalk Chats with 연습방 (4 people)-1.txt", "연습방"),
    ],
)
def test_every_known_header_names_the_room(line: str, room: str) -> None:
    export = read(
        f"{line}\n저장한 날짜 : 2026. 2. 10. 오후 12:16\n\n2026. 2. 1. 오후 8:29, 마루 : 응\n"
    )
    assert (export.room, export.counts.headers) == (room, 2)


def test_a_year_belongs_to_an_android_room_name() -> None:
    text = "{}\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n2026년 2월 5일 오전 1:33, 마루 : 응\n"
    assert read(text.format("연구방 2025 님과 카카오톡 대화")).room == "연구방 2025"
    assert (
        read(text.format("연구방 2025 (NLP) 2716 님과 카카오톡 대화")).room == "연구방 2025 (NLP)"
    )


def test_text_containing_a_placeholder_is_text() -> None:
    for text in ("사진은 어떻게 해?", ".txt 파일만 받아", "이모티콘 쓰면 (emoticon)이렇게 떠"):
        assert contents(windows(f"[마루] [오전 9:01] {text}\n"))[0][2] == "text"
    export = windows("[마루] [오전 9:01] 응\n참여자님이 분석한 결과입니다.\n")
    assert len(export.messages) == 1


def test_the_warning_appended_to_an_open_chat_join_belongs_to_it() -> None:
    export = windows(
        "춘식님이 들어왔습니다.타인, 기관 등의 사칭에 유의해 주세요.\n운영정책 보기\n"
        "[마루] [오전 9:01] 어서 와\n"
    )
    assert [kind for *_, kind in contents(export)] == ["system", "text"]


def test_stray_line_feeds_in_a_crlf_file_lose_no_record() -> None:
    rows = "".join(f"2026년 2월 5일 오전 1:{n}, 마루 : 하나\r\n둘\r\n" for n in range(10, 20))
    export = android(
        rows + "2026년 2월 5일 오전 1:33, 마루 : 하나\n2026년 2월 5일 오전 1:34, 도담 : 둘\r\n"
    )
    assert export.counts.messages == 12


def test_concatenated_exports_are_parsed_in_their_own_formats() -> None:
    export = read(WINDOWS + "\ufeff".join(("", ANDROID)))
    assert export.format == "W-KO+A-KO"
    assert export.counts.headers == 4
    assert export.counts.not_understood == 0
    assert export.messages[-1].sender == "도담"


@pytest.mark.parametrize(("end", "left"), [("야", ""), ("é", ""), ("🙂", ""), ("a", "a")])
def test_a_file_truncated_inside_a_character_is_read(end: str, left: str) -> None:
    data = (WINDOWS + f"[마루] [오전 1:05] 자니{end}").encode()
    cut = data if left else data[:-1]
    assert read_data(cut, "a.txt").messages[-1].text == f"자니{left}"


def test_messages_are_equal_on_every_access() -> None:
    messages = read(WINDOWS).messages
    assert list(messages) == [messages[number] for number in range(len(messages))]
    assert messages[1:3] == tuple(messages)[1:3]
    assert messages[-1] == list(messages)[-1]
    assert messages == tuple(messages)
    assert messages != tuple(messages)[:-1]


@pytest.mark.parametrize(
    "text",
    [
        "삭제된 메시지입니다.",
        "메시지가 삭제되었습니다.",
        "이 메시지는 삭제되었습니다.",
        "This message was deleted.",
        "The message has been deleted.",
        "관리자가 메시지를 가렸습니다.",
        "3개의 메시지를 가렸습니다.",
        "This message has been hidden by the chatroom managers.",
        "도담님이 들어왔습니다.",
        "도담님을 내보냈습니다.",
        "도담님이 방장이 되었습니다.",
        "불법촬영물 식별 및 게재제한 안내",
        "전기통신사업법에 따라 알립니다",
        "선물게임이 종료되었습니다.",
        "마루 invited 도담.",
        "마루 left.",
        "도담 joined this chatroom.",
    ],
)
def test_untimed_notices_are_detected_after_a_message(text: str) -> None:
    export = read(WINDOWS + f"[마루] [오전 1:05] 글\n{text}\n[마루] [오전 1:06] 또\n")
    assert [message.sender for message in export.messages][-3:] == ["마루", "", "마루"]


HEAD = WINDOWS.split("[마루]", 1)[0]
PHONE = ANDROID.split("2026년 2월 5일 오전 1:33,", 1)[0]


def test_one_line_of_another_format_does_not_decide_the_format() -> None:
    rows = "".join(f"2026년 2월 5일 오전 1:{n:02d}, 이 : 글\n" for n in range(50))
    for line in ("2026년 2월 5일 오전 9:05:마루:안녕", "2026년 2월 5일 오후 11:59:60, 이 : 윤초"):
        export = read(f"{PHONE}{rows}{line}\n")
        assert export.format == "A-KO"
        assert export.people == {"이": 50}


@pytest.mark.parametrize(
    "quoted",
    ["2026년 2월 5일 오전 1:05, 이 : 옛글", "오후 1:00, 행사 : 발표", "2026-03-01 10:01, a : b"],
)
def test_a_long_quote_does_not_decide_the_format(quoted: str) -> None:
    body = f"{quoted}\n" * 30
    export = read(f"{HEAD}[김] [오전 9:00] 백업:\n{body}" + "[나] [오전 9:01] 글\n" * 8)
    assert export.format == "W-KO"
    assert export.people == {"나": 8, "김": 1}
    assert export.messages[0].text == f"백업:\n{body}".rstrip()


def test_the_rest_of_a_split_message_does_not_decide_the_format() -> None:
    rows = "".join(f"2026. 2. 1. 오후 8:{n:02d}, 이 : 글\n" for n in range(60))
    quoted = "2026-03-01 10:01, a : b\n" * 20
    export = read(f"인용\n{quoted}{rows}", "Talk_2026.2.10 08:50-2.txt")
    assert export.format == "I-KO"
    assert len(export.messages) == 60


def test_csv_concatenated_with_text_is_parsed_as_csv() -> None:
    for text in (WINDOWS + MAC, MAC + WINDOWS, MAC + WINDOWS + ANDROID + MAC):
        export = read(text)
        parts = [read(part) for part in (WINDOWS, MAC, ANDROID) if part in text]
        assert set(export.format.split("+")) == {part.format for part in parts}
        assert export.counts.messages >= sum(part.counts.messages for part in parts)
        assert export.not_understood == ()
        assert export.room == "마루"


def test_lines_of_concatenated_csv_are_numbered_in_the_file() -> None:
    text = WINDOWS + MAC
    rows = text.split("\n")
    for message in read(text).messages:
        assert message.text.split("\n")[0][:4].replace('"', "") in rows[message.line - 1].replace(
            '"', ""
        )


def test_an_export_quoted_in_a_cell_does_not_end_the_csv() -> None:
    cell = "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n끝"
    export = read(f'{MAC}2026-07-09 20:36:30,"마루","{cell}"\n2026-07-09 20:37:30,"마루","또"\n')
    assert [message.text for message in export.messages][-2:] == [cell, "또"]


@pytest.mark.parametrize("windows_first", [True, False])
def test_concatenated_exports_may_differ_in_line_ends(windows_first: bool) -> None:
    pc = HEAD + "[나] [오전 9:01] 글\n[나] [오전 9:02] 두 줄\n이어짐\n" * 200
    phone = PHONE + "2026년 2월 5일 오전 1:33, 이 : 글\n" * 50
    for joined in ((pc.replace("\n", "\r\n"), phone), (pc, phone.replace("\n", "\r\n"))):
        export = read("".join(joined if windows_first else joined[::-1]))
        assert export.people == {"나": 400, "이": 50}
        assert export.not_understood == ()


def test_records_below_an_invalid_date_are_not_understood() -> None:
    export = read(
        WINDOWS
        + "--------------- 2026년 2월 30일 월요일 ---------------\n[마루] [오전 9:00] 언제\n"
    )
    assert len(export.not_understood) == 2
    assert "언제" not in [message.text for message in export.messages]


def test_a_row_truncated_inside_a_name_adds_no_participant() -> None:
    export = read(MAC + '2026-07-09 20:40:00,"가')
    assert export.not_understood == (export.lines,)
    assert "가" not in "".join(export.people)


def test_byte_order_marks_are_removed_from_the_room_name() -> None:
    assert read_data(("\ufeff\ufeff" + WINDOWS).encode(), "a.txt").room == "마루"
