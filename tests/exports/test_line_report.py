"""Line reports count every line and show the text of those not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.exports.line_report import LineReport, report_lines
from kakaobot.exports.reader import read_upload

HEAD = "방 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
GOOD = "2026년 2월 5일 오전 1:33, 마루 : 가\n"
BAD = "2026년 2월 5일 아침 1:{:02d}, 마루 : 나{}\n"


def report_of(folder: Path, data: bytes) -> LineReport:
    file = folder / "대화.txt"
    file.write_bytes(data)
    (result,) = read_upload(file).results
    assert result.export
    report = report_lines(result, result.export)
    assert sum(vars(report.counts).values()) == report.lines
    return report


def test_lines_not_understood_are_reported_with_number_and_text(tmp_path: Path) -> None:
    text = HEAD + GOOD + BAD.format(5, "") + GOOD + BAD.format(7, " : 그리고")
    report = report_of(tmp_path, text.encode())
    assert report.not_understood_lines == (
        (5, "2026년 2월 5일 아침 1:05, 마루 : 나"),
        (7, "2026년 2월 5일 아침 1:07, 마루 : 나 : 그리고"),
    )
    assert (report.lines, report.counts.messages, report.counts.not_understood) == (7, 2, 2)
    assert report.omitted == 0
    assert (report.file, report.format, report.room) == ("대화.txt", "A-KO", "방")


def test_a_fully_understood_file_reports_no_lines(tmp_path: Path) -> None:
    assert report_of(tmp_path, (HEAD + GOOD).encode()).not_understood_lines == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_match_texts_in_every_encoding(
    tmp_path: Path, encoding: str, end: str
) -> None:
    text = HEAD + GOOD + BAD.format(5, "") + GOOD
    report = report_of(tmp_path, text.replace("\n", end).encode(encoding))
    assert report.not_understood_lines == ((5, "2026년 2월 5일 아침 1:05, 마루 : 나"),)


def test_bare_line_feeds_are_counted_as_by_the_reader(tmp_path: Path) -> None:
    record = "2026년 2월 5일 오전 1:33, 마루 : 가\n이어서\n또\r\n"
    lines = HEAD.replace("\n", "\r\n") + record
    report = report_of(tmp_path, (lines + BAD.format(9, "").replace("\n", "\r\n") + GOOD).encode())
    assert [text for _, text in report.not_understood_lines] == [
        "2026년 2월 5일 아침 1:09, 마루 : 나"
    ]
    assert report.counts.continuations == 2


def test_many_and_long_lines_are_truncated_and_counted(tmp_path: Path) -> None:
    text = HEAD + GOOD + "".join(BAD.format(n % 60, "다" * 500) for n in range(250))
    report = report_of(tmp_path, text.encode())
    assert (len(report.not_understood_lines), report.omitted, report.counts.not_understood) == (
        200,
        50,
        250,
    )
    assert {len(line) for _, line in report.not_understood_lines} == {200}
    assert all(line.endswith("…") for _, line in report.not_understood_lines)
