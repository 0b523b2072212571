"""The training loop: loss and gradients of a step, token counts, the adapter."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen3Config, TrainingArguments

from kakaobot.base.loading import LoadedBase, load_base
from kakaobot.errors import ConfigError
from kakaobot.settings import LoraSettings, TrainingSettings
from kakaobot.starter import FOLDER
from kakaobot.train.adapter import SparseDropout, with_lora
from kakaobot.train.collate import IGNORED, Row
from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.plan import Plan
from kakaobot.train.trainer import LoraTrainer, RowDataset


def random_rows(count: int, seed: int) -> RowDataset:
    """Rows of 3 to 40 tokens, each with another share of targets."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        ids = tuple(rng.randrange(1, 300) for _ in range(rng.randint(3, 40)))
        share = rng.random()
        mask = [False, *(rng.random() < share for _ in ids[2:]), True]
        labels = tuple(i if target else IGNORED for i, target in zip(ids, mask, strict=True))
        rows.append(Row(ids, labels))
    return RowDataset(tuple(rows))


def model_with_lora(dropout: float = 0.0) -> Any:
    torch.manual_seed(1)
    config = Qwen3Config(
        vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, initializer_range=0.3,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    base = LoadedBase(model, None, None, torch.device("cpu"), torch.float32, False, 512, ())  # type: ignore[arg-type]
    return with_lora(base, LoraSettings(r=4, dropout=dropout), checkpointing=False)


def trainer_for(
    folder: Path, *, accumulation: int = 1, max_tokens: int = 10_000, steps: int = 1
) -> LoraTrainer:
    train = random_rows(12, 1)
    schedule = BatchSchedule(train.lengths, accumulation, steps * accumulation, seed=0)
    return LoraTrainer(
        model=model_with_lora(),
        args=TrainingArguments(
            output_dir=str(folder), max_steps=steps, learning_rate=0.1,
            lr_scheduler_type="constant", gradient_accumulation_steps=accumulation,
            max_grad_norm=0.0, optim="sgd", use_cpu=True,
            report_to=[], disable_tqdm=True, save_strategy="no", logging_steps=1,
        ),
        train=train,
        val=random_rows(7, 2),
        schedule=schedule,
        batch=3,
        max_tokens=max_tokens,
        pad_id=0,
    )  # fmt: skip


def mean_loss(model: Any, rows: RowDataset) -> torch.Tensor:
    """Over all target tokens, one row at a time."""
    model.eval()
    sums, count = [], 0
    for row in (rows[index] for index in range(len(rows))):
        ids, labels = torch.tensor([row.ids]), torch.tensor([row.labels])
        logits = model(input_ids=ids).logits[0, :-1]
        sums.append(torch.nn.functional.cross_entropy(logits, labels[0, 1:], reduction="sum"))
        count += int((labels[0, 1:] != IGNORED).sum())
    return torch.stack(sums).sum() / count


@pytest.mark.parametrize(("accumulation", "max_tokens"), [(1, 10_000), (3, 10_000), (4, 40)])
def test_step_loss_is_the_mean_over_target_tokens_however_the_batch_is_cut(
    tmp_path: Path, accumulation: int, max_tokens: int
) -> None:
    model = model_with_lora()
    expected = mean_loss(model, random_rows(12, 1))
    expected.backward()
    trainer = trainer_for(tmp_path, accumulation=accumulation, max_tokens=max_tokens)
    trainer.train()
    trained: Any = trainer.model
    assert trainer.state.log_history[0]["loss"] == pytest.approx(float(expected), rel=1e-3)
    # One step of SGD at a rate of 0.1 reveals the gradient.
    for (name, after), (_, before) in zip(
        trained.named_parameters(), model.named_parameters(), strict=True
    ):
        if before.grad is not None:
            gradient = (before.detach() - after.detach()) / 0.1
            torch.testing.assert_close(gradient, before.grad, rtol=1e-3, atol=1e-6, msg=name)


def test_eval_loss_is_the_mean_over_tokens_not_over_batches(tmp_path: Path) -> None:
    trainer = trainer_for(tmp_path)
    expected = float(mean_loss(trainer.model, random_rows(7, 2)))
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)


def test_token_counter_leaves_validation_out(tmp_path: Path) -> None:
    trainer = trainer_for(tmp_path, accumulation=2, steps=2)
    trainer.train()
    rows, counter = random_rows(12, 1), trainer.counter
    assert counter.tokens == 2 * sum(rows.lengths)
    assert counter.target_tokens == 2 * sum(
        sum(label != IGNORED for label in rows[index].labels) for index in range(12)
    )
    before = counter.padded_tokens
    trainer.evaluate()
    assert counter.padded_tokens == before >= counter.tokens
    assert 0 <= counter.padding < 1


def test_sparse_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    dropout = SparseDropout(0.05)
    values = torch.ones(200, 300, requires_grad=True)
    out = dropout(values)
    assert float((out == 0).float().mean()) == pytest.approx(0.05, abs=0.003)
    assert float(out.mean().detach()) == pytest.approx(1, abs=0.005)
    out.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, out.detach())
    assert dropout.eval()(values) is values


def test_adapter_uses_the_dropout_setting_and_fp32() -> None:
    model = model_with_lora(dropout=0.1)
    dropouts = [module for module in model.modules() if isinstance(module, SparseDropout)]
    assert len(dropouts) == 2 * 7
    assert {module.p for module in dropouts} == {0.1}
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert {parameter.dtype for parameter in trainable} == {torch.float32}


def test_missing_target_modules_raise_a_config_error() -> None:
    lora = LoraSettings(target_modules="no_such_proj")
    with pytest.raises(ConfigError, match="no_such_proj"):
        with_lora(load_base(str(FOLDER)), lora, checkpointing=False)


def test_steps_follow_from_rows_and_accumulation() -> None:
    plan = Plan.of(TrainingSettings(batch=4, accumulation=2, epochs=3), 101)
    assert plan.per_epoch == 26
    assert plan.max_steps == 39
    assert Plan.of(TrainingSettings(max_steps=7), 3).max_steps == 7
