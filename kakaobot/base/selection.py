"""Chooses the base model for this machine by its hardware and the hub. Imports no torch."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kakaobot.base.hub import hub_reachable, is_cached
from kakaobot.base.known_bases import AUTO, fitting, known_base
from kakaobot.errors import BaseModelError
from kakaobot.file_names import user_path
from kakaobot.language import deferred, tr
from kakaobot.setting_types import is_hub_name
from kakaobot.starter import FOLDER as STARTER_FOLDER

STARTER = "starter"
_GIB = 2**30
_OLDEST_DRIVER = {"13": 580, "12": 525}
"""Oldest driver per major CUDA version, from NVIDIA's compatibility table."""
_NO_DRIVER = 10**6


AUTO_BASES = tuple(base.name for base in AUTO)
"""What `auto` chooses from, largest first."""


@dataclass(frozen=True)
class Hardware:
    gpu: str = ""
    """Name of the NVIDIA GPU with the most free memory; empty if there is none."""
    free_vram: int = 0
    """Bytes."""
    index: str = ""
    """Its index in `nvidia-smi`, by PCI bus."""
    idle: str = ""
    """Name of a GPU that the installed PyTorch cannot use."""
    gpu_count: int = field(default=0, compare=False)
    """Number of usable NVIDIA GPUs."""


@dataclass(frozen=True)
class BaseModelChoice:
    name: str
    """`starter`, a Hugging Face id, a folder, or a `.gguf` file; see `location_of`."""
    label: str
    """Shown to the user."""
    reason: str
    """Korean: why it was chosen."""
    practice: bool = False
    """Whether it is only for practice."""


def detect_hardware() -> Hardware:
    """The GPUs that `nvidia-smi` lists and the installed PyTorch can use."""
    program = shutil.which("nvidia-smi")
    if not program:
        return Hardware()
    query = "--query-gpu=index,memory.free,driver_version,name"
    try:
        output = subprocess.run(
            [program, query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return Hardware()
    return parse_hardware(output, torch_cuda())


def one_gpu(
    environ: Mapping[str, str] = os.environ, hardware: Callable[[], Hardware] = detect_hardware
) -> dict[str, str]:
    """Environment that shows a worker only the GPU with the most free memory.

    With several, the Trainer would use `DataParallel`, which is slower for a small adapter. A
    selection in `environ` takes precedence.
    """
    index = hardware().index
    if "CUDA_VISIBLE_DEVICES" in environ or not index:
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": index}


def parse_hardware(output: str, cuda: str) -> Hardware:
    """The GPU with the most free memory.

    Args:
        output: `nvidia-smi`'s lines of `index, free MiB, driver, name`.
        cuda: CUDA version that PyTorch was built for, such as `13.0`; empty for a CPU build.
    """
    gpus = []
    for line in output.splitlines():
        index, free, driver, name = (*(part.strip() for part in line.split(",", 3)), *[""] * 3)[:4]
        if index.isdigit() and free.isdigit():
            if _driver_number(driver) < _OLDEST_DRIVER.get(cuda.split(".")[0], _NO_DRIVER):
                return Hardware(idle=name)
            gpus.append(Hardware(name, int(free) * 2**20, index))
    best = max(gpus, key=lambda gpu: gpu.free_vram, default=Hardware())
    return replace(best, gpu_count=len(gpus))


def torch_cuda() -> str:
    """The CUDA version the installed PyTorch was built for, read without importing it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return ""
    text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    match = re.search(r"^cuda\b[^=\n]*= *['\"]([\d.]+)['\"]", text, re.MULTILINE)
    return match[1] if match else ""


def choose(
    requested: str,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    cached: Callable[[str], bool] = is_cached,
    reachable: Callable[[], bool] = hub_reachable,
) -> BaseModelChoice:
    """Resolve `model.base_model`.

    Raises:
        BaseModelError: a missing folder or file is named.
    """
    if requested == STARTER:
        return _starter(tr("설정에서 starter 를 골랐습니다."))
    if requested != "auto":
        return _named(requested)
    name, reason = _suited_to(hardware())
    if cached(name) or reachable():
        return BaseModelChoice(name, name, reason)
    return _starter(
        tr(
            "{reason} 하지만 {name} 을 내려받을 수 없어(인터넷 연결 없음) 연습용 모델을 씁니다."
        ).format(reason=reason, name=name)
    )


def location_of(name: str) -> str:
    """What `from_pretrained` loads for a chosen base; the starter moves with the program."""
    return str(STARTER_FOLDER) if name == STARTER else name


def next_smaller(name: str) -> str:
    """The model below `name` among those `auto` chooses from; the smallest for any other name."""
    index = AUTO_BASES.index(name) if name in AUTO_BASES else len(AUTO_BASES)
    return AUTO_BASES[min(index + 1, len(AUTO_BASES) - 1)]


def _driver_number(driver: str) -> int:
    """`581.42` → 581; 0 if it is not a number."""
    major = driver.split(".")[0]
    return int(major) if major.isdigit() else 0


def _suited_to(hardware: Hardware) -> tuple[str, str]:
    """A model's name and the reason for it."""
    name, free = fitting(hardware.free_vram).name, hardware.free_vram / _GIB
    if name != AUTO_BASES[-1]:
        return name, tr("{gpu} 에 남은 그래픽 메모리 {free:.1f}GB 에 맞춰 골랐습니다.").format(
            gpu=hardware.gpu, free=free
        )
    if hardware.gpu:
        return (
            name,
            tr("{gpu} 에 남은 그래픽 메모리가 {free:.1f}GB 라 작은 모델을 골랐습니다.").format(
                gpu=hardware.gpu, free=free
            ),
        )
    if hardware.idle:
        return name, (
            tr(
                "{idle} 가 있지만 그래픽 드라이버나 설치된 PyTorch 가 맞지 않아 CPU 로 "
                "배웁니다. 드라이버를 새로 설치하고 .venv 폴더를 지운 뒤 다시 시작해 보세요."
            ).format(idle=hardware.idle)
        )
    return name, tr("NVIDIA GPU 가 없어 CPU 로 배울 수 있는 작은 모델을 골랐습니다.")


def _named(name: str) -> BaseModelChoice:
    path = user_path(name)
    if path.exists():
        if path.is_dir() and not (path / "config.json").exists():
            raise BaseModelError(
                tr(
                    "폴더 {name} 에 config.json 이 없습니다. 모델이 든 폴더를 model.base_model 에 "
                    "적어 주세요."
                ).format(name=name)
            )
        return BaseModelChoice(str(path.resolve()), path.name, tr("설정에 적힌 모델입니다."))
    if not is_hub_name(name):
        raise BaseModelError(
            tr(
                "바탕 모델 '{name}' 을 찾을 수 없습니다. model.base_model 에 auto, starter, "
                "Hugging Face 이름(예: Qwen/Qwen3-0.6B)이나 있는 폴더를 적어 주세요."
            ).format(name=name)
        )
    known = known_base(name)
    reasons = tr("설정에 적힌 모델입니다."), known.note if known else ""
    return BaseModelChoice(name, name, " ".join(filter(None, reasons)))


def _starter(reason: str) -> BaseModelChoice:
    return BaseModelChoice(STARTER, deferred("연습용 모델(starter)"), reason, practice=True)
