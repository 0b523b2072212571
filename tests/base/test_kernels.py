"""Recurrent layers: one sentence about their speed, and no padding in their state."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen3_5Config, Qwen3_5TextConfig, Qwen3Config

from kakaobot.base import kernels
from kakaobot.base.kernels import has_recurrent_layers, slow_kernels_note
from tests.prepared_home import is_sentence

TEXT: dict[str, Any] = {
    "vocab_size": 128,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}


def test_only_models_with_a_state_have_recurrent_layers() -> None:
    assert has_recurrent_layers(Qwen3_5TextConfig(**TEXT))
    assert has_recurrent_layers(Qwen3_5Config(text_config=TEXT))
    assert not has_recurrent_layers(Qwen3Config(num_hidden_layers=2))


def test_the_note_names_packages_only_where_they_can_be_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = Qwen3_5TextConfig(**TEXT)
    monkeypatch.setattr(sys, "platform", "linux")
    gpu = slow_kernels_note(config, "cuda")
    assert "flash-linear-attention causal-conv1d" in gpu
    monkeypatch.setattr(sys, "platform", "win32")
    others = {slow_kernels_note(config, device) for device in ("cpu", "cuda")}
    assert len(others) == 1
    assert "pip" not in others.copy().pop()
    assert all(map(is_sentence, (gpu, *others)))
    monkeypatch.setattr(kernels, "_is_installed", lambda module: True)
    assert slow_kernels_note(config, "cpu") == ""
    assert slow_kernels_note(Qwen3Config(num_hidden_layers=2), "cpu") == ""


@pytest.fixture
def model() -> Any:
    torch.manual_seed(1)
    return AutoModelForCausalLM.from_config(Qwen3_5TextConfig(**TEXT)).eval()


def test_the_lines_of_transformers_are_not_said_besides(
    model: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("transformers").warning_once.cache_clear()  # type: ignore[attr-defined]
    assert slow_kernels_note(model.config, "cpu")
    with torch.inference_mode():
        model(input_ids=torch.ones((1, 5), dtype=torch.long))
    assert "falling back" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_does_not_leak_into_the_state(model: Any, side: str) -> None:
    """Lengths beyond one chunk of the gated delta rule, which has 64 tokens."""
    torch.manual_seed(2)
    rows = [torch.randint(1, 128, (length,)) for length in (150, 37, 65)]
    width = max(map(len, rows))
    ids, mask = torch.zeros(len(rows), width, dtype=torch.long), torch.zeros(len(rows), width)
    places = [
        slice(len(row)) if side == "right" else slice(width - len(row), width) for row in rows
    ]
    for number, (row, place) in enumerate(zip(rows, places, strict=True)):
        ids[number, place], mask[number, place] = row, 1
    with torch.inference_mode():
        together = model(input_ids=ids, attention_mask=mask.long()).logits
        for number, (row, place) in enumerate(zip(rows, places, strict=True)):
            alone = model(input_ids=row[None]).logits[0]
            assert torch.allclose(together[number, place], alone, atol=1e-5)
