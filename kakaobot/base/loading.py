"""Loads a base model onto the best device, in 4 bits if possible."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import import_utils
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig

from kakaobot.base import resolve
from kakaobot.base.download import download
from kakaobot.base.files import check_files
from kakaobot.base.hub import pretrained_source, readable_errors
from kakaobot.base.kernels import slow_kernels_note
from kakaobot.base.memory import release_memory
from kakaobot.base.selection import next_smaller
from kakaobot.base.threads import ThreadCount, chosen_by_user
from kakaobot.base.tokenizer import load_tokenizer, read_gguf_number
from kakaobot.chat_template import Renderer, renderer_for
from kakaobot.errors import BaseModelError, MemoryShortage
from kakaobot.language import tr
from kakaobot.setting_types import Switch

log = logging.getLogger(__name__)

_THREADS = torch.get_num_threads()
"""Torch's default."""
_GIB = 2**30
_LOAD_OVERHEAD = 1.2
"""Memory of a plain load relative to the weights."""
_FSDP_IN_FULL = tr("모델을 나눠 드는 학습(FSDP)이라 4비트를 쓰지 않고 원래 정밀도로 읽습니다.")


@dataclass(frozen=True)
class LoadedBase:
    """A base model, ready for training or chat."""

    model: Any
    tokenizer: Any
    renderer: Renderer
    device: torch.device
    dtype: torch.dtype
    """The dtype to compute in."""
    quantized: bool
    context: int
    """Tokens the model can read at once."""
    notes: tuple[str, ...]
    """Korean notices for the user, such as a fallback."""

    @property
    def pad_id(self) -> int:
        """Token that rows are padded with."""
        pad_id = self.tokenizer.pad_token_id
        return int(self.renderer.end_id if pad_id is None else pad_id)


def load_base(
    name: str,
    *,
    load_in_4bit: Switch = "auto",
    dtype: str = "auto",
    attn_implementation: str = "auto",
    fsdp_ranks: int = 0,
    tokenizer: tuple[Any, Renderer] | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> LoadedBase:
    """Load a base model onto the best device of this machine.

    Args:
        name: Hugging Face id, folder or `.gguf` file.
        load_in_4bit: as `model.load_in_4bit`.
        dtype: as `model.dtype`.
        attn_implementation: as `model.attn_implementation`.
        fsdp_ranks: processes on this machine that will shard the model; it is loaded into CPU
            memory without quantization. 0 to load for this process alone.
        tokenizer: that of an earlier load of this base, with its renderer: parsing one takes memory
            that an OOM backoff does not have.
        report: receives Korean progress and fallback messages.

    Raises:
        BaseModelError: it cannot be found, downloaded or read, or needs code of its own.
        MemoryShortage: it does not fit into the free memory.
    """
    download(name, report)
    check_files(name)
    tokens, renderer = tokenizer or _load_tokens(name)
    device = best_device()
    facts = device_facts(device)
    with readable_errors(name):
        config = _read_config(name)
        parameters = parameters_of(config)
    compute: torch.dtype = getattr(torch, resolve.dtype(dtype, facts, parameters))
    options = _load_options(name, config, compute, resolve.attn_implementation(attn_implementation))
    model, notes = None, list(filter(None, [slow_kernels_note(config, device.type)]))
    quantize = resolve.load_in_4bit(load_in_4bit, facts)
    if quantize and fsdp_ranks:
        notes.append(_FSDP_IN_FULL)
        report(_FSDP_IN_FULL)
    elif quantize:
        with _readable_errors(name):
            model = _load_quantized(options, device, notes, report)
    _hide_if_broken("bitsandbytes")
    quantized = model is not None
    if model is None:
        target = torch.device("cpu") if fsdp_ranks else device
        # Weights in the dtype of their file are memory-mapped, and shared by all ranks.
        mapped = "gguf_file" not in options and config.dtype == compute
        copies = 1 if mapped else max(1, fsdp_ranks)
        _check_memory(name, int(parameters * compute.itemsize * _LOAD_OVERHEAD) * copies, target)
        report(tr("바탕 모델을 읽는 중입니다."))
        with _readable_errors(name):
            model = _load_plain(options).to(target)
    if device.type == "cpu" and not chosen_by_user():
        _adapt_threads(model)
    context = _context_of(model)
    return LoadedBase(model, tokens, renderer, device, compute, quantized, context, tuple(notes))


def _context_of(model: Any) -> int:
    """Tokens that a model can read at once."""
    return resolve.context(getattr(model.config.get_text_config(), "max_position_embeddings", None))


def best_device() -> torch.device:
    """CUDA, else Apple's GPU, else the CPU."""
    if torch.cuda.is_available():
        # accelerate wants the index of the GPU that belongs to this rank.
        rank = os.environ.get("LOCAL_RANK")
        return torch.device("cuda", int(rank)) if rank else torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def device_facts(device: torch.device) -> resolve.Device:
    """The facts that settings are resolved against, from torch; see also `Cpu.has_bf16`."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        cpu = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        native = bool(cpu.get("avx512_bf16") or cpu.get("amx_bf16"))
    return resolve.Device(device.type, native)


def parameters_of(config: Any) -> int:
    """Number of parameters a config describes; allocates nothing."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    return sum(parameter.numel() for parameter in model.parameters())


def free_memory(device: torch.device) -> int:
    """Free bytes on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _load_tokens(name: str) -> tuple[Any, Renderer]:
    tokenizer = load_tokenizer(name)
    return tokenizer, renderer_for(tokenizer)


def _read_config(name: str) -> Any:
    source = pretrained_source(name)
    config = AutoConfig.from_pretrained(**source)
    if "gguf_file" in source:
        # transformers ignores the head size of the file (5.23).
        head_size = read_gguf_number(Path(name), "attention.key_length")
        if head_size and hasattr(config, "head_dim"):
            config.head_dim = head_size
    return config


def _load_options(
    name: str, config: Any, dtype: torch.dtype, attention: str | None
) -> dict[str, Any]:
    """`from_pretrained`'s arguments."""
    options: dict[str, Any] = {"dtype": dtype, **pretrained_source(name)}
    if "gguf_file" in options:
        options["config"] = config
    if attention is not None:
        options["attn_implementation"] = attention
    return options


def _load_quantized(
    options: dict[str, Any],
    device: torch.device,
    notes: list[str],
    report: Callable[[str], None],
) -> Any:
    """The model in NF4; None if that fails, with the reason appended to `notes`."""
    report(tr("바탕 모델을 4비트로 읽는 중입니다."))
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=options["dtype"],
    )
    try:
        model = _load_weights({**options, "quantization_config": nf4, "device_map": {"": device}})
        # A kernel that does not fit the GPU fails at the first product, not on loading.
        with torch.inference_mode():
            model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=device))
    except (ImportError, RuntimeError, ValueError, NotImplementedError, AttributeError) as error:
        log.warning("4-bit loading failed", exc_info=True)
        reason = f"{type(error).__name__}: {str(error)[:160]}".replace("\n", " ")
        note = tr(
            "4비트로 읽지 못해 원래 정밀도로 읽었습니다. 메모리를 더 씁니다. (이유: {reason})"
        ).format(reason=reason)
        notes.append(note)
        report(note)
    else:
        return model
    # Outside the handler, whose traceback refers to the half-loaded model.
    release_memory()
    return None


def _load_plain(options: dict[str, Any]) -> Any:
    model = _load_weights(options)
    if "gguf_file" in options:
        # Its weights are dequantized on loading, yet it is marked as quantized.
        model.is_quantized = False
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
    return model


def _load_weights(options: dict[str, Any]) -> Any:
    """The model with every weight from its file.

    Raises:
        BaseModelError: weights are missing; transformers would initialize them at random.
    """
    loaded: Any = AutoModelForCausalLM.from_pretrained(**options, output_loading_info=True)
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise BaseModelError(
            tr(
                "바탕 모델 {pretrained_model_name_or_path} 에 가중치 {missing}개가 빠져 있어 "
                "읽지 못했습니다 ({first} 등). 모델을 다시 내려받으세요."
            ).format(
                pretrained_model_name_or_path=options["pretrained_model_name_or_path"],
                missing=len(missing),
                first=missing[0],
            )
        )
    return model


def _hide_if_broken(package: str) -> None:
    """Make an installed package that cannot be imported look absent.

    peft imports bitsandbytes for every adapter if it is installed, so a broken one would break
    models that do not need it.
    """
    try:
        importlib.import_module(package)
    except (ImportError, OSError, RuntimeError, AttributeError):
        sys.modules[package] = None  # type: ignore[assignment]
        for check in (import_utils.is_bnb_available, import_utils.is_bnb_4bit_available):
            check.cache_clear()


def _adapt_threads(model: Any) -> None:
    """Compute every pass through the model with as many threads as there are free cores."""
    threads, per_token = ThreadCount(_THREADS, torch.set_num_threads), 2 * model.num_parameters()

    def adapt(_: Any, args: tuple[torch.Tensor, ...]) -> None:
        threads.adapt(per_token * args[0].numel() if args else float("inf"))

    # Every pass begins with the embedding, and its backward pass runs on the same thread.
    model.get_input_embeddings().register_forward_pre_hook(adapt)


def _check_memory(name: str, needed: int, device: torch.device) -> None:
    free = free_memory(device)
    if needed > free:
        raise MemoryShortage(
            tr(
                "{name} 을 원래 정밀도로 읽기에는 메모리가 모자랍니다 (필요 {needed:.1f}GB, "
                "남음 {free:.1f}GB). model.base_model 을 더 작은 {smaller} 로 바꾸세요."
            ).format(name=name, needed=needed / _GIB, free=free / _GIB, smaller=next_smaller(name))
        )


@contextlib.contextmanager
def _readable_errors(name: str) -> Iterator[None]:
    """As `readable_errors`, and for a GPU without enough memory."""
    try:
        with readable_errors(name):
            yield
    except torch.OutOfMemoryError as error:
        raise MemoryShortage(
            tr(
                "그래픽 메모리가 모자라 {name} 을 읽지 못했습니다. model.base_model 을 더 "
                "작은 {smaller} 로 바꾸세요."
            ).format(name=name, smaller=next_smaller(name))
        ) from error
