"""A worker that runs out of memory backs off and trains to the same result."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config

from kakaobot.config import ROOT
from kakaobot.dataset import jsonl
from kakaobot.runs.exit_reason import is_short_of_memory
from kakaobot.runs.run import Run
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.settings import (
    LoraSettings,
    Settings,
    TrainingSettings,
)
from kakaobot.starter import FOLDER
from kakaobot.train.launcher import worker_environment
from kakaobot.train.oom_backoff import MemoryPlan, describe_backoff
from tests.patience import run_logged

STEPS, TIGHT_FROM = 4, 2

# Runs the real worker. From step `tight_from` on it may use `headroom` bytes more than after
# `prepare`; at the end it prints its peak above that. After an OOM it prints whether failed
# attempts keep their model alive. While a base is loaded again there is `LOADING` more: its weights
# are mapped from their file and copied, and native code aborts where Python would raise.
PROGRAM = """
import resource, sys, weakref
from pathlib import Path
from kakaobot.base import resolve
from kakaobot.train import job, worker

# Otherwise the buffers for logits would dominate.
resolve.LOGITS_PER_CHUNK = 400_000
folder, headroom, tight_from = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
LOADING = 32 * 2**20

def limit(size):
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))

def memory(name):
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) * 1024

class TrainingJob(worker.TrainingJob):
    ready, models = 0, []

    def prepare(self):
        if headroom and TrainingJob.ready:
            limit(TrainingJob.ready + headroom + LOADING)
        prepared = super().prepare()
        TrainingJob.ready = TrainingJob.ready or memory("VmSize")
        TrainingJob.models.append(weakref.ref(prepared[0].model))
        return prepared

    def _back_off(self, smaller):
        print("ALIVE", [model() is not None for model in TrainingJob.models], flush=True)
        super()._back_off(smaller)

class RunCallback(job.RunCallback):
    def on_step_begin(self, args, state, control, **options):
        if headroom and state.global_step == tight_from:
            limit(TrainingJob.ready + headroom)
        super().on_step_begin(args, state, control, **options)

worker.TrainingJob, job.RunCallback = TrainingJob, RunCallback
code = worker.main([folder])
print("PEAK", memory("VmPeak") - TrainingJob.ready, flush=True)
sys.exit(code)
"""


def test_micro_batches_shrink_before_checkpointing_is_used() -> None:
    plan, steps = MemoryPlan(512, checkpointing=False), []
    while True:
        smaller = plan.smaller(largest=400, longest=90)
        if smaller is None:
            break
        plan = smaller
        steps.append((plan.max_tokens, plan.checkpointing))
    # The limit was 512, but no micro-batch was larger than 400.
    assert steps == [(200, False), (100, False), (90, False), (90, True)]


def test_a_long_row_or_checkpointing_leaves_fewer_plans() -> None:
    assert MemoryPlan(512, checkpointing=False).smaller(1000, 1000) == MemoryPlan(
        512, checkpointing=True
    )
    assert MemoryPlan(512, checkpointing=True).smaller(1000, 1000) is None
    assert MemoryPlan(512, checkpointing=True).smaller(512, 300) == MemoryPlan(
        300, checkpointing=True
    )


def test_backoff_is_described_in_korean() -> None:
    one, two, three = MemoryPlan(2048, False), MemoryPlan(1024, False), MemoryPlan(1024, True)
    assert describe_backoff(one, two, 12) == (
        "메모리가 모자라 한 번에 계산하는 양을 1,024토큰으로 줄이고 12단계부터 이어 갑니다."
    )
    assert describe_backoff(two, three, 0) == (
        "메모리가 모자라 느리지만 메모리를 덜 쓰는 방식(gradient_checkpointing)으로 바꾸고 "
        "처음부터 다시 갑니다."
    )


@pytest.mark.parametrize(
    "allocate",
    [
        lambda: bytearray(1 << 62),
        lambda: torch.empty(1 << 58),
        lambda: _raise(torch.OutOfMemoryError("Tried to allocate 2.00 GiB. GPU 0 has a total")),
        lambda: _raise(RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)")),
        lambda: _raise(RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you")),
    ],
    ids=["Python", "torch", "CUDA", "MPS", "Windows"],
)
def test_is_short_of_memory_recognizes_errors_of_all_backends(
    allocate: Callable[[], object],
) -> None:
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        allocate()
    assert is_short_of_memory(caught.value)
    assert not is_short_of_memory(RuntimeError("The size of tensor a (3) must match b (4)"))


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow base with many layers: few weights, but large activations."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER), trust_remote_code=False)
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=192, num_hidden_layers=32,
        num_attention_heads=2, num_key_value_heads=2, head_dim=32, tie_word_embeddings=True,
        max_position_embeddings=512, pad_token_id=0,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def conversation(number: int, rounds: int) -> Conversation:
    """48 tokens per round."""
    messages = [
        message
        for _ in range(rounds)
        for message in (
            ChatMessage("user", f"{number}번째 물음인데 오늘 저녁은 어디에서 먹을까?"),
            ChatMessage("assistant", f"{number}번 가게에서 국수 먹자!", is_target=True),
        )
    ]
    return Conversation(f"{number}", "방", "도담", tuple(messages), ("a", "b"), ("", ""))


def write_dataset(folder: Path, rounds: int) -> Path:
    """Conversations of equal length."""
    folder.mkdir()
    for name, numbers in (("train", range(100, 164)), ("val", range(164, 180))):
        text = "".join(jsonl.dump_rows(conversation(number, rounds) for number in numbers))
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8", newline="\n")
    return folder


class MemoryRoom:
    """Trains the same base with more or less memory."""

    def __init__(self, root: Path, base: Path) -> None:
        self._root, self._base = root, base
        # A micro-batch holds ten short rows or one long one.
        self._data = {rounds: write_dataset(root / f"data-{rounds}", rounds) for rounds in (1, 10)}

    def train(
        self,
        name: str,
        *,
        headroom: int = 0,
        tight_from: int = 0,
        rounds: int = 1,
    ) -> tuple[Run, int]:
        """A run and the peak memory of its steps in bytes; `headroom` limits it unless 0."""
        run = Run(self._root / name)
        settings = Settings(
            # Dropout masks depend on the micro-batches.
            lora=LoraSettings(r=4, dropout=0.0),
            training=TrainingSettings(
                batch=16, max_steps=STEPS, save_steps=2, eval_steps=STEPS, max_seq_len=512,
                learning_rate=1e-3, sample_replies=0, early_stopping_patience=0,
            ),
        )  # fmt: skip
        run.create({
            "base": {"name": str(self._base), "label": "작은 모델"},
            "data": {"folder": str(self._data[rounds])},
            "settings": settings.model_dump(mode="json"),
        })  # fmt: skip
        argv = [str(run.path), str(headroom), str(tight_from)]
        run_logged(
            [sys.executable, "-X", "utf8", "-c", PROGRAM, *argv], run.log.file,
            run=run, cwd=ROOT, env={**worker_environment(), **STEADY},
        )  # fmt: skip
        log_text = run.log.file.read_text(encoding="utf-8")
        assert "PEAK " in log_text, log_text
        return run, int(log_text.rpartition("PEAK ")[2].split()[0])


STEADY = {
    "OMP_NUM_THREADS": "1",
    # Freed memory is returned to the system at once.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}


def losses(run: Run) -> dict[tuple[str, int], float]:
    return {(point.kind, point.step): point.value for point in run.points()}


def weights(run: Run, adapter: str) -> dict[str, torch.Tensor]:
    return load_file(run.path / adapter / "adapter_model.safetensors")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is enforced on Linux only")
def test_training_with_too_little_memory_gives_the_same_losses_and_weights(
    tmp_path: Path, deep: Path
) -> None:
    room = MemoryRoom(tmp_path, deep)
    whole, peak = room.train("whole")
    run, _ = room.train("tight", headroom=peak * 6 // 10, tight_from=TIGHT_FROM)
    log = run.log.file.read_text(encoding="utf-8")
    status = run.recorded_status()
    assert (status.state, status.step) == ("finished", STEPS), log
    assert status.notes, log
    for note in status.notes:
        assert note in log
        assert note.startswith("메모리가 모자라 ")
        assert note.endswith(f" {TIGHT_FROM}단계부터 이어 갑니다.")
    assert "240토큰으로 줄이고" in status.notes[0]
    assert f"{TIGHT_FROM}단계부터 이어서 학습합니다." in log
    assert "ALIVE" in log
    assert "True" not in "".join(line for line in log.splitlines() if line.startswith("ALIVE"))
    assert losses(run) == pytest.approx(losses(whole), rel=1e-5)
    assert {step for kind, step in losses(run) if kind == "loss"} == {*range(1, STEPS + 1)}
    for adapter in ("adapter_best", "adapter_latest"):
        for name, weight in weights(whole, adapter).items():
            distance = torch.linalg.norm(weights(run, adapter)[name] - weight)
            assert distance <= 1e-3 * torch.linalg.norm(weight), name

    # If not even one row fits, the status gives advice.
    run, _ = room.train("hopeless", headroom=peak // 40, rounds=10)
    log = run.log.file.read_text(encoding="utf-8")
    status = run.recorded_status()
    assert status.state == "failed", log
    for advice in (
        "메모리가 모자라",
        "training.max_seq_len",
        "데이터 준비를 다시",
        "model.base_model",
    ):
        assert advice in status.message
    assert "gradient_checkpointing" in status.notes[-1]
    assert all(note.endswith(" 처음부터 다시 갑니다.") for note in status.notes)
