"""Random rooms, written in each layout and read back."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.errors import ExportError
from kakaobot.exports import sections
from kakaobot.exports.formats import CSV_FORMAT, FORMATS
from kakaobot.exports.reader import parse_export
from tests.exports.rooms import TEXT_LAYOUTS, Said, merge, table

line = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", " ", "  ", "[", "\t"]),
    st.sampled_from("가나다ㅋab:,.\"'!~🙂0123["),
    st.text("가나다ㅋㅎ abc[]:,.\"'!?~🙂\u200d0123", max_size=20),
)
bodies = st.one_of(
    line,
    st.builds(
        lambda first, inner, last: "\n".join([first, *inner, last]),
        line,
        st.lists(st.one_of(line, st.just("")), max_size=3),
        line,
    ),
)
inner = st.text("가나다라abc[]/#.:🙂", min_size=1, max_size=6)
names = st.one_of(
    inner,
    st.builds("{} {}".format, inner, st.text("가나다라abc/#.🙂", min_size=1, max_size=4)),
)


@st.composite
def rooms(draw: st.DrawFn) -> list[Said]:
    at = datetime(
        2026, draw(st.integers(1, 12)), draw(st.integers(1, 28)), draw(st.integers(0, 23))
    )
    said = []
    for _ in range(draw(st.integers(1, 12))):
        at += timedelta(minutes=draw(st.sampled_from((0, 0, 1, 7, 59, 700, 5000))))
        said.append((at, draw(names), draw(bodies)))
    return said


def render(layout: str, said: list[Said]) -> str:
    return table(said) if layout == CSV_FORMAT.id else TEXT_LAYOUTS[layout].render(said)


def test_every_layout_has_a_writer_here() -> None:
    assert {layout.id for layout in FORMATS} == set(TEXT_LAYOUTS)


@pytest.mark.parametrize("layout", [*TEXT_LAYOUTS, CSV_FORMAT.id])
@settings(deadline=None, max_examples=60)
@given(said=rooms())
def test_a_room_written_in_this_layout_is_read_back_whole(layout: str, said: list[Said]) -> None:
    if layout == "A-KOold":
        said = [(at, who.replace(":", ";"), text) for at, who, text in said]
    export = parse_export(render(layout, said), "방.txt")
    assert export.format == layout
    assert [(each.at, each.sender, each.text) for each in export.messages] == said
    assert export.not_understood == ()
    assert sum(vars(export.counts).values()) == export.lines


@pytest.mark.parametrize("layout", ["W-KO", "A-KO", CSV_FORMAT.id])
@settings(deadline=None, max_examples=60)
@given(said=rooms(), start=st.integers(0, 11), length=st.integers(1, 12))
def test_a_piece_of_a_room_adds_nothing_to_the_whole(
    layout: str, said: list[Said], start: int, length: int
) -> None:
    whole = parse_export(render("A-KO", said), "방.txt")
    some = said[start : start + length] or said
    piece = parse_export(render(layout, some), "KakaoTalk_Chat_방_2026-04-22-12-40-45.csv")
    for exports in ([whole, piece], [piece, whole, piece, whole]):
        (history,) = merge(exports)
        assert [(m.at, m.sender, m.text) for m in history.messages] == said


lines = st.one_of(
    st.text(max_size=30),
    st.sampled_from([
        "방 님과 카카오톡 대화",
        "저장한 날짜 : 2026-11-03 10:44:52",
        "Date,User,Message",
        '2026-07-09 20:34:26,"마루","하나',
        '"',
        "--------------- 2026년 6월 28일 일요일 ---------------",
        "[마루] [오전 1:01] 사진",
        "2026년 2월 5일 오전 1:33",
        "2026년 2월 5일 오전 1:33, 마루 : 공부",
        "2026년 2월 30일 오전 1:33, 마루 : 공부",
        "2026. 2. 1. 오후 8:26: 마루님이 방장이 되었습니다.",
        "Talk_2026.2.10 08:50-2.txt",
        "Feb 1, 2026 at 20:35, 마루 : 글",
        "마루님이 나갔습니다.",
    ]),
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(lines, st.sampled_from(["\n", "\r\n"])), max_size=20))
def test_whatever_the_lines_are_each_is_counted_once(pieces: list[tuple[str, str]]) -> None:
    text = "".join(line + end for line, end in pieces) or "\n"
    try:
        export = parse_export(text, "방.txt")
    except ExportError:
        return
    assert sum(vars(export.counts).values()) == export.lines
    assert export.messages
    with patch.object(sections, "_BLOCK", 40):
        assert parse_export(text, "방.txt") == export


@pytest.mark.parametrize("layout", TEXT_LAYOUTS)
@settings(deadline=None, max_examples=20)
@given(said=rooms())
def test_a_file_that_is_read_bit_by_bit_is_read_the_same(layout: str, said: list[Said]) -> None:
    text = render(layout, said)
    with patch.object(sections, "_BLOCK", 1 << 20):
        export = parse_export(text, "방.txt")
    with patch.object(sections, "_BLOCK", 30):
        assert parse_export(text, "방.txt") == export
