"""From the words on the command line to an exit code. The one place that shows errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kakaobot import __version__
from kakaobot.cli.commands import build_parser, run_command
from kakaobot.cli.console import Console, OutputClosed, ask_password, open_console
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import HelpRequested, UsageError
from kakaobot.errors import KakaobotError
from kakaobot.openmp import set_wait_policy

if TYPE_CHECKING:
    from kakaobot.config import Home

DONE, REFUSED, MISUSED = 0, 1, 2
INTERRUPTED, CLOSED = 130, 141
"""What shells say of a program that ended by Ctrl+C, or because nobody read its output."""


def main(
    argv: Sequence[str] | None = None,
    *,
    home: Home | None = None,
    ask: Callable[[str], str] = ask_password,
    console: Console | None = None,
) -> int:
    """Run one command; returns its exit code. An unexpected error is a bug and goes through."""
    # What is written belongs to this user alone.
    os.umask(0o077)
    set_wait_policy()
    console = console or open_console()
    try:
        code = _answered(sys.argv[1:] if argv is None else argv, home, ask, console)
        console.flush()
    except OutputClosed:
        console.abandon()
        return CLOSED
    return code


def _answered(
    argv: Sequence[str], home: Home | None, ask: Callable[[str], str], console: Console
) -> int:
    try:
        _run(argv, home, ask, console)
    except UsageError as error:
        console.tell(str(error))
        return MISUSED
    except KakaobotError as error:
        console.tell(str(error))
        return REFUSED
    except KeyboardInterrupt:
        console.end_prompt()
        return INTERRUPTED
    return DONE


def _run(
    argv: Sequence[str], home: Home | None, ask: Callable[[str], str], console: Console
) -> None:
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
    except HelpRequested as told:
        console.say(str(told), end="")
        return
    if args.version:
        console.say(f"kakaobot {__version__}")
        return
    if args.verb is None:
        raise UsageError(parser.format_help().rstrip())
    if home is None:
        from kakaobot.config import Home  # a third of a second that --help does not need

        home = Home.find()
    run_command(args, CommandContext(home, console, ask))
