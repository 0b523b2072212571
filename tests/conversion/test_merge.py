"""A merged model says what base and adapter say together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from kakaobot.base.loading import load_base
from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat_template import renderer_for
from kakaobot.conversion.base_gguf import write_base_gguf
from kakaobot.conversion.merge import write_merged
from kakaobot.errors import RunError
from tests.conversion.llama_cpp import llama_cpp
from tests.conversion.tiny_models import PERSON, PROMPTS, greedy, save_lora, save_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("qwen3", tmp_path_factory.mktemp("merged") / "base")


@pytest.mark.parametrize("trained", [None, ["embed_tokens"], ["lm_head"]])
def test_logits_and_greedy_text_are_those_of_the_two(
    trained: list[str] | None, base: Path, tmp_path: Path
) -> None:
    adapter = save_lora(base, tmp_path / "adapter", modules_to_save=trained, use_rslora=True)
    (tmp_path / "merged").mkdir()
    write_merged(str(base), adapter, tmp_path / "merged")
    loaded: Any = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    together = PeftModel.from_pretrained(loaded, str(adapter))
    merged = load_base(str(tmp_path / "merged"), load_in_4bit=False, dtype="float32")
    renderer = renderer_for(load_tokenizer(str(base)))
    assert merged.renderer.chat_format == renderer.chat_format
    write_base_gguf(tmp_path / "merged", tmp_path / "merged.gguf", "f32")
    with llama_cpp(tmp_path / "merged.gguf") as engine:
        for messages in PROMPTS:
            prompt = renderer.prompt(messages)
            with torch.inference_mode():
                logits = [m(torch.tensor([prompt])).logits for m in (together, merged.model)]
            assert torch.allclose(logits[0], logits[1], atol=1e-4)
            assert engine.greedy(prompt, 16) == greedy(together, prompt, 16, renderer.end_id)


def test_tokenizer_and_template_come_along(base: Path, tmp_path: Path) -> None:
    adapter = save_lora(base, tmp_path / "adapter")
    (tmp_path / "merged").mkdir()
    write_merged(str(base), adapter, tmp_path / "merged")
    tokenizer: Any = AutoTokenizer.from_pretrained(str(tmp_path / "merged"))
    renderer = renderer_for(load_tokenizer(str(base)))
    chat = [{"role": m.role, "content": m.content, "name": m.name} for m in PERSON]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert tuple(tokenizer.encode(text)) == renderer.prompt(PERSON)
    files = list((tmp_path / "merged").iterdir())
    assert {"model.safetensors", "tokenizer.json", "chat_template.jinja"} <= {f.name for f in files}
    # Nothing names a folder of this machine.
    assert not any(str(base.parent).encode() in file.read_bytes() for file in files)


def test_the_adapter_of_another_base_is_a_sentence(base: Path, tmp_path: Path) -> None:
    other = save_tiny("qwen2", tmp_path / "other")
    adapter = save_lora(other, tmp_path / "adapter")
    (tmp_path / "merged").mkdir()
    with pytest.raises(RunError, match="합치지 못했습니다"):
        write_merged(str(base), adapter, tmp_path / "merged")
