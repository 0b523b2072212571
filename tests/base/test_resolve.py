"""The `auto` rules, and that loading and the forecast agree on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from kakaobot.base import resolve
from kakaobot.base.cpu import Cpu, detect_cpu
from kakaobot.base.loading import best_device, load_base
from kakaobot.base.resolve import Device
from kakaobot.base.selection import Hardware
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.settings import ModelSettings, Settings
from kakaobot.starter import FOLDER
from kakaobot.train.cost_model import ModelDimensions
from kakaobot.train.forecast import machine_for

CPU, BF16_CPU = Device("cpu"), Device("cpu", native_bf16=True)
AMPERE, TURING, APPLE = Device("cuda", native_bf16=True), Device("cuda"), Device("mps")
SMALL, LARGE = 6_800_000, 8_000_000_000


@pytest.mark.parametrize(
    ("requested", "device", "parameters", "dtype"),
    [
        ("auto", CPU, LARGE, "float32"),
        ("auto", BF16_CPU, SMALL, "float32"),
        ("auto", BF16_CPU, LARGE, "bfloat16"),
        ("auto", AMPERE, SMALL, "bfloat16"),
        ("auto", TURING, LARGE, "float16"),
        ("auto", APPLE, LARGE, "float32"),
        ("float16", CPU, SMALL, "float16"),
        ("float32", AMPERE, LARGE, "float32"),
        ("bfloat16", TURING, LARGE, "bfloat16"),
    ],
)
def test_dtype(requested: str, device: Device, parameters: int, dtype: str) -> None:
    assert resolve.dtype(requested, device, parameters) == dtype


@pytest.mark.parametrize("device", [CPU, BF16_CPU, AMPERE, TURING, APPLE])
def test_auto_loads_in_4bit_on_cuda_only(device: Device) -> None:
    assert resolve.load_in_4bit("auto", device) is (device.kind == "cuda")
    assert resolve.load_in_4bit(True, device)
    assert not resolve.load_in_4bit(False, device)


@pytest.mark.parametrize(
    ("device", "parameters", "expected"),
    [
        (AMPERE, 1_000_000_000, False),
        (AMPERE, 1_000_000_001, True),
        (CPU, LARGE, False),
        (APPLE, LARGE, False),
    ],
)
def test_auto_checkpoints_models_above_a_billion_parameters_on_cuda(
    device: Device, parameters: int, expected: bool
) -> None:
    assert resolve.gradient_checkpointing("auto", device, parameters) is expected
    assert resolve.gradient_checkpointing(True, device, parameters)
    assert not resolve.gradient_checkpointing(False, device, parameters)


def test_auto_leaves_attention_to_transformers() -> None:
    assert resolve.attn_implementation("auto") is None
    assert resolve.attn_implementation("eager") == "eager"


@pytest.mark.parametrize(("stated", "context"), [(512, 512), (None, 131_072), (0, 131_072)])
def test_context(stated: int | None, context: int) -> None:
    assert resolve.context(stated) == context


def test_max_seq_len_is_bounded_by_the_context() -> None:
    assert resolve.max_seq_len(1024, 512) == 512
    assert resolve.max_seq_len(1024, 4096) == 1024


@pytest.mark.parametrize(("vocabulary", "tokens"), [(8192, 1456), (151_936, 64), (10**7, 16)])
def test_a_logits_chunk_is_a_multiple_of_16_tokens(vocabulary: int, tokens: int) -> None:
    assert resolve.logits_chunk(vocabulary) == tokens


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dtype": "bfloat16"},
        {"dtype": "float32"},
        {"load_in_4bit": True},
        {"load_in_4bit": False, "attn_implementation": "eager"},
    ],
)
def test_the_estimate_assumes_what_is_loaded(changes: dict[str, Any]) -> None:
    settings = Settings(model=ModelSettings(**changes))
    dimensions = ModelDimensions.from_config(
        json.loads((FOLDER / "config.json").read_text("utf-8"))
    )
    assert dimensions is not None
    device = best_device()
    hardware = Hardware(gpu="a GPU") if device.type == "cuda" else Hardware()
    machine = machine_for(settings, dimensions, hardware, detect_cpu())
    base = load_base(
        str(FOLDER),
        load_in_4bit=settings.model.load_in_4bit,
        dtype=settings.model.dtype,
        attn_implementation=settings.model.attn_implementation,
    )
    assert machine.half is (base.dtype.itemsize == 2)
    assert machine.load_in_4bit is base.quantized
    assert base.context == read_tokenizer_info(str(FOLDER)).context == 512


@pytest.mark.parametrize("gpu", ["", "a GPU"])
@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("parameters", [SMALL, LARGE])
@pytest.mark.parametrize("requested", ["auto", "bfloat16", "float32"])
def test_the_estimate_of_another_machine_follows_the_rules(
    requested: Any, parameters: int, half: bool, gpu: str
) -> None:
    settings = Settings(model=ModelSettings(dtype=requested))
    dimensions = ModelDimensions(
        vocab_size=0,
        hidden_size=1,
        intermediate_size=parameters // 3,
        num_layers=1,
        query_size=1,
        key_size=1,
        tied_embeddings=True,
    )
    cpu = Cpu(frozenset(["avx512_bf16"] if half else []))
    machine = machine_for(settings, dimensions, Hardware(gpu=gpu), cpu)
    device = Device("cuda" if gpu else "cpu", native_bf16=half)
    dtype: torch.dtype = getattr(torch, resolve.dtype(requested, device, dimensions.parameters))
    assert machine.half is (dtype.itemsize == 2)
    assert machine.load_in_4bit is resolve.load_in_4bit("auto", device)
    assert machine.checkpointing is resolve.gradient_checkpointing(
        "auto", device, dimensions.parameters
    )
