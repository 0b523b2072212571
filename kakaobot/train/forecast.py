"""Memory and time of a run, forecast from data, settings and hardware. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kakaobot.base import resolve
from kakaobot.base.cpu import Cpu
from kakaobot.base.selection import BaseModelChoice, Hardware
from kakaobot.config import Home
from kakaobot.dataset.build_report import BuildReport
from kakaobot.language import tr
from kakaobot.runs.labels import rough_duration_text
from kakaobot.runs.status import Status
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
from kakaobot.train.expected_speed import device_count, dimensions_of, earlier_flops, measured_flops
from kakaobot.train.launch_command import uses_fsdp

_GB = 2**30
_USABLE = 0.9
"""Share of the free memory that a run may use."""
_TIME_LATER = tr("시간은 학습을 시작해 첫 걸음을 재고 나서 알려 드립니다.")
_TIMING = tr("첫 걸음을 재고 있습니다.")


@dataclass(frozen=True)
class Estimate:
    """Forecast of a run. `memory` and `seconds` may be unknown."""

    sentences: tuple[str, ...]
    """Korean, one per line: memory and time, then advice if memory is tight."""
    memory: MemoryEstimate | None = None
    """Of the process on a CPU, of the device on a GPU."""
    free: int = 0
    """Bytes free on that device now."""
    seconds: float | None = None
    enough: bool = True
    """False if the memory does not suffice, True if it does or is unknown."""
    base: str = ""
    """Label of the base model."""


def forecast(
    home: Home,
    settings: Settings,
    choice: BaseModelChoice,
    report: BuildReport,
    *,
    hardware: Hardware,
    free: Callable[[], int],
    cpu: Cpu,
) -> Estimate:
    """Memory and time of training this base on the data of `report`.

    The time follows from the speed of earlier runs of this home, else of a measured CPU of this
    kind (`throughput`); failing both, it is unknown until a run has timed its first steps.

    Args:
        home: holds earlier runs, and the accelerate file that the settings may name.
        settings: the settings of the run.
        choice: the base model.
        report: describes the last build of the dataset.
        hardware: the GPU.
        free: returns the bytes of free memory; called only without a GPU.
        cpu: the processor.

    Raises:
        RunError: the accelerate file cannot be used.
    """
    dimensions = dimensions_of(choice.name)
    if dimensions is None:
        return Estimate(
            (
                tr("{label} 은 구조를 몰라 메모리와 시간을 어림할 수 없습니다.").format(
                    label=tr(choice.label)
                ),
            ),
            base=tr(choice.label),
        )
    if uses_fsdp(settings.training, home.root):
        return Estimate(
            (tr("모델을 여러 카드가 나눠 드는 학습(FSDP)은 메모리와 시간을 어림하지 않습니다."),),
            base=tr(choice.label),
        )
    size = dataset_size_of(report)
    machine = machine_for(settings, dimensions, hardware, cpu)
    needed = estimate_memory(dimensions, machine, settings.lora, settings.training, size)
    available = hardware.free_vram if machine.device == "cuda" else free()
    flops = earlier_flops(home, settings, choice.name, machine, size)
    if flops is None:
        flops = measured_flops(dimensions, machine, cpu)
    seconds = _seconds(flops, dimensions, machine, settings, size) if flops else None
    enough = needed.total <= available * _USABLE
    sentences = [_summary(needed, available, seconds, machine)]
    if not enough:
        sentences.append(_advice(settings, dimensions, machine, size, int(available * _USABLE)))
    return Estimate(tuple(sentences), needed, available, seconds, enough, tr(choice.label))


def timing_note(status: Status) -> str:
    """Korean: why a running training shows no remaining time yet; empty if it shows one."""
    return _TIMING if status.state == "running" and status.eta_seconds is None else ""


def dataset_size_of(report: BuildReport) -> DatasetSize:
    """Rows and tokens of the last build."""
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


def machine_for(
    settings: Settings, dimensions: ModelDimensions, hardware: Hardware, cpu: Cpu
) -> Machine:
    """The device, and the settings resolved for it."""
    model, parameters = settings.model, dimensions.parameters
    # Both half precisions of a GPU take the same memory.
    device = resolve.Device("cuda" if hardware.gpu else "cpu", native_bf16=cpu.has_bf16)
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
    on_gpu = machine.device == "cuda"
    name, place = (
        (tr("그래픽 메모리"), tr("그래픽 카드에")) if on_gpu else (tr("메모리"), tr("이 컴퓨터에"))
    )
    memory = tr("{name} 약 {total} ({place} 남은 것 {available})").format(
        name=name, total=_gb(needed.total), place=place, available=_gb(available)
    )
    return (
        tr("{memory}, 시간 약 {seconds}").format(
            memory=memory, seconds=rough_duration_text(seconds)
        )
        if seconds
        else f"{memory}. {_TIME_LATER}"
    )


def _advice(
    settings: Settings, dimensions: ModelDimensions, machine: Machine, size: DatasetSize, limit: int
) -> str:
    """The mildest setting to lower that makes the run fit."""
    training = settings.training

    def fits(machine: Machine, length: int) -> bool:
        short = training.model_copy(update={"max_seq_len": length})
        return estimate_memory(dimensions, machine, settings.lora, short, size).total <= limit

    for length in (768, 512, 256, 128):
        if length < min(training.max_seq_len, size.longest) and fits(machine, length):
            return tr(
                "메모리가 모자랍니다. training.max_seq_len 을 {length} 로 줄이고 '데이터 "
                "준비'를 다시 하세요."
            ).format(length=length)
    saving = replace(machine, checkpointing=True)
    if not machine.checkpointing and fits(saving, training.max_seq_len):
        return tr("메모리가 모자랍니다. model.gradient_checkpointing 을 true 로 바꾸세요.")
    quantized = replace(saving, load_in_4bit=True)
    if not machine.load_in_4bit and fits(quantized, min(training.max_seq_len, 512)):
        return tr(
            "메모리가 모자랍니다. model.load_in_4bit 와 model.gradient_checkpointing 을 "
            "true 로 바꾸고 training.max_seq_len 을 512 로 줄이세요."
        )
    return tr("메모리가 모자랍니다. model.base_model 을 더 작은 모델로 바꾸세요.")


def _gb(size: float) -> str:
    return f"{size / _GB:.1f}GB"
