"""The tab "2 데이터 준비" with the real services: builds that end, fail, are left or cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
from tests.patience import patience, wait_for
from ui import text
from ui.services import Services
from ui.tabs.building import BuildingHandlers
from ui.tabs.dataset import DatasetHandlers

PROGRESS, BUILD, CANCEL, SEEN, REPORT, CHARTS = 0, 1, 2, 3, 4, 6
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
def tab(home: Home, gate: PasswordGate, datasets: Watched) -> DatasetHandlers:
    services = Services.from_home(home)
    return DatasetHandlers(
        datasets, services.participants, services.settings, services.estimates, gate
    )


@pytest.fixture
def handlers(tab: DatasetHandlers) -> BuildingHandlers:
    return tab.building


def buttons(updates: Any) -> tuple[bool, bool]:
    """Whether the buttons to build and to cancel are visible."""
    return updates[BUILD].visible, updates[CANCEL].visible


def test_a_build_takes_the_place_of_the_last_report_until_it_is_done(
    handlers: BuildingHandlers, access: AccessPass
) -> None:
    updates: Any = handlers.build(access, "", "도담")
    during, *_, after = updates
    assert buttons(during) == (False, True)
    assert (during[REPORT], during[CHARTS]) == ("", "")
    assert buttons(after) == (True, False)
    assert after[PROGRESS] == ""
    assert "도담" in after[REPORT]


def test_a_cancelled_build_leaves_the_last_one_as_it_was(
    handlers: BuildingHandlers, datasets: Watched, access: AccessPass
) -> None:
    list(handlers.build(access, "", "도담"))
    before = datasets.report()
    datasets.at_half = handlers.cancel
    after: Any = list(handlers.build(access, "", ""))[-1]
    assert "만들기를 그만두었습니다" in after[PROGRESS]
    assert buttons(after) == (True, False)
    assert datasets.report() == before
    assert "도담" in after[REPORT]
    datasets.at_half = lambda: None
    again: Any = list(handlers.build(access, "", ""))[-1]
    assert again[PROGRESS] == ""


def test_a_failed_build_says_why_below_the_button(
    handlers: BuildingHandlers, access: AccessPass
) -> None:
    after: Any = list(handlers.build(access, "", "없는 사람"))[-1]
    assert "없는 사람" in after[PROGRESS]
    assert text.BUILD_AGAIN.replace("'", "&#39;") in after[PROGRESS]
    assert buttons(after) == (True, False)


@pytest.fixture
def halted(datasets: Watched) -> Iterator[threading.Event]:
    """Builds stay at their half until it is set."""
    go_on = threading.Event()
    datasets.at_half = lambda: go_on.wait(patience())
    yield go_on
    go_on.set()


def begin_and_leave(handlers: BuildingHandlers, access: AccessPass, datasets: Watched) -> None:
    """Begin a build on a page that is left before its end."""
    left = handlers.build(access, "", "도담")
    next(left)
    left.close()  # type: ignore[attr-defined]
    wait_for(lambda: datasets.builds.state.share > 0.5)


def test_a_page_that_opens_during_a_build_shows_and_cancels_it(
    tab: DatasetHandlers, datasets: Watched, access: AccessPass, halted: threading.Event
) -> None:
    begin_and_leave(tab.building, access, datasets)
    progress, build, cancel, seen = tab.load(access, None)[2:6]
    assert "kb-bar" in str(progress)
    assert (build.visible, cancel.visible) == (False, True)  # type: ignore[attr-defined]
    assert buttons(tab.building.follow(access, seen)) == (False, True)  # type: ignore[arg-type]
    assert not tab.building.cancel().interactive
    assert not tab.building.follow(access, 0)[CANCEL].interactive  # type: ignore[attr-defined]
    halted.set()
    datasets.builds.wait(patience())
    after: Any = tab.building.follow(access, 0)
    assert "만들기를 그만두었습니다" in after[PROGRESS]
    assert buttons(after) == (True, False)
    assert datasets.report() is None
    # Once it was shown, nothing is sent any more.
    assert set(map(str, tab.building.follow(access, after[SEEN]))) == {str(gr.skip())}


def test_a_build_ends_though_its_page_has_gone(
    tab: DatasetHandlers, datasets: Watched, access: AccessPass, halted: threading.Event
) -> None:
    begin_and_leave(tab.building, access, datasets)
    again = iter(tab.building.build(access, "", "마루"))
    during: Any = next(again)
    assert buttons(during) == (False, True)
    halted.set()
    *_, after = again
    assert "도담" in str(after[REPORT])
    assert datasets.builds.state.ended == 1
    assert "도담" in str(tab.building.follow(access, 0)[REPORT])
