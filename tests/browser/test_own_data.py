"""내 대화는 어디에 in Chromium: sizes, what went out, erasing one thing and all, on every page."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.consent import Consent
from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.feedback import Feedback
from kakaobot.app.storage import Storage, size_text
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home
from tests.browser.driver import PASSWORD, App, open_tab, unlock
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import SAMPLE
from tests.patience import patience

pytestmark = pytest.mark.browser
LINES = (ChatLine("", "바다 보러 갈래", True), ChatLine("도담", "그래 좋아", False))
SHOTS = os.environ.get("KAKAOBOT_OWN_DATA_SHOTS")
SIZES = {"desk": (1366, 768), "phone": (390, 844)}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """With the sample room, data, a file in the archive, a run, a conversation, a correction."""
    folder = tmp_path_factory.mktemp("own")
    home = Home(folder / "home")
    home.settings()
    exports = Exports(home)
    exports.import_files([SAMPLE, SAMPLE.with_name("sample_mac.csv")])
    exports.remove(exports.files()[1].hash)
    Datasets(home, BaseModels()).build()
    save_random_model(folder / "model", hidden=64, layers=1)
    create_chat_run(home, folder / "model")
    gate = PasswordGate(PASSWORD)
    access, setup = gate.authenticate(PASSWORD), ChatSetup(run="main")
    Conversations(home, gate).keep(access, OpenConversation(), LINES, setup)
    Feedback(home, gate).add(access, "good", LINES, run="main")
    app = App(home)
    yield app
    app.kill()


@pytest.fixture(scope="module")
def page(app: App, browser: Browser) -> Page:
    viewport: ViewportSize = {"width": 1240, "height": 860}
    context = browser.new_context(locale="ko-KR", viewport=viewport)
    context.set_default_timeout(1000 * patience())
    page = context.new_page()
    load(page, app.start())
    return page


def load(page: Page, address: str) -> None:
    """Open the window, which shows where work has stopped."""
    page.goto(address)
    training = page.get_by_role("tab", name="3 학습")
    expect(training).to_have_attribute("aria-selected", "true")


def ask(page: Page, name: str) -> None:
    page.locator(f'#where [data-do=ask][data-stored="{name}"]').click()


def erase(page: Page) -> None:
    """Confirm the one question that the page asks."""
    expect(page.locator("#where [data-do=erase]")).to_have_count(1)
    page.locator("#where [data-do=erase]").click()


def test_1_places_and_sizes_are_shown_and_a_locked_page_erases_nothing(
    page: Page, app: App
) -> None:
    open_tab(page, "5 설정")
    page.locator(".kb-jump a").click()
    things = {thing.name: thing for thing in Storage(app.home).things()}
    for thing in (things[name] for name in ("가져온대화", "학습/main", "저장한대화", "보관함")):
        shown = page.locator(f'#where [data-thing="{thing.name}"]')
        expect(shown).to_contain_text(thing.title)
        expect(shown.locator("h4 b")).to_have_text(size_text(thing.size))
        expect(shown.locator("code")).to_have_text(thing.place)
    expect(page.locator("#where .kb-staying")).to_contain_text("configs/sft.yaml")
    expect(page.locator("#where .kb-erase-all")).to_contain_text("비밀번호(.env)")
    expect(page.locator("#where h3")).to_be_in_viewport()
    ask(page, "*")
    expect(page.locator("#where .kb-erase-question")).to_contain_text("잠겨 있습니다")
    expect(page.locator("#where [data-do=erase]")).to_have_count(0)
    page.locator("#where [data-do=cancel]").click()
    expect(page.locator("#where .kb-erase-question")).to_have_count(0)


def test_2_a_path_is_copied(page: Page, app: App) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator('#where [data-thing="학습/main"] [data-do=copy]')
    button.click()
    expect(button).to_have_text("복사했습니다")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert Path(copied) == app.home.root / "checkpoints_lora" / "main"


def test_3_what_goes_out_is_counted_live(page: Page, app: App) -> None:
    outgoing = page.locator("#where-outgoing")
    expect(outgoing.locator("b").first).to_have_text("0번")
    expect(outgoing).to_contain_text("아무것도 묻거나 보내지 않았습니다")
    # As a training worker writes it down.
    request = {"host": "huggingface.co", "purpose": "바탕 모델 a/b 확인과 내려받기", "pid": 1}
    with app.home.outgoing_file.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**request, "at": time.time()}) + "\n")
    expect(outgoing.locator("b").first).to_have_text("1번")
    expect(outgoing).to_contain_text("바탕 모델 a/b")
    expect(outgoing).to_contain_text("huggingface.co")
    app.home.outgoing_file.unlink()
    expect(outgoing.locator("b").first).to_have_text("0번")


def test_4_consent_is_shown(page: Page, app: App) -> None:
    expect(page.locator("#where-consent")).to_contain_text("아직 확인하지 않음")
    expect(page.locator("#where-consent")).to_contain_text("그 사람들의 것")
    Consent(app.home).give()
    open_tab(page, "1 가져오기")
    open_tab(page, "5 설정")
    expect(page.locator("#where-consent h4")).to_contain_text(re.compile(r"\d+년 .*에 확인함"))
    unlock(page, PASSWORD)
    expect(page.locator("#gate-lock")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_5_the_section_fits_every_screen(page: Page, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(f"document.body.classList.toggle('dark', {json.dumps(scheme == 'dark')})")
    ask(page, "학습/main")
    question = page.locator("#where .kb-erase-question")
    expect(question).to_contain_text("되돌릴 수 없습니다")
    expect(question).to_be_in_viewport()
    if SHOTS:
        page.wait_for_timeout(800)
        name = f"{size}-{scheme}"
        page.screenshot(path=f"{SHOTS}/{name}.png")
        page.locator("#where").screenshot(path=f"{SHOTS}/{name}-whole.png")
    widths = page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth,"
        " ...[...document.querySelectorAll('#where *')]"
        ".map((part) => part.getBoundingClientRect().right)]"
    )
    assert max(widths) <= width
    # No letter stands on a line of its own.
    cards = page.evaluate(
        "[...document.querySelectorAll('#where .kb-card')].map((card) => card.clientWidth)"
    )
    assert min(cards) > 280
    page.locator("#where [data-do=cancel]").click()
    expect(question).to_have_count(0)
    page.evaluate("document.body.classList.remove('dark')")
    page.set_viewport_size(before or {"width": 1240, "height": 860})


def test_6_one_thing_goes_from_every_open_page(page: Page, app: App) -> None:
    other = page.context.new_page()
    load(other, f"http://127.0.0.1:{app.port}/")
    unlock(other, PASSWORD)
    open_tab(other, "4 대화")
    expect(other.locator("#chat-box")).to_contain_text("그래 좋아")
    other.evaluate("window.kbBefore = true")
    ask(page, "저장한대화")
    expect(page.locator("#where .kb-erase-question")).to_contain_text("'저장한 대화'")
    erase(page)
    # The page loads anew, and returns to where it was.
    expect(page.locator("#where [role=status]")).to_contain_text("'저장한 대화' 을(를) 영원히")
    expect(page.locator('#where [data-thing="저장한대화"]')).to_have_count(0)
    expect(page.locator("#where h3")).to_be_in_viewport()
    assert not (app.home.root / "data" / "chats").exists()
    other.wait_for_function("window.kbBefore === undefined")
    assert "그래 좋아" not in other.content()
    other.close()


def test_7_all_goes_and_every_tab_shows_it(page: Page, app: App) -> None:
    open_tab(page, "1 가져오기")
    expect(page.locator("#export-files")).to_contain_text("sample_windows.txt")
    open_tab(page, "5 설정")
    ask(page, "*")
    expect(page.locator("#where .kb-erase-question")).to_contain_text("'학습 main'")
    erase(page)
    expect(page.locator("#where [role=status]")).to_contain_text("외 2가지")
    expect(page.locator("#where [data-do=ask]")).to_have_count(0)
    expect(page.locator("#where .kb-erase-all")).to_contain_text("지울 대화가 없습니다")
    root = app.home.root
    left = {path.relative_to(root).parts[0] for path in root.rglob("*") if path.is_file()}
    assert left <= {"configs", ".kakaobot", "window.log"}
    assert [path.name for path in (app.home.root / "data").rglob("*")] == []
    open_tab(page, "1 가져오기")
    expect(page.locator("#export-files")).to_contain_text("아직 가져온 파일이 없습니다")
    open_tab(page, "2 데이터 준비")
    expect(page.locator("#dataset-report")).not_to_contain_text("보드게임")
    expect(page.locator("#dataset-build")).to_be_disabled()
    open_tab(page, "3 학습")
    expect(page.locator("#train-runs")).to_contain_text("없습니다")
    open_tab(page, "4 대화")
    expect(page.locator("#chat-list .kb-chat")).to_have_count(0)
    page.locator("#gate-lock").click()


def test_8_the_window_goes_on(page: Page, app: App) -> None:
    """Import and build again, in the same program."""
    open_tab(page, "1 가져오기")
    page.locator("#export-sample").click()
    expect(page.locator("#export-files")).to_contain_text("sample_windows.txt")
    open_tab(page, "5 설정")
    expect(page.locator('#where [data-thing="가져온대화"]')).to_contain_text("방 1개 · 파일 1개")
