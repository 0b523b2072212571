"""The card of eval samples: selected steps, columns, folding and updates."""

import re
from dataclasses import fields, replace
from html import unescape
from typing import Any

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.likeness import NOT_MEASURED, Likeness
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalTranscript
from kakaobot.runs.metrics import Point
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from tests.ui.window_fakes import RUN, SNAPSHOT, FakeEstimates, FakeTraining
from ui import text
from ui.presenters import training_view
from ui.render.eval_samples import eval_samples_card
from ui.series import likeness_curve, loss_curve
from ui.tabs.training import TrainingComponents, TrainingHandlers, ViewState

PROMPT = EvalPrompt(
    (ChatMessage("user", "몇 시?", "마루"), ChatMessage("user", "두 시?", "은솔")),
    "도담",
    "세 시 ㄱㄱ\n늦지 마",
)


def transcript(*steps, prompts=1):
    prompt_list = tuple(
        replace(PROMPT, reference=f"{PROMPT.reference} {n}") for n in range(prompts)
    )
    replies = [tuple(f"{step}에 {n}" for n in range(prompts)) for step in steps]
    return EvalTranscript(prompt_list, tuple(map(EvalSample, steps, replies)))


def column_titles(page):
    head = page.split("</thead>")[0]
    cells = re.findall(r"<th[^>]*>(.*?)</th>", head)
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
def test_first_best_latest_and_evenly_spaced_steps_are_selected(steps, best, shown):
    assert [sample.step for sample in transcript(*steps).selected(best)] == shown


def test_one_column_per_step_and_the_reference_last():
    page = eval_samples_card(transcript(0, 10, 20, 30, 40), 30)
    assert column_titles(page) == [
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


def test_a_column_shows_how_like_its_replies_are():
    samples = replace(transcript(0, 10).samples[1], likeness=Likeness("", 16, 83.0, 71.0, 95.0))
    page = eval_samples_card(replace(transcript(0, 10), samples=(samples,)), 10)
    assert (
        column_titles(page)[1] == "10단계 가장 좋은 때 가장 최근 닮은 정도 83% (71~95%, 대답 16개)"
    )


def test_four_prompts_are_shown_and_the_rest_unfold():
    first, rest = eval_samples_card(transcript(0, 10, prompts=7), 10).split("<details data-run=")
    assert (first.count("<tr><td>"), rest.count("<tr><td>")) == (4, 3)
    assert "나머지 3개 보기" in rest
    assert "<details" not in eval_samples_card(transcript(0, 10, prompts=4), 10)


def test_foreign_text_never_becomes_html():
    bad = "<script>alert(1)</script>"
    page = eval_samples_card(
        EvalTranscript(
            (EvalPrompt((ChatMessage("user", bad, bad),), bad, bad),), (EvalSample(0, (bad,)),)
        ),
        None,
    )
    assert bad not in page
    assert page.count("&lt;script&gt;") == 5


def test_an_empty_reply_is_a_dash_and_an_empty_context_an_opening():
    samples = EvalTranscript(
        (PROMPT, replace(PROMPT, context=(), participant="")), (EvalSample(0, ("",)),)
    )
    page = eval_samples_card(samples, None)
    assert page.count(f">{text.DASH}</td>") == 2
    assert text.EVAL_OPENING in page


def test_without_samples_the_card_is_empty():
    assert eval_samples_card(EvalTranscript(), 10) == ""
    assert eval_samples_card(EvalTranscript((PROMPT,), ()), 10) == ""


POINTS = (Point(0, "eval_loss", 4.0, 0.0), Point(10, "eval_loss", 3.0, 0.0))


def measured(step, percent, low, high, **changes):
    return EvalSample(step, ("네",), Likeness("도담", 16, percent, low, high, step=step, **changes))


SAMPLES = (
    measured(0, -30.0, -60.0, 10.0, nearest="마루"),
    measured(20, 83.4, 71.0, 130.0, nearest="마루"),
)


def test_likeness_has_its_own_curve_beside_the_loss():
    chart = likeness_curve(SAMPLES, POINTS, SAMPLES[1].likeness)
    assert chart == {
        "loss": [],
        "eval": [[0, 0.0], [20, 83.0]],
        "best": [20, 83.0],
        "ranges": [[0, 0, 10], [20, 71, 100]],
        "texts": [
            "0% (0~10%, 대답 16개), 다른 사람에 더 가깝습니다",
            "83% (71~100%, 대답 16개)",
        ],
        "legend": text.LIKENESS_LEGEND,
        "note": "",
    }
    assert loss_curve(POINTS, 10) == {"loss": [], "eval": [[0, 4.0], [10, 3.0]], "best": [10, 3.0]}
    # With nobody else in the room, 0 % is the base.
    alone = likeness_curve((measured(0, 0.0, 0.0, 5.0),), POINTS, None)
    assert (alone["legend"], alone["best"]) == (text.LIKENESS_LEGEND_OF_BASE, None)


def test_a_run_whose_likeness_is_unknown_says_why():
    def note(points, *samples):
        chart = likeness_curve(samples, points, None)
        assert chart["eval"] == []
        return chart["note"]

    assert note(POINTS[:1]) == ""
    assert note(POINTS) == NOT_MEASURED
    assert note(POINTS, EvalSample(0, ("네",))) == NOT_MEASURED
    few = EvalSample(0, ("네",), Likeness("도담", 4, unknown="few samples"))
    assert "training.sample_replies 를 늘려" in note(POINTS, few)
    no_scale = replace(few, likeness=Likeness("도담", 16, unknown="no scale"))
    assert "'데이터 준비'(preprocess)를 다시" in note(POINTS, no_scale)


def test_the_card_shows_the_likeness_if_measured():
    assert "닮은 정도" not in dict(training_view(SNAPSHOT).facts)
    likeness = Likeness("", 16, 83.0, 71.0, 95.0, step=10)
    run = replace(RUN, name=SNAPSHOT.run, likeness=likeness)
    snapshot = replace(
        SNAPSHOT,
        status=Status("running", 10, 20),
        points=POINTS,
        runs=(run,),
        eval_samples=EvalTranscript((PROMPT,), SAMPLES),
    )
    shown = dict(training_view(snapshot).facts)["닮은 정도"]
    assert shown == "83% (71~95%, 대답 16개), 10단계에서 잼"
    assert training_view(snapshot).likeness_chart == likeness_curve(SAMPLES, POINTS, likeness)


def test_the_loss_is_not_called_best_if_style_selected_the_step():
    status = Status("running", 10, 20, best_eval_loss=3.0, best_step=10, best_metric="voice")
    names = dict(training_view(replace(SNAPSHOT, status=status)).facts)
    assert text.RUN_FACTS["best"] not in names
    assert names["가장 좋은 단계의 손실"] == "3.000 (10단계)"


def test_samples_are_resent_only_when_they_change():
    snapshot = replace(SNAPSHOT, eval_samples=transcript(0, 10))
    fake = FakeTraining(snapshot)
    handlers = TrainingHandlers(fake, FakeEstimates(), PasswordGate(""))
    output = [field.name for field in fields(TrainingComponents)].index("eval_samples")
    first: Any = handlers.show_run(None, "", ViewState())
    assert "0에 0" in first[output]
    fake.current = replace(snapshot, status=Status("running", 5, 9))
    second: Any = handlers.poll(None, "", first[-1])
    assert second[output] == {"__type__": "update"}
    fake.current = replace(
        fake.current, status=Status("running", 6, 9), eval_samples=transcript(0, 10, 20)
    )
    assert "20에 0" in str(handlers.poll(None, "", second[-1])[output])
    # The user may have chosen another run, whose page shows nothing yet.
    assert "20에 0" in str(handlers.show_run(None, "", second[-1])[output])
