"""The components of the first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui import password_text, start_text
from ui.password_bar import password_field
from ui.render import cards
from ui.render.start import promise
from ui.tabs.exports import upload_field
from ui.tabs.rooms import ACTION_SCRIPT


@dataclass(frozen=True)
class StartComponents:
    page: gr.Column
    person_step: gr.Column
    cards: gr.HTML
    promise_step: gr.Column
    password_column: gr.Column
    """Hidden where there is a password."""
    person: gr.State
    """Name; empty for the whole room, None until somebody is chosen."""
    upload: gr.File
    sample: gr.Button
    rejected: gr.HTML
    promise: gr.Checkbox
    new: gr.Textbox
    again: gr.Textbox
    show: gr.Checkbox
    person_error: gr.HTML
    promise_error: gr.HTML
    new_error: gr.HTML
    again_error: gr.HTML
    error: gr.HTML
    begin: gr.Button
    to_details: gr.Button

    @property
    def errors(self) -> list[Any]:
        """Beside the fields, and of the whole page."""
        return [
            self.person_error,
            self.promise_error,
            self.new_error,
            self.again_error,
            self.error,
        ]


def layout(statements: Sequence[str], *, is_open: bool) -> StartComponents:
    """Lay out the page.

    Args:
        statements: what is acknowledged, in Korean.
        is_open: whether it is shown at first.
    """
    parts: dict[str, Any] = {"person": gr.State(None)}
    with gr.Column(visible=is_open, elem_id="start") as parts["page"]:
        lead = cards.lead(start_text.LEAD, start_text.PRIVACY)
        gr.HTML(f"<h2>{start_text.TITLE}</h2>{lead}", elem_id="start-lead")
        with gr.Column(elem_classes="kb-card kb-start-step"):
            gr.HTML(f"<h3>{start_text.FILE_STEP}</h3>")
            parts |= _file_step()
        with gr.Column(visible=False, elem_classes="kb-card kb-start-step") as parts["person_step"]:
            gr.HTML(
                f'<h3>{start_text.PERSON_STEP}</h3><p class="kb-muted">{start_text.PERSON_HINT}</p>'
            )
            parts["cards"] = gr.HTML(js_on_load=ACTION_SCRIPT, elem_id="start-people")
            parts["person_error"] = _error("start-person-error")
        with gr.Column(visible=False, elem_classes="kb-card kb-start-step") as parts[
            "promise_step"
        ]:
            gr.HTML(f"<h3>{start_text.PROMISE_STEP}</h3>{promise(statements)}")
            parts |= _promise_step()
        parts["to_details"] = gr.Button(
            start_text.DETAILS, size="sm", elem_id="start-details", elem_classes="kb-quiet"
        )
    return StartComponents(**parts)


def _file_step() -> dict[str, Any]:
    upload = upload_field("start-upload", height=150)
    sample = gr.Button(start_text.SAMPLE, scale=0, min_width=200, elem_id="start-sample")
    return {"upload": upload, "sample": sample, "rejected": gr.HTML(elem_id="start-rejected")}


def _promise_step() -> dict[str, Any]:
    parts: dict[str, Any] = {
        "promise": gr.Checkbox(label=start_text.PROMISE, container=False, elem_id="start-promise"),
        "promise_error": _error("start-promise-error"),
    }
    with gr.Column(elem_id="start-password") as parts["password_column"]:
        with gr.Row(equal_height=False):
            for name, label in (("new", start_text.PASSWORD), ("again", password_text.AGAIN)):
                with gr.Column(min_width=220, elem_classes="kb-entry"):
                    parts[name] = password_field(label, is_new=True, elem_id=f"start-{name}")
                    parts[f"{name}_error"] = _error(f"start-{name}-error")
        parts["show"] = gr.Checkbox(
            label=password_text.SHOW, container=False, elem_id="start-password-show"
        )
        gr.HTML(f'<p class="kb-muted">{start_text.PASSWORD_HINT} {password_text.RULE}</p>')
    parts["error"] = _error("start-error")
    parts["begin"] = gr.Button(start_text.BEGIN, variant="primary", elem_id="start-begin")
    return parts


def _error(elem_id: str) -> gr.HTML:
    return gr.HTML(elem_id=elem_id, elem_classes="kb-error")
