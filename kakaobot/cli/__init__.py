"""The command line: one command per use case."""

from kakaobot.cli.main import main

__all__ = ["main"]
