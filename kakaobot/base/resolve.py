"""Resolves every `auto` setting for a device. Pure functions; imports no torch.

Loading, training and the forecast share these rules, so that they cannot disagree. `selection`
resolves `model.base_model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kakaobot.setting_types import Switch

Precision = Literal["bfloat16", "float16", "float32"]

DEFAULT_CONTEXT = 131_072
"""Context of a model whose config does not state one, in tokens."""
LOGITS_PER_CHUNK = 12_000_000
"""Logits held at once. More is hardly faster on a CPU, fewer is slower."""
CHUNK_MULTIPLE = 16
"""Chunks have a multiple of this many rows: CPU kernels are prepared anew for unseen shapes."""

_HALF_FROM = 30_000_000
"""Parameters below which half precision saves nothing worth its rounding on a CPU. With native
bf16, steps of models with 103 and 600 million parameters take half the time of fp32."""
_CHECKPOINT_ABOVE = 1_000_000_000
"""Parameters above which a GPU trains with gradient checkpointing."""


@dataclass(frozen=True)
class Device:
    """Hardware facts that the settings are resolved against."""

    kind: str
    """`cpu`, `cuda` or `mps`."""
    native_bf16: bool = False
    """Whether bf16 is computed in hardware; emulated on a CPU, it is slower than fp32."""

    @property
    def half(self) -> Precision | None:
        """The half precision that is faster than fp32 here, if any."""
        if self.native_bf16:
            return "bfloat16"
        return "float16" if self.kind == "cuda" else None


def dtype(requested: str, device: Device, parameters: int) -> str:
    """`model.dtype`: what weights are loaded and computed in."""
    if requested != "auto":
        return requested
    if device.kind == "cpu" and parameters < _HALF_FROM:
        return "float32"
    return device.half or "float32"


def load_in_4bit(requested: Switch, device: Device) -> bool:
    """`model.load_in_4bit`."""
    return device.kind == "cuda" if requested == "auto" else bool(requested)


def gradient_checkpointing(requested: Switch, device: Device, parameters: int) -> bool:
    """`model.gradient_checkpointing`."""
    if requested == "auto":
        return device.kind == "cuda" and parameters > _CHECKPOINT_ABOVE
    return bool(requested)


def attn_implementation(requested: str) -> str | None:
    """`model.attn_implementation`; None leaves the choice to transformers."""
    return None if requested == "auto" else requested


def context(max_position_embeddings: int | None) -> int:
    """Tokens a model can read at once, from its config."""
    return int(max_position_embeddings or DEFAULT_CONTEXT)


def max_seq_len(requested: int, context: int) -> int:
    """`training.max_seq_len`, bounded by what the model can read."""
    return min(requested, context)


def logits_chunk(vocabulary: int) -> int:
    """Tokens whose logits are computed together in the fused loss."""
    rows = LOGITS_PER_CHUNK // vocabulary // CHUNK_MULTIPLE * CHUNK_MULTIPLE
    return max(CHUNK_MULTIPLE, rows)
