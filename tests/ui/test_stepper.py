"""The stepper: a button per stage, marked by its state, and the one next thing."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.workflow import Stage, WorkflowState
from kakaobot.errors import ExportError, KakaobotError
from ui.render.stepper import stepper_card
from ui.stepper import StepperHandlers, StepperState

STATE = WorkflowState(
    (
        Stage("exports", "done", "파일 2개"),
        Stage("people", "done", "별빛 <b> · 도담"),
        Stage("dataset", "outdated", "대답 12개", "파일이 늘었습니다."),
        Stage("training", "stopped", "40단계에서 멈춤"),
        Stage("chat", "todo"),
    ),
    "dataset",
    "파일이 늘었습니다. 다시 만드세요.",
)


class FakeWorkflow:
    def __init__(self, state: WorkflowState = STATE) -> None:
        self.current, self.number, self.error = state, 0, ""

    def state(self) -> WorkflowState:
        return self.current

    def version(self) -> tuple[object, ...]:
        if self.error:
            raise ExportError(self.error)
        return (self.number,)


def steps(card: str) -> list[str]:
    return re.findall(r"<li.*?</li>", card)


def test_a_stage_shows_its_state_and_what_there_is() -> None:
    first, second, third, fourth, last = steps(stepper_card(STATE))
    assert "kb-step-done" in first
    assert "파일 2개" in first
    assert "별빛 &lt;b&gt; · 도담" in second
    assert "kb-step-outdated" in third
    assert "다시 해야 함" in third
    assert 'aria-current="step"' in third
    assert "kb-step-stopped" in fourth
    assert "아직" in last
    assert "aria-current" not in last
    assert "파일이 늘었습니다. 다시 만드세요." in stepper_card(STATE)


def test_a_poll_sends_the_card_only_when_it_has_changed() -> None:
    workflow = FakeWorkflow()
    handlers = StepperHandlers(workflow)
    card, state = handlers.refresh(StepperState())
    assert "kb-steps" in str(card)
    assert isinstance(state, StepperState)
    skipped = gr.skip()
    assert handlers.refresh(state) == (skipped, skipped)
    workflow.number = 1
    card, state = handlers.refresh(state)
    assert card == skipped
    workflow.number, workflow.current = 2, WorkflowState(STATE.stages, "chat", "")
    card, _ = handlers.refresh(state)  # type: ignore[arg-type]
    assert "kb-next-thing" not in str(card)
    workflow.error = "목록이 망가졌습니다."
    assert handlers.refresh(StepperState()) == (skipped, skipped)


def test_a_click_opens_the_tab_of_the_stage() -> None:
    handlers = StepperHandlers(FakeWorkflow())

    def click(request: Any) -> gr.Tabs:
        return handlers.open_stage(gr.EventData(None, {"ask": json.dumps(request)}))

    requests = [
        json.loads(unescape(request))
        for request in re.findall(r'data-ask="([^"]*)"', stepper_card(STATE))
    ]
    opened = [click(request).selected for request in requests]
    assert opened == ["exports", "dataset", "dataset", "training", "chat"]
    with pytest.raises(KakaobotError, match="창"):
        click({"stage": "settings; drop"})
