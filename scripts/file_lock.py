"""Locks on files, which the system releases when their process ends, however it ends.

Standard library only: `launch.py` needs it before anything is installed.
"""

from __future__ import annotations

import errno
import sys
from typing import IO

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def try_lock(file: IO[str]) -> bool:
    """Lock an open file; False if another process holds it.

    A disk that has no locks, such as that of some networks, counts as locked by this process.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _TAKEN
    return True
