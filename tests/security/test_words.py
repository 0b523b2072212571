"""Without the password no page gets anybody's words; progress and names it does."""

from __future__ import annotations

import json
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from kakaobot.app.auth import LOCKED, PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.config import Home, save
from tests.patience import wait_for
from tests.security.window import PASSWORD, UNREADABLE, Page, WindowProcess, running_window
from tests.ui.test_eval_samples import transcript
from tests.ui.window_fakes import SNAPSHOT, FakeEstimates, FakeTraining
from ui import text
from ui.tabs.training import TrainingComponents, TrainingHandlers, ViewState


def example(window: WindowProcess) -> str:
    """Words of the room that the dataset tab shows as an example."""
    report = Datasets(Home(window.home), BaseModels()).report()
    assert report is not None
    return report.examples[0].messages[0].text.split("\n")[0]


def text_of(message: dict[str, Any]) -> str:
    assert message["success"], message
    return json.dumps(message["output"], ensure_ascii=False)


def test_examples_and_styles_need_the_password(window: WindowProcess, page: Page) -> None:
    words = example(window)
    locked = text_of(page.call("shown-dataset", "select"))
    assert words not in locked
    assert text.WORDS_LOCKED in locked
    # Names, figures and buttons are there.
    assert "주말 보드게임방" in locked
    assert text.DATASET_FACTS["replies"] in locked
    page.unlock()
    assert words in text_of(page.call("shown-dataset", "select"))
    page.call("gate-lock")
    assert words not in text_of(page.call("shown-dataset", "select"))


def test_lines_of_the_diagnosis_need_the_password(window: WindowProcess, page: Page) -> None:
    [hash] = [
        entry["hash"]
        for entry in json.loads((window.home / "data/raw/manifest.json").read_text("utf-8"))[
            "files"
        ]
    ]
    show = {"event_data": {"hash": hash}}
    locked = text_of(page.call("export-files", "select", **show))
    assert UNREADABLE not in locked
    assert text.LOCKED_HINT in locked
    assert "대화.txt" in locked
    page.unlock()
    assert UNREADABLE in text_of(page.call("export-files", "select", **show))


def test_eval_samples_need_the_password() -> None:
    gate = PasswordGate(PASSWORD)
    training = FakeTraining(replace(SNAPSHOT, eval_samples=transcript(0, 10)))
    handlers = TrainingHandlers(training, FakeEstimates(), gate)
    output = [field.name for field in fields(TrainingComponents)].index("eval_samples")
    access = gate.authenticate(PASSWORD)
    for call in (
        lambda access: handlers.show_run(access, "", ViewState()),
        lambda access: handlers.poll(access, "", ViewState()),
        lambda access: handlers.start(access, ViewState()),
        lambda access: handlers.stop(access, "", ViewState()),
        lambda access: handlers.kill(access, "", ViewState()),
    ):
        assert "0에 0" in str(call(access)[output])
        locked = str(call(None)[output])
        assert "0에 0" not in locked
        assert text.EVAL_SAMPLES_TITLE in locked
        assert text.LOCKED_HINT in locked


def test_the_chat_needs_the_password(page: Page) -> None:
    result = page.call("chat-send", values={"chat-message": "안녕"})
    assert not result["success"]
    assert result["output"]["error"] == LOCKED


def test_one_password_unlocks_one_page(window: WindowProcess, page: Page) -> None:
    page.unlock()
    words = example(window)
    assert words in text_of(page.call("shown-dataset", "select"))
    other = Page.of(page.browser.other_page("other"))
    assert words not in text_of(other.call("shown-dataset", "select"))
    assert words not in text_of(window.open_page().call("shown-dataset", "select"))


def test_a_reloaded_page_stays_unlocked_until_it_is_locked(
    window: WindowProcess, page: Page
) -> None:
    page.unlock()
    reloaded = Page.of(page.browser)
    assert reloaded.session_hash != page.session_hash
    reloaded.load()
    assert example(window) in text_of(reloaded.call("shown-dataset", "select"))
    reloaded.call("gate-lock")
    again = Page.of(page.browser)
    again.load()
    assert example(window) not in text_of(again.call("shown-dataset", "select"))


def test_the_session_hash_of_an_unlocked_page_helps_nobody(
    window: WindowProcess, page: Page
) -> None:
    page.unlock()
    other = Page.of(page.browser.other_page("other"))
    other.session_hash = page.session_hash
    assert other.join("shown-dataset", "select").status_code == 403
    stranger = window.open_page()
    stranger.session_hash = page.session_hash
    assert stranger.join("shown-dataset", "select").status_code == 403


def test_a_locked_page_cannot_narrow_what_the_password_covers(
    window: WindowProcess, page: Page
) -> None:
    change = {"values": page.values("shown-settings", "select") | {"set-access-scope": "chat"}}
    denied = page.call("set-save", **change)
    assert not denied["success"]
    assert denied["output"]["error"] == LOCKED
    assert Home(window.home).settings().access.scope == "everything"
    page.unlock()
    assert page.call("set-save", **change)["success"]
    assert Home(window.home).settings().access.scope == "chat"
    assert example(window) in text_of(window.open_page().call("shown-dataset", "select"))
    save(Home(window.home).settings_file, {"access.scope": "everything"})


def test_a_locked_page_cannot_change_any_setting(window: WindowProcess, page: Page) -> None:
    """Masking guesses, for example, would tell whether a word occurs."""
    values = page.values("shown-settings", "select")
    before = Home(window.home).settings()
    for name, value in (
        ("set-data-mask_words", "비밀"),
        ("set-paths-raw", "elsewhere"),
        ("set-training-accelerate_config", "accelerate.yaml"),
        ("set-generation-top_k", "7"),
    ):
        denied = page.call("set-save", values=values | {name: value})
        assert denied["output"]["error"] == LOCKED
    assert Home(window.home).settings() == before


def test_the_words_to_mask_need_the_password(window: WindowProcess, page: Page) -> None:
    home, words = Home(window.home), "아무도 몰라야 할 말"
    save(home.settings_file, {"data.mask_words": [words]})

    def shown() -> tuple[str, bool]:
        field = page.values("set-reload")["set-data-mask_words"]
        assert isinstance(field, dict)
        return field["value"], field["interactive"]

    assert shown() == ("", False)
    page.unlock()
    assert shown() == (words, True)
    # Locked again, the page forgets them; nothing is saved in their place.
    page.call("gate-lock")
    assert shown() == ("", False)
    assert home.settings().data.mask_words == (words,)
    save(home.settings_file, {"data.mask_words": []})


def test_the_lock_holds_for_every_copy_of_the_page(window: WindowProcess, page: Page) -> None:
    """A duplicated browser tab has the id of its original."""
    page.unlock()
    copy = Page.of(page.browser)
    copy.load()
    assert example(window) in text_of(copy.call("shown-dataset", "select"))
    page.call("gate-lock")
    assert example(window) not in text_of(copy.call("shown-dataset", "select"))


def test_an_idle_page_locks_and_forgets_its_words(window: WindowProcess, page: Page) -> None:
    home, words = Home(window.home), example(window)
    page.unlock()
    assert words in text_of(page.call("shown-dataset", "select"))
    save(home.settings_file, {"access.idle_minutes": 0.02})
    time.sleep(1.5)
    assert words not in text_of(page.call("shown-dataset", "select"))
    reloaded = Page.of(page.browser)
    reloaded.load()
    assert words not in text_of(reloaded.call("shown-dataset", "select"))
    save(home.settings_file, {"access.idle_minutes": 30})


def test_wrong_passwords_are_counted_over_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with running_window(tmp_path, password=PASSWORD) as window:
            page = window.open_page()
            errors = [error(page.unlock("산토끼")) for _ in range(3)]
    assert "초 뒤에" in errors[-1]
    with running_window(tmp_path, password=PASSWORD) as window:
        page = window.open_page()
        wait_for(lambda: "틀렸습니다. 다시" in error(page.unlock("산토끼")))
        # A count that started anew would allow more.
        assert "초 뒤에" in error(page.unlock())


def error(message: dict[str, Any]) -> str:
    """The error beside the field of the password bar."""
    assert message["success"]
    return str(message["output"]["data"][-1])
