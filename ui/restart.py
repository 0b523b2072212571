"""Starting the program again in place, on the port that its open pages know."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

from kakaobot import language
from kakaobot.config import Home
from scripts.run_command import exec_or_run

_PORT = "KAKAOBOT_RESTART_PORT"


def start_again(home: Home, port: int) -> int:
    """Replace this process by a new one, or return its exit code where that is impossible."""
    environ = {
        **os.environ,
        **home.secrets,
        _PORT: str(port),
        language.VARIABLE: home.settings().window.language,
    }
    return exec_or_run([sys.executable, *sys.orig_argv[1:]], environ, None)


def restarted_port(environ: MutableMapping[str, str] = os.environ) -> int | None:
    """The port of the process that this one replaces, taken out of the environment."""
    port = environ.pop(_PORT, "")
    return int(port) if port.isdecimal() else None
