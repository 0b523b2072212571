"""Widens the starter: the cost of a larger model with the starter's outputs.

Random weights show what a step costs, but not how many steps are needed. Widening and deepening
preserve the function (Net2Net, Chen, Goodfellow and Shlens 2016): new units have random inputs, and
nothing reads their outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OLD_TOKEN, _NORM_WEIGHT, _NEW_TOKEN = 0.02, 2000.0, -20.0
"""One new residual dimension suppresses the new vocabulary rows: the embedding there of the small
model's tokens, the weight in the final norm, and the embedding of all other tokens."""


def widen(folder: Path, sizes: Mapping[str, int]) -> Any:
    """Widen and deepen a model; its outputs stay the same up to rounding.

    Args:
        folder: a Qwen3 with tied embeddings.
        sizes: fields of `Qwen3Config`, none smaller than in `folder`; head_dim and the number of
            query heads per key head stay.

    Returns:
        A `Qwen3ForCausalLM` in fp32.
    """
    import torch
    from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

    small: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, trust_remote_code=False
    )
    config = Qwen3Config(**{**small.config.to_dict(), **sizes, "layer_types": None})
    large: Any = Qwen3ForCausalLM(config)
    large.float()
    old_width, width = small.config.hidden_size, config.hidden_size
    # RMSNorm averages over more dimensions.
    norm_scale = math.sqrt(old_width / width)
    vocabulary = small.config.vocab_size
    with torch.no_grad():
        embeddings = large.model.embed_tokens.weight.zero_()
        embeddings[:vocabulary, :old_width] = small.model.embed_tokens.weight
        embeddings[:vocabulary, old_width] = _OLD_TOKEN
        embeddings[vocabulary:, old_width] = _NEW_TOKEN
        for number, layer in enumerate(large.model.layers):
            # New units add nothing to the residual stream.
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
            if number >= len(small.model.layers):
                continue
            old = small.model.layers[number]
            for name, weight in old.named_parameters():
                parameter = layer.get_parameter(name)
                if weight.dim() == 1:
                    if name.endswith("layernorm.weight"):
                        parameter.zero_()
                        parameter[:old_width] = weight * norm_scale
                    else:
                        parameter.copy_(weight)
                else:
                    rows, columns = weight.shape
                    parameter[:rows, :columns] = weight
        final_norm = large.model.norm.weight.zero_()
        final_norm[:old_width] = small.model.norm.weight * norm_scale
        final_norm[old_width] = _NORM_WEIGHT
    return large
