"""The base models that the program knows: what `auto` chooses from, and what else can be named.

The README's table is made from it (`scripts/bases_table.py`). Sizes, languages and licences are
those of the model cards.
"""

from __future__ import annotations

from dataclasses import dataclass

from kakaobot.language import tr

_GIB = 2**30
_BF16, _NF4 = 2.0, 0.6
"""Bytes for each parameter; those of 4 bits with their scales and the layers that stay whole."""

QWEN35_NOTE = tr(
    "리눅스의 NVIDIA GPU 와 전용 커널이 없으면 같은 크기의 Qwen3 보다 몇 배 느리고, 4비트로 배우면 "
    "말이 나빠지기 쉬워 auto 는 고르지 않습니다."
)


@dataclass(frozen=True)
class BaseFacts:
    name: str
    """Hub id."""
    parameters: float
    """In billions; the text part of a model that also sees."""
    expectation: str
    """Korean: what to expect of it after training."""
    languages: int
    """Languages it was trained on, Korean among them."""
    free_vram: int | None = None
    """Bytes of free graphics memory from which `auto` chooses it; None if `auto` never does.

    LoRA on a 4-bit base needs it at 1,024 tokens and a batch of four: weights, logits over 151,936
    tokens, activations, and CUDA itself.
    """
    note: str = ""
    """Korean: why `auto` never chooses it."""
    licence: str = "Apache-2.0"

    @property
    def full_bytes(self) -> int:
        """Of its weights in 16 bits."""
        return int(self.parameters * 1e9 * _BF16)

    @property
    def quantized_bytes(self) -> int:
        """Of its weights in 4 bits."""
        return int(self.parameters * 1e9 * _NF4)


_LIKE = tr("말투와 맥락이 꽤 비슷함")
_NEARLY = tr("말투는 비슷, 맥락은 가끔 어긋남")
_SMALL_TALK = tr("짧은 잡담")

KNOWN_BASES = (
    BaseFacts("Qwen/Qwen3-8B", 8.2, _LIKE, 119, 14 * _GIB),
    BaseFacts("Qwen/Qwen3-4B-Instruct-2507", 4.0, _NEARLY, 119, 8 * _GIB),
    BaseFacts("Qwen/Qwen3-1.7B", 1.7, _SMALL_TALK, 119, 5 * _GIB),
    BaseFacts("Qwen/Qwen3-0.6B", 0.6, tr("짧은 잡담. CPU 에서는 느립니다"), 119, 0),
    BaseFacts("Qwen/Qwen3.5-9B", 9.0, _LIKE, 201, note=QWEN35_NOTE),
    BaseFacts("Qwen/Qwen3.5-4B", 4.0, _NEARLY, 201, note=QWEN35_NOTE),
    BaseFacts("Qwen/Qwen3.5-2B", 2.0, _SMALL_TALK, 201, note=QWEN35_NOTE),
    BaseFacts("Qwen/Qwen3.5-0.8B", 0.8, _SMALL_TALK, 201, note=QWEN35_NOTE),
)
"""Of a family, the largest first."""


def known_base(name: str) -> BaseFacts | None:
    """A known base by its hub id."""
    return next((base for base in KNOWN_BASES if base.name == name), None)


def fitting(free_vram: int) -> BaseFacts:
    """What `auto` chooses for so many bytes of free graphics memory."""
    return next(base for base in AUTO if free_vram >= (base.free_vram or 0))


AUTO = tuple(base for base in KNOWN_BASES if base.free_vram is not None)
"""What `auto` chooses from, largest first; the last one fits everywhere."""
