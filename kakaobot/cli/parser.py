"""argparse in Korean: its help, its usage line and its complaints. Knows no verb."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from kakaobot.cli.console import format_columns

VERBS = "명령"
"""How the slot for a verb is called in a usage line."""

_COMPLAINTS = (
    (r"the following arguments are required: (.+)", "빠진 것이 있습니다: {0}"),
    (r"unrecognized arguments: (.+)", "모르는 인수입니다: {0}"),
    (
        rf"argument {VERBS}: invalid choice: '(.*)' \(choose from .*\)",
        "모르는 명령입니다: {0}{near}",
    ),
    (r"argument (.+): expected .*arguments?", "{0} 뒤에 값을 적어 주세요."),
    (r"argument (.+): ignored explicit argument .*", "{0} 에는 값을 적지 않습니다."),
)
"""What argparse of Python 3.10 to 3.13 says → what a person is told."""


class UsageError(Exception):
    """The command line was not understood. Korean; may hold several lines."""


class HelpRequested(Exception):
    """Something that was asked for instead of a verb's work: a help text, the version."""


class Parser(argparse.ArgumentParser):
    """One level of the command line. Raises instead of printing and leaving."""

    def __init__(self, prog: str, does: str = "", more: Callable[[], str] = str) -> None:
        """Make a level that knows only --help.

        Args:
            prog: the command line up to here.
            does: what it does, one sentence or several lines.
            more: gives the end of the help text; asked only when help is shown.
        """
        super().__init__(prog=prog, add_help=False, allow_abbrev=False)
        self._does = does
        self._more = more
        self._words: list[tuple[str, str]] = []
        self._options: list[tuple[str, str]] = []
        self._verbs: argparse._SubParsersAction[Parser] | None = None
        self._verb_rows: list[tuple[str, str]] = []
        self.add_argument("-h", "--help", action=_Help, nargs=0)

    def word(self, name: str, shown: str, tells: str, **how: Any) -> None:
        """Take a positional argument; `how` is argparse's."""
        many = {"+": f"{shown} [{shown} …]", "*": f"[{shown} …]"}.get(how.get("nargs", ""), shown)
        self._words.append((many, tells))
        self.add_argument(name, metavar=shown, **how)

    def option(self, flag: str, tells: str, value: str = "", *, many: bool = False) -> None:
        """Take `flag`, followed by a value, or by `many`, where `value` says what kind of."""
        shown = f"{flag} {value} [{value} …]" if many else f"{flag} {value}".strip()
        self._options.append((shown, tells))
        if many:
            self.add_argument(flag, metavar=value, nargs="+", default=[])
        elif value:
            self.add_argument(flag, metavar=value, default="")
        else:
            self.add_argument(flag, action="store_true")

    def verb(self, name: str, does: str, *, more: Callable[[], str] = str) -> Parser:
        """Add a level below; its name is in `verb` afterwards."""
        if self._verbs is None:
            self._verbs = self.add_subparsers(
                dest="verb", metavar=VERBS, prog=self.prog, parser_class=Parser
            )
        self._verb_rows.append((name, does.splitlines()[0]))
        return self._verbs.add_parser(name, does=does, more=more)

    def format_usage(self) -> str:
        words = [shown for shown, _ in self._words]
        options = [f"[{shown}]" for shown, _ in self._options]
        verb = [f"<{VERBS}> …"] if self._verb_rows else []
        return f"사용법: {' '.join([self.prog, *words, *options, *verb])}\n"

    def format_help(self) -> str:
        parts = [self.format_usage(), f"{self._does}\n" if self._does else ""]
        options = [*self._options, ("-h, --help", "이 도움말을 보여 줍니다.")]
        for title, rows in ((VERBS, self._verb_rows), ("인수", self._words), ("옵션", options)):
            if rows:
                parts.append(f"{title}:\n{format_columns(rows, indent='  ')}")
        parts.append(self._more())
        return "\n".join(part for part in parts if part)

    def error(self, message: str) -> NoReturn:
        known = [name for name, _ in self._verb_rows]
        hint = f"'{self.prog} --help' 를 보세요."
        raise UsageError(f"{in_korean(message, known)}\n{self.format_usage()}{hint}")


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise HelpRequested(parser.format_help())


def in_korean(message: str, verbs: Sequence[str] = ()) -> str:
    """One of argparse's complaints as a Korean sentence."""
    for pattern, sentence in _COMPLAINTS:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            close = difflib.get_close_matches(found[1], verbs, n=1)
            near = f". 혹시 {close[0]} 인가요?" if close else ""
            return sentence.format(*found.groups(), near=near)
    # A wording of a newer Python: still a Korean sentence, with what it said for whoever helps.
    return f"명령을 알아볼 수 없습니다. ({message})"
