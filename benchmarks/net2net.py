"""The starter in a larger shape: as dear as a model of that size, and it can speak.

A base with random weights shows what a step costs, but not how many are needed. Here every layer is
made wider and new layers are added in a way that leaves the function as it was (Net2Net, Chen,
Goodfellow and Shlens 2016): what is new reads at random, and nobody reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NOTE, _LOUD, _SILENCED = 0.02, 2000.0, -20.0
"""Of one of the new places in the residual stream: what every token of the small vocabulary carries
there, the weight of that place in the last norm, and what the other rows of the vocabulary hold
there, by which none of them is ever likely."""


def widen(folder: Path, sizes: Mapping[str, int]) -> Any:
    """The model of a folder with these fields of Qwen3's configuration; as many heads to a key.

    It says what the model of the folder says, but for rounding.

    Args:
        folder: a Qwen3 with tied embeddings.
        sizes: fields of `Qwen3Config`, none smaller than that of the folder's, head_dim the same.

    Returns:
        A `Qwen3ForCausalLM` in fp32.
    """
    import torch
    from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

    small: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = Qwen3Config(**{**small.config.to_dict(), **sizes, "layer_types": None})
    large: Any = Qwen3ForCausalLM(config)
    large.float()
    within, width = small.config.hidden_size, config.hidden_size
    # The mean square over more places is that much smaller.
    wider = math.sqrt(within / width)
    vocabulary = small.config.vocab_size
    with torch.no_grad():
        rows = large.model.embed_tokens.weight.zero_()
        rows[:vocabulary, :within] = small.model.embed_tokens.weight
        rows[:vocabulary, within] = _NOTE
        rows[vocabulary:, within] = _SILENCED
        for number, layer in enumerate(large.model.layers):
            # Nothing new is added to the residual stream.
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
            if number >= len(small.model.layers):
                continue
            old = small.model.layers[number]
            for name, weight in old.named_parameters():
                place = layer.get_parameter(name)
                if weight.dim() == 1:
                    if name.endswith("layernorm.weight"):
                        place.zero_()
                        place[:within] = weight * wider
                    else:
                        place.copy_(weight)
                else:
                    rows_of, columns = weight.shape
                    place[:rows_of, :columns] = weight
        last = large.model.norm.weight.zero_()
        last[:within] = small.model.norm.weight * wider
        last[within] = _LOUD
    return large
