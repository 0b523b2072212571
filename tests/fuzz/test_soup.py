"""Lines of all layouts, stirred: right and wrong, in any order, with any ends, in any encoding."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exports.rooms import TEXT_LAYOUTS
from tests.fuzz.fuzz_exports import HERE
from tests.fuzz.mutations import tokens
from tests.fuzz.properties import CUT, NAMES, UPLOADS, check_pair, check_text, check_upload

pytestmark = pytest.mark.slow

TOKENS = [
    token.decode("utf-8", "replace")
    for token in tokens((HERE / "tokens.dict").read_text(encoding="utf-8"))
]
WRONG = (
    ("오전", "아침"),
    (":", ":9"),
    ("6월", "13월"),
    ("28", "31"),
    ("2026", "0000"),
    (" ", "\u202f"),
)
"""What a true line is spoilt with."""

moments = st.builds(
    datetime,
    st.just(2026),
    st.sampled_from((2, 6)),
    st.integers(27, 28),
    st.integers(0, 23),
    st.sampled_from((0, 1, 59)),
)
seen = st.text("가나다ㅋab:,.\"'[]()<>?!-/🙂\u200d0123 ", max_size=12)
unseen = st.text("\x00\x08\x0b\x1c\x85\u2028\u200e\ufeff\t ", max_size=2)
marks = st.sampled_from(("", "", "\u0301", "\u0323", "\u1169", "\u11b7"))
odd = st.builds("{}{}{}{}{}".format, seen, st.sampled_from("e\u1103가 "), unseen, marks, seen)
words = st.one_of(seen, seen, odd, st.sampled_from(TOKENS))
names = st.one_of(st.sampled_from(("마루", "도담", "은솔", "가람 : 분석", "")), words)
notices = st.sampled_from(("도담님이 나갔습니다.", "메시지가 삭제되었습니다.", "마루 left."))
styles = st.sampled_from(list(TEXT_LAYOUTS.values()))


def lines_of(style: st.SearchStrategy) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda style, *said: style.record(*said), style, moments, names, words),
        st.builds(lambda style, *said: style.record(*said), style, moments, names, words),
        st.builds(lambda style, at: style.opens(at), style, moments),
        st.builds(lambda style: style.header, style),
        notices,
        st.builds('{:%Y-%m-%d %H:%M:%S},"{}","{}"'.format, moments, names, words),
        words,
    )


spoilt = st.builds(
    lambda line, wrong, times: line.replace(*wrong, times),
    lines_of(styles),
    st.sampled_from(WRONG),
    st.integers(1, 3),
)
ends = st.sampled_from(("\n", "\n", "\n\n", "\r\n", "\r"))


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Mostly of one layout, as a file of nothing but strangers is refused at once."""
    mine = lines_of(st.just(draw(styles)))
    first = draw(
        st.builds(lambda style: style.header, styles) | mine | st.just("Date,User,Message")
    )
    some = draw(st.lists(st.one_of(mine, mine, mine, lines_of(styles), spoilt), max_size=15))
    end = draw(st.one_of(st.just(ends), st.builds(st.just, ends)))
    return "".join(line + draw(end) for line in [first, *some])


encodings = st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "cp949", "utf-16"))


@settings(deadline=None, max_examples=150)
@given(soups(), encodings, st.sampled_from(NAMES))
def test_whatever_lines_come_together_the_properties_hold(
    text: str, encoding: str, name: str
) -> None:
    check_text(text.encode(encoding, "replace"), name=name)


@settings(deadline=None, max_examples=60)
@given(soups(), soups())
def test_whatever_is_merged_the_properties_hold(one: str, two: str) -> None:
    check_pair(one.encode() + CUT + two.encode())


@settings(deadline=None, max_examples=60)
@given(soups(), soups(), st.integers(0, 40), st.integers(0, 2))
def test_two_exports_that_share_lines_are_merged(one: str, two: str, first: int, end: int) -> None:
    shared = "".join(one.splitlines(keepends=True)[first:])
    check_pair(f"{one}{CUT.decode()}{one[:60]}\n{shared}{two}{' ' * end}".encode())


@settings(deadline=None, max_examples=60)
@given(soups(), encodings, st.sampled_from(UPLOADS))
def test_whatever_is_uploaded_the_properties_hold(text: str, encoding: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_upload(text.encode(encoding, "replace"), name=name, folder=Path(folder))
