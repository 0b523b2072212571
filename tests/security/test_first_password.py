"""The password is set and changed in the window: it holds at once, and after a restart."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from kakaobot.app.auth import ALREADY_SET, FREE_ATTEMPTS, LOCKED
from kakaobot.config import ROOT, Home
from kakaobot.env_file import PASSWORD_VARIABLE, read_env
from tests.conftest import write_password
from tests.patience import patience
from tests.security.browser import Browser, exchange
from tests.security.local_window import LocalWindow, local_window
from tests.security.window import (
    PASSWORD,
    UNREADABLE,
    Page,
    prepare_home,
    running_window,
)
from ui import password_text

NEW = "새 '비밀' #1 \\"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_home(tmp_path_factory.mktemp("home")).root


@pytest.fixture
def home(prepared: Path) -> Iterator[Path]:
    """A home without a password."""
    yield prepared
    for name in (".env", ".env.txt", ".kakaobot/attempts.json"):
        (prepared / name).unlink(missing_ok=True)


@pytest.fixture
def unset(home: Path) -> Iterator[LocalWindow]:
    """A window whose home has no password."""
    with local_window(Home(home)) as window:
        yield window


@pytest.fixture
def guarded(home: Path) -> Iterator[LocalWindow]:
    """A window behind `PASSWORD`."""
    write_password(Home(home), f"'{PASSWORD}'")
    with local_window(Home(home)) as window:
        yield window


def save(page: Page, new: str, again: str | None = None, old: str = "") -> dict[str, Any]:
    """Send the form; returns its values and those of the bar."""
    typed = {
        "password-old": old,
        "password-new": new,
        "password-again": new if again is None else again,
    }
    return page.values("password-save", values=typed)


def errors(shown: dict[str, Any]) -> dict[str, str]:
    """The errors that a form shows, by field."""
    return {
        name: str(value)
        for name, value in shown.items()
        if name and name.endswith("error") and value and "kb-field-error" in str(value)
    }


def is_visible(update: object) -> bool:
    assert isinstance(update, dict)
    return bool(update["visible"])


def shows_words(page: Page) -> bool:
    """Whether a page gets the line that only the diagnosis of the export shows."""
    table = str(page.values("shown-exports", "select")["export-files"])
    hash = table.split('data-hash="')[1].split('"')[0]
    return UNREADABLE in str(page.call("export-files", "select", event_data={"hash": hash}))


# --- the first one


@pytest.mark.slow
def test_the_first_password_holds_at_once_and_after_a_restart(home: Path) -> None:
    (home / ".env").write_text("# 메모\nHF_TOKEN=x\n", encoding="utf-8")
    (home / ".env").chmod(0o644)
    with running_window(home) as window:
        page, other = window.open_page(), window.open_page()
        assert page.load()["lock-signal"] == "unset"
        assert shows_words(page) and shows_words(other)
        assert page.call("chat-send", values={"chat-message": "안녕"})["output"]["error"] != LOCKED
        form = page.values("gate-set")
        assert is_visible(form["password-form"]) and is_visible(form["password-inputs"])
        shown = save(page, NEW)
        assert errors(shown) == {}
        assert not is_visible(shown["password-form"])
        assert shown["lock-signal"] == "open" and is_visible(shown["gate-open"])
        # The page is unlocked; all others learn that they are not.
        assert shows_words(page)
        assert page.call("chat-new")["success"]
        assert not shows_words(other)
        followed = other.follow("unset")
        assert followed["lock-signal"] == "locked" and is_visible(followed["gate"])
        assert other.call("chat-new")["output"]["error"] == LOCKED
        assert other.unlock(NEW)["output"]["data"][1] == "open"
        assert shows_words(other)
        reloaded = Page.of(page.browser)
        assert reloaded.load()["lock-signal"] == "open"
        log = window.stop()
    assert NEW not in log
    file = home / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_env(file) == {"HF_TOKEN": "x", PASSWORD_VARIABLE: NEW}
    assert file.read_text("utf-8").startswith("# 메모\n")
    with running_window(home) as window:
        page = window.open_page()
        assert not shows_words(page)
        page.unlock(NEW)
        assert shows_words(page)


def test_the_command_line_takes_the_first_password(unset: LocalWindow, home: Path) -> None:
    save(unset.open_page(), NEW)

    def reply(password: str) -> str:
        environ = {"KAKAOBOT_HOME": str(home), "CHATBOT_ACCESS_PASSWORD": password}
        return subprocess.run(
            [sys.executable, "-m", "kakaobot", "reply", "안녕"],
            cwd=ROOT,
            env={**environ, "PYTHONUTF8": "1", "PATH": ""},
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            timeout=patience(),
        ).stderr

    assert "틀렸습니다" in reply("산토끼")
    # It gets as far as looking for an adapter.
    assert "학습" in reply(NEW)


@pytest.mark.parametrize(
    ("new", "again", "field", "sentence"),
    [
        ("귤", "귤", "password-new-error", "4자"),
        ("", "", "password-new-error", "4자"),
        ("바다 거북", "바다 거붕", "password-again-error", password_text.NOT_THE_SAME),
        ("두 줄\n두 줄", "두 줄\n두 줄", "password-new-error", "보이지"),
    ],
)
def test_a_mistake_is_told_beside_its_field(
    unset: LocalWindow, home: Path, new: str, again: str, field: str, sentence: str
) -> None:
    shown = save(unset.open_page(), new, again)
    assert errors(shown).keys() == {field}
    assert sentence in errors(shown)[field]
    assert not (home / ".env").exists()


def test_of_two_pages_that_set_a_password_the_second_is_refused(
    unset: LocalWindow, home: Path
) -> None:
    pages = [unset.open_page() for _ in range(4)]
    shown: dict[int, dict[str, Any]] = {}
    threads = [
        threading.Thread(
            target=lambda n=n, page=page: shown.update({n: save(page, f"비밀번호 {n}")})
        )
        for n, page in enumerate(pages)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [n for n, values in shown.items() if not errors(values)]
    assert read_env(home / ".env")[PASSWORD_VARIABLE] == f"비밀번호 {winner}"
    for n, page in enumerate(pages):
        if n != winner:
            told = errors(shown[n])
            assert any(part in str(told) for part in (ALREADY_SET.split(".")[0], "지금 비밀번호"))
        assert shows_words(page) == (n == winner)


def test_a_misnamed_file_is_named_in_the_form(home: Path) -> None:
    (home / ".env.txt").write_text("CHATBOT_PASSWORD=귤", encoding="utf-8")
    with local_window(Home(home)) as window:
        page = window.open_page()
        form = page.values("gate-set")
        lead = str(form["password-lead"]).replace("&#39;", "'")
        assert "'.env.txt'" in lead and password_text.OR_SET_HERE in lead
        assert is_visible(form["password-inputs"])
        assert errors(save(page, PASSWORD)) == {}
        assert read_env(home / ".env") == {PASSWORD_VARIABLE: PASSWORD}
        assert ".env.txt" not in str(page.values("gate-change")["password-lead"])


def test_a_password_of_the_environment_is_not_changed_in_vain(home: Path) -> None:
    with local_window(Home(home, {PASSWORD_VARIABLE: PASSWORD})) as window:
        page = window.open_page()
        page.unlock()
        form = page.values("gate-change")
        assert "환경 변수" in str(form["password-lead"])
        assert not is_visible(form["password-inputs"]) and not is_visible(form["password-save"])
        told = errors(save(page, NEW, old=PASSWORD))
        assert told.keys() == {"password-error"} and "환경 변수" in told["password-error"]
        assert not (home / ".env").exists()
        page.unlock()
        assert shows_words(page)


def test_a_file_that_cannot_be_written_is_told_in_the_form(unset: LocalWindow, home: Path) -> None:
    page = unset.open_page()
    (home / ".env").mkdir()
    try:
        told = errors(save(page, NEW))
    finally:
        (home / ".env").rmdir()
    assert told.keys() == {"password-error"} and ".env" in told["password-error"]
    assert page.follow("locked")["lock-signal"] == "unset"


# --- another one


def test_a_change_needs_the_old_one_and_locks_all_other_pages(
    unset: LocalWindow, home: Path
) -> None:
    page, other = unset.open_page(), unset.open_page()
    save(page, PASSWORD)
    other.unlock()
    same_browser = Page.of(page.browser.other_page("other"))
    same_browser.unlock()
    told = errors(save(page, NEW))
    assert told.keys() == {"password-old-error"}
    shown = save(page, NEW, old="산토끼")
    assert errors(shown).keys() == {"password-old-error"} and shown["password-old"] == ""
    assert read_env(home / ".env") == {PASSWORD_VARIABLE: PASSWORD}
    assert shows_words(other)
    assert errors(save(page, NEW, old=PASSWORD)) == {}
    assert shows_words(page)
    for locked in (other, same_browser):
        assert not shows_words(locked)
        assert locked.follow("open")["lock-signal"] == "locked"
        loaded = Page.of(locked.browser).load()
        assert loaded["lock-signal"] == "locked"
        # A password that is typed while the page loads stays.
        assert loaded["gate-password"] == gr.skip()
        assert "틀렸습니다" in str(locked.unlock(PASSWORD)["output"])
        locked.unlock(NEW)
        assert shows_words(locked)
    assert read_env(home / ".env") == {PASSWORD_VARIABLE: NEW}


def test_guessing_the_old_password_locks_the_bar_too(
    unset: LocalWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first lockout lasts five seconds only.
    monkeypatch.setattr(unset.services.gate, "_clock", lambda: 1e9)
    page = unset.open_page()
    save(page, PASSWORD)
    for _ in range(FREE_ATTEMPTS):
        assert "틀렸습니다" in errors(save(page, NEW, old="산토끼"))["password-old-error"]
    assert "초 뒤에" in errors(save(page, NEW, old=PASSWORD))["password-old-error"]
    assert "초 뒤에" in str(page.unlock()["output"]["data"][-1])
    # A mistake in the new password is no attempt, and tells nothing about the old one.
    assert errors(save(page, "귤", old="산토끼")).keys() == {"password-new-error"}


# --- locking, and other devices


def test_locking_locks_every_page_but_only_from_an_unlocked_one(unset: LocalWindow) -> None:
    page, other = unset.open_page(), unset.open_page()
    save(page, PASSWORD)
    copy = Page.of(page.browser)
    copy.load()
    second = Page.of(page.browser.other_page("second"))
    second.unlock()
    other.call("gate-lock")
    assert shows_words(page) and shows_words(second)
    page.call("gate-lock")
    for locked in (page, copy, second):
        assert not shows_words(locked)
        assert locked.call("chat-new")["output"]["error"] == LOCKED
        reloaded = Page.of(locked.browser)
        assert reloaded.load()["lock-signal"] == "locked"
    # Unlocking one unlocks no other.
    page.unlock()
    assert shows_words(page) and not shows_words(second)


def test_another_device_enters_with_the_new_password_only(home: Path) -> None:
    write_password(Home(home), f"'{PASSWORD}'")
    with local_window(Home(home), for_other_devices=True) as window:
        page = window.open_page(PASSWORD)
        # A device that was let in cannot take the place of the password.
        assert errors(save(page, NEW)).keys() == {"password-old-error"}
        assert errors(save(page, NEW, old=PASSWORD)) == {}
        with window.client() as client:
            code = window.sessions.issue_code()
            assert exchange(client, code, PASSWORD).status_code == 401
            Browser.open(client, code, NEW)


def test_a_wrong_password_is_told_beside_the_field_which_it_leaves(guarded: LocalWindow) -> None:
    page = guarded.open_page()
    for wrong, hinted in (("산토끼", False), ("ekdrms", True), ("", False)):
        shown = page.values("gate-enter", values={"gate-password": wrong})
        assert shown["gate-password"] == ""
        error = str(shown["gate-error"]).replace("&#39;", "'")
        assert "kb-field-error" in error
        assert (password_text.HANGUL_HINT in error) == hinted
    assert page.values("gate-enter", values={"gate-password": PASSWORD})["gate-error"] == ""


def test_a_session_of_an_earlier_start_opens_nothing(home: Path) -> None:
    write_password(Home(home), f"'{PASSWORD}'")
    with local_window(Home(home)) as window:
        page = window.open_page()
        page.unlock()
    with local_window(Home(home)) as window:
        page.browser.client.base_url = httpx.URL(window.base_url)
        for cookie in list(page.browser.client.cookies.jar):
            page.browser.client.cookies.set(f"kakaobot-{window.port}", cookie.value or "")
        assert page.browser.client.get("/").status_code == 401
        assert page.join("shown-dataset", "select").status_code == 401
        assert window.open_page().load()["lock-signal"] == "locked"
