"""A refined adapter replaces the old one only if it follows and nothing else has suffered."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kakaobot.runs.metrics import Point
from kakaobot.style import style_profile
from kakaobot.train.refine_plan import loss_noise
from kakaobot.train.refine_verdict import AdapterMeasures, CorrectionLoss, is_followed, judge

OWN = ["~칼국수 완전 좋아용ㅋㅋ", "비빔밥 생각뿐이당", "~나는 떡볶이에 한 표냥ㅠㅠ"] * 20
FORMAL = ["알겠습니다. 그렇게 진행하시지요.", "네, 회의 자료를 보내 드리겠습니다."] * 30
TARGET = style_profile(OWN)
EDIT = CorrectionLoss(wanted=(40.0, 10), rejected=(10.0, 10), held_out=False)
GOOD = CorrectionLoss(wanted=(10.0, 10), rejected=None, held_out=False)
NEVER = CorrectionLoss(wanted=None, rejected=(10.0, 10), held_out=False)
HELD_OUT = replace(EDIT, held_out=True)
BEFORE = AdapterMeasures(
    corrections=(EDIT, EDIT, NEVER, GOOD, HELD_OUT, HELD_OUT),
    ordinary=tuple((20.0 + n % 7, 10) for n in range(60)),
    replies=tuple(OWN[:48]),
)


def followed(edit: float = 5.0) -> AdapterMeasures:
    """Everything is followed, and nothing else has changed but for noise."""
    rng = random.Random(1)
    return AdapterMeasures(
        corrections=(
            *[replace(EDIT, wanted=(edit, 10), rejected=(30.0, 10))] * 2,
            replace(NEVER, rejected=(20.0, 10)),
            replace(GOOD, wanted=(9.0, 10)),
            *[replace(HELD_OUT, wanted=(30.0, 10))] * 2,
        ),
        ordinary=tuple((loss + rng.gauss(0, 1), count) for loss, count in BEFORE.ordinary),
        replies=tuple(reversed(OWN[:48])),
    )


def test_an_adapter_that_follows_and_keeps_the_rest_is_promoted() -> None:
    verdict = judge(BEFORE, followed(), TARGET)
    assert verdict.promoted
    assert (verdict.followed, verdict.learned) == (4, 4)
    assert (verdict.held_out_before, verdict.held_out_after) == (4.0, 3.0)
    assert "4개 가운데 4개" in verdict.reason and "이제 새로 배운 것으로" in verdict.reason


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (followed(edit=50.0), "고친 말 4개 가운데 2개만 따릅니다."),
        (
            replace(followed(), ordinary=tuple((x + 1.5, n) for x, n in BEFORE.ordinary)),
            "다른 말을 맞히는 힘이 나빠집니다.",
        ),
        (replace(followed(), replies=tuple(FORMAL[:48])), "다른 말의 말투가 멀어집니다."),
        (
            replace(
                followed(),
                corrections=(
                    *followed().corrections[:4],
                    *[replace(HELD_OUT, wanted=(60.0, 10))] * 2,
                ),
            ),
            "남겨 둔 고친 말에서는 오히려 멀어집니다.",
        ),
        (
            replace(followed(edit=50.0), replies=tuple(FORMAL[:48])),
            "2개만 따르고, 다른 말의 말투가 멀어집니다.",
        ),
    ],
    ids=["not followed", "loss", "style", "held out", "two reasons"],
)
def test_the_old_adapter_stays_and_it_is_said_why(after: AdapterMeasures, reason: str) -> None:
    verdict = judge(BEFORE, after, TARGET)
    assert not verdict.promoted
    assert reason in verdict.reason
    assert "지금까지 배운 것으로" in verdict.reason


def test_what_counts_as_followed() -> None:
    assert is_followed(EDIT, replace(EDIT, wanted=(9.0, 10)))
    assert not is_followed(EDIT, replace(EDIT, wanted=(11.0, 10)))
    # Per token: a long wanted reply is not at a disadvantage.
    assert is_followed(EDIT, replace(EDIT, wanted=(18.0, 20)))
    assert is_followed(NEVER, replace(NEVER, rejected=(13.0, 10)))
    assert not is_followed(NEVER, replace(NEVER, rejected=(12.0, 10)))
    assert is_followed(GOOD, GOOD)
    assert not is_followed(GOOD, replace(GOOD, wanted=(10.5, 10)))


def test_replies_may_not_have_been_asked_for() -> None:
    verdict = judge(replace(BEFORE, replies=()), replace(followed(), replies=()), TARGET)
    assert verdict.promoted and verdict.style_after is None


def test_a_rise_as_between_evaluations_of_the_training_is_noise() -> None:
    after = replace(followed(), ordinary=tuple((x + 1.5, n) for x, n in BEFORE.ordinary))
    assert not judge(BEFORE, after, TARGET, noise=0.1).promoted
    assert judge(BEFORE, after, TARGET, noise=0.2).promoted


def test_noise_is_the_distance_of_the_best_evaluation_to_its_nearer_neighbour() -> None:
    def noise(losses: dict[int, float], best: int | None) -> float:
        points = [Point(step, "eval_loss", loss, 0.0) for step, loss in losses.items()]
        return loss_noise([*points, Point(20, "loss", 1.0, 0.0)], best)

    assert noise({0: 9.0, 10: 4.3, 20: 4.0, 30: 4.2, 40: 8.0}, 20) == pytest.approx(0.2)
    assert noise({0: 9.0, 10: 4.3, 20: 4.0}, 20) == pytest.approx(0.3)
    # Within bounds, and without neighbours the lower one; step 0 is the base.
    assert noise({10: 4.01, 20: 4.0, 30: 4.2}, 20) == pytest.approx(0.12)
    assert noise({10: 5.0, 20: 4.0, 30: 6.0}, 20) == pytest.approx(0.4)
    assert noise({0: 9.0, 20: 4.0}, 20) == pytest.approx(0.12)
    assert noise({10: 4.0}, None) == 0
