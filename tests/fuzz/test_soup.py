"""Random files: valid and invalid lines of all formats in any order, with any line ends."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exports.rooms import TEXT_FORMATS
from tests.fuzz.fuzz_exports import HERE
from tests.fuzz.mutations import tokens
from tests.fuzz.properties import CUT, NAMES, UPLOADS, check_pair, check_text, check_upload

pytestmark = pytest.mark.slow

TOKENS = [
    token.decode("utf-8", "replace")
    for token in tokens((HERE / "tokens.dict").read_text(encoding="utf-8"))
]
CORRUPTIONS = (
    ("오전", "아침"),
    (":", ":9"),
    ("6월", "13월"),
    ("28", "31"),
    ("2026", "0000"),
    (" ", "\u202f"),
)
"""Replacements that corrupt a valid line."""

times = st.builds(
    datetime,
    st.just(2026),
    st.sampled_from((2, 6)),
    st.integers(27, 28),
    st.integers(0, 23),
    st.sampled_from((0, 1, 59)),
)
visible = st.text("가나다ㅋab:,.\"'[]()<>?!-/🙂\u200d0123 ", max_size=12)
invisible = st.text("\x00\x08\x0b\x1c\x85\u2028\u200e\ufeff\t ", max_size=2)
marks = st.sampled_from(("", "", "\u0301", "\u0323", "\u1169", "\u11b7"))
odd = st.builds(
    "{}{}{}{}{}".format, visible, st.sampled_from("e\u1103가 "), invisible, marks, visible
)
words = st.one_of(visible, visible, odd, st.sampled_from(TOKENS))
names = st.one_of(st.sampled_from(("마루", "도담", "은솔", "가람 : 분석", "")), words)
notices = st.sampled_from(("도담님이 나갔습니다.", "메시지가 삭제되었습니다.", "마루 left."))
writers = st.sampled_from(list(TEXT_FORMATS.values()))


def lines_of(writer: st.SearchStrategy) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda writer, *message: writer.record(*message), writer, times, names, words),
        st.builds(lambda writer, *message: writer.record(*message), writer, times, names, words),
        st.builds(lambda writer, at: writer.date_line(at), writer, times),
        st.builds(lambda writer: writer.header, writer),
        notices,
        st.builds('{:%Y-%m-%d %H:%M:%S},"{}","{}"'.format, times, names, words),
        words,
    )


corrupted = st.builds(
    lambda line, corruption, count: line.replace(*corruption, count),
    lines_of(writers),
    st.sampled_from(CORRUPTIONS),
    st.integers(1, 3),
)
ends = st.sampled_from(("\n", "\n", "\n\n", "\r\n", "\r"))


@st.composite
def random_files(draw: st.DrawFn) -> str:
    """Mostly of one format, as other files are rejected at once."""
    own_lines = lines_of(st.just(draw(writers)))
    first = draw(
        st.builds(lambda writer: writer.header, writers) | own_lines | st.just("Date,User,Message")
    )
    rest = draw(
        st.lists(
            st.one_of(own_lines, own_lines, own_lines, lines_of(writers), corrupted), max_size=15
        )
    )
    end = draw(st.one_of(st.just(ends), st.builds(st.just, ends)))
    return "".join(line + draw(end) for line in [first, *rest])


encodings = st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "cp949", "utf-16"))


@settings(deadline=None, max_examples=150)
@given(random_files(), encodings, st.sampled_from(NAMES))
def test_random_lines_pass_the_text_check(text: str, encoding: str, name: str) -> None:
    check_text(text.encode(encoding, "replace"), name=name)


@settings(deadline=None, max_examples=60)
@given(random_files(), random_files())
def test_random_pairs_pass_the_merge_check(one: str, two: str) -> None:
    check_pair(one.encode() + CUT + two.encode())


@settings(deadline=None, max_examples=60)
@given(random_files(), random_files(), st.integers(0, 40), st.integers(0, 2))
def test_overlapping_random_pairs_pass_the_merge_check(
    one: str, two: str, first: int, end: int
) -> None:
    shared = "".join(one.splitlines(keepends=True)[first:])
    check_pair(f"{one}{CUT.decode()}{one[:60]}\n{shared}{two}{' ' * end}".encode())


@settings(deadline=None, max_examples=60)
@given(random_files(), encodings, st.sampled_from(UPLOADS))
def test_random_uploads_pass_the_upload_check(text: str, encoding: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_upload(text.encode(encoding, "replace"), name=name, folder=Path(folder))
