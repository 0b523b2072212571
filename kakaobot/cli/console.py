"""Terminal input and output: results, notices, progress and prompts."""

from __future__ import annotations

import contextlib
import errno
import getpass
import io
import locale
import os
import shutil
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from kakaobot.display_name import inert_json, inert_text
from kakaobot.errors import AccessDenied
from kakaobot.language import tr

_BAR_WIDTH = 20


class OutputClosed(Exception):
    """The reader of the output has closed it, as `| head` does."""


class Console:
    """Writes results to `out` and everything else to `err`, without a chat's control characters."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        source: TextIO,
        *,
        clock: Callable[[], float] = time.monotonic,
        status_interval: float = 10.0,
    ) -> None:
        """Create a console; writes nothing.

        Args:
            out: stream of results.
            err: stream of notices, status lines and prompts.
            source: stream of user input.
            clock: monotonic seconds.
            status_interval: seconds between status lines if `err` is not a terminal.
        """
        self._out, self._err, self._source = out, err, source
        self._clock, self._status_interval = clock, status_interval
        self._status = ""
        """The current status line; empty if there is none."""
        self._is_pending = False
        """Whether the status line has yet to be written."""
        self._written_at = float("-inf")

    @property
    def is_interactive(self) -> bool:
        return self._source.isatty()

    @property
    def is_terminal(self) -> bool:
        """Whether a question disturbs neither a script nor a file of results."""
        return all(stream.isatty() for stream in (self._source, self._out, self._err))

    def print(self, text: str = "", *, end: str = "\n") -> None:
        """Write a result.

        Raises:
            OutputClosed: the reader has closed the output.
        """
        self.end_status()
        with _raising_output_closed():
            self._out.write(inert_text(text) + end)

    def print_json(self, value: object, *, indent: int | None = 1) -> None:
        """Write JSON; a list gets one line per item."""
        if isinstance(value, list) and value:
            lines = map(inert_json, value)
            self.print("[\n" + ",\n".join(lines) + "\n]")
        else:
            self.print(inert_json(value, indent=indent))

    def notify(self, text: str) -> None:
        """Write a notice, after flushing the results so far."""
        self.flush()
        self._write_line(inert_text(text))

    def progress(self, share: float, status: str) -> None:
        """Show a progress bar. Implements `kakaobot.schema.Progress`."""
        full = round(_BAR_WIDTH * min(max(share, 0.0), 1.0))
        bar = "#" * full + "-" * (_BAR_WIDTH - full)
        self.show_status(f"[{bar}] {100 * share:3.0f}%  {status}")

    def show_status(self, text: str) -> None:
        """Show a status line: overwritten on a terminal, else a line per interval."""
        text = inert_text(text)
        if self._err.isatty():
            # A wrapped line could not be overwritten.
            width = shutil.get_terminal_size().columns - 1
            gap = " " * max(0, min(display_width(self._status), width) - display_width(text))
            self._err.write(f"\r{truncate_to_width(text, width)}{gap}")
            self._err.flush()
        elif text != self._status:
            self._is_pending = True
            if self._clock() - self._written_at >= self._status_interval:
                self._write_status(text)
        self._status = text

    def end_status(self) -> None:
        """Finish the current status line, so that the next output starts on a new one."""
        if self._status and self._err.isatty():
            self._err.write("\n")
            self._err.flush()
        elif self._is_pending:
            self._write_status(self._status)
        self._status = ""

    def end_prompt(self) -> None:
        """Start a new line after a prompt that Ctrl+C or Ctrl+D has ended."""
        if self._err.isatty():
            self._err.write("\n")

    def ask(self, question: str) -> str:
        """Read one line from the user, in NFC.

        Raises:
            EOFError: the input has ended.
        """
        self.end_status()
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

    def confirm(self, question: str) -> bool:
        """Ask a question that is answered by yes or, by default, no."""
        try:
            answer = self.ask(question)
        except EOFError:
            return False
        return answer.casefold() in ("y", "yes", "예", "네", "ㅛ")

    def read(self) -> str:
        """Read the whole input, in NFC."""
        if isinstance(self._source, io.TextIOWrapper):
            text = decode(self._source.buffer.read())
        else:
            text = self._source.read()
        return unicodedata.normalize("NFC", text.strip())

    def flush(self) -> None:
        """Flush the results.

        Raises:
            OutputClosed: the reader has closed the output.
        """
        self.end_status()
        with _raising_output_closed():
            self._out.flush()

    def discard_output(self) -> None:
        """Drop unwritten output, so that Python does not fail to flush it at exit."""
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

    def _write_status(self, text: str) -> None:
        self._write_line(text)
        self._is_pending, self._written_at = False, self._clock()

    def _write_line(self, text: str) -> None:
        self._err.write(text + "\n")
        self._err.flush()


def open_console() -> Console:
    """A console on the standard streams in UTF-8, since cp949 cannot encode emoji."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    return Console(sys.stdout, sys.stderr, sys.stdin)


def ask_password(prompt: str) -> str:
    """Prompt for a password on the terminal, without echo.

    Raises:
        AccessDenied: there is no terminal.
    """
    try:
        # Without a console, getpass on Windows waits for a key forever.
        if os.name == "nt" and not sys.stdin.isatty():
            raise EOFError
        with warnings.catch_warnings():
            # A GetPassWarning means that getpass would echo the input.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except (getpass.GetPassWarning, EOFError, OSError) as error:
        raise AccessDenied(
            tr(
                "비밀번호를 물어볼 터미널이 없습니다. "
                "환경 변수 CHATBOT_ACCESS_PASSWORD 에 넣어 다시 실행하세요."
            )
        ) from error


def decode(raw: bytes) -> str:
    """Decode piped input: UTF-8, or else the encoding of the system."""
    for encoding in ("utf-8-sig", locale.getpreferredencoding(do_setlocale=False), "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="replace")


def format_columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Lines of aligned cells; Hangul is two terminal columns wide."""
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
    """Width of `text` in terminal columns."""
    return sum(_width(character) for character in text)


def truncate_to_width(text: str, width: int) -> str:
    """The longest prefix of `text` that fits into `width` terminal columns."""
    used = 0
    for index, character in enumerate(text):
        used += _width(character)
        if used > width:
            return text[:index]
    return text


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@contextlib.contextmanager
def _raising_output_closed() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Windows reports EINVAL instead of EPIPE.
        if error.errno in (errno.EPIPE, errno.EINVAL):
            raise OutputClosed from error
        raise
