"""Measured training speed of some CPUs in FLOP/s, extrapolated to others. No torch.

`flops` is the speed of the worker's own loop with all cores to itself, in a whole training step:
`tokens_per_s` of `benchmarks/training.py` times `cost_model.flops_per_token`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from kakaobot.base.cpu import Cpu


@dataclass(frozen=True)
class MeasuredRate:
    instructions: str
    """Widest vectors of the precision: `avx2` or `avx512` for float32, `bf16` for bfloat16."""
    parameters: int
    """Parameters of the base model."""
    cores: int
    flops: float
    """FLOP/s on all of these cores."""
    source: str
    """File with the `kakaobot` row it was computed from."""


_AVX2 = "benchmarks/results/training_avx2.json"
# Names no processor, but its peak memory shows bfloat16, which `auto` chooses on a CPU only if the
# hardware computes it.
_BF16 = "benchmarks/results/training.json"
MEASURED = (
    MeasuredRate("avx2", 6_819_072, 2, 82e9, _AVX2),
    MeasuredRate("avx2", 102_965_760, 2, 92e9, _AVX2),
    MeasuredRate("avx2", 596_042_752, 2, 114e9, _AVX2),
    MeasuredRate("bf16", 102_965_760, 2, 152e9, _BF16),
    MeasuredRate("bf16", 596_042_752, 2, 227e9, _BF16),
)
_FLOAT32 = {"avx512f": "avx512", "avx2": "avx2"}
"""CPU flag → key into the table, the widest first."""
_CORE_EXPONENT = 0.9
"""Speed grows with cores ** this: two are 1.87 times as fast as one, measured with the starter on
AVX2."""


def expected_flops(cpu: Cpu, parameters: int, *, half: bool) -> float | None:
    """FLOP/s of a run on `cpu`; None where no CPU of its kind was measured.

    Args:
        cpu: the CPU to train on.
        parameters: size of the base model. The speed is interpolated between measured sizes; beyond
            them the nearest one is used.
        half: whether the run computes in bfloat16.
    """
    kind = _instructions(cpu, half=half)
    rates = sorted(
        (rate.parameters, _scaled(rate, cpu)) for rate in MEASURED if rate.instructions == kind
    )
    if not rates:
        return None
    above = bisect_left(rates, (parameters, 0.0))
    if above in (0, len(rates)):
        return rates[min(above, len(rates) - 1)][1]
    (small, slow), (large, fast) = rates[above - 1 : above + 1]
    share = math.log(parameters / small) / math.log(large / small)
    return slow + share * (fast - slow)


def _instructions(cpu: Cpu, *, half: bool) -> str:
    if half:
        return "bf16" if cpu.has_bf16 else ""
    return next((name for flag, name in _FLOAT32.items() if flag in cpu.flags), "")


def _scaled(rate: MeasuredRate, cpu: Cpu) -> float:
    """The rate on the cores of `cpu`."""
    return rate.flops * math.pow(cpu.cores / rate.cores, _CORE_EXPONENT)
