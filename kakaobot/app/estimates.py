"""Memory and time of a training before its start. Times nothing itself and loads no torch."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil

from kakaobot.app.base_models import BaseModels
from kakaobot.app.training_speed import (
    device_count,
    dimensions_of,
    earlier_flops,
    measured_flops,
)
from kakaobot.base import resolve
from kakaobot.base.cpu import Cpu, detect_cpu
from kakaobot.base.selection import Hardware, detect_hardware
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.build_report import BuildReport, report_from_json
from kakaobot.runs.status import Status
from kakaobot.schema import Progress, no_progress
from kakaobot.settings import Settings
from kakaobot.train.cost_model import (
    DatasetSize,
    Machine,
    MemoryEstimate,
    ModelDimensions,
    equivalent_tokens,
    estimate_memory,
    flops_per_token,
)
from kakaobot.train.launch_command import uses_fsdp

_GB = 2**30
_FILLED = 0.9
"""Share of the free memory that a training may fill."""
_FRESH_SECONDS = 60.0
"""Age at which an estimate is renewed: free memory and earlier runs change."""
_TIME_LATER = "시간은 학습을 시작해 첫 걸음을 재고 나서 알려 드립니다."
_TIMING = "첫 걸음을 재고 있습니다."


@dataclass(frozen=True)
class Estimate:
    """Forecast of a training. `memory` and `seconds` may be unknown."""

    sentences: tuple[str, ...]
    """Korean, one a line: memory and time, then what to change where memory is tight."""
    memory: MemoryEstimate | None = None
    """Bytes by part, of the process on a CPU and of the card on a GPU."""
    free: int = 0
    """Bytes free on that device now."""
    seconds: float | None = None
    enough: bool = True
    """False where the memory clearly does not suffice."""
    base: str = ""
    """Label of the base model."""


class Estimates:
    """Estimates of one home, cached while data and settings stay. Thread-safe."""

    def __init__(
        self,
        home: Home,
        bases: BaseModels | None = None,
        *,
        compute: Callable[[Home, BaseModels], Estimate] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Computes nothing yet.

        Args:
            home: whose trainings are estimated.
            bases: resolves `auto`.
            compute: computes an estimate, as `estimate` does.
            clock: gives seconds.
        """
        self._home, self._bases = home, bases or BaseModels()
        self._compute, self._clock = compute or estimate, clock
        self._lock = threading.Lock()
        self._cached: tuple[object, float, Estimate] | None = None

    def cached(self) -> Estimate | None:
        """The cached estimate for the current data and settings, of any age; never blocks."""
        cached, key = self._cached, self._key()
        return cached[2] if cached and key and cached[0] == key else None

    def get(self, progress: Progress = no_progress) -> Estimate | None:
        """The estimate for the current data and settings; None without data.

        Raises:
            ConfigError, BaseModelError: as `estimate`.
        """
        key = self._key()
        if key is None:
            return None
        with self._lock:
            cached, now = self._cached, self._clock()
            if cached and cached[0] == key and now - cached[1] < _FRESH_SECONDS:
                return cached[2]
            progress(0.3, "이 컴퓨터에서 메모리와 시간이 얼마나 들지 어림하는 중")
            fresh = self._compute(self._home, self._bases)
            self._cached = (key, self._clock(), fresh)
            return fresh

    def _key(self) -> object:
        """The data and settings an estimate depends on; None without data."""
        settings = self._home.settings()
        report = _report(self._home, settings)
        return (report.fingerprint, settings) if report else None


def estimate(
    home: Home,
    bases: BaseModels | None = None,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    free: Callable[[], int] = lambda: int(psutil.virtual_memory().available),
    cpu: Callable[[], Cpu] = detect_cpu,
) -> Estimate:
    """Memory and time of the training that `start` would begin now.

    The time follows from the speed of earlier runs of this home, else from that of a measured CPU
    of this kind (`train.throughput`); otherwise it is left open until a run has timed its first
    steps.

    Args:
        home: its settings, data and earlier runs.
        bases: resolves `auto`.
        hardware: describes the graphics card.
        free: gives the bytes of free memory.
        cpu: describes the processor.

    Raises:
        ConfigError, BaseModelError, RunError: the settings, the base or the accelerate file they
            name cannot be used.
    """
    settings = home.settings()
    report = _report(home, settings)
    if report is None:
        return Estimate(("데이터를 준비하면 메모리와 시간을 어림해 드립니다.",))
    choice = (bases or BaseModels()).select(home)
    dimensions = dimensions_of(choice.name)
    if dimensions is None:
        return Estimate(
            (f"{choice.label} 은 구조를 몰라 메모리와 시간을 어림할 수 없습니다.",),
            base=choice.label,
        )
    if uses_fsdp(settings.training, home.root):
        return Estimate(
            ("모델을 여러 카드가 나눠 드는 학습(FSDP)은 메모리와 시간을 어림하지 않습니다.",),
            base=choice.label,
        )
    size, card, processor = dataset_size_of(report), hardware(), cpu()
    machine = _machine(settings, dimensions, card, processor)
    needed = estimate_memory(dimensions, machine, settings.lora, settings.training, size)
    available = card.free_vram if machine.device == "cuda" else free()
    flops = earlier_flops(home, settings, choice.name, machine, size)
    if flops is None:
        flops = measured_flops(dimensions, machine, processor)
    seconds = _seconds(flops, dimensions, machine, settings, size) if flops else None
    enough = needed.total <= available * _FILLED
    sentences = [_summary(needed, available, seconds, machine)]
    if not enough:
        sentences.append(_advice(settings, dimensions, machine, size, int(available * _FILLED)))
    return Estimate(tuple(sentences), needed, available, seconds, enough, choice.label)


def timing_note(status: Status) -> str:
    """Korean; why a running training has no time left to show yet, or nothing."""
    return _TIMING if status.state == "running" and status.eta_seconds is None else ""


def dataset_size_of(report: BuildReport) -> DatasetSize:
    share = report.target_tokens / max(1, report.tokens)
    val = report.val_tokens or report.tokens * report.val_rows / max(1, report.train_rows)
    return DatasetSize(
        rows=report.train_rows,
        tokens=report.tokens,
        target_tokens=report.target_tokens,
        longest=report.longest_row,
        val_tokens=int(val),
        val_target_tokens=int(val * share),
    )


def _report(home: Home, settings: Settings) -> BuildReport | None:
    folder = home.folder(settings.paths.sft)
    return report_from_json(artifacts.read_json(folder, artifacts.STATS), [])


def _machine(settings: Settings, dimensions: ModelDimensions, card: Hardware, cpu: Cpu) -> Machine:
    model, parameters = settings.model, dimensions.parameters
    # Both half precisions of a GPU take the same memory.
    device = resolve.Device("cuda" if card.gpu else "cpu", native_bf16=cpu.has_bf16)
    return Machine(
        device=device.kind,
        half=resolve.dtype(model.dtype, device, parameters) != "float32",
        load_in_4bit=resolve.load_in_4bit(model.load_in_4bit, device),
        checkpointing=resolve.gradient_checkpointing(
            model.gradient_checkpointing, device, parameters
        ),
    )


def _seconds(
    flops: float,
    dimensions: ModelDimensions,
    machine: Machine,
    settings: Settings,
    size: DatasetSize,
) -> float:
    """Duration of the whole run, evaluations included, at `flops` per device and second."""
    lora, training = settings.lora, settings.training
    tokens = equivalent_tokens(dimensions, lora, training, size)
    rate = flops * device_count(training, machine, size) / flops_per_token(dimensions, lora, size)
    return tokens / rate


def _summary(
    needed: MemoryEstimate, available: int, seconds: float | None, machine: Machine
) -> str:
    on_card = machine.device == "cuda"
    name, place = ("그래픽 메모리", "그래픽 카드에") if on_card else ("메모리", "이 컴퓨터에")
    memory = f"{name} 약 {_gb(needed.total)} ({place} 남은 것 {_gb(available)})"
    return f"{memory}, 시간 약 {_time(seconds)}" if seconds else f"{memory}. {_TIME_LATER}"


def _advice(
    settings: Settings, dimensions: ModelDimensions, machine: Machine, size: DatasetSize, room: int
) -> str:
    """The mildest setting to lower that makes the training fit."""
    training = settings.training

    def fits(machine: Machine, length: int) -> bool:
        short = training.model_copy(update={"max_seq_len": length})
        return estimate_memory(dimensions, machine, settings.lora, short, size).total <= room

    for length in (768, 512, 256, 128):
        if length < min(training.max_seq_len, size.longest) and fits(machine, length):
            return (
                f"메모리가 모자랍니다. training.max_seq_len 을 {length} 로 줄이고 "
                "'데이터 준비'를 다시 하세요."
            )
    saving = replace(machine, checkpointing=True)
    if not machine.checkpointing and fits(saving, training.max_seq_len):
        return "메모리가 모자랍니다. model.gradient_checkpointing 을 true 로 바꾸세요."
    quantized = replace(saving, load_in_4bit=True)
    if not machine.load_in_4bit and fits(quantized, min(training.max_seq_len, 512)):
        return (
            "메모리가 모자랍니다. model.load_in_4bit 와 model.gradient_checkpointing 을 "
            "true 로 바꾸고 training.max_seq_len 을 512 로 줄이세요."
        )
    return "메모리가 모자랍니다. model.base_model 을 더 작은 모델로 바꾸세요."


def _gb(size: float) -> str:
    return f"{size / _GB:.1f}GB"


def _time(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    hours, rest = divmod(minutes, 60)
    if hours >= 10 or (hours and not rest):
        return f"{round(minutes / 60)}시간"
    return f"{hours}시간 {rest}분" if hours else f"{minutes}분"
