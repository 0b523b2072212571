from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.participants import Participants, RoomReport
from kakaobot.config import Home, save
from kakaobot.errors import ConfigError, DatasetError, ExportError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories


def android_export(room: str = "방", count: int = 30) -> str:
    head = f"{room} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
    return head + "".join(
        f"2026년 2월 5일 오후 1:{n:02d}, {('회원님', '도담', '오픈채팅봇')[n % 3]} : 말 {n}\n"
        for n in range(count)
    )


def windows_export(room: str = "방", count: int = 36) -> str:
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
def participants(home: Home, tmp_path: Path) -> Participants:
    import_files(home, tmp_path, 전화=android_export(), 컴퓨터=windows_export())
    return Participants(home)


def import_files(home: Home, folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    reports = Exports(home).import_files([folder / f"{name}.txt" for name in files])
    assert not [report.error for report in reports if report.error]


def message_counts(room: RoomReport) -> dict[str, int]:
    return {participant.name: participant.messages for participant in room.participants}


def histories(home: Home) -> object:
    return RoomHistories(FileStore(home.folder("data/raw"))).histories()


def test_corrections_are_proposed_but_not_applied(participants: Participants) -> None:
    (room,) = participants.rooms()
    assert (room.files, room.messages, room.repeated) == (2, 46, 20)
    assert message_counts(room) == {"도담": 12, "마루": 12, "오픈채팅봇": 12, "회원님": 10}
    exporter, bot = room.proposals
    assert (exporter.kind, exporter.names) == ("exporter", ("회원님",))
    assert (exporter.candidates, exporter.is_likely) == (("마루",), True)
    assert (bot.kind, bot.names) == ("bot", ("오픈채팅봇",))
    assert [participant.name for participant in room.participants if participant.is_bot] == [
        "오픈채팅봇"
    ]
    assert room.aliases == ()


def test_any_participant_of_a_single_file_may_be_the_exporter(home: Home, tmp_path: Path) -> None:
    import_files(home, tmp_path, 전화=android_export())
    (room,) = Participants(home).rooms()
    assert (room.proposals[0].candidates, room.proposals[0].is_likely) == (("도담",), False)


def test_unmerge_reverts_a_merge(home: Home, participants: Participants) -> None:
    before = histories(home), participants.rooms()
    room = participants.merge_names("마루", ["회원님"])
    assert (room.messages, room.repeated) == (36, 30)
    assert message_counts(room) == {"도담": 12, "마루": 12, "오픈채팅봇": 12}
    assert room.aliases == (("회원님", "마루"),)
    assert [proposal.kind for proposal in room.proposals] == ["bot"]
    participants.unmerge_name("회원님")
    assert (histories(home), participants.rooms()) == before


def test_several_names_merge_into_a_new_one(home: Home, participants: Participants) -> None:
    room = participants.merge_names(" 마루\n님 ", ["마루", "회원님"], room="방")
    assert message_counts(room)["마루 님"] == 12
    assert room.aliases == (("마루", "마루 님"), ("회원님", "마루 님"))
    assert {stats.name for stats in Datasets(home).participants("방")} == {
        "마루 님", "도담", "오픈채팅봇",
    }  # fmt: skip


def test_aliases_survive_removing_and_importing_the_files(
    home: Home, participants: Participants, tmp_path: Path
) -> None:
    participants.merge_names("마루", ["회원님"])
    exports = Exports(home)
    for report in exports.files():
        exports.remove(report.hash)
    assert participants.rooms() == []
    import_files(home, tmp_path, 전화=android_export())
    assert "마루" in message_counts(participants.rooms()[0])


def test_training_data_uses_the_confirmed_names(home: Home, participants: Participants) -> None:
    participants.merge_names("마루", ["회원님"])
    report = Datasets(home, BaseModels()).build()
    assert report.messages == 36
    assert set(report.participants) == {"마루", "도담", "오픈채팅봇"}
    assert "회원님" not in (home.folder("data/sft") / "train.jsonl").read_text(encoding="utf-8")


def test_merge_renames_the_selected_persona(home: Home, participants: Participants) -> None:
    save(home.settings_file, {"data.persona": "회원님", "data.room": "다른 방"})
    participants.merge_names("마루", ["회원님"])
    assert home.settings().data.persona == "회원님"
    participants.unmerge_name("회원님")
    save(home.settings_file, {"data.room": "방"})
    participants.merge_names("마루", ["회원님"])
    assert home.settings().data.persona == "마루"


def test_exclude_and_include(home: Home, participants: Participants) -> None:
    save(home.settings_file, {"data.exclude_people": ["도담"]})
    assert participants.exclude(["오픈채팅봇", "오픈채팅봇"]) == ["도담", "오픈채팅봇"]
    assert home.settings().data.exclude_people == ("도담", "오픈채팅봇")
    (room,) = participants.rooms()
    assert {participant.name for participant in room.participants if participant.is_excluded} == {
        "도담",
        "오픈채팅봇",
    }
    assert [proposal.kind for proposal in room.proposals] == ["exporter"]
    assert participants.include(["오픈채팅봇"]) == ["도담"]
    assert home.settings().data.exclude_people == ("도담",)


def test_invalid_requests_raise_and_change_nothing(
    home: Home, participants: Participants, tmp_path: Path
) -> None:
    invalid: list[tuple[Callable[[], object], str]] = [
        (lambda: participants.merge_names("마루", ["아무"]), "가져온 대화에 없습니다"),
        (lambda: participants.merge_names("마루", ["아무"], room="방"), "'방' 방에 없습니다"),
        (
            lambda: participants.merge_names("마루", ["회원님"], room="없음"),
            "'없음' 이라는 방이 없습니다",
        ),
        (lambda: participants.merge_names("마루", ["마루"]), "이미 합쳤거나"),
        (lambda: participants.merge_names(" ", ["마루"]), "부를 이름을"),
        (lambda: participants.unmerge_name("마루"), "가져온 대화에 없습니다"),
        (lambda: participants.unmerge_name("마루", room="방"), "'방' 방에 없습니다"),
        (lambda: participants.unmerge_name("마루", room="없음"), "'없음' 이라는 방이 없습니다"),
        (lambda: participants.exclude(["아무"]), "가져온 대화에 없습니다"),
        (lambda: participants.include(["마루"]), "빼기로 한 사람이 아닙니다"),
    ]
    for call, message in invalid:
        with pytest.raises((ExportError, ConfigError), match=message):
            call()
    assert participants.rooms()[0].aliases == ()
    import_files(home, tmp_path, 옆=android_export("옆방"))
    with pytest.raises(ExportError, match=r"여럿입니다: '방', '옆방'\. 어느 방인지\(--room\)"):
        participants.merge_names("마루", ["회원님"])
    assert participants.merge_names("마루", ["회원님"], room="옆방").room == "옆방"
    assert "회원님" in message_counts(participants.rooms()[0])
    participants.merge_names("마루", ["회원님"], room="방")
    assert [room.aliases for room in participants.rooms()] == [(("회원님", "마루"),)] * 2
    participants.unmerge_name("회원님", room="방")
    assert [len(room.aliases) for room in participants.rooms()] == [0, 1]


def test_excluded_participant_cannot_be_merged_into_an_included_one(
    home: Home, participants: Participants
) -> None:
    participants.exclude(["회원님"])
    with pytest.raises(ExportError, match="빼기로 한 사람이라"):
        participants.merge_names("마루", ["회원님"])
    participants.exclude(["마루"])
    assert participants.merge_names("마루", ["회원님"]).aliases == (("회원님", "마루"),)


def test_damaged_people_json_is_an_error_only_where_aliases_are_needed(
    home: Home, participants: Participants
) -> None:
    participants.merge_names("마루", ["회원님"])
    file = home.folder("data/raw") / "people.json"
    file.write_text("{", encoding="utf-8")
    for call in (
        participants.rooms,
        Datasets(home).rooms,
        Datasets(home).participants,
        Datasets(home).build,
    ):
        with pytest.raises(ExportError, match=r"people\.json"):
            call()
    assert len(Exports(home).files()) == 2
    file.rename(file.with_suffix(".old"))
    assert len(participants.rooms()[0].participants) == 4


def test_damaged_file_is_reported_and_other_rooms_are_listed(
    home: Home, participants: Participants, tmp_path: Path
) -> None:
    import_files(home, tmp_path, 옆=android_export("옆방"))
    for report in Exports(home).files():
        if report.file in ("전화.txt", "옆.txt"):
            stored = home.folder("data/raw/inbox") / f"{report.hash}.txt"
            stored.chmod(0o600)
            stored.write_bytes(stored.read_bytes()[:100])
    (room,) = participants.rooms()
    assert (room.room, room.files, room.messages) == ("방", 1, 36)
    (notice,) = room.damage_notices
    assert "전화.txt" in notice
    # A build needs every file to be intact.
    with pytest.raises(ExportError, match="전화.txt"):
        Datasets(home, BaseModels()).build()
    import_files(home, tmp_path, 전화=android_export(), 옆=android_export("옆방"))
    assert [(room.room, room.files, room.damage_notices) for room in participants.rooms()] == [
        ("방", 2, ()),
        ("옆방", 1, ()),
    ]


def test_alias_cannot_be_the_persona(home: Home, participants: Participants) -> None:
    participants.merge_names("마루", ["회원님"])
    save(home.settings_file, {"data.persona": "회원님"})
    with pytest.raises(DatasetError, match="'회원님' 님의 말이 대화에 없습니다"):
        Datasets(home, BaseModels()).build()
