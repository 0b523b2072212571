"""The command line: the same use cases as the window, one verb each."""

from kakaobot.cli.main import main

__all__ = ["main"]
