"""Runs whose model is as large, and whose replies are as long, as a test needs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from kakaobot.config import Home, save
from kakaobot.runs.run import Run, Runs
from kakaobot.starter import FOLDER

LONG_REPLIES = {
    "generation.max_new_tokens": 2000,
    "generation.temperature": 1.5,
    "generation.min_p": 0,
    "generation.top_k": 40,
    "generation.candidates": 1,
    "model.dtype": "float32",
    "model.load_in_4bit": False,
}
"""Settings with which a model of `save_random_model` replies for a long time."""


def save_random_model(folder: Path, *, hidden: int, layers: int, dtype: str = "float32") -> int:
    """Save a random Qwen3 with the starter's tokenizer, and an adapter beside it.

    Returns:
        Bytes of the weights of the base in float32.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config

    tokenizer: Any = AutoTokenizer.from_pretrained(str(FOLDER))
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 64,
        head_dim=64,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
    )
    model: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        # An end, of logit 0, is never among the likeliest tokens.
        model.get_input_embeddings().weight[sorted(tokenizer.get_added_vocab().values())] = 0
    model.to(getattr(torch, dtype)).save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    size: int = sum(4 * parameter.numel() for parameter in model.parameters())
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    get_peft_model(model, lora).save_pretrained(str(folder / "adapter"))
    return size


def save_starter_with_adapter(folder: Path) -> None:
    """Save an adapter that changes the starter a little; its `base` is the starter itself."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    shutil.copytree(FOLDER, folder / "base")
    model: Any = AutoModelForCausalLM.from_pretrained(str(FOLDER))
    lora = LoraConfig(
        r=4,
        lora_alpha=1,
        target_modules=["q_proj", "v_proj"],
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    get_peft_model(model, lora).save_pretrained(str(folder / "adapter"))


def create_chat_run(home: Home, model: Path, name: str = "main") -> Run:
    """A run on `도담` with a model saved by `save_random_model`."""
    save(
        home.settings_file, {**LONG_REPLIES, "model.load_in_4bit": False, "model.dtype": "float32"}
    )
    run = Runs(home.folder("checkpoints_lora")).get(name)
    base = {"name": str(model / "base"), "label": "바탕", "reason": "", "practice": True}
    data = {"room": "", "persona": "도담", "people": ["도담", "마루"], "named": False}
    run.create({"base": base, "data": data})

    def write(folder: Path) -> None:
        for file in (model / "adapter").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())

    run.checkpoints.replace_adapter("best", write)
    return run
