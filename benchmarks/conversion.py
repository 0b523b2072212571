"""Whether llama.cpp answers as `transformers` does, from files that this program has converted.

    python benchmarks/conversion.py [BASE ...] [--prompts N] [--tokens N] [--json FILE]

A base is a folder; without one it is the starter. Each gets an adapter of random weights on all
linear layers (rank 16, rsLoRA), small enough to leave it a language. The prompts are of an invented
room: half as one of its people, half as the whole room.

`ids` is the share of prompts whose text has in llama.cpp the ids that training and chat use.
`greedy` is the share of prompts whose likeliest continuation is the same token by token, of the
base and with the adapter, where the weights are exact. `agree` is the share of tokens, before the
first that differs, with smaller weights, of base and adapter together.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import torch  # noqa: E402
from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

from benchmarks.busy import processor  # noqa: E402
from benchmarks.invented_room import ASKED, FRIENDS, PERSON, TOPICS  # noqa: E402
from kakaobot.base.tokenizer import load_tokenizer  # noqa: E402
from kakaobot.chat_template import Renderer, renderer_for  # noqa: E402
from kakaobot.conversion.base_gguf import write_base_gguf  # noqa: E402
from kakaobot.conversion.lora_gguf import write_lora_gguf  # noqa: E402
from kakaobot.conversion.quantization import Quant  # noqa: E402
from kakaobot.schema import ChatMessage  # noqa: E402
from kakaobot.starter import FOLDER  # noqa: E402
from tests.conversion.llama_cpp import LlamaCpp, llama_cpp  # noqa: E402

REPLIES = (
    "~ 좋아용 ㅋㅋㅋ",
    "음… 3시에 12,000원이래!",
    "아직 안 봤당\n나중에 볼게",
    "👍🏻 굿",
    "No way lol",
)
SMALLER: tuple[Quant, ...] = ("f16", "q8_0", "q4_0")


def prompts(count: int) -> Iterator[list[ChatMessage]]:
    """Conversations of one to six messages that wait for a reply."""
    random.seed(5)
    for number in range(count):
        asked = [random.choice(ASKED).format(random.choice(list(TOPICS))) for _ in range(3)]
        whole_room = bool(number % 2)
        messages = []
        for question in asked[: 1 + number % 3]:
            friend = random.choice(FRIENDS)
            role: Any = "assistant" if whole_room else "user"
            messages.append(ChatMessage(role, question, friend))
            name = PERSON if whole_room else ""
            messages.append(ChatMessage("assistant", random.choice(REPLIES), name))
        yield messages[:-1]


def save_adapter(base: Path, folder: Path) -> None:
    torch.manual_seed(3)
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(base), dtype=torch.float32, trust_remote_code=False
    )
    config = LoraConfig(
        r=16, lora_alpha=8, use_rslora=True, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.03)
    adapted.save_pretrained(str(folder))


def greedy(model: Any, prompt: Sequence[int], count: int, ends: list[int]) -> list[int]:
    with torch.inference_mode():
        output = model.generate(
            torch.tensor([list(prompt)]),
            max_new_tokens=count,
            do_sample=False,
            repetition_penalty=1.0,
            eos_token_id=ends,
            pad_token_id=ends[0],
        )
    return [int(token) for token in output[0, len(prompt) :]]


def text_of(renderer: Renderer, messages: list[ChatMessage]) -> str:
    """What llama.cpp is sent, which adds the beginning of a conversation itself."""
    text = "".join(segment.text for segment in renderer.segments(messages))
    text += renderer.chat_format.before["assistant"].rstrip(" ")
    return text.removeprefix(renderer.chat_format.prefix)


def same(
    engine: LlamaCpp, known: Sequence[tuple[Sequence[int], list[int]]], count: int
) -> list[int]:
    """For each prompt the tokens before the first that differs."""
    lengths = []
    for prompt, expected in known:
        pairs = zip(engine.greedy(prompt, count), expected, strict=False)
        length = next((n for n, (one, two) in enumerate(pairs) if one != two), len(expected))
        lengths.append(length)
    return lengths


def measure(base: Path, folder: Path, *, count: int, tokens: int) -> dict[str, Any]:
    tokenizer = load_tokenizer(str(base))
    renderer = renderer_for(tokenizer)
    ends = sorted({renderer.end_id, *tokenizer.all_special_ids})
    conversations = list(prompts(count))
    ids = [renderer.prompt(messages) for messages in conversations]
    save_adapter(base, folder / "adapter")
    started = time.perf_counter()
    write_base_gguf(base, folder / "f32.gguf", "f32")
    write_lora_gguf(folder / "adapter", base, folder / "adapter.gguf")
    seconds = time.perf_counter() - started
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(base), dtype=torch.float32, trust_remote_code=False
    )
    adapted = PeftModel.from_pretrained(model, str(folder / "adapter"))
    styled = [(prompt, greedy(adapted, prompt, tokens, ends)) for prompt in ids]
    with adapted.disable_adapter():
        plain = [(prompt, greedy(adapted, prompt, tokens, ends)) for prompt in ids]
    row: dict[str, Any] = {"base": base.name, "prompts": count, "seconds": round(seconds, 1)}
    with llama_cpp(folder / "f32.gguf", context=2048) as engine:
        texts = [text_of(renderer, messages) for messages in conversations]
        equal = [tuple(engine.ids(text)) == known for text, known in zip(texts, ids, strict=True)]
        row["ids"] = sum(equal) / count
        row["greedy base"] = share_of_whole(same(engine, plain, tokens), plain)
    with llama_cpp(folder / "f32.gguf", folder / "adapter.gguf", context=2048) as engine:
        row["greedy adapter"] = share_of_whole(same(engine, styled, tokens), styled)
    row["adapter changes"] = sum(one != two for one, two in zip(plain, styled, strict=True)) / count
    for quant in SMALLER:
        write_base_gguf(base, folder / f"{quant}.gguf", quant)
        row[f"{quant} MB"] = round((folder / f"{quant}.gguf").stat().st_size / 1e6, 1)
        with llama_cpp(folder / f"{quant}.gguf", folder / "adapter.gguf", context=2048) as engine:
            lengths = same(engine, styled, tokens)
        row[f"{quant} agree"] = round(sum(lengths) / sum(len(known) for _, known in styled), 3)
    return row


def share_of_whole(lengths: list[int], known: Sequence[tuple[Sequence[int], list[int]]]) -> float:
    whole = [length == len(tokens) for length, (_, tokens) in zip(lengths, known, strict=True)]
    return sum(whole) / len(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bases", nargs="*", type=Path, default=[FOLDER])
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = []
    for base in args.bases:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(base, Path(folder), count=args.prompts, tokens=args.tokens)
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        rows.append(row)
    if args.json:
        text = json.dumps({"processor": processor(), "rows": rows}, ensure_ascii=False, indent=1)
        args.json.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
