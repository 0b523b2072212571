"""What a training will take, told in tabs 2 and 3: a fake service behind the real handlers."""

import inspect
from dataclasses import fields, replace
from typing import Any, cast

import gradio as gr
import pytest

from kakaobot.app.estimates import Estimate
from kakaobot.errors import BaseModelError
from kakaobot.runs.status import Status
from tests.ui.window_fakes import (
    NOW,
    OUTLOOK,
    FakeDatasets,
    FakeOutlooks,
    FakePeople,
    FakeTraining,
)
from ui import text
from ui.presenters import estimate_title
from ui.render.cards import estimate_card
from ui.tabs import dataset, training

TIGHT = Estimate(("메모리 약 30GB", "메모리가 <모자랍니다>."), enough=False)


class Saved:
    def values(self):
        return {"data.room": "", "data.persona": ""}


class Broken(FakeOutlooks):
    def look(self, progress):
        raise BaseModelError("바탕 모델 <b>이</b> 없습니다.")


def wired(window: gr.Blocks) -> dict[str, Any]:
    handlers = (inspect.unwrap(block.fn) for block in window.fns.values() if block.fn)
    return {handler.__name__: handler for handler in handlers}


def second(outlooks: Any) -> dict[str, Any]:
    datasets, people, saved = cast("Any", (FakeDatasets(), FakePeople(), Saved()))
    with gr.Blocks() as window, gr.Tabs() as tabs, gr.Tab() as tab:
        dataset.build(datasets, people, saved, outlooks, tabs, tab)
    return wired(window)


def third(service: Any, outlooks: Any) -> dict[str, Any]:
    with gr.Blocks() as window, gr.Tabs() as tabs, gr.Tab() as tab:
        events = training.Events(tab.select, window.load, gr.Timer(1).tick)
        training.build(service, outlooks, tabs, gr.HTML(), events)
    return wired(window)


def silent(*_: Any, **__: Any) -> None:
    pass


def test_a_card_tells_the_estimate_and_what_to_lower():
    page = estimate_card(text.ESTIMATE_TITLE, OUTLOOK)
    assert text.ESTIMATE_TITLE in page
    assert "시간 약 40분" in page
    assert "연습용 &lt;b&gt;" in page
    assert "kb-warn" not in page
    tight = estimate_card(text.ESTIMATE_TITLE, TIGHT)
    assert "kb-warn" in tight
    assert "메모리가 &lt;모자랍니다&gt;." in tight
    assert estimate_card("", OUTLOOK) == estimate_card(text.ESTIMATE_TITLE, None) == ""


def test_arriving_in_tab_2_waits_for_no_estimate_but_shows_what_is_known():
    outlooks = FakeOutlooks()
    handlers = second(outlooks)
    assert handlers["arrive"]()[-1] == ""
    assert outlooks.looks == 0
    told = []
    page = handlers["foresee"](lambda share, desc: told.append(desc))
    assert "시간 약 40분" in page
    assert told == ["재는 중"]
    assert handlers["arrive"]()[-1] == page


def test_a_base_that_cannot_be_used_is_told_in_tab_2():
    page = second(Broken())["foresee"](silent)
    assert "바탕 모델 &lt;b&gt;이" in page


RUNNING = replace(NOW, status=Status("running", 3, 9), can_start=False, can_stop=True)
BUSY = replace(NOW, runs=(replace(NOW.runs[0], state="running"),))


@pytest.mark.parametrize(
    ("now", "title"),
    [
        (NOW, text.ESTIMATE_TITLE),
        (replace(NOW, resume_step=40), text.ESTIMATE_TITLE_NEW_RUN),
        (replace(NOW, can_start=False), text.ESTIMATE_TITLE_NEW_RUN),
        (RUNNING, ""),
        (BUSY, ""),
    ],
)
def test_what_is_estimated_is_a_whole_training_and_nothing_while_one_runs(now, title):
    assert estimate_title(now) == title


def test_tab_3_tells_it_beside_the_start_and_takes_it_away_when_one_has_started():
    outlooks, service = FakeOutlooks(), FakeTraining()
    handlers = third(service, outlooks)
    place = [field.name for field in fields(training.TrainingComponents)].index("outlook")
    watch = training.Watch()
    assert handlers["look"]("", watch)[place] == ""
    assert "시간 약 40분" in handlers["foresee"]("", silent)
    assert "시간 약 40분" in handlers["look"]("", watch)[place]
    assert handlers["begin"](watch)[place] == ""
    assert handlers["foresee"]("", silent) == ""
    assert outlooks.looks == 1


def test_tab_3_tells_a_trouble_of_the_base_in_its_card_alone():
    assert third(FakeTraining(), Broken())["foresee"]("", silent) == ""
