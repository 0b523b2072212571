"""Which files are of one room: what shares nothing stays apart, in whichever order it arrives."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import permutations
from pathlib import Path

import pytest

from kakaobot.exports.aliases import add_aliases
from kakaobot.exports.clusters import Cluster, Link, join_clusters
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from tests.exports.rooms import TEXT_FORMATS, Sent, csv_table

START = datetime(2024, 1, 1, 9, 0)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TALK = "Talk_2024.5.5 10:10-{}.txt"


def sent(
    people: Sequence[str], *, start: datetime = START, count: int = 8, days: int = 1, says: str = ""
) -> list[Sent]:
    """`count` messages on each of `days` days; different texts for other people."""
    says = says or people[0]
    return [
        (start + day * DAY + n * MINUTE, people[n % len(people)], f"{says} {day} {n}")
        for day in range(days)
        for n in range(count)
    ]


def ios(messages: list[Sent], part: int = 1) -> str:
    text = TEXT_FORMATS["I-KO"].render(messages)
    return text.replace(text.splitlines()[0], TALK.format(part), 1)


def windows(messages: list[Sent], room: str) -> str:
    return TEXT_FORMATS["W-KO"].render(messages).replace("방 님과", f"{room} 님과", 1)


Files = dict[str, tuple[str, str]]
"""Label → name and content of a file; several files may have one name."""


def write(folder: Path, files: Files) -> dict[str, Path]:
    paths = {}
    for label, (name, content) in files.items():
        paths[label] = folder / label / name
        paths[label].parent.mkdir(parents=True, exist_ok=True)
        paths[label].write_text(content, encoding="utf-8")
    return paths


def rooms_of(store: FileStore, paths: dict[str, Path]) -> dict[str, str]:
    """Room → labels of its files."""
    content = {path.read_bytes(): label for label, path in paths.items()}
    stored = {file.hash: content[store.path(file).read_bytes()] for file in store.list_files()}
    return {
        room.room: "".join(sorted(stored[hash] for hash in room.files))
        for room in RoomHistories(store).summaries()
    }


def import_all(folder: Path, files: Files) -> dict[str, str]:
    """Rooms after importing the files at once; checks that neither order nor batches matter."""
    paths = write(folder / "files", files)
    results = []
    orders = list(permutations(paths.values()))
    orders = orders[:: max(1, len(orders) // 6)]
    for number, order in enumerate(orders):
        store = FileStore(folder / f"raw{number}")
        batches = [order] if number % 2 else [[path] for path in order]
        for batch in batches:
            assert not [result.error for result in store.add(batch) if result.error]
        results.append(rooms_of(store, paths))
    assert all(result == results[0] for result in results)
    return results[0]


def groups(folder: Path, files: Files) -> list[str]:
    return sorted(import_all(folder, files).values())


AUTUMN, CLOUD = ("가을", "바다"), ("구름", "바다")
STRANGERS: dict[str, Files] = {
    "iphone rooms of one minute": {
        "a": (TALK.format(1), ios(sent(AUTUMN))),
        "b": (TALK.format(1), ios(sent(CLOUD, start=START + DAY))),
    },
    "iphone rooms with the same people": {
        "a": (TALK.format(1), ios(sent(AUTUMN))),
        "b": (TALK.format(1), ios(sent(AUTUMN, says="여행"))),
    },
    "mac tables of one name": {
        "a": ("chat.csv", csv_table(sent(AUTUMN))),
        "b": ("chat.csv", csv_table(sent(CLOUD))),
    },
    "mac tables without a common person": {
        "a": ("chat.csv", csv_table(sent(("가을", "나무")))),
        "b": ("chat.csv", csv_table(sent(CLOUD, start=START + DAY))),
    },
    "parts of different numbers without a common person": {
        "a": (TALK.format(1), ios(sent(("가을", "나무")))),
        "b": (TALK.format(2), ios(sent(CLOUD, start=START + DAY), 2)),
    },
    "parts of different numbers with only the exporter in common": {
        "a": (TALK.format(1), ios(sent(AUTUMN))),
        "b": (TALK.format(2), ios(sent(CLOUD, start=START + DAY), 2)),
    },
    "parts in the wrong order of time": {
        "a": (TALK.format(1), ios(sent(AUTUMN, start=START + 9 * DAY))),
        "b": (TALK.format(2), ios(sent(AUTUMN, says="여행"), 2)),
    },
    "a named room and a file called like it": {
        "a": ("a.txt", windows(sent(AUTUMN), "가을")),
        "b": ("가을.csv", csv_table(sent(("가을", "나무"), start=START + DAY))),
    },
    "rooms of one name without a common person": {
        "a": ("a.txt", windows(sent(("가을", "나무")), "모임")),
        "b": ("b.txt", windows(sent(CLOUD, start=START + MINUTE), "모임")),
    },
    "chats with two friends of one name": {
        "a": ("a.txt", windows(sent(AUTUMN, days=9), "가을")),
        "b": ("b.txt", windows(sent(AUTUMN, days=9, says="회의"), "가을")),
    },
}


@pytest.mark.parametrize("files", STRANGERS.values(), ids=STRANGERS)
def test_rooms_that_share_nothing_are_never_joined(tmp_path: Path, files: Files) -> None:
    assert groups(tmp_path, files) == ["a", "b"]


LATER = START + 3 * DAY
LONG = sent(AUTUMN, days=9)
TOGETHER: dict[str, Files] = {
    "parts of one export": {
        "a": (TALK.format(1), ios(sent(AUTUMN))),
        "b": (TALK.format(2), ios(sent(AUTUMN, start=LATER), 2)),
        "c": (TALK.format(10), ios(sent(AUTUMN, start=LATER + DAY), 10)),
    },
    "parts in a crowd that comes and goes": {
        "a": (TALK.format(1), ios(sent(("가", "나", "다", "라")))),
        "b": (TALK.format(2), ios(sent(("다", "나", "마", "바"), start=LATER), 2)),
    },
    "parts in which only one person speaks": {
        "a": (TALK.format(1), ios(sent(("바다",)))),
        "b": (TALK.format(2), ios(sent(AUTUMN, start=LATER), 2)),
    },
    "parts that a browser numbered": {
        "a": ("Talk_2024.5.5 10_10-1 (1).txt", ios(sent(AUTUMN))),
        "b": ("Talk_2024.5.5 10_10-2.txt", ios(sent(AUTUMN, start=LATER), 2)),
    },
    "parts with a message out of order": {
        "a": (TALK.format(1), ios([*sent(AUTUMN), *sent(AUTUMN, start=LATER + 60 * MINUTE)])),
        "b": (TALK.format(2), ios(sent(AUTUMN, start=LATER), 2)),
    },
    "parts of a named export": {
        "a": ("KakaoTalk_Chats.txt", windows(sent(("가을", "나무")), "모임")),
        "b": ("KakaoTalk_Chats_2.txt", windows(sent(CLOUD, start=LATER), "모임")),
    },
    "a table exported again": {
        "a": ("chat.csv", csv_table(LONG[:30])),
        "b": ("chat.csv", csv_table(LONG)),
    },
    "a table exported again after a newcomer": {
        "a": ("chat.csv", csv_table(LONG[10:30])),
        "b": ("chat.csv", csv_table([*LONG[20:], *sent(("샘",), start=START + 20 * DAY)])),
    },
    "a table of one message exported again": {
        "a": ("chat.csv", csv_table(LONG[:1])),
        "b": ("chat.csv", csv_table(LONG[:3])),
    },
    "one table in two encodings": {
        "a": ("chat.csv", csv_table([(START, "가을", "사진")])),
        "b": ("chat.csv", "\ufeff" + csv_table([(START, "가을", "사진")])),
    },
    "a phone and a computer": {
        "a": (TALK.format(1), ios(LONG[:30])),
        "b": ("b.txt", windows(LONG[20:], "가을")),
    },
    "parts and a computer that has only one of them": {
        "a": (TALK.format(1), ios(LONG[:40])),
        "b": (TALK.format(2), ios(LONG[40:], 2)),
        "c": ("c.txt", windows(LONG[50:], "가을")),
    },
    "rooms of one name with the same people at other times": {
        "a": ("a.txt", windows(sent(AUTUMN), "가을")),
        "b": ("b.txt", windows(sent(AUTUMN, start=LATER), "가을")),
    },
    "rooms of one name with nobody in common at other times": {
        "a": ("a.txt", windows(sent(("가을", "나무")), "모임")),
        "b": ("b.txt", windows(sent(CLOUD, start=LATER), "모임")),
    },
    "rooms of one name, one with the nickname of the exporter": {
        "a": ("a.txt", windows(sent(("회원님",)), "가을")),
        "b": ("b.txt", windows(sent(("바다",), says="회원님"), "가을")),
    },
}


@pytest.mark.parametrize("files", TOGETHER.values(), ids=TOGETHER)
def test_what_belongs_together_is_joined(tmp_path: Path, files: Files) -> None:
    assert groups(tmp_path, files) == ["".join(files)]


def two_exports(one: Sequence[str], other: Sequence[str]) -> Files:
    """Two parts each of two rooms, exported in one minute."""
    return {
        "a": (TALK.format(1), ios(sent(one, days=20))),
        "b": (TALK.format(2), ios(sent(one, start=START + 20 * DAY, days=20), 2)),
        "x": (TALK.format(1), ios(sent(other, start=START + 3 * DAY, days=20, says="말"))),
        "y": (TALK.format(2), ios(sent(other, start=START + 23 * DAY, days=20, says="말"), 2)),
    }


@pytest.mark.parametrize(
    "people", [AUTUMN, CLOUD, ("가을", "바다", "구름")], ids=["the same", "one", "two"]
)
def test_parts_of_two_rooms_are_told_apart(tmp_path: Path, people: Sequence[str]) -> None:
    """By their people, or if those are the same, by the time at which one goes on."""
    assert groups(tmp_path, two_exports(AUTUMN, people)) == ["ab", "xy"]


def test_parts_that_fit_two_rooms_equally_well_are_not_joined(tmp_path: Path) -> None:
    files: Files = {
        "a": (TALK.format(1), ios(sent(AUTUMN))),
        "b": (TALK.format(1), ios(sent(AUTUMN, says="여행"))),
        "c": (TALK.format(2), ios(sent(AUTUMN, start=LATER), 2)),
    }
    assert groups(tmp_path, files) == ["a", "b", "c"]


def test_a_file_that_fits_two_friends_of_one_name_is_not_joined(tmp_path: Path) -> None:
    files = {**STRANGERS["chats with two friends of one name"]}
    files["c"] = ("c.txt", windows(sent(AUTUMN, start=START + 99 * DAY), "가을"))
    assert groups(tmp_path, files) == ["a", "b", "c"]
    # An export that overlaps with both files of one of them decides.
    whole = [*sent(AUTUMN, days=9), *sent(AUTUMN, start=START + 99 * DAY)]
    files["d"] = ("d.txt", windows(whole, "가을"))
    assert groups(tmp_path / "more", files) == ["acd", "b"]


def test_namesakes_are_called_by_their_people(tmp_path: Path) -> None:
    files = {
        **STRANGERS["iphone rooms of one minute"],
        "c": ("chat.csv", csv_table(sent(("가", "나", "다", "라", "마")))),
        "d": ("chat.csv", csv_table(sent(("가", "나", "다", "라", "바"), says="여행"))),
        "e": ("옛방.csv", csv_table(sent(("가", "나"), says="옛말"))),
    }
    rooms = import_all(tmp_path, files)
    assert {room for room, labels in rooms.items() if labels in "abe"} == {
        "Talk_2024.5.5 10:10 (가을, 바다)",
        "Talk_2024.5.5 10:10 (구름, 바다)",
        "옛방",
    }
    same_people = [room for room, labels in rooms.items() if labels in "cd"]
    assert [room.partition(" #")[0] for room in same_people] == ["chat (가, 나, 다 외 2명)"] * 2


def test_a_room_keeps_its_name_when_its_namesake_is_removed(tmp_path: Path) -> None:
    paths = write(tmp_path, STRANGERS["iphone rooms of one minute"])
    store = FileStore(tmp_path / "raw")
    rooms = RoomHistories(store)
    store.add([paths["a"]])
    (alone,) = rooms.names()
    store.add([paths["b"]])
    one, other = rooms.names()
    assert (alone, rooms.names(alone)) == ("Talk_2024.5.5 10:10", [])
    removed = next(file for file in store.list_files() if "구름" in file.people)
    store.remove(removed.hash)
    assert rooms.names() == [alone]
    assert (rooms.names(one), rooms.names(other)) == ([alone], [])
    assert [history.room for history in rooms.histories(one)] == [alone]


def test_aliases_stay_with_their_room_when_a_namesake_arrives(tmp_path: Path) -> None:
    paths = write(tmp_path, STRANGERS["mac tables of one name"])
    store = FileStore(tmp_path / "raw")
    rooms = RoomHistories(store)
    store.add([paths["a"]])
    (summary,) = rooms.summaries()
    store.update_aliases(summary.keys[0], lambda names: add_aliases(names, "해", ["바다"]))
    assert set(rooms.summaries()[0].people) == {"가을", "해"}
    store.add([paths["b"]])
    assert {frozenset(room.people) for room in rooms.summaries()} == {
        frozenset({"가을", "해"}),
        frozenset({"구름", "바다"}),
    }


def test_aliases_of_a_nameless_file_count_in_its_whole_room(tmp_path: Path) -> None:
    """Except for the nickname of its exporter, which may mean somebody else on another phone."""
    phone = [(at, {"바다": "회원님"}.get(name, name), text) for at, name, text in LONG[20:]]
    other = [(at, {"가을": "회원님"}.get(name, name), text) for at, name, text in LONG[:30]]
    files: Files = {
        "a": (TALK.format(1), ios(phone)),
        "b": ("b.txt", windows([*other, *LONG[30:]], "모임")),
    }
    paths = write(tmp_path, files)
    store = FileStore(tmp_path / "raw")
    rooms = RoomHistories(store)
    store.add([paths["a"]])
    key = rooms.summaries()[0].keys[0]
    store.update_aliases(key, lambda names: add_aliases(names, "바다", ["회원님"]))
    store.update_aliases(key, lambda names: add_aliases(names, "가을이", ["가을"]))
    store.add([paths["b"]])
    (room,) = rooms.summaries()
    assert room.room == "모임"
    assert set(room.people) == {"가을이", "바다", "회원님"}
    assert room.people["회원님"] == sum(name == "회원님" for _, name, _ in other)


FOLDER = "Kakaotalk_Chat_우리 방_20240505_101000"


def test_the_folder_in_an_archive_names_the_room(tmp_path: Path) -> None:
    files = {**STRANGERS["iphone rooms of one minute"]}
    archive = tmp_path / "백업.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for folder, (name, content) in zip((FOLDER, "둘/a/b"), files.values(), strict=True):
            opened.writestr(f"{folder}/{name}", content)
        opened.writestr(f"{FOLDER}/사진/a.jpg", b"\xff\xd8")
    store = FileStore(tmp_path / "raw")
    assert [result.error for result in store.add([archive])] == [None, None]
    assert RoomHistories(store).names() == ["우리 방", "Talk_2024.5.5 10:10"]
    (history,) = RoomHistories(store).histories("우리 방")
    assert {message.room for message in history.messages} == {"우리 방"}


@pytest.mark.parametrize(
    "name",
    [
        "KakaoTalk_Chat_우리 방_2024-05-05-10-10-00",
        "Kakaotalk_Chat_우리 방_2024.05.05_10.10.00",
        "KakaoTalk_Chat_우리 방_20240505101000 (1)",
        "kakaotalk_chat_우리 방_2024-05-05_-388686093",
    ],
)
def test_the_name_of_an_archive_or_folder_names_the_room(tmp_path: Path, name: str) -> None:
    content = ios(sent(AUTUMN))
    archive = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("Talk.txt", content)
    folder = tmp_path / name
    folder.mkdir()
    (folder / "Talk.txt").write_text(content, encoding="utf-8")
    for number, upload in enumerate((archive, folder, folder / "Talk.txt")):
        store = FileStore(tmp_path / f"raw{number}")
        store.add([upload])
        assert RoomHistories(store).names() == ["우리 방"]
        # The name outlives the list of files, which is rebuilt from them.
        (tmp_path / f"raw{number}" / "manifest.json").unlink()
        assert RoomHistories(store).names() == ["우리 방"]


@pytest.mark.parametrize(
    "name", ["KakaoTalk_Chats_2024-01-02_03.28.38", "KakaoTalk_Chat_2024-07-26-11-55-31", "백업"]
)
def test_other_folders_name_no_room(tmp_path: Path, name: str) -> None:
    files: Files = {name: ("chat.csv", csv_table(sent(AUTUMN)))}
    assert list(import_all(tmp_path, files)) == ["chat"]


def test_a_room_gets_its_name_from_a_later_upload_of_the_same_file(tmp_path: Path) -> None:
    content = ios(sent(AUTUMN))
    files: Files = {"plain": (TALK.format(1), content), FOLDER: (TALK.format(1), content)}
    plain, named = write(tmp_path, files).values()
    store = FileStore(tmp_path / "raw")
    store.add([plain])
    key = RoomHistories(store).summaries()[0].keys[0]
    store.update_aliases(key, lambda names: add_aliases(names, "해", ["바다"]))
    (again,) = store.add([named])
    store.organize()
    assert again.is_duplicate
    (room,) = RoomHistories(store).summaries()
    assert (room.room, set(room.people)) == ("우리 방", {"가을", "해"})
    assert [path.parts[-3] for path in (tmp_path / "raw/organized").rglob("*.txt")] == ["우리 방"]
    store.add([plain])
    assert RoomHistories(store).names() == ["우리 방"]


def test_nameless_files_of_one_name_survive_a_lost_manifest(tmp_path: Path) -> None:
    paths = write(tmp_path, STRANGERS["mac tables of one name"])
    store = FileStore(tmp_path / "raw")
    store.add(list(paths.values()))
    before = rooms_of(store, paths)
    (tmp_path / "raw/manifest.json").unlink()
    assert rooms_of(store, paths) == before


def test_archives_with_files_of_one_name_are_rooms_of_their_own(tmp_path: Path) -> None:
    archives = []
    for label, (name, content) in STRANGERS["mac tables of one name"].items():
        archives.append(tmp_path / label / "백업.zip")
        archives[-1].parent.mkdir()
        with zipfile.ZipFile(archives[-1], "w") as opened:
            opened.writestr(name, content)
    store = FileStore(tmp_path / "raw")
    store.add(archives)
    assert RoomHistories(store).names() == ["chat (가을, 바다)", "chat (구름, 바다)"]
    assert all(result.is_duplicate for result in store.add(archives))


def test_attachments_of_one_name_are_rooms_of_their_own(tmp_path: Path) -> None:
    mails = []
    for label, (name, content) in STRANGERS["iphone rooms of one minute"].items():
        mail = EmailMessage()
        mail["Subject"], mail["From"] = "대화", "maru@example.com"
        mail.set_content("대화를 보내요\n")
        mail.add_attachment(content.encode(), "text", "plain", filename=name)
        mails.append(tmp_path / f"{label}.eml")
        mails[-1].write_bytes(mail.as_bytes())
    store = FileStore(tmp_path / "raw")
    store.add(mails)
    assert len(RoomHistories(store).names()) == 2


def test_equally_strong_links_that_exclude_each_other_join_nothing() -> None:
    def can_join(one: Cluster, other: Cluster, _: Link) -> bool:
        return not {0, 1} <= {*one, *other}

    links = [Link(1, 0, 2), Link(1, 1, 2), Link(1, 3, 4)]
    singles = [(number,) for number in range(5)]
    assert join_clusters(singles, links, can_join) == [(0,), (1,), (2,), (3, 4)]
    stronger = [*links, Link(2, 1, 2)]
    assert join_clusters(singles, stronger, can_join) == [(0,), (1, 2), (3, 4)]
