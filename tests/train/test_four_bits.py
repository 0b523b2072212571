"""A worker that trains on an NF4 base, and one that falls back when 4-bit loading fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from kakaobot.base.generation import Sampling
from kakaobot.base.loading import load_base
from kakaobot.chat.engine import Engine
from kakaobot.config import ROOT
from kakaobot.dataset.jsonl import to_row
from kakaobot.runs.run import Run
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.settings import LoraSettings, Settings
from kakaobot.starter import FOLDER
from kakaobot.train.adapter import with_lora
from kakaobot.train.launcher import worker_environment
from tests.patience import run_logged

NO_PACKAGE = {"bitsandbytes/__init__.py": "raise ImportError('a broken installation')"}
# As on a GPU without prebuilt kernels: loading works, the first matrix product fails.
NO_KERNEL = {
    "sitecustomize.py": """
import importlib.abc, importlib.machinery, sys
class Loader(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "bitsandbytes.nn.modules":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module
        def execute(module):
            run(module)
            def fail(*args, **options):
                raise RuntimeError("CUDA error: no kernel image is available")
            module.Linear4bit.forward = fail
        spec.loader.exec_module = execute
        return spec
sys.meta_path.insert(0, Loader())
"""
}


def conversation(number: int) -> Conversation:
    messages = (
        ChatMessage("user", f"{number}시에 뭐 해?"),
        ChatMessage("assistant", "밥 먹지 ㅋㅋ", is_target=True),
    )
    return Conversation(str(number), "방", "도담", messages, ("a", "b"), ("", ""))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    for name, count in (("train", 8), ("val", 2)):
        rows = [to_row(conversation(number)) for number in range(count)]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    settings = Settings().model_dump(mode="json")
    settings["model"]["load_in_4bit"] = True
    settings["training"] |= {"max_steps": 6, "max_seq_len": 128, "learning_rate": 3e-3}
    run = Run(tmp_path / "main")
    base = {"name": "starter", "label": "연습용", "reason": "", "practice": True}
    run.create({"settings": settings, "data": {"folder": str(tmp_path)}, "base": base})
    return run


def train(run: Run, shadows: dict[str, str], folder: Path) -> None:
    """Run a worker; `shadows` are files that come before the installed packages on the path."""
    for name, text in shadows.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    code = run_logged(
        [sys.executable, "-m", "kakaobot.train.worker", str(run.path)], run.log.file,
        run=run, cwd=ROOT, env={**worker_environment(), "PYTHONPATH": str(folder)},
    )  # fmt: skip
    assert code == 0, run.log.tail(60)
    assert run.recorded_status().state == "finished", run.log.tail(60)


@pytest.mark.slow
def test_a_4bit_base_trains_and_chats(run: Run, tmp_path: Path) -> None:
    train(run, {}, tmp_path / "nothing")
    assert run.recorded_status().notes == ()
    losses = [point.value for point in run.points() if point.kind == "eval_loss"]
    assert losses[-1] < losses[0] - 0.1
    adapter = run.checkpoints.adapter()
    assert adapter is not None
    options: dict[str, Any] = {"dtype": "auto", "attn_implementation": "auto", "max_turns": 4}
    engine = Engine.load(str(FOLDER), adapter[1], load_in_4bit=True, **options)
    greedy = Sampling(16, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
    assert list(engine.stream_reply([ChatMessage("user", "3시에 뭐 해?")], greedy))[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shadows", "reason"),
    [(NO_PACKAGE, "broken installation|bitsandbytes"), (NO_KERNEL, "no kernel image")],
    ids=["broken package", "kernel error"],
)
def test_failed_4bit_loading_falls_back_with_a_note(
    run: Run, tmp_path: Path, shadows: dict[str, str], reason: str
) -> None:
    train(run, shadows, tmp_path / "shadows")
    [note] = run.recorded_status().notes
    assert "4비트로 읽지 못해" in note
    assert any(word in note for word in reason.split("|")), note
    assert note in run.log.file.read_text(encoding="utf-8")


def test_only_the_adapter_of_a_4bit_base_is_trainable_and_the_head_keeps_its_dtype() -> None:
    base = load_base(str(FOLDER), load_in_4bit=True)
    before = base.model.get_memory_footprint()
    model = with_lora(base, LoraSettings(r=4), checkpointing=True)
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert trainable
    assert all("lora_" in name for name in trainable)
    adapter = sum(4 * parameter.numel() for parameter in trainable.values())
    assert model.get_memory_footprint() == pytest.approx(before + adapter, rel=0.02)
    ids = torch.tensor([base.renderer.prompt([ChatMessage("user", "안녕")])])
    model.train()(input_ids=ids).logits.sum().backward()
    grads = [parameter.grad for name, parameter in trainable.items() if "lora_B" in name]
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads)
