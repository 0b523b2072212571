"""Chromium accepts the window as an app that can be installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.patience import patience
from tests.security.window import running_window

pytestmark = pytest.mark.browser


def test_the_window_can_be_installed(tmp_path: Path, browser: Browser) -> None:
    context = browser.new_context(locale="ko-KR")
    context.set_default_timeout(1000 * patience())
    page = context.new_page()
    with running_window(tmp_path) as window:
        page.goto(f"{window.base_url}/open#{window.code}")
        expect(page.locator("#start-upload")).to_be_visible()
        devtools = context.new_cdp_session(page)
        answer = devtools.send("Page.getAppManifest")
        assert answer["errors"] == []
        assert answer["url"] == f"{window.base_url}/manifest.webmanifest"
        manifest = json.loads(answer["data"])
        assert (manifest["lang"], manifest["display"]) == ("ko", "standalone")
        for icon in manifest["icons"]:
            size = page.evaluate(
                """async (url) => {
                  const image = new Image();
                  image.src = url;
                  await image.decode();
                  return `${image.naturalWidth}x${image.naturalHeight}`;
                }""",
                icon["src"],
            )
            assert size == icon["sizes"]
        problems = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # A context of the tests has no profile, like a private window.
        assert [problem["errorId"] for problem in problems] in ([], ["in-incognito"])
    context.close()
