"""Histories and summaries of a store: merging, caching and recomputing."""

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


def chat(messages: list[tuple[str, str]], room: str = "우리방") -> str:
    head = f"{room} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
    first = ALL.index(messages[0]) if messages and messages[0] in ALL else 0
    return head + "".join(
        f"2026년 2월 5일 오전 1:{30 + first + minute:02d}, {sender} : {text}\n"
        for minute, (sender, text) in enumerate(messages)
    )


def add_files(store: FileStore, folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        paths.append(folder / f"{name}.txt")
    assert not [result.error for result in store.add(paths) if result.error]


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """Two files of one room that share two messages, and another room."""
    store = FileStore(tmp_path / "raw")
    add_files(store, tmp_path, 앞=chat(ALL[:4]), 뒤=chat(ALL[2:]), 옆=chat(ALL[:2], "옆방"))
    return store


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files read so far."""
    names: list[str] = []
    real = FileStore.export

    def export(self: FileStore, stored: StoredFile) -> object:
        names.append(stored.name)
        return real(self, stored)

    monkeypatch.setattr(FileStore, "export", export)
    return names


def test_summaries_describe_merged_rooms(store: FileStore) -> None:
    ours, other = RoomHistories(store).summaries()
    assert (ours.room, len(ours.files), ours.messages, ours.repeated) == ("우리방", 2, 5, 2)
    assert ours.people == {"마루": 2, "도담": 2, "은솔": 1}
    assert (ours.first, ours.last) == ("2026-02-05T01:30:00", "2026-02-05T01:34:00")
    assert (other.room, len(other.files), other.messages, other.repeated) == ("옆방", 1, 2, 0)


def test_histories_equal_the_merge_of_all_exports(store: FileStore) -> None:
    rooms = RoomHistories(store)
    assert rooms.histories() == merge(load_all(store))
    assert rooms.histories("옆방") == merge(load_all(store))[1:]
    assert rooms.histories("없는 방") == []


def test_unchanged_rooms_are_not_read_again(store: FileStore, read: list[str]) -> None:
    first = RoomHistories(store).summaries()
    assert sorted(read) == ["뒤.txt", "앞.txt", "옆.txt"]
    read.clear()
    assert RoomHistories(store).summaries() == first
    assert read == []


def test_only_a_changed_room_is_read_again(
    store: FileStore, read: list[str], tmp_path: Path
) -> None:
    RoomHistories(store).summaries()
    read.clear()
    add_files(store, tmp_path / "more", 또=chat([("해솔", "바")], "옆방"))
    assert [room.messages for room in RoomHistories(store).summaries()] == [5, 3]
    assert sorted(read) == ["또.txt", "옆.txt"]
    read.clear()
    store.update_aliases("우리방", lambda aliases: add_aliases(aliases, "마루", ["은솔"]))
    assert RoomHistories(store).summaries()[0].people == {"마루": 3, "도담": 2}
    assert sorted(read) == ["뒤.txt", "앞.txt"]
    read.clear()
    store.remove(next(file.hash for file in store.list_files() if file.name == "뒤.txt"))
    ours = RoomHistories(store).summaries()[0]
    assert (len(ours.files), ours.messages, ours.repeated) == (1, 4, 0)
    assert read == ["앞.txt"]


def test_only_files_of_the_requested_room_are_read(store: FileStore, read: list[str]) -> None:
    assert len(RoomHistories(store).histories("옆방")) == 1
    assert read == ["옆.txt"]


def test_progress_is_monotonic_and_completes(store: FileStore) -> None:
    reports: list[tuple[float, str]] = []
    RoomHistories(store).summaries(lambda share, text: reports.append((share, text)))
    shares = [share for share, _ in reports]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(set(shares)) >= 5
    assert any("우리방" in text for _, text in reports)
    reports.clear()
    RoomHistories(store).summaries(lambda share, text: reports.append((share, text)))
    assert reports == []


def test_the_version_depends_on_files_and_aliases_only(store: FileStore, tmp_path: Path) -> None:
    versions = [RoomHistories(store).version()]
    assert RoomHistories(store).version() == versions[0]
    store.update_aliases("우리방", lambda aliases: add_aliases(aliases, "마루", ["은솔"]))
    versions.append(RoomHistories(store).version())
    add_files(store, tmp_path / "more", 또=chat([("해솔", "바")], "옆방"))
    versions.append(RoomHistories(store).version())
    assert len(set(versions)) == 3
    store.update_aliases("우리방", lambda aliases: remove_alias(aliases, "은솔"))
    store.remove(next(file.hash for file in store.list_files() if file.name == "또.txt"))
    assert RoomHistories(store).version() == versions[0]


@pytest.mark.parametrize(
    "damage",
    [
        "", "{", "[]", "null", "7", '{"form": 1, "rooms": 5}', '{"form": 1, "rooms": {"x": 3}}',
        '{"form": 1, "rooms": {"KEY": {"room": 1}}}', "[" * 100_000, None,
    ],
    ids=range(10),
)  # fmt: skip
def test_an_invalid_summary_cache_is_recomputed(
    store: FileStore, tmp_path: Path, damage: str | None
) -> None:
    before = RoomHistories(store).summaries()
    file = tmp_path / "raw" / "rooms.json"
    key = next(iter(json.loads(file.read_text(encoding="utf-8"))["rooms"]))
    file.unlink()
    if damage is None:
        file.mkdir()
    else:
        file.write_text(damage.replace("KEY", key), encoding="utf-8")
    assert RoomHistories(store).summaries() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("room", 1), ("keys", []), ("keys", [1]), ("files", 3), ("messages", "5"), ("repeated", -1),
        ("people", {"마루": "2"}), ("people", []), ("first", 5), ("last", "어제"), ("lost", [3]),
    ],
)  # fmt: skip
def test_an_invalid_summary_is_recomputed(
    store: FileStore, tmp_path: Path, key: str, value: object
) -> None:
    before = RoomHistories(store).summaries()
    file = tmp_path / "raw" / "rooms.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    for summary in known["rooms"].values():
        summary[key] = value
    file.write_text(json.dumps(known), encoding="utf-8")
    assert RoomHistories(store).summaries() == before


def test_a_damaged_file_is_reported_and_left_out_of_summaries(
    store: FileStore, tmp_path: Path
) -> None:
    before = RoomHistories(store).summaries()
    damage(store, tmp_path, "앞.txt")
    ours, other = RoomHistories(store).summaries()
    assert (ours.messages, len(ours.files), other) == (3, 1, before[1])
    assert "앞.txt" in ours.lost[0]
    with pytest.raises(ExportError, match="앞.txt"):
        RoomHistories(store).histories("우리방")
    assert len(RoomHistories(store).histories("옆방")) == 1
    damage(store, tmp_path, "뒤.txt")
    assert [room.room for room in RoomHistories(store).summaries()] == ["옆방"]
    damage(store, tmp_path, "옆.txt")
    with pytest.raises(ExportError, match="다시 넣거나 목록에서 빼 주세요"):
        RoomHistories(store).summaries()
    add_files(store, tmp_path, 앞=chat(ALL[:4]), 뒤=chat(ALL[2:]), 옆=chat(ALL[:2], "옆방"))
    assert RoomHistories(store).summaries() == before


def damage(store: FileStore, folder: Path, name: str) -> None:
    stored = next(file for file in store.list_files() if file.name == name)
    path = folder / "raw" / "inbox" / stored.file
    path.chmod(0o600)
    path.write_bytes(b"\x89PNG")


def test_files_are_grouped_without_reading_them(tmp_path: Path, read: list[str]) -> None:
    store = FileStore(tmp_path / "raw")
    rows = "".join(
        f"2026-02-05 01:{30 + minute}:07,{sender},{text}\n"
        for minute, (sender, text) in enumerate(ALL)
    )
    table = f"Date,User,Message\n{rows}"
    add_files(store, tmp_path, 컴퓨터=chat(ALL), 맥=table)
    manifest = tmp_path / "raw" / "manifest.json"
    listed = json.loads(manifest.read_text(encoding="utf-8"))
    for file in listed["files"]:
        del file["marks"]
    manifest.write_text(json.dumps(listed), encoding="utf-8")
    RoomHistories(store).version()
    assert sorted(read) == ["맥.txt", "컴퓨터.txt"]
    read.clear()
    RoomHistories(store).version()
    assert read == []
    (room,) = RoomHistories(store).summaries()
    assert (room.room, room.messages, room.repeated) == ("우리방", 5, 5)


def test_a_file_removed_while_others_are_read_raises_no_error(store: FileStore) -> None:
    other = next(file.hash for file in store.list_files() if file.name == "옆.txt")

    def disturb(share: float, _: str) -> None:
        if share == 0 and any(file.hash == other for file in store.list_files()):
            store.remove(other)

    assert [room.room for room in RoomHistories(store).summaries(disturb)] == ["우리방"]


def test_a_store_that_never_rests_is_read_a_few_times_only(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[str] = []

    def export(self: FileStore, stored: StoredFile) -> object:
        name = f"또{len(attempts)}"
        attempts.append(name)
        add_files(self, tmp_path / "more", **{name: chat([("해솔", name)], "옆방")})
        raise ExportError("읽을 수 없습니다.")

    monkeypatch.setattr(FileStore, "export", export)
    with pytest.raises(ExportError, match="읽을 수 없습니다"):
        RoomHistories(store).histories()
    assert 1 < len(attempts) < 10


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=4))
def test_importing_twice_or_in_overlapping_parts_is_idempotent(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("twice")
    files = {f"부분{n}": chat(ALL[a : a + length]) for n, (a, length) in enumerate(parts)}
    store = FileStore(folder / "raw")
    add_files(store, folder, **files)
    before = RoomHistories(store).summaries(), RoomHistories(store).histories()
    add_files(store, folder, **files)
    assert (RoomHistories(store).summaries(), RoomHistories(store).histories()) == before
    covered = {ALL[n] for a, length in parts for n in range(a, min(a + length, len(ALL)))}
    (summary,) = before[0]
    assert summary.messages == len(covered)
    total = sum(file.messages for file in store.list_files())
    assert summary.repeated == total - len(covered)


@settings(deadline=None, max_examples=15)
@given(st.permutations(["마루", "도담", "은솔"]))
def test_undoing_confirmed_aliases_restores_the_histories(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    store = FileStore(folder / "raw")
    add_files(store, folder, 앞=chat(ALL[:4]), 뒤=chat(ALL[2:]))
    before = RoomHistories(store).histories(), RoomHistories(store).summaries()
    one, *others = names
    store.update_aliases("우리방", lambda aliases: add_aliases(aliases, one, others[:1]))
    store.update_aliases("우리방", lambda aliases: add_aliases(aliases, others[1], [one]))
    (history,) = RoomHistories(store).histories()
    assert {message.sender for message in history.messages} == {others[1]}
    store.update_aliases("우리방", lambda aliases: remove_alias(aliases, one))
    store.update_aliases("우리방", lambda aliases: remove_alias(aliases, others[0]))
    assert (RoomHistories(store).histories(), RoomHistories(store).summaries()) == before
