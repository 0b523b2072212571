"""Memory estimates against real trainings, and parameter counts against real models."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from kakaobot.base.loading import device_facts, parameters_of
from kakaobot.config import ROOT
from kakaobot.settings import LoraSettings, TrainingSettings
from kakaobot.starter import FOLDER as STARTER
from kakaobot.train.cost_model import (
    QWEN3,
    DatasetSize,
    Machine,
    ModelDimensions,
    equivalent_tokens,
    estimate_memory,
    micro_batch_tokens,
    plan_and_flops,
)
from kakaobot.train.launcher import worker_environment
from tests.patience import run_logged

MODELS = {
    "deep and narrow": {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 40,
                        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
                        "vocab_size": 2000},
    "wide and shallow": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 3,
                         "num_attention_heads": 8, "num_key_value_heads": 8, "head_dim": 128,
                         "vocab_size": 2000},
    "many words": {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 2,
                   "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 64,
                   "vocab_size": 151_936},
}  # fmt: skip
LORA, TRAINING = LoraSettings(), TrainingSettings(batch=2, max_seq_len=512)
SIZE = DatasetSize(
    rows=8, tokens=2712, target_tokens=1627, longest=512, val_tokens=2712, val_target_tokens=1627
)

# Trains on rows of many lengths, as the worker does, and prints its peak memory in bytes.
PROGRAM = """
import random, resource, sys, tempfile
from transformers import TrainingArguments
from kakaobot.base import loading
from kakaobot.settings import LoraSettings
from kakaobot.train.adapter import with_lora
from kakaobot.train.collate import IGNORED, Row
from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.trainer import LoraTrainer, RowDataset
import torch
loading.load_tokenizer = lambda name: None
loading.renderer_for = lambda tokenizer: None
base = loading.load_base(sys.argv[1], dtype=sys.argv[2], load_in_4bit=False)
rng = random.Random(0)
def row(length):
    ids = tuple(rng.randrange(1, 2000) for _ in range(length))
    return Row(ids, tuple(IGNORED if i < length * 0.4 else t for i, t in enumerate(ids)))
rows = RowDataset(tuple(row(length) for length in (512, 480, 440, 390, 330, 260, 200, 100)))
trainer = LoraTrainer(
    model=with_lora(base, LoraSettings(), checkpointing=False),
    args=TrainingArguments(
        output_dir=tempfile.mkdtemp(), max_steps=4, bf16=base.dtype is torch.bfloat16,
        use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no",
        # Each line shows that it is alive.
        logging_steps=1,
    ),
    train=rows, val=rows, schedule=BatchSchedule(rows.lengths, 4, 4, 0), batch=2, max_tokens=512,
    pad_id=0,
)
trainer.train()
# On Linux ru_maxrss starts at that of the parent process.
hwm = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")] \
    if sys.platform == "linux" else []
print(int(hwm[0]) * 1024 if hwm else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def config_of(sizes: dict[str, Any], kind: str = "qwen3") -> Any:
    return AutoConfig.for_model(kind, **sizes, tie_word_embeddings=True, pad_token_id=0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no peak memory in Python on Windows")
@pytest.mark.parametrize("name", MODELS)
def test_the_memory_estimate_is_within_a_quarter_of_the_measured_peak(
    name: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    # As the worker would choose: emulated, half precision is 20 times slower.
    half = name == "many words" and device_facts(torch.device("cpu")).half is not None
    model = AutoModelForCausalLM.from_config(config_of(MODELS[name]))
    model.to(torch.bfloat16 if half else torch.float32).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(STARTER / name, tmp_path)
    del model
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    dimensions = ModelDimensions.from_config(config)
    assert dimensions is not None
    estimated = estimate_memory(dimensions, Machine(half=half), LORA, TRAINING, SIZE)
    log = tmp_path / "log"
    code = run_logged(
        [sys.executable, "-c", PROGRAM, str(tmp_path), "bfloat16" if half else "float32"], log,
        cwd=ROOT, env=worker_environment(),
    )  # fmt: skip
    printed = log.read_text(encoding="utf-8")
    assert code == 0, printed
    peak = int(printed.strip().splitlines()[-1])
    by_use = {use: round(value / 1e6) for use, value in asdict(estimated).items()}
    print(
        f"{name}: {estimated.total / 1e6:.0f} MB estimated, {peak / 1e6:.0f} MB measured, {by_use}"
    )
    assert estimated.total == pytest.approx(peak, rel=0.25), by_use


@pytest.mark.parametrize("kind", ["qwen3", "qwen2", "llama", "gemma2", "gemma3_text"])
def test_parameter_counts_match_real_models(kind: str) -> None:
    config = config_of(MODELS["wide and shallow"], kind)
    dimensions = ModelDimensions.from_config(config.to_dict())
    assert dimensions is not None
    assert dimensions.parameters == pytest.approx(parameters_of(config), rel=0.005)
    assert dimensions.softcapped is (kind == "gemma2")


def test_the_known_bases_have_the_sizes_in_their_names() -> None:
    named = {"0.6B": 0.596, "1.7B": 1.72, "4B-Instruct-2507": 4.02, "8B": 8.19}
    assert {name.removeprefix("Qwen/Qwen3-") for name in QWEN3} == set(named)
    for name, billions in named.items():
        assert QWEN3[f"Qwen/Qwen3-{name}"].parameters / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize(
    "config", [{}, {"model_type": "mamba", "hidden_size": 8}, {"model_type": "qwen3"}]
)
def test_an_unknown_architecture_has_no_dimensions(config: dict[str, Any]) -> None:
    assert ModelDimensions.from_config(config) is None


def test_lora_parameter_counts_match_peft() -> None:
    from kakaobot.base.loading import load_base
    from kakaobot.starter import FOLDER
    from kakaobot.train.adapter import with_lora

    base = load_base(str(FOLDER))
    dimensions = ModelDimensions.from_config(base.model.config.to_dict())
    assert dimensions is not None
    model = with_lora(base, LORA, checkpointing=False)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert dimensions.lora_parameters(LORA) == trainable


def test_smaller_settings_need_less_memory_and_fewer_flops() -> None:
    dimensions, machine = QWEN3["Qwen/Qwen3-1.7B"], Machine("cuda", half=True)

    def total(machine: Machine = machine, lora: LoraSettings = LORA, **training: int) -> int:
        settings = TrainingSettings(**{"max_seq_len": 1024, **training})
        size = replace(SIZE, longest=1024)
        return estimate_memory(dimensions, machine, lora, settings, size).total

    default = total()
    assert total(replace(machine, load_in_4bit=True)) < default * 0.85
    assert total(replace(machine, checkpointing=True)) < default * 0.8
    assert total(lora=LoraSettings(r=4)) < default
    assert total(lora=LoraSettings(target_modules=("q_proj", "v_proj"))) < default
    assert total(max_seq_len=256) < default
    flops = [
        plan_and_flops(dimensions, LORA, TrainingSettings(epochs=n, batch=4), SIZE)[1]
        for n in (2, 4)
    ]
    assert flops[0] < flops[1] < 2 * flops[0]
    # Two epochs, and four evaluations on as many tokens, which have no backward pass.
    tokens = equivalent_tokens(
        dimensions, LORA, TrainingSettings(epochs=2, batch=4, eval_steps=2), SIZE
    )
    assert 2 * SIZE.tokens < tokens < 4 * SIZE.tokens


def test_micro_batches_fill_a_gpu_but_not_a_cpu() -> None:
    dimensions, training = QWEN3["Qwen/Qwen3-0.6B"], TrainingSettings(batch=64, max_seq_len=512)
    size = replace(SIZE, rows=1000, tokens=512_000, target_tokens=300_000)

    def tokens(device: str, gigabytes: float, model: ModelDimensions | None = dimensions) -> int:
        machine, free = Machine(device, half=True), int(gigabytes * 2**30)
        return micro_batch_tokens(model, machine, LORA, training, size, free)

    on_gpus = [tokens("cuda", gigabytes) for gigabytes in (2, 6, 12, 24, 140)]
    assert on_gpus == sorted(on_gpus)
    assert on_gpus[0] == 512
    assert on_gpus[-1] == 16_384
    assert len(set(on_gpus)) >= 4
    assert tokens("cpu", 140) == tokens("cuda", 140, None) == 512
