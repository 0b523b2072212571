"""The weights of a base model's folder, one tensor at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kakaobot.base.files import weight_files
from kakaobot.errors import BaseModelError
from kakaobot.language import tr

_TEXT_PART = re.compile(r"^(?:model\.)?language_model\.(?:model\.)?")
"""In front of the names of a checkpoint that can also see."""
_OTHER_PARTS = ("vision_tower.", "multi_modal_projector.", "visual.", "audio_tower.")
HEAD = "lm_head.weight"


class BaseWeights:
    """Shapes of all tensors, and the values of one at a time."""

    def __init__(self, folder: Path) -> None:
        """Read the headers.

        Raises:
            BaseModelError: there are no weights in the folder.
        """
        self._sources: dict[str, tuple[Any, str]] = {}
        for source in map(_open, weight_files(folder)):
            for name in source.keys():  # noqa: SIM118 -- not a mapping
                if text_name(name):
                    self._sources[text_name(name)] = source, name
        if not self._sources:
            raise BaseModelError(
                tr("{name} 에서 모델의 가중치를 찾지 못했습니다. 모델을 다시 내려받으세요.").format(
                    name=folder.name
                )
            )

    def names(self) -> Iterator[str]:
        """As in a model of text alone: `model.layers.0.…`, `lm_head.weight`."""
        yield from self._sources

    def shape(self, name: str) -> tuple[int, ...]:
        source, own_name = self._sources[name]
        return tuple(source.get_slice(own_name).get_shape())

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """The values in float32."""
        source, own_name = self._sources[name]
        values: np.ndarray[Any, Any] = source.get_tensor(own_name).float().numpy()
        return values


class _TorchFile:
    """A `pytorch_model.bin`, mapped into memory, with the methods of `safe_open`."""

    def __init__(self, file: Path) -> None:
        import torch

        self._tensors: Mapping[str, Any] = torch.load(file, mmap=True, weights_only=True)

    def keys(self) -> list[str]:
        return list(self._tensors)

    def get_slice(self, name: str) -> _Shape:
        return _Shape(tuple(self._tensors[name].shape))

    def get_tensor(self, name: str) -> Any:
        return self._tensors[name]


class _Shape:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def get_shape(self) -> tuple[int, ...]:
        return self._shape


def _open(file: Path) -> Any:
    from safetensors import safe_open

    if file.suffix == ".safetensors":
        return safe_open(file, framework="pt")
    return _TorchFile(file)


def text_name(name: str) -> str:
    """The name of a tensor in a model of text alone; empty if it has no such part."""
    if name.removeprefix("model.").startswith(_OTHER_PARTS):
        return ""
    if name.endswith(HEAD):
        return HEAD
    name = _TEXT_PART.sub("model.", name)
    # Saved without a head.
    return name if name.startswith("model.") else f"model.{name}"
