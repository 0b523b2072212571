"""The handlers of the settings tab, on the real settings of a home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.settings import SettingsEditor
from kakaobot.config import Home, save
from kakaobot.setting_fields import setting_fields
from ui.tabs.settings import SettingsHandlers


class Form:
    """The form as a page holds it: what the handlers answer stays."""

    def __init__(self, home: Home) -> None:
        self.handlers = SettingsHandlers(SettingsEditor(home), PasswordGate.from_home(home))
        self.paths = [entry.path for entry in self.handlers.entries]
        self.fields: dict[str, object] = {}
        self.abouts: dict[str, str] = {}
        self.opened: list[str] = []
        self.problem = ""
        self.shown: dict[str, object] = {}
        self.take(self.handlers.refresh(None, self.shown))

    def take(self, updates: Sequence[object]) -> None:
        count = len(self.paths)
        self.take_pairs(updates[: 2 * count])
        *groups, problem, shown = updates[2 * count :]
        self.opened = [
            name
            for name, group in zip(self.handlers.expert_groups, groups, strict=True)
            if isinstance(group, gr.Accordion) and group.open
        ]
        self.problem = str(problem)
        if isinstance(shown, dict) and shown != gr.skip():
            self.shown = shown

    def take_pairs(self, updates: Sequence[object]) -> None:
        fields, abouts = updates[: len(self.paths)], updates[len(self.paths) :]
        for path, field, about in zip(self.paths, fields, abouts, strict=True):
            if field != gr.skip():
                self.fields[path] = field.value if isinstance(field, gr.Textbox) else field
            if about != gr.skip():
                self.abouts[path] = str(about)

    def save(self) -> None:
        self.take(self.handlers.save(None, self.shown, *self.fields.values()))

    def set_back(self, path: str) -> None:
        self.take_pairs(self.handlers.set_back(gr.EventData(None, {"setting": path})))

    @property
    def marked(self) -> list[str]:
        return [path for path, about in self.abouts.items() if "data-set-back" in about]

    @property
    def faults(self) -> dict[str, str]:
        return {
            path: about.split('role="alert">')[1].split("<")[0]
            for path, about in self.abouts.items()
            if "kb-field-error" in about
        }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With the defaults, other than that of most tests."""
    home = Home(tmp_path)
    home.settings()
    return home


@pytest.fixture
def page(home: Home) -> Form:
    return Form(home)


def test_what_differs_from_the_default_is_marked(home: Home) -> None:
    save(home.settings_file, {"training.batch": 2, "data.mask_words": ["학교"]})
    assert Form(home).marked == ["data.mask_words", "training.batch"]


def test_a_locked_page_does_not_tell_that_private_words_are_set(home: Home) -> None:
    save(home.settings_file, {"data.mask_words": ["학교"]})
    home.env_file.write_text("CHATBOT_PASSWORD=바다거북\n", encoding="utf-8")
    assert Form(home).marked == []


def test_one_setting_is_set_back_and_saved(home: Home, page: Form) -> None:
    save(home.settings_file, {"training.batch": 2, "lora.r": 8})
    page.take(page.handlers.reload(None))
    page.set_back("lora.r")
    assert page.fields["lora.r"] == "16"
    assert "'저장'을 누르면" in page.abouts["lora.r"].replace("&#39;", "'")
    assert home.settings().lora.r == 8
    page.save()
    assert home.settings().lora.r == 16
    assert page.marked == ["training.batch"]


def test_all_faults_are_shown_beside_their_fields_and_nothing_is_saved(
    home: Home, page: Form
) -> None:
    before = home.settings_file.read_bytes()
    page.fields |= {
        "generation.temperature": "9",
        "training.batch": "둘",
        "lora.r": "0",
        "lora.alpha": "7",
        "model.base_model": "모델/한벌",
    }
    page.save()
    assert home.settings_file.read_bytes() == before
    assert set(page.faults) == {
        *("generation.temperature", "training.batch", "lora.r", "model.base_model")
    }
    assert page.faults["training.batch"] == "정수를 적으세요. 지금 값: 둘"
    assert page.opened == ["lora"]
    for name in ("한 번에 배우는 대화 수", "대답의 엉뚱함", "배운 것을 담는 크기", "바탕 모델"):
        assert name in page.problem
    assert page.fields["lora.alpha"] == "7"
    page.fields |= {
        "generation.temperature": "0.9",
        "training.batch": "2",
        "lora.r": "8",
        "model.base_model": "starter",
    }
    page.save()
    assert page.faults == {}
    assert (home.settings().lora.alpha, home.settings().training.batch) == (7, 2)


@pytest.mark.parametrize(
    ("path", "value"),
    [("paths.raw", "configs"), ("paths.sft", "data"), ("paths.chats", ""), ("paths.runs", "..")],
)
def test_a_refused_folder_is_told_beside_its_field(page: Form, path: str, value: str) -> None:
    page.fields[path] = value
    page.save()
    assert page.opened == ["paths"]
    assert list(page.faults)[0].startswith("paths.")
    assert path in page.faults or value == "data"


def test_plain_settings_are_those_most_people_understand() -> None:
    plain = {entry.path for entry in setting_fields() if not entry.is_expert}
    assert {"model.base_model", "training.batch", "generation.temperature"} <= plain
    assert not {"lora.r", "training.learning_rate", "paths.raw", "generation.top_p"} & plain
    assert len(plain) < len(setting_fields()) / 2


def test_the_form_is_filled_in_only_if_it_shows_something_else(home: Home) -> None:
    gate = PasswordGate("바다 거북")
    handlers = SettingsHandlers(SettingsEditor(home), gate)
    access = gate.authenticate("바다 거북")

    def shown(access: AccessPass | None) -> dict[str, object]:
        state = handlers.refresh(access, {})[-1]
        assert isinstance(state, dict)
        return state

    assert handlers.look(None, {}) != handlers.look(None, {})
    assert handlers.look(None, shown(None)) == handlers.look(access, shown(access)) == gr.skip()
    # The page has been unlocked, or locked, since.
    assert handlers.look(access, shown(None)) != gr.skip()
    assert handlers.look(None, shown(access)) != gr.skip()
    before = shown(access)
    save(home.settings_file, {"lora.r": 24})
    assert handlers.look(access, before) != gr.skip()
    assert handlers.look(access, shown(access)) == gr.skip()
