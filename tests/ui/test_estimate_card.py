"""The estimate in tabs 2 and 3: real handlers with a fake service."""

from dataclasses import fields, replace
from typing import Any, cast

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.errors import BaseModelError
from kakaobot.runs.status import Status
from kakaobot.schema import Progress, no_progress
from kakaobot.train.forecast import Estimate
from tests.ui.window_fakes import (
    ESTIMATE,
    SNAPSHOT,
    FakeDatasets,
    FakeEstimates,
    FakeParticipants,
    FakeSettings,
    FakeTraining,
)
from ui import text
from ui.presenters import estimate_title
from ui.render.cards import estimate_card
from ui.tabs.dataset import DatasetHandlers
from ui.tabs.training import TrainingComponents, TrainingHandlers, ViewState

TIGHT = Estimate(("메모리 약 30GB", "메모리가 <모자랍니다>."), enough=False)


class FailingEstimates(FakeEstimates):
    def get(self, progress: Progress = no_progress) -> Estimate | None:
        raise BaseModelError("바탕 모델 <b>이</b> 없습니다.")


def dataset_handlers(estimates: FakeEstimates) -> DatasetHandlers:
    return DatasetHandlers(
        FakeDatasets(), FakeParticipants(), FakeSettings(), estimates, PasswordGate("")
    )


silent = cast("gr.Progress", lambda *_, **__: None)


def test_the_card_shows_the_estimate_and_the_advice():
    page = estimate_card(text.ESTIMATE_TITLE, ESTIMATE)
    assert text.ESTIMATE_TITLE in page
    assert "시간 약 40분" in page
    assert "연습용 &lt;b&gt;" in page
    assert "kb-warn" not in page
    tight = estimate_card(text.ESTIMATE_TITLE, TIGHT)
    assert "kb-warn" in tight
    assert "메모리가 &lt;모자랍니다&gt;." in tight
    assert estimate_card("", ESTIMATE) == estimate_card(text.ESTIMATE_TITLE, None) == ""


def test_opening_tab_2_shows_the_cached_estimate_without_waiting():
    estimates = FakeEstimates()
    handlers = dataset_handlers(estimates)
    assert handlers.load(None, None)[-1] == ""
    assert estimates.computed == 0
    messages = []
    progress: Any = lambda share, desc: messages.append(desc)  # noqa: E731
    page = handlers.estimate(progress)
    assert "시간 약 40분" in page
    assert messages == ["재는 중"]
    assert handlers.load(None, None)[-1] == page


def test_tab_2_reports_an_unusable_base():
    page = dataset_handlers(FailingEstimates()).estimate(silent)
    assert "바탕 모델 &lt;b&gt;이" in page


RUNNING = replace(SNAPSHOT, status=Status("running", 3, 9), can_start=False, can_stop=True)
BUSY = replace(SNAPSHOT, runs=(replace(SNAPSHOT.runs[0], state="running"),))


@pytest.mark.parametrize(
    ("snapshot", "title"),
    [
        (SNAPSHOT, text.ESTIMATE_TITLE),
        (replace(SNAPSHOT, resume_step=40), text.ESTIMATE_TITLE_NEW_RUN),
        (replace(SNAPSHOT, can_start=False), text.ESTIMATE_TITLE_NEW_RUN),
        (RUNNING, ""),
        (BUSY, ""),
    ],
)
def test_the_title_names_the_estimated_run_and_is_empty_while_one_trains(snapshot, title):
    assert estimate_title(snapshot) == title


def test_tab_3_shows_the_estimate_until_a_run_starts():
    estimates = FakeEstimates()
    handlers = TrainingHandlers(FakeTraining(), estimates, PasswordGate(""))
    output = [field.name for field in fields(TrainingComponents)].index("estimate")
    state = ViewState()
    assert handlers.show_run(None, "", state)[output] == ""
    assert "시간 약 40분" in handlers.estimate("", silent)
    assert "시간 약 40분" in str(handlers.show_run(None, "", state)[output])
    assert handlers.start(None, state)[output] == ""
    assert handlers.estimate("", silent) == ""
    assert estimates.computed == 1


def test_tab_3_reports_an_unusable_base_in_the_card_only():
    assert (
        TrainingHandlers(FakeTraining(), FailingEstimates(), PasswordGate("")).estimate("", silent)
        == ""
    )
