"""Two pages share the one model, and a training takes it from both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.base.selection import choose
from kakaobot.config import Home, save
from tests.browser.driver import PASSWORD, App, open_tab, unlock
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import QUICK, SAMPLE
from tests.patience import patience

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """With a built dataset, and with a run whose replies take some minutes."""
    folder = tmp_path_factory.mktemp("line")
    home = Home(folder / "home")
    home.settings()
    save(home.settings_file, {**QUICK, "project.run_name": "other"})
    Exports(home).import_files([SAMPLE])
    Datasets(home, BaseModels(lambda name: choose(name, reachable=lambda: False))).build()
    save_random_model(folder / "model", hidden=1024, layers=8)
    create_chat_run(home, folder / "model")
    save(home.settings_file, {"generation.max_new_tokens": 3500})
    app = App(home)
    yield app
    app.kill()


@pytest.fixture(scope="module")
def pages(app: App, browser: Browser) -> tuple[Page, Page]:
    """Two unlocked pages of one browser."""
    context = browser.new_context(locale="ko-KR", viewport={"width": 1240, "height": 860})
    context.set_default_timeout(1000 * patience())
    first, second = context.new_page(), context.new_page()
    first.goto(app.start())
    expect(first.locator("#tab-exports, #export-upload").first).to_be_attached()
    second.goto(f"http://127.0.0.1:{app.port}/")
    for page in (first, second):
        open_tab(page, "4 대화")
        unlock(page, PASSWORD)
        expect(page.locator("#chat-message textarea")).to_be_visible()
        # Otherwise a bubble is shown once it is complete.
        page.get_by_label("바로 보기").check()
    return first, second


def send(page: Page, message: str) -> None:
    page.locator("#chat-message textarea").fill(message)
    page.locator("#chat-message textarea").press("Enter")
    expect(page.locator("#chat-box [data-testid=user]").last).to_contain_text(message)


def test_1_a_second_page_reads_its_place_in_korean(pages: tuple[Page, Page]) -> None:
    first, second = pages
    send(first, "먼저 갑니다")
    expect(first.locator("#chat-box")).to_contain_text("도담 · AI")
    send(second, "저도요")
    expect(second.locator("#chat-box")).to_contain_text("앞에 1명이 있습니다.")
    assert "queue" not in second.locator("#chat-room").inner_text()
    # A reply that is repeated unchanged must not change the page.
    second.wait_for_timeout(1500)
    expect(second.locator("#chat-box")).to_contain_text("앞에 1명이 있습니다.")
    expect(second.locator("#chat-stop")).to_be_visible()


def test_2_stopping_the_wait_clears_the_place(pages: tuple[Page, Page]) -> None:
    _, second = pages
    second.bring_to_front()
    second.locator("#chat-stop").click()
    expect(second.locator("#chat-box")).not_to_contain_text("앞에 1명이 있습니다.")
    expect(second.locator("#chat-box")).to_contain_text("저도요")
    expect(second.locator("#chat-send")).to_be_visible()


def test_3_a_page_sends_one_message_at_a_time(pages: tuple[Page, Page]) -> None:
    first, _ = pages
    first.bring_to_front()
    first.locator("#chat-message textarea").fill("그리고")
    first.locator("#chat-retry").dispatch_event("click")
    expect(first.get_by_text("아직 대답하고 있습니다.").first).to_be_visible()
    expect(first.locator("#chat-message textarea")).to_have_value("그리고")
    expect(first.locator("#chat-box")).to_contain_text("먼저 갑니다")


def test_4_a_training_cuts_the_reply_but_not_what_was_typed(
    pages: tuple[Page, Page], app: App
) -> None:
    first, second = pages
    second.bring_to_front()
    second.locator("#chat-retry").click()
    expect(second.locator("#chat-box")).to_contain_text("앞에 1명이 있습니다.")
    open_tab(second, "3 학습")
    second.locator("#train-start").click()
    for page in (first, second):
        page.bring_to_front()
        open_tab(page, "4 대화")
        expect(page.locator("#chat-box")).to_contain_text("학습을 시작해 대화를 멈췄습니다.")
        expect(page.locator("#chat-send")).to_be_visible()
    expect(first.locator("#chat-box")).to_contain_text("먼저 갑니다")
    expect(first.locator("#chat-message textarea")).to_have_value("그리고")
    app.wait_until("starting", "running", "finished")
