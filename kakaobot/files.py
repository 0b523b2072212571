"""Puts a finished draft in the place of a file. Knows no content."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path


def replace_text(file: Path, text: str) -> None:
    """Write a draft and rename it, so that a reader sees the old or the new and nothing between.

    Where that fails, the old stays and the draft goes.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        patiently(lambda: draft.replace(file))
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def patiently(rename: Callable[[], object]) -> None:
    """Try again for two seconds: on Windows a rename fails while somebody reads."""
    for wait in (0.01, 0.05, 0.2, 0.5, 1.0):
        try:
            rename()
        except PermissionError:
            time.sleep(wait)
        else:
            return
    rename()
