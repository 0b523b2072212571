"""The stages of the workflow → HTML. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from kakaobot.app.workflow import StageName, StageState, WorkflowState
from ui import window_text
from ui.render.templating import render

TABS: Mapping[StageName, str] = {
    "exports": "exports",
    "people": "dataset",
    "dataset": "dataset",
    "training": "training",
    "chat": "chat",
}
"""Stage → id of its tab."""
_SIGNS: Mapping[StageState, str] = {
    "todo": "",
    "stopped": "‖",
    "outdated": "!",
    "live": "…",
    "done": "✓",
}


def stepper_card(state: WorkflowState) -> str:
    """A button per stage, and what is to be done next."""
    stages = [
        {
            "name": stage.name,
            "label": window_text.STAGES[stage.name],
            "state": stage.state,
            "state_text": window_text.STAGE_STATES[stage.state],
            "sign": _SIGNS[stage.state] or str(number),
            "fact": stage.fact,
            "is_next": stage.name == state.next,
        }
        for number, stage in enumerate(state.stages, 1)
    ]
    return render("stepper", stages=stages, advice=state.advice)
