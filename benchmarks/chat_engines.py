"""Speed of both chat engines, and of bare llama.cpp, in one run.

    python benchmarks/chat_engines.py [--quick] [--rounds N] [--json FILE]

The bases and the adapter are those of `benchmarks/chat.py`: the starter, and without --quick a
Qwen3 of the shape of Qwen3-0.6B with random weights. `first piece` is the time of one token behind
a history of 20 turns, with nothing kept; `decode` is the tokens a second of a reply whose prompt
was read before; `candidates` is the time of the four replies among which a chat chooses, drawn
behind such a prompt and scored as it does. `bare` is one request to the same llama.cpp for the
whole reply, by its own clock. All but the candidates are decoded greedily. As the machine may have
other work, the ways alternate in every round, and a ratio is the median of those of the rounds.
Times are by the clock: llama.cpp has its own process.

The results are the table `engines` of FILE; what else is in it stays.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from kakaobot.openmp import set_wait_policy  # noqa: E402

set_wait_policy()

from benchmarks.busy import processor  # noqa: E402
from benchmarks.chat import TURNS, history, load, sampling, save_shape  # noqa: E402
from kakaobot.base.generation import Sampling  # noqa: E402
from kakaobot.chat.engine import Engine  # noqa: E402
from kakaobot.chat.llama_engine import LlamaEngine  # noqa: E402
from kakaobot.conversion.base_gguf import write_base_gguf  # noqa: E402
from kakaobot.conversion.lora_gguf import write_lora_gguf  # noqa: E402
from kakaobot.conversion.quantization import Quant  # noqa: E402
from kakaobot.starter import FOLDER  # noqa: E402

TOKENS = {"starter": 24, "596M": 24}
QUANTS: tuple[Quant, ...] = ("q8_0", "f16")
SLOT = 7


def greedy(tokens: int) -> Sampling:
    return Sampling(tokens, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.1)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def of_engine(engine: Engine | LlamaEngine, tokens: int) -> dict[str, float]:
    """Seconds of the first piece, and of each token after it."""
    if isinstance(engine, Engine):
        engine._caches.clear()
    else:
        # Another strength begins anew.
        list(engine.stream_reply(history()[:1] * TURNS, greedy(1)))
        engine._slots._held.clear()
        _forget(engine)
    first = seconds(lambda: list(engine.stream_reply(history(), greedy(1))))
    (drawn,) = engine.draw_replies(history(), greedy(tokens), count=1)
    took = seconds(lambda: list(engine.stream_reply(history(), greedy(tokens))))
    candidates = seconds(lambda: _best_of(engine, tokens))
    return {
        "first": first,
        "token": took / (drawn.tokens + drawn.ended),
        "candidates": candidates,
    }


def _best_of(engine: Engine | LlamaEngine, tokens: int) -> None:
    """What a chat computes for a reply that it chooses among four."""
    drawn = engine.draw_replies(history(), sampling(tokens), count=4)
    engine.score_replies([], [candidate.text for candidate in drawn])


def _forget(engine: LlamaEngine) -> None:
    """Let every slot hold something else."""
    for slot in range(SLOT + 1):
        _ask(engine, [1, slot + 2], slot, 1)


def of_bare(engine: LlamaEngine, tokens: int) -> dict[str, float]:
    """The same of the server alone."""
    prompt = engine._prompts.prompt(history(), "", reserved=tokens)
    _forget(engine)
    first = seconds(lambda: _ask(engine, prompt, SLOT, 1))
    timings = _ask(engine, prompt, SLOT, tokens)["timings"]
    # The first of them came with the end of the prompt.
    took = (timings["prompt_ms"] + timings["predicted_ms"]) / timings["predicted_n"] / 1000
    return {"first": first, "token": took}


def _ask(engine: LlamaEngine, prompt: Any, slot: int, tokens: int) -> Any:
    body = {
        "prompt": list(prompt), "id_slot": slot, "n_predict": tokens, "temperature": 0,
        "samplers": ["penalties", "top_k"], "top_k": 1, "repeat_penalty": 1.1,
        "lora": [{"id": 0, "scale": 1.0}],
    }  # fmt: skip
    return engine._process.ask("/completion", body, threading.Event())


def measure(name: str, base: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """The medians of a base, and the ratios of its rounds."""
    tokens, engine = TOKENS[name], load(base, folder / "adapter")
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "transformers": lambda: of_engine(engine, tokens)
    }
    write_lora_gguf(folder / "adapter", base, folder / "lora.gguf")
    for quant in QUANTS:
        write_base_gguf(base, folder / f"{quant}.gguf", quant)
        llama = LlamaEngine.load(
            base, folder / f"{quant}.gguf", folder / "lora.gguf", max_turns=2 * TURNS
        )
        ways[quant] = lambda llama=llama: of_engine(llama, tokens)  # type: ignore[misc]
        ways[f"{quant} bare"] = lambda llama=llama: of_bare(llama, tokens)  # type: ignore[misc]
    rows = []
    for number in range(rounds + 1):
        row = {way: measured() for way, measured in ways.items()}
        print(f"{name} round {number} of {rounds}", file=sys.stderr)
        if number:
            # The first one warms up.
            rows.append(row)
    return result(name, len(engine._base.renderer.prompt(history())), rows)


def result(name: str, length: int, rows: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    def ratio(one: str, other: str, figure: str) -> float:
        return statistics.median(row[one][figure] / row[other][figure] for row in rows)

    return {
        "base": name,
        "history_tokens": length,
        "seconds": {
            way: {
                figure: statistics.median(row[way][figure] for row in rows)
                for figure in rows[0][way]
            }
            for way in rows[0]
        },
        "faster": {
            quant: {
                "first": ratio("transformers", quant, "first"),
                "decode": ratio("transformers", quant, "token"),
                "candidates": ratio("transformers", quant, "candidates"),
                "first_of_bare": ratio(f"{quant} bare", quant, "first"),
                "decode_of_bare": ratio(f"{quant} bare", quant, "token"),
            }
            for quant in QUANTS
        },
        "rounds": rows,
    }


def show(result: dict[str, Any]) -> None:
    for way, median in result["seconds"].items():
        faster = result["faster"].get(way, {})
        ratios = " | ".join(f"{value:.2f}x" for value in faster.values()) or " | | | | "
        print(
            f"| {result['base']} | {way} | {median['first']:.2f} s | {1 / median['token']:.1f} "
            f"| {ratios} |"
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
        "python": platform.python_version(),
    }
    results = []
    for name in ("starter",) if arguments.quick else ("starter", "596M"):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            base = FOLDER if name == "starter" else folder / "base"
            if name != "starter":
                save_shape(base)
            results.append(measure(name, base, folder, arguments.rounds))
    if arguments.json:
        report = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
        report["engines"] = {"machine": machine, "results": results}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"{machine['processor']}, {machine['cores']} cores\n")
    print(
        "| base | way | first piece | tokens/s "
        "| first | decode | candidates | first / bare | decode / bare |"
    )
    print("| --- | --- |" + " ---: |" * 7)
    for measured in results:
        show(measured)


if __name__ == "__main__":
    main()
