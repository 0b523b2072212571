"""What a refine began with, and whether its adapter replaces the one before it.

config.yaml, section `refine`    app       where it comes from and what it learns
refine.json                      worker    the verdict, written before the last status
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.errors import RunError
from kakaobot.runs.run import Run

REFINE_SECTION, _VERDICT = "refine", "refine.json"


@dataclass(frozen=True)
class RefineVerdict:
    """The adapter before and after a refine, measured on the same rows."""

    promoted: bool
    """Whether the chat uses the new adapter."""
    reason: str
    """Korean: why, or why not."""
    followed: int
    """Learned corrections that the new adapter follows."""
    learned: int
    held_out_before: float | None
    """Nats per token of the wanted replies that were not learned; None if all were."""
    held_out_after: float | None
    loss_before: float
    """Nats per token of ordinary validation rows."""
    loss_after: float
    style_before: float | None
    """Style distance of replies to validation prompts, 0 to 1; None if not measured."""
    style_after: float | None


@dataclass(frozen=True)
class Refinement:
    """Where a refine comes from."""

    source: str
    """Name of the run whose adapter it began with."""
    step: int | None
    """Step of that adapter."""
    lineage: tuple[str, ...]
    """Runs before it, the first one first; the last is `source`."""
    learned: int
    """Corrections it learns."""
    held_out: int
    """Corrections it only measures."""
    verdict: RefineVerdict | None
    """None until it has finished."""

    def to_section(self) -> dict[str, Any]:
        """The section of the config."""
        values = asdict(self)
        del values["verdict"]
        return {**values, "lineage": list(self.lineage)}


def refinement_of(run: Run) -> Refinement | None:
    """How a run refines another; None for an ordinary one or a damaged config."""
    try:
        section = run.config().get(REFINE_SECTION)
    except RunError:
        return None
    if not isinstance(section, dict):
        return None
    return Refinement(
        source=str(section.get("source", "")),
        step=_int_or_none(section.get("step")),
        lineage=tuple(map(str, section.get("lineage") or ())),
        learned=_int_or_none(section.get("learned")) or 0,
        held_out=_int_or_none(section.get("held_out")) or 0,
        verdict=_verdict(read_json_object(run.path / _VERDICT)),
    )


def write_verdict(run: Run, verdict: RefineVerdict) -> None:
    """Record the verdict on a finished refine."""
    replace_text(run.path / _VERDICT, json.dumps(asdict(verdict), ensure_ascii=False))


def is_offered(run: Run) -> bool:
    """Whether the chat offers this run: it has an adapter and is no refine that was turned down."""
    if run.checkpoints.adapter() is None:
        return False
    refinement = refinement_of(run)
    return refinement is None or bool(refinement.verdict and refinement.verdict.promoted)


def _verdict(raw: Mapping[str, Any]) -> RefineVerdict | None:
    names = {field.name for field in fields(RefineVerdict)}
    if raw.keys() != names or not isinstance(raw["promoted"], bool):
        return None
    return RefineVerdict(**raw)


def _int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
