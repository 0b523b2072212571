"""The title of the page follows a training, and its end is told without a private word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from kakaobot.config import save
from kakaobot.runs.run import Runs
from tests.conftest import QUICK
from tests.patience import patience, wait_for
from tests.security.window import prepare_home, running_window
from ui import text, window_text

pytestmark = pytest.mark.browser

# Keeps what is shown; all else is the browser's own.
RECORD = """
window.shown = [];
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, options) { super(title, options); window.shown.push([title, options]); }
};
// Pages of the tests never count as hidden.
window.away = false;
Object.defineProperty(document, "hidden", { get: () => window.away });
"""


def test_the_title_follows_a_training_and_its_end_is_told(tmp_path: Path, browser: Browser) -> None:
    home = prepare_home(tmp_path)
    save(
        home.settings_file,
        {
            **QUICK,
            "training.max_steps": 12,
            "training.eval_steps": 12,
            "training.sample_replies": 0,
        },
    )
    context = browser.new_context(locale="ko-KR", permissions=["notifications"])
    context.set_default_timeout(1000 * patience())
    context.add_init_script(RECORD)
    page = context.new_page()
    with running_window(tmp_path) as window:
        page.goto(f"{window.base_url}/open#{window.code}")
        expect(page.locator("#status .kb-pill")).to_be_visible()
        ordinary = page.title()
        bell = page.locator("#kb-notify")
        expect(bell).to_be_hidden()
        page.get_by_role("tab", name="3 학습").click()
        page.locator("#train-start").click()
        expect(page).to_have_title(re.compile(r"^\d+% · 학습 중 · 카카오봇$"))
        expect(bell).to_have_attribute("aria-pressed", "false")
        bell.click()
        expect(bell).to_have_attribute("aria-pressed", "true")
        page.evaluate("window.away = true")
        [run] = Runs(home.folder("checkpoints_lora")).all()
        wait_for(lambda: page.title() == ordinary, run)
        expect(bell).to_be_hidden()
        [[title, options]] = page.evaluate("window.shown")
        assert (title, options["body"]) == (text.APP, window_text.NOTIFY_FINISHED)
        told = json.dumps([title, options], ensure_ascii=False)
        for private in ("보드게임방", "도담", "main"):
            assert private not in told
    context.close()
