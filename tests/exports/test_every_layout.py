"""Random rooms, written in each layout and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.exports.layouts import LAYOUTS, TABLE
from kakaobot.exports.reader import parse_export

Said = tuple[datetime, str, str]


def clock(at: datetime) -> str:
    return f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02d}"


def day(at: datetime) -> str:
    return f"{at.year}년 {at.month}월 {at.day}일"


@dataclass(frozen=True)
class Style:
    record: Callable[[datetime, str, str], str]
    opens: Callable[[datetime], str]
    header: str = "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n"

    def render(self, said: list[Said]) -> str:
        lines = [self.header]
        before = None
        for at, sender, text in said:
            if at.date() != before:
                lines += ["", self.opens(at)]
                before = at.date()
            lines.append(self.record(at, sender, text))
        return "".join(line + "\n" for line in lines)


def dots(at: datetime) -> str:
    return f"{at.year}. {at.month}. {at.day}."


def windows(at: datetime) -> str:
    return f"--------------- {day(at)} 월요일 ---------------"


TEXT_LAYOUTS = {
    "W-KO": Style(lambda at, who, text: f"[{who}] [{clock(at)}] {text}", windows),
    "W-24": Style(lambda at, who, text: f"[{who}] [{at:%H:%M}] {text}", windows),
    "W-EN": Style(
        lambda at, who, text: f"[{who}] [{at.hour % 12 or 12}:{at:%M %p}] {text}", windows
    ),
    "W-MIX": Style(
        lambda at, who, text: f"[{who}] [{at:%p} {at.hour % 12 or 12}:{at:%M}] {text}", windows
    ),
    "A-KO": Style(
        lambda at, who, text: f"{day(at)} {clock(at)}, {who} : {text}",
        lambda at: f"{day(at)} {clock(at)}",
    ),
    "I-KO": Style(
        lambda at, who, text: f"{dots(at)} {clock(at)}, {who} : {text}",
        lambda at: f"{day(at)} 목요일",
    ),
    "I-KO24": Style(
        lambda at, who, text: f"{dots(at)} {at:%H:%M}, {who} : {text}",
        lambda at: f"{day(at)} 목요일",
    ),
}


def table(said: list[Said]) -> str:
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("Date", "User", "Message"))
    rows.writerows((f"{at:%Y-%m-%d %H:%M:%S}", sender, text) for at, sender, text in said)
    return out.getvalue()


words = st.text("가나다ㅋㅎ abc[]:,.\"'!?~🙂\u200d0123", min_size=1, max_size=20)
line = words.filter(str.strip)
bodies = st.lists(st.one_of(line, st.just("")), min_size=1, max_size=4).map("\n".join)
names = st.text("가나다라 abc[]/#.:🙂", min_size=1, max_size=8).map(str.strip)
names = names.filter(lambda name: name and " :" not in name and "] [" not in name)


@st.composite
def rooms(draw: st.DrawFn) -> list[Said]:
    at = datetime(
        2026, draw(st.integers(1, 12)), draw(st.integers(1, 28)), draw(st.integers(0, 23))
    )
    said = []
    for _ in range(draw(st.integers(1, 12))):
        at += timedelta(minutes=draw(st.sampled_from((0, 0, 1, 7, 59, 700, 5000))))
        body = draw(bodies.filter(lambda body: body.split("\n")[0] and body.split("\n")[-1]))
        said.append((at, draw(names), body))
    return said


def test_every_layout_has_a_writer_here() -> None:
    assert {layout.id for layout in LAYOUTS} == set(TEXT_LAYOUTS)


@pytest.mark.parametrize("layout", [*TEXT_LAYOUTS, TABLE.id])
@settings(deadline=None, max_examples=60)
@given(said=rooms())
def test_a_room_written_in_this_layout_is_read_back_whole(layout: str, said: list[Said]) -> None:
    text = table(said) if layout == TABLE.id else TEXT_LAYOUTS[layout].render(said)
    export = parse_export(text, "방.txt")
    assert export.layout == layout
    assert [(each.at, each.sender, each.text) for each in export.messages] == said
    assert export.not_understood == ()
    assert sum(vars(export.counts).values()) == export.lines
