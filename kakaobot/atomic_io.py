"""Atomic file replacement, tolerant JSON reading, and detection of a full disk."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

NO_SPACE = re.compile(
    r"No space left on device|\(?os error (?:27|28|112|122)\b|\[(?:Errno 2[78]|WinError 112)\]"
    r"|ENOSPC|Disk quota exceeded|not enough space on the disk"
    # torch, when a file cannot grow.
    r"|PytorchStreamWriter failed writing|unexpected pos \d",
    re.IGNORECASE,
)
"""Messages of a write that failed on a full disk."""
_FULL_ERRNOS = frozenset(
    # Disk full, quota exceeded, file larger than the file system allows.
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG")
    if hasattr(errno, name)
)
_FULL_BELOW = 1_000_000
"""Free bytes below which a disk counts as full."""


def replace_text(file: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a draft and rename it, so that readers see the old text or the new, never a mixture.

    If that fails, the old file stays and the draft is deleted. The umask is taken off `mode`.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        opener = functools.partial(os.open, mode=mode)
        with open(draft, "w", encoding="utf-8", newline="\n", opener=opener) as stream:
            stream.write(text)
        retry_rename(lambda: draft.replace(file))
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # The user knows this name, not that of the draft.
            error.filename = str(file)
        raise


def with_drafts(file: Path) -> list[Path]:
    """The file and its drafts, as far as they exist: a kill leaves a draft behind."""
    drafts = (*file.parent.glob(f"{file.name}.new"), *file.parent.glob(f"{file.name}.*.new"))
    return [path for path in (file, *sorted(drafts)) if os.path.lexists(path)]


def retry_rename(rename: Callable[[], object]) -> None:
    """Retry for two seconds: on Windows a rename fails while the target is being read."""
    for wait in (0.01, 0.05, 0.2, 0.5, 1.0):
        try:
            rename()
        except PermissionError:
            time.sleep(wait)
        else:
            return
    rename()


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text, for all readers.

    Raises:
        ValueError: it is not JSON, or nested so deeply that no program of ours wrote it.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_json_object(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if the file is missing, damaged or holds something else."""
    try:
        value = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def disk_is_full(error: BaseException) -> bool:
    """Whether a write failed on a full disk; libraries wrap the original error."""
    return any(
        (isinstance(cause, OSError) and cause.errno in _FULL_ERRNOS)
        or bool(NO_SPACE.search(str(cause)))
        for cause in _causes(error)
    )


def folder_is_full(folder: Path) -> bool:
    """Whether the disk of a folder has next to no space left."""
    try:
        return shutil.disk_usage(folder).free < _FULL_BELOW
    except OSError:
        return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the chain of its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
