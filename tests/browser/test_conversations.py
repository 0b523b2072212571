"""Kept conversations in Chromium: the list, search, rename, branches, reload, delete, lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kakaobot.app.auth import PasswordGate
from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home
from tests.browser.driver import PASSWORD, App, open_tab, unlock

pytestmark = pytest.mark.browser
TALKS = {"산": ["산에 가자", "싫어", "다음에"], "바다": ["바다 보러 갈래", "그래 좋아"]}
"""Title → the line of the user, and what 도담 answered, once or again."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """With two conversations, the older one with two branches; nobody has been learned yet."""
    home = Home(tmp_path_factory.mktemp("kept") / "home")
    home.settings()
    gate = PasswordGate(PASSWORD)
    access, conversations = gate.authenticate(PASSWORD), Conversations(home, gate)
    for title, (said, *answers) in TALKS.items():
        kept = OpenConversation()
        for answer in answers:
            lines = [ChatLine("", said, True), ChatLine("도담", answer, False)]
            kept, _ = conversations.keep(access, kept, lines, ChatSetup("main"))
        conversations.rename(access, kept.id, f"{title} 이야기")
    app = App(home)
    yield app
    app.kill()


def test_kept_conversations_are_found_changed_and_deleted(page: Page, app: App) -> None:
    items, box = page.locator("#chat-list .kb-chat"), page.locator("#chat-box")
    open_tab(page, "4 대화")
    unlock(page, PASSWORD)
    # The last conversation is open.
    expect(items).to_have_count(2)
    expect(box).to_contain_text("그래 좋아")

    page.locator("#chat-search").locator("input, textarea").fill("싫어")
    expect(items).to_have_count(1)
    items.first.click()
    expect(box).to_contain_text("산에 가자")
    expect(box).not_to_contain_text("그래 좋아")
    page.locator("#chat-search").locator("input, textarea").fill("")
    expect(items).to_have_count(2)

    page.locator("#chat-rename").click()
    page.locator("#chat-title").locator("input, textarea").fill("등산 <b>계획")
    page.locator("#chat-save-title").click()
    expect(items.filter(has_text="등산 <b>계획")).to_have_count(1)
    expect(page.locator("#chat-title")).to_be_hidden()

    expect(page.locator("#chat-branch")).to_contain_text("갈래 2/2")
    expect(box).to_contain_text("다음에")
    page.locator("#chat-previous").click()
    expect(box).to_contain_text("싫어")
    expect(page.locator("#chat-branch")).to_contain_text("갈래 1/2")

    with page.expect_download() as download:
        page.locator("#chat-export").click()
    rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert rows[-2:] == ["[AI 대화] 나: 산에 가자", "[AI 대화] 도담(AI): 싫어"]

    page.reload()
    # The details, which were chosen before, and not the first page.
    expect(page.locator("#tabs")).to_be_visible()
    open_tab(page, "4 대화")
    # The one in which something was said last, not the one that was open.
    expect(items.filter(has_text="바다 이야기")).to_have_attribute("aria-current", "true")
    expect(box).to_contain_text("그래 좋아")
    items.filter(has_text="등산 <b>계획").click()
    expect(box).to_contain_text("싫어")

    page.locator("#chat-delete").click()
    page.locator("#chat-delete-now").click()
    expect(items).to_have_count(1)
    expect(box).not_to_contain_text("산에 가자")
    data = b"".join(file.read_bytes() for file in (app.home.root / "data/chats").iterdir())
    assert "산에 가자".encode() not in data

    page.locator("#gate-lock").click()
    expect(page.locator("#chat-list")).not_to_be_visible()
    expect(page.locator("#chat-list .kb-chat")).to_have_count(0)
    assert "바다 보러" not in page.content()
