"""Kernels of recurrent layers (Gated DeltaNet, as in Qwen3.5), which torch alone computes slowly.

transformers prints an English line for each kernel that is not installed; here it is one note.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from typing import Any

from kakaobot.language import tr

_RECURRENT = "linear_attention"
_PACKAGES = {"fla": "flash-linear-attention", "causal_conv1d": "causal-conv1d"}
"""Module → what installs it; both need CUDA on Linux."""
_LOGGER = "transformers.integrations.hub_kernels"
_FALLBACK = "falling back to its reference PyTorch implementation"


def has_recurrent_layers(config: Any) -> bool:
    """Whether a model of this config carries a state from token to token."""
    return _RECURRENT in (getattr(config.get_text_config(), "layer_types", None) or ())


def slow_kernels_note(config: Any, device: str) -> str:
    """Korean: that this model is slow here, and what makes it quick; empty if it is not.

    Args:
        config: of the model.
        device: type of the device that computes, such as `cuda`.
    """
    missing = [name for module, name in _PACKAGES.items() if not _is_installed(module)]
    if not missing or not has_recurrent_layers(config):
        return ""
    _hush()
    if device == "cuda" and sys.platform == "linux":
        return tr(
            "이 바탕 모델은 지금 설치된 것만으로는 몇 배 느립니다. 프로그램을 끄고 '.venv/bin/pip "
            "install {packages}' 를 한 뒤 다시 시작하세요."
        ).format(packages=" ".join(missing))
    return tr(
        "이 바탕 모델은 리눅스의 NVIDIA GPU 가 아니면 같은 크기의 Qwen3 보다 몇 배 느립니다. 오래 "
        "걸리면 '바탕 모델'을 Qwen3 로 바꾸세요."
    )


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _hush() -> None:
    """Drop the lines of transformers that the note stands for."""
    logger = logging.getLogger(_LOGGER)
    if _is_other not in logger.filters:
        logger.addFilter(_is_other)


def _is_other(record: logging.LogRecord) -> bool:
    return _FALLBACK not in record.getMessage()
