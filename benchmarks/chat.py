"""Speed of the chat: the first piece of a reply on a long history, and the tokens after it.

    python benchmarks/chat.py [--quick] [--rounds N] [--json FILE]

The bases are the starter, and without --quick a Qwen3 of the shape of Qwen3-0.6B (596 million
parameters, a vocabulary of 151,936) with random weights in float32. Both have an adapter on all
linear layers with the default rank.

`first piece` is the time from the message to the first token of the reply, on a history of 20 turns
whose last reply was given before: with what was kept of it, after a retry, and with nothing kept.
Of random weights few tokens are text, so that the first text would measure how many are drawn.
`decode` is the time of a whole reply to a short question, by the chat and by `model.generate`, with
the same seed and so the same tokens. `side by side` is the time of four replies drawn together
beside that of one. As the machine may have other work, the ways alternate in every round, times are
of the processor, summed over the cores, and a ratio is the median of those of the rounds; the JSON
file also has the times by the clock. On a busy machine, threads that wait for each other count as
work: OMP_NUM_THREADS=1 in the environment leaves that out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from kakaobot.openmp import set_wait_policy  # noqa: E402

set_wait_policy()

from benchmarks.busy import processor  # noqa: E402
from kakaobot.base.generation import Sampling, generation_config  # noqa: E402
from kakaobot.chat.engine import Engine  # noqa: E402
from kakaobot.schema import ChatMessage  # noqa: E402
from kakaobot.settings import Settings  # noqa: E402
from kakaobot.starter import FOLDER  # noqa: E402

TURNS = 20
TOKENS = {"starter": 48, "596M": 16}
ASKED = ["어제 영화는 어땠어?", "주말에 시간 돼?", "점심은 뭐 먹었어?", "내일 몇 시에 볼까?"]
TOLD = ["재밌었어 ㅋㅋ 너도 봐", "토요일은 괜찮아", "김치찌개 먹었지", "두 시쯤 어때?"]
SHAPE: dict[str, Any] = {
    "vocab_size": 151_936,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}


def save_shape(folder: Path) -> None:
    """A model of random weights with the starter's tokenizer."""
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(1)
    Qwen3ForCausalLM(Qwen3Config(**SHAPE)).save_pretrained(folder)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(FOLDER), trust_remote_code=False)
    tokenizer.save_pretrained(folder)


def load(base: Path, folder: Path) -> Engine:
    """The base with an adapter that changes little, so that the starter still talks."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(2)
    lora = Settings().lora
    config = LoraConfig(
        r=lora.r, lora_alpha=lora.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(base), dtype=torch.float32, trust_remote_code=False
    )
    get_peft_model(model, config).save_pretrained(str(folder))
    del model
    return Engine.load(
        str(base),
        folder,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=2 * TURNS,
    )


def history() -> list[ChatMessage]:
    """`TURNS` turns and a question, which fit into the starter's context."""
    turns: list[ChatMessage] = []
    for number in range(TURNS // 2):
        turns.append(ChatMessage("user", ASKED[number % 4]))
        turns.append(ChatMessage("assistant", TOLD[number % 4]))
    return [*turns, ChatMessage("user", "그럼 저녁에는 뭐 할 거야?")]


def sampling(tokens: int) -> Sampling:
    return Sampling(tokens, temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.1)


class Spent(NamedTuple):
    """Seconds, or seconds a token."""

    processor: float
    clock: float

    def per(self, tokens: int) -> Spent:
        return Spent(self.processor / tokens, self.clock / tokens)


def spent(work: Callable[[], object]) -> Spent:
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return Spent(time.process_time() - processor, time.perf_counter() - clock)


class Ways:
    """Each does one work; `before` is not measured."""

    def __init__(self, engine: Engine, tokens: int) -> None:
        self.engine, self.tokens = engine, tokens
        self.history = history()

    def _forget(self) -> None:
        self.engine._caches.clear()

    def first_piece(self, kept: str) -> Spent:
        """Of the reply to the history: from nothing, or after what the way before has left."""
        if kept == "nothing":
            self._forget()
        elif kept == "the turn before":
            list(self.engine.stream_reply(self.history[:-2], sampling(1)))
        return spent(lambda: list(self.engine.stream_reply(self.history, sampling(1))))

    def question(self) -> list[ChatMessage]:
        return [ChatMessage("user", "오늘 있었던 일을 길게 이야기해 줘.")]

    def chat(self, seed: int) -> Spent:
        import torch

        self._forget()
        torch.manual_seed(seed)
        return spent(lambda: list(self.engine.stream_reply(self.question(), sampling(self.tokens))))

    def generate(self, seed: int) -> tuple[Spent, int]:
        """Also the number of tokens."""
        import torch

        base, model = self.engine._base, self.engine._model
        prompt = torch.tensor([base.renderer.prompt(self.question())])
        config = generation_config(base, sampling(self.tokens), context_left=self.tokens)
        torch.manual_seed(seed)
        output: list[Any] = []
        with torch.inference_mode():
            took = spent(
                lambda: output.append(
                    model.generate(
                        input_ids=prompt,
                        attention_mask=torch.ones_like(prompt),
                        generation_config=config,
                    )
                )
            )
        return took, output[0].shape[1] - prompt.shape[1]

    def side_by_side(self, seed: int, count: int) -> tuple[Spent, int]:
        """Also the number of tokens of the longest reply."""
        import torch

        self._forget()
        torch.manual_seed(seed)
        drawn: list[Any] = []
        took = spent(
            lambda: drawn.extend(
                self.engine.draw_replies(self.question(), sampling(self.tokens), count=count)
            )
        )
        return took, max(candidate.tokens + candidate.ended for candidate in drawn)


def measure(name: str, engine: Engine, rounds: int) -> Iterator[dict[str, Any]]:
    """The result so far, after every round."""
    ways = Ways(engine, TOKENS[name])
    ways.chat(0)
    rows = []
    for number in range(1, rounds + 1):
        row = {
            "fresh": ways.first_piece("nothing"),
            "retry": ways.first_piece("all of it"),
            "kept": ways.first_piece("the turn before"),
        }
        generated, tokens = ways.generate(number)
        row["chat"] = ways.chat(number).per(tokens)
        row["generate"] = generated.per(tokens)
        for count in (1, 4):
            took, longest = ways.side_by_side(number, count)
            row[f"{count} together"] = took.per(longest)
        rows.append(row)
        print(f"{name} round {number} of {rounds}", file=sys.stderr)
        yield result(name, engine, rows)


def result(name: str, engine: Engine, rows: list[dict[str, Spent]]) -> dict[str, Any]:
    def ratio(one: str, other: str) -> float:
        return statistics.median(row[one].processor / row[other].processor for row in rows)

    return {
        "base": name,
        "history_tokens": len(engine._base.renderer.prompt(history())),
        "seconds": {key: statistics.median(row[key].processor for row in rows) for key in rows[0]},
        "sooner": ratio("fresh", "kept"),
        "sooner_retry": ratio("fresh", "retry"),
        "decode": ratio("generate", "chat"),
        "four_beside_one": ratio("4 together", "1 together"),
        "rounds": [{key: value._asdict() for key, value in row.items()} for row in rows],
    }


def show(result: dict[str, Any]) -> None:
    median = result["seconds"]
    print(
        f"| {result['base']} | {result['history_tokens']} "
        f"| {median['fresh']:.2f} s | {median['kept']:.2f} s ({result['sooner']:.1f}x) "
        f"| {median['retry']:.2f} s ({result['sooner_retry']:.1f}x) "
        f"| {1 / median['generate']:.1f} | {1 / median['chat']:.1f} ({result['decode']:.2f}x) "
        f"| {result['four_beside_one']:.2f}x |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="the starter only")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "auto"),
        "python": platform.python_version(),
    }
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("starter",) if arguments.quick else ("starter", "596M"):
            base = FOLDER if name == "starter" else Path(folder, "base")
            if name != "starter":
                save_shape(base)
            engine = load(base, Path(folder, name))
            for so_far in measure(name, engine, arguments.rounds):
                results[name] = so_far
                if arguments.json:
                    report = {"machine": machine, "chat": list(results.values())}
                    arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"{machine['processor']}, {machine['cores']} cores\n")
    print(
        "| base | tokens of 20 turns | first piece, fresh | kept | retry "
        "| generate, tokens/s | chat, tokens/s | a token of four beside one |"
    )
    print("| --- |" + " ---: |" * 7)
    for measured in results.values():
        show(measured)


if __name__ == "__main__":
    main()
