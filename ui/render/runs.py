"""Past runs → HTML, grouped by dataset. Pure.

Losses are comparable only between runs on the same dataset and base model.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from kakaobot.app.quiz_tallies import fool_rate_rows
from kakaobot.display_name import display_name
from kakaobot.likeness import likeness_note, likeness_text, run_likeness_text
from kakaobot.runs.history import RunGroup, RunSummary, SettingChange, groups
from kakaobot.runs.labels import lineage_text
from kakaobot.runs.status import LIVE
from kakaobot.setting_fields import SettingField, setting_fields
from ui import text
from ui.presenters import learned_text
from ui.render.sparkline import sparkline
from ui.render.templating import render

_SHOWN = 8
"""Runs shown at first; the rest are folded."""
_CODE_LENGTH = 8
"""Characters shown of a dataset fingerprint."""

# Gradio replaces the HTML on every update. This restores unfolded runs, which only a click changes,
# and the keyboard focus.
RUNS_SCRIPT = """const unfolded = new Set();
let focused = "";
const runs = () => [...element.querySelectorAll("details[data-run]")];
element.addEventListener("click", (event) => {
  const details = event.target.closest("summary")?.parentElement;
  if (!details) return;
  if (details.open) unfolded.delete(details.dataset.run); else unfolded.add(details.dataset.run);
});
element.addEventListener("focusin", (event) => {
  focused = event.target.closest("details")?.dataset.run || "";
});
element.addEventListener("focusout", (event) => {
  if (event.relatedTarget) focused = "";
});
new MutationObserver(() => {
  for (const run of runs()) {
    const open = unfolded.has(run.dataset.run);
    if (run.open !== open) run.open = open;
  }
  const active = document.activeElement;
  if (!focused || (active !== document.body && !element.contains(active))) return;
  if (active.closest("details")?.dataset.run === focused) return;
  const run = runs().find((run) => run.dataset.run === focused);
  run?.querySelector("summary").focus({ preventScroll: true });
}).observe(element, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["open", "data-run"],
});"""


def runs_card(runs: Sequence[RunSummary]) -> str:
    """All runs, newest first within a group; a run unfolds to its settings."""
    grouped = groups(runs)
    mixed = frozenset(group.fingerprint for group in grouped if len(group.bases) > 1)
    shown, older = _split(grouped, _SHOWN)
    return render(
        "runs",
        shown=[_group(group, mixed) for group in shown],
        older=[_group(group, mixed) for group in older],
        older_count=sum(len(group.runs) for group in older),
        several_groups=len(grouped) > 1,
    )


def _split(grouped: Sequence[RunGroup], limit: int) -> tuple[list[RunGroup], list[RunGroup]]:
    """Split off the first `limit` runs, keeping the groups."""
    first, rest = [], []
    for group in grouped:
        shown, older = group.runs[: max(0, limit)], group.runs[max(0, limit) :]
        limit -= len(shown)
        first += [RunGroup(group.fingerprint, shown)] if shown else []
        rest += [RunGroup(group.fingerprint, older)] if older else []
    return first, rest


def _group(group: RunGroup, mixed: frozenset[str]) -> dict[str, Any]:
    """`mixed` are the fingerprints of datasets that several base models were trained on."""
    run = group.runs[0]
    return {
        "title": learned_text(run),
        "code": group.fingerprint[:_CODE_LENGTH],
        "several_bases": group.fingerprint in mixed,
        "rows": [_row(run) for run in group.runs],
    }


def _row(run: RunSummary) -> dict[str, Any]:
    return {
        "run": run,
        "steps": _steps(run),
        "sparkline": sparkline(run.losses, run.best_step),
        "message": run.message if run.state not in LIVE else "",
        "lineage": lineage_text(run.refinement) if run.refinement else "",
        "likeness": likeness_text(run.likeness) if run.likeness else "",
        "likeness_note": likeness_note(run.likeness) if run.likeness else "",
        "facts": [
            *_likeness(run),
            *fool_rate_rows(run.quiz),
            (
                text.TRAINED_REPLIES,
                text.COUNT.format(count=run.replies) if run.replies else text.DASH,
            ),
            (text.DATA_FINGERPRINT, run.fingerprint or text.DASH),
            (text.EVALUATIONS, text.EVALUATION_COUNT.format(count=len(run.losses))),
        ],
        "changed": [_change(change, text.DEFAULT_VALUE) for change in run.changed],
        "since": [_change(change, text.PREVIOUS_VALUE) for change in run.changed_since],
    }


def _likeness(run: RunSummary) -> list[tuple[str, str]]:
    """The likeness of the run, and of its participants if it is one of a whole room."""
    if run.likeness is None:
        return []
    figures = [(text.LIKENESS, run_likeness_text(run.likeness, run.best_step))]
    return figures + [
        (display_name(part.name), likeness_text(part)) for part in run.likeness.participants
    ]


def _steps(run: RunSummary) -> str:
    # The training card shows the step of a live run; here it would change at every poll.
    if run.state in LIVE or not run.max_steps:
        return text.STEPS_TOTAL.format(max_steps=run.max_steps) if run.max_steps else text.NO_STEPS
    return text.STEPS_DONE.format(step=run.step, max_steps=run.max_steps)


def _change(change: SettingChange, other: str) -> dict[str, str]:
    field = _fields().get(change.setting)
    shown = _count if field and field.is_private else _value
    return {
        "name": field.name if field else change.setting,
        "description": field.description if field else "",
        "value": shown(change.value),
        "other": other.format(value=shown(change.other)),
    }


@functools.cache
def _fields() -> dict[str, SettingField]:
    return {field.path: field for field in setting_fields()}


def _count(value: object) -> str:
    """A private list as a locked page may show it."""
    return text.COUNT.format(count=len(value) if isinstance(value, list | tuple) else 0)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return text.SWITCHES[str(value).lower()]
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or text.EMPTY_VALUE
    if value is None:
        return text.DASH
    return f"{value:g}" if isinstance(value, float) else str(value) or text.EMPTY_VALUE
