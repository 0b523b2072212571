"""Uploads are stored by content, listed, given readable names, removed and archived."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock

from kakaobot.errors import ExportError
from kakaobot.exports.inbox import Inbox, Move, carry_out, plan_archive, safe_name

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


@pytest.mark.parametrize("damage", ["{", "[]", '{"files": [{"hash": 1}]}', None])
def test_a_damaged_or_missing_manifest_is_made_again_with_nothing_lost(
    tmp_path: Path, damage: str | None
) -> None:
    raw = tmp_path / "raw"
    inbox = Inbox(raw)
    inbox.add([upload(tmp_path, f"{n}.txt", chat(n)) for n in ("하나", "둘")])
    before = {(each.hash, each.name, each.messages) for each in inbox.stored()}
    if damage is None:
        (raw / "manifest.json").unlink()
    else:
        (raw / "manifest.json").write_text(damage, encoding="utf-8")
    assert {(each.hash, each.name, each.messages) for each in inbox.stored()} == before
    assert {export.file for export in inbox.exports()} == {"하나.txt", "둘.txt"}
    assert (raw / "manifest.broken").exists() == (damage is not None)


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
