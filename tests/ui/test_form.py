import gradio as gr
import pytest

from kakaobot.app.settings import SettingsEditor
from kakaobot.config import Home, setting_fields
from ui import form

ENTRIES = setting_fields()


def test_there_are_settings():
    assert ENTRIES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_every_setting_has_a_field_that_explains_it(entry):
    with gr.Blocks():
        field = form.form_field(entry)
    assert field.elem_id == f"set-{entry.group}-{entry.key}"
    assert entry.description in field.info
    assert "기본값" in field.info


def test_what_the_form_shows_can_be_saved_as_it_is(tmp_path):
    preferences = SettingsEditor(Home(tmp_path))
    before = preferences.values()
    preferences.save({entry.path: form.field_value(entry, before[entry.path]) for entry in ENTRIES})
    assert preferences.values() == before


def test_only_what_the_user_changed_is_written():
    some = ENTRIES[:3]
    before = {entry.path: "같음" for entry in some}
    assert form.changed_values(some, before, ("같음", "다름", "같음")) == {some[1].path: "다름"}


def test_numbers_are_shown_in_full():
    rate = next(entry for entry in ENTRIES if entry.path == "training.learning_rate")
    assert form.field_value(rate, 3e-4) == "0.0003"
    assert float(str(form.field_value(rate, 1.2345678e-6))) == 1.2345678e-6
