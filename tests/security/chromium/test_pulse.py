"""An open page sends no event while nothing changes, and learns soon what another one has done."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext, expect

from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Runs
from kakaobot.runs.status import Status
from tests.patience import patience, processor_time
from tests.security.chromium.test_off import enter
from tests.security.window import PASSWORD, WindowProcess, prepare_home, running_window

pytestmark = pytest.mark.browser

SECONDS = 3.0
"""Within which a page learns that another one has locked it."""
AT_REST = 0.4
"""Seconds of processor time of the program in ten, with two resting pages."""

STEPS = 1000


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


def test_a_page_follows_a_training_without_events(tmp_path: Path, context: BrowserContext) -> None:
    run = Runs(prepare_home(tmp_path).folder("checkpoints_lora")).get("main")
    run.create({"created_at": "2026-05-01 09:30", "base": {}, "data": {}, "settings": {}})
    run.worker.record_start(os.getpid())

    def log(step: int) -> None:
        run.append(Point(step, "loss", 2.0, 0.0))
        run.write_status(Status("running", step, STEPS, loss=2.0))

    log(1)
    with running_window(tmp_path) as window:
        page = context.new_page()
        page.goto(window.address)
        page.get_by_role("tab", name="학습").first.click()
        card, chart = page.locator("#train-card"), page.locator("#train-chart canvas")
        expect(chart).to_have_attribute("data-points", "1")
        page.wait_for_timeout(6000)

        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(window.base_url)))
        for step in (2, 3):
            log(step)
            expect(card).to_contain_text(f"{step} / {STEPS:,}")
            expect(chart).to_have_attribute("data-points", str(step))
            expect(page.locator("#status")).to_contain_text(f"{step}/{STEPS:,}")
        assert not [path for path in asked if path.startswith("/gradio_api")]

        # Another tab shows only the line at the top; what has changed is there on the way back.
        page.get_by_role("tab", name="설정").first.click()
        page.wait_for_timeout(3000)
        log(4)
        expect(page.locator("#status")).to_contain_text(f"4/{STEPS:,}")
        page.get_by_role("tab", name="학습").first.click()
        expect(chart).to_have_attribute("data-points", "4")
        expect(card).to_contain_text(f"4 / {STEPS:,}")

        # The buttons of a run that has ended come with an event.
        run.write_status(Status("finished", STEPS, STEPS))
        expect(card).to_contain_text(f"{STEPS:,} / {STEPS:,}")
        expect(page.locator("#train-stop")).to_be_hidden()


def test_a_run_that_is_looked_at_stays_while_another_one_is_trained(
    tmp_path: Path, context: BrowserContext
) -> None:
    runs = Runs(prepare_home(tmp_path).folder("checkpoints_lora"))
    for name in ("old", "new"):
        run = runs.get(name)
        run.create({"created_at": "2026-05-01 09:30", "base": {}, "data": {}, "settings": {}})
        run.append(*(Point(step, "loss", 2.0, 0.0) for step in range(1, 8)))
        run.write_status(Status("finished", STEPS, STEPS))
    run.worker.record_start(os.getpid())
    run.write_status(Status("running", 7, STEPS))
    with running_window(tmp_path) as window:
        page = context.new_page()
        page.goto(window.address)
        page.get_by_role("tab", name="학습").first.click()
        status, chart = page.locator("#status"), page.locator("#train-chart canvas")
        expect(chart).to_have_attribute("data-points", "7")
        page.locator("#train-run input").click()
        page.get_by_role("option", name="old").click()
        card = page.locator("#train-card")
        expect(card).to_contain_text("'old'")

        run.append(Point(8, "loss", 2.0, 0.0))
        run.write_status(Status("running", 8, STEPS))
        expect(status).to_contain_text(f"8/{STEPS:,}")
        page.wait_for_timeout(3000)
        expect(card).to_contain_text("'old'")
        expect(chart).to_have_attribute("data-points", "7")
        page.locator("#train-back").click()
        expect(chart).to_have_attribute("data-points", "8")
