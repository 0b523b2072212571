"""The first page: people as cards, all mistakes beside their fields, one button for the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.consent import Consent
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.quick_start import QuickStart
from kakaobot.app.training import Training
from kakaobot.app.workflow import Workflow
from kakaobot.config import Home
from kakaobot.errors import RunError
from tests.conftest import SAMPLE
from ui import password_text, start_text
from ui.password_bar import N_OUTPUTS, NoPassStore, PasswordBarHandlers
from ui.start import StartHandlers

PASSWORD = "바다 거북"
silent = cast("gr.Progress", lambda *_, **__: None)
request = cast("gr.Request", None)


class NoTraining(Training):
    """Starts no worker, but remembers that it should have."""

    starts = 0
    error = ""

    def start(self, *, new: bool = False) -> Any:
        if self.error:
            raise RunError(self.error)
        self.starts += 1


@pytest.fixture
def training(home: Home, bases: BaseModels) -> NoTraining:
    return NoTraining(home, bases)


@pytest.fixture
def gate(home: Home) -> PasswordGate:
    return PasswordGate.from_home(home)


@pytest.fixture
def handlers(home: Home, bases: BaseModels, training: NoTraining, gate: PasswordGate) -> Any:
    datasets = Datasets(home, bases)
    return StartHandlers(
        Exports(home),
        QuickStart(home, datasets, training),
        Consent(home),
        Workflow(home, datasets, training),
        PasswordBarHandlers(gate, NoPassStore()),
        is_open=True,
    )


def begin(handlers: Any, person: str | None, **changed: Any) -> tuple[Any, Any]:
    """The sentences beside the fields, and the outputs after them."""
    values = {"access": None, "promised": True, "new": PASSWORD, "again": PASSWORD, **changed}
    updates = handlers.begin(person=person, request=request, progress=silent, **values)
    return updates[N_OUTPUTS : N_OUTPUTS + 5], updates[N_OUTPUTS + 5 :]


def test_the_page_shows_people_once_there_are_files(handlers: Any) -> None:
    page, details, person_step, cards, promise_step, password, tab = handlers.load(None, None)
    assert (page, details) == (gr.skip(), gr.skip())
    assert (person_step.visible, promise_step.visible, cards) == (False, False, "")
    assert password.visible
    assert tab == "exports"
    _, rejected, person_step, cards, promise_step, _ = handlers.import_sample(None, None)
    assert (rejected, person_step.visible, promise_step.visible) == ("", True, True)
    assert cards.count("kb-person-head") == 5
    assert cards.count("<q>") == 12
    assert "kb-enough" in cards


def test_a_broken_file_is_explained(handlers: Any, tmp_path: Path) -> None:
    broken = tmp_path / "장보기.txt"
    broken.write_text("두부 한 모\n", encoding="utf-8")
    _, rejected, person_step, *_ = handlers.import_files([str(broken)], None, None, silent)
    assert "장보기.txt" in rejected
    assert not person_step.visible
    assert not broken.exists()


def test_a_picked_card_is_pressed(home: Home, handlers: Any) -> None:
    Exports(home).import_files([SAMPLE])
    event = gr.EventData(None, {"ask": json.dumps({"name": "마루"}), "typed": ""})
    person, cards, error = handlers.pick(None, event)
    assert (person, error) == ("마루", "")
    assert str(cards).count('aria-pressed="true"') == 1


def test_lines_need_the_password_where_there_is_one(
    home: Home, handlers: Any, gate: PasswordGate
) -> None:
    Exports(home).import_files([SAMPLE])
    access = gate.set_first(PASSWORD)
    locked = handlers.show_cards(None, None)
    assert "<q>" not in locked
    assert start_text.LINES_LOCKED in locked
    assert "<q>" in handlers.show_cards(access, None)


def test_all_mistakes_are_shown_at_once(
    home: Home, handlers: Any, training: NoTraining, gate: PasswordGate
) -> None:
    Exports(home).import_files([SAMPLE])
    errors, _ = begin(handlers, None, promised=False, new="가", again="")
    person, promise, new, again, whole = errors
    assert start_text.PERSON_MISSING in person
    assert start_text.PROMISE_MISSING in promise
    assert "이상" in new
    assert (again, whole) == ("", "")
    errors, _ = begin(handlers, "도담", again="다른 것")
    assert password_text.NOT_THE_SAME in errors[3]
    assert not gate.is_set
    assert Consent(home).given() is None
    assert training.starts == 0


def test_one_button_does_the_rest(
    home: Home, handlers: Any, training: NoTraining, gate: PasswordGate
) -> None:
    Exports(home).import_files([SAMPLE])
    errors, (page, details, tabs, timer) = begin(handlers, "도담")
    assert errors == ("",) * 5
    assert (page.visible, details.visible, tabs.selected) == (False, True, "training")
    assert timer.active
    assert gate.is_set
    assert Consent(home).given() is not None
    assert home.settings().data.persona == "도담"
    assert training.starts == 1
    # Later pages do not show the short way any more.
    page, details, *_, tab = handlers.load(None, None)
    assert (page.visible, details.visible, tab) == (False, True, "training")
    # Nobody can talk yet.
    assert handlers.await_chat() == (gr.skip(), gr.skip())


def test_a_failure_keeps_the_page_and_says_why(
    home: Home, handlers: Any, training: NoTraining, gate: PasswordGate
) -> None:
    Exports(home).import_files([SAMPLE])
    training.error = "디스크가 가득 찼습니다."
    errors, rest = begin(handlers, "도담")
    assert "디스크가 가득 찼습니다." in errors[4]
    assert rest == (gr.skip(),) * 4
    # The password that was set meanwhile is asked for.
    errors, _ = begin(handlers, "도담", new="", again="")
    assert start_text.LOCKED in errors[4]
