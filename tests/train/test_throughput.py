"""The table of measured CPUs and what is derived from it."""

from __future__ import annotations

import pytest

from kakaobot.base.cpu import Cpu
from kakaobot.train.throughput import MEASURED, MeasuredRate, expected_flops


def cpu_of(rate: MeasuredRate, cores: int = 0) -> Cpu:
    flags = {"avx2": ("avx2",), "bf16": ("avx2", "avx512f", "amx_bf16")}[rate.instructions]
    return Cpu(frozenset(flags), cores or rate.cores)


@pytest.mark.parametrize(
    "rate", MEASURED, ids=lambda rate: f"{rate.instructions}-{rate.parameters}"
)
def test_a_measured_machine_gets_its_own_figure(rate: MeasuredRate) -> None:
    half = rate.instructions == "bf16"
    assert expected_flops(cpu_of(rate), rate.parameters, half=half) == pytest.approx(rate.flops)
    assert rate.source
    one, four = (expected_flops(cpu_of(rate, n), rate.parameters, half=half) for n in (1, 4))
    assert one is not None
    assert four is not None
    assert rate.flops / 2 < one < rate.flops < four < 2 * rate.flops


def test_sizes_between_are_interpolated_and_sizes_beyond_are_not() -> None:
    small, large = (rate for rate in MEASURED if rate.instructions == "avx2")
    cpu = cpu_of(small)
    between = expected_flops(cpu, 30_000_000, half=False) or 0
    assert sorted((small.flops, between, large.flops))[1] == between
    assert expected_flops(cpu, 1, half=False) == pytest.approx(small.flops)
    assert expected_flops(cpu, 10**10, half=False) == pytest.approx(large.flops)


def test_an_unmeasured_cpu_has_no_figure() -> None:
    assert expected_flops(Cpu(), 10**8, half=False) is None
    # Wider vectors than were measured in this precision.
    assert expected_flops(Cpu(frozenset(("avx2", "avx512f"))), 10**8, half=False) is None
    # Emulated.
    assert expected_flops(Cpu(frozenset(("avx2",))), 10**8, half=True) is None
