"""The rooms of an inbox: what they are together, and that it is worked out only once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.errors import ExportError
from kakaobot.exports.aliases import add_aliases, remove_alias
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.manifest import StoredFile
from tests.exports.rooms import load_all, merge

ALL = [("마루", "가"), ("도담", "나"), ("마루", "다"), ("은솔", "라"), ("도담", "마")]


def chat(said: list[tuple[str, str]], room: str = "우리방") -> str:
    head = f"{room} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
    first = ALL.index(said[0]) if said and said[0] in ALL else 0
    return head + "".join(
        f"2026년 2월 5일 오전 1:{30 + first + minute:02d}, {who} : {text}\n"
        for minute, (who, text) in enumerate(said)
    )


def bring(inbox: FileStore, folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        paths.append(folder / f"{name}.txt")
    assert not [each.error for each in inbox.add(paths) if each.error]


@pytest.fixture
def inbox(tmp_path: Path) -> FileStore:
    """Two files of one room that overlap in two messages, and another room."""
    inbox = FileStore(tmp_path / "raw")
    bring(inbox, tmp_path, 앞=chat(ALL[:4]), 뒤=chat(ALL[2:]), 옆=chat(ALL[:2], "옆방"))
    return inbox


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read since."""
    names: list[str] = []
    real = FileStore.export

    def export(self: FileStore, stored: StoredFile) -> object:
        names.append(stored.name)
        return real(self, stored)

    monkeypatch.setattr(FileStore, "export", export)
    return names


def test_a_room_is_summed_up_after_merging(inbox: FileStore) -> None:
    ours, other = RoomHistories(inbox).summaries()
    assert (ours.room, len(ours.files), ours.messages, ours.repeated) == ("우리방", 2, 5, 2)
    assert ours.people == {"마루": 2, "도담": 2, "은솔": 1}
    assert (ours.first, ours.last) == ("2026-02-05T01:30:00", "2026-02-05T01:34:00")
    assert (other.room, len(other.files), other.messages, other.repeated) == ("옆방", 1, 2, 0)


def test_histories_are_those_of_merging_all_exports(inbox: FileStore) -> None:
    rooms = RoomHistories(inbox)
    assert rooms.histories() == merge(load_all(inbox))
    assert rooms.histories("옆방") == merge(load_all(inbox))[1:]
    assert rooms.histories("없는 방") == []


def test_nothing_is_read_again_while_nothing_changed(inbox: FileStore, read: list[str]) -> None:
    first = RoomHistories(inbox).summaries()
    assert sorted(read) == ["뒤.txt", "앞.txt", "옆.txt"]
    read.clear()
    assert RoomHistories(inbox).summaries() == first
    assert read == []


def test_only_the_room_that_changed_is_read_again(
    inbox: FileStore, read: list[str], tmp_path: Path
) -> None:
    RoomHistories(inbox).summaries()
    read.clear()
    bring(inbox, tmp_path / "more", 또=chat([("해솔", "바")], "옆방"))
    assert [each.messages for each in RoomHistories(inbox).summaries()] == [5, 3]
    assert sorted(read) == ["또.txt", "옆.txt"]
    read.clear()
    inbox.update_aliases("우리방", lambda aliases: add_aliases(aliases, "마루", ["은솔"]))
    assert RoomHistories(inbox).summaries()[0].people == {"마루": 3, "도담": 2}
    assert sorted(read) == ["뒤.txt", "앞.txt"]
    read.clear()
    inbox.remove(next(each.hash for each in inbox.list_files() if each.name == "뒤.txt"))
    ours = RoomHistories(inbox).summaries()[0]
    assert (len(ours.files), ours.messages, ours.repeated) == (1, 4, 0)
    assert read == ["앞.txt"]


def test_only_the_files_of_the_room_asked_for_are_read(inbox: FileStore, read: list[str]) -> None:
    assert len(RoomHistories(inbox).histories("옆방")) == 1
    assert read == ["옆.txt"]


def test_progress_only_grows_and_ends(inbox: FileStore) -> None:
    told: list[tuple[float, str]] = []
    RoomHistories(inbox).summaries(lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(set(shares)) >= 5
    assert any("우리방" in words for _, words in told)
    told.clear()
    RoomHistories(inbox).summaries(lambda share, words: told.append((share, words)))
    assert told == []


def test_the_version_changes_with_files_and_names_only(inbox: FileStore, tmp_path: Path) -> None:
    versions = [RoomHistories(inbox).version()]
    assert RoomHistories(inbox).version() == versions[0]
    inbox.update_aliases("우리방", lambda aliases: add_aliases(aliases, "마루", ["은솔"]))
    versions.append(RoomHistories(inbox).version())
    bring(inbox, tmp_path / "more", 또=chat([("해솔", "바")], "옆방"))
    versions.append(RoomHistories(inbox).version())
    assert len(set(versions)) == 3
    inbox.update_aliases("우리방", lambda aliases: remove_alias(aliases, "은솔"))
    inbox.remove(next(each.hash for each in inbox.list_files() if each.name == "또.txt"))
    assert RoomHistories(inbox).version() == versions[0]


@pytest.mark.parametrize(
    "damage",
    [
        "", "{", "[]", "null", "7", '{"form": 1, "rooms": 5}', '{"form": 1, "rooms": {"x": 3}}',
        '{"form": 1, "rooms": {"KEY": {"room": 1}}}', "[" * 100_000, None,
    ],
    ids=range(10),
)  # fmt: skip
def test_what_was_remembered_is_only_remembered(
    inbox: FileStore, tmp_path: Path, damage: str | None
) -> None:
    before = RoomHistories(inbox).summaries()
    file = tmp_path / "raw" / "rooms.json"
    key = next(iter(json.loads(file.read_text(encoding="utf-8"))["rooms"]))
    file.unlink()
    if damage is None:
        file.mkdir()
    else:
        file.write_text(damage.replace("KEY", key), encoding="utf-8")
    assert RoomHistories(inbox).summaries() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("room", 1), ("keys", []), ("keys", [1]), ("files", 3), ("messages", "5"), ("repeated", -1),
        ("people", {"마루": "2"}), ("people", []), ("first", 5), ("last", "어제"), ("lost", [3]),
    ],
)  # fmt: skip
def test_a_summary_of_wrong_kinds_is_worked_out_again(
    inbox: FileStore, tmp_path: Path, key: str, value: object
) -> None:
    before = RoomHistories(inbox).summaries()
    file = tmp_path / "raw" / "rooms.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    for summary in known["rooms"].values():
        summary[key] = value
    file.write_text(json.dumps(known), encoding="utf-8")
    assert RoomHistories(inbox).summaries() == before


def test_a_listed_file_that_was_damaged_is_a_sentence(inbox: FileStore, tmp_path: Path) -> None:
    before = RoomHistories(inbox).summaries()
    damage(inbox, tmp_path, "앞.txt")
    ours, other = RoomHistories(inbox).summaries()
    assert (ours.messages, len(ours.files), other) == (3, 1, before[1])
    assert "앞.txt" in ours.lost[0]
    with pytest.raises(ExportError, match="앞.txt"):
        RoomHistories(inbox).histories("우리방")
    assert len(RoomHistories(inbox).histories("옆방")) == 1
    damage(inbox, tmp_path, "뒤.txt")
    assert [each.room for each in RoomHistories(inbox).summaries()] == ["옆방"]
    damage(inbox, tmp_path, "옆.txt")
    with pytest.raises(ExportError, match="다시 넣거나 목록에서 빼 주세요"):
        RoomHistories(inbox).summaries()
    bring(inbox, tmp_path, 앞=chat(ALL[:4]), 뒤=chat(ALL[2:]), 옆=chat(ALL[:2], "옆방"))
    assert RoomHistories(inbox).summaries() == before


def damage(inbox: FileStore, folder: Path, name: str) -> None:
    stored = next(each for each in inbox.list_files() if each.name == name)
    path = folder / "raw" / "inbox" / stored.file
    path.chmod(0o600)
    path.write_bytes(b"\x89PNG")


def test_which_files_are_of_one_room_is_told_without_reading_them(
    tmp_path: Path, read: list[str]
) -> None:
    inbox = FileStore(tmp_path / "raw")
    rows = "".join(
        f"2026-02-05 01:{30 + minute}:07,{who},{text}\n" for minute, (who, text) in enumerate(ALL)
    )
    table = f"Date,User,Message\n{rows}"
    bring(inbox, tmp_path, 컴퓨터=chat(ALL), 맥=table)
    manifest = tmp_path / "raw" / "manifest.json"
    listed = json.loads(manifest.read_text(encoding="utf-8"))
    for each in listed["files"]:
        del each["marks"]
    manifest.write_text(json.dumps(listed), encoding="utf-8")
    RoomHistories(inbox).version()
    assert sorted(read) == ["맥.txt", "컴퓨터.txt"]
    read.clear()
    RoomHistories(inbox).version()
    assert read == []
    (room,) = RoomHistories(inbox).summaries()
    assert (room.room, room.messages, room.repeated) == ("우리방", 5, 5)


def test_a_file_that_goes_while_others_are_read_is_no_error(inbox: FileStore) -> None:
    other = next(each.hash for each in inbox.list_files() if each.name == "옆.txt")

    def disturb(share: float, _: str) -> None:
        if share == 0 and any(each.hash == other for each in inbox.list_files()):
            inbox.remove(other)

    assert [each.room for each in RoomHistories(inbox).summaries(disturb)] == ["우리방"]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=4))
def test_importing_twice_or_in_overlapping_parts_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("twice")
    files = {f"부분{n}": chat(ALL[a : a + many]) for n, (a, many) in enumerate(parts)}
    inbox = FileStore(folder / "raw")
    bring(inbox, folder, **files)
    before = RoomHistories(inbox).summaries(), RoomHistories(inbox).histories()
    bring(inbox, folder, **files)
    assert (RoomHistories(inbox).summaries(), RoomHistories(inbox).histories()) == before
    covered = {ALL[n] for a, many in parts for n in range(a, min(a + many, len(ALL)))}
    (summary,) = before[0]
    assert summary.messages == len(covered)
    total = sum(each.messages for each in inbox.list_files())
    assert summary.repeated == total - len(covered)


@settings(deadline=None, max_examples=15)
@given(st.permutations(["마루", "도담", "은솔"]))
def test_confirming_names_and_taking_them_back_is_as_if_nothing_had_been(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    inbox = FileStore(folder / "raw")
    bring(inbox, folder, 앞=chat(ALL[:4]), 뒤=chat(ALL[2:]))
    before = RoomHistories(inbox).histories(), RoomHistories(inbox).summaries()
    one, *others = names
    inbox.update_aliases("우리방", lambda aliases: add_aliases(aliases, one, others[:1]))
    inbox.update_aliases("우리방", lambda aliases: add_aliases(aliases, others[1], [one]))
    (history,) = RoomHistories(inbox).histories()
    assert {message.sender for message in history.messages} == {others[1]}
    inbox.update_aliases("우리방", lambda aliases: remove_alias(aliases, one))
    inbox.update_aliases("우리방", lambda aliases: remove_alias(aliases, others[0]))
    assert (RoomHistories(inbox).histories(), RoomHistories(inbox).summaries()) == before
