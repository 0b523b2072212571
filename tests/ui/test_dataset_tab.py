"""The tab "2 데이터 준비" with the real services: a cancelled build, and one that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.config import Home, save
from kakaobot.dataset.build_report import BuildReport
from kakaobot.schema import Progress, no_progress
from tests.conftest import SAMPLE
from ui import text
from ui.services import Services
from ui.tabs.dataset import DatasetHandlers

PROBLEM, REPORT, CHARTS, BUILD, CANCEL = 0, 1, 3, -2, -1
"""Places in the outputs of a build."""


class Watched(Datasets):
    """Calls `at_half` whenever a build is more than half done."""

    at_half: Callable[[], object] = staticmethod(lambda: None)

    def build(self, progress: Progress = no_progress) -> BuildReport:
        def watch(share: float, message: str) -> None:
            if share > 0.5:
                self.at_half()
            progress(share, message)

        return super().build(watch)


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate("열쇠")


@pytest.fixture
def access(gate: PasswordGate) -> AccessPass:
    return gate.authenticate("열쇠")


@pytest.fixture
def datasets(home: Home) -> Watched:
    save(home.settings_file, {"model.base_model": "starter"})
    Exports(home).import_files([SAMPLE])
    return Watched(home)


@pytest.fixture
def handlers(home: Home, gate: PasswordGate, datasets: Watched) -> DatasetHandlers:
    services = Services.from_home(home)
    return DatasetHandlers(
        datasets, services.participants, services.settings, services.estimates, gate
    )


def buttons(updates: Any) -> tuple[bool, bool]:
    """Whether the buttons to build and to cancel are visible."""
    return updates[BUILD].visible, updates[CANCEL].visible


def test_a_build_takes_the_place_of_the_last_report_until_it_is_done(
    handlers: DatasetHandlers, access: AccessPass
) -> None:
    updates: Any = handlers.build(access, "", "도담", gr.Progress())
    during, after = updates
    assert buttons(during) == (False, True)
    assert (during[REPORT], during[CHARTS]) == ("", "")
    assert buttons(after) == (True, False)
    assert after[PROBLEM] == ""
    assert "도담" in after[REPORT]


def test_a_cancelled_build_leaves_the_last_one_as_it_was(
    handlers: DatasetHandlers, datasets: Watched, access: AccessPass
) -> None:
    list(handlers.build(access, "", "도담", gr.Progress()))
    before = datasets.report()
    datasets.at_half = handlers.cancel
    after: Any = list(handlers.build(access, "", "", gr.Progress()))[-1]
    assert text.BUILD_CANCELLED in after[PROBLEM]
    assert buttons(after) == (True, False)
    assert datasets.report() == before
    assert "도담" in after[REPORT]
    datasets.at_half = lambda: None
    again: Any = list(handlers.build(access, "", "", gr.Progress()))[-1]
    assert again[PROBLEM] == ""


def test_a_failed_build_says_why_below_the_button(
    handlers: DatasetHandlers, access: AccessPass
) -> None:
    after: Any = list(handlers.build(access, "", "없는 사람", gr.Progress()))[-1]
    assert "없는 사람" in after[PROBLEM]
    assert text.BUILD_AGAIN.replace("'", "&#39;") in after[PROBLEM]
    assert buttons(after) == (True, False)
