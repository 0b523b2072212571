"""Instruction sets and cores of this CPU, read from the operating system. Imports no torch."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

_BF16 = frozenset(("amx_bf16", "avx512_bf16"))
# winnt.h, for IsProcessorFeaturePresent; there is no constant for bfloat16.
_WINDOWS_FEATURES = {"avx2": 40, "avx512f": 41}


@dataclass(frozen=True)
class Cpu:
    flags: frozenset[str] = frozenset()
    """Instruction sets as Linux names them; empty where they cannot be read."""
    cores: int = 1
    """Physical cores this process may use: the number of threads torch starts."""

    @property
    def has_bf16(self) -> bool:
        """Whether bfloat16 is computed in hardware.

        For the forecast, which must not import torch. Loading asks torch (`loading.device_facts`),
        which also knows CPUs without readable flags; `tests/base/test_cpu.py` compares the two.
        """
        return bool(self.flags & _BF16)


def detect_cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> Cpu:
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return Cpu(_windows_flags() if sys.platform == "win32" else linux_flags(cpuinfo), cores)


def linux_flags(cpuinfo: Path) -> frozenset[str]:
    """The flags of the first core; none on a system without that file."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def _windows_flags() -> frozenset[str]:
    if sys.platform != "win32":
        return frozenset()
    import ctypes

    present = ctypes.windll.kernel32.IsProcessorFeaturePresent
    return frozenset(name for name, number in _WINDOWS_FEATURES.items() if present(number))
