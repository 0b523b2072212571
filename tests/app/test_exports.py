from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from kakaobot.app.exports import LINE_KIND_LABELS, Exports, summarize_line_counts
from kakaobot.app.participants import Participants
from kakaobot.config import Home
from kakaobot.errors import ExportError
from kakaobot.exports.parse_result import LineCounts
from tests.conftest import SAMPLE


def test_sample_room_is_bundled_in_four_formats(home: Home) -> None:
    exports = Exports(home)
    reports = exports.import_files(exports.sample_files())
    assert [report.format for report in reports] == ["W-KO", "A-KO", "I-KO", "M-CSV"]
    assert [report.error for report in reports] == [""] * 4
    assert {report.not_understood for report in reports} == {()}
    assert {frozenset(report.participants) for report in reports} == {
        frozenset(reports[0].participants)
    }


def test_import_continues_after_a_bad_file_and_reports_a_duplicate(
    home: Home, tmp_path: Path
) -> None:
    bad = tmp_path / "사진.txt"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    exports = Exports(home)
    shares: list[float] = []
    first, second, third = exports.import_files(
        [bad, SAMPLE, SAMPLE], lambda share, _: shares.append(share)
    )
    assert first.error
    assert not second.error
    assert "이미" in third.note
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [report.file for report in exports.files()] == [SAMPLE.name]


@pytest.mark.parametrize("name", ["방.txt", "가" * 80 + ".txt"])
def test_removed_file_moves_to_the_archive(home: Home, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    shutil.copyfile(SAMPLE, file)
    exports = Exports(home)
    [report] = exports.import_files([file])
    target = home.root / exports.remove(report.hash)
    assert target.read_bytes() == SAMPLE.read_bytes()
    assert exports.files() == []
    with pytest.raises(ExportError):
        exports.remove(report.hash)


def test_a_removal_is_taken_back(home: Home, tmp_path: Path) -> None:
    exports = Exports(home)
    before = exports.import_files([SAMPLE, SAMPLE.with_name("sample_mac.csv")])
    first = exports.files()[0]
    copy = home.root / exports.remove(first.hash)
    [removed] = exports.removed()
    assert (removed.file, home.root / removed.note) == (first.file, copy)
    exports.restore(first.hash)
    assert exports.files() == sorted(before, key=lambda report: report.hash != first.hash)
    assert exports.removed() == []
    assert list(home.folder("data/archive").rglob("*")) == []
    with pytest.raises(ExportError, match="되돌릴 파일이 없습니다"):
        exports.restore(first.hash)


def test_only_what_is_still_in_the_archive_is_taken_back(home: Home) -> None:
    exports = Exports(home)
    [report] = exports.import_files([SAMPLE])
    copy = home.root / exports.remove(report.hash)
    copy.write_bytes(copy.read_bytes() + "2026년 1월 2일 오전 9:06, 마루 : 덧붙임\n".encode())
    with pytest.raises(ExportError, match="바뀌었습니다"):
        exports.restore(report.hash)
    copy.unlink()
    assert exports.removed() == exports.files() == []
    with pytest.raises(ExportError, match="보관해 둔 파일이 없습니다"):
        exports.restore(report.hash)


def test_archive_makes_the_planned_moves_and_keeps_foreign_files(home: Home) -> None:
    exports = Exports(home)
    exports.import_files([SAMPLE])
    sft = home.folder("data/sft")
    sft.mkdir(parents=True)
    (sft / "train.jsonl").write_text("{}\n", encoding="utf-8")
    (sft / "내 메모.txt").write_text("메모", encoding="utf-8")
    (home.folder("checkpoints_lora") / "남의 폴더").mkdir(parents=True)
    plan = exports.planned_moves()
    assert {Path(source).name for source, _ in plan} == {"organized", "train.jsonl"}
    moved = exports.archive()
    assert [source for source, _ in moved] == [source for source, _ in plan]
    assert all((home.root / target).exists() for _, target in moved)
    assert (sft / "내 메모.txt").exists()
    assert exports.planned_moves() == []
    assert len(exports.files()) == 1
    exports.organize()
    assert any(home.folder("data/raw/organized").rglob("*.txt"))


EXPORT = """방 님과 카카오톡 대화
저장한 날짜 : 2026년 11월 3일 오전 11:29

2026년 2월 5일 오전 1:33, 마루 : 가
이어서
2026년 2월 5일 아침 1:34, 마루 : 나
"""


def test_every_line_kind_has_a_label() -> None:
    assert list(LINE_KIND_LABELS) == list(vars(LineCounts()))


def test_line_count_summary_omits_zero_counts() -> None:
    counts = LineCounts(messages=12_000, headers=2, not_understood=343)
    assert summarize_line_counts(12_345, counts) == (
        "모두 12,345줄 = 메시지 12,000 + 머리말 2 + 이해하지 못한 줄 343"
    )


def test_line_counts_agree_before_and_after_import(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "대화.txt"
    file.write_text(EXPORT, encoding="utf-8")
    exports = Exports(home)
    [inspected] = exports.inspect([file])
    [imported] = exports.import_files([file])
    assert inspected.lines == imported.lines == 6
    assert inspected.counts == imported.counts
    assert inspected.counts
    assert sum(vars(inspected.counts).values()) == 6
    assert inspected.not_understood_lines == ((6, "2026년 2월 5일 아침 1:34, 마루 : 나"),)
    report = exports.line_report(imported.hash)
    assert (report.counts, report.lines, report.not_understood_lines) == (
        inspected.counts,
        6,
        inspected.not_understood_lines,
    )
    assert (report.file, report.room) == ("대화.txt", "방")


def test_line_report_of_a_file_imported_by_an_older_version(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "대화.txt"
    file.write_text(EXPORT, encoding="utf-8")
    exports = Exports(home)
    exports.import_files([file])
    manifest = home.folder("data/raw") / "manifest.json"
    listed = json.loads(manifest.read_text(encoding="utf-8"))
    for key in ("lines", "counts", "named"):
        del listed["files"][0][key]
    manifest.write_text(json.dumps(listed), encoding="utf-8")
    [report] = exports.files()
    assert (report.messages, report.lines, report.counts) == (1, None, None)
    assert exports.line_report(report.hash).lines == 6
    # Listing the rooms reads the file again and records its counts.
    Participants(home).rooms()
    assert exports.files()[0].lines == 6


def test_line_report_of_an_unknown_or_damaged_file_raises(home: Home) -> None:
    exports = Exports(home)
    with pytest.raises(ExportError, match="목록에 없습니다"):
        exports.line_report("00")
    [report] = exports.import_files([SAMPLE])
    stored = home.folder("data/raw/inbox") / f"{report.hash}.txt"
    stored.chmod(0o600)
    stored.write_bytes(b"")
    with pytest.raises(ExportError, match="같은 파일을 다시 넣거나 목록에서 빼 주세요"):
        exports.line_report(report.hash)
    [listed] = exports.files()
    assert SAMPLE.name in listed.note
    [repaired] = exports.import_files([SAMPLE])
    assert "다시 넣었습니다" in repaired.note
    assert exports.files()[0].note == ""
    exports.remove(report.hash)


def test_file_name_that_is_not_utf8_is_reported_as_text(home: Home, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.txt")
    try:
        shutil.copyfile(SAMPLE, tmp_path / name)
    except OSError:
        pytest.skip("the file system rejects such names")
    exports = Exports(home)
    statuses: list[str] = []
    reports = [
        *exports.inspect([tmp_path / name, tmp_path / f"없음{name}"]),
        *exports.import_files([tmp_path / name], lambda _, status: statuses.append(status)),
    ]
    for text in (*(report.file + report.error for report in reports), *statuses):
        assert text.encode()
    assert [bool(report.error) for report in reports] == [False, True, False]
    assert not list(home.folder("data/raw").glob("*.new"))
