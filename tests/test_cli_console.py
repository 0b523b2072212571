"""`Console`: columns, input, and status lines with and without a terminal."""

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


def test_columns_align_with_hangul() -> None:
    table = format_columns([("이름", "나"), ("a", "b"), ("가나다", "c")], indent=" ")
    assert table == " 이름    나\n a       b\n 가나다  c\n"
    assert len({display_width(line[: line.rindex(" ")]) for line in table.splitlines()}) == 1


@pytest.mark.parametrize(("text", "width"), [("", 0), ("ab", 2), ("가나", 4), ("e\u0301", 1)])
def test_display_width_counts_terminal_columns(text: str, width: int) -> None:
    assert display_width(text) == width


def test_truncation_never_splits_a_syllable() -> None:
    assert [truncate_to_width("가나", width) for width in range(5)] == ["", "", "가", "가", "가나"]


def test_progress_overwrites_one_line_on_a_terminal() -> None:
    err = Terminal()
    console = Console(io.StringIO(), err, io.StringIO())
    console.progress(0.5, "오래 걸리는 일을 하는 중")
    console.progress(1.0, "끝")
    console.notify("다음")
    first, second = err.getvalue().removeprefix("\r").split("\r")
    assert "50%" in first
    assert display_width(second.split("\n")[0]) >= display_width(first)
    assert second.split("\n")[1:] == ["다음", ""]


def test_status_without_a_terminal_is_a_line_per_interval() -> None:
    err, clock = io.StringIO(), Clock()
    console = Console(io.StringIO(), err, io.StringIO(), clock=clock, status_interval=10)
    for clock.now in range(25):
        console.show_status(f"{clock.now:.0f}초")
    console.end_status()
    assert err.getvalue().split() == ["0초", "10초", "20초", "24초"]


def test_control_characters_are_removed() -> None:
    out = io.StringIO()
    Console(out, io.StringIO(), io.StringIO()).print("가\x1b[2J나\r\x9b다\t라\n마")
    assert out.getvalue() == "가[2J나다\t라\n마\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_piped_input_is_decoded(encoding: str) -> None:
    source = io.TextIOWrapper(io.BytesIO("안녕\n잘 지내?\n".encode(encoding)), encoding="ascii")
    assert Console(sys.stdout, sys.stderr, source).read() == "안녕\n잘 지내?"
    assert decode("안녕".encode(encoding)) == "안녕"


def test_typed_hangul_is_composed() -> None:
    source = io.StringIO("\u1112\u1161\u11ab\n")
    console = Console(io.StringIO(), io.StringIO(), source)
    assert console.ask("") == "한"
    with pytest.raises(EOFError):
        console.ask("")
