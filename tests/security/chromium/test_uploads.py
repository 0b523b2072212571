"""Refused uploads in Chromium: a Korean sentence, and the upload area works again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.driver import App
from tests.conftest import SAMPLE
from ui import request_text
from ui.upload_limits import UploadLimits

pytestmark = pytest.mark.browser

DROP = """(area, names) => {
  const transfer = new DataTransfer();
  for (const name of names) transfer.items.add(new File(["x"], name));
  area.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""
HUGE = """(input) => {
  const transfer = new DataTransfer();
  const file = new File(["x"], "방.zip");
  // Gradio makes a new file of the parts, so only the measured size is what a test can enlarge.
  Object.defineProperty(File.prototype, "size", { value: 2 ** 31, configurable: true });
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def expect_refusal(page: Page, sentence: str) -> None:
    """One toast with exactly this sentence, which is then closed."""
    toast = page.get_by_test_id("toast-text")
    expect(toast.first).to_have_text(sentence)
    page.evaluate("document.querySelectorAll('.toast-close').forEach((close) => close.click())")
    expect(toast).to_have_count(0)


def test_too_many_files_are_refused_before_they_are_sent(page: Page, tmp_path: Path) -> None:
    sent: list[str] = []

    def note(request: Request) -> None:
        if "/upload" in request.url and request.method == "POST":
            sent.append(request.url)

    page.on("request", note)
    limits = UploadLimits()
    files = [tmp_path / f"{number}.txt" for number in range(limits.files + 1)]
    for file in files:
        file.write_text("x", encoding="utf-8")
    page.locator("#export-upload input[type=file]").set_input_files(files)
    expect_refusal(page, limits.too_many)
    assert sent == []


def test_too_large_files_are_refused_before_they_are_sent(page: Page) -> None:
    page.locator("#export-upload input[type=file]").evaluate(HUGE)
    expect_refusal(page, UploadLimits().too_large)
    page.evaluate("delete File.prototype.size")


def test_a_refusal_of_the_server_is_shown_in_korean(page: Page, app: App, tmp_path: Path) -> None:
    waiting = app.home.root / ".tmp" / "waiting" / "방.zip"
    waiting.parent.mkdir()
    with waiting.open("wb") as file:
        file.truncate(UploadLimits().total_bytes)
    page.locator("#export-upload input[type=file]").set_input_files([SAMPLE])
    expect_refusal(page, request_text.UPLOADS_WAITING)
    waiting.unlink()


def test_a_wrong_type_is_refused_in_korean(page: Page) -> None:
    page.locator("#export-upload .upload-container").evaluate(DROP, ["비밀 사진.exe"])
    expect_refusal(page, request_text.WRONG_FILE_TYPE)


@pytest.mark.parametrize(
    ("status", "sentence"), [(503, request_text.BUSY), (400, request_text.UNEXPECTED_ERROR)]
)
def test_gradios_own_sentences_are_shown_in_korean(page: Page, status: int, sentence: str) -> None:
    page.route("**/queue/join*", lambda route: route.fulfill(status=status, json={"detail": "Oh."}))
    page.locator("#export-sample").click()
    toast = page.get_by_test_id("toast-text")
    expect(toast.first).to_have_text(sentence)
    # What fails for the same reason is not told again.
    page.locator("#export-sample").click()
    expect(toast).not_to_have_count(1)
    expect(toast.locator("visible=true")).to_have_count(1)
    page.unroute("**/queue/join*")
    expect_refusal(page, sentence)


def test_the_upload_area_works_after_refusals(page: Page, app: App) -> None:
    page.locator("#export-upload input[type=file]").set_input_files([SAMPLE])
    expect(page.locator("#export-files")).to_contain_text("주말 보드게임방")
    # Gradio leaves an empty file, which the next upload removes.
    left = [file for file in (app.home.root / ".tmp").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in left) == 0
