"""The package index with the right PyTorch: on Windows, PyPI's is built without CUDA."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

CUDA_13 = "https://download.pytorch.org/whl/cu130"
CUDA_12 = "https://download.pytorch.org/whl/cu126"
# NVIDIA, "CUDA Compatibility", minor version compatibility: 13.x needs driver 580; 12.x needs 525,
# first released for Windows as 527.41.
DRIVER_FOR_13, DRIVER_FOR_12 = 580, 527
# NVIDIA, CUDA 13.0 release notes: cards before Turing (7.5) were dropped.
OLDEST_CARD_FOR_13 = 7.5
# PyTorch, RELEASE.md: cu126 has kernels for Maxwell (5.0) to Hopper (9.0).
OLDEST_CARD_FOR_12, NEWEST_CARD_FOR_12 = 5.0, 9.0


class Gpu(NamedTuple):
    driver: int
    """Major version: 581 for 581.29."""
    compute_cap: float
    """Of the most capable card, such as 8.9; 0.0 if the driver is too old to report it."""


def torch_index(system: str, driver: int, compute_cap: float) -> str | None:
    """URL of the index for this card; None if PyPI is right, or no PyTorch supports the card."""
    if system != "Windows":
        return None
    if driver >= DRIVER_FOR_13 and compute_cap >= OLDEST_CARD_FOR_13:
        return CUDA_13
    if driver >= DRIVER_FOR_12 and OLDEST_CARD_FOR_12 <= compute_cap <= NEWEST_CARD_FOR_12:
        return CUDA_12
    return None


def nvidia_gpu(
    which: Callable[[str], str | None] = shutil.which,
    run: Callable[[Sequence[str]], str] | None = None,
) -> Gpu | None:
    """The NVIDIA card of this machine; None without one or if nvidia-smi fails."""
    program = which("nvidia-smi")
    if not program:
        return None
    run = run or _output
    query = [program, "--format=csv,noheader"]
    cards = re.findall(
        r"(\d+)[\d.]*, *(\d+\.\d+)", run([*query, "--query-gpu=driver_version,compute_cap"])
    )
    if cards:
        return Gpu(int(cards[0][0]), max(float(capability) for _, capability in cards))
    driver = re.match(r"\s*(\d+)\.", run([*query, "--query-gpu=driver_version"]))
    return Gpu(int(driver.group(1)), 0.0) if driver else None


def _output(command: Sequence[str]) -> str:
    try:
        completed = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return completed.stdout.decode("utf-8", "replace") if completed.returncode == 0 else ""
