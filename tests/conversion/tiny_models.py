"""Random models of every family, with tokenizers trained on the sample room."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, normalizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3TextConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from kakaobot.config import ROOT
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER

ROOM = [
    ChatMessage("assistant", "오늘 저녁 뭐 먹지 ㅋㅋ", "마루"),
    ChatMessage("assistant", "떡볶이!! 3인분 12,000원\n어때?", "도담"),
    ChatMessage("assistant", "좋아~ 🥰 그럼 7시에 보자", "하늘 (부산)"),
]
PERSON = [
    ChatMessage("user", "  내일 시간 돼?  ", "마루"),
    ChatMessage("assistant", "응 왜?"),
    ChatMessage("user", "영화 보러 가자 don't be late", "마루"),
]
PAIR = [ChatMessage("user", "ㅎㅇ"), ChatMessage("assistant", "안녕"), ChatMessage("user", "모해?")]
PROMPTS = (ROOM, PERSON, PAIR)

_SHAPE: dict[str, Any] = {
    "hidden_size": 96,
    "intermediate_size": 160,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 512,
    "num_hidden_layers": 2,
    "tie_word_embeddings": True,
}
_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
_YARN = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 128,
}
CONFIGS: dict[str, Any] = {
    "qwen2": lambda: Qwen2Config(**_SHAPE | {"hidden_size": 128}),
    "qwen2-untied-yarn": lambda: Qwen2Config(
        **_SHAPE | {"hidden_size": 128, "tie_word_embeddings": False, "rope_parameters": _YARN}
    ),
    "qwen3": lambda: Qwen3Config(**_SHAPE),
    "qwen3-untied": lambda: Qwen3Config(**_SHAPE | {"tie_word_embeddings": False}),
    "llama": lambda: LlamaConfig(**_SHAPE),
    "llama3-biased": lambda: LlamaConfig(
        **_SHAPE | {"rope_parameters": _LLAMA3, "attention_bias": True}
    ),
    "gemma3": lambda: Gemma3TextConfig(
        **_SHAPE | {"num_hidden_layers": 7, "sliding_window": 16, "query_pre_attn_scalar": 32}
    ),
}
PADDING = 37
"""Rows of every embedding behind the vocabulary."""


def save_tiny(family: str, folder: Path) -> Path:
    """Save a random model with the tokenizer that its family has."""
    tokenizer = sentencepiece_tokenizer() if family == "gemma3" else starter_tokenizer()
    config = CONFIGS[family]()
    config.vocab_size = len(tokenizer) + PADDING
    config.bos_token_id = tokenizer.bos_token_id
    config.eos_token_id, config.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    torch.manual_seed(7)
    model: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            # Biases and norms as well, which begin as zeros and ones.
            parameter.add_(torch.randn_like(parameter), alpha=0.15)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_lora(base: Path, folder: Path, *, embeddings: bool | str = "auto", **options: Any) -> Path:
    """Save an adapter that changes what a base says.

    Args:
        base: folder of its base.
        folder: of the adapter.
        embeddings: as `save_embedding_layers` of peft.
        options: of `LoraConfig`.
    """
    torch.manual_seed(11)
    model: Any = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    options = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", **options}
    config = LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **options)
    adapted = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "modules_to_save" in name:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    adapted.save_pretrained(str(folder), save_embedding_layers=embeddings)
    return folder


def starter_tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(str(FOLDER))


@functools.cache
def sentencepiece_tokenizer() -> Any:
    """As Gemma's: spaces are `▁`, nothing is cut before merging, rare letters are bytes."""
    text = (ROOT / "data" / "sample" / "room.txt").read_text(encoding="utf-8")
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trainer = trainers.BpeTrainer(vocab_size=900, limit_alphabet=300, show_progress=False)
    trained.train_from_iterator([line[:60] for line in text.splitlines()], trainer)
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    special += [f"<0x{byte:02X}>" for byte in range(256)]
    learned = {token: rank + len(special) for token, rank in trained.get_vocab().items()}
    merges = [tuple(pair) for pair in _merges_of(trained)]
    vocabulary = {token: rank for rank, token in enumerate(special)} | learned
    model = models.BPE(vocabulary, merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(special[:6])
    tokenizer.add_tokens(["ㅋㅋㅋㅋ"])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
    )
    wrapped.chat_template = (
        "{{ bos_token }}{% for m in messages %}<start_of_turn>"
        "{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}<end_of_turn>\n"
        "{% endfor %}"
    )
    return wrapped


def _merges_of(tokenizer: Tokenizer) -> list[Any]:
    import json

    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]


def greedy(model: Any, prompt: tuple[int, ...], count: int, end: int) -> list[int]:
    """The likeliest continuation by `transformers`, up to the end of the turn.

    Or up to the end of all text, at which llama.cpp stops on its own.
    """
    ends = [end, *([model.config.pad_token_id] if model.config.model_type != "gemma3_text" else [])]
    with torch.inference_mode():
        output = model.generate(
            torch.tensor([prompt]),
            max_new_tokens=count,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=end,
            repetition_penalty=1.0,
        )
    return [int(token) for token in output[0, len(prompt) :]]


def copy_base(base: Path, folder: Path) -> Path:
    return Path(shutil.copytree(base, folder))
