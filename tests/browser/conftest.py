"""Fixtures of the browser tests, which share one program, one Chromium and one page."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kakaobot.config import Home, save
from tests.browser.driver import SAMPLES, STEPS, App
from tests.conftest import QUICK
from tests.patience import patience

expect.set_options(timeout=1000 * patience())

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = Home(tmp_path_factory.mktemp("window"))
    home.settings()
    save(
        home.settings_file,
        {
            **QUICK,
            "training.max_steps": STEPS,
            "training.learning_rate": 6e-4,
            "training.eval_steps": 10,
            "training.sample_replies": SAMPLES,
            "generation.max_new_tokens": 48,
            "generation.candidates": 1,
        },
    )
    app = App(home)
    yield app
    app.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    program = program or shutil.which("google-chrome") or shutil.which("chrome")
    if program is None:
        message = "Chromium 이 없습니다. Debian 에서는 apt-get install chromium 으로 설치하세요."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def external_requests() -> list[str]:
    """URLs on other machines that the page requested."""
    return []


@pytest.fixture(scope="module")
def page(app: App, browser: Browser, external_requests: list[str]) -> Page:
    context = browser.new_context(
        locale="ko-KR", viewport={"width": 1240, "height": 860}, device_scale_factor=1.5
    )
    context.set_default_timeout(1000 * patience())
    page = context.new_page()
    page.on(
        "request",
        lambda request: (
            None
            if re.match(r"(http://127\.0\.0\.1:|data:|blob:)", request.url)
            else external_requests.append(request.url)
        ),
    )
    page.goto(app.start())
    # Of a home in which nothing has been built, the first page is shown.
    details = page.locator("#start-details")
    expect(details.or_(page.locator("#tabs")).first).to_be_visible()
    if details.is_visible():
        details.click()
    expect(page.locator("#tabs")).to_be_visible()
    return page
