"""Eval samples of a run → HTML. Pure."""

from __future__ import annotations

from typing import Any

from kakaobot.likeness import likeness_text
from kakaobot.runs.eval_samples import EvalSample, EvalTranscript
from ui import text
from ui.render.templating import render

_SHOWN = 4
"""Prompts shown at first; the rest are folded."""
_MIN_COLUMN = 156
"""Minimum width of a column in pixels; a narrower table scrolls."""


def eval_samples_card(transcript: EvalTranscript, best_step: int | None) -> str:
    """One row per prompt, one column per step; empty without samples."""
    samples = transcript.selected(best_step)
    rows = [
        {
            "context": prompt.context,
            "participant": prompt.participant,
            "reference": prompt.reference,
            "replies": [_reply(sample, number) for sample in samples],
        }
        for number, prompt in enumerate(transcript.prompts)
    ]
    if not samples or not rows:
        return ""
    return render(
        "eval_samples",
        columns=[_column(sample, transcript.samples[-1].step, best_step) for sample in samples],
        shown=rows[:_SHOWN],
        folded=rows[_SHOWN:],
        min_width=_MIN_COLUMN * (len(samples) + 2),
    )


def _column(sample: EvalSample, newest: int, best: int | None) -> dict[str, Any]:
    step = sample.step
    return {
        "title": text.AT_STEP.format(step=step) if step else text.EVAL_BASE,
        "is_best": step == best,
        "is_newest": step > 0 and step == newest,
        "likeness": likeness_text(sample.likeness) if sample.likeness else "",
    }


def _reply(sample: EvalSample, number: int) -> str:
    return sample.replies[number] if number < len(sample.replies) else ""
