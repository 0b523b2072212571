"""Past runs → HTML, grouped by what they have learnt. Pure; outside words are escaped here.

Losses are compared within a group alone, and there only between runs of one base.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from html import escape

from kakaobot.config import setting_fields
from kakaobot.runs.history import RunGroup, RunSummary, SettingChange, groups
from kakaobot.runs.run import LIVE
from ui import text
from ui.render.sparkline import sparkline

_FIRST = 8
"""Runs that are shown at once; the rest unfold."""
_CODE = 8
"""Characters by which a fingerprint is told from others."""

# What is unfolded, and what has the keyboard, stays so when all is shown anew: gradio then takes
# away what the new words do not have, so that only a click tells what somebody wants.
RUNS_SCRIPT = """const unfolded = new Set();
let focused = "";
const all = () => [...element.querySelectorAll("details[data-run]")];
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
  for (const each of all()) {
    const open = unfolded.has(each.dataset.run);
    if (each.open !== open) each.open = open;
  }
  const now = document.activeElement;
  if (!focused || (now !== document.body && !element.contains(now))) return;
  if (now.closest("details")?.dataset.run === focused) return;
  const lost = all().find((each) => each.dataset.run === focused);
  lost?.querySelector("summary").focus({ preventScroll: true });
}).observe(element, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["open", "data-run"],
});"""


def runs_card(runs: Sequence[RunSummary]) -> str:
    """Every run, newest first within what it has learnt; each unfolds to its settings."""
    if not runs:
        return f'<p class="kb-muted">{text.RUNS_EMPTY}</p>'
    held = groups(runs)
    mixed = frozenset(group.fingerprint for group in held if len(group.bases) > 1)
    first, rest = _cut(held, _FIRST)
    apart = f'<p class="kb-muted kb-apart">{text.RUNS_NOT_COMPARABLE}</p>' if len(held) > 1 else ""
    return f'<div class="kb-history">{apart}{_groups(first, mixed)}{_rest(rest, mixed)}</div>'


def _cut(held: Sequence[RunGroup], most: int) -> tuple[list[RunGroup], list[RunGroup]]:
    """The first `most` runs in their groups, and the others in theirs."""
    first, rest = [], []
    for group in held:
        shown, more = group.runs[: max(0, most)], group.runs[max(0, most) :]
        most -= len(shown)
        first += [RunGroup(group.fingerprint, shown)] if shown else []
        rest += [RunGroup(group.fingerprint, more)] if more else []
    return first, rest


def _rest(held: Sequence[RunGroup], mixed: frozenset[str]) -> str:
    if not held:
        return ""
    older = text.RUNS_OLDER.format(count=sum(len(group.runs) for group in held))
    # No run is called so: a name begins with a letter or a digit.
    return (
        f'<details class="kb-older" data-run="*"><summary>{older}</summary>'
        f"{_groups(held, mixed)}</details>"
    )


def _groups(held: Sequence[RunGroup], mixed: frozenset[str]) -> str:
    """`mixed` are the fingerprints of data that was learnt on several bases."""
    return "".join(_group(group, several=group.fingerprint in mixed) for group in held)


def _group(group: RunGroup, *, several: bool) -> str:
    note = f'<p class="kb-muted">{text.BASES_NOT_COMPARABLE}</p>' if several else ""
    rows = "".join(_run(run, several_bases=several) for run in group.runs)
    return f'<section class="kb-learnt-by"><h4>{_data(group)}</h4>{note}{rows}</section>'


def _data(group: RunGroup) -> str:
    """What was learnt, in a line."""
    if not group.fingerprint:
        return escape(text.RUN_DATA_UNKNOWN)
    run = group.runs[0]
    words = text.RUN_DATA.format(
        room=run.room or text.ALL_ROOMS,
        person=run.persona or text.WHOLE_ROOM,
        replies=run.replies,
    )
    return f"{escape(words)}<code>{escape(group.fingerprint[:_CODE])}</code>"


def _run(run: RunSummary, *, several_bases: bool) -> str:
    name, when = escape(run.name), escape(run.created_at[:16].replace("T", " "))
    state = f'<span class="kb-state kb-{run.state}">{text.SHORT_STATES[run.state]}</span>'
    talk = f'<span class="kb-state kb-talks">{text.CAN_CHAT}</span>' if run.has_adapter else ""
    return (
        f'<details class="kb-was" data-run="{name}"><summary>'
        f'<span class="kb-who"><b>{name}</b>{state}{talk}'
        f"<small>{when} · {escape(run.base)} · {_steps(run)}</small></span>"
        f'<span class="kb-line">{sparkline(run.losses, run.best_step)}</span>'
        f'<span class="kb-best">{_best(run, several_bases)}</span></summary>'
        f'<div class="kb-told">{_told(run)}</div></details>'
    )


def _steps(run: RunSummary) -> str:
    # Where it stands now is told above; here it would change at every beat.
    if run.state in LIVE or not run.max_steps:
        return text.STEPS_TOTAL.format(max_steps=run.max_steps) if run.max_steps else text.NO_STEPS
    return text.STEPS_DONE.format(step=run.step, max_steps=run.max_steps)


def _best(run: RunSummary, several_bases: bool) -> str:
    if run.best_eval_loss is None:
        return f"<b>{text.DASH}</b><small>{text.NOT_EVALUATED}</small>"
    step = text.AT_STEP.format(step=run.best_step or 0)
    words = text.LOWEST_LOSS_OF_BASE if several_bases else text.LOWEST_LOSS
    mark = f'<i class="kb-mark">{words}</i>' if run.lowest else ""
    return f"<b>{run.best_eval_loss:.3f}</b><small>{step}</small>{mark}"


def _told(run: RunSummary) -> str:
    message = f"<p>{escape(run.message)}</p>" if run.message and run.state not in LIVE else ""
    facts = [
        (text.TRAINED_REPLIES, text.COUNT.format(count=run.replies) if run.replies else text.DASH),
        (text.DATA_FINGERPRINT, run.fingerprint or text.DASH),
        (text.EVALUATIONS, text.EVALUATION_COUNT.format(count=len(run.losses))),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return (
        f'{message}<dl class="kb-facts">{cells}</dl>'
        f"<h5>{text.CHANGED_SETTINGS}</h5>"
        + _changes(run.changed, text.ALL_DEFAULTS, text.DEFAULT_VALUE)
        + _since(run)
    )


def _since(run: RunSummary) -> str:
    if not run.before:
        return ""
    title = escape(text.CHANGED_SINCE.format(name=run.before))
    return f"<h5>{title}</h5>{_changes(run.since, text.UNCHANGED_SINCE, text.PREVIOUS_VALUE)}"


def _changes(changes: Sequence[SettingChange], nothing: str, was: str) -> str:
    if not changes:
        return f'<p class="kb-muted">{nothing}</p>'
    return f'<ul class="kb-changes">{"".join(_rows(changes, was))}</ul>'


def _rows(changes: Sequence[SettingChange], was: str) -> Iterator[str]:
    for change in changes:
        meaning = escape(_meanings().get(change.setting, ""))
        other = escape(was.format(value=_value(change.other)))
        yield (
            f'<li title="{meaning}"><span>{escape(change.setting)}</span>'
            f"<b>{escape(_value(change.value))}</b><small>{other}</small></li>"
        )


@functools.cache
def _meanings() -> dict[str, str]:
    return {entry.path: entry.description for entry in setting_fields()}


def _value(value: object) -> str:
    if isinstance(value, bool):
        return text.SWITCHES[str(value).lower()]
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or text.EMPTY_VALUE
    if value is None:
        return text.DASH
    return f"{value:g}" if isinstance(value, float) else str(value) or text.EMPTY_VALUE
