"""The file store: adding, listing, organizing, removing and archiving uploads."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock

from kakaobot.atomic_io import replace_text
from kakaobot.errors import ExportError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.paths import Move, move_files, plan_archive, safe_name
from kakaobot.file_names import refusal_of
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
    """Change the first entry of the manifest."""
    listed = json.loads((raw / "manifest.json").read_text(encoding="utf-8"))
    first = {**listed["files"][0], **changes}
    listed["files"][0] = {key: value for key, value in first.items() if key not in without}
    (raw / "manifest.json").write_text(json.dumps(listed), encoding="utf-8")


def tree(folder: Path) -> list[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if path.name != ".lock")


def test_an_added_upload_is_stored_listed_and_organized(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    (added,) = store.add([upload(tmp_path, "카톡.TXT", chat())])
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
    assert store.list_files() == [added.stored]
    assert load_all(store)[0].file == "카톡.TXT"
    listed = json.loads((tmp_path / "raw/manifest.json").read_text(encoding="utf-8"))
    assert [file["name"] for file in listed["files"]] == ["카톡.TXT"]


def test_duplicate_content_is_reported_and_stored_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    store.add([upload(tmp_path, "하나.txt", chat())])
    before = tree(tmp_path / "raw")
    (again,) = store.add([upload(tmp_path, "둘.txt", chat())])
    assert again.is_duplicate
    assert again.stored
    assert again.stored.name == "하나.txt"
    assert tree(tmp_path / "raw") == before


def edit(path: Path, data: bytes) -> None:
    """Overwrite in place, even if read-only."""
    path.chmod(0o600)
    path.write_bytes(data)


def test_stored_files_are_read_only_under_every_name(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    FileStore(raw).add([upload(tmp_path, "대화.txt", chat())])
    (stored,) = (raw / "inbox").iterdir()
    (organized,) = (raw / "organized").rglob("*.txt")
    assert not stored.stat().st_mode & 0o222
    assert not (organized.samefile(stored) and organized.stat().st_mode & 0o222)


def test_a_changed_file_is_reported_and_can_be_added_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    (organized,) = (raw / "organized").rglob("*.txt")
    edit(organized, chat("고침"))
    before = tree(raw)
    for _ in range(3):
        assert store.organize() == []
    assert tree(raw) == before
    (stored,) = store.list_files()
    assert not stored.is_intact
    for call in (
        lambda: store.export(stored),
        lambda: store.read(stored.hash),
        lambda: load_all(store),
    ):
        with pytest.raises(ExportError, match=r"'대화.txt'.*다시 넣거나 목록에서 빼 주세요\."):
            call()
    (again,) = store.add([upload(tmp_path, "대화.txt", chat())])
    assert (again.is_duplicate, again.error) == (False, None)
    assert "다시 넣었습니다" in again.note
    assert load_all(store)[0].messages[0].text == "안녕"
    # The edited file stays, and the original gets one more name next to it.
    assert organized.read_bytes() == chat("고침")
    for _ in range(3):
        store.organize()
    assert sorted(path.name for path in organized.parent.iterdir()) == ["대화 (2).txt", "대화.txt"]


@pytest.mark.parametrize("data", [b"", chat()[:50], None], ids=["empty", "short", "gone"])
def test_a_damaged_file_is_restored_from_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None
) -> None:
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError))
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    (path,) = (raw / "inbox").iterdir()
    if data is None:
        path.unlink()
    else:
        edit(path, data)
    (stored,) = store.list_files()
    assert stored.is_intact
    assert path.read_bytes() == chat()
    assert len(tree(raw)) == 3


def test_a_damaged_file_can_be_removed(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    (path,) = (raw / "inbox").iterdir()
    edit(path, b"")
    store.remove(path.stem)
    assert store.list_files() == []
    assert tree(raw) == ["manifest.json"]


def test_an_unlisted_file_with_the_wrong_hash_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    upload(raw / "inbox", "abc.txt", chat("다른 말"))
    assert [file.name for file in store.list_files()] == ["대화.txt"]
    assert not (raw / "manifest.broken").exists()
    assert "abc.txt" in caplog.text


def test_only_changed_files_are_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    (path,) = (raw / "inbox").iterdir()
    hashed: list[Path] = []
    monkeypatch.setattr(
        "kakaobot.exports.content_folder.hash_file",
        lambda path: hashed.append(path) or path.stem,  # type: ignore[func-returns-value]
    )
    store.list_files()
    assert hashed == []
    os.utime(path, (1, 1))
    assert store.list_files()[0].is_intact
    store.list_files()
    assert hashed == [path]


def test_a_name_that_is_not_utf8_is_stored_as_text(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    file = upload(tmp_path, "대화.txt", chat())
    (added,) = FileStore(raw).add([file], names=[os.fsdecode(b"\xff\xfe.txt")])
    assert added.stored
    assert added.stored.name.encode()
    assert FileStore(raw).list_files() == [added.stored]
    assert not list(raw.glob("*.new"))


def test_an_unencodable_text_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        replace_text(tmp_path / "a.json", "\udcff")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["raw", "raw/inbox"])
def test_a_file_in_place_of_a_folder_raises_export_error(tmp_path: Path, name: str) -> None:
    file = upload(tmp_path, "대화.txt", chat())
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"")
    for call in (
        lambda: FileStore(tmp_path / "raw").add([file]),
        FileStore(tmp_path / "raw").list_files,
    ):
        with pytest.raises(ExportError, match=r"권한이 있는지 확인하고 다시 해 주세요\."):
            call()


def test_a_full_disk_raises_export_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    store = FileStore(tmp_path / "raw")
    store.add([upload(tmp_path, "하나.txt", chat())])
    monkeypatch.setattr("kakaobot.exports.content_folder.tempfile.mkstemp", full)
    with pytest.raises(ExportError, match=r"디스크를 비우고 다시 해 주세요\."):
        store.add([upload(tmp_path, "둘.txt", chat("둘"))])
    assert [file.name for file in store.list_files()] == ["하나.txt"]


def test_a_file_that_cannot_be_organized_is_still_stored(
    tmp_path: Path,
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "organized").write_bytes(b"")
    store = FileStore(raw)
    (added,) = store.add([upload(tmp_path, "대화.txt", chat())])
    assert added.error is None
    assert "organized" in added.note
    assert len(load_all(store)) == 1
    assert store.organize() == []


@pytest.mark.parametrize("name", ["k.log", "대화", "대화.2026", "k.TXT.bak"])
def test_a_chat_is_detected_by_its_content(tmp_path: Path, name: str) -> None:
    store = FileStore(tmp_path / "raw")
    (added,) = store.add([upload(tmp_path, name, chat())])
    assert added.stored
    assert (added.stored.name, added.stored.file) == (name, f"{added.stored.hash}.txt")
    (tmp_path / "raw/manifest.json").unlink()
    assert [file.name for file in store.list_files()] == [name]


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    results = store.add(
        [
            upload(tmp_path, "그림.png", b"\x89PNG"),
            upload(tmp_path, "빈것.txt", b""),
            tmp_path / "없음.txt",
            upload(tmp_path, "대화.txt", chat()),
        ]
    )
    assert [bool(result.error) for result in results] == [True, True, True, False]
    assert "그림.png" in str(results[0].error)
    assert len(store.list_files()) == 1
    assert not [name for name in tree(tmp_path / "raw") if "draft" in name]


def test_files_of_the_same_name_are_numbered(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    for number in range(3):
        store.add([upload(tmp_path / str(number), "대화.txt", chat(str(number)))])
    names = sorted(path.name for path in (tmp_path / "raw/organized").rglob("*.txt"))
    assert names == ["대화 (2).txt", "대화 (3).txt", "대화.txt"]


def test_the_given_name_is_kept_and_stays_inside_the_folder(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    data = chat(room="../../밖")
    (added,) = store.add([upload(tmp_path, "x.txt", data)], names=["..\\../CON.txt"])
    assert added.stored
    assert added.stored.name == "CON.txt"
    (organized,) = (name for name in tree(tmp_path / "raw") if name.startswith("organized"))
    assert organized == "organized/_.._밖/2026-02/_CON.txt"


def test_remove_deletes_the_file_its_names_and_its_entry(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    one, two = store.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    assert one.stored
    assert two.stored
    store.remove(one.stored.hash)
    assert store.list_files() == [two.stored]
    assert len(tree(tmp_path / "raw")) == 3
    with pytest.raises(ExportError, match="목록에 없습니다"):
        store.remove(one.stored.hash)


@pytest.mark.parametrize(
    "damage",
    [
        "{", "[]", "null", "3", '{"files": 3}', '{"files": [3]}', '{"files": [{"hash": 1}]}',
        '{"files": {"a": 1}}', "[" * 100_000, "\ud800", None,
    ],
    ids=range(11),
)  # fmt: skip
def test_an_invalid_or_missing_manifest_is_rebuilt(
    tmp_path: Path, damage: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    before = {(file.hash, file.name, file.messages) for file in store.list_files()}
    if damage is None:
        (raw / "manifest.json").unlink()
    else:
        (raw / "manifest.json").write_bytes(damage.encode(errors="surrogatepass"))
    assert {(file.hash, file.name, file.messages) for file in store.list_files()} == before
    assert {export.file for export in load_all(store)} == {"하나.txt", "둘.txt"}
    assert (raw / "manifest.broken").exists() == (damage is not None)
    warnings = [record.getMessage() for record in caplog.records if record.name == "kakaobot.inbox"]
    assert len(warnings) == (damage is not None)
    assert all("원본에서 다시 만들었습니다" in warning for warning in warnings)


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
def test_an_invalid_entry_is_rebuilt_from_the_file(tmp_path: Path, key: str, value: object) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    (before,) = store.list_files()
    rewrite(raw, {key: value})
    (after,) = store.list_files()
    assert replace(after, added_at="") == replace(before, added_at="")
    assert (raw / "manifest.broken").exists()
    assert [export.file for export in load_all(store)] == ["대화.txt"]


def test_a_name_that_contradicts_the_stored_suffix_is_recovered(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    rewrite(raw, {"name": "대화.csv"})
    assert [file.name for file in store.list_files()] == ["대화.txt"]
    assert len(load_all(store)) == 1


def test_an_older_manifest_is_loaded_and_completed_on_demand(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    (before,) = store.list_files()
    rewrite(raw, {}, without=("named", "lines", "counts", "marks"))
    (old,) = store.list_files()
    assert old == replace(before, has_room_name=None, lines=None, counts=None, fingerprints=None)
    assert not (raw / "manifest.broken").exists()
    assert store.list_complete() == [before]
    assert store.list_files() == [before]


def test_a_newer_manifest_is_loaded(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    before = store.list_files()
    rewrite(raw, {"mood": "좋음"})
    text = (raw / "manifest.json").read_text(encoding="utf-8")
    (raw / "manifest.json").write_text(text, encoding="utf-8-sig")
    assert store.list_files() == before


def test_entries_count_every_line(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    store.add([upload(tmp_path, "대화.txt", chat())])
    (stored,) = store.list_files()
    assert stored.counts
    assert sum(stored.counts.values()) == stored.lines == 4
    assert (stored.counts["messages"], stored.counts["headers"], stored.has_room_name) == (
        1,
        2,
        True,
    )


def test_an_unreadable_manifest_or_aliases_file_raises_export_error(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    (raw / "manifest.json").mkdir(parents=True)
    (raw / "people.json").mkdir()
    store = FileStore(raw)
    with pytest.raises(ExportError, match="파일 목록 .* 열 수 없습니다"):
        store.list_files()
    with pytest.raises(ExportError, match="읽을 수 없습니다"):
        store.load_aliases()


@pytest.mark.parametrize("damage", ["{", "[1]", '{"rooms": {"우리방": {"가": 3}}}', "\ud800"])
def test_invalid_aliases_raise_and_are_left_alone(tmp_path: Path, damage: str) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    data = damage.encode(errors="surrogatepass")
    (raw / "people.json").write_bytes(data)
    for call in (
        store.load_aliases,
        lambda: store.update_aliases("우리방", lambda _: {"가": "나"}),
    ):
        with pytest.raises(ExportError, match=r"people\.json 을 읽을 수 없습니다"):
            call()
    assert (raw / "people.json").read_bytes() == data
    assert len(store.list_files()) == 1


def test_concurrent_alias_updates_are_not_lost(tmp_path: Path) -> None:
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


def test_files_are_copied_if_links_are_not_supported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    FileStore(tmp_path / "raw").add([upload(tmp_path, "대화.txt", chat())])
    assert (tmp_path / "raw/organized/우리방/2026-02/대화.txt").read_bytes() == chat()


def test_organize_restores_archived_names(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    store.add([upload(tmp_path, "대화.txt", chat())])
    assert store.organize() == []
    move_files(plan_archive([raw / "organized"], tmp_path / "archive"))
    assert [path.name for path in store.organize()] == ["대화.txt"]


def test_concurrent_uploads_are_not_lost(tmp_path: Path) -> None:
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


def test_a_folder_locked_for_too_long_raises(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    file = upload(tmp_path, "대화.txt", chat())
    with FileLock(raw / ".lock"), pytest.raises(ExportError, match="잠시 뒤에"):
        FileStore(raw, lock_timeout=0.1).add([file])


def test_an_archive_plan_changes_nothing_until_carried_out(tmp_path: Path) -> None:
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
        ("방\u202etxt.exe", "방_txt.exe"),
        ("방\x85\u2028.txt", "방__.txt"),
    ],
)
def test_safe_name_is_valid_on_every_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert refusal_of(safe) == ""


def test_safe_name_truncates_and_keeps_the_suffix() -> None:
    safe = safe_name("가" * 300 + ".txt")
    assert safe.endswith("가.txt")
    assert len(safe.encode()) < 200
    assert safe_name("a" * 300 + ".txt") == "a" * 76 + ".txt"
    assert safe_name("a" * 300, 60) == "a" * 60
    assert safe_name("😀" * 300, 61) == "😀" * 30


def test_organized_paths_are_short_enough_for_windows(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    name = "b" * 200 + ".txt"
    FileStore(raw).add([upload(tmp_path, name, chat(room="a" * 200))])
    (path,) = (raw / "organized").rglob("*.txt")
    assert len(str(path.relative_to(raw))) < 160


ODD_FILES: dict[str, Callable[[Path], None]] = {
    "pipe": lambda path: os.mkfifo(path),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "broken link": lambda path: path.symlink_to(path.with_name("없음")),
    "link to itself": lambda path: path.symlink_to(path),
    "folder": lambda path: path.mkdir(),
}
"""What may stand in place of a file, by how it is created; reading the first ones never ends."""
odd_files = pytest.mark.parametrize("create", ODD_FILES.values(), ids=ODD_FILES)
if sys.platform == "win32":
    odd_files = pytest.mark.skip("needs pipes and devices in the file system")


@odd_files
def test_only_a_file_is_uploaded(tmp_path: Path, create: Callable[[Path], None]) -> None:
    create(tmp_path / "대화.txt")
    store = FileStore(tmp_path / "raw")
    odd, good = store.add([tmp_path / "대화.txt", upload(tmp_path, "a.txt", chat())])
    assert odd.error
    assert odd.error.startswith("'대화.txt'")
    assert odd.error.endswith("주세요.")
    assert good.stored
    assert store.list_files() == [good.stored]


@odd_files
@pytest.mark.parametrize("name", ["abc.txt", "0123456789abcdef.txt", "0123456789abcdef.zip"])
def test_only_files_in_the_inbox_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, create: Callable[[Path], None], name: str
) -> None:
    store = FileStore(tmp_path / "raw")
    (added,) = store.add([upload(tmp_path, "대화.txt", chat())])
    create(tmp_path / "raw/inbox" / name)
    assert store.list_files() == [added.stored]
    assert name in caplog.text
    assert "보통 파일이 아니라서" in caplog.text
    (again,) = store.add([upload(tmp_path, "둘.txt", chat("둘"))])
    assert again.stored
    store.remove(again.stored.hash)
    assert store.list_files() == [added.stored]


@odd_files
def test_a_stored_file_replaced_by_something_else_can_be_restored(
    tmp_path: Path, create: Callable[[Path], None]
) -> None:
    store = FileStore(tmp_path / "raw")
    (added,) = store.add([upload(tmp_path, "대화.txt", chat())])
    assert added.stored
    path = store.path(added.stored)
    path.unlink()
    create(path)
    mode = Path("/dev/zero").stat().st_mode
    store.list_files()
    if path.is_dir():
        # Not replaced, as it may contain something.
        path.rmdir()
        store.add([tmp_path / "대화.txt"])
    assert path.read_bytes() == chat()
    assert [export.messages[0].text for export in load_all(store)] == ["안녕"]
    assert Path("/dev/zero").stat().st_mode == mode


@odd_files
def test_odd_files_in_organized_disturb_nothing(
    tmp_path: Path, create: Callable[[Path], None]
) -> None:
    raw = tmp_path / "raw"
    store = FileStore(raw)
    (added,) = store.add([upload(tmp_path, "대화.txt", chat())])
    assert added.stored
    create(raw / "organized/우리방/2026-02/다른 것.txt")
    assert store.organize() == []
    (raw / "manifest.json").unlink()
    assert [file.hash for file in store.list_files()] == [added.stored.hash]
    store.remove(added.stored.hash)
    assert store.list_files() == []


@odd_files
def test_a_folder_is_imported_without_what_is_no_file(
    tmp_path: Path, create: Callable[[Path], None]
) -> None:
    upload(tmp_path / "모음/안", "대화.txt", chat())
    create(tmp_path / "모음/통로.txt")
    create(tmp_path / "모음/안/이름 없는 것")
    (added,) = FileStore(tmp_path / "raw").add([tmp_path / "모음"])
    assert added.stored
    assert added.stored.name == "대화.txt"
