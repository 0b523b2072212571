"""The two streams and the keyboard. Knows what a terminal can show; knows nothing of the app."""

from __future__ import annotations

import contextlib
import errno
import getpass
import io
import json
import locale
import os
import shutil
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from kakaobot.errors import AccessDenied

_BAR = 20
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))
"""All but tab and newline: what somebody wrote in a chat room must not steer the terminal."""


class OutputClosed(Exception):
    """Whoever read the output has gone, as `head` does."""


class Console:
    """Results go to `out`, everything else to `err`."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        source: TextIO,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience: float = 10.0,
    ) -> None:
        """Show nothing yet.

        Args:
            out: where results go.
            err: where everything else goes.
            source: what the user types.
            clock: seconds.
            patience: seconds between two lines of progress where lines cannot be overwritten.
        """
        self._out, self._err, self._source = out, err, source
        self._clock, self._patience = clock, patience
        self._live = ""
        """The line of progress that is being overwritten, or waits to be written."""
        self._waits = False
        self._told_at = float("-inf")

    @property
    def is_interactive(self) -> bool:
        return self._source.isatty()

    def say(self, text: str = "", *, end: str = "\n") -> None:
        """Write a result.

        Raises:
            OutputClosed: nobody reads any more.
        """
        self.end_line()
        with _somebody_reads():
            self._out.write(text.translate(_CONTROL) + end)

    def print_json(self, value: object, *, indent: int | None = 1) -> None:
        """Write JSON; of a list each entry on its own line."""
        if isinstance(value, list) and value:
            lines = (json.dumps(each, ensure_ascii=False) for each in value)
            self.say("[\n" + ",\n".join(lines) + "\n]")
        else:
            self.say(json.dumps(value, ensure_ascii=False, indent=indent))

    def tell(self, text: str) -> None:
        """Write one line that is not a result, after the results so far."""
        self.flush()
        self._err.write(text.translate(_CONTROL) + "\n")
        self._err.flush()

    def progress(self, share: float, words: str) -> None:
        """Show how far something is; the signature of `kakaobot.schema.Progress`."""
        full = round(_BAR * min(max(share, 0.0), 1.0))
        self.live(f"[{'#' * full}{'-' * (_BAR - full)}] {100 * share:3.0f}%  {words}")

    def live(self, text: str) -> None:
        """Show the present state: over the last one on a terminal, else a line now and then."""
        text = text.translate(_CONTROL)
        if self._err.isatty():
            width = shutil.get_terminal_size().columns - 1
            # A line that is wrapped cannot be overwritten.
            gap = " " * max(0, min(display_width(self._live), width) - display_width(text))
            self._err.write(f"\r{truncate_to_width(text, width)}{gap}")
            self._err.flush()
        elif text != self._live:
            self._waits = True
            if self._clock() - self._told_at >= self._patience:
                self._write_waiting(text)
        self._live = text

    def end_line(self) -> None:
        """Let the present line of progress stand."""
        if self._live and self._err.isatty():
            self._err.write("\n")
            self._err.flush()
        elif self._waits:
            self._write_waiting(self._live)
        self._live = ""

    def end_prompt(self) -> None:
        """Go on below a question that was answered with Ctrl+C or Ctrl+D."""
        if self._err.isatty():
            self._err.write("\n")

    def ask(self, question: str) -> str:
        """One line from the user, NFC.

        Raises:
            EOFError: there is none any more.
        """
        self.end_line()
        if self._source is sys.stdin and self.is_interactive:
            answer = input(question)
        else:
            if self.is_interactive:
                self._err.write(question)
                self._err.flush()
            answer = self._source.readline()
            if not answer:
                raise EOFError
        return unicodedata.normalize("NFC", answer.strip())

    def read(self) -> str:
        """All that is piped in, NFC."""
        if not isinstance(self._source, io.TextIOWrapper):
            return unicodedata.normalize("NFC", self._source.read().strip())
        return unicodedata.normalize("NFC", decode(self._source.buffer.read()).strip())

    def flush(self) -> None:
        """Let whoever reads the results see what is there; raises OutputClosed as `say`."""
        self.end_line()
        with _somebody_reads():
            self._out.flush()

    def abandon(self) -> None:
        """Forget what could not be written; Python's own flush at the end would complain of it."""
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

    def _write_waiting(self, text: str) -> None:
        self._err.write(text + "\n")
        self._err.flush()
        self._waits, self._told_at = False, self._clock()


def open_console() -> Console:
    """The real streams, which take any character from now on: a cp949 console has no emoji."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    return Console(sys.stdout, sys.stderr, sys.stdin)


def ask_password(prompt: str) -> str:
    """Ask on the terminal without showing what is typed.

    Raises:
        AccessDenied: there is no terminal.
    """
    try:
        # Where there is no console Windows would wait for its keys for ever.
        if os.name == "nt" and not sys.stdin.isatty():
            raise EOFError
        with warnings.catch_warnings():
            # getpass would go on and show the password.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except (getpass.GetPassWarning, EOFError, OSError) as error:
        raise AccessDenied(
            "비밀번호를 물어볼 터미널이 없습니다. "
            "환경 변수 CHATBOT_ACCESS_PASSWORD 에 넣어 다시 실행하세요."
        ) from error


def decode(raw: bytes) -> str:
    """UTF-8, else what this system's other programs write."""
    for encoding in ("utf-8-sig", locale.getpreferredencoding(do_setlocale=False), "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="replace")


def format_columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Rows of cells as lines with straight columns, also where there is Hangul."""
    widths = [max(map(display_width, cells)) for cells in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell + " " * (width - display_width(cell))
            for cell, width in zip(row, widths, strict=True)
        ]
        lines.append((indent + "  ".join(cells)).rstrip() + "\n")
    return "".join(lines)


def display_width(text: str) -> int:
    """How many columns a terminal needs for `text`."""
    return sum(_width(character) for character in text)


def truncate_to_width(text: str, width: int) -> str:
    """As much of `text` as fits into `width` columns."""
    used = 0
    for place, character in enumerate(text):
        used += _width(character)
        if used > width:
            return text[:place]
    return text


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@contextlib.contextmanager
def _somebody_reads() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Windows says EINVAL where others say EPIPE.
        if error.errno in (errno.EPIPE, errno.EINVAL):
            raise OutputClosed from error
        raise
