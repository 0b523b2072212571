"""The most memory that this process ever held."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def peak_mb() -> float | None:
    """Resident, in MB of 2**20 bytes; nothing on Windows, where Python does not know it."""
    if sys.platform == "linux":
        # What getrusage says of a process was its parent's before its program was loaded.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    try:
        resource: Any = __import__("resource")
    except ImportError:
        return None
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20))
