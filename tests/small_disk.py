"""A disk that is soon full, for tests of what is written to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path | None]:
    """A file system of a few megabytes at `place`; None if it cannot be mounted."""
    place.mkdir()
    size = f"size={megabytes}m"
    if sys.platform == "linux" and _done("mount", "-t", "tmpfs", "-o", size, "none", str(place)):
        try:
            yield place
        finally:
            assert _done("umount", "-l", str(place))
        return
    keeper = _keeper(place, size)
    try:
        yield Path(f"/proc/{keeper.pid}/root") / place.relative_to("/") if keeper else None
    finally:
        if keeper:
            keeper.kill()
            keeper.communicate()


def _keeper(place: Path, size: str) -> subprocess.Popen[str] | None:
    """A process in its own mount namespace with a small disk, reachable through /proc."""
    script = 'mount -t tmpfs -o "$0" none "$1" && echo mounted && exec sleep 7200'
    if sys.platform != "linux" or not shutil.which("unshare"):
        return None
    keeper = subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", script, size, str(place)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert keeper.stdout is not None
    if keeper.stdout.readline() == "mounted\n":
        return keeper
    keeper.communicate()
    return None


def _done(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
