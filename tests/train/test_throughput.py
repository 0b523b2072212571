"""The table of measured CPUs and its extrapolation."""

from __future__ import annotations

import json
import statistics

import pytest

from kakaobot.base.cpu import Cpu
from kakaobot.config import ROOT
from kakaobot.settings import LoraSettings
from kakaobot.starter import FOLDER
from kakaobot.train.cost_model import DatasetSize, ModelDimensions, flops_per_token
from kakaobot.train.throughput import MEASURED, MeasuredRate, expected_flops

# The bases and the rows of benchmarks/training.py.
STARTER = ModelDimensions.from_config(
    json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
)
assert STARTER
DIMENSIONS = {
    "starter": STARTER,
    "103M": ModelDimensions(151_936, 512, 1536, 8, 512, 256, tied_embeddings=True),
    "596M": ModelDimensions(151_936, 1024, 3072, 28, 2048, 1024, tied_embeddings=True),
}
SAMPLE_ROOM = DatasetSize(
    rows=70, tokens=14_189, target_tokens=7_831, longest=267, val_tokens=0, val_target_tokens=0
)

every_rate = pytest.mark.parametrize(
    "rate", MEASURED, ids=lambda rate: f"{rate.instructions}-{rate.parameters}"
)


def cpu_of(rate: MeasuredRate, cores: int = 0) -> Cpu:
    flags = {"avx2": ("avx2",), "bf16": ("avx2", "avx512f", "amx_bf16")}[rate.instructions]
    return Cpu(frozenset(flags), cores or rate.cores)


@every_rate
def test_a_measured_cpu_gets_its_measured_rate(rate: MeasuredRate) -> None:
    half = rate.instructions == "bf16"
    assert expected_flops(cpu_of(rate), rate.parameters, half=half) == pytest.approx(rate.flops)
    assert rate.source
    one, four = (expected_flops(cpu_of(rate, n), rate.parameters, half=half) for n in (1, 4))
    assert one is not None
    assert four is not None
    assert rate.flops / 2 < one < rate.flops < four < 2 * rate.flops


@every_rate
def test_a_rate_matches_its_source(rate: MeasuredRate) -> None:
    recorded = json.loads((ROOT / rate.source).read_text(encoding="utf-8"))
    base = {dimensions.parameters: name for name, dimensions in DIMENSIONS.items()}[rate.parameters]
    speeds = [
        row["tokens_per_s"]
        for row in recorded["rows"]
        if (row["trainer"], row["base"]) == ("kakaobot", base)
    ]
    flops = statistics.mean(speeds) * flops_per_token(DIMENSIONS[base], LoraSettings(), SAMPLE_ROOM)
    assert recorded["machine"]["cores"] == rate.cores
    assert flops == pytest.approx(rate.flops, rel=0.02)


def test_rates_are_interpolated_between_sizes_but_not_extrapolated() -> None:
    small, middle, large = (rate for rate in MEASURED if rate.instructions == "avx2")
    cpu = cpu_of(small)
    between = expected_flops(cpu, 30_000_000, half=False) or 0
    assert small.flops < between < middle.flops
    assert expected_flops(cpu, 1, half=False) == pytest.approx(small.flops)
    assert expected_flops(cpu, 10**10, half=False) == pytest.approx(large.flops)


def test_an_unmeasured_cpu_has_no_rate() -> None:
    assert expected_flops(Cpu(), 10**8, half=False) is None
    # Wider vectors than were measured in this precision.
    assert expected_flops(Cpu(frozenset(("avx2", "avx512f"))), 10**8, half=False) is None
    # Emulated.
    assert expected_flops(Cpu(frozenset(("avx2",))), 10**8, half=True) is None
