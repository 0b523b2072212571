"""Random rooms survive being written and parsed in every format."""

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
from tests.exports.rooms import TEXT_FORMATS, Sent, csv_table, merge

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
def rooms(draw: st.DrawFn) -> list[Sent]:
    at = datetime(
        2026, draw(st.integers(1, 12)), draw(st.integers(1, 28)), draw(st.integers(0, 23))
    )
    messages = []
    for _ in range(draw(st.integers(1, 12))):
        at += timedelta(minutes=draw(st.sampled_from((0, 0, 1, 7, 59, 700, 5000))))
        messages.append((at, draw(names), draw(bodies)))
    return messages


def render(format: str, messages: list[Sent]) -> str:
    return csv_table(messages) if format == CSV_FORMAT.id else TEXT_FORMATS[format].render(messages)


def test_every_format_has_a_writer() -> None:
    assert {format.id for format in FORMATS} == set(TEXT_FORMATS)


@pytest.mark.parametrize("format", [*TEXT_FORMATS, CSV_FORMAT.id])
@settings(deadline=None, max_examples=60)
@given(messages=rooms())
def test_a_room_survives_a_round_trip_in_every_format(format: str, messages: list[Sent]) -> None:
    if format == "A-KOold":
        messages = [(at, sender.replace(":", ";"), text) for at, sender, text in messages]
    export = parse_export(render(format, messages), "방.txt")
    assert export.format == format
    assert [(m.at, m.sender, m.text) for m in export.messages] == messages
    assert export.not_understood == ()
    assert sum(vars(export.counts).values()) == export.lines


@pytest.mark.parametrize("format", ["W-KO", "A-KO", CSV_FORMAT.id])
@settings(deadline=None, max_examples=60)
@given(messages=rooms(), start=st.integers(0, 11), length=st.integers(1, 12))
def test_merging_an_excerpt_adds_nothing(
    format: str, messages: list[Sent], start: int, length: int
) -> None:
    whole = parse_export(render("A-KO", messages), "방.txt")
    excerpt_messages = messages[start : start + length] or messages
    excerpt = parse_export(
        render(format, excerpt_messages), "KakaoTalk_Chat_방_2026-04-22-12-40-45.csv"
    )
    for exports in ([whole, excerpt], [excerpt, whole, excerpt, whole]):
        (history,) = merge(exports)
        assert [(m.at, m.sender, m.text) for m in history.messages] == messages


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
def test_every_line_is_counted_once(lines_and_ends: list[tuple[str, str]]) -> None:
    text = "".join(line + end for line, end in lines_and_ends) or "\n"
    try:
        export = parse_export(text, "방.txt")
    except ExportError:
        return
    assert sum(vars(export.counts).values()) == export.lines
    assert export.messages
    with patch.object(sections, "_BLOCK", 40):
        assert parse_export(text, "방.txt") == export


@pytest.mark.parametrize("format", TEXT_FORMATS)
@settings(deadline=None, max_examples=20)
@given(messages=rooms())
def test_the_block_size_does_not_change_the_result(format: str, messages: list[Sent]) -> None:
    text = render(format, messages)
    with patch.object(sections, "_BLOCK", 1 << 20):
        export = parse_export(text, "방.txt")
    with patch.object(sections, "_BLOCK", 30):
        assert parse_export(text, "방.txt") == export
