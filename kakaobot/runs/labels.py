"""Korean labels of run states, and times as text; shared by the window and the command line."""

from __future__ import annotations

import math

from kakaobot.display_name import display_name
from kakaobot.language import tr
from kakaobot.runs.refinement import Refinement
from kakaobot.runs.status import State

STATE_LABELS: dict[State, str] = {
    "new": tr("시작 전"),
    "starting": tr("준비 중"),
    "running": tr("학습 중"),
    "stopped": tr("멈춤"),
    "finished": tr("끝남"),
    "failed": tr("실패"),
}
_UNITS = ((86400, tr("일")), (3600, tr("시간")), (60, tr("분")), (1, tr("초")))


def duration_text(seconds: float, *, fixed: bool = False) -> str:
    """The two largest units of a duration, such as `3분 20초`.

    Args:
        seconds: rounded; negative counts as 0.
        fixed: keep a zero second unit and count days in hours, for a line that is redrawn.
    """
    left = max(0, round(seconds))
    units = _UNITS[1:] if fixed else _UNITS
    first = next((index for index, (size, _) in enumerate(units) if left >= size), len(units) - 1)
    parts: list[str] = []
    for size, name in units[first : first + 2]:
        count, left = divmod(left, size)
        if count or fixed or not parts:
            parts.append(f"{count}{name}")
    return " ".join(parts)


def rough_duration_text(seconds: float) -> str:
    """An estimated duration, rounded up to minutes, or to hours from ten hours on."""
    minutes = max(1, math.ceil(seconds / 60))
    hours, rest = divmod(minutes, 60)
    if hours >= 10 or (hours and not rest):
        return tr("{minutes}시간").format(minutes=round(minutes / 60))
    return (
        tr("{hours}시간 {rest}분").format(hours=hours, rest=rest)
        if hours
        else tr("{minutes}분").format(minutes=minutes)
    )


def minute_text(moment: str) -> str:
    """An ISO time to the minute, as people read it: `2026-05-01 09:30`."""
    return moment[:16].replace("T", " ")


def lineage_text(refinement: Refinement) -> str:
    """Where a refine comes from, and what it learned.

    `main → main-고침 (40단계)에서 고친 말 5개를 배움, 1개는 남겨 둠. 대화에 씀`
    """
    runs = " → ".join(map(display_name, refinement.lineage or (refinement.source,)))
    step = tr(" ({step:,}단계)").format(step=refinement.step) if refinement.step else ""
    held_out = (
        tr(", {held_out:,}개는 남겨 둠").format(held_out=refinement.held_out)
        if refinement.held_out
        else ""
    )
    verdict = refinement.verdict
    if verdict is None:
        outcome = tr("아직 평가 전")
    else:
        outcome = tr("대화에 씀") if verdict.promoted else tr("대화에 쓰지 않음")
    return tr("{runs}{step}에서 고친 말 {learned:,}개를 배움{held_out}. {outcome}").format(
        runs=runs, step=step, learned=refinement.learned, held_out=held_out, outcome=outcome
    )
