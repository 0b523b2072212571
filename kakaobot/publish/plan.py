"""What publishing a run will write, and how much space that takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kakaobot.atomic_io import read_json_object
from kakaobot.base.files import weight_files
from kakaobot.base.gguf_header import is_complete
from kakaobot.conversion.base_gguf import BaseSource, cached_gguf_file
from kakaobot.conversion.lora_gguf import beyond_lora, lora_blocker
from kakaobot.conversion.quantization import Quant
from kakaobot.language import tr
from kakaobot.publish.target_folder import check_disk, existing_part
from kakaobot.runs.checkpoints import ADAPTER_CONFIG

Kind = Literal["gguf", "ollama", "merged", "vllm"]
KINDS: tuple[Kind, ...] = ("gguf", "ollama", "merged", "vllm")
VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM reserves memory for."""
_DEQUANTIZED = 4
"""Bytes of a merged model for each byte of a `.gguf` file."""
_TOKENIZER_BYTES = 40_000_000
"""At most; of a vocabulary in a GGUF file, or the small files of a model."""

_TEXT_BYTES = 1_000_000
"""README, Modelfile and template."""


@dataclass(frozen=True)
class PublishSource:
    """A run's adapter and its base."""

    base: str
    """Hub id, folder or `.gguf` file."""
    base_folder: Path
    """Where its files are; the file itself, if it is one."""
    adapter: Path
    cache: Path
    """Folder of the GGUF files that all runs share."""

    @property
    def is_file(self) -> bool:
        return self.base_folder.is_file()


@dataclass(frozen=True)
class PublishPlan:
    kind: Kind
    quant: Quant
    target: Path
    merges: bool
    """Whether base and adapter become one model."""
    reason: str
    """Korean: why they are merged though they were to stay apart; empty if not."""
    target_bytes: int
    """Bytes that the folder needs while it is written."""
    cache_bytes: int
    """Bytes that a new GGUF file of the base needs; 0 if there is one, or none is needed."""


def make_plan(source: PublishSource, kind: Kind, quant: Quant, target: Path) -> PublishPlan:
    """Decide what is written.

    Raises:
        NoGguf: neither base nor merged model can be a GGUF file.
        RunError, BaseModelError: files are missing or damaged.
    """
    reason = _merge_reason(source, kind)
    merges = kind == "merged" or bool(reason)
    adapter_bytes = sum(file.stat().st_size for file in source.adapter.iterdir())
    cache_bytes = 0
    if kind in ("merged", "vllm"):
        target_bytes = _merged_bytes(source) if merges else 0
    elif merges:
        # The merged model lies there until it is converted.
        target_bytes = _merged_bytes(source) + _gguf_bytes(source, quant)
    else:
        base_bytes = _gguf_bytes(source, quant)
        file = cached_gguf_file(source.base_folder, quant, source.cache)
        cache_bytes = 0 if file.is_file() and is_complete(file) else base_bytes
        links = _device(source.cache) == _device(target)
        target_bytes = adapter_bytes + (0 if links else base_bytes)
    # A copy is what is read, as a training may replace the adapter meanwhile.
    target_bytes += adapter_bytes + _TEXT_BYTES
    return PublishPlan(kind, quant, target, merges, reason, target_bytes, cache_bytes)


def check_space(source: PublishSource, plan: PublishPlan) -> None:
    """Check the disks that a plan writes to.

    Raises:
        RunError: one of them has not enough space.
    """
    if _device(source.cache) == _device(plan.target):
        check_disk(plan.target, plan.target_bytes + plan.cache_bytes)
    else:
        check_disk(plan.target, plan.target_bytes)
        check_disk(source.cache, plan.cache_bytes)


def vllm_rank(adapter: Path) -> int:
    """What `--max-lora-rank` has to be; 0 if vLLM cannot load the adapter."""
    config = read_json_object(adapter / ADAPTER_CONFIG)
    if any(config.get(key) for key in ("rank_pattern", "alpha_pattern")):
        return 0
    rank = int(config.get("r", 0))
    return next((size for size in VLLM_RANKS if rank <= size), 0)


def _merge_reason(source: PublishSource, kind: Kind) -> str:
    if kind == "merged":
        return ""
    if source.is_file:
        return tr("바탕 모델이 .gguf 파일이라 배운 말투를 합칩니다.")
    if kind != "vllm":
        return lora_blocker(source.adapter, source.base_folder)
    if text := beyond_lora(source.adapter):
        return tr("배운 것에 {text}이(가) 있어 vLLM 이 따로 읽지 못해 합칩니다.").format(text=text)
    if not vllm_rank(source.adapter):
        return tr("배운 것의 크기를 층마다 달리해서 vLLM 이 따로 읽지 못해 합칩니다.")
    return ""


def _gguf_bytes(source: PublishSource, quant: Quant) -> int:
    if source.is_file:
        return _merged_bytes(source)
    return BaseSource(source.base_folder).size(quant) + _TOKENIZER_BYTES


def _merged_bytes(source: PublishSource) -> int:
    if source.is_file:
        return _DEQUANTIZED * source.base_folder.stat().st_size
    # Embeddings that were tied may be two now.
    weights = sum(file.stat().st_size for file in weight_files(source.base_folder))
    return weights + weights // 3 * bool(beyond_lora(source.adapter)) + _TOKENIZER_BYTES


def _device(folder: Path) -> Any:
    return existing_part(folder).stat().st_dev
