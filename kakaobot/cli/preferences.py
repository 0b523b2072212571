"""The verb `settings`."""

from __future__ import annotations

from argparse import Namespace

from kakaobot.cli.desk import Desk
from kakaobot.config import render


def settings(_args: Namespace, desk: Desk) -> None:
    desk.console.say(render(desk.home.settings()), end="")
