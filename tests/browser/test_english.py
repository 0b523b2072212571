"""An English window shows no Korean but that of the room, and becomes Korean in place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kakaobot.config import ROOT, Home, load_settings, save
from tests.browser.driver import PASSWORD, App, unlock
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import SAMPLE
from tests.patience import patience

pytestmark = pytest.mark.browser

OWN_NAME = "한국어"
"""The button names its language in that language."""
_KOREAN = re.compile("[가-힣]+")
_MENU = re.compile(r"\([^()]*\)")
_ATTRIBUTES = """() => [...document.querySelectorAll("*")].flatMap((element) =>
  ["title", "aria-label", "placeholder", "alt"].map((name) => element.getAttribute(name) ?? ""))"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """With the sample room and its data, made by English commands, and a run."""
    folder = tmp_path_factory.mktemp("english")
    home = Home(folder / "home")
    home.settings()
    save(home.settings_file, {"window.language": "en", "model.base_model": "starter"})
    for command in (["organize", str(SAMPLE)], ["preprocess"]):
        subprocess.run(
            [sys.executable, "-m", "kakaobot", *command],
            env={**os.environ, "KAKAOBOT_HOME": str(home.root), "CHATBOT_PASSWORD": PASSWORD},
            cwd=ROOT,
            check=True,
        )
    save_random_model(folder / "model", hidden=64, layers=1)
    create_chat_run(home, folder / "model")
    app = App(home)
    yield app
    app.kill()


@pytest.fixture(scope="module")
def page(app: App, browser: Browser) -> Page:
    context = browser.new_context(locale="en-US", viewport={"width": 1366, "height": 768})
    context.set_default_timeout(1000 * patience())
    page = context.new_page()
    page.goto(app.start())
    page.locator("#tabs").wait_for()
    return page


def shown(page: Page) -> list[str]:
    """Everything that is read or read out."""
    texts: list[str] = page.evaluate(_ATTRIBUTES)
    return [*page.locator("body").inner_text().splitlines(), *texts]


def settled(page: Page) -> list[str]:
    """What is shown once nothing changes for a second."""
    before: list[str] = []
    while (now := shown(page)) != before:
        before = now
        page.wait_for_timeout(1000)
    return now


def korean(texts: list[str], spoken: str) -> set[str]:
    """The texts with Korean that is nowhere in the room, nor a menu of KakaoTalk."""
    return {
        text
        for text in texts
        for word in _KOREAN.findall(_MENU.sub("", text))
        if word not in spoken and word != OWN_NAME
    }


def test_1_what_counts_as_korean() -> None:
    assert korean(["Menu (대화)", "도담 Remove", OWN_NAME, "지우기"], "도담: 안녕") == {"지우기"}


def test_2_no_tab_shows_korean(page: Page) -> None:
    spoken = SAMPLE.read_text(encoding="utf-8")
    assert not korean(shown(page), spoken)
    unlock(page, PASSWORD)
    expect(page.locator("#gate-lock")).to_be_visible()
    for number in range(5):
        page.get_by_role("tab").nth(number).click()
        assert not korean(settled(page), spoken), number
    expect(page).to_have_title(re.compile("kakaobot"))


def test_3_the_window_becomes_korean_in_place(app: App, page: Page) -> None:
    page.locator("#language").click()
    expect(page.locator("#language-question")).to_contain_text("한국어로 바꿀까요?")
    page.locator("#language-stay").click()
    expect(page.locator("#language-question")).to_be_hidden()
    page.locator("#language").click()
    page.locator("#language-now").click()
    expect(page.locator("#kb-off")).to_contain_text("몇 초 뒤 한국어로 다시 열립니다.")
    expect(page.get_by_role("tab").first).to_contain_text("가져오기")
    expect(page.locator("#gate-password")).to_be_visible()
    assert load_settings(app.home.settings_file).window.language == "ko"
    unlock(page, PASSWORD)
    expect(page.locator("#gate-lock")).to_be_visible()
    assert app.process is not None
    assert app.process.poll() is None


def test_4_the_command_line_follows(app: App) -> None:
    status = subprocess.run(
        [sys.executable, "-m", "kakaobot", "stop"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "KAKAOBOT_HOME": str(app.home.root), "PYTHONUTF8": "1"},
        cwd=ROOT,
        check=False,
    )
    assert "진행 중인 학습이 없습니다" in status.stderr
