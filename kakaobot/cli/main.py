"""Entry point: arguments → exit code. The only module that prints errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kakaobot import __version__
from kakaobot.cli.commands import build_parser, run_command
from kakaobot.cli.console import Console, OutputClosed, ask_password, open_console
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import HelpRequested, UsageError
from kakaobot.display_name import display_sentence
from kakaobot.errors import KakaobotError
from kakaobot.openmp import set_wait_policy

if TYPE_CHECKING:
    from kakaobot.config import Home

_EXIT_OK, _EXIT_ERROR, _EXIT_USAGE = 0, 1, 2
_EXIT_INTERRUPTED, _EXIT_CLOSED = 130, 141
"""Exit codes of shells for SIGINT and SIGPIPE."""


def main(
    argv: Sequence[str] | None = None,
    *,
    home: Home | None = None,
    ask: Callable[[str], str] = ask_password,
    console: Console | None = None,
) -> int:
    """Run one command; returns its exit code.

    A file that cannot be read or written is a sentence. Any other unexpected error is a bug and
    propagates.
    """
    # New files are readable by this user only.
    os.umask(0o077)
    set_wait_policy()
    # Every failure is one sentence; without a handler Python prints the traceback behind it too.
    logging.getLogger(__name__.partition(".")[0]).addHandler(logging.NullHandler())
    console = console or open_console()
    try:
        code = _exit_code(sys.argv[1:] if argv is None else argv, home, ask, console)
        console.flush()
    except OutputClosed:
        console.discard_output()
        return _EXIT_CLOSED
    return code


def _exit_code(
    argv: Sequence[str], home: Home | None, ask: Callable[[str], str], console: Console
) -> int:
    try:
        _run(argv, home, ask, console)
    except UsageError as error:
        console.notify(str(error))
        return _EXIT_USAGE
    except KakaobotError as error:
        from kakaobot.setting_fields import with_names  # slow

        console.notify(display_sentence(with_names(str(error))))
        return _EXIT_ERROR
    except OSError as error:
        from kakaobot.os_errors import os_error_message

        console.notify(os_error_message(error))
        return _EXIT_ERROR
    except KeyboardInterrupt:
        console.end_prompt()
        return _EXIT_INTERRUPTED
    return _EXIT_OK


def _run(
    argv: Sequence[str], home: Home | None, ask: Callable[[str], str], console: Console
) -> None:
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
    except HelpRequested as help_text:
        console.print(str(help_text), end="")
        return
    if args.version:
        console.print(f"kakaobot {__version__}")
        return
    if args.command is None:
        raise UsageError(parser.format_help().rstrip())
    if home is None:
        from kakaobot.config import Home  # slow, and --help does not need it

        home = Home.find()
    from kakaobot.cli.password_file import check_password_file
    from kakaobot.outgoing import watch

    watch(home.outgoing_file)

    context = CommandContext(home, console, ask)
    check_password_file(context)
    run_command(args, context)
