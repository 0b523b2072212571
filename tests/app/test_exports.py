from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kakaobot.app.exports import Exports
from kakaobot.config import Home
from kakaobot.errors import ExportError
from tests.conftest import SAMPLE


def test_the_four_samples_are_one_room_and_none_is_misread(home: Home) -> None:
    exports = Exports(home)
    reports = exports.bring(exports.samples())
    assert [report.layout for report in reports] == ["W-KO", "A-KO", "I-KO", "M-CSV"]
    assert [report.error for report in reports] == [""] * 4
    assert {report.not_understood for report in reports} == {()}
    assert {frozenset(report.people) for report in reports} == {frozenset(reports[0].people)}


def test_a_bad_file_stops_no_other_and_the_same_file_is_told(home: Home, tmp_path: Path) -> None:
    bad = tmp_path / "사진.txt"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    exports = Exports(home)
    told: list[float] = []
    first, second, third = exports.bring([bad, SAMPLE, SAMPLE], lambda share, _: told.append(share))
    assert first.error
    assert not second.error
    assert "이미" in third.note
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert [report.file for report in exports.files()] == [SAMPLE.name]


@pytest.mark.parametrize("name", ["방.txt", "가" * 80 + ".txt"])
def test_what_is_removed_is_kept_in_the_archive(home: Home, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    shutil.copyfile(SAMPLE, file)
    exports = Exports(home)
    [report] = exports.bring([file])
    place = home.root / exports.remove(report.hash)
    assert place.read_bytes() == SAMPLE.read_bytes()
    assert exports.files() == []
    with pytest.raises(ExportError):
        exports.remove(report.hash)


def test_archive_moves_what_it_planned_and_nothing_that_is_not_its_own(home: Home) -> None:
    exports = Exports(home)
    exports.bring([SAMPLE])
    sft = home.folder("data/sft")
    sft.mkdir(parents=True)
    (sft / "train.jsonl").write_text("{}\n", encoding="utf-8")
    (sft / "내 메모.txt").write_text("메모", encoding="utf-8")
    (home.folder("checkpoints_lora") / "남의 폴더").mkdir(parents=True)
    plan = exports.archive_plan()
    assert {Path(source).name for source, _ in plan} == {"organized", "train.jsonl"}
    done = exports.archive()
    assert [source for source, _ in done] == [source for source, _ in plan]
    assert all((home.root / target).exists() for _, target in done)
    assert (sft / "내 메모.txt").exists()
    assert exports.archive_plan() == []
    assert len(exports.files()) == 1
    exports.organize()
    assert any(home.folder("data/raw/organized").rglob("*.txt"))
