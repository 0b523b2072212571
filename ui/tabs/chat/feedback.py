"""The inner tab "고친 말": what was said about replies, and the button that learns from it."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.dataset.feedback import FeedbackEntry
from ui import feedback_text as text
from ui.choice import Choice
from ui.errors import notify
from ui.events import Updates, on
from ui.feedback_services import FeedbackProtocol, RefiningProtocol
from ui.password_bar import PageAccess
from ui.render import cards
from ui.render.feedback import entries_card, entry_title, refine_card


@dataclass(frozen=True)
class FeedbackComponents:
    """In the order of the values that handlers return."""

    offer: gr.HTML
    refine: gr.Button
    entries: gr.HTML
    tools: gr.Column
    chosen: gr.Dropdown
    wanted: gr.Textbox


def build(handlers: FeedbackHandlers, tab: gr.Tab, page: PageAccess, run: gr.Dropdown) -> None:
    """Lay out the tab and wire it. `run` is chosen beside the conversation."""
    with gr.Row(elem_id="feedback-refine-row"):
        offer = gr.HTML(elem_id="feedback-offer")
        refine = gr.Button(
            text.REFINE.format(count=0),
            variant="primary",
            interactive=False,
            scale=0,
            min_width=220,
            elem_id="feedback-refine",
        )
    entries = gr.HTML(elem_id="feedback-entries")
    with gr.Column(visible=False, elem_id="feedback-tools") as tools:
        chosen = Choice(label=text.CHOSEN, elem_id="feedback-chosen")
        wanted = gr.Textbox(
            label=text.WANTED, info=text.WANTED_INFO, lines=2, elem_id="feedback-list-wanted"
        )
        with gr.Row():
            save = gr.Button(
                text.CHANGE, size="sm", scale=0, min_width=140, elem_id="feedback-change"
            )
            delete = gr.Button(
                text.DELETE,
                size="sm",
                variant="stop",
                scale=0,
                min_width=140,
                elem_id="feedback-delete",
            )
        with gr.Row(visible=False, elem_id="feedback-question") as question:
            gr.HTML(cards.question(text.DELETE_TITLE, text.DELETE_QUESTION))
            confirm = gr.Button(
                text.DELETE_NOW,
                size="sm",
                variant="stop",
                scale=0,
                min_width=140,
                elem_id="feedback-delete-now",
            )
            keep = gr.Button(
                text.CANCEL, size="sm", scale=0, min_width=110, elem_id="feedback-keep"
            )
    parts = FeedbackComponents(offer, refine, entries, tools, chosen, wanted)
    outputs = list(vars(parts).values())
    on(tab.select, handlers.refresh, [page.access, run], outputs)
    on(page.changed, handlers.refresh, [page.access, run], outputs)
    on(chosen.input, handlers.choose, [page.access, chosen], wanted)
    on(save.click, handlers.change, [page.access, run, chosen, wanted], outputs)
    on(delete.click, handlers.ask_delete, None, question)
    for answer in (keep.click, confirm.click, chosen.input):
        on(answer, handlers.leave_delete, None, question)
    on(confirm.click, handlers.delete, [page.access, run, chosen], outputs)
    on(refine.click, handlers.refine, [page.access, run], outputs)


class FeedbackHandlers:
    """Handlers of the tab; `choose` returns the wanted reply, the others all components."""

    def __init__(
        self, feedback: FeedbackProtocol, refining: RefiningProtocol, gate: PasswordGate
    ) -> None:
        self._feedback = feedback
        self._refining = refining
        self._gate = gate

    def refresh(self, access: AccessPass | None, run: str) -> Updates:
        """What there is now; nothing on a locked page."""
        if not self._gate.is_open(access):
            return "", _refine_button(0, enabled=False), "", *_tools([])
        self._gate.verify(access)
        offer = self._refining.offer(access, run or "")
        entries = self._feedback.entries(access, run or "")
        count = offer.learned + offer.held_out
        return (
            refine_card(offer),
            _refine_button(count, enabled=not offer.blocker, resumes=offer.resumes),
            entries_card(entries),
            *_tools(entries),
        )

    def choose(self, access: AccessPass | None, chosen: str) -> gr.Textbox:
        """The wanted reply of an entry, or the reply itself if there is none yet."""
        self._gate.verify(access)
        entry = next(
            (entry for entry in self._feedback.entries(access) if str(entry.id) == chosen), None
        )
        return gr.Textbox((entry.wanted or entry.reply) if entry else "")

    def change(self, access: AccessPass | None, run: str, chosen: str, wanted: str) -> Updates:
        self._gate.verify(access)
        self._feedback.edit(access, _number(chosen), wanted)
        notify(text.CHANGED)
        return self.refresh(access, run)

    def ask_delete(self) -> gr.Row:
        """Ask before the chosen entry is deleted."""
        return gr.Row(visible=True)

    def leave_delete(self) -> gr.Row:
        """Take the question away."""
        return gr.Row(visible=False)

    def delete(self, access: AccessPass | None, run: str, chosen: str) -> Updates:
        self._gate.verify(access)
        self._feedback.delete(access, _number(chosen))
        notify(text.DELETED)
        return self.refresh(access, run)

    def refine(self, access: AccessPass | None, run: str) -> Updates:
        self._gate.verify(access)
        name = self._refining.start(access, run or "").run
        notify(text.STARTED.format(run=name))
        return self.refresh(access, run)


def _number(chosen: str | None) -> int:
    """The id of an entry; 0, which none has, for a value that no page sends."""
    return int(chosen) if chosen and chosen.isdecimal() else 0


def _refine_button(count: int, *, enabled: bool, resumes: bool = False) -> gr.Button:
    label = (text.REFINE_ON if resumes else text.REFINE).format(count=count)
    return gr.Button(label, interactive=enabled)


def _tools(entries: list[FeedbackEntry]) -> Updates:
    """The tools below the list, with the newest entry chosen."""
    choices = [(entry_title(entry), str(entry.id)) for entry in entries]
    first = entries[0] if entries else None
    return (
        gr.Column(visible=bool(entries)),
        gr.Dropdown(choices, value=choices[0][1] if choices else None),
        gr.Textbox((first.wanted or first.reply) if first else ""),
    )
