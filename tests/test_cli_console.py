"""What a terminal is shown, and what a file is written instead."""

from __future__ import annotations

import io
import sys

import pytest

from kakaobot.cli.console import Console, decode, display_width, format_columns, truncate_to_width


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_columns_are_straight_where_there_is_hangul() -> None:
    shown = format_columns([("이름", "나"), ("a", "b"), ("가나다", "c")], indent=" ")
    assert shown == " 이름    나\n a       b\n 가나다  c\n"
    assert len({display_width(line[: line.rindex(" ")]) for line in shown.splitlines()}) == 1


@pytest.mark.parametrize(("text", "width"), [("", 0), ("ab", 2), ("가나", 4), ("e\u0301", 1)])
def test_width_is_in_columns(text: str, width: int) -> None:
    assert display_width(text) == width


def test_a_syllable_is_not_cut_in_half() -> None:
    assert [truncate_to_width("가나", width) for width in range(5)] == ["", "", "가", "가", "가나"]


def test_progress_on_a_terminal_stays_on_one_line() -> None:
    err = Terminal()
    console = Console(io.StringIO(), err, io.StringIO())
    console.progress(0.5, "오래 걸리는 일을 하는 중")
    console.progress(1.0, "끝")
    console.tell("다음")
    first, second = err.getvalue().removeprefix("\r").split("\r")
    assert "50%" in first
    assert display_width(second.split("\n")[0]) >= display_width(first)
    assert second.split("\n")[1:] == ["다음", ""]


def test_progress_elsewhere_is_a_line_now_and_then_and_the_last_one() -> None:
    err, clock = io.StringIO(), Clock()
    console = Console(io.StringIO(), err, io.StringIO(), clock=clock, patience=10)
    for clock.now in range(25):
        console.live(f"{clock.now:.0f}초")
    console.end_line()
    assert err.getvalue().split() == ["0초", "10초", "20초", "24초"]


def test_a_message_cannot_steer_the_terminal() -> None:
    out = io.StringIO()
    Console(out, io.StringIO(), io.StringIO()).say("가\x1b[2J나\r\x9b다\t라\n마")
    assert out.getvalue() == "가[2J나다\t라\n마\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_piped_words_are_read_in_either_encoding(encoding: str) -> None:
    source = io.TextIOWrapper(io.BytesIO("안녕\n잘 지내?\n".encode(encoding)), encoding="ascii")
    assert Console(sys.stdout, sys.stderr, source).read() == "안녕\n잘 지내?"
    assert decode("안녕".encode(encoding)) == "안녕"


def test_typed_words_are_composed() -> None:
    source = io.StringIO("\u1112\u1161\u11ab\n")
    console = Console(io.StringIO(), io.StringIO(), source)
    assert console.ask("") == "한"
    with pytest.raises(EOFError):
        console.ask("")
