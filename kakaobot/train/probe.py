"""How fast this computer multiplies matrices, measured in a process of its own."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from kakaobot.config import ROOT

_ROUNDS = 6
_SHAPE = (512, 1024, 3072)


@dataclass(frozen=True)
class Speed:
    half: bool
    """Whether models of more than a few million parameters are computed in half precision."""
    per_second: float
    """Floating-point operations in that precision."""
    single_per_second: float
    """The same in fp32."""


@functools.cache
def measured(timeout: float = 120.0) -> Speed | None:
    """Measure once in a program's life, which takes some seconds; None where it cannot be done."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kakaobot.train.probe"],
            cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=True,
        )  # fmt: skip
        return Speed(**json.loads(done.stdout.strip().splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, IndexError):
        return None


def measure() -> Speed:
    """In this process. Loads torch."""
    import torch

    from kakaobot.base.loading import best_device, fast_half

    device = best_device()
    half = fast_half(device)

    def speed(dtype: torch.dtype) -> float:
        rows, ins, outs = _SHAPE
        one = torch.randn(rows, ins, device=device).to(dtype)
        other = torch.randn(ins, outs, device=device).to(dtype)
        best = float("inf")
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            # On a graphics card the work is done when its result is asked for.
            float((one @ other)[0, 0])
            best = min(best, time.perf_counter() - began)
        return 2 * rows * ins * outs / best

    single = speed(torch.float32)
    return Speed(half is not None, speed(half) if half else single, single)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(measure())) + "\n")
