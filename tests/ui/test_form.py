import html
import re

import gradio as gr
import pytest

from kakaobot.app.settings import SettingsEditor
from kakaobot.config import Home
from kakaobot.setting_fields import setting_fields
from ui import form
from ui.render.settings import setting_about

ENTRIES = setting_fields()


def test_settings_are_declared():
    assert ENTRIES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_every_setting_has_a_form_field_with_name_key_description_and_default(entry):
    with gr.Blocks():
        field = form.form_field(entry)
    assert field.elem_id == f"set-{entry.group}-{entry.key}"
    about = html.unescape(setting_about(entry))
    for shown in (f"<b>{field.label}</b>", f"<code>{entry.path}</code>", entry.description):
        assert shown in about
    assert "기본값" in about
    assert "data-set-back" not in about


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_every_setting_has_a_short_korean_name_of_its_own(entry):
    assert re.search("[가-힣]", entry.name)
    assert len(entry.name) <= 20
    assert [other.path for other in ENTRIES if other.name == entry.name] == [entry.path]
    assert all(entry.choice_names.values())
    assert set(entry.choice_names) <= set(entry.choices)


def test_a_changed_setting_is_marked_with_its_default_and_can_be_set_back():
    batch = next(entry for entry in ENTRIES if entry.path == "training.batch")
    about = setting_about(batch, is_changed=True)
    assert about.count("기본값 0") == 1
    assert 'data-set-back="training.batch"' in about


def test_choices_have_names():
    scope = next(entry for entry in ENTRIES if entry.path == "access.scope")
    with gr.Blocks():
        field = form.form_field(scope)
    assert ("대화 탭만 (chat)", "chat") in field.choices


def test_saving_the_unchanged_form_changes_nothing(tmp_path):
    editor = SettingsEditor(Home(tmp_path))
    before = editor.values()
    editor.save({entry.path: form.field_value(entry, before[entry.path]) for entry in ENTRIES})
    assert editor.values() == before


def test_only_edited_values_are_saved():
    entries = ENTRIES[:3]
    shown = {entry.path: "같음" for entry in entries}
    changed = form.changed_values(entries, shown, ("같음", "다름", "같음"))
    assert changed == {entries[1].path: "다름"}


def test_numbers_keep_their_precision():
    rate = next(entry for entry in ENTRIES if entry.path == "training.learning_rate")
    assert form.field_value(rate, 3e-4) == "0.0003"
    assert float(str(form.field_value(rate, 1.2345678e-6))) == 1.2345678e-6
