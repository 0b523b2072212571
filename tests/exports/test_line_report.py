"""Every line of a file is told of, and those not understood with their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.exports.line_report import LineReport, report_lines
from kakaobot.exports.reader import read_upload

HEAD = "방 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
GOOD = "2026년 2월 5일 오전 1:33, 마루 : 가\n"
BAD = "2026년 2월 5일 아침 1:{:02d}, 마루 : 나{}\n"


def look(folder: Path, data: bytes) -> LineReport:
    file = folder / "대화.txt"
    file.write_bytes(data)
    (reading,) = read_upload(file).results
    assert reading.export
    found = report_lines(reading, reading.export)
    assert sum(vars(found.counts).values()) == found.lines
    return found


def test_lines_not_understood_have_their_number_and_text(tmp_path: Path) -> None:
    text = HEAD + GOOD + BAD.format(5, "") + GOOD + BAD.format(7, " : 그리고")
    found = look(tmp_path, text.encode())
    assert found.not_understood_lines == (
        (5, "2026년 2월 5일 아침 1:05, 마루 : 나"),
        (7, "2026년 2월 5일 아침 1:07, 마루 : 나 : 그리고"),
    )
    assert (found.lines, found.counts.messages, found.counts.not_understood) == (7, 2, 2)
    assert found.omitted == 0
    assert (found.file, found.format, found.room) == ("대화.txt", "A-KO", "방")


def test_where_all_is_understood_nothing_is_lost(tmp_path: Path) -> None:
    assert look(tmp_path, (HEAD + GOOD).encode()).not_understood_lines == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_numbers_and_texts_belong_together_in_every_encoding(
    tmp_path: Path, encoding: str, end: str
) -> None:
    text = HEAD + GOOD + BAD.format(5, "") + GOOD
    found = look(tmp_path, text.replace("\n", end).encode(encoding))
    assert found.not_understood_lines == ((5, "2026년 2월 5일 아침 1:05, 마루 : 나"),)


def test_bare_line_ends_within_a_message_are_counted_as_the_reader_counts(tmp_path: Path) -> None:
    said = "2026년 2월 5일 오전 1:33, 마루 : 가\n이어서\n또\r\n"
    lines = HEAD.replace("\n", "\r\n") + said
    found = look(tmp_path, (lines + BAD.format(9, "").replace("\n", "\r\n") + GOOD).encode())
    assert [text for _, text in found.not_understood_lines] == [
        "2026년 2월 5일 아침 1:09, 마루 : 나"
    ]
    assert found.counts.continuations == 2


def test_many_and_long_lines_are_cut_and_counted(tmp_path: Path) -> None:
    text = HEAD + GOOD + "".join(BAD.format(n % 60, "다" * 500) for n in range(250))
    found = look(tmp_path, text.encode())
    assert (len(found.not_understood_lines), found.omitted, found.counts.not_understood) == (
        200,
        50,
        250,
    )
    assert {len(line) for _, line in found.not_understood_lines} == {200}
    assert all(line.endswith("…") for _, line in found.not_understood_lines)
