"""The same prompts answered again and again: which steps are shown, and how."""

import re
from dataclasses import fields, replace
from html import unescape
from typing import Any

import pytest

from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalTranscript
from kakaobot.runs.metrics import Point
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from tests.ui.window_fakes import SNAPSHOT, FakeEstimates, FakeTraining
from ui import text
from ui.presenters import training_view
from ui.render.eval_samples import eval_samples_card
from ui.series import loss_curve, style_curve
from ui.tabs.training import TrainingComponents, TrainingHandlers, ViewState

ASKED = EvalPrompt(
    (ChatMessage("user", "몇 시?", "마루"), ChatMessage("user", "두 시?", "은솔")),
    "도담",
    "세 시 ㄱㄱ\n늦지 마",
)


def answered(*steps, prompts=1):
    asked = tuple(replace(ASKED, reference=f"{ASKED.reference} {n}") for n in range(prompts))
    replies = [tuple(f"{step}에 {n}" for n in range(prompts)) for step in steps]
    return EvalTranscript(asked, tuple(map(EvalSample, steps, replies)))


def heads(page):
    first = page.split("</thead>")[0]
    cells = re.findall(r"<th[^>]*>(.*?)</th>", first)
    return [" ".join(re.sub(r"<[^>]+>", " ", unescape(cell)).split()) for cell in cells]


@pytest.mark.parametrize(
    ("steps", "best", "shown"),
    [
        ([0], None, [0]),
        ([0, 10], 10, [0, 10]),
        ([0, 10, 20, 30], 30, [0, 10, 20, 30]),
        (range(0, 110, 10), 100, [0, 40, 70, 100]),
        (range(0, 110, 10), 70, [0, 50, 70, 100]),
        (range(0, 110, 10), None, [0, 40, 70, 100]),
        ([30, 40], 20, [30, 40]),
    ],
)
def test_the_first_the_best_the_newest_and_some_between_are_shown(steps, best, shown):
    assert [sample.step for sample in answered(*steps).selected(best)] == shown


def test_a_column_a_step_and_last_what_was_really_said():
    page = eval_samples_card(answered(0, 10, 20, 30, 40), 30)
    assert heads(page) == [
        "건넨 말",
        "배우기 전",
        "20단계",
        "30단계 가장 좋은 때",
        "40단계 가장 최근",
        "방에서 실제로 한 말",
    ]
    cells = [re.sub(r"<[^>]+>", "|", cell) for cell in re.findall(r"<td.*?</td>", page)]
    for words in ("마루", "몇 시?", "은솔", "두 시?", "도담의 대답"):
        assert f"|{words}" in cells[0]
    assert [cell.strip("|") for cell in cells[1:5]] == ["0에 0", "20에 0", "30에 0", "40에 0"]
    assert cells[5].strip("|") == "세 시 ㄱㄱ||늦지 마 0"


def test_four_prompts_are_shown_and_the_others_unfold():
    first, rest = eval_samples_card(answered(0, 10, prompts=7), 10).split("<details data-run=")
    assert (first.count("<tr><td>"), rest.count("<tr><td>")) == (4, 3)
    assert "나머지 3개 보기" in rest
    assert "<details" not in eval_samples_card(answered(0, 10, prompts=4), 10)


def test_words_of_others_never_become_html():
    bad = "<script>alert(1)</script>"
    page = eval_samples_card(
        EvalTranscript(
            (EvalPrompt((ChatMessage("user", bad, bad),), bad, bad),), (EvalSample(0, (bad,)),)
        ),
        None,
    )
    assert bad not in page
    assert page.count("&lt;script&gt;") == 5


def test_a_missing_or_empty_answer_leaves_a_dash_and_no_prompt_is_no_trouble():
    answers = EvalTranscript(
        (ASKED, replace(ASKED, context=(), participant="")), (EvalSample(0, ("",)),)
    )
    page = eval_samples_card(answers, None)
    assert page.count(f"<td>{text.DASH}</td>") == 2
    assert text.EVAL_OPENING in page


def test_nothing_is_shown_where_nothing_was_answered():
    assert eval_samples_card(EvalTranscript(), 10) == ""
    assert eval_samples_card(EvalTranscript((ASKED,), ()), 10) == ""


POINTS = (
    Point(0, "eval_loss", 4.0, 0.0),
    Point(0, "voice", 0.6, 0.0),
    Point(10, "eval_loss", 3.0, 0.0),
    Point(10, "voice", 0.2, 0.0),
    Point(20, "voice", float("nan"), 0.0),
)


def test_the_voice_has_a_curve_of_its_own_and_leaves_that_of_the_loss_alone():
    assert style_curve(POINTS, 10) == {"loss": [], "eval": [[0, 0.6], [10, 0.2]], "best": [10, 0.2]}
    assert loss_curve(POINTS, 10) == {"loss": [], "eval": [[0, 4.0], [10, 3.0]], "best": [10, 3.0]}
    assert style_curve(POINTS[:1], 10) == {"loss": [], "eval": [], "best": None}


def test_the_card_tells_the_voice_where_there_is_one():
    assert "말투 거리" not in dict(training_view(SNAPSHOT).facts)
    said = replace(SNAPSHOT, status=Status("running", 10, 20, style_distance=0.2344), points=POINTS)
    assert dict(training_view(said).facts)["말투 거리"] == "0.234"
    assert training_view(said).style_chart == style_curve(POINTS, None)


def test_a_loss_that_the_best_was_not_chosen_by_is_not_called_the_best():
    said = Status("running", 10, 20, best_eval_loss=3.0, best_step=10, best_metric="voice")
    names = dict(training_view(replace(SNAPSHOT, status=said)).facts)
    assert text.RUN_FACTS["best"] not in names
    assert names["가장 좋은 단계의 손실"] == "3.000 (10단계)"


def test_answers_are_sent_again_only_when_they_have_changed():
    now = replace(SNAPSHOT, eval_samples=answered(0, 10))
    fake = FakeTraining(now)
    handlers = TrainingHandlers(fake, FakeEstimates())
    output = [field.name for field in fields(TrainingComponents)].index("eval_samples")
    first: Any = handlers.show_run("", ViewState())
    assert "0에 0" in first[output]
    fake.current = replace(now, status=Status("running", 5, 9))
    second: Any = handlers.poll("", first[-1])
    assert second[output] == {"__type__": "update"}
    fake.current = replace(
        fake.current, status=Status("running", 6, 9), eval_samples=answered(0, 10, 20)
    )
    assert "20에 0" in str(handlers.poll("", second[-1])[output])
    # The user may have chosen another run, whose page shows nothing yet.
    assert "20에 0" in str(handlers.show_run("", second[-1])[output])
