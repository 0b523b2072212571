"""Uploads are stored by content, listed, given readable names, removed and archived."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock

from kakaobot.atomic_io import replace_text
from kakaobot.errors import ExportError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.paths import Move, move_files, plan_archive, safe_name
from tests.exports.rooms import load_all
from tests.patience import patience

ROOT = Path(__file__).resolve().parents[2]


def chat(text: str = "안녕", room: str = "우리방") -> bytes:
    return (
        f"{room} 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
        f"2026년 2월 5일 오전 1:33, 마루 : {text}\n"
    ).encode()


def upload(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def rewrite(raw: Path, changes: dict[str, object], without: tuple[str, ...] = ()) -> None:
    """Say something else of the first file in the manifest."""
    listed = json.loads((raw / "manifest.json").read_text(encoding="utf-8"))
    first = {**listed["files"][0], **changes}
    listed["files"][0] = {key: value for key, value in first.items() if key not in without}
    (raw / "manifest.json").write_text(json.dumps(listed), encoding="utf-8")


def tree(folder: Path) -> list[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if path.name != ".lock")


def test_an_upload_is_stored_listed_and_given_a_readable_name(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    (added,) = inbox.add([upload(tmp_path, "카톡.TXT", chat())])
    assert added.error is None
    assert not added.is_duplicate
    assert added.stored
    assert (added.stored.room, added.stored.format, added.stored.people) == (
        "우리방",
        "A-KO",
        {"마루": 1},
    )
    assert tree(tmp_path / "raw") == [
        f"inbox/{added.stored.hash}.txt",
        "manifest.json",
        "organized/우리방/2026-02/카톡.TXT",
    ]
    assert inbox.list_files() == [added.stored]
    assert load_all(inbox)[0].file == "카톡.TXT"
    listed = json.loads((tmp_path / "raw/manifest.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in listed["files"]] == ["카톡.TXT"]


def test_the_same_content_again_is_reported_and_stored_once(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    inbox.add([upload(tmp_path, "하나.txt", chat())])
    before = tree(tmp_path / "raw")
    (again,) = inbox.add([upload(tmp_path, "둘.txt", chat())])
    assert again.is_duplicate
    assert again.stored
    assert again.stored.name == "하나.txt"
    assert tree(tmp_path / "raw") == before


def written(path: Path, data: bytes) -> None:
    """In place, as an editor does that asks no questions."""
    path.chmod(0o600)
    path.write_bytes(data)


def test_an_original_is_not_written_into_under_its_readable_name(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    FileStore(raw).add([upload(tmp_path, "대화.txt", chat())])
    (stored,) = (raw / "inbox").iterdir()
    (named,) = (raw / "organized").rglob("*.txt")
    assert not stored.stat().st_mode & 0o222
    assert not (named.samefile(stored) and named.stat().st_mode & 0o222)


def test_an_original_that_was_changed_is_told_and_taken_in_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (named,) = (raw / "organized").rglob("*.txt")
    written(named, chat("고침"))
    before = tree(raw)
    for _ in range(3):
        assert inbox.organize() == []
    assert tree(raw) == before
    (stored,) = inbox.list_files()
    assert not stored.is_intact
    for ask in (
        lambda: inbox.export(stored),
        lambda: inbox.read(stored.hash),
        lambda: load_all(inbox),
    ):
        with pytest.raises(ExportError, match=r"'대화.txt'.*다시 넣거나 목록에서 빼 주세요\."):
            ask()
    (again,) = inbox.add([upload(tmp_path, "대화.txt", chat())])
    assert (again.is_duplicate, again.error) == (False, None)
    assert "다시 넣었습니다" in again.note
    assert load_all(inbox)[0].messages[0].text == "안녕"
    # What somebody wrote stays, and the original has a name beside it, once.
    assert named.read_bytes() == chat("고침")
    for _ in range(3):
        inbox.organize()
    assert sorted(path.name for path in named.parent.iterdir()) == ["대화 (2).txt", "대화.txt"]


@pytest.mark.parametrize("data", [b"", chat()[:50], None], ids=["empty", "short", "gone"])
def test_an_original_is_taken_back_from_a_copy_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None
) -> None:
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError))
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (path,) = (raw / "inbox").iterdir()
    if data is None:
        path.unlink()
    else:
        written(path, data)
    (stored,) = inbox.list_files()
    assert stored.is_intact
    assert path.read_bytes() == chat()
    assert len(tree(raw)) == 3


def test_a_damaged_original_can_be_removed(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (path,) = (raw / "inbox").iterdir()
    written(path, b"")
    inbox.remove(path.stem)
    assert inbox.list_files() == []
    assert tree(raw) == ["manifest.json"]


def test_what_lies_unlisted_and_is_not_what_its_name_says_is_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    upload(raw / "inbox", "abc.txt", chat("다른 말"))
    assert [each.name for each in inbox.list_files()] == ["대화.txt"]
    assert not (raw / "manifest.broken").exists()
    assert "abc.txt" in caplog.text


def test_a_file_is_looked_into_only_where_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (path,) = (raw / "inbox").iterdir()
    looked: list[Path] = []
    monkeypatch.setattr(
        "kakaobot.exports.content_folder.hash_file",
        lambda path: looked.append(path) or path.stem,  # type: ignore[func-returns-value]
    )
    inbox.list_files()
    assert looked == []
    os.utime(path, (1, 1))
    assert inbox.list_files()[0].is_intact
    inbox.list_files()
    assert looked == [path]


def test_a_name_that_is_no_utf8_is_listed_in_letters(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    file = upload(tmp_path, "대화.txt", chat())
    (added,) = FileStore(raw).add([file], names=[os.fsdecode(b"\xff\xfe.txt")])
    assert added.stored
    assert added.stored.name.encode()
    assert FileStore(raw).list_files() == [added.stored]
    assert not list(raw.glob("*.new"))


def test_a_text_that_cannot_be_written_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        replace_text(tmp_path / "a.json", "\udcff")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["raw", "raw/inbox"])
def test_a_file_in_the_place_of_a_folder_is_a_sentence(tmp_path: Path, name: str) -> None:
    file = upload(tmp_path, "대화.txt", chat())
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"")
    for ask in (
        lambda: FileStore(tmp_path / "raw").add([file]),
        FileStore(tmp_path / "raw").list_files,
    ):
        with pytest.raises(ExportError, match=r"권한이 있는지 확인하고 다시 해 주세요\."):
            ask()


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    inbox = FileStore(tmp_path / "raw")
    inbox.add([upload(tmp_path, "하나.txt", chat())])
    monkeypatch.setattr("kakaobot.exports.content_folder.tempfile.mkstemp", full)
    with pytest.raises(ExportError, match=r"디스크를 비우고 다시 해 주세요\."):
        inbox.add([upload(tmp_path, "둘.txt", chat("둘"))])
    assert [each.name for each in inbox.list_files()] == ["하나.txt"]


def test_a_file_that_cannot_be_given_a_readable_name_is_stored_all_the_same(
    tmp_path: Path,
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "organized").write_bytes(b"")
    inbox = FileStore(raw)
    (added,) = inbox.add([upload(tmp_path, "대화.txt", chat())])
    assert added.error is None
    assert "organized" in added.note
    assert len(load_all(inbox)) == 1
    assert inbox.organize() == []


@pytest.mark.parametrize("name", ["k.log", "대화", "대화.2026", "k.TXT.bak"])
def test_a_chat_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    inbox = FileStore(tmp_path / "raw")
    (added,) = inbox.add([upload(tmp_path, name, chat())])
    assert added.stored
    assert (added.stored.name, added.stored.file) == (name, f"{added.stored.hash}.txt")
    (tmp_path / "raw/manifest.json").unlink()
    assert [each.name for each in inbox.list_files()] == [name]


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    results = inbox.add(
        [
            upload(tmp_path, "그림.png", b"\x89PNG"),
            upload(tmp_path, "빈것.txt", b""),
            tmp_path / "없음.txt",
            upload(tmp_path, "대화.txt", chat()),
        ]
    )
    assert [bool(each.error) for each in results] == [True, True, True, False]
    assert "그림.png" in str(results[0].error)
    assert len(inbox.list_files()) == 1
    assert not [name for name in tree(tmp_path / "raw") if "draft" in name]


def test_files_of_one_name_stand_beside_each_other(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    for number in range(3):
        inbox.add([upload(tmp_path / str(number), "대화.txt", chat(str(number)))])
    names = sorted(path.name for path in (tmp_path / "raw/organized").rglob("*.txt"))
    assert names == ["대화 (2).txt", "대화 (3).txt", "대화.txt"]


def test_a_name_given_by_the_user_is_kept_and_cannot_leave_the_folder(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    data = chat(room="../../밖")
    (added,) = inbox.add([upload(tmp_path, "x.txt", data)], names=["..\\../CON.txt"])
    assert added.stored
    assert added.stored.name == "CON.txt"
    (organized,) = (name for name in tree(tmp_path / "raw") if name.startswith("organized"))
    assert organized == "organized/_.._밖/2026-02/_CON.txt"


def test_removing_takes_the_upload_its_name_and_its_entry(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    one, two = inbox.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    assert one.stored
    assert two.stored
    inbox.remove(one.stored.hash)
    assert inbox.list_files() == [two.stored]
    assert len(tree(tmp_path / "raw")) == 3
    with pytest.raises(ExportError, match="목록에 없습니다"):
        inbox.remove(one.stored.hash)


@pytest.mark.parametrize(
    "damage",
    [
        "{", "[]", "null", "3", '{"files": 3}', '{"files": [3]}', '{"files": [{"hash": 1}]}',
        '{"files": {"a": 1}}', "[" * 100_000, "\ud800", None,
    ],
    ids=range(11),
)  # fmt: skip
def test_a_damaged_or_missing_manifest_is_made_again_with_nothing_lost(
    tmp_path: Path, damage: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    before = {(each.hash, each.name, each.messages) for each in inbox.list_files()}
    if damage is None:
        (raw / "manifest.json").unlink()
    else:
        (raw / "manifest.json").write_bytes(damage.encode(errors="surrogatepass"))
    assert {(each.hash, each.name, each.messages) for each in inbox.list_files()} == before
    assert {export.file for export in load_all(inbox)} == {"하나.txt", "둘.txt"}
    assert (raw / "manifest.broken").exists() == (damage is not None)
    told = [record.getMessage() for record in caplog.records if record.name == "kakaobot.inbox"]
    assert len(told) == (damage is not None)
    assert all("원본에서 다시 만들었습니다" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hash", 5), ("hash", "../../etc"), ("name", None), ("size", "3"), ("size", -1),
        ("room", ["방"]), ("layout", {}), ("people", []), ("people", {"마루": "많이"}),
        ("messages", 1.5), ("messages", True), ("first", "../../밖"), ("last", 3),
        ("not_understood", 4), ("not_understood", ["4"]), ("added_at", "어제"), ("named", "예"),
        ("lines", "많음"), ("counts", [1]), ("counts", {"messages": 1}), ("marks", [1]),
        ("marks", {"2026-02-05": "마"}), ("marks", {"2026-02-05": "12"}), ("modified", "어제"),
    ],
)  # fmt: skip
def test_an_entry_of_wrong_kinds_is_made_again_from_the_file(
    tmp_path: Path, key: str, value: object
) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (before,) = inbox.list_files()
    rewrite(raw, {key: value})
    (after,) = inbox.list_files()
    assert replace(after, added_at="") == replace(before, added_at="")
    assert (raw / "manifest.broken").exists()
    assert [export.file for export in load_all(inbox)] == ["대화.txt"]


def test_a_name_that_does_not_fit_the_stored_file_is_found_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    rewrite(raw, {"name": "대화.csv"})
    assert [each.name for each in inbox.list_files()] == ["대화.txt"]
    assert len(load_all(inbox)) == 1


def test_an_older_manifest_is_loaded_and_completed_when_it_is_asked_for(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (before,) = inbox.list_files()
    rewrite(raw, {}, without=("named", "lines", "counts", "marks"))
    (old,) = inbox.list_files()
    assert old == replace(before, has_room_name=None, lines=None, counts=None, fingerprints=None)
    assert not (raw / "manifest.broken").exists()
    assert inbox.list_complete() == [before]
    assert inbox.list_files() == [before]


def test_a_newer_manifest_is_loaded_too(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    before = inbox.list_files()
    rewrite(raw, {"mood": "좋음"})
    text = (raw / "manifest.json").read_text(encoding="utf-8")
    (raw / "manifest.json").write_text(text, encoding="utf-8-sig")
    assert inbox.list_files() == before


def test_what_is_listed_counts_every_line(tmp_path: Path) -> None:
    inbox = FileStore(tmp_path / "raw")
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (stored,) = inbox.list_files()
    assert stored.counts
    assert sum(stored.counts.values()) == stored.lines == 4
    assert (stored.counts["messages"], stored.counts["headers"], stored.has_room_name) == (
        1,
        2,
        True,
    )


def test_a_manifest_or_names_that_cannot_be_opened_are_a_sentence(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    (raw / "manifest.json").mkdir(parents=True)
    (raw / "people.json").mkdir()
    inbox = FileStore(raw)
    with pytest.raises(ExportError, match="파일 목록 .* 열 수 없습니다"):
        inbox.list_files()
    with pytest.raises(ExportError, match="읽을 수 없습니다"):
        inbox.load_aliases()


@pytest.mark.parametrize("damage", ["{", "[1]", '{"rooms": {"우리방": {"가": 3}}}', "\ud800"])
def test_damaged_names_are_a_sentence_and_are_left_as_they_are(tmp_path: Path, damage: str) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    data = damage.encode(errors="surrogatepass")
    (raw / "people.json").write_bytes(data)
    for ask in (inbox.load_aliases, lambda: inbox.update_aliases("우리방", lambda _: {"가": "나"})):
        with pytest.raises(ExportError, match=r"people\.json 을 읽을 수 없습니다"):
            ask()
    assert (raw / "people.json").read_bytes() == data
    assert len(inbox.list_files()) == 1


def test_two_processes_lose_no_name_of_each_other(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    code = (
        "import sys; from pathlib import Path; from kakaobot.exports.file_store import FileStore\n"
        "for name in sys.argv[2:]:"
        " FileStore(Path(sys.argv[1])).update_aliases('방', lambda names: {**names, name: '마루'})"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(raw), *names], cwd=ROOT)
        for names in (["a", "b", "c", "d"], ["e", "f", "g", "h"])
    ]
    assert [child.wait(patience()) for child in children] == [0, 0]
    assert FileStore(raw).load_aliases() == {"방": dict.fromkeys("abcdefgh", "마루")}


def test_a_copy_is_made_where_links_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    FileStore(tmp_path / "raw").add([upload(tmp_path, "대화.txt", chat())])
    assert (tmp_path / "raw/organized/우리방/2026-02/대화.txt").read_bytes() == chat()


def test_organizing_again_after_the_names_were_archived_makes_them_anew(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = FileStore(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    assert inbox.organize() == []
    move_files(plan_archive([raw / "organized"], tmp_path / "archive"))
    assert [path.name for path in inbox.organize()] == ["대화.txt"]


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    code = (
        "import sys; from pathlib import Path; from kakaobot.exports.file_store import FileStore\n"
        "store = FileStore(Path(sys.argv[1]))\n"
        "for path in sys.argv[2:]: assert not store.add([Path(path)])[0].error"
    )
    files = [str(upload(tmp_path, f"{n}.txt", chat(str(n)))) for n in range(10)]
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(raw), *part], cwd=ROOT)
        for part in (files[::2], files[1::2])
    ]
    assert [child.wait(patience()) for child in children] == [0, 0]
    assert len(FileStore(raw).list_files()) == 10


def test_a_folder_that_stays_busy_is_reported_after_a_while(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    file = upload(tmp_path, "대화.txt", chat())
    with FileLock(raw / ".lock"), pytest.raises(ExportError, match="잠시 뒤에"):
        FileStore(raw, patience=0.1).add([file])


def test_an_archive_plan_touches_nothing_and_is_carried_out_as_shown(tmp_path: Path) -> None:
    sft = upload(tmp_path / "data/sft", "train.jsonl", b"1").parent
    run = upload(tmp_path / "checkpoints_lora/run1", "status.json", b"2").parent
    now = datetime(2026, 3, 4, 5, 6, 7)
    archive = tmp_path / "data/archive"
    plan = plan_archive([sft, run, tmp_path / "gone"], archive, now=now)
    folder = archive / "20260304-050607"
    assert plan == [
        Move(sft, folder / "data/sft"),
        Move(run, folder / "checkpoints_lora/run1"),
    ]
    assert not archive.exists()
    assert move_files(plan) == [move.target for move in plan]
    assert not sft.exists()
    assert (folder / "data/sft/train.jsonl").read_bytes() == b"1"
    assert plan_archive([run.parent], archive, now=now)[0].target.parts[-3] == "20260304-050607 (2)"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("우리 방", "우리 방"),
        ('a<b>:"c/d\\e|f?g*', "a_b___c_d_e_f_g_"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("끝점. ", "끝점"),
        ("..", "_"),
        ("", "_"),
        (".txt", "txt"),
        ("conin$", "_conin$"),
        ("CONOUT$.txt", "_CONOUT$.txt"),
        ("con .x.txt", "_con .x.txt"),
        ("COM¹", "_COM¹"),
        ("nul  .txt", "_nul.txt"),
        ("console.txt", "console.txt"),
        ("\udcff가.txt", "\ufffd가.txt"),
    ],
)
def test_file_names_are_safe_on_every_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_is_cut_and_keeps_its_suffix() -> None:
    safe = safe_name("가" * 300 + ".txt")
    assert safe.endswith("가.txt")
    assert len(safe.encode()) < 200
    assert safe_name("a" * 300 + ".txt") == "a" * 76 + ".txt"
    assert safe_name("a" * 300, 60) == "a" * 60
    assert safe_name("😀" * 300, 61) == "😀" * 30


def test_an_organized_path_is_short_enough_for_windows(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    name = "b" * 200 + ".txt"
    FileStore(raw).add([upload(tmp_path, name, chat(room="a" * 200))])
    (path,) = (raw / "organized").rglob("*.txt")
    assert len(str(path.relative_to(raw))) < 160
