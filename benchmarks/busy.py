"""Training and chat on an idle machine, and beside one or two busy cores.

    python benchmarks/busy.py [--quick] [--only WORK BASE] [--seconds N] [--rounds N] [--json FILE]

Two processes do the same work and differ only in their threads. `default` has as many as torch
chooses, with the wait policy of its OpenMP runtime; `kakaobot` sets the policy
(`kakaobot/openmp.py`) and adapts to the load (`kakaobot/base/threads.py`). Both are loaded once and
take turns of some seconds while the other blocks on its input, so that all figures of a workload
come from the same minutes. A busy core is a Python process in an endless loop. The bases are the
starter (6.8 million parameters) and the starter widened to 103 million. Training uses the worker's
trainer, chat the engine with greedy decoding.

Reported are trained tokens (with padding) or replies per second, the speed of `kakaobot` relative
to `default` on the idle machine (median over rounds of the ratio within a round), and how much
longer the same work takes beside busy cores once the load has been noticed. `default` beside one
busy core is measured once, to show the size of the problem.

The second table is the speed by number of threads, also for a tiny base of 0.6 million parameters.
The minimum work per thread in `kakaobot/base/threads.py` comes from it.
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
"""Seconds of work before a process is ready: it allocates and chooses kernels."""


# -- child process


def serve(kind: str, folder: Path) -> None:
    """Work one turn per line on stdin, which holds its seconds; print the work and the time.

    The first `SETTLING` seconds of a turn are not counted.
    """
    turns = _Turns()
    {"training": _train, "chat": _chat}[kind](folder, turns)


class _Turns:
    """Keeps the time of the current turn; blocks on input between turns."""

    def __init__(self) -> None:
        self._seconds = _WARM_UP
        self._until = time.perf_counter() + SETTLING
        self._settled = self._warm = False
        self._start = self._done = 0.0

    def over(self, done: float) -> bool:
        """Count work done since the last call. True once there are no more turns."""
        self._done += done
        now = time.perf_counter()
        if now < self._until:
            return False
        if not self._settled:
            self._settled, self._start, self._done = True, now, 0.0
            self._until = now + self._seconds
            return False
        if self._warm:
            result = {"done": self._done, "seconds": now - self._start}
            print(TURN + json.dumps(result), flush=True)
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

    class Turn(TrainerCallback):
        cells = 0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_training_stop = turns.over(trainer.counter.padded_tokens - self.cells)
            self.cells = trainer.counter.padded_tokens

    trainer.add_callback(Turn())
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
        # Whole sets only, as the replies differ in length.
        for question in QUESTIONS:
            for _ in engine.stream_reply([ChatMessage("user", question)], greedy):
                pass
        if turns.over(len(QUESTIONS)):
            return


# -- parent process


class Contender:
    """A loaded child process that works on request."""

    def __init__(self, kind: str, folder: Path, environ: dict[str, str]) -> None:
        command = [sys.executable, "-X", "utf8", __file__, "--serve", kind, str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, env={**_environ_without_threads(), **ENVIRONMENT, **environ},
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        while self._line() != READY:
            pass

    def speed(self, seconds: float, busy: int = 0) -> float:
        """Work per second beside a number of busy cores."""
        with busy_cores(busy):
            self._input.write(f"{seconds}\n")
            self._input.flush()
            # The trainer prints its losses in between.
            while not (line := self._line()).startswith(TURN):
                pass
        result = json.loads(line.removeprefix(TURN))
        return float(result["done"] / result["seconds"])

    def close(self) -> None:
        self._input.close()
        self._process.wait()

    def _line(self) -> str:
        line = self._output.readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        return line.strip()


def _environ_without_threads() -> dict[str, str]:
    prefixes = ("OMP_", "GOMP_", "KMP_", "MKL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", BUSY_LOOP]) for _ in range(count)]
    try:
        # Let the loops start before the turn does.
        time.sleep(0.3 if loops else 0)
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def compare(kind: str, folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """Both processes in turns, alone and beside busy cores."""
    import torch

    fixed = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    default, ours = Contender(kind, folder, fixed), Contender(kind, folder, wait_policy({}))
    results: list[dict[str, float]] = []
    for number in range(rounds):
        # Alternate who goes first.
        pair = (default, ours) if number % 2 else (ours, default)
        alone = {contender: contender.speed(seconds) for contender in pair}
        results.append({
            "default": alone[default],
            "alone": alone[ours],
            "beside one": ours.speed(seconds, busy=1),
            "beside two": ours.speed(seconds, busy=2),
        })  # fmt: skip
    stalled = default.speed(seconds, busy=1)
    default.close()
    ours.close()

    def median(top: str, bottom: str) -> float:
        return statistics.median(result[top] / result[bottom] for result in results)

    return {
        "rounds": results,
        "kakaobot / default, alone": median("alone", "default"),
        "time beside one / alone": median("alone", "beside one"),
        "time beside two / alone": median("alone", "beside two"),
        "default: time beside one / alone": results[-1]["default"] / stalled,
    }


def by_threads(kind: str, folder: Path, seconds: float, rounds: int) -> dict[str, float]:
    """Number of threads → work per second on the idle machine."""
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
    return {str(count): statistics.median(values) for count, values in speeds.items()}


def prepare_tiny(folder: Path) -> None:
    """As `prepare`, with a tiny base."""
    import torch
    from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    prepare(folder, "starter")
    base = folder / "base"
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    base.unlink()
    torch.manual_seed(0)
    sizes: Any = {**TINY, "vocab_size": len(tokenizer), "tie_word_embeddings": True}
    Qwen3ForCausalLM(Qwen3Config(**sizes)).save_pretrained(base)
    tokenizer.save_pretrained(base)


def processor() -> str:
    """Name of the CPU and its widest vector instructions."""
    name = platform.processor() or platform.machine()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        info = dict(line.split("\t", 1) for line in lines if "\t" in line)
        flags = info.get("flags", "").split()
        name = info.get("model name", name).lstrip("\t: ")
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
        alone = statistics.median(result["alone"] for result in row["rounds"])
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
    parser.add_argument("--seconds", type=float, default=8.0, help="per turn")
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
                    results = compare(kind, folder, args.seconds, args.rounds)
                    report["busy"].append({**row, **results})
    show(report)
    if args.json:
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
