"""The command `settings`."""

from __future__ import annotations

from argparse import Namespace

from kakaobot.cli.context import CommandContext
from kakaobot.config import render


def settings(_args: Namespace, context: CommandContext) -> None:
    context.console.print(render(context.home.settings()), end="")
