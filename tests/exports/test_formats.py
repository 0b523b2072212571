"""Every format in the exact lines KakaoTalk writes, with variants; the words are invented."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.exports.rooms import contents, read

A_EN1 = """KakaoTalk Chats with 마루 모임방,도담,은솔 (4)
Date Saved : 1:01am, August 3, 2015


8:34pm, July 9, 2015
8:34pm, July 9, 2015, 마루 invited 도담 and 은솔.
8:44pm, July 9, 2015, you : 네 맞아요 ㅋㅋㅋ
8:45pm, July 9, 2015, 도담 : <Photo>
8:45pm, July 9, 2015, 도담 : (emoticon)

12:05am, July 10, 2015
12:05am, July 10, 2015, 은솔 : 자니?
"""

A_EN2 = """KakaoTalk Chats with 마루
Date Saved : November 3, 2020, 1:08 PM


February 10, 2016, 2:33 AM
February 10, 2016, 2:33 AM, you : Photo
February 10, 2016, 2:34 AM, 마루 : first line

  third line, 2:35 AM
February 10, 2016, 2:36 p.m., 마루 joined this chatroom.
"""

A_EN3 = """KakaoTalk Chats with 마루
Date Saved : November 3, 2025 at 1:08\u202fPM


March 3, 2025 at 9:04\u202fAM
March 3, 2025 at 9:04\u202fAM, 도담 : one
March 3, 2025 at 9:05\u00a0p.m., 도담 : two
March 3, 2025 at 9:06 \u202fPM, 도담 : This message was deleted.
March 3, 2025 at 9:07 PM, 은솔 has been removed from this chatroom.
March 3, 2025 at 9:08 PM, 도담 : This message has been hidden by the chatroom managers.
"""

I_KO = """우리 모임 (4명)과 카카오톡 대화-1.txt
저장한 날짜 : 2015. 8. 3. 오전 12:15



2015년 7월 9일 목요일
2015. 7. 9. 오후 8:34: 마루님이 도담님과 은솔님을 초대했습니다.
2015. 7. 9. 오후 8:35, 회원님 : 맞아용 ㅎㅎ
2018. 11. 1. 오후 6:39: 채팅방 관리자가 메시지를 가렸습니다.
"""

I_KO24 = """우리 방 님과 카카오톡 대화
저장한 날짜 : 2026. 10. 3. 23:59

2026. 1. 1. 목요일
2026. 1. 1 10:43, 도담 : 안녕
2026. 10. 3. 23:59, 마루 : 자자
"""

I_KOISO = """Talk_2026.5.25 15:10-1.txt
저장한 날짜 : 2026-05-27 오후 4:13

2026년 5월 25일 월요일
2026-05-25 오후 10:15, 도담 : 첫 줄
두 번째 줄
2026-05-25 오후 10:16: 도담님이 나갔습니다.
2026-05-25 22:17, 마루 : 끝
"""

I_KOSHORT = """방 님과 카카오톡 대화
저장한 날짜 : 2021년 12월 18일 오후 7:17

2021년 12월 29일 수요일
오전 12:05,  : 시스템 알림
오후 8:36, 도담 : ㅎㅇ
오후 8:38, 도담님이 나갔습니다.
2021년 12월 30일 목요일
오전 12:01, 마루 : 갔네
"""

I_EN1 = """KakaoTalk Chats with 모임방 (4 people)-1.txt
Date Saved : Aug 3, 2015, 12:20 AM

Thursday, July 9, 2015
Jul 9, 2015, 8:34 PM: 마루 invited 도담 and 은솔.
Jul 9, 2015, 8:35 PM, You : 맞아용 ㅎㅎ
"""

I_EN2 = """Talk_2021.3.30 22:16-1.txt
Date Saved : Apr 23, 2021 14:55

Thursday, July 16, 2020
Jul 16, 2020 22:23, 도담 : first line
second line
Jul 17, 2020 00:02, 도담 : 5 photos
"""

I_EN3 = """Talk_2026.4.25 10:20-1.txt
Date Saved : Apr 25, 2026 at 10:38

Wednesday, December 31, 2014
Dec 31, 2014 at 19:12: 도담 invited iPad .
Dec 31, 2014 at 19:12, 도담 : hello
Tuesday, February 17, 2015
Feb 17, 2015 at 21:01: iPad left this chatroom.
Feb 17, 2015 at 21:02: 도담님이 방장이 되었습니다.
"""


@pytest.mark.parametrize(
    ("text", "format", "room", "kinds", "last"),
    [
        (A_EN1, "A-EN1", "마루 모임방,도담,은솔", "stmmt", datetime(2015, 7, 10, 0, 5)),
        (A_EN2, "A-EN2", "마루", "mts", datetime(2016, 2, 10, 14, 36)),
        (A_EN3, "A-EN3", "마루", "ttdsd", datetime(2025, 3, 3, 21, 8)),
        (I_KO, "I-KO", "우리 모임", "std", datetime(2018, 11, 1, 18, 39)),
        (I_KO24, "I-KO24", "우리 방", "tt", datetime(2026, 10, 3, 23, 59)),
        (I_KOISO, "I-KOiso", "Talk_2026.5.25 15:10", "tst", datetime(2026, 5, 25, 22, 17)),
        (I_KOSHORT, "I-KOshort", "방", "stst", datetime(2021, 12, 30, 0, 1)),
        (I_EN1, "I-EN1", "모임방", "st", datetime(2015, 7, 9, 20, 35)),
        (I_EN2, "I-EN2", "Talk_2021.3.30 22:16", "tm", datetime(2020, 7, 17, 0, 2)),
        (I_EN3, "I-EN3", "Talk_2026.4.25 10:20", "stss", datetime(2015, 2, 17, 21, 2)),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 10 else "",
)
def test_every_line_of_this_format_is_understood(
    text: str, format: str, room: str, kinds: str, last: datetime
) -> None:
    export = read(text)
    assert (export.format, export.room) == (format, room)
    assert "".join(message.kind[0] for message in export.messages) == kinds
    assert export.last == last
    assert export.not_understood == ()
    assert export.counts.headers == 2


def test_blank_lines_and_indentation_in_an_english_message_are_kept() -> None:
    assert contents(read(A_EN2))[1] == ("마루", "first line\n\n  third line, 2:35 AM", "text")


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2017년 4월 23일 일요일 오후 12:56, 마루 : 응", datetime(2017, 4, 23, 12, 56)),
        ("2026년 10월 3일 오전 1:02:03, 마루 : 응", datetime(2026, 10, 3, 1, 2, 3)),
        ("2026년 10월 3일 21:02, 마루 : 응", datetime(2026, 10, 3, 21, 2)),
        ("2025년 3월 25일 오전 9:09:마루:응", datetime(2025, 3, 25, 9, 9)),
        ("2025. 5. 18. 오전 9:26, 마루 : 응", datetime(2025, 5, 18, 9, 26)),
        ("2025. 5. 18. 오전 9:26:07, 마루 : 응", datetime(2025, 5, 18, 9, 26, 7)),
        ("2025-01-01 오전 9:26, 마루 : 응", datetime(2025, 1, 1, 9, 26)),
        ("February 10, 2018, 2:33 p.m., 마루 : 응", datetime(2018, 2, 10, 14, 33)),
        ("February 10, 2018, 12:33\u00a0a.m., 마루 : 응", datetime(2018, 2, 10, 0, 33)),
        ("Jul 9, 2015, 20:34, 마루 : 응", datetime(2015, 7, 9, 20, 34)),
        ("Feb 1, 2026 at 8:35\u202fPM, 마루 : 응", datetime(2026, 2, 1, 20, 35)),
    ],
)
def test_timestamp_variants_are_parsed(line: str, at: datetime) -> None:
    (message,) = read(f"{line}\n").messages
    assert (message.at, message.sender, message.text) == (at, "마루", "응")


@pytest.mark.parametrize(("date_line", "format"), [
    ("May 3, 2026, 8:34 PM", "A-EN2"),
    ("Sunday, May 3, 2026", "I-EN1"),
])  # fmt: skip
def test_date_lines_decide_between_short_and_long_months_in_may(
    date_line: str, format: str
) -> None:
    export = read(f"{date_line}\nMay 3, 2026, 8:34 PM, 도담 : 응\n")
    assert (export.format, export.not_understood) == (format, ())


def test_header_dates_and_times_may_be_in_different_languages() -> None:
    export = read(
        "방 님과 카카오톡 대화\n저장한 날짜 : 2023년 7월 22일 오후 11:34\n\n"
        "--------------- Saturday, July 22, 2023 ---------------\n[도담] [23:34] 첫째 날\n"
        "--------------- 2023년 7월 23일 일요일 ---------------\n[도담] [00:04] 둘째 날\n"
    )
    assert [m.at.day for m in export.messages] == [22, 23]


def test_untimed_english_notices_are_told_apart_from_messages() -> None:
    export = read(
        "방 with KakaoTalk Chats\nDate Saved : 2026-08-03 00:47:14\n\n"
        "--------------- Saturday, August 1, 2026 ---------------\n"
        "도담 invited 마루.\n[도담] [2:37 PM] and then\nshe left.\nMy boss invited us.\n"
        "도담 left.\n"
        "[마루] [2:38 PM] Voice Call 1:02\n은솔 left this chatroom.\n"
        "The message has been deleted.\n"
    )
    assert contents(export) == [
        ("", "도담 invited 마루.", "system"),
        ("도담", "and then\nshe left.\nMy boss invited us.", "text"),
        ("", "도담 left.", "system"),
        ("마루", "Voice Call 1:02", "media"),
        ("", "은솔 left this chatroom.", "system"),
        ("", "The message has been deleted.", "deleted"),
    ]


def test_a_system_line_with_a_colon_has_no_sender() -> None:
    line = '마루님이 채팅방 이름을 "밥 : 술"(으)로 변경했습니다.'
    export = read(f"2026년 2월 5일 오전 1:33, {line}\n2026년 2월 5일 오전 1:34, 마루 : 응\n")
    assert contents(export)[0] == ("", line, "system")


def test_a_message_continues_across_the_header_of_a_concatenated_part() -> None:
    part = "Talk_2026.2.10 08:50-{}.txt\n저장한 날짜 : 2026. 2. 10. 오후 12:16\n\n"
    export = read(
        part.format(1) + "2026. 2. 1. 오후 8:29, 마루 : 첫 줄\n둘째 줄\n\n"
        + part.format(2).rstrip() + "\n셋째 줄\n2026. 2. 1. 오후 8:30, 도담 : 응\n"
    )  # fmt: skip
    assert contents(export) == [("마루", "첫 줄\n둘째 줄\n셋째 줄", "text"), ("도담", "응", "text")]
    assert (export.counts.headers, export.not_understood) == (4, ())


@pytest.mark.parametrize(
    "text",
    [
        "사진", "사진 3장", "(사진)", "<사진>", "[사진]", "<사진 읽지 않음>", "Photo", "photo",
        "(Photo)", "<Photo>", "5 photos", "동영상", "동영상 2개", "<동영상 읽지 않음>",
        "a.mp4", "Video", "videos", "이모티콘", "(이모티콘) ", "<이모티콘>", "스티커", "Emoticons",
        "Emoticon", "(emoticon)", "Sticker", "음성메시지", "음성 메시지",
        "녹음.m4a", "Voice Note", "파일",
        "파일: 회의 록.pdf", "파일 : ", "회의록.hwp", "File: plan.docx", "보이스톡 해요",
        "보이스톡 해요.", "보이스톡 0:17", "보이스톡 부재중", "보이스톡 취소", "페이스톡 1:02:03",
        "취소", "부재중", "응답 없음", "Voice Call 1:02", "Video Call 1:02:03", "라이브톡",
        "라이브톡 시작", "Live Talk ended 12:34", "보이스룸이 방금 시작했어요.", "샵검색: #한국",
        "샵검색 #한국", "톡게시판 '공지': 첫 줄\n둘째 줄", "30,400원을 받으세요.", "운세",
        "30,400원 받기 완료! 받은 돈은", "선물과 메시지를 보냈습니다.", "연락처", "카카오톡 프로필",
        "선물을 보냈습니다. 지금 확인해 보세요!\n컵", "도담님이 선물을 보냈습니다", "지도",
        "006bd1aa00ff.png",
    ],
)  # fmt: skip
def test_a_placeholder_is_media(text: str) -> None:
    export = read(f"2026년 2월 5일 오전 1:33, 마루 : {text}\n")
    assert contents(export) == [("마루", text, "media")]


@pytest.mark.parametrize(
    "text",
    [
        "삭제된 메시지입니다.", "메시지가 삭제되었습니다.", "이 메시지는 삭제되었습니다.",
        "This message was deleted.", "The message has been deleted.", "3개의 메시지를 가렸습니다.",
        "채팅방 관리자가 메시지를 가렸습니다.", "관리자가 메시지를 가렸습니다.",
    ],
)  # fmt: skip
def test_a_deletion_notice_is_deleted(text: str) -> None:
    assert contents(read(f"2026년 2월 5일 오전 1:33, 마루 : {text}\n"))[0][2] == "deleted"


@pytest.mark.parametrize(
    "text",
    [
        "마루님이 들어왔습니다.", "마루님이 채팅방에 들어왔습니다.", "마루님이 나갔습니다.",
        "마루님이 대화방을 나갔습니다.", "마루님이 도담님을 초대하였습니다.",
        "도담님을 초대하였습니다.",
        "도담님을 내보냈습니다.", "도담님을보냈습니다.", "도담님이 부방장이 되었습니다.",
        "도담님이 부방장에서 해제되었습니다.", "관리자만 말하기 기능이 활성화되었습니다.",
        "불법촬영물 식별 및 게재제한 안내", "전기통신사업법에 따라 알립니다",
        "선물게임이 종료되었습니다",
        "마루 joined this chatroom.", "마루 has been removed from this chatroom.",
    ],
)  # fmt: skip
def test_a_windows_system_line_has_neither_time_nor_brackets(text: str) -> None:
    export = read(
        "--------------- 2026년 6월 28일 일요일 ---------------\n"
        f"[마루] [오전 9:01] 응\n{text}\n[마루] [오전 9:02] 아\n"
    )
    assert contents(export)[1] == ("", text, "system")
