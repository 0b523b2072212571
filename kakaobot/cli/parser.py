"""argparse in Korean: help, usage and error messages."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from kakaobot.cli.console import format_columns
from kakaobot.language import tr

COMMAND_METAVAR = tr("명령")

_TRANSLATIONS = (
    (r"the following arguments are required: (.+)", tr("빠진 것이 있습니다: {0}")),
    (r"unrecognized arguments: (.+)", tr("모르는 인수입니다: {0}")),
    (
        rf"argument {COMMAND_METAVAR}: invalid choice: '(.*)' \(choose from .*\)",
        tr("모르는 명령입니다: {0}{near}"),
    ),
    (r"argument (.+): expected .*arguments?", tr("{0} 뒤에 값을 적어 주세요.")),
    (r"argument (.+): ignored explicit argument .*", tr("{0} 에는 값을 적지 않습니다.")),
)
"""Patterns of argparse's messages in Python 3.10 to 3.13 → Korean."""


class UsageError(Exception):
    """The command line is invalid. The message is Korean and may have several lines."""


class HelpRequested(Exception):
    """`--help` was given; the message is the help text."""


class Parser(argparse.ArgumentParser):
    """Parser of the program or of one command. Raises instead of printing and exiting."""

    def __init__(
        self, prog: str, description: str = "", make_epilog: Callable[[], str] = str
    ) -> None:
        """Create a parser that accepts only --help.

        Args:
            prog: program and command, as typed.
            description: one or more lines.
            make_epilog: returns the end of the help text; called only to show help.
        """
        super().__init__(prog=prog, add_help=False, allow_abbrev=False)
        self._description = description
        self._make_epilog = make_epilog
        self._arguments: list[tuple[str, str]] = []
        self._options: list[tuple[str, str]] = []
        self._commands: list[tuple[str, str]] = []
        self._command_action: argparse._SubParsersAction[Parser] | None = None
        self.add_argument("-h", "--help", action=_Help, nargs=0)

    def argument(self, name: str, metavar: str, help: str, **kwargs: Any) -> None:
        """Add a positional argument; `kwargs` go to `add_argument`."""
        forms = {"+": f"{metavar} [{metavar} …]", "*": f"[{metavar} …]"}
        self._arguments.append((forms.get(kwargs.get("nargs", ""), metavar), help))
        self.add_argument(name, metavar=metavar, **kwargs)

    def option(self, flag: str, help: str, metavar: str = "", *, many: bool = False) -> None:
        """Add a flag. It takes a value if it has a `metavar`, or several with `many`."""
        shown = f"{flag} {metavar} [{metavar} …]" if many else f"{flag} {metavar}".strip()
        self._options.append((shown, help))
        if many:
            # A name that starts with - needs `--same=-이름`, once per name.
            self.add_argument(flag, metavar=metavar, nargs="+", action="extend", default=[])
        elif metavar:
            self.add_argument(flag, metavar=metavar, default="")
        else:
            self.add_argument(flag, action="store_true")

    def command(
        self, name: str, description: str, *, make_epilog: Callable[[], str] = str
    ) -> Parser:
        """Add a command; its name becomes `args.command`."""
        if self._command_action is None:
            self._command_action = self.add_subparsers(
                dest="command", metavar=COMMAND_METAVAR, prog=self.prog, parser_class=Parser
            )
        self._commands.append((name, description.splitlines()[0]))
        return self._command_action.add_parser(
            name, description=description, make_epilog=make_epilog
        )

    def format_usage(self) -> str:
        arguments = [shown for shown, _ in self._arguments]
        options = [f"[{shown}]" for shown, _ in self._options]
        command = [f"<{COMMAND_METAVAR}> …"] if self._commands else []
        return tr("사용법: {words}\n").format(
            words=" ".join([self.prog, *arguments, *options, *command])
        )

    def format_help(self) -> str:
        parts = [self.format_usage(), f"{self._description}\n" if self._description else ""]
        options = [*self._options, ("-h, --help", tr("이 도움말을 보여 줍니다."))]
        sections = (
            (COMMAND_METAVAR, self._commands),
            (tr("인수"), self._arguments),
            (tr("옵션"), options),
        )
        for title, rows in sections:
            if rows:
                parts.append(f"{title}:\n{format_columns(rows, indent='  ')}")
        parts.append(self._make_epilog())
        return "\n".join(part for part in parts if part)

    def error(self, message: str) -> NoReturn:
        commands = [name for name, _ in self._commands]
        hint = tr("'{prog} --help' 를 보세요.").format(prog=self.prog)
        raise UsageError(f"{translate(message, commands)}\n{self.format_usage()}{hint}")


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise HelpRequested(parser.format_help())


def translate(message: str, commands: Sequence[str] = ()) -> str:
    """Translate an error message of argparse to Korean."""
    for pattern, sentence in _TRANSLATIONS:
        if match := re.fullmatch(pattern, message, re.DOTALL):
            close = difflib.get_close_matches(match[1], commands, n=1)
            near = tr(". 혹시 {close} 인가요?").format(close=close[0]) if close else ""
            return sentence.format(*match.groups(), near=near)
    # A newer Python may use other words; keep the original for whoever helps the user.
    return tr("명령을 알아볼 수 없습니다. ({message})").format(message=message)
