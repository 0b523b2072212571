"""Exports of one room merge into one history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from kakaobot.exports.reader import Export, parse_export
from tests.exports.rooms import merge

HEAD = "{} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n\n"


def android(*records: str, room: str = "방") -> Export:
    rows = "".join(f"2026년 2월 5일 오전 {record}\n" for record in records)
    return parse_export(HEAD.format(room) + rows, f"{room}.txt")


def mac(*records: str, name: str = "chat.csv") -> Export:
    rows = "".join(f"2026-02-05 0{record}\n" for record in records)
    return parse_export(f"Date,User,Message\n{rows}", name)


def texts(*exports: Export) -> list[list[str]]:
    return [[message.text for message in history.messages] for history in merge(exports)]


def test_merging_an_export_with_itself_changes_nothing() -> None:
    export = android("1:33, 마루 : ㅋㅋ", "1:33, 마루 : ㅋㅋ", "1:34, 도담 : 응")
    assert merge([export, export, export]) == merge([export])
    assert texts(export) == [["ㅋㅋ", "ㅋㅋ", "응"]]


def test_overlapping_exports_merge_without_duplicates() -> None:
    early = android("1:33, 마루 : 가", "1:34, 도담 : 나")
    late = android("1:34, 도담 : 나", "1:34, 도담 : 나", "1:35, 마루 : 다")
    assert texts(early, late) == [["가", "나", "나", "다"]]
    assert texts(late, early) == [["가", "나", "나", "다"]]


def test_rooms_with_different_names_are_not_merged() -> None:
    assert len(merge([android("1:33, 마루 : 가"), android("1:33, 마루 : 가", room="옆방")])) == 2


def test_spellings_of_one_room_name_are_merged() -> None:
    histories = merge(
        [android("1:33, 마루 : 가", room="A 방"), android("1:34, 마루 : 나", room="a  방")]
    )
    assert [history.room for history in histories] == ["A 방"]
    assert {message.room for message in histories[0].messages} == {"A 방"}


def test_a_nameless_export_joins_the_room_with_the_same_messages() -> None:
    phone = android("1:33, 마루 : 가", "1:34, 도담 : 나")
    csv = mac("1:33:07,마루,가", "1:34:41,도담,나", "1:35:09,도담,다")
    assert texts(csv, phone) == [["가", "나", "다"]]
    assert len(merge([phone, mac("1:33:07,은솔,가", "1:34:41,해솔,나")])) == 2


TALK = [
    (minute, sender, f"말 {minute}")
    for minute, sender in enumerate(["마루", "도담", "은솔", "해솔"] * 5)
]


def as_phone(*places: int, room: str = "방") -> Export:
    messages = (TALK[place] for place in places)
    return android(
        *(f"1:{minute:02d}, {sender} : {text}" for minute, sender, text in messages), room=room
    )


def as_mac(*places: int, name: str = "chat.csv", text: str = "") -> Export:
    messages = (TALK[place] for place in places)
    return mac(
        *(f"1:{minute:02d}:07,{sender},{text or own}" for minute, sender, own in messages),
        name=name,
    )


def test_participants_may_be_missing_from_one_export() -> None:
    phone = as_phone(*range(20))
    excerpt = as_mac(0, 1, 4, 5)
    assert len(merge([phone, excerpt])) == 1
    assert len(merge([as_phone(0, 1, 4, 5), as_mac(*range(8))])) == 1


def test_the_exporter_may_have_an_alias() -> None:
    messages = [(minute, sender.replace("마루", "회원님"), text) for minute, sender, text in TALK]
    phone = android(*(f"1:{minute:02d}, {sender} : {text}" for minute, sender, text in messages))
    assert len(merge([phone, as_mac(*range(20))])) == 1
    two = [message for message in messages if message[1] in ("회원님", "도담")]
    phone = android(*(f"1:{minute:02d}, {sender} : {text}" for minute, sender, text in two))
    assert len(merge([phone, as_mac(*(minute for minute, *_ in two))])) == 1


def test_the_same_participants_alone_do_not_make_one_room() -> None:
    phone = as_phone(*range(20))
    assert len(merge([phone, as_mac(*range(20), text="다른 말")])) == 2
    later = parse_export(
        "Date,User,Message\n"
        + "".join(f"2026-03-05 01:00:07,{sender},말\n" for _, sender, _ in TALK),
        "later.csv",
    )
    assert len(merge([phone, later])) == 2
    assert len(merge([as_mac(*range(20)), later])) == 2


def test_one_message_sent_to_two_rooms_does_not_merge_them() -> None:
    row = "2026-02-{day:02d} 01:{minute:02d}:07,{sender},{text}\n"
    rows = [
        [
            row.format(
                day=day,
                minute=minute,
                sender=sender,
                text="안녕" if not minute else f"{room} {minute}",
            )
            for day in range(1, 11)
            for minute, sender in enumerate(("마루", "도담") * 4)
        ]
        for room in ("가", "나")
    ]
    one, two = (
        parse_export("Date,User,Message\n" + "".join(lines), f"{n}.csv")
        for n, lines in enumerate(rows)
    )
    assert len(merge([one, two])) == 2


def test_a_short_export_finds_the_room_of_a_long_one() -> None:
    def table(name: str, days: range) -> Export:
        rows = (
            f"{date(2025, 1, 1) + timedelta(day)} 0{hour}:{minute:02d}:07,{sender},말 {minute}\n"
            for day in days
            for hour in range(1, 3)
            for minute, sender in enumerate(("마루", "도담") * 20)
        )
        return parse_export("Date,User,Message\n" + "".join(rows), name)

    long = table("긴것.csv", range(300))
    assert len(merge([long, table("하루.csv", range(200, 201))])) == 1
    assert len(merge([long, table("끝.csv", range(298, 320))])) == 1


def test_the_room_with_most_shared_messages_is_chosen_transitively() -> None:
    one, two = as_phone(0, 1, 2, 3, room="하나"), as_phone(*range(4, 20), room="둘")
    histories = merge([one, two, as_mac(*range(1, 20))])
    assert [(history.room, len(history.messages)) for history in histories] == [
        ("하나", 4),
        ("둘", 19),
    ]
    far, near = as_mac(*range(10, 20), name="far.csv"), as_mac(*range(4, 14), name="near.csv")
    assert len(merge([far, near, as_phone(*range(8))])) == 1


def test_parts_of_one_ios_export_belong_together() -> None:
    record = "2026. 2. 5. 오전 1:3{}, {} : {}\n"
    parts = [
        parse_export(f"2026년 2월 5일 목요일\n{one}{other}", f"Talk_2026.2.10 08_50-{n}.txt")
        for n, one, other in (
            (2, record.format(3, "도담", 3), record.format(4, "은솔", 4)),
            (1, record.format(1, "도담", 1), record.format(2, "은솔", 2)),
        )
    ]
    assert texts(*parts) == [["1", "2", "3", "4"]]


def test_an_untimed_system_line_is_not_duplicated() -> None:
    pc = parse_export(
        "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n\n"
        "--------------- 2026년 2월 5일 목요일 ---------------\n은솔님이 나갔습니다.\n"
        "[마루] [오전 1:34] 가\n",
        "pc.txt",
    )
    phone = android("1:33, 은솔님이 나갔습니다.", "1:34, 마루 : 가")
    assert len(merge([pc, phone])[0].messages) == 2


def ios(part: int, *lines: str) -> Export:
    name = f"Talk_2026.2.10 08_50-{part}.txt"
    head = f"{name}\n저장한 날짜 : 2026. 2. 10. 오후 12:16\n\n"
    return parse_export(head + "".join(f"{line}\n" for line in lines), name)


def ios_record(minute: int, text: str) -> str:
    return f"2026. 2. 5. 오전 1:{minute:02d}, 마루 : {text}"


def test_parts_are_ordered_by_number() -> None:
    parts = [ios(n, ios_record(7, f"{n}")) for n in range(1, 12)]
    by_name = sorted(parts, key=lambda part: part.file)
    assert [part.part for part in by_name][:3] == [1, 10, 11]
    assert texts(*by_name) == [[str(n) for n in range(1, 12)]]
    assert texts(*by_name, *by_name) == texts(*by_name)


def test_a_repeat_across_two_parts_is_kept() -> None:
    assert texts(ios(1, ios_record(7, "ㅋㅋ")), ios(2, ios_record(7, "ㅋㅋ"))) == [["ㅋㅋ", "ㅋㅋ"]]


def test_a_message_split_between_parts_is_joined() -> None:
    one = ios(1, ios_record(7, "첫 줄"))
    two = ios(2, "둘째 줄", "", "셋째 줄", ios_record(8, "응"))
    assert (two.leading_text, two.not_understood) == ("둘째 줄\n\n셋째 줄", ())
    assert texts(two, one) == [["첫 줄\n둘째 줄\n\n셋째 줄", "응"]]


def test_android_parts_follow_the_unnumbered_file() -> None:
    head = HEAD.format("방")
    row = "2026년 2월 5일 오전 1:33, 마루 : ㅋㅋ\n"
    names = ("KakaoTalk_Chats_10.txt", "KakaoTalk_Chats_2.txt", "KakaoTalk_Chats.txt")
    exports = [parse_export(head + row, name) for name in names]
    assert [export.part for export in exports] == [10, 2, 1]
    assert texts(*exports) == [["ㅋㅋ", "ㅋㅋ", "ㅋㅋ"]]


def test_a_part_continues_the_export_that_it_follows() -> None:
    """Two exports of one room may have parts of the same names."""
    head = HEAD.format("방")

    def part(number: int, *records: str) -> Export:
        rows = "".join(f"2026년 2월 5일 오전 {record}\n" for record in records)
        name = "KakaoTalk_Chats.txt" if number == 1 else f"KakaoTalk_Chats_{number}.txt"
        return parse_export(head + rows if number == 1 else rows, name)

    early = part(1, "1:01, 마루 : 가", "1:02, 도담 : 나")
    late, rest = part(1, "1:01, 마루 : 가", "1:05, 도담 : 첫 줄"), part(2, "1:06, 마루 : 응")
    rest = replace(rest, leading_text="둘째 줄", room="방", has_room_name=True)
    for exports in ((early, late, rest), (rest, late, early), (late, rest, early)):
        assert texts(*exports) == [["가", "나", "첫 줄\n둘째 줄", "응"]]


def test_the_more_precise_time_is_kept_in_any_order() -> None:
    pc = android("1:33, 마루 : 가", "1:33, 도담 : 나")
    csv = mac("1:33:07,마루,가", "1:33:41,도담,나")
    for exports in ((pc, csv), (csv, pc)):
        (history,) = merge(exports)
        assert [message.at.second for message in history.messages] == [7, 41]


def test_messages_of_one_device_keep_their_place_within_the_minute() -> None:
    pc = android("1:33, 마루 : 가", "1:33, 도담 : 다", "1:33, 마루 : 라")
    phone = android("1:33, 마루 : 가", "1:33, 도담 : 나", "1:33, 도담 : 다", "1:33, 마루 : 마")
    assert texts(pc, phone) == [["가", "나", "다", "마", "라"]]


def test_texts_that_differ_in_leading_space_are_both_kept() -> None:
    whole = android("1:33, 마루 : 가", "1:33, 마루 :  가")
    part = android("1:33, 마루 :  가")
    assert texts(part, whole, part) == texts(whole, part) == [["가", " 가"]]


def test_a_different_order_within_a_minute_adds_no_duplicates() -> None:
    one = android("1:33, 마루 : 가", "1:33, 도담 : 나", "1:33, 마루 : 다")
    two = android("1:33, 마루 : 다", "1:33, 도담 : 나", "1:33, 마루 : 가")
    assert texts(one, two) == [["가", "나", "다"]]


def test_texts_that_differ_after_500_characters_are_both_kept() -> None:
    same = "공지 " * 180
    one, two = android(f"1:33, 마루 : {same}하나"), android(f"1:33, 마루 : {same}둘")
    assert len(texts(one, two)[0]) == 2


def test_a_text_truncated_within_blank_lines_is_completed() -> None:
    body = "가" * 497 + "\n\n\n나"
    cut, whole = android(f"1:33, 마루 : {body[:500]}"), android(f"1:33, 마루 : {body}")
    assert texts(cut, whole) == [[body]]


def test_a_picture_is_the_same_in_the_wording_of_every_app() -> None:
    words = ("<사진>", "사진", "Photo", "photo", "(사진)", "<사진 읽지 않음>")
    exports = [
        android("1:33, 마루 : 봐", f"1:33, 마루 : {word}", "1:33, 도담 : 와") for word in words
    ]
    assert texts(*exports) == [["봐", "<사진>", "와"]]


def test_several_pictures_are_the_same_in_the_wording_of_every_app() -> None:
    words = ("사진 2장", "2 photos", "<사진 2장>")
    exports = [android(f"1:33, 마루 : {word}", "1:33, 도담 : 와") for word in words]
    assert texts(*exports) == [["사진 2장", "와"]]
    three = android("1:33, 마루 : 3 photos", "1:33, 도담 : 와")
    assert texts(exports[0], three) == [["3 photos", "사진 2장", "와"]]


def test_hundreds_of_equal_messages_in_one_minute_are_aligned() -> None:
    one = android(*["1:33, 마루 : ㅋㅋ"] * 900, "1:33, 도담 : 끝")
    two = android("1:33, 도담 : 처음", *["1:33, 마루 : ㅋㅋ"] * 901)
    assert len(texts(one, two)[0]) == 903
