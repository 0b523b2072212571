"""Expected FLOP/s of a run, from earlier runs of this home, else from measured CPUs."""

from __future__ import annotations

from pathlib import Path

from kakaobot.atomic_io import parse_json
from kakaobot.base.cpu import Cpu
from kakaobot.base.hub import cached_file
from kakaobot.base.selection import location_of
from kakaobot.config import Home, parse
from kakaobot.errors import KakaobotError
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.settings import Settings, TrainingSettings
from kakaobot.train.cost_model import (
    QWEN3,
    DatasetSize,
    Machine,
    ModelDimensions,
    flops_per_token,
)
from kakaobot.train.plan import batch_size
from kakaobot.train.run_config import base_of
from kakaobot.train.throughput import expected_flops

_CHECKPOINTING_SPEED = 0.75
"""Relative speed with gradient checkpointing: four passes instead of three."""
_MIN_STEPS = 5
"""Steps after which the speed of a run is trusted."""


def dimensions_of(base: str) -> ModelDimensions | None:
    """Dimensions of a known base, folder or cached model; None for others. Downloads nothing."""
    if base in QWEN3:
        return QWEN3[base]
    name = location_of(base)
    file = Path(name) / "config.json"
    if not file.exists():
        if Path(name).exists() or name.count("/") != 1:
            return None
        cached = cached_file(name, "config.json")
        if cached is None:
            return None
        file = cached
    try:
        return ModelDimensions.from_config(parse_json(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError):
        return None


def earlier_flops(
    home: Home, settings: Settings, base: str, machine: Machine, size: DatasetSize
) -> float | None:
    """FLOP/s per device of the newest run of this base, else of any base, on the same device."""
    newest = None
    for run in Runs(home.folder(settings.paths.runs)).all():
        status = run.recorded_status()
        if status.step < _MIN_STEPS or not _ran_on(status, machine.device):
            continue
        name, flops = _run_flops(run, status, machine, size)
        if flops and name == base:
            return flops
        newest = newest or flops
    return newest


def _ran_on(status: Status, device: str) -> bool:
    """Whether a run used this kind of device; assumed of old runs, which do not record theirs."""
    return not status.pace_setup or status.pace_setup.startswith("cuda") == (device == "cuda")


def _run_flops(
    run: Run, status: Status, machine: Machine, size: DatasetSize
) -> tuple[str, float | None]:
    """The base of a run, and the FLOP/s it reached on each of its devices."""
    try:
        base = base_of(run).name
        settings = parse(run.config().get("settings") or {})
    except KakaobotError:
        return "", None
    dimensions = dimensions_of(base)
    if dimensions is None or not status.tokens_per_second:
        return base, None
    flops = status.tokens_per_second * flops_per_token(dimensions, settings.lora, size)
    return base, flops / device_count(settings.training, machine, size)


def measured_flops(dimensions: ModelDimensions, machine: Machine, cpu: Cpu) -> float | None:
    """FLOP/s from the table of measured CPUs; None on a GPU or an unmeasured CPU."""
    if machine.device != "cpu":
        return None
    flops = expected_flops(cpu, dimensions.parameters, half=machine.half)
    return flops and flops * (_CHECKPOINTING_SPEED if machine.checkpointing else 1)


def device_count(training: TrainingSettings, machine: Machine, size: DatasetSize) -> int:
    """Devices that compute at once: a GPU per process, but at most one per row of the batch."""
    if machine.device != "cuda":
        return 1
    return min(training.num_processes, batch_size(training, size.rows))
