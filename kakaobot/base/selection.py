"""Which base model suits this machine. Looks at hardware and caches; imports no torch."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kakaobot.errors import BaseModelError
from kakaobot.starter import FOLDER as STARTER_FOLDER

STARTER = "starter"
_GIB = 2**30

# Free VRAM that LoRA on a 4-bit base of this size needs at 1,024 tokens and a batch of four:
# weights at about 0.6 bytes a parameter, logits over 151,936 words, activations, CUDA itself.
_BY_VRAM = (
    (14 * _GIB, "Qwen/Qwen3-8B"),
    (8 * _GIB, "Qwen/Qwen3-4B-Instruct-2507"),
    (5 * _GIB, "Qwen/Qwen3-1.7B"),
)
_ON_CPU = "Qwen/Qwen3-0.6B"
_ASKED = "index,memory.free,driver_version,name"
# NVIDIA's CUDA compatibility table: 13.x needs driver 580, 12.x runs from 525 on.
_OLDEST_DRIVER = {"13": 580, "12": 525}
_NO_DRIVER = 10**6


@dataclass(frozen=True)
class Hardware:
    gpu: str = ""
    """Name of the NVIDIA GPU with most free memory; empty where there is none."""
    free_vram: int = 0
    """Bytes."""
    index: str = ""
    """Its number as `nvidia-smi` counts, by the place on the bus."""
    idle: str = ""
    """Name of a GPU that is there but that the installed PyTorch cannot use."""
    cards: int = field(default=0, compare=False)
    """How many NVIDIA GPUs there are, if they can be used."""


@dataclass(frozen=True)
class BaseModelChoice:
    name: str
    """`starter`, a Hugging Face id, a folder, or a `.gguf` file; see `located`."""
    label: str
    """What the user is shown."""
    reason: str
    """Korean: why this one."""
    practice: bool = False
    """Whether it is only for practice."""


def detect_hardware() -> Hardware:
    """Ask `nvidia-smi` for a GPU, and the installed PyTorch whether it can use one."""
    program = shutil.which("nvidia-smi")
    if not program:
        return Hardware()
    try:
        said = subprocess.run(
            [
                program,
                "--query-gpu=index,memory.free,driver_version,name",
                "--format=csv,noheader,nounits",
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return Hardware()
    return parse_hardware(said, torch_cuda())


def _driver_number(driver: str) -> int:
    """`581.42` → 581; 0 where it is not a number."""
    major = driver.split(".")[0]
    return int(major) if major.isdigit() else 0


def one_gpu(
    environ: Mapping[str, str] = os.environ, hardware: Callable[[], Hardware] = detect_hardware
) -> dict[str, str]:
    """Environment variables by which a worker sees one GPU, the one with most free memory.

    With several the Trainer would spread every batch over all of them (`DataParallel`), which is
    slower for one small adapter. What the user has set stands.
    """
    index = hardware().index
    if "CUDA_VISIBLE_DEVICES" in environ or not index:
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": index}


def parse_hardware(said: str, cuda: str) -> Hardware:
    """`nvidia-smi`'s lines of `index, free MiB, driver, name` → the GPU with most free memory.

    Args:
        said: what it printed.
        cuda: the CUDA version PyTorch was built for, such as `13.0`; empty for a CPU build.
    """
    cards = []
    for line in said.splitlines():
        index, free, driver, name = (*(part.strip() for part in line.split(",", 3)), *[""] * 3)[:4]
        if index.isdigit() and free.isdigit():
            if _driver_number(driver) < _OLDEST_DRIVER.get(cuda.split(".")[0], _NO_DRIVER):
                return Hardware(idle=name)
            cards.append(Hardware(name, int(free) * 2**20, index))
    best = max(cards, key=lambda card: card.free_vram, default=Hardware())
    return replace(best, cards=len(cards))


def torch_cuda() -> str:
    """The CUDA version the installed PyTorch was built for, read without loading it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return ""
    text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    found = re.search(r"^cuda\b[^=\n]*= *['\"]([\d.]+)['\"]", text, re.MULTILINE)
    return found[1] if found else ""


def choose(
    wanted: str,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    cached: Callable[[str], bool] = lambda name: is_cached(name),
    reachable: Callable[[], bool] = lambda: hub_reachable(),
) -> BaseModelChoice:
    """Resolve `model.base_model`.

    Raises:
        BaseModelError: a folder or file is named that is not there.
    """
    if wanted == STARTER:
        return _starter("설정에서 starter 를 골랐습니다.")
    if wanted != "auto":
        return _named(wanted)
    card = hardware()
    name, why = _for(card)
    if cached(name) or reachable():
        return BaseModelChoice(name, name, why)
    return _starter(
        f"{why} 하지만 {name} 을 내려받을 수 없어(인터넷 연결 없음) 연습용 모델을 씁니다."
    )


def is_cached(name: str) -> bool:
    """Whether the hub's cache on this disk holds the model's settings and some weights."""
    from huggingface_hub import try_to_load_from_cache

    weights = ("model.safetensors", "model.safetensors.index.json")
    found = [try_to_load_from_cache(name, file) for file in ("config.json", *weights)]
    return isinstance(found[0], str) and any(isinstance(file, str) for file in found[1:])


def hub_reachable(timeout: float = 3.0) -> bool:
    """Whether the model hub answers. Sends nothing but the request itself."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return False
    address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=timeout):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False


def _for(card: Hardware) -> tuple[str, str]:
    free = card.free_vram / _GIB
    for needed, name in _BY_VRAM:
        if card.free_vram >= needed:
            return name, f"{card.gpu} 에 남은 그래픽 메모리 {free:.1f}GB 에 맞춰 골랐습니다."
    if card.gpu:
        return (
            _ON_CPU,
            f"{card.gpu} 에 남은 그래픽 메모리가 {free:.1f}GB 라 작은 모델을 골랐습니다.",
        )
    if card.idle:
        return _ON_CPU, (
            f"{card.idle} 가 있지만 그래픽 드라이버나 설치된 PyTorch 가 맞지 않아 CPU 로 배웁니다. "
            "드라이버를 새로 설치하고 .venv 폴더를 지운 뒤 다시 시작해 보세요."
        )
    return _ON_CPU, "NVIDIA GPU 가 없어 CPU 로 배울 수 있는 작은 모델을 골랐습니다."


def _named(wanted: str) -> BaseModelChoice:
    path = Path(wanted).expanduser()
    looks_local = path.is_absolute() or wanted.startswith((".", "~")) or wanted.count("/") != 1
    if path.exists():
        if path.is_dir() and not (path / "config.json").exists():
            raise BaseModelError(
                f"폴더 {wanted} 에 config.json 이 없습니다. "
                "모델이 든 폴더를 model.base_model 에 적어 주세요."
            )
        return BaseModelChoice(str(path.resolve()), path.name, "설정에 적힌 모델입니다.")
    if looks_local or wanted.endswith(".gguf"):
        raise BaseModelError(
            f"바탕 모델 '{wanted}' 을 찾을 수 없습니다. model.base_model 에 auto, starter, "
            "Hugging Face 이름(예: Qwen/Qwen3-0.6B)이나 있는 폴더를 적어 주세요."
        )
    return BaseModelChoice(wanted, wanted, "설정에 적힌 모델입니다.")


def located(name: str) -> str:
    """Where a chosen base is loaded from; the starter moves with the program."""
    return str(STARTER_FOLDER) if name == STARTER else name


def _starter(reason: str) -> BaseModelChoice:
    return BaseModelChoice(STARTER, "연습용 모델(starter)", reason, practice=True)
