"""Adds a LoRA adapter to a base model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    get_peft_model,
    get_peft_model_state_dict,
    load_peft_weights,
    set_peft_model_state_dict,
)
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from kakaobot.base.files import is_local
from kakaobot.base.loading import LoadedBase
from kakaobot.errors import ConfigError, RunError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import check_adapter
from kakaobot.settings import LoraSettings

_OTHER_ADAPTER = tr(
    "배운 파일 {name} 은 이 바탕 모델의 것이 아닙니다. '새 학습'(train --new)으로 다시 배우세요."
)
_MAX_SPARSE_DROPOUT = 0.25
"""Above this, too many indices repeat and too few values are dropped."""


def with_lora(base: LoadedBase, lora: LoraSettings, *, checkpointing: bool) -> Any:
    """The frozen base model with a trainable fp32 adapter.

    Args:
        base: its model is changed in place.
        lora: size and target modules of the adapter.
        checkpointing: use gradient checkpointing.

    Raises:
        ConfigError: the model has no such target modules.
    """
    model = base.model
    model.config.use_cache = False
    # Unlike peft's `prepare_model_for_kbit_training` this does not cast the head and embedding of
    # a 4-bit model, its largest layers, to fp32.
    model.requires_grad_(False)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    modules = lora.target_modules
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
        task_type="CAUSAL_LM",
    )
    try:
        # peft keeps the adapter in fp32 on a half-precision base.
        model = get_peft_model(model, config)
    except ValueError as error:
        raise ConfigError(
            tr(
                "바탕 모델에 lora.target_modules({modules}) 라는 층이 없습니다. all-linear 로 "
                "되돌리세요."
            ).format(modules=modules)
        ) from error
    name = str(base.model.name_or_path)
    # No path of this machine in an adapter that may be moved or shared; a hub id stays.
    adapter_config = model.peft_config[model.active_adapter]
    vars(adapter_config)["base_model_name_or_path"] = "" if is_local(name) else name
    if base.device.type == "cpu":
        _use_sparse_dropout(model, lora.dropout)
    return model


def load_weights(model: Any, adapter: Path) -> None:
    """Give a model of `with_lora` the weights of a saved adapter of the same size.

    Raises:
        RunError: it is damaged, or of another size.
    """
    check_adapter(adapter)
    weights = load_peft_weights(str(adapter), device="cpu")
    try:
        result: Any = set_peft_model_state_dict(model, weights)
    except RuntimeError as error:
        raise RunError(_OTHER_ADAPTER.format(name=adapter.name)) from error
    if result.unexpected_keys or len(weights) != len(get_peft_model_state_dict(model)):
        raise RunError(_OTHER_ADAPTER.format(name=adapter.name))


class SparseDropout(nn.Module):
    """Dropout that draws the indices to drop instead of one number per value.

    Random numbers are the main cost of dropout on a CPU. Indices may repeat: `p=0.05` drops 4.9 %.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        out = values * (1 / (1 - self.p))
        dropped = torch.randint(values.numel(), (round(values.numel() * self.p),))
        out.view(-1)[dropped] = 0
        return out


def _use_sparse_dropout(model: nn.Module, p: float) -> None:
    if 0 < p <= _MAX_SPARSE_DROPOUT:
        for module in model.modules():
            if isinstance(module, LoraLayer):
                for name in module.lora_dropout:
                    module.lora_dropout[name] = SparseDropout(p)
