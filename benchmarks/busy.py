"""Training and chat on an idle machine, and while other programs keep one or two cores busy.

    python benchmarks/busy.py [--quick] [--only WORK BASE] [--seconds N] [--rounds N] [--json FILE]

Two processes do the same work and differ only in their threads. Those of `default` are as many as
the library takes by itself, and wait as its OpenMP runtime does by itself; `kakaobot` sets the wait
(`kakaobot/openmp.py`) and follows the load (`kakaobot/base/threads.py`). They are loaded once and
take turns: one works for some seconds while the other blocks on its input, so that every figure of
one workload comes from the same minutes. A busy core is a Python process in an endless loop. Bases
are the starter (6.8 million parameters) and the starter widened to 103 million; training uses the
worker's own trainer, chat the engine with greedy decoding.

Told are tokens a second of training (with padding) and replies a second of chat, the speed of
`kakaobot` alone in terms of `default` alone (median over rounds of the ratio within a round), and
how many times longer the same work takes beside busy cores than alone, from the moment on when the
load has been noticed. `default` beside one busy core is measured once, for the size of the problem.

The second table is the speed by number of threads, also for a tiny base of 0.6 million parameters;
from it comes the rule of `kakaobot/base/threads.py` for how much work a thread is worth.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.training import prepare  # noqa: E402
from kakaobot.openmp import wait_policy  # noqa: E402
from kakaobot.train.launcher import ENVIRONMENT  # noqa: E402

TINY = {"hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}  # fmt: skip
QUESTIONS = ("오늘 저녁 뭐 먹을까?", "주말에 뭐 해?", "내일 몇 시에 볼까?")
REPLY_TOKENS = 24
BUSY_LOOP = "while True: pass"
READY, TURN = "ready", "turn "
SETTLING = 2.0
"""Seconds after which a load has been noticed; a training lasts longer."""
_WARM_UP = 4.0
"""Seconds of work before a process is ready: it allocates, and prepares itself for each shape."""


# -- in a process of its own


def serve(kind: str, folder: Path) -> None:
    """Work for as many seconds as each line on stdin says; print how much was done, in how many.

    The first `SETTLING` seconds of a turn are worked but not counted.
    """
    turns = _Turns()
    {"training": _train, "chat": _chat}[kind](folder, turns)


class _Turns:
    """Whether there is time left in the current turn; between two turns it waits for input."""

    def __init__(self) -> None:
        self._seconds = _WARM_UP
        self._until = time.perf_counter() + SETTLING
        self._settled = self._warm = False
        self._began = self._done = 0.0

    def over(self, done: float) -> bool:
        """Count work done since the last call. True when no turn is left."""
        self._done += done
        now = time.perf_counter()
        if now < self._until:
            return False
        if not self._settled:
            self._settled, self._began, self._done = True, now, 0.0
            self._until = now + self._seconds
            return False
        if self._warm:
            told = {"done": self._done, "seconds": now - self._began}
            print(TURN + json.dumps(told), flush=True)
        else:
            print(READY, flush=True)
        self._warm = True
        line = sys.stdin.readline()
        self._seconds, self._settled = float(line or 0), False
        self._until = time.perf_counter() + SETTLING
        return not line


def _train(folder: Path, turns: _Turns) -> None:
    from transformers import TrainerCallback

    from benchmarks.trainers import ROWS, worker_trainer

    trainer = worker_trainer(folder, batch=ROWS, max_steps=100_000)

    class Taker(TrainerCallback):
        cells = 0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_training_stop = turns.over(trainer.counter.padded_tokens - self.cells)
            self.cells = trainer.counter.padded_tokens

    trainer.add_callback(Taker())
    trainer.train()


def _chat(folder: Path, turns: _Turns) -> None:
    from kakaobot.base.generation import Sampling
    from kakaobot.chat.engine import Engine
    from kakaobot.schema import ChatMessage

    engine = Engine.load(
        str(folder / "base"), None, load_in_4bit=False, dtype="auto",
        attn_implementation="auto", max_turns=4,
    )  # fmt: skip
    greedy = Sampling(REPLY_TOKENS, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.1)
    while True:
        # Whole sets only: the replies are of different lengths.
        for question in QUESTIONS:
            for _ in engine.stream_reply([ChatMessage("user", question)], greedy):
                pass
        if turns.over(len(QUESTIONS)):
            return


# -- the one that measures


class Contender:
    """A loaded process that works when it is told to."""

    def __init__(self, kind: str, folder: Path, environ: dict[str, str]) -> None:
        command = [sys.executable, "-X", "utf8", __file__, "--serve", kind, str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, env={**_bare(), **ENVIRONMENT, **environ},
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._ask, self._answers = self._process.stdin, self._process.stdout
        while self._line() != READY:
            pass

    def speed(self, seconds: float, busy: int = 0) -> float:
        """What is done in a second beside so many busy cores."""
        with busy_cores(busy):
            self._ask.write(f"{seconds}\n")
            self._ask.flush()
            # The trainer prints its losses in between.
            while not (line := self._line()).startswith(TURN):
                pass
        told = json.loads(line.removeprefix(TURN))
        return float(told["done"] / told["seconds"])

    def close(self) -> None:
        self._ask.close()
        self._process.wait()

    def _line(self) -> str:
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        return line.strip()


def _bare() -> dict[str, str]:
    """The environment without a word about threads."""
    spared = ("OMP_", "GOMP_", "KMP_", "MKL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(spared)}


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", BUSY_LOOP]) for _ in range(count)]
    try:
        # Else the first part of a turn would still be alone.
        time.sleep(0.3 if loops else 0)
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def compared(kind: str, folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """Both in turns, alone and beside busy cores."""
    import torch

    fixed = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    default, ours = Contender(kind, folder, fixed), Contender(kind, folder, wait_policy({}))
    found: list[dict[str, float]] = []
    for number in range(rounds):
        # Whoever goes first has no advantage in the end.
        pair = (default, ours) if number % 2 else (ours, default)
        alone = {each: each.speed(seconds) for each in pair}
        found.append({
            "default": alone[default],
            "alone": alone[ours],
            "beside one": ours.speed(seconds, busy=1),
            "beside two": ours.speed(seconds, busy=2),
        })  # fmt: skip
    stalled = default.speed(seconds, busy=1)
    default.close()
    ours.close()

    def median(top: str, bottom: str) -> float:
        return statistics.median(each[top] / each[bottom] for each in found)

    return {
        "rounds": found,
        "kakaobot / default, alone": median("alone", "default"),
        "time beside one / alone": median("alone", "beside one"),
        "time beside two / alone": median("alone", "beside two"),
        "default: time beside one / alone": found[-1]["default"] / stalled,
    }


def by_threads(kind: str, folder: Path, seconds: float, rounds: int) -> dict[str, float]:
    """What is done in a second alone, by number of threads."""
    counts = sorted({1, max(1, (os.cpu_count() or 1) // 2), os.cpu_count() or 1})
    contenders = {
        count: Contender(kind, folder, {**wait_policy({}), "OMP_NUM_THREADS": str(count)})
        for count in counts
    }
    speeds: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count, contender in contenders.items():
            speeds[count].append(contender.speed(seconds))
    for contender in contenders.values():
        contender.close()
    return {str(count): statistics.median(found) for count, found in speeds.items()}


def prepare_tiny(folder: Path) -> None:
    """As `prepare`, with a base that has hardly anything to compute."""
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    prepare(folder, "starter")
    base = folder / "base"
    tokenizer = AutoTokenizer.from_pretrained(base)
    base.unlink()
    torch.manual_seed(0)
    sizes: Any = {**TINY, "vocab_size": len(tokenizer), "tie_word_embeddings": True}
    Qwen3ForCausalLM(Qwen3Config(**sizes)).save_pretrained(base)
    tokenizer.save_pretrained(base)


def processor() -> str:
    """Its name, and the widest instructions it has for numbers of half precision."""
    name = platform.processor() or platform.machine()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        said = dict(line.split("\t", 1) for line in lines if "\t" in line)
        flags = said.get("flags", "").split()
        name = said.get("model name", name).lstrip("\t: ")
        widest = [flag for flag in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if flag in flags]
        name += f" ({widest[0]})" if widest else ""
    return name


def show(report: dict[str, Any]) -> None:
    print(f"{report['machine']['processor']}, {report['machine']['cores']} cores\n")
    print(
        f"{'work':10}{'base':10}{'alone':>10}{'of default':>12}{'+1 busy':>10}{'+2 busy':>10}",
        end="",
    )
    print(f"{'default +1':>12}")
    for row in report["busy"]:
        alone = statistics.median(each["alone"] for each in row["rounds"])
        print(
            f"{row['work']:10}{row['base']:10}{alone:8,.1f}/s"
            f"{row['kakaobot / default, alone']:12.2f}"
            f"{row['time beside one / alone']:9.2f}×{row['time beside two / alone']:9.2f}×"
            f"{row['default: time beside one / alone']:11.1f}×"
        )
    print(f"\n{'work':10}{'base':10}speed by threads")
    for row in report["threads"]:
        speeds = "   ".join(f"{count}: {speed:,.1f}" for count, speed in row["speeds"].items())
        print(f"{row['work']:10}{row['base']:10}{speeds}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="the starter only")
    parser.add_argument("--only", nargs=2, metavar=("WORK", "BASE"), help="one row of each table")
    parser.add_argument("--seconds", type=float, default=8.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    if args.serve:
        serve(args.serve[0], Path(args.serve[1]))
        return
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    report: dict[str, Any] = {"machine": machine, "busy": [], "threads": []}
    with tempfile.TemporaryDirectory() as name:
        folders = {base: Path(name) / base for base in ("tiny", "starter", "103M")}
        if args.quick:
            del folders["103M"]
        kinds = ("training", "chat")
        if args.only:
            kinds, folders = args.only[:1], {args.only[1]: folders[args.only[1]]}
        for base, folder in folders.items():
            folder.mkdir()
            prepare_tiny(folder) if base == "tiny" else prepare(folder, base)
        for base, folder in folders.items():
            for kind in kinds:
                row = {"work": kind, "base": base}
                speeds = by_threads(kind, folder, args.seconds, max(1, args.rounds // 2))
                report["threads"].append({**row, "speeds": speeds})
                if base != "tiny":
                    found = compared(kind, folder, args.seconds, args.rounds)
                    report["busy"].append({**row, **found})
    show(report)
    if args.json:
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
