"""An open page sends no event while nothing changes, and learns soon what another one has done."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.patience import patience, processor_time
from tests.security.chromium.test_off import enter
from tests.security.window import PASSWORD, WindowProcess, running_window

pytestmark = pytest.mark.browser

SECONDS = 3.0
"""Within which a page learns that another one has locked it."""
AT_REST = 0.4
"""Seconds of processor time of the program in ten, with two resting pages."""


def used(window: WindowProcess) -> float:
    times = psutil.Process(window.process.pid).cpu_times()
    return times.user + times.system


def test_a_page_that_rests_is_locked_by_another(tmp_path: Path, context: BrowserContext) -> None:
    with running_window(tmp_path, password=PASSWORD) as window:
        page, other = context.new_page(), context.new_page()
        page.goto(window.address)
        enter(page)
        other.goto(f"{window.base_url}/")
        enter(other)
        page.wait_for_timeout(6000)

        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(window.base_url)))
        before = used(window)
        page.wait_for_timeout(10_000)
        assert used(window) - before < processor_time(AT_REST)
        assert not [path for path in asked if path.startswith("/gradio_api")]
        assert 3 <= sum(path.startswith("/pulse") for path in asked) <= 6

        other.locator("#gate-lock").click()
        since = time.monotonic()
        expect(page.locator("#gate-password")).to_be_visible()
        assert time.monotonic() - since < patience(SECONDS)
