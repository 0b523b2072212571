"""The questions of the training tab."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kakaobot.app.auth import PasswordGate
from tests.ui.window_fakes import SNAPSHOT, FakeEstimates, FakeTraining
from ui import training_text
from ui.presenters import KILL_AFTER
from ui.question import QuestionHandlers
from ui.tabs.training import TrainingComponents, TrainingHandlers, ViewState

RUNNING = replace(
    SNAPSHOT, status=replace(SNAPSHOT.status, state="running"), can_stop=True, can_start=False
)
STOPPING = replace(RUNNING, stopping=True)


def tab(training: FakeTraining) -> TrainingHandlers:
    return TrainingHandlers(training, FakeEstimates(), PasswordGate(""))


@pytest.mark.parametrize(("saved", "lost"), [(1200, "1,200단계까지는"), (0, "모두 사라집니다")])
def test_forcing_an_end_asks_once_and_says_what_is_lost(saved: int, lost: str) -> None:
    training = FakeTraining(replace(STOPPING, saved_step=saved))
    row, words = QuestionHandlers(tab(training).about_kill).ask()
    assert row.visible  # type: ignore[attr-defined]
    assert training_text.KILL_TITLE in str(words)
    assert lost in str(words)


@pytest.mark.parametrize(
    ("now", "is_gone"), [(STOPPING, False), (replace(SNAPSHOT, stopping=False), True)]
)
def test_the_question_goes_with_what_it_is_about(
    now: Any, is_gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ViewState, "stopping_for", KILL_AFTER)
    updates = tab(FakeTraining(now)).poll(None, "", ViewState())
    row: Any = updates[list(TrainingComponents.__dataclass_fields__).index("question")]
    assert (getattr(row, "visible", None) is False) == is_gone
