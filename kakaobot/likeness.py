"""How like replies are to the person they imitate (닮은 정도): the record and its Korean text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from kakaobot.display_name import display_name
from kakaobot.language import tr

Unknown = Literal["no scale", "few replies", "few samples", "nobody else", "alike"]
LIKENESS_TITLE = tr("닮은 정도")
UNKNOWN = tr("아직 알 수 없음")
NOT_MEASURED = tr(
    "이 학습에서는 닮은 정도를 잰 적이 없습니다. "
    "training.sample_replies 를 16 이상으로 두고 새로 배우면 잽니다."
)
_REASONS: Mapping[Unknown, str] = {
    "no scale": tr("이 데이터에는 견줄 기준이 없습니다. '데이터 준비'(preprocess)를 다시 하세요."),
    "few replies": tr("이 사람이 한 말이 적어 잴 수 없습니다."),
    "few samples": tr(
        "대답해 본 것이 적어 잴 수 없습니다. training.sample_replies 를 늘려 보세요."
    ),
    "nobody else": tr("방에 견줄 다른 사람이 없고, 배우기 전의 대답도 없어 잴 수 없습니다."),
    "alike": tr("가장 비슷한 다른 사람과 말투가 거의 같아 잴 수 없습니다."),
}


@dataclass(frozen=True)
class Likeness:
    """A measured likeness with its interval, or why it is unknown."""

    name: str
    """The participant; empty for a whole room."""
    replies: int
    """Replies measured: those with a visible character."""
    percent: float | None = None
    """0 at the nearest other member, 100 at the person's own other half; may lie outside."""
    low: float | None = None
    """Lower end of the 95% interval."""
    high: float | None = None
    nearest: str = ""
    """Who is 0 %; empty for several people, or for the base model before training."""
    unknown: Unknown | None = None
    """Why there is no percentage."""
    step: int | None = None
    """Training step of the adapter that replied, if it is one of a run."""
    participants: tuple[Likeness, ...] = ()
    """Those of a whole room."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Any) -> Likeness | None:
        """The inverse of `to_json`; None if it is not one."""
        try:
            parts = tuple(cls.from_json(part) for part in raw.get("participants", ()))
            known = replace(
                cls(**{**raw, "participants": ()}), participants=tuple(filter(None, parts))
            )
        except (AttributeError, TypeError):
            return None
        return known if len(known.participants) == len(parts) and _is_valid(known) else None


def likeness_text(likeness: Likeness | None) -> str:
    """The percentage with its interval and sample size: `83% (71~95%, 대답 32개)`."""
    if likeness is None or likeness.percent is None:
        return UNKNOWN
    low, high = shown_percent(likeness.low), shown_percent(likeness.high)
    shown = tr("{percent}% ({low}~{high}%, 대답 {replies:,}개)").format(
        percent=shown_percent(likeness.percent), low=low, high=high, replies=likeness.replies
    )
    return (
        tr("{shown}, 다른 사람에 더 가깝습니다").format(shown=shown)
        if likeness.percent < 0
        else shown
    )


def run_likeness_text(likeness: Likeness | None, best_step: int | None) -> str:
    """As `likeness_text`, with the step where it was not measured at the best one."""
    shown = likeness_text(likeness)
    if likeness is None or likeness.unknown or likeness.step in (None, best_step):
        return shown
    return tr("{shown}, {step:,}단계에서 잼").format(shown=shown, step=likeness.step)


def likeness_note(likeness: Likeness) -> str:
    """What 0 % and 100 % are, or why the likeness is unknown."""
    if likeness.unknown:
        return _REASONS[likeness.unknown]
    if likeness.participants:
        return tr(
            "사람마다 잰 것을 합쳤습니다. 0%는 말투가 가장 비슷한 다른 사람, "
            "100%는 그 사람의 다른 말입니다."
        )
    if likeness.nearest:
        zero = tr("0%는 말투가 가장 비슷한 다른 사람({nearest})").format(
            nearest=display_name(likeness.nearest)
        )
    else:
        zero = tr("방에 견줄 다른 사람이 없어 0%는 배우기 전 바탕 모델의 대답")
    return tr("{zero}, 100%는 그 사람의 다른 말입니다.").format(zero=zero)


def shown_percent(percent: float | None) -> int:
    """As it is shown: whole, and between 0 and 100."""
    return round(min(100.0, max(0.0, percent or 0.0)))


def _is_valid(likeness: Likeness) -> bool:
    figures = (likeness.percent, likeness.low, likeness.high)
    numbers = [isinstance(figure, int | float) and math.isfinite(figure) for figure in figures]
    is_text = isinstance(likeness.name, str) and isinstance(likeness.nearest, str)
    if not is_text or not isinstance(likeness.replies, int):
        return False
    if likeness.unknown is not None:
        return likeness.unknown in get_args(Unknown) and figures == (None, None, None)
    return all(numbers)
