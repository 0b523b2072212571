"""Every page of the window in Chromium, on a desk and on a phone, light and dark: for everyone.

`KAKAOBOT_SCREENSHOTS=<folder>` keeps the pictures in its folder `every`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kakaobot.app.audit import Audits
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.config import Home, save
from kakaobot.runs.run import Runs
from kakaobot.runs.status import Status
from tests.browser.driver import App, open_tab, unlock, wait_for_reply
from tests.browser.inspection import SIZES, covered, inspect, unfold
from tests.conftest import QUICK
from tests.patience import patience, wait_for

pytestmark = pytest.mark.browser
PASSWORD = "강 너머 언덕"
TABS = ("1 가져오기", "2 데이터 준비", "3 학습", "4 대화", "5 설정")
INNER_TABS = ("비교", "진짜는 누구?", "외운 말 점검", "고친 말", "내보내기")
ASKED = ("quit", "language")
"""Buttons of the header that ask."""
LOCKED = (("1366", "light"), ("390", "dark"))
"""Looks of tabs that show little more than that they are locked."""
# For as long as a slow machine takes to walk over the tabs.
KEEP_TOAST = """
window.realTimeout ??= window.setTimeout;
window.setTimeout = (call, ms, ...rest) => realTimeout(call, ms === 10000 ? 1e9 : ms, ...rest);
"""
FOCUSED = "document.activeElement.closest('[id]').id"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = Home(tmp_path_factory.mktemp("everyone") / "home")
    home.settings()
    settings = {"training.max_steps": 8, "training.eval_steps": 4, "training.save_steps": 4}
    save(home.settings_file, {**QUICK, **settings, "generation.candidates": 1})
    app = App(home, password="")
    yield app
    app.kill()


@pytest.fixture(scope="module")
def page(app: App, browser: Browser) -> Page:
    # Gradio would speak English to this browser.
    context = browser.new_context(locale="en-US", viewport=SIZES["1366"])
    context.set_default_timeout(1000 * patience())
    page = context.new_page()
    page.goto(app.start())
    return page


def test_1_the_first_page_is_for_everyone(page: Page, app: App) -> None:
    expect(page.locator("#start-upload")).to_be_visible()
    faults = inspect(page, "0-start")
    page.locator("#start-sample").click()
    people = page.locator("#start-people .kb-person")
    people.first.click()
    expect(people.first).to_have_attribute("aria-pressed", "true")
    faults += inspect(page, "0-start-person")
    page.locator("#start-promise input").click()
    for field in ("#start-new input", "#start-again input"):
        page.locator(field).fill(PASSWORD)
    page.locator("#start-begin").click()
    wait_for(page.locator("#chat-message textarea").is_visible, app.progress)
    app.wait_until("finished")
    assert faults == []


def test_2_every_tab_is_for_everyone(page: Page) -> None:
    message = page.locator("#chat-message textarea")
    message.fill("오늘 뭐 해?")
    message.press("Enter")
    wait_for_reply(page, 1)
    faults = []
    for name in TABS:
        open_tab(page, name)
        page.wait_for_timeout(700)
        unfold(page)
        faults += inspect(page, f"{name[0]}-tab")
    open_tab(page, "4 대화")
    for number, name in enumerate(INNER_TABS, 1):
        open_tab(page, name)
        page.wait_for_timeout(500)
        faults += inspect(page, f"4-tab-{number}")
    open_tab(page, "대화하기")
    # The chat was opened before the run was at its best.
    for place in ("#chat-voice", "#chat-header"):
        expect(page.locator(place)).to_contain_text("(8단계)")
    assert faults == []


def test_2_every_question_is_for_everyone(page: Page) -> None:
    faults = []
    for name in ASKED:
        page.locator(f"#{name}").click()
        expect(page.locator(f"#{name}-stay")).to_be_focused()
        faults += inspect(page, f"6-{name}")
        page.locator(f"#{name}-stay").click()
        expect(page.locator(f"#{name}-question")).to_be_hidden()
    open_tab(page, "3 학습")
    page.locator("#train-new").click()
    expect(page.locator("#train-new-stay")).to_be_focused()
    faults += inspect(page, "6-train-new")
    page.locator("#train-new-stay").click()
    open_tab(page, "4 대화")
    page.locator("#chat-delete").click()
    expect(page.locator("#chat-question")).to_be_visible()
    faults += inspect(page, "6-chat-delete")
    page.locator("#chat-question button").last.click()
    assert faults == []


def examine(home: Home) -> None:
    """Audit the newest run with a few lines, which the window would take minutes for."""
    gate = PasswordGate.from_home(home)
    chat = ChatService(home, gate)
    access = gate.authenticate(PASSWORD)
    for _ in Audits(home, gate, chat, probes=2).run(access, "", ["내일 3시에 봐"]):
        pass
    chat.unload()


def test_2_every_result_is_for_everyone(page: Page, app: App) -> None:
    open_tab(page, "비교")
    page.locator("#compare-message textarea").fill("주말에 시간 돼?")
    page.locator("#compare-start").click()
    expect(page.locator("[data-side=adapter] .kb-said p").nth(1)).to_be_visible()
    expect(page.locator("#compare-stop")).to_be_hidden()
    faults = inspect(page, "7-compare")
    open_tab(page, "진짜는 누구?")
    page.locator("#quiz-knows button").last.click()
    picks = page.locator("#quiz-picks")
    expect(picks).to_be_visible()
    faults += inspect(page, "7-quiz")
    picks.locator("button").first.click()
    expect(page.locator("#quiz-board")).to_contain_text("실제로 한 말")
    faults += inspect(page, "7-quiz-told")
    examine(app.home)
    open_tab(page, "외운 말 점검")
    expect(page.locator("#audit-report .kb-card").first).to_be_visible()
    unfold(page)
    faults += inspect(page, "7-audit")
    open_tab(page, "대화하기")
    assert faults == []


def test_3_every_locked_tab_is_for_everyone(page: Page) -> None:
    page.locator("#gate-lock").click()
    expect(page.locator("#gate-enter")).to_be_visible()
    faults = []
    for name in TABS:
        open_tab(page, name)
        page.wait_for_timeout(500)
        faults += inspect(page, f"{name[0]}-tab-locked", LOCKED)
    open_tab(page, "4 대화")
    for number, name in enumerate(INNER_TABS, 1):
        open_tab(page, name)
        page.wait_for_timeout(300)
        faults += inspect(page, f"4-tab-{number}-locked", LOCKED)
    open_tab(page, "대화하기")
    assert faults == []


def test_3_a_gate_that_opens_says_so(page: Page) -> None:
    open_tab(page, "4 대화")
    expect(page.locator("#chat-gate .kb-closed")).to_be_visible()
    # The browser knows it before the room has come.
    page.evaluate("document.body.dataset.lock = 'open'")
    expect(page.locator("#chat-gate .kb-opening")).to_be_visible()
    expect(page.locator("#chat-gate .kb-closed")).to_be_hidden()
    page.evaluate("document.body.dataset.lock = 'locked'")


def test_4_arrow_keys_move_between_tabs(page: Page) -> None:
    page.get_by_role("tab", name="5 설정").focus()
    for key, name in (("ArrowRight", "exports"), ("End", "settings"), ("ArrowLeft", "chat")):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == f"tab-{name}-button"
        expect(page.locator(f"#tab-{name}")).to_be_visible()


def test_5_the_focus_stays_after_unlocking_and_choosing(page: Page) -> None:
    unlock(page, PASSWORD)
    expect(page.locator("#chat-message textarea")).to_be_focused()
    open_tab(page, "2 데이터 준비")
    # What the tab shows comes anew, as the page is open.
    page.wait_for_timeout(1500)
    person = page.locator("#dataset-person input")
    person.focus()
    expect(page.get_by_role("option", name="마루")).to_be_visible()
    person.press("ArrowDown")
    person.press("Enter")
    expect(person).to_have_value(re.compile("^마루"))
    expect(person).to_be_focused()
    # It opens again by a click, and the mouse does not lose the focus, either.
    person.click()
    page.get_by_role("option", name="방 전체").click()
    expect(person).to_have_value("방 전체")
    expect(person).to_be_focused()


@pytest.mark.parametrize("size", SIZES)
def test_6_a_toast_covers_no_main_button(page: Page, size: str) -> None:
    page.set_viewport_size(SIZES[size])
    open_tab(page, "5 설정")
    page.evaluate(KEEP_TOAST)
    page.locator("#set-reload").click()
    for name in TABS:
        open_tab(page, name)
        assert covered(page) == []
    page.locator(".toast-close").click()


def test_7_what_is_focused_has_a_ring(page: Page) -> None:
    open_tab(page, "2 데이터 준비")
    page.get_by_role("tab", name="1 가져오기").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            break
        expect(focused).to_have_css("outline-style", "solid")
        expect(focused).to_have_css("outline-width", "2px")


def test_8_the_question_before_a_kill_is_for_everyone(page: Page, app: App) -> None:
    run = Runs(app.home.folder("checkpoints_lora")).get("stuck")
    run.create({"created_at": "2026-05-01 09:30", "base": {}, "data": {}, "settings": {}})
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        run.worker.record_start(worker.pid)
        run.write_status(Status("running", 3, 100, loss=2.0))
        open_tab(page, "3 학습")
        page.locator("#train-stop").click()
        page.locator("#train-kill").click()
        expect(page.locator("#train-kill-stay")).to_be_focused()
        faults = inspect(page, "6-train-kill")
        page.locator("#train-kill-stay").click()
        expect(page.locator("#train-kill-question")).to_be_hidden()
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.communicate()
    assert faults == []
