"""Loads a base model and its tokenizer. 4-bit loading that fails falls back, and says so."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import import_utils
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from kakaobot.base import resolve
from kakaobot.base.download import download
from kakaobot.base.threads import ThreadCount, chosen_by_user
from kakaobot.base.tokenizer import gguf_number
from kakaobot.chat_template import Renderer, renderer_for
from kakaobot.errors import BaseModelError
from kakaobot.settings import Switch

log = logging.getLogger(__name__)

_THREADS = torch.get_num_threads()
"""As many as the library takes by itself."""
_GIB = 2**30
_SMALLER = {
    "Qwen/Qwen3-8B": "Qwen/Qwen3-4B-Instruct-2507",
    "Qwen/Qwen3-4B-Instruct-2507": "Qwen/Qwen3-1.7B",
    "Qwen/Qwen3-1.7B": "Qwen/Qwen3-0.6B",
}


@dataclass(frozen=True)
class LoadedBase:
    """A base model, ready to be trained on or talked with."""

    model: Any
    tokenizer: Any
    renderer: Renderer
    device: torch.device
    dtype: torch.dtype
    """The dtype to compute in."""
    quantized: bool
    context: int
    """Tokens it can read at once."""
    notes: tuple[str, ...]
    """Korean: what the user should know, such as a fallback."""

    @property
    def pad_id(self) -> int:
        """What fills up a row behind its end."""
        pad_id = self.tokenizer.pad_token_id
        return int(self.renderer.end_id if pad_id is None else pad_id)


def load_base(
    name: str,
    *,
    load_in_4bit: Switch = "auto",
    dtype: str = "auto",
    attn_implementation: str = "auto",
    shared: int = 0,
    say: Callable[[str], None] = lambda words: None,
) -> LoadedBase:
    """Load a Hugging Face id, a folder or a `.gguf` file onto the best device of this machine.

    Args:
        name: an id, a folder or a file.
        load_in_4bit: as `model.load_in_4bit`.
        dtype: as `model.dtype`.
        attn_implementation: as `model.attn_implementation`.
        shared: leave it in the CPU's memory and not in 4 bits, to be spread over several devices;
            as many processes of this machine do the same at the same time. 0 for an own device.
        say: told in Korean what is being done, and what went otherwise than asked.

    Raises:
        BaseModelError: it cannot be found, fetched or read, or does not fit this machine.
    """
    download(name, say)
    tokenizer = load_tokenizer(name)
    renderer = renderer_for(tokenizer)
    device = best_device()
    config = _guarded(name, lambda: _config(name))
    facts, parameters = device_facts(device), parameters_of(config)
    compute: torch.dtype = getattr(torch, resolve.dtype(dtype, facts, parameters))
    wanted = resolve.load_in_4bit(load_in_4bit, facts)
    options: dict[str, Any] = {"dtype": compute, **_where(name)}
    if "gguf_file" in options:
        options["config"] = config
    if attention := resolve.attn_implementation(attn_implementation):
        options["attn_implementation"] = attention
    notes: list[str] = []
    model = None
    if wanted and shared:
        wanted = False
        notes.append("모델을 나눠 드는 학습(FSDP)이라 4비트를 쓰지 않고 원래 정밀도로 읽습니다.")
        say(notes[-1])
    if wanted:
        model = _guarded(name, lambda: _quantized(options, device, notes, say))
    _hide_if_broken("bitsandbytes")
    quantized = model is not None
    if model is None:
        place = torch.device("cpu") if shared else device
        # Weights that stay as they are in their file lie in memory once for all processes.
        as_it_is = "gguf_file" not in options and config.dtype == compute
        _refuse_if_too_big(name, parameters, compute, place, 1 if as_it_is else max(1, shared))
        say("바탕 모델을 읽는 중입니다.")
        model = _guarded(name, lambda: _whole(options))
        if "gguf_file" in options:
            _forget_quantizer(model)
        model = model.to(place)
    if device.type == "cpu" and not chosen_by_user():
        _share_cores(model)
    text_config = model.config.get_text_config()
    context = resolve.context(getattr(text_config, "max_position_embeddings", None))
    return LoadedBase(model, tokenizer, renderer, device, compute, quantized, context, tuple(notes))


def load_tokenizer(name: str) -> Any:
    """The tokenizer of a base model.

    Raises:
        BaseModelError: it cannot be found, fetched or read.
    """
    return _guarded(name, lambda: AutoTokenizer.from_pretrained(**_where(name)))


def best_device() -> torch.device:
    """CUDA, else Apple's GPU, else the CPU."""
    if torch.cuda.is_available():
        # Each of several processes has a card of its own, and accelerate wants its number named.
        place = os.environ.get("LOCAL_RANK")
        return torch.device("cuda", int(place)) if place else torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def device_facts(device: torch.device) -> resolve.Device:
    """What the settings are resolved against."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        cpu = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        native = bool(cpu.get("avx512_bf16") or cpu.get("amx_bf16"))
    return resolve.Device(device.type, native)


def parameters_of(config: Any) -> int:
    """Number of parameters a configuration will have; nothing is allocated."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return sum(parameter.numel() for parameter in model.parameters())


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _share_cores(model: Any) -> None:
    """Have every pass through the model use as many threads as there are free cores."""
    threads, per_token = ThreadCount(_THREADS, torch.set_num_threads), 2 * model.num_parameters()

    def adapt(_: Any, args: tuple[torch.Tensor, ...]) -> None:
        threads.adapt(per_token * args[0].numel() if args else float("inf"))

    # Whatever calls the model, and whichever part of it, begins with the embedding. The way back
    # runs on the same thread.
    model.get_input_embeddings().register_forward_pre_hook(adapt)


def _forget_quantizer(model: Any) -> None:
    """A `.gguf` file is read into plain weights, yet marked as quantized and so refused later."""
    model.is_quantized = False
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def _config(name: str) -> Any:
    where = _where(name)
    config = AutoConfig.from_pretrained(**where)
    if "gguf_file" in where:
        # transformers takes the class's own head size, whatever the file says (5.23).
        size = gguf_number(Path(name), "attention.key_length")
        if size and hasattr(config, "head_dim"):
            config.head_dim = size
    return config


def _quantized(
    options: dict[str, Any],
    device: torch.device,
    notes: list[str],
    say: Callable[[str], None],
) -> Any:
    """The model in NF4, or None with the reason in `notes`."""
    say("바탕 모델을 4비트로 읽는 중입니다.")
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=options["dtype"],
    )
    try:
        model = _whole({**options, "quantization_config": nf4, "device_map": {"": device}})
        # A kernel that does not fit the card fails at the first product, not at the loading.
        with torch.inference_mode():
            model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=device))
    except (ImportError, RuntimeError, ValueError, NotImplementedError, AttributeError) as error:
        log.warning("4-bit loading failed", exc_info=True)
        reason = f"{type(error).__name__}: {str(error)[:160]}".replace("\n", " ")
        note = f"4비트로 읽지 못해 원래 정밀도로 읽었습니다. 메모리를 더 씁니다. (이유: {reason})"
        notes.append(note)
        say(note)
    else:
        return model
    # Outside the handler, which holds on to what was half loaded.
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return None


def _hide_if_broken(package: str) -> None:
    """Let a package that is installed but cannot be imported look as if it were not.

    peft only asks whether bitsandbytes is there and then imports it for every adapter, so that a
    broken one would keep models from being learnt and talked with that do not need it.
    """
    try:
        importlib.import_module(package)
    except (ImportError, OSError, RuntimeError, AttributeError):
        sys.modules[package] = None  # type: ignore[assignment]
        for asked in (import_utils.is_bnb_available, import_utils.is_bnb_4bit_available):
            asked.cache_clear()


def _whole(options: dict[str, Any]) -> Any:
    """The model, with every weight from its file.

    Raises:
        BaseModelError: weights are missing; `transformers` would only warn, and draw them.
    """
    loaded: Any = AutoModelForCausalLM.from_pretrained(**options, output_loading_info=True)
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise BaseModelError(
            f"바탕 모델 {options['pretrained_model_name_or_path']} 에 가중치 {len(missing)}개가 "
            f"빠져 있어 읽지 못했습니다 ({missing[0]} 등). 모델을 다시 내려받으세요."
        )
    return model


def _refuse_if_too_big(
    name: str, parameters: int, dtype: torch.dtype, device: torch.device, copies: int
) -> None:
    # Weights and a fifth more for activations: what a plain load takes before training begins.
    needed = int(parameters * dtype.itemsize * 1.2) * copies
    free = free_memory(device)
    if needed > free:
        smaller = _SMALLER.get(name, "Qwen/Qwen3-0.6B")
        raise BaseModelError(
            f"{name} 을 원래 정밀도로 읽기에는 메모리가 모자랍니다 "
            f"(필요 {needed / _GIB:.1f}GB, 남음 {free / _GIB:.1f}GB). "
            f"model.base_model 을 더 작은 {smaller} 로 바꾸세요."
        )


def _where(name: str) -> dict[str, str]:
    """`from_pretrained`'s arguments for an id, a folder or a `.gguf` file."""
    path = Path(name)
    if path.suffix == ".gguf" and path.is_file():
        return {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    return {"pretrained_model_name_or_path": name}


def _guarded(name: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except torch.OutOfMemoryError as error:
        smaller = _SMALLER.get(name, "Qwen/Qwen3-0.6B")
        raise BaseModelError(
            f"그래픽 메모리가 모자라 {name} 을 읽지 못했습니다. "
            f"model.base_model 을 더 작은 {smaller} 로 바꾸세요."
        ) from error
    except (OSError, ValueError, ImportError, KeyError, struct.error) as error:
        log.warning("loading %s failed", name, exc_info=True)
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise BaseModelError(
            f"바탕 모델 {name} 을 읽지 못했습니다. 이름과 인터넷 연결, 남은 디스크를 확인하거나 "
            f"model.base_model 을 starter 로 바꿔 연습해 보세요. (이유: {reason})"
        ) from error
