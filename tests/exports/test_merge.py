"""Several exports of one room become one history."""

from __future__ import annotations

from kakaobot.exports.merge import merge
from kakaobot.exports.reader import Export, parse_export

HEAD = "{} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n\n"


def android(*said: str, room: str = "방") -> Export:
    rows = "".join(f"2026년 2월 5일 오전 {each}\n" for each in said)
    return parse_export(HEAD.format(room) + rows, f"{room}.txt")


def mac(*said: str, name: str = "chat.csv") -> Export:
    rows = "".join(f"2026-02-05 0{each}\n" for each in said)
    return parse_export(f"Date,User,Message\n{rows}", name)


def texts(*exports: Export) -> list[list[str]]:
    return [[message.text for message in history.messages] for history in merge(exports)]


def test_the_same_export_twice_changes_nothing() -> None:
    export = android("1:33, 마루 : ㅋㅋ", "1:33, 마루 : ㅋㅋ", "1:34, 도담 : 응")
    assert merge([export, export, export]) == merge([export])
    assert texts(export) == [["ㅋㅋ", "ㅋㅋ", "응"]]


def test_overlap_is_kept_once_and_both_ends_are_kept() -> None:
    early = android("1:33, 마루 : 가", "1:34, 도담 : 나")
    late = android("1:34, 도담 : 나", "1:34, 도담 : 나", "1:35, 마루 : 다")
    assert texts(early, late) == [["가", "나", "나", "다"]]
    assert texts(late, early) == [["가", "나", "나", "다"]]


def test_rooms_of_other_names_stay_apart() -> None:
    assert len(merge([android("1:33, 마루 : 가"), android("1:33, 마루 : 가", room="옆방")])) == 2


def test_spellings_of_one_room_name_meet() -> None:
    histories = merge(
        [android("1:33, 마루 : 가", room="A 방"), android("1:34, 마루 : 나", room="a  방")]
    )
    assert [history.room for history in histories] == ["A 방"]
    assert {message.room for message in histories[0].messages} == {"A 방"}


def test_an_export_without_a_room_name_joins_the_room_of_the_same_people() -> None:
    phone = android("1:33, 마루 : 가", "1:34, 도담 : 나")
    assert texts(mac("1:33:07,마루,가", "1:35:09,도담,다"), phone) == [["가", "나", "다"]]
    assert len(merge([phone, mac("1:33:07,은솔,가")])) == 2


def test_parts_of_one_ios_export_belong_together_whoever_speaks_in_them() -> None:
    parts = [
        parse_export(f"2026년 2월 5일 목요일\n2026. 2. 5. 오전 1:3{n}, {who} : {n}\n", name)
        for n, who, name in (
            (2, "도담", "Talk_2026.2.10 08_50-2.txt"),
            (1, "마루", "Talk_2026.2.10 08_50-1.txt"),
        )
    ]
    assert texts(*parts) == [["1", "2"]]


def test_a_system_line_without_a_time_is_not_doubled() -> None:
    pc = parse_export(
        "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n\n"
        "--------------- 2026년 2월 5일 목요일 ---------------\n은솔님이 나갔습니다.\n"
        "[마루] [오전 1:34] 가\n",
        "pc.txt",
    )
    phone = android("1:33, 은솔님이 나갔습니다.", "1:34, 마루 : 가")
    assert len(merge([pc, phone])[0].messages) == 2
