"""Peak memory of this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def peak_mb() -> float | None:
    """Peak resident memory in units of 2**20 bytes; None on Windows, where Python cannot tell."""
    if sys.platform == "linux":
        # getrusage includes the parent's memory from before exec.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    try:
        resource: Any = __import__("resource")
    except ImportError:
        return None
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20))
