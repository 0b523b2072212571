"""llama.cpp answers as `transformers` does, for a random model of every family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat_template import renderer_for
from kakaobot.conversion.base_gguf import write_base_gguf
from kakaobot.conversion.lora_gguf import write_lora_gguf
from kakaobot.starter import FOLDER
from tests.conversion.llama_cpp import llama_cpp
from tests.conversion.tiny_models import CONFIGS, PROMPTS, greedy, save_lora, save_tiny

TOKENS = 24


def check(base: Path, folder: Path) -> None:
    """Ids and greedy text of a base, and of an adapter on it."""
    tokenizer = load_tokenizer(str(base))
    renderer = renderer_for(tokenizer)
    adapter = save_lora(base, folder / "adapter")
    write_base_gguf(base, folder / "base.gguf", "f32")
    write_lora_gguf(adapter, base, folder / "adapter.gguf")
    model: Any = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    adapted = PeftModel.from_pretrained(model, str(adapter))
    prompts = [renderer.prompt(messages) for messages in PROMPTS]
    with adapted.disable_adapter():
        plain = [greedy(adapted, prompt, TOKENS, renderer.end_id) for prompt in prompts]
    styled = [greedy(adapted, prompt, TOKENS, renderer.end_id) for prompt in prompts]
    assert plain != styled
    with llama_cpp(folder / "base.gguf") as engine:
        for messages, prompt, expected in zip(PROMPTS, prompts, plain, strict=True):
            text = "".join(segment.text for segment in renderer.segments(messages))
            text += renderer.chat_format.generation_prompt
            prefix = renderer.chat_format.prefix
            assert tuple(engine.ids(text.removeprefix(prefix))) == prompt
            assert engine.greedy(prompt, TOKENS) == expected
    with llama_cpp(folder / "base.gguf", folder / "adapter.gguf") as engine:
        for prompt, expected in zip(prompts, styled, strict=True):
            assert engine.greedy(prompt, TOKENS) == expected


@pytest.mark.slow
@pytest.mark.parametrize("family", CONFIGS)
def test_ids_and_greedy_text_equal_transformers(family: str, tmp_path: Path) -> None:
    check(save_tiny(family, tmp_path / "base"), tmp_path)


@pytest.mark.slow
def test_the_starter_answers_alike(tmp_path: Path) -> None:
    check(FOLDER, tmp_path)
