"""The short way in Chromium: four clicks and a password from nothing to a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kakaobot.app.build_lock import no_build
from kakaobot.app.consent import Consent
from kakaobot.config import Home, save
from tests.browser.driver import App, open_tab, take_screenshot, wait_for_reply
from tests.conftest import QUICK
from tests.patience import patience, wait_for

pytestmark = pytest.mark.browser
PASSWORD = "강 너머 언덕"
COUNT_CLICKS = """
window.kakaobotClicks = 0;
addEventListener("click", (event) => { if (event.isTrusted) window.kakaobotClicks += 1; }, true);
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = Home(tmp_path_factory.mktemp("short") / "home")
    home.settings()
    settings = {"training.max_steps": 400, "training.eval_steps": 10, "training.sample_replies": 0}
    save(home.settings_file, {**QUICK, **settings, "generation.candidates": 1})
    app = App(home, password="")
    yield app
    app.kill()


@pytest.fixture(scope="module")
def page(app: App, browser: Browser) -> Page:
    context = browser.new_context(
        locale="ko-KR", viewport={"width": 1240, "height": 860}, device_scale_factor=1.5
    )
    context.set_default_timeout(1000 * patience())
    context.add_init_script(COUNT_CLICKS)
    page = context.new_page()
    page.goto(app.start())
    return page


def test_1_four_clicks_lead_from_nothing_to_the_chat(page: Page, app: App) -> None:
    expect(page.locator("#start-upload")).to_be_visible()
    expect(page.locator("#tabs")).to_have_count(0)
    loaded = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    # That of all components, and the colors.
    assert len([address for address in loaded if ".css" in address]) == 2
    assert not [address for address in loaded if re.search(r"\.(woff2?|ttf|otf)$", address)]
    assert page.evaluate("gradio_config.dependencies.constructor.name") == "List"
    take_screenshot(page, "0-start")
    page.locator("#start-sample").click()
    people = page.locator("#start-people .kb-person")
    expect(people).to_have_count(5)
    expect(people.first).to_contain_text("도담")
    expect(people.first.locator("q")).to_have_count(3)
    people.first.click()
    expect(people.first).to_have_attribute("aria-pressed", "true")
    page.locator("#start-promise input").click()
    for field in ("#start-new input", "#start-again input"):
        page.locator(field).fill(PASSWORD)
    take_screenshot(page, "0-start-person")
    page.locator("#start-begin").click()
    # Built, trained as far as the first adapter, and open.
    expect(page.locator("#train-stop")).to_be_visible()
    message = page.locator("#chat-message textarea")
    wait_for(message.is_visible, app.progress)
    assert page.evaluate("window.kakaobotClicks") <= 4
    assert Consent(app.home).given() is not None
    assert app.home.settings().data.persona == "도담"
    expect(page.locator("#chat-voice")).to_contain_text("도담의 말투")


def test_2_the_chat_answers_beside_the_training(page: Page, app: App) -> None:
    page.locator("#chat-at-once input").check()
    message = page.locator("#chat-message textarea")
    message.fill("오늘 뭐 해?")
    message.press("Enter")
    wait_for_reply(page, 1)
    expect(page.locator("#chat-box [data-testid=bot]").first).to_contain_text(re.compile("[가-힣]"))
    assert app.run_state()[0] in ("running", "finished")


def test_3_a_later_start_opens_where_work_has_stopped(page: Page, app: App) -> None:
    steps = page.locator("#stepper .kb-step")
    expect(steps).to_have_count(5)
    page.get_by_role("tab", name="3 학습").first.click()
    page.locator("#train-stop").click()
    app.wait_until("stopped", "finished")
    page.reload()
    # There is something to talk to.
    expect(page.get_by_role("tab", name="4 대화")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#start")).to_have_count(0)


def test_4_another_choice_makes_the_dataset_outdated_everywhere(page: Page, app: App) -> None:
    page.get_by_role("tab", name="2 데이터 준비").click()
    row = page.locator("#dataset-people tr", has_text="마루")
    row.get_by_role("button", name="이 사람 배우기").click()
    dataset, training = (page.locator("#stepper .kb-step").nth(number) for number in (2, 3))
    expect(dataset).to_contain_text("다시 해야 함")
    expect(page.locator("#stepper .kb-next-thing")).to_contain_text("'배울 대화 만들기'를 다시")
    expect(page.locator("#dataset-next")).to_be_hidden()
    page.locator("#dataset-build").click()
    expect(training).to_contain_text("다시 해야 함")
    training.locator("button").click()
    card = page.locator("#train-card")
    expect(card).to_contain_text("지금 만들어 둔 대화를 아직 배우지 않았습니다")
    expect(card).to_contain_text("· 마루 ·")
    expect(page.locator("#train-new")).to_have_text("새로 학습 시작")
    expect(page.locator("#train-start")).to_be_hidden()


def test_5_a_viewed_run_has_its_own_buttons(page: Page, app: App) -> None:
    page.locator("#train-new").click()
    question = page.locator("#train-new-question")
    expect(question).to_contain_text("'main' 은(는) 지우지 않습니다")
    expect(page.locator("#train-new-stay")).to_be_focused()
    page.locator("#train-new-stay").click()
    expect(question).to_be_hidden()
    assert len(app.runs()) == 1
    page.locator("#train-new").click()
    page.locator("#train-new-now").click()
    expect(question).to_be_hidden()
    app.wait_until("running", "finished")
    expect(page.locator("#status")).to_contain_text("main-2")
    page.locator("#train-run input").click()
    page.get_by_role("option", name=re.compile("^main ")).click()
    card = page.locator("#train-card")
    expect(card).to_contain_text("지난 학습 'main' 을(를) 보고 있습니다")
    expect(page.locator("#status")).to_contain_text("main-2")
    for button in ("start", "stop", "new"):
        expect(page.locator(f"#train-{button}")).to_be_hidden()
    page.locator("#train-back").click()
    expect(card).not_to_contain_text("보고 있습니다")
    expect(page.locator("#train-back")).to_be_hidden()


def test_6_a_build_is_shown_and_cancelled_after_a_reload(page: Page, app: App) -> None:
    build, cancel = page.locator("#dataset-build"), page.locator("#dataset-cancel")
    open_tab(page, "2 데이터 준비")
    # A build waits for what keeps it away.
    with no_build(app.home, ""):
        build.click()
        expect(cancel).to_be_visible()
        page.reload()
        expect(page.locator("#tabs")).to_be_visible()
        open_tab(page, "2 데이터 준비")
        expect(page.locator("#dataset-progress .kb-bar")).to_be_visible()
        expect(build).to_be_hidden()
        other = page.context.new_page()
        other.goto(page.url)
        open_tab(other, "2 데이터 준비")
        other.locator("#dataset-cancel").click()
    for shown in (page, other):
        expect(shown.locator("#dataset-progress")).to_contain_text("만들기를 그만두었습니다")
        expect(shown.locator("#dataset-build")).to_be_visible()
        expect(shown.locator("#dataset-cancel")).to_be_hidden()
    other.close()
