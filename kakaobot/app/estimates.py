"""What a training will take in memory and time, told before it is started. Loads no torch."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from kakaobot.app.base_models import BaseModels
from kakaobot.base import resolve
from kakaobot.base.selection import Hardware, detect_hardware, located
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.build_report import BuildReport, read_report
from kakaobot.errors import RunError
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import Progress, no_progress
from kakaobot.settings import Settings
from kakaobot.train.cost_model import (
    QWEN3,
    DatasetSize,
    Machine,
    MemoryEstimate,
    ModelDimensions,
    estimate_memory,
    equivalent_tokens,
    flops_per_token,
)
from kakaobot.train.launch_command import is_shared
from kakaobot.train.plan import batch_of
from kakaobot.train.probe import Speed, Task, measured

_GB = 2**30
_REACHED = 0.5
"""Share of the speed of a large matrix product that a training reaches; measured with 103 million
parameters on two cores."""
_TRIED = 0.9
"""Share of the speed of the steps that were tried which a training reaches with all that is around
them; measured with 103 and 596 million parameters on two cores (`benchmarks/training.py`)."""
_AGAIN = 0.75
"""Speed that is left where layers are worked out again: four passes instead of three."""
_STEPS = 5
"""After which a run's own speed is believed."""
_FILLED = 0.9
"""Share of the free memory that a training may fill."""
_FRESH_SECONDS = 60.0
"""Free memory and earlier runs are looked at again after this."""


@dataclass(frozen=True)
class Estimate:
    """What is known of a training before its start. `memory` and `seconds` may be unknown."""

    sentences: tuple[str, ...]
    """Korean, to be shown one a line: memory and time, then what to change where it is tight."""
    memory: MemoryEstimate | None = None
    """Bytes by part, of the process on a CPU and of the card on a GPU."""
    free: int = 0
    """Bytes that are free now on the same device."""
    seconds: float | None = None
    enough: bool = True
    """False where the memory is clearly too little."""
    base: str = ""
    """The base model that is meant, as a person calls it."""


class Estimates:
    """Estimates of one home, kept while data and settings stay. May be asked by several threads."""

    def __init__(
        self,
        home: Home,
        bases: BaseModels | None = None,
        *,
        work: Callable[[Home, BaseModels], Estimate] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Work nothing out yet.

        Args:
            home: whose trainings are meant.
            bases: what `auto` means.
            work: gives an estimate, as `estimate` does.
            clock: gives seconds.
        """
        self._home, self._bases = home, bases or BaseModels()
        self._work, self._clock = work or estimate, clock
        self._lock = threading.Lock()
        self._kept: tuple[object, float, Estimate] | None = None

    def known(self) -> Estimate | None:
        """What was worked out for the data and settings of now, if anything was; at once."""
        kept, about = self._kept, self._about()
        return kept[2] if kept and about and kept[0] == about else None

    def look(self, progress: Progress = no_progress) -> Estimate | None:
        """The same, worked out where it must be, which takes some seconds; None without data.

        Raises:
            ConfigError, BaseModelError: as `estimate`.
        """
        about = self._about()
        if about is None:
            return None
        with self._lock:
            kept, now = self._kept, self._clock()
            if kept and kept[0] == about and now - kept[1] < _FRESH_SECONDS:
                return kept[2]
            progress(0.3, "이 컴퓨터에서 메모리와 시간이 얼마나 들지 어림하는 중")
            found = self._work(self._home, self._bases)
            self._kept = (about, self._clock(), found)
            return found

    def _about(self) -> object:
        """What an estimate is of: data and settings; None without data."""
        settings = self._home.settings()
        report = read_report(
            artifacts.read_json(self._home.folder(settings.paths.sft), artifacts.STATS), []
        )
        return (report.fingerprint, settings) if report else None


def estimate(
    home: Home,
    bases: BaseModels | None = None,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    free: Callable[[], int] = lambda: int(psutil.virtual_memory().available),
    speed: Callable[[Task | None], Speed | None] = measured,
) -> Estimate:
    """Of the training that `start` would begin now. The first call takes some seconds.

    Args:
        home: whose settings, data and earlier runs are looked at.
        bases: what `auto` means.
        hardware: tells of a graphics card.
        free: gives the bytes of free memory.
        speed: gives what this computer computes in a second; of a task also how fast it is learnt.

    Raises:
        ConfigError, BaseModelError, RunError: the settings, the base they name or their file of
            accelerate cannot be used.
    """
    settings = home.settings()
    folder = home.folder(settings.paths.sft)
    report = read_report(artifacts.read_json(folder, artifacts.STATS), [])
    if report is None:
        return Estimate(("데이터를 준비하면 메모리와 시간을 어림해 드립니다.",))
    choice = (bases or BaseModels()).select(home)
    shape = QWEN3.get(choice.name) or _shape(located(choice.name))
    if shape is None:
        return Estimate(
            (f"{choice.label} 은 구조를 몰라 메모리와 시간을 어림할 수 없습니다.",),
            base=choice.label,
        )
    if is_shared(settings.training, home.root):
        return Estimate(
            ("모델을 여러 카드가 나눠 드는 학습(FSDP)은 메모리와 시간을 어림하지 않습니다.",),
            base=choice.label,
        )
    amount = dataset_size_of(report)
    earlier = _earlier(home, settings, choice.name)
    task = Task.of(
        shape, settings.lora, settings.model, amount, min(report.longest, report.max_seq_len)
    )
    card, able = hardware(), speed(None if earlier else task)
    machine = _machine(settings, shape, card, able)
    needed = estimate_memory(shape, machine, settings.lora, settings.training, amount)
    left = card.free_vram if machine.device == "cuda" else free()
    work = equivalent_tokens(shape, settings.lora, settings.training, amount)
    rate = earlier or _expected(shape, machine, settings, amount, able)
    seconds = work / rate if rate else None
    enough = needed.total <= left * _FILLED
    sentences = [_told(needed, left, seconds, machine)]
    if not enough:
        sentences.append(_advice(settings, shape, machine, amount, int(left * _FILLED)))
    return Estimate(tuple(sentences), needed, left, seconds, enough, choice.label)


def dataset_size_of(report: BuildReport) -> DatasetSize:
    """What the last build left to learn."""
    share = report.target_tokens / max(1, report.tokens)
    # Builds of earlier versions do not say how long their validation rows are.
    val = report.val_tokens or report.tokens * report.val_rows / max(1, report.train_rows)
    return DatasetSize(
        rows=report.train_rows,
        tokens=report.tokens,
        target_tokens=report.target_tokens,
        longest=report.longest,
        val_tokens=int(val),
        val_target_tokens=int(val * share),
    )


def _shape(name: str) -> ModelDimensions | None:
    """Of a folder, or of a model whose config.json is in the hub's cache; nothing is fetched."""
    file = Path(name) / "config.json"
    if not file.exists():
        if Path(name).exists() or name.count("/") != 1:
            return None
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(name, "config.json")
        if not isinstance(cached, str):
            return None
        file = Path(cached)
    try:
        return ModelDimensions.of(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError):
        return None


def _machine(
    settings: Settings, shape: ModelDimensions, card: Hardware, able: Speed | None
) -> Machine:
    model, parameters = settings.model, shape.parameters
    # Both half precisions of a GPU take the same memory.
    device = resolve.Device("cuda" if card.gpu else "cpu", native_bf16=bool(able and able.half))
    return Machine(
        device=device.kind,
        half=resolve.dtype(model.dtype, device, parameters) != "float32",
        four_bits=resolve.load_in_4bit(model.load_in_4bit, device),
        checkpointing=resolve.gradient_checkpointing(
            model.gradient_checkpointing, device, parameters
        ),
    )


def _earlier(home: Home, settings: Settings, base: str) -> float | None:
    """Tokens a second of the newest run of the same base; what it measured is better than a probe.

    Of a run on another device it would be wrong, but a device does not change often.
    """
    for run in Runs(home.folder(settings.paths.runs)).all():
        said = run.said()
        if said.tokens_per_second and said.step >= _STEPS and _base_of(run) == base:
            return said.tokens_per_second
    return None


def _base_of(run: Run) -> str:
    try:
        return str(run.config()["base"]["name"])
    except (RunError, KeyError, TypeError):
        return ""


def _expected(
    shape: ModelDimensions,
    machine: Machine,
    settings: Settings,
    amount: DatasetSize,
    able: Speed | None,
) -> float | None:
    """Tokens a second, from steps that were tried, or from what is multiplied in a second."""
    if able is None:
        return None
    # Each process has a card of its own, and a row of the batch is computed by one of them.
    rows = batch_of(settings.training, amount.rows)
    cards = min(settings.training.num_processes, rows) if machine.device == "cuda" else 1
    if able.tokens_per_second:
        again = _AGAIN if machine.checkpointing else 1
        return cards * again * _TRIED * able.tokens_per_second
    fast = able.per_second if machine.half else able.single_per_second
    return cards * _REACHED * fast / flops_per_token(shape, settings.lora, amount)


def _told(needed: MemoryEstimate, left: int, seconds: float | None, machine: Machine) -> str:
    name = "그래픽 메모리" if machine.device == "cuda" else "메모리"
    where = "그래픽 카드에" if machine.device == "cuda" else "이 컴퓨터에"
    said = f"{name} 약 {_gb(needed.total)} ({where} 남은 것 {_gb(left)})"
    return f"{said}, 시간 약 {_time(seconds)}" if seconds else f"{said}, 시간은 아직 모릅니다"


def _advice(
    settings: Settings, shape: ModelDimensions, machine: Machine, amount: DatasetSize, room: int
) -> str:
    """Which setting to lower first: the one that makes it fit, tried from the mildest on."""
    training = settings.training

    def fits(machine: Machine, length: int) -> bool:
        short = training.model_copy(update={"max_seq_len": length})
        return estimate_memory(shape, machine, settings.lora, short, amount).total <= room

    for length in (768, 512, 256, 128):
        if length < min(training.max_seq_len, amount.longest) and fits(machine, length):
            return (
                f"메모리가 모자랍니다. training.max_seq_len 을 {length} 로 줄이고 "
                "'데이터 준비'를 다시 하세요."
            )
    saving = Machine(machine.device, machine.half, machine.four_bits, checkpointing=True)
    if not machine.checkpointing and fits(saving, training.max_seq_len):
        return "메모리가 모자랍니다. model.gradient_checkpointing 을 true 로 바꾸세요."
    packed = Machine(machine.device, machine.half, four_bits=True, checkpointing=True)
    if not machine.four_bits and fits(packed, min(training.max_seq_len, 512)):
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
