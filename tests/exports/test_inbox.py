"""Uploads are stored by content, listed, given readable names, removed and archived."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock

from kakaobot.errors import ExportError
from kakaobot.exports.inbox import Inbox
from kakaobot.exports.shelf import Move, carry_out, plan_archive, safe_name

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
    inbox = Inbox(tmp_path / "raw")
    (added,) = inbox.add([upload(tmp_path, "카톡.TXT", chat())])
    assert added.error is None
    assert not added.already
    assert added.stored
    assert (added.stored.room, added.stored.layout, added.stored.people) == (
        "우리방",
        "A-KO",
        {"마루": 1},
    )
    assert tree(tmp_path / "raw") == [
        f"inbox/{added.stored.hash}.txt",
        "manifest.json",
        "organized/우리방/2026-02/카톡.TXT",
    ]
    assert inbox.stored() == [added.stored]
    assert inbox.exports()[0].file == "카톡.TXT"
    listed = json.loads((tmp_path / "raw/manifest.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in listed["files"]] == ["카톡.TXT"]


def test_the_same_content_again_is_reported_and_stored_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "raw")
    inbox.add([upload(tmp_path, "하나.txt", chat())])
    before = tree(tmp_path / "raw")
    (again,) = inbox.add([upload(tmp_path, "둘.txt", chat())])
    assert again.already
    assert again.stored
    assert again.stored.name == "하나.txt"
    assert tree(tmp_path / "raw") == before


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "raw")
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
    assert len(inbox.stored()) == 1
    assert not [name for name in tree(tmp_path / "raw") if "draft" in name]


def test_files_of_one_name_stand_beside_each_other(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "raw")
    for number in range(3):
        inbox.add([upload(tmp_path / str(number), "대화.txt", chat(str(number)))])
    names = sorted(path.name for path in (tmp_path / "raw/organized").rglob("*.txt"))
    assert names == ["대화 (2).txt", "대화 (3).txt", "대화.txt"]


def test_a_name_given_by_the_user_is_kept_and_cannot_leave_the_folder(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "raw")
    data = chat(room="../../밖")
    (added,) = inbox.add([upload(tmp_path, "x.txt", data)], names=["..\\../CON.txt"])
    assert added.stored
    assert added.stored.name == "CON.txt"
    (organized,) = (name for name in tree(tmp_path / "raw") if name.startswith("organized"))
    assert organized == "organized/_.._밖/2026-02/_CON.txt"


def test_removing_takes_the_upload_its_name_and_its_entry(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "raw")
    one, two = inbox.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    assert one.stored
    assert two.stored
    inbox.remove(one.stored.hash)
    assert inbox.stored() == [two.stored]
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
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    before = {(each.hash, each.name, each.messages) for each in inbox.stored()}
    if damage is None:
        (raw / "manifest.json").unlink()
    else:
        (raw / "manifest.json").write_bytes(damage.encode(errors="surrogatepass"))
    assert {(each.hash, each.name, each.messages) for each in inbox.stored()} == before
    assert {export.file for export in inbox.exports()} == {"하나.txt", "둘.txt"}
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
        ("lines", "많음"), ("counts", [1]), ("counts", {"messages": 1}),
    ],
)  # fmt: skip
def test_an_entry_of_wrong_kinds_is_made_again_from_the_file(
    tmp_path: Path, key: str, value: object
) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (before,) = inbox.stored()
    rewrite(raw, {key: value})
    (after,) = inbox.stored()
    assert replace(after, added_at="") == replace(before, added_at="")
    assert (raw / "manifest.broken").exists()
    assert [export.file for export in inbox.exports()] == ["대화.txt"]


def test_a_name_that_does_not_fit_the_stored_file_is_found_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    rewrite(raw, {"name": "대화.csv"})
    assert [each.name for each in inbox.stored()] == ["대화.txt"]
    assert len(inbox.exports()) == 1


def test_an_older_manifest_is_loaded_and_completed_when_it_is_asked_for(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (before,) = inbox.stored()
    rewrite(raw, {}, without=("named", "lines", "counts"))
    (old,) = inbox.stored()
    assert old == replace(before, named=None, lines=None, counts=None)
    assert not (raw / "manifest.broken").exists()
    assert inbox.completed() == [before]
    assert inbox.stored() == [before]


def test_a_newer_manifest_is_loaded_too(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    before = inbox.stored()
    rewrite(raw, {"mood": "좋음"})
    text = (raw / "manifest.json").read_text(encoding="utf-8")
    (raw / "manifest.json").write_text(text, encoding="utf-8-sig")
    assert inbox.stored() == before


def test_what_is_listed_counts_every_line(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "raw")
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    (stored,) = inbox.stored()
    assert stored.counts
    assert sum(stored.counts.values()) == stored.lines == 4
    assert (stored.counts["messages"], stored.counts["headers"], stored.named) == (1, 2, True)


def test_a_manifest_or_names_that_cannot_be_opened_are_a_sentence(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    (raw / "manifest.json").mkdir(parents=True)
    (raw / "people.json").mkdir()
    inbox = Inbox(raw)
    with pytest.raises(ExportError, match="파일 목록 .* 열 수 없습니다"):
        inbox.stored()
    with pytest.raises(ExportError, match="읽을 수 없습니다"):
        inbox.confirmed()


@pytest.mark.parametrize("damage", ["{", "[1]", '{"rooms": {"우리방": {"가": 3}}}', "\ud800"])
def test_damaged_names_are_a_sentence_and_are_left_as_they_are(tmp_path: Path, damage: str) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    data = damage.encode(errors="surrogatepass")
    (raw / "people.json").write_bytes(data)
    for ask in (inbox.confirmed, lambda: inbox.confirm("우리방", lambda _: {"가": "나"})):
        with pytest.raises(ExportError, match=r"people\.json 을 읽을 수 없습니다"):
            ask()
    assert (raw / "people.json").read_bytes() == data
    assert len(inbox.stored()) == 1


def test_two_processes_lose_no_name_of_each_other(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    code = (
        "import sys; from pathlib import Path; from kakaobot.exports.inbox import Inbox\n"
        "for name in sys.argv[2:]:"
        " Inbox(Path(sys.argv[1])).confirm('방', lambda names: {**names, name: '마루'})"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(raw), *names], cwd=ROOT)
        for names in (["a", "b", "c", "d"], ["e", "f", "g", "h"])
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    assert Inbox(raw).confirmed() == {"방": dict.fromkeys("abcdefgh", "마루")}


def test_a_copy_is_made_where_links_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    Inbox(tmp_path / "raw").add([upload(tmp_path, "대화.txt", chat())])
    assert (tmp_path / "raw/organized/우리방/2026-02/대화.txt").read_bytes() == chat()


def test_organizing_again_after_the_names_were_archived_makes_them_anew(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, "대화.txt", chat())])
    assert inbox.organize() == []
    carry_out(plan_archive([raw / "organized"], tmp_path / "archive"))
    assert [path.name for path in inbox.organize()] == ["대화.txt"]


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    code = (
        "import sys; from pathlib import Path; from kakaobot.exports.inbox import Inbox\n"
        "for path in sys.argv[2:]: assert not Inbox(Path(sys.argv[1])).add([Path(path)])[0].error"
    )
    files = [str(upload(tmp_path, f"{n}.txt", chat(str(n)))) for n in range(10)]
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(raw), *part], cwd=ROOT)
        for part in (files[::2], files[1::2])
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    assert len(Inbox(raw).stored()) == 10


def test_a_folder_that_stays_busy_is_reported_after_a_while(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    file = upload(tmp_path, "대화.txt", chat())
    with FileLock(raw / ".lock"), pytest.raises(ExportError, match="잠시 뒤에"):
        Inbox(raw, patience=0.1).add([file])


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
    assert carry_out(plan) == [move.target for move in plan]
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
    ],
)
def test_file_names_are_safe_on_every_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_is_cut_and_keeps_its_suffix() -> None:
    safe = safe_name("가" * 300 + ".txt")
    assert safe.endswith("가.txt")
    assert len(safe.encode()) < 200
