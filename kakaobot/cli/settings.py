"""The verb `settings`."""

from __future__ import annotations

from argparse import Namespace

from kakaobot.cli.context import CommandContext
from kakaobot.config import render


def settings(_args: Namespace, desk: CommandContext) -> None:
    desk.console.say(render(desk.home.settings()), end="")
