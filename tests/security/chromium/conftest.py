"""The promises that only a browser can show, with the fixtures of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import app as app
from tests.browser.conftest import browser as browser
from tests.browser.conftest import external_requests as external_requests
from tests.browser.conftest import page as page
from tests.patience import patience


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="ko-KR")
    context.set_default_timeout(1000 * patience())
    yield context
    context.close()
