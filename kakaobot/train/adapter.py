"""Puts a LoRA adapter on a base model, ready to be trained. Knows nothing of data or steps."""

from __future__ import annotations

from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from kakaobot.base.loading import LoadedBase
from kakaobot.errors import ConfigError
from kakaobot.settings import LoraSettings


def with_lora(base: LoadedBase, wanted: LoraSettings, *, checkpointing: bool) -> Any:
    """The base model, frozen, with an adapter in fp32.

    Args:
        base: its model is changed in place.
        wanted: shape of the adapter.
        checkpointing: keep less of each layer for the way back, and work it out again there.

    Raises:
        ConfigError: the model has no layers of the wanted names.
    """
    model = base.model
    model.config.use_cache = False
    # Not peft's `prepare_model_for_kbit_training`: it would also turn the head and the embedding
    # of a 4-bit model, its largest parts by now, into fp32.
    model.requires_grad_(False)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    modules = wanted.target_modules
    lora = LoraConfig(
        r=wanted.r,
        lora_alpha=wanted.alpha,
        lora_dropout=wanted.dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
        task_type="CAUSAL_LM",
    )
    try:
        # peft keeps the adapter in fp32 under a half-precision base, as training wants it.
        model = get_peft_model(model, lora)
    except ValueError as error:
        raise ConfigError(
            f"바탕 모델에 lora.target_modules({modules}) 라는 층이 없습니다. "
            "all-linear 로 되돌리세요."
        ) from error
    if base.device.type == "cpu":
        _drop_quickly(model, wanted.dropout)
    return model


class SparseDropout(nn.Module):
    """Dropout that draws the few values to leave out instead of a number for every value.

    On a CPU the drawing is what dropout costs. Some are drawn twice: with `p` = 0.05 it is 4.9 %
    that are left out.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        out = values * (1 / (1 - self.p))
        drawn = torch.randint(values.numel(), (round(values.numel() * self.p),))
        out.view(-1)[drawn] = 0
        return out


def _drop_quickly(model: nn.Module, p: float) -> None:
    if 0 < p <= 0.25:
        for module in model.modules():
            if isinstance(module, LoraLayer):
                for name in module.lora_dropout:
                    module.lora_dropout[name] = SparseDropout(p)
