"""Other model families go through dataset, training and chat with the same code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    LlamaConfig,
    Qwen3_5Config,
    Qwen3_5ForConditionalGeneration,
    Qwen3_5TextConfig,
)

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import choose
from kakaobot.chat.engine import Engine
from kakaobot.config import Home, save
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER
from tests.base.gguf_files import write_gguf
from tests.conftest import QUICK, SAMPLE
from tests.patience import wait_for

pytestmark = pytest.mark.slow

SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
}
RECURRENT: dict[str, Any] = {
    **SIZES,
    "num_hidden_layers": 4,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "tie_word_embeddings": True,
}
"""Three layers with a state to one of full attention."""
VISION: dict[str, Any] = {
    "depth": 1,
    "hidden_size": 32,
    "num_heads": 2,
    "intermediate_size": 32,
    "out_hidden_size": 32,
    "patch_size": 4,
}
Tokenizers = Callable[..., Any]


def llama(folder: Path, tokenizer_of: Tokenizers) -> Path:
    """Like SmolLM: Llama with ChatML."""
    tokenizer = chatml(tokenizer_of)
    return saved(folder, tokenizer, LlamaConfig(vocab_size=len(tokenizer), **SIZES))


def chatml(tokenizer_of: Tokenizers) -> Any:
    return tokenizer_of(
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )


def gemma(folder: Path, tokenizer_of: Tokenizers) -> Path:
    """Gemma 2, with soft-capped logits, without a chat template."""
    tokenizer = tokenizer_of("<pad>", "<eos>", "<bos>", eos_token="<eos>", pad_token="<pad>")
    config = Gemma2Config(vocab_size=len(tokenizer), query_pre_attn_scalar=8, **SIZES)
    return saved(folder, tokenizer, config)


def qwen3_5(folder: Path, tokenizer_of: Tokenizers) -> Path:
    tokenizer = chatml(tokenizer_of)
    return saved(folder, tokenizer, Qwen3_5TextConfig(vocab_size=len(tokenizer), **RECURRENT))


def qwen3_5_with_vision(folder: Path, tokenizer_of: Tokenizers) -> Path:
    """A checkpoint as it is published, of which only the text part is wanted."""
    tokenizer = chatml(tokenizer_of)
    text = {"vocab_size": len(tokenizer), **RECURRENT}
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    torch.manual_seed(1)
    config = Qwen3_5Config(
        text_config={**text, **ends}, vision_config=VISION, tie_word_embeddings=True, **ends
    )
    Qwen3_5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def gguf(folder: Path, tokenizer_of: Tokenizers) -> Path:
    """The starter as a GGUF file."""
    folder.mkdir()
    return write_gguf(FOLDER, folder / "starter.gguf")


def saved(folder: Path, tokenizer: Any, config: Any) -> Path:
    torch.manual_seed(1)
    config.eos_token_id, config.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def train(home: Home, base: Path) -> Run:
    """From the sample export to an adapter, with the real worker."""
    changes = {
        **QUICK,
        "model.base_model": str(base),
        "data.persona": "도담",
        "training.max_steps": 12,
        "training.eval_steps": 6,
        "training.learning_rate": 5e-3,
    }
    save(home.settings_file, changes)
    bases = BaseModels(lambda requested: choose(requested, reachable=lambda: False))
    Exports(home).import_files([SAMPLE])
    Datasets(home, bases).build()
    training = Training(home, bases)
    name = training.start().run
    run = Runs(home.folder("checkpoints_lora")).find(name)
    wait_for(lambda: training.wait(name, 0.1), run)
    return run


@pytest.mark.parametrize("family", [llama, gemma, gguf, qwen3_5, qwen3_5_with_vision])
def test_family_trains_and_chats(
    home: Home, tmp_path: Path, tokenizer_of: Tokenizers, family: Callable[..., Path]
) -> None:
    base = family(tmp_path / "base", tokenizer_of)
    run = train(home, base)
    status = run.status()
    assert status.state not in LIVE
    assert status.state == "finished", run.log.tail()
    losses = [point.value for point in run.points() if point.kind == "eval_loss"]
    assert len(losses) == 3
    assert losses[-1] < losses[0] - 0.05
    adapter = run.path / "adapter_best"
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["r"] == 16
    engine = Engine.load(
        str(base),
        adapter,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=4,
    )
    greedy = Sampling(8, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
    # A random model may start with half a character, so the reply may be empty.
    assert all(list(engine.stream_reply([ChatMessage("user", "오늘 뭐 해?", "마루")], greedy)))
