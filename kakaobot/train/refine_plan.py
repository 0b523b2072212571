"""How a refine is trained: numbers chosen by `benchmarks/refine.py`, and its config. No torch."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kakaobot.config import Home, parse
from kakaobot.dataset.corrections import Corrections
from kakaobot.runs.log import now_text
from kakaobot.runs.metrics import Point
from kakaobot.runs.portable_paths import to_portable
from kakaobot.runs.refinement import REFINE_SECTION, Refinement
from kakaobot.runs.run import Run
from kakaobot.settings import Settings
from kakaobot.train.length_buckets import BatchSchedule, length_buckets
from kakaobot.train.plan import Plan
from kakaobot.train.run_config import base_of

_EPOCHS, _BATCH, _PATIENCE = 8, 4, 3
_MIN_NOISE, _MAX_NOISE = 0.03, 0.1
_RECIPE, _NOISE = "recipe", "noise"
"""Keys in the section of the config."""


@dataclass(frozen=True)
class RefineRecipe:
    """What a refine is made of."""

    replay: float = 4.0
    """Ordinary replies in each epoch for each correction."""
    at_least: int = 16
    """Ordinary replies in each epoch, however few corrections there are."""
    rate: float = 0.5
    """Share of the peak learning rate of an ordinary run."""

    def replayed(self, corrections: int, available: int) -> int:
        """Ordinary replies in an epoch."""
        return min(available, max(self.at_least, math.ceil(self.replay * corrections)))

    @classmethod
    def of(cls, run: Run) -> RefineRecipe:
        """The recipe a refine was started with.

        Raises:
            RunError: its config is missing or damaged.
        """
        values = run.section(REFINE_SECTION, _RECIPE)[_RECIPE]
        return cls(float(values["replay"]), int(values["at_least"]), float(values["rate"]))


@dataclass(frozen=True)
class RefineSchedule(BatchSchedule):
    """Each epoch: all corrections, and the next ordinary replies.

    Ordinary replies are the rows before `first_correction`.
    """

    first_correction: int
    replayed: int
    """Ordinary replies in an epoch."""

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(self.first_correction))
        random.Random(self.seed).shuffle(order)
        corrections = range(self.first_correction, len(self.lengths))
        for start in range(0, self.total, self.per_epoch):
            epoch = start // self.per_epoch
            begin = epoch * self.replayed
            drawn = [order[(begin + i) % len(order)] for i in range(self.replayed)]
            rows = [*drawn, *corrections]
            rng = random.Random(f"{self.seed}/{epoch}")
            batches = length_buckets([self.lengths[row] for row in rows], self.per_epoch, rng)
            for batch in batches[: self.total - start]:
                yield [rows[index] for index in batch]


def loss_noise(points: Sequence[Point], best_step: int | None) -> float:
    """By how much the loss of a run may rise, in nats per token, and still count as the same.

    The best evaluation is partly luck: in the chat nobody could tell it from the nearer one of
    those beside it. At least 3 % of the loss (`benchmarks/refine.py` saw neither style nor topics
    suffer from 3.5 %), and at most a tenth; 0 if it is unknown.
    """
    losses = {point.step: point.value for point in points if point.kind == "eval_loss"}
    best = losses.get(best_step or 0)
    if best is None or not best_step:
        return 0.0
    earlier = [losses[step] for step in sorted(losses) if 0 < step < best_step][-1:]
    later = [losses[step] for step in sorted(losses) if step > best_step][:1]
    rises = [loss - best for loss in (*earlier, *later)]
    return max(_MIN_NOISE * best, min(*rises, _MAX_NOISE * best)) if rises else _MIN_NOISE * best


def refine_settings(source: Settings, current: Settings) -> Settings:
    """Settings of a refine: those of its source, the memory options of now, and its own schedule.

    Args:
        source: of the run whose adapter it begins with.
        current: of the settings file.
    """
    training = source.training.model_copy(
        update={
            "max_steps": 0,
            "epochs": float(_EPOCHS),
            "batch": _BATCH,
            "accumulation": 1,
            "eval_steps": 0,
            "save_steps": 0,
            "early_stopping_patience": _PATIENCE,
            "best_metric": "eval_loss",
            "num_processes": 1,
            "accelerate_config": "",
        }
    )
    model = current.model.model_copy(update={"base_model": source.model.base_model})
    return source.model_copy(update={"training": training, "model": model})


def noise_of(run: Run) -> float:
    """`loss_noise` of the run that a refine began with, from its config."""
    return float(run.section(REFINE_SECTION).get(_NOISE, 0.0))


def refine_plan(settings: Settings, rows: int) -> Plan:
    """The plan of a refine: it is measured once an epoch.

    Args:
        settings: from its config.
        rows: in an epoch.
    """
    training = settings.training
    per_epoch = max(1, math.ceil(rows / training.batch))
    measured = training.model_copy(update={"eval_steps": training.eval_steps or per_epoch})
    return Plan.of(measured, rows)


def refine_config(
    run: Run,
    source: Run,
    home: Home,
    rows: Path,
    fingerprint: str,
    corrections: Corrections,
    recipe: RefineRecipe,
) -> dict[str, Any]:
    """The contents of a new refine's config file.

    Args:
        run: the refine.
        source: the run whose adapter it begins with.
        home: holds both.
        rows: folder of its rows.
        fingerprint: of these rows.
        corrections: what it learns and holds out.
        recipe: how it learns them.
    """
    base, config = base_of(source), source.config()
    lineage = config.get(REFINE_SECTION, {}).get("lineage", [])
    settings = refine_settings(parse(source.section("settings")), home.settings())
    refinement = Refinement(
        source=source.name,
        step=source.recorded_status().best_step,
        lineage=(*map(str, lineage), source.name),
        learned=corrections.learned,
        held_out=len(corrections.items) - corrections.learned,
        verdict=None,
    )
    name = to_portable(base.name, run.path, home.root)
    folder = to_portable(str(rows), run.path, home.root)
    return {
        "created_at": now_text(),
        "base": {**source.section("base"), "name": name},
        "data": {**source.section("data"), "folder": folder, "fingerprint": fingerprint},
        "settings": settings.model_dump(mode="json"),
        REFINE_SECTION: {
            **refinement.to_section(),
            _RECIPE: asdict(recipe),
            _NOISE: loss_noise(source.points(), refinement.step),
        },
    }
