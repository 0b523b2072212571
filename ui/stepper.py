"""The stepper above the tabs: the stages from an export to a chat, and the one next thing."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from kakaobot.errors import KakaobotError
from ui.event_data import ClickRequest
from ui.events import Trigger, Updates, on, skip
from ui.render.stepper import TABS, stepper_card
from ui.services import WorkflowProtocol
from ui.tabs.rooms import ACTION_SCRIPT


@dataclass(frozen=True)
class StepperState:
    """What one page shows, so that a poll sends only changes."""

    version: tuple[object, ...] = ()
    card: str = ""


def layout() -> gr.HTML:
    return gr.HTML(js_on_load=ACTION_SCRIPT, elem_id="stepper")


def wire(handlers: StepperHandlers, card: gr.HTML, tabs: gr.Tabs, events: list[Trigger]) -> None:
    """Refresh the card on `events`, and open the tab of a clicked stage."""
    state = gr.State(StepperState())
    for event in events:
        on(event, handlers.refresh, state, [card, state], concurrency_limit=None)
    on(card.click, handlers.open_stage, None, tabs, concurrency_limit=None)


class StepperHandlers:
    """Handlers of the stepper. Names of files, rooms and people are no words."""

    def __init__(self, workflow: WorkflowProtocol) -> None:
        self._workflow = workflow

    def refresh(self, state: StepperState) -> Updates:
        """The card, if it has changed."""
        try:
            version = self._workflow.version()
            if version == state.version:
                return skip(2)
            card = stepper_card(self._workflow.state())
        except KakaobotError:
            # The tab that needs what is damaged says so.
            return skip(2)
        shown = gr.skip() if card == state.card else card
        return shown, StepperState(version, card)

    def open_stage(self, event: gr.EventData) -> gr.Tabs:
        return gr.Tabs(selected=ClickRequest(event).choice("stage", TABS))
