"""The command line: the use cases of the window, one per command."""

from kakaobot.cli.main import main

__all__ = ["main"]
