"""Names, messages, rooms, files and runs that attack the page, in Chromium: no script runs.

`KAKAOBOT_SCREENSHOTS=<folder>` keeps a picture of every tab.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kakaobot.display_name import inert_text
from kakaobot.runs.run import Run
from tests.browser.driver import PASSWORD, SHOTS, App, open_tab, unlock
from tests.conftest import SAMPLE
from tests.hostile import (
    DISTURBING,
    MARKER,
    NAMES,
    RLO,
    ROOM,
    SCRIPTS,
    corrupted_run,
    hostile_export,
    rogue_run,
)

pytestmark = pytest.mark.browser

TABS = ("1 가져오기", "2 데이터 준비", "3 학습", "4 대화", "5 설정")
# Not `/`, which no file name can hold.
FILE = f'<img src=x onerror="window.{MARKER}=20">{RLO}{"파" * 40}.txt'


@pytest.fixture(scope="module", autouse=True)
def _runs(app: App) -> list[Run]:
    """Runs from elsewhere, one with a script as the name of its folder."""
    runs = [corrupted_run(app.home), rogue_run(app.home, SCRIPTS[1]), rogue_run(app.home)]
    for run in runs:
        adapter = run.path / "adapter_best"
        adapter.mkdir()
        (adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
        shutil.copy(SAMPLE, adapter / "adapter_model.safetensors")
    return runs


@pytest.fixture(scope="module")
def dialogs(page: Page) -> list[str]:
    """Dialogs that a script has opened."""
    opened: list[str] = []

    def note(dialog: object) -> None:
        opened.append(str(dialog))

    page.on("dialog", note)
    return opened


def check(page: Page, name: str) -> None:
    """No script has run, nothing is reversed, and the page does not scroll sideways."""
    page.wait_for_timeout(500)
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(SHOTS) / f"hostile-{name}.png", full_page=True)
    assert page.evaluate(f"window.{MARKER}") is None
    shown = page.locator("body").inner_text()
    assert inert_text(shown) == shown
    scroll, width = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert scroll <= width, name


def test_a_hostile_room_is_imported_and_shown(
    page: Page, dialogs: list[str], tmp_path: Path
) -> None:
    expect(page.locator("#export-upload input[type=file]")).to_be_attached()
    unlock(page, PASSWORD)
    expect(page.locator("#gate-lock")).to_be_visible()
    export = hostile_export(tmp_path, FILE)
    page.locator("#export-upload input[type=file]").set_input_files([export])
    expect(page.locator("#export-rooms")).to_contain_text("방 <img src=x")
    page.locator("#export-files [data-do=diagnose]").first.click()
    expect(page.locator("#export-diagnosis")).to_contain_text("이해하지 못한 줄")
    page.locator("#export-same button").first.click()
    page.locator("#export-same-names input").click()
    expect(page.get_by_role("option").first).to_be_visible()
    check(page, "1-import")
    page.locator("#export-same-names input").press("Escape")
    assert dialogs == []


def test_a_dataset_of_a_hostile_room_is_built_and_shown(page: Page, dialogs: list[str]) -> None:
    open_tab(page, TABS[1])
    rows = page.locator("#dataset-people tbody tr")
    page.locator("#dataset-people summary").click()
    expect(rows.last).to_be_visible()
    long = page.locator("#dataset-people td span[title]").filter(has_text="가가가").first
    expect(long).to_have_attribute("title", DISTURBING["long"])
    page.locator("#dataset-build").click()
    expect(page.locator("#dataset-examples")).to_contain_text("배우는 말")
    check(page, "2-dataset")
    row = rows.filter(has_text=SCRIPTS[1])
    row.get_by_role("button", name="이 사람 빼기").click()
    expect(page.locator("#dataset-people tr.kb-gone")).to_contain_text(SCRIPTS[1])
    page.locator("#dataset-person input").click()
    check(page, "2-dataset-excluded")
    page.locator("#dataset-person input").press("Escape")
    assert dialogs == []


def test_an_excluded_name_is_stored_as_it_is(app: App) -> None:
    assert app.home.settings().data.exclude_people == (SCRIPTS[1],)


def test_hostile_runs_are_shown(page: Page, dialogs: list[str], _runs: list[Run]) -> None:
    open_tab(page, TABS[2])
    expect(page.locator("#train-runs details")).not_to_have_count(0)
    for number in range(len(_runs) + 1):
        page.locator("#train-run input").click()
        page.get_by_role("option").nth(number).click()
        check(page, f"3-train-{number}")
    for summary in page.locator("#train-runs summary").all():
        summary.click()
    check(page, "3-train-runs")
    assert dialogs == []


@pytest.mark.parametrize("tab", TABS[3:])
def test_the_other_tabs_run_no_script(page: Page, dialogs: list[str], tab: str) -> None:
    open_tab(page, tab)
    check(page, tab[0])
    assert dialogs == []


def test_a_reloaded_page_runs_no_script(page: Page, dialogs: list[str]) -> None:
    page.reload()
    expect(page.locator("#export-rooms")).to_contain_text("방 <img src=x")
    for tab in TABS:
        open_tab(page, tab)
        check(page, f"reloaded-{tab[0]}")
    assert dialogs == []


def test_the_report_page_runs_no_script(app: App, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    report = context.new_page()
    opened: list[str] = []
    report.on("dialog", lambda dialog: opened.append(dialog.message))
    report.goto((app.home.root / "data" / "sft" / "report.html").as_uri())
    expect(report.locator("body")).to_contain_text("<img src=x onerror")
    check(report, "report")
    assert opened == []
    context.close()


def test_no_name_stands_in_the_log(app: App) -> None:
    log = (app.home.root / "window.log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    for name in (ROOM, *NAMES):
        assert name not in log
