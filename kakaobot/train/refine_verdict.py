"""Whether a refined adapter replaces the one before it. Pure; no torch."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from kakaobot.language import tr
from kakaobot.runs.refinement import RefineVerdict
from kakaobot.style import StyleProfile
from kakaobot.train.eval_prompts import distance_to_target

Pair = TypeVar("Pair")
RowLoss = tuple[float, int]
"""Summed loss in nats and number of target tokens of a row."""

_ENOUGH_FOLLOWED = 0.75
"""Share of the learned corrections that must be followed."""
_RARER = math.log(10)
"""A reply not to be given counts as avoided once it is ten times less likely."""
_RESAMPLES = 400
_CONFIDENCE = 0.95
"""Of a fall, before it counts as one and not as noise."""
_OLD_STAYS = tr("그래서 대화는 지금까지 배운 것으로 계속합니다.")


@dataclass(frozen=True)
class CorrectionLoss:
    """How likely a model finds the replies of one correction."""

    wanted: RowLoss | None
    rejected: RowLoss | None
    held_out: bool


@dataclass(frozen=True)
class AdapterMeasures:
    """One adapter, measured on the rows of a refine."""

    corrections: tuple[CorrectionLoss, ...]
    ordinary: tuple[RowLoss, ...]
    """Validation rows."""
    replies: tuple[str, ...]
    """To the same validation prompts with the same seed; empty if not asked."""


def judge(
    before: AdapterMeasures, after: AdapterMeasures, target: StyleProfile, noise: float = 0.0
) -> RefineVerdict:
    """Promote an adapter that follows the corrections and is no less like the room.

    Args:
        before: the adapter that the chat uses.
        after: the refined one.
        target: style of the training replies.
        noise: by how much the loss may rise, as it did between evaluations of the training.
    """
    pairs = list(zip(before.corrections, after.corrections, strict=True))
    learned = [(old, new) for old, new in pairs if not old.held_out]
    followed = sum(is_followed(old, new) for old, new in learned)
    held_out = [
        (old.wanted, new.wanted) for old, new in pairs if old.held_out and old.wanted and new.wanted
    ]
    ordinary = list(zip(before.ordinary, after.ordinary, strict=True))
    replies = list(zip(before.replies, after.replies, strict=True))
    faults = []
    if followed < _ENOUGH_FOLLOWED * len(learned):
        faults.append(
            tr("고친 말 {learned}개 가운데 {followed}개만 따르고").format(
                learned=len(learned), followed=followed
            )
        )
    if held_out and _loss_rises(held_out):
        faults.append(tr("배우지 않고 남겨 둔 고친 말에서는 오히려 멀어지고"))
    if _loss_rises(ordinary, noise):
        faults.append(tr("다른 말을 맞히는 힘이 나빠지고"))
    if replies and _style_falls(replies, target):
        faults.append(tr("다른 말의 말투가 멀어지고"))
    return RefineVerdict(
        promoted=not faults,
        reason=_reason(faults, followed, len(learned)),
        followed=followed,
        learned=len(learned),
        held_out_before=_mean([old for old, _ in held_out]),
        held_out_after=_mean([new for _, new in held_out]),
        loss_before=_mean(before.ordinary) or 0.0,
        loss_after=_mean(after.ordinary) or 0.0,
        style_before=distance_to_target(before.replies, target) if replies else None,
        style_after=distance_to_target(after.replies, target) if replies else None,
    )


def is_followed(before: CorrectionLoss, after: CorrectionLoss) -> bool:
    """Whether the wanted reply is now the likelier one, and the rejected one much rarer.

    With both, the wanted one must be likelier per token than the rejected one. A reply that was
    good as it was must have stayed as likely; one that was only rejected must be ten times rarer.
    """
    if after.wanted and after.rejected:
        return _per_token(after.wanted) < _per_token(after.rejected)
    if after.wanted and before.wanted:
        return _per_token(after.wanted) <= _per_token(before.wanted)
    if after.rejected and before.rejected:
        return after.rejected[0] - before.rejected[0] >= _RARER
    return False


def _loss_rises(pairs: Sequence[tuple[RowLoss, RowLoss]], noise: float = 0.0) -> bool:
    """Whether the loss per token rises by more than `noise`, and in nearly all samples of rows."""

    def rise(sample: Sequence[tuple[RowLoss, RowLoss]]) -> float:
        tokens = sum(count for (_, count), _ in sample)
        return sum(new - old for (old, _), (new, _) in sample) / max(1, tokens)

    rises = [rise(sample) for sample in _resampled(pairs)]
    return _lower_bound(rises) > 0 and rise(pairs) > noise


def _style_falls(pairs: Sequence[tuple[str, str]], target: StyleProfile) -> bool:
    """Whether the style distance grows by more than noise, resampling prompts."""
    growths = [
        distance_to_target([new for _, new in sample], target)
        - distance_to_target([old for old, _ in sample], target)
        for sample in _resampled(pairs)
    ]
    return _lower_bound(growths) > 0


def _resampled(items: Sequence[Pair]) -> list[list[Pair]]:
    rng = random.Random(0)
    return [rng.choices(items, k=len(items)) for _ in range(_RESAMPLES)]


def _lower_bound(values: Sequence[float]) -> float:
    """What all but a few of the values exceed."""
    return sorted(values)[int((1 - _CONFIDENCE) * len(values))]


def _mean(losses: Sequence[RowLoss]) -> float | None:
    tokens = sum(count for _, count in losses)
    return sum(loss for loss, _ in losses) / tokens if tokens else None


def _per_token(loss: RowLoss) -> float:
    return loss[0] / max(1, loss[1])


def _reason(faults: Sequence[str], followed: int, learned: int) -> str:
    if not faults:
        return tr(
            "고친 말 {learned}개 가운데 {followed}개를 따르고 다른 말의 말투도 "
            "그대로여서, 이제 새로 배운 것으로 대화합니다."
        ).format(learned=learned, followed=followed)
    ending = {tr("따르고"): tr("따릅니다"), tr("지고"): tr("집니다")}
    text = ", ".join(faults)
    for stem, end in ending.items():
        if text.endswith(stem):
            text = text.removesuffix(stem) + end
    return tr("{text}. {old_stays} 고친 말을 더 모은 뒤 다시 배워 보세요.").format(
        text=text, old_stays=_OLD_STAYS
    )
