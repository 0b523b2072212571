"""Handing this process over to another command. Standard library only, for `launch.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def exec_or_run(command: Sequence[str], environ: Mapping[str, str], folder: Path | None) -> int:
    """Replace this process by `command`; on Windows run it and return its exit code."""
    if folder:
        os.chdir(folder)
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(command[0], list(command), dict(environ))
    process = subprocess.Popen(command, env=environ)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The console sends Ctrl+C to both; the child handles it.
            continue
