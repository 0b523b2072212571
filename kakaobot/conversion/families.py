"""What llama.cpp is told of each family of models, and how its tensors differ.

The rules are those by which llama.cpp builds the graph of an architecture; a config that it would
not follow is refused.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from gguf import (
    MODEL_ARCH,
    MODEL_ARCH_NAMES,
    GGUFWriter,
    RopeScalingType,
    TensorNameMap,
    get_tensor_name_map,
)

from kakaobot.errors import BaseModelError
from kakaobot.language import tr

ROPE_FACTORS = "rope_freqs.weight"
_GEMMA_PATTERN = 6
"""Every sixth layer of Gemma 3 sees everything."""
_GEMMA_27B_LAYERS = 62
"""By which llama.cpp knows the size with another scale of attention."""
_SLIDING_THETA = 10000.0
"""What llama.cpp assumes for layers with a window."""


class NoGguf(BaseModelError):
    """The base cannot become a GGUF file."""


@dataclass(frozen=True)
class Family:
    """One architecture of llama.cpp."""

    arch: MODEL_ARCH
    activation: str
    rotates_pairs: bool = False
    """Whether neighbouring rows of queries and keys are rotated, not those half a head apart."""
    norm_offset: float = 0.0
    """Added to the weights of norms."""

    @property
    def arch_name(self) -> str:
        return MODEL_ARCH_NAMES[self.arch]

    def tensor_name(self, name: str, layers: int) -> str:
        """The name in a GGUF file; empty for a tensor that the architecture does not have."""
        return _names(self.arch, layers).get_name(name, try_suffixes=(".weight", ".bias")) or ""

    def convert(self, name: str, values: np.ndarray[Any, Any], config: Any) -> Any:
        """The values of a tensor as llama.cpp expects them."""
        if self.norm_offset and name.endswith("norm.weight"):
            return values + np.float32(self.norm_offset)
        return self.rotated(name, values, config)

    def rotated(self, name: str, values: np.ndarray[Any, Any], config: Any) -> Any:
        """The rows of queries and keys in the order in which llama.cpp rotates them."""
        heads = {
            "q_proj": config.num_attention_heads,
            "k_proj": config.num_key_value_heads,
        }.get(name.split(".")[-2] if "." in name else "")
        if not self.rotates_pairs or heads is None:
            return values
        halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
        return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))


_FAMILIES = {
    "qwen2": Family(MODEL_ARCH.QWEN2, "silu"),
    "qwen3": Family(MODEL_ARCH.QWEN3, "silu"),
    "llama": Family(MODEL_ARCH.LLAMA, "silu", rotates_pairs=True),
    "gemma3_text": Family(MODEL_ARCH.GEMMA3, "gelu_pytorch_tanh", norm_offset=1.0),
}
"""`model_type` of a config → family."""


@functools.lru_cache(4)
def _names(arch: MODEL_ARCH, layers: int) -> TensorNameMap:
    """Built of the names of all layers, and asked for every tensor."""
    return get_tensor_name_map(arch, layers)


def family_of(config: Any) -> Family:
    """The family of a config of `transformers`.

    Raises:
        NoGguf: llama.cpp would run it differently, or we do not know how.
    """
    text = config.get_text_config()
    family = _FAMILIES.get(text.model_type)
    if family is None:
        _refuse(str(config.model_type), tr("이 종류의 모델"))
    if reason := _difference(text, family):
        _refuse(str(config.model_type), reason)
    return family


def add_metadata(writer: GGUFWriter, family: Family, config: Any, context: int) -> None:
    """Describe the architecture of a base."""
    text = config.get_text_config()
    head_size = head_size_of(text)
    writer.add_context_length(context)
    writer.add_embedding_length(text.hidden_size)
    writer.add_block_count(text.num_hidden_layers)
    writer.add_feed_forward_length(text.intermediate_size)
    writer.add_head_count(text.num_attention_heads)
    writer.add_head_count_kv(text.num_key_value_heads)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_rope_dimension_count(head_size)
    writer.add_layer_norm_rms_eps(text.rms_norm_eps)
    writer.add_vocab_size(text.vocab_size)
    rope = _rope(text)
    writer.add_rope_freq_base(rope["rope_theta"])
    _add_rope_scaling(writer, rope)
    if family.arch is MODEL_ARCH.GEMMA3:
        writer.add_sliding_window(text.sliding_window)


def rope_factors(config: Any) -> np.ndarray[Any, Any] | None:
    """Divisors of the rotation frequencies, as Llama 3.1 has them; None without."""
    text = config.get_text_config()
    rope = _rope(text)
    if rope.get("rope_type") != "llama3":
        return None
    size = head_size_of(text)
    waves = 2 * math.pi * rope["rope_theta"] ** (np.arange(0, size, 2) / size)
    old, factor = rope["original_max_position_embeddings"], rope["factor"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    share = np.clip((old / waves - low) / (high - low), 0, 1)
    return np.asarray(1 / ((1 - share) / factor + share), dtype=np.float32)


def head_size_of(text: Any) -> int:
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(size)


def _rope(text: Any) -> dict[str, Any]:
    """Parameters of the rotation; of the layers that see everything, if there are two kinds."""
    rope: dict[str, Any] = text.rope_parameters
    found: dict[str, Any] = rope.get("full_attention", rope)
    return found


def _add_rope_scaling(writer: GGUFWriter, rope: dict[str, Any]) -> None:
    kind = {"linear": RopeScalingType.LINEAR, "yarn": RopeScalingType.YARN}.get(rope["rope_type"])
    if kind is None:
        return
    writer.add_rope_scaling_type(kind)
    writer.add_rope_scaling_factor(rope["factor"])
    if kind is RopeScalingType.YARN:
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def _difference(text: Any, family: Family) -> str:
    """Korean: what of a config llama.cpp would not follow; empty if nothing."""
    activation = getattr(text, "hidden_activation", None) or getattr(text, "hidden_act", None)
    sliding = "sliding_attention" in (getattr(text, "layer_types", None) or ())
    rope = _rope(text)
    extras = ("attention_factor", "mscale", "beta_fast", "beta_slow")
    changed = any(rope.get(key) is not None for key in extras)
    if activation != family.activation:
        return tr("활성 함수 {name}").format(name=activation)
    if rope["rope_type"] not in ("default", "linear", "llama3", "yarn") or changed:
        return tr("위치 표시(RoPE) {name}").format(name=rope["rope_type"])
    if family.arch is MODEL_ARCH.GEMMA3:
        return _gemma_difference(text)
    if sliding:
        return tr("일부만 보는 층(sliding window)")
    if family.arch is MODEL_ARCH.QWEN3 and getattr(text, "attention_bias", False):
        return "attention_bias"
    return ""


def _gemma_difference(text: Any) -> str:
    pattern = [
        "full_attention" if not number % _GEMMA_PATTERN else "sliding_attention"
        for number in range(1, text.num_hidden_layers + 1)
    ]
    local = text.rope_parameters.get("sliding_attention", {})
    divided = (
        text.hidden_size // text.num_attention_heads
        if text.num_hidden_layers == _GEMMA_27B_LAYERS
        else text.head_dim
    )
    faults = {
        "layer_types": list(text.layer_types) != pattern,
        "rope_parameters": local.get("rope_theta") != _SLIDING_THETA
        or local.get("rope_type") != "default",
        "query_pre_attn_scalar": text.query_pre_attn_scalar != divided,
        "attn_logit_softcapping": text.attn_logit_softcapping is not None,
        "final_logit_softcapping": text.final_logit_softcapping is not None,
        "use_bidirectional_attention": bool(getattr(text, "use_bidirectional_attention", False)),
        "attention_bias": bool(text.attention_bias),
    }
    return next((name for name, differs in faults.items() if differs), "")


def _refuse(model_type: str, reason: str) -> NoReturn:
    raise NoGguf(
        tr(
            "바탕 모델({model_type})은 GGUF 로 바꿀 수 없습니다: {reason}. 합친 모델(merged)이나 "
            "vllm 으로 내보내세요."
        ).format(model_type=model_type, reason=reason)
    )
