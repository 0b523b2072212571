"""How fast this computer multiplies matrices, and learns with a base of some shape.

Measured in a process of its own: `python -m kakaobot.train.probe [task as JSON]`.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from kakaobot.base import resolve
from kakaobot.config import ROOT
from kakaobot.openmp import wait_policy
from kakaobot.settings import LoraSettings, ModelSettings
from kakaobot.train.cost_model import AT_ONCE, DatasetSize, ModelDimensions

_ROUNDS = 6
_SHAPE = (512, 1024, 3072)
_FEW, _MORE = 1, 3
"""Layers of the two small models from which the time of one layer, and of all else, is known."""
_WIDTHS = (0.6, 1.3, 0.8, 1.1, 1.0)
"""Lengths of the rows that are tried: a CPU prepares itself anew for each that it has not seen."""
_SECONDS = 8.0
"""After which no further one is tried."""


@dataclass(frozen=True)
class Task:
    """What is tried: a few steps with a base of that shape, but of few layers."""

    shape: ModelDimensions
    lora_r: int
    lora_dropout: float
    modules: str | tuple[str, ...]
    dtype: str
    length: int
    """Tokens of a row, about."""
    target_tokens: float
    """Share of them that are learnt, about."""

    @classmethod
    def of(
        cls,
        shape: ModelDimensions,
        lora: LoraSettings,
        model: ModelSettings,
        amount: DatasetSize,
        longest: int,
    ) -> Task:
        """Rounded, so that a few messages more are no other task."""
        length = amount.tokens / max(1, amount.rows)
        return cls(
            shape,
            lora.r,
            lora.dropout,
            lora.target_modules,
            model.dtype,
            length=max(32, min(longest, round(length / 32) * 32)),
            target_tokens=max(0.1, round(amount.target_tokens / max(1, amount.tokens), 1)),
        )


@dataclass(frozen=True)
class Speed:
    half: bool
    """Whether models of more than a few million parameters are computed in half precision."""
    per_second: float
    """Floating-point operations in that precision."""
    single_per_second: float
    """The same in fp32."""
    tokens_per_second: float | None = None
    """Of the task, where it could be tried."""


@functools.cache
def measured(task: Task | None = None, timeout: float = 180.0) -> Speed | None:
    """Measure once in a program's life for a task, which takes some seconds.

    Args:
        task: what is tried as well.
        timeout: seconds after which it is given up.

    Returns:
        None where it cannot be done.
    """
    argv = [json.dumps(asdict(task))] if task else []
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kakaobot.train.probe", *argv],
            cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=True,
            env={**os.environ, **wait_policy()},
        )  # fmt: skip
        return Speed(**json.loads(done.stdout.strip().splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, IndexError):
        return measured(None, timeout) if task else None


def measure(task: Task | None = None) -> Speed:
    """In this process. Loads torch."""
    import torch

    from kakaobot.base.loading import best_device, device_facts

    device = best_device()
    half = device_facts(device).half

    def speed(dtype: torch.dtype) -> float:
        rows, ins, outs = _SHAPE
        one = torch.randn(rows, ins, device=device).to(dtype)
        other = torch.randn(ins, outs, device=device).to(dtype)
        best = float("inf")
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            # On a graphics card the work is done when its result is asked for.
            float((one @ other)[0, 0])
            best = min(best, time.perf_counter() - began)
        return 2 * rows * ins * outs / best

    single = speed(torch.float32)
    tried = tokens_per_second(task) if task else None
    return Speed(half is not None, speed(getattr(torch, half)) if half else single, single, tried)


def tokens_per_second(task: Task) -> float:
    """By steps of two models of few layers, with the worker's own adapter and loss."""
    import torch

    from kakaobot.base.loading import LoadedBase, best_device, device_facts
    from kakaobot.train.adapter import with_lora
    from kakaobot.train.loss import MaskedLoss

    device = best_device()
    precision = resolve.dtype(task.dtype, device_facts(device), task.shape.parameters)
    dtype: torch.dtype = getattr(torch, precision)
    base = _model(task.shape, device, dtype)
    nobody: Any = None
    loaded = LoadedBase(base, None, nobody, device, dtype, False, resolve.DEFAULT_CONTEXT, ())
    lora = LoraSettings(r=task.lora_r, dropout=task.lora_dropout, target_modules=task.modules)
    model = with_lora(loaded, lora, checkpointing=False)
    loss = MaskedLoss(model)
    model.train()
    half = dtype if dtype is not torch.float32 else torch.bfloat16
    seconds = {}
    for layers in (_MORE, _FEW):
        base.model.layers = base.model.layers[:layers]
        base.config.num_hidden_layers = layers
        began, times = time.perf_counter(), []
        for number, width in enumerate((1.0, *_WIDTHS)):
            length = max(16, int(task.length * width))
            rows = max(1, AT_ONCE // length)
            ids = torch.randint(task.shape.vocabulary, (rows, length), device=device)
            labels = torch.where(
                torch.rand(ids.shape, device=device) < task.target_tokens, ids, -100
            )
            labels[:, -1] = ids[:, -1]
            now = time.perf_counter()
            with torch.autocast(device.type, half, enabled=dtype is not torch.float32):
                total = loss(ids, labels) / ids.numel()
            total.backward()
            float(total.detach())
            if number:
                times.append((time.perf_counter() - now) / ids.numel())
            if times and time.perf_counter() - began > _SECONDS:
                break
        seconds[layers] = sum(times) / len(times)
    layer = max(0.0, seconds[_MORE] - seconds[_FEW]) / (_MORE - _FEW)
    return 1 / (seconds[_FEW] + layer * (task.shape.layers - _FEW))


def _model(shape: ModelDimensions, device: Any, dtype: Any) -> Any:
    """A base of Qwen3's make with random weights and few layers."""
    import torch
    from transformers import AutoModelForCausalLM, Qwen3Config

    head = next(
        size for size in (128, 64, 32, 16, 8, 4, 2, 1) if not (shape.queries | shape.keys) % size
    )
    config = Qwen3Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=_MORE,
        num_attention_heads=shape.queries // head,
        num_key_value_heads=shape.keys // head,
        head_dim=head,
        tie_word_embeddings=shape.tied,
    )
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


if __name__ == "__main__":
    given = json.loads(sys.argv[1]) if sys.argv[1:] else None
    if given:
        modules = given["modules"]
        given["modules"] = modules if isinstance(modules, str) else tuple(modules)
        given["shape"] = ModelDimensions(**given["shape"])
    found = measure(Task(**given) if given else None)
    sys.stdout.write("\n" + json.dumps(asdict(found)) + "\n")
