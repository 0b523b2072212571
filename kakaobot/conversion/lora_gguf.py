"""Writes a LoRA adapter of `peft` as a GGUF file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gguf import GGMLQuantizationType, GGUFType, GGUFWriter

from kakaobot.atomic_io import read_json_object
from kakaobot.conversion.base_gguf import BaseSource, closing_writer, draft_of, write_head
from kakaobot.conversion.families import NoGguf
from kakaobot.conversion.weights import text_name
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import ADAPTER_CONFIG, ADAPTER_WEIGHTS, check_adapter
from kakaobot.schema import Progress, no_progress

_KEY = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
_OTHER_BASE = tr("배운 파일 {name} 은 이 바탕 모델의 것이 아닙니다. 바탕 모델이 그대로인지 보세요.")


class _Module(NamedTuple):
    name: str
    """Of the weight in a GGUF file of the base."""
    source: str
    """Of the weight in the base."""
    down: np.ndarray[Any, Any]
    """rank × inputs"""
    up: np.ndarray[Any, Any]
    """outputs × rank"""
    scaling: float


def write_lora_gguf(
    adapter: Path, base: Path, target: Path, progress: Progress = no_progress
) -> None:
    """Write an adapter for the GGUF file of its base.

    llama.cpp multiplies by `alpha / rank`, with one alpha for all. What differs of that, such as
    the scaling of rsLoRA, a pattern of ranks or of alphas, is multiplied into the weights.

    Args:
        adapter: folder of the adapter, as `peft` writes it.
        base: folder of its base.
        target: appears, or is replaced, once it is complete.
        progress: is told of every module. If it raises, nothing is written.

    Raises:
        NoGguf: it is more than LoRA on linear layers; see `lora_blocker`.
        RunError: it is damaged, or of another base.
        BaseModelError: the base is damaged.
    """
    if reason := lora_blocker(adapter, base):
        raise NoGguf(reason)
    source = BaseSource(base)
    modules = _modules(adapter, source)
    first = modules[0]
    alpha = first.scaling * len(first.down) or 1.0
    with draft_of(target) as draft, closing_writer(draft, source.family.arch_name) as writer:
        writer.add_type(GGUFType.ADAPTER)
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alpha)
        for module in modules:
            _add_info(writer, f"{module.name}.lora_a", module.down)
            _add_info(writer, f"{module.name}.lora_b", module.up)
        write_head(writer)
        for number, module in enumerate(modules):
            progress(number / len(modules), tr("배운 말투를 GGUF 로 바꾸는 중"))
            writer.write_tensor_data(module.down)
            up = source.family.rotated(module.source, module.up, source.text)
            factor = module.scaling * len(module.down) / alpha
            writer.write_tensor_data(up if factor == 1 else up * np.float32(factor))
    progress(1.0, tr("배운 말투를 GGUF 로 바꿨습니다"))


def lora_blocker(adapter: Path, base: Path) -> str:
    """Korean: why an adapter can only be merged into its base; empty if it can stand alone.

    Raises:
        NoGguf: neither can be a GGUF file.
        RunError, BaseModelError: files are damaged.
    """
    check_adapter(adapter)
    if text := beyond_lora(adapter):
        return tr(
            "배운 것에 {text}이(가) 있어 따로 둘 수 없습니다. 바탕 모델에 합쳐야 합니다."
        ).format(text=text)
    source = BaseSource(base)
    for key in sorted(_read_weights(adapter)):
        match = _KEY.fullmatch(key)
        assert match is not None
        if not _is_placed(match[1], source):
            return tr(
                "{module} 에 배운 것은 따로 둘 수 없습니다. 바탕 모델에 합쳐야 합니다."
            ).format(module=match[1])
    return ""


def beyond_lora(adapter: Path) -> str:
    """Korean: what an adapter has besides LoRA on linear layers; empty if nothing."""
    config = read_json_object(adapter / ADAPTER_CONFIG)
    kinds = {
        "use_dora": tr("DoRA"),
        "modules_to_save": tr("통째로 배운 층"),
        "trainable_token_indices": tr("새로 배운 단어"),
        "lora_bias": tr("치우침(bias)"),
        "alora_invocation_tokens": tr("aLoRA"),
    }
    found = [text for key, text in kinds.items() if config.get(key)]
    if config.get("bias", "none") != "none":
        found.append(kinds["lora_bias"])
    if not found and not all(map(_KEY.fullmatch, _read_weights(adapter))):
        found.append(tr("통째로 배운 층"))
    return ", ".join(found)


def scaling_of(config: Mapping[str, Any], module: str, rank: int) -> float:
    """By what `peft` multiplies a module's product."""
    patterns: dict[str, float] = config.get("alpha_pattern") or {}
    default = float(config.get("lora_alpha", rank))
    matching = (key for key in patterns if re.match(rf"(.*\.)?({key})$", module))
    alpha = float(patterns.get(next(matching, ""), default))
    return float(alpha / rank**0.5 if config.get("use_rslora") else alpha / rank)


def _modules(adapter: Path, source: BaseSource) -> list[_Module]:
    config = read_json_object(adapter / ADAPTER_CONFIG)
    weights = _read_weights(adapter)
    found = []
    for key in sorted(weights):
        match = _KEY.fullmatch(key)
        if match is None or match[2] == "B":
            continue
        name, down = text_name(f"{match[1]}.weight"), weights[key]
        up = weights.get(key.replace(".lora_A.", ".lora_B."))
        if up is None or (len(up), down.shape[1]) != source.weights.shape(name):
            raise RunError(_OTHER_BASE.format(name=adapter.name))
        scaling = scaling_of(config, match[1], len(down))
        found.append(_Module(source.gguf_name(name), name, down, up, scaling))
    if not found:
        raise RunError(_OTHER_BASE.format(name=adapter.name))
    return found


def _is_placed(module: str, source: BaseSource) -> bool:
    """Whether the GGUF file of the base has the weight that a module is added to."""
    name = text_name(f"{module}.weight")
    return name in source.weights.names() and bool(source.gguf_name(name))


def _read_weights(adapter: Path) -> dict[str, np.ndarray[Any, Any]]:
    from safetensors.torch import load_file

    return {
        name: np.ascontiguousarray(values.float().numpy())
        for name, values in load_file(adapter / ADAPTER_WEIGHTS).items()
    }


def _add_info(writer: GGUFWriter, name: str, values: np.ndarray[Any, Any]) -> None:
    exact = GGMLQuantizationType.F32
    writer.add_tensor_info(name, values.shape, np.dtype(np.float32), values.nbytes, exact)
