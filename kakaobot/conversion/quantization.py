"""The precisions of a GGUF file: which tensor has which type, and its bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from gguf import GGMLQuantizationType, LlamaFileType, quant_shape_to_byte_shape, quants

Quant = Literal["f32", "bf16", "f16", "q8_0", "q4_0"]
QUANTS: tuple[Quant, ...] = ("q8_0", "f16", "q4_0")
"""What a user chooses from; the default first."""
_TYPES: dict[Quant, GGMLQuantizationType] = {
    "f32": GGMLQuantizationType.F32,
    "bf16": GGMLQuantizationType.BF16,
    "f16": GGMLQuantizationType.F16,
    "q8_0": GGMLQuantizationType.Q8_0,
    "q4_0": GGMLQuantizationType.Q4_0,
}
FILE_TYPES: dict[Quant, LlamaFileType] = {
    "f32": LlamaFileType.ALL_F32,
    "bf16": LlamaFileType.MOSTLY_BF16,
    "f16": LlamaFileType.MOSTLY_F16,
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
    "q4_0": LlamaFileType.MOSTLY_Q4_0,
}
_BLOCK = 32
"""Values of a row that share a scale."""
_VOCABULARY = ("token_embd.weight", "output.weight")
"""They suffer most from four bits, and stay in eight."""


def tensor_type(name: str, shape: Sequence[int], quant: Quant) -> GGMLQuantizationType:
    """The type of one tensor: vectors stay exact, and rows that do not fit a block in half."""
    if len(shape) < 2:
        return GGMLQuantizationType.F32
    if quant not in ("q8_0", "q4_0"):
        return _TYPES[quant]
    if shape[-1] % _BLOCK:
        return GGMLQuantizationType.F16
    return _TYPES["q8_0" if name in _VOCABULARY else quant]


def tensor_bytes(shape: Sequence[int], kind: GGMLQuantizationType) -> int:
    if kind == GGMLQuantizationType.F32:
        return 4 * math.prod(shape)
    if kind == GGMLQuantizationType.F16:
        return 2 * math.prod(shape)
    return math.prod(quant_shape_to_byte_shape(shape, kind))


def encode(values: np.ndarray[Any, Any], kind: GGMLQuantizationType) -> np.ndarray[Any, Any]:
    """float32 values as they are stored."""
    if kind == GGMLQuantizationType.F16:
        # What half a float cannot hold would be infinite.
        values = np.clip(values, -65504.0, 65504.0)
    return np.ascontiguousarray(quants.quantize(values, kind))
