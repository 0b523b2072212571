"""Every loss method matches the loss and gradients of plain `transformers`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    Qwen3Config,
)

from kakaobot.train.collate import IGNORED
from kakaobot.train.loss import LossMethod, MaskedLoss

SIZES: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.4,
    "pad_token_id": 0,
}
CONFIGS: dict[str, tuple[Callable[[], Any], LossMethod]] = {
    "qwen3": (lambda: Qwen3Config(**SIZES), "fused"),
    "qwen3, tied": (lambda: Qwen3Config(**SIZES, tie_word_embeddings=True), "fused"),
    "llama": (lambda: LlamaConfig(**SIZES), "fused"),
    "gemma 3": (lambda: Gemma3TextConfig(**SIZES), "fused"),
    # Soft-capped logits: undetected, the fused loss would be wrong.
    "gemma 2": (lambda: Gemma2Config(**SIZES, final_logit_softcapping=3.0), "kept"),
    "gpt 2": (
        lambda: GPT2Config(vocab_size=300, n_embd=32, n_layer=2, n_head=4, n_positions=64),
        "fused",
    ),
}
METHODS: tuple[LossMethod, ...] = ("fused", "kept", "cut", "full")


@pytest.fixture(scope="module", params=list(CONFIGS))
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Name and random model, saved and reloaded, with an adapter that has an effect."""
    torch.manual_seed(3)
    folder: Path = tmp_path_factory.mktemp("model")
    config, _ = CONFIGS[request.param]
    AutoModelForCausalLM.from_config(config()).save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False)
    model.config.use_cache = False
    model_with_lora: Any = get_peft_model(
        model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    for name, parameter in model_with_lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return request.param, model_with_lora.eval()


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Three rows of 20, 11 and 4 tokens, padded: ids, labels, mask."""
    rng = torch.Generator().manual_seed(5)
    ids = torch.randint(1, 300, (3, 20), generator=rng)
    mask = torch.arange(20)[None] < torch.tensor([[20], [11], [4]])
    targets = (torch.rand(3, 20, generator=rng) < 0.5) & mask
    targets[2, 3] = True
    targets[:, 0] = False
    return ids * mask, torch.where(targets, ids, IGNORED), mask.long()


def reference_loss(model: Any) -> Tensor:
    """The model's own mean over target tokens, with an attention mask."""
    ids, labels, mask = batch()
    loss: Tensor = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    return loss


def gradients(model: Any, loss: Tensor) -> list[Tensor]:
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return list(torch.autograd.grad(loss, trainable))


def test_the_cheapest_working_method_is_chosen(base: tuple[str, Any]) -> None:
    name, model = base
    assert MaskedLoss(model).method == CONFIGS[name][1]
    assert MaskedLoss(model, methods=("cut",)).method == "cut"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_matches_the_reference_loss_and_gradients(
    base: tuple[str, Any], method: LossMethod
) -> None:
    _, model = base
    ids, labels, _ = batch()
    loss = MaskedLoss(model, methods=(method,))
    if loss.method != method:
        assert base[0] == "gemma 2"
        return
    mean = loss(ids, labels) / (labels != IGNORED).sum()
    expected = reference_loss(model)
    torch.testing.assert_close(mean, expected, rtol=1e-5, atol=1e-6)
    for one, other in zip(gradients(model, mean), gradients(model, expected), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_fused_loss_does_not_depend_on_the_chunk_size(
    base: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kakaobot.base.resolve.LOGITS_PER_CHUNK", 1)
    monkeypatch.setattr("kakaobot.base.resolve.CHUNK_MULTIPLE", 3)
    _, model = base
    ids, labels, _ = batch()
    mean = MaskedLoss(model)(ids, labels) / (labels != IGNORED).sum()
    torch.testing.assert_close(mean, reference_loss(model), rtol=1e-5, atol=1e-6)


def test_a_head_with_an_adapter_is_not_fused() -> None:
    model = AutoModelForCausalLM.from_config(Qwen3Config(**SIZES))
    names = ["q_proj", "lm_head"]
    model = get_peft_model(model, LoraConfig(r=4, target_modules=names, task_type="CAUSAL_LM"))
    assert MaskedLoss(model).method == "kept"


def test_soft_capping_is_detected_even_with_small_logits() -> None:
    sizes = {**SIZES, "initializer_range": 0.001}
    model = AutoModelForCausalLM.from_config(Gemma2Config(**sizes, final_logit_softcapping=30.0))
    assert MaskedLoss(model.requires_grad_(False)).method == "kept"


def test_a_trainable_head_is_not_fused() -> None:
    model = AutoModelForCausalLM.from_config(Qwen3Config(**SIZES)).requires_grad_(False)
    assert MaskedLoss(model).method == "fused"
    model.lm_head.requires_grad_(True)
    assert MaskedLoss(model).method == "kept"


def test_half_precision_is_fused_and_close_to_full() -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(Qwen3Config(**SIZES)).eval().requires_grad_(False)
    ids, labels, _ = batch()
    expected = MaskedLoss(model)(ids, labels)
    half = MaskedLoss(model.to(torch.bfloat16))
    assert half.method == "fused"
    assert float(half(ids, labels)) == pytest.approx(float(expected), rel=0.02)
