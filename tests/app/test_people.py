from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.people import Participants, RoomReport
from kakaobot.config import Home, save
from kakaobot.errors import ConfigError, DatasetError, ExportError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories


def phone(room: str = "방", count: int = 30) -> str:
    head = f"{room} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
    return head + "".join(
        f"2026년 2월 5일 오후 1:{n:02d}, {('회원님', '도담', '오픈채팅봇')[n % 3]} : 말 {n}\n"
        for n in range(count)
    )


def computer(room: str = "방", count: int = 36) -> str:
    head = f"{room} 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n\n"
    day = "--------------- 2026년 2월 5일 목요일 ---------------\n"
    return (
        head
        + day
        + "".join(
            f"[{('마루', '도담', '오픈채팅봇')[n % 3]}] [오후 1:{n:02d}] 말 {n}\n"
            for n in range(count)
        )
    )


@pytest.fixture
def people(home: Home, tmp_path: Path) -> Participants:
    bring(home, tmp_path, 전화=phone(), 컴퓨터=computer())
    return Participants(home)


def bring(home: Home, folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    reports = Exports(home).import_files([folder / f"{name}.txt" for name in files])
    assert not [report.error for report in reports if report.error]


def spoken(room: RoomReport) -> dict[str, int]:
    return {member.name: member.messages for member in room.people}


def histories(home: Home) -> object:
    return RoomHistories(FileStore(home.folder("data/raw"))).histories()


def test_what_can_be_put_right_is_proposed_and_nothing_is_done_unasked(
    people: Participants,
) -> None:
    (room,) = people.rooms()
    assert (room.files, room.messages, room.repeated) == (2, 46, 20)
    assert spoken(room) == {"도담": 12, "마루": 12, "오픈채팅봇": 12, "회원님": 10}
    exporter, bot = room.proposals
    assert (exporter.kind, exporter.names) == ("exporter", ("회원님",))
    assert (exporter.candidates, exporter.sure) == (("마루",), True)
    assert (bot.kind, bot.names) == ("bot", ("오픈채팅봇",))
    assert [member.name for member in room.people if member.is_bot] == ["오픈채팅봇"]
    assert room.aliases == ()


def test_without_a_second_file_everybody_may_be_the_exporter(home: Home, tmp_path: Path) -> None:
    bring(home, tmp_path, 전화=phone())
    (room,) = Participants(home).rooms()
    assert (room.proposals[0].candidates, room.proposals[0].sure) == (("도담",), False)


def test_joining_merges_and_undoing_is_as_if_nothing_had_been(
    home: Home, people: Participants
) -> None:
    before = histories(home), people.rooms()
    room = people.merge_names("마루", ["회원님"])
    assert (room.messages, room.repeated) == (36, 30)
    assert spoken(room) == {"도담": 12, "마루": 12, "오픈채팅봇": 12}
    assert room.aliases == (("회원님", "마루"),)
    assert [proposal.kind for proposal in room.proposals] == ["bot"]
    people.unmerge_name("회원님")
    assert (histories(home), people.rooms()) == before


def test_several_names_become_a_new_one(home: Home, people: Participants) -> None:
    room = people.merge_names(" 마루\n님 ", ["마루", "회원님"], room="방")
    assert spoken(room)["마루 님"] == 12
    assert room.aliases == (("마루", "마루 님"), ("회원님", "마루 님"))
    assert {person.name for person in Datasets(home).people("방")} == {
        "마루 님", "도담", "오픈채팅봇",
    }  # fmt: skip


def test_names_are_kept_when_their_files_go_and_come_again(
    home: Home, people: Participants, tmp_path: Path
) -> None:
    people.merge_names("마루", ["회원님"])
    exports = Exports(home)
    for report in exports.files():
        exports.remove(report.hash)
    assert people.rooms() == []
    bring(home, tmp_path, 전화=phone())
    assert "마루" in spoken(people.rooms()[0])


def test_the_training_data_is_made_under_the_confirmed_names(
    home: Home, people: Participants
) -> None:
    people.merge_names("마루", ["회원님"])
    report = Datasets(home, BaseModels()).build()
    assert report.messages == 36
    assert set(report.people) == {"마루", "도담", "오픈채팅봇"}
    assert "회원님" not in (home.folder("data/sft") / "train.jsonl").read_text(encoding="utf-8")


def test_who_was_chosen_to_be_learnt_is_chosen_under_the_new_name(
    home: Home, people: Participants
) -> None:
    save(home.settings_file, {"data.persona": "회원님", "data.room": "다른 방"})
    people.merge_names("마루", ["회원님"])
    assert home.settings().data.persona == "회원님"
    people.unmerge_name("회원님")
    save(home.settings_file, {"data.room": "방"})
    people.merge_names("마루", ["회원님"])
    assert home.settings().data.persona == "마루"


def test_bots_are_left_out_by_one_call_and_taken_in_again(home: Home, people: Participants) -> None:
    save(home.settings_file, {"data.exclude_people": ["도담"]})
    assert people.exclude(["오픈채팅봇", "오픈채팅봇"]) == ["도담", "오픈채팅봇"]
    assert home.settings().data.exclude_people == ("도담", "오픈채팅봇")
    (room,) = people.rooms()
    assert {member.name for member in room.people if member.is_excluded} == {"도담", "오픈채팅봇"}
    assert [proposal.kind for proposal in room.proposals] == ["exporter"]
    assert people.include(["오픈채팅봇"]) == ["도담"]
    assert home.settings().data.exclude_people == ("도담",)


def test_what_cannot_be_done_is_a_sentence(
    home: Home, people: Participants, tmp_path: Path
) -> None:
    refused: list[tuple[object, str]] = [
        (lambda: people.merge_names("마루", ["아무"]), "가져온 대화에 없습니다"),
        (lambda: people.merge_names("마루", ["아무"], room="방"), "'방' 방에 없습니다"),
        (
            lambda: people.merge_names("마루", ["회원님"], room="없음"),
            "'없음' 이라는 방이 없습니다",
        ),
        (lambda: people.merge_names("마루", ["마루"]), "이미 합쳤거나"),
        (lambda: people.merge_names(" ", ["마루"]), "부를 이름을"),
        (lambda: people.unmerge_name("마루"), "없습니다"),
        (lambda: people.exclude(["아무"]), "가져온 대화에 없습니다"),
        (lambda: people.include(["마루"]), "빼기로 한 사람이 아닙니다"),
    ]
    for ask, told in refused:
        with pytest.raises((ExportError, ConfigError), match=told):
            ask()  # type: ignore[operator]
    assert people.rooms()[0].aliases == ()
    bring(home, tmp_path, 옆=phone("옆방"))
    with pytest.raises(ExportError, match=r"여럿입니다: '방', '옆방'\. 어느 방인지\(--room\)"):
        people.merge_names("마루", ["회원님"])
    assert people.merge_names("마루", ["회원님"], room="옆방").room == "옆방"
    assert "회원님" in spoken(people.rooms()[0])
    people.merge_names("마루", ["회원님"], room="방")
    assert [each.aliases for each in people.rooms()] == [(("회원님", "마루"),)] * 2
    people.unmerge_name("회원님", room="방")
    assert [len(each.aliases) for each in people.rooms()] == [0, 1]


def test_who_was_left_out_is_not_learnt_under_another_name(
    home: Home, people: Participants
) -> None:
    people.exclude(["회원님"])
    with pytest.raises(ExportError, match="빼기로 한 사람이라"):
        people.merge_names("마루", ["회원님"])
    people.exclude(["마루"])
    assert people.merge_names("마루", ["회원님"]).aliases == (("회원님", "마루"),)


def test_damaged_names_stop_what_would_be_learnt_and_nothing_else(
    home: Home, people: Participants
) -> None:
    people.merge_names("마루", ["회원님"])
    file = home.folder("data/raw") / "people.json"
    file.write_text("{", encoding="utf-8")
    for ask in (people.rooms, Datasets(home).rooms, Datasets(home).people, Datasets(home).build):
        with pytest.raises(ExportError, match=r"people\.json"):
            ask()
    assert len(Exports(home).files()) == 2
    file.rename(file.with_suffix(".old"))
    assert len(people.rooms()[0].people) == 4


def test_a_damaged_file_of_one_room_hides_no_other_and_is_told(
    home: Home, people: Participants, tmp_path: Path
) -> None:
    bring(home, tmp_path, 옆=phone("옆방"))
    for report in Exports(home).files():
        if report.file in ("전화.txt", "옆.txt"):
            stored = home.folder("data/raw/inbox") / f"{report.hash}.txt"
            stored.chmod(0o600)
            stored.write_bytes(stored.read_bytes()[:100])
    (room,) = people.rooms()
    assert (room.room, room.files, room.messages) == ("방", 1, 36)
    (told,) = room.lost
    assert "전화.txt" in told
    # What is learnt is all or nothing.
    with pytest.raises(ExportError, match="전화.txt"):
        Datasets(home, BaseModels()).build()
    bring(home, tmp_path, 전화=phone(), 옆=phone("옆방"))
    assert [(each.room, each.files, each.lost) for each in people.rooms()] == [
        ("방", 2, ()),
        ("옆방", 1, ()),
    ]


def test_a_joined_name_cannot_be_chosen_to_be_learnt(home: Home, people: Participants) -> None:
    people.merge_names("마루", ["회원님"])
    save(home.settings_file, {"data.persona": "회원님"})
    with pytest.raises(DatasetError, match="'회원님' 님의 말이 대화에 없습니다"):
        Datasets(home, BaseModels()).build()
