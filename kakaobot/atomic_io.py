"""Puts a finished draft in the place of a file. Knows no content."""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NO_SPACE = re.compile(
    r"No space left on device|\(?os error (?:27|28|112|122)\b|\[(?:Errno 2[78]|WinError 112)\]"
    r"|ENOSPC|Disk quota exceeded|not enough space on the disk"
    # What torch says of a file that takes no more.
    r"|PytorchStreamWriter failed writing|unexpected pos \d",
    re.IGNORECASE,
)
_FULL = frozenset(
    # The disk, a quota, the largest file that the disk takes.
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG")
    if hasattr(errno, name)
)


def replace_text(file: Path, text: str) -> None:
    """Write a draft and rename it, so that a reader sees the old or the new and nothing between.

    Where that fails, the old stays and the draft goes.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        retry_rename(lambda: draft.replace(file))
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def retry_rename(rename: Callable[[], object]) -> None:
    """Try again for two seconds: on Windows a rename fails while somebody reads."""
    for wait in (0.01, 0.05, 0.2, 0.5, 1.0):
        try:
            rename()
        except PermissionError:
            time.sleep(wait)
        else:
            return
    rename()


def disk_is_full(error: BaseException) -> bool:
    """Whether a file could not be written for want of room; libraries wrap what the disk said."""
    return any(
        (isinstance(each, OSError) and each.errno in _FULL) or bool(NO_SPACE.search(str(each)))
        for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
