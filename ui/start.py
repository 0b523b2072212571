"""The first page: from a file to a friend in two decisions. The tabs are its detailed view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass
from kakaobot.app.exports import FileReport
from kakaobot.errors import KakaobotError
from ui import start_text, text
from ui.errors import notify
from ui.event_data import ClickRequest
from ui.events import Trigger, Updates, on, open_tab, skip, to_progress
from ui.password_bar import (
    N_OUTPUTS,
    BarComponents,
    PasswordBarHandlers,
    show_on_demand,
)
from ui.password_form import new_password_errors
from ui.render import cards
from ui.render.start import person_cards
from ui.render.stepper import TABS
from ui.services import ConsentProtocol, ExportsProtocol, QuickStartProtocol, WorkflowProtocol
from ui.start_layout import StartComponents
from ui.tabs.exports import import_uploads

# Unless somebody was quicker; ui/static/touched.js knows. The tabs may yet have to be built.
_OPEN_TAB_SCRIPT = """(tab) => {
  const open = (tries) => {
    if (document.documentElement.dataset.touched) return;
    const button = document.getElementById(`tab-${tab}-button`);
    if (button) button.click();
    else if (tries) setTimeout(open, 100, tries - 1);
  };
  open(30);
}"""
_KEEP_DETAILS_SCRIPT = '() => sessionStorage.setItem("kakaobot-details", "yes")'
_SHOW_DETAILS_SCRIPT = """() => {
  const button = document.getElementById("start-details");
  if (sessionStorage.getItem("kakaobot-details") && button?.checkVisibility()) button.click();
}"""
_POLL_SECONDS = 2.0
"""Seconds between looks for the first adapter."""


@dataclass(frozen=True)
class Details:
    """What the page is the short way to."""

    column: gr.Column
    tabs: gr.Tabs


@dataclass(frozen=True)
class StartErrors:
    """Korean sentences beside the fields, and below all of them."""

    person: str = ""
    promise: str = ""
    new: str = ""
    again: str = ""
    whole: str = ""

    @property
    def cards(self) -> Updates:
        sentences = (getattr(self, field.name) for field in fields(self))
        return tuple(map(cards.field_error, sentences))


def wire(
    handlers: StartHandlers,
    parts: StartComponents,
    details: Details,
    bar: BarComponents,
    load: Trigger,
) -> Trigger:
    """Wire the page; `load` is an event of it. Returns the event after the one button."""
    page, tabs = bar.page, details.tabs
    # Tabs are no output of the ticks: gradio walks through all that is in them each time.
    waiting = gr.Timer(_POLL_SECONDS, active=False)
    ready = gr.Textbox(visible="hidden", elem_id="start-ready")
    pages = [parts.page, details.column]
    steps = [parts.person_step, parts.cards, parts.promise_step, parts.password_column]
    seen = [page.access, parts.person]
    tab = gr.Textbox(visible="hidden", elem_id="start-tab")
    on(load, handlers.load, seen, [*pages, *steps, tab], concurrency_limit=None)
    tab.change(None, tab, None, js=_OPEN_TAB_SCRIPT, api_visibility="private")
    on(page.changed, handlers.show_cards, seen, parts.cards)
    slow: dict[str, Any] = {"progress": "full", "show_progress_on": parts.rejected}
    imported = [parts.upload, parts.rejected, *steps]
    on(parts.upload.upload, handlers.import_files, [parts.upload, *seen], imported, **slow)
    on(parts.sample.click, handlers.import_sample, seen, imported, **slow)
    picked = [parts.person, parts.cards, parts.person_error]
    on(parts.cards.click, handlers.pick, page.access, picked, concurrency_limit=None)
    on(parts.to_details.click, handlers.show_details, None, pages)
    # A reload of the page shows what was chosen.
    parts.to_details.click(None, js=_KEEP_DETAILS_SCRIPT, api_visibility="private")
    load(None, js=_SHOW_DETAILS_SCRIPT, api_visibility="private")
    typed = [*seen, parts.promise, parts.new, parts.again]
    begun = [*bar.outputs, *parts.errors, *pages, tabs, waiting]
    slow["show_progress_on"] = parts.error
    begins = on(parts.begin.click, handlers.begin, typed, begun, **slow)
    on(waiting.tick, handlers.await_chat, None, [waiting, ready], concurrency_limit=None)
    open_tab(ready.change, tabs, "chat")
    show_on_demand(parts.show, "#start-password")
    return cast("Trigger", begins.then)


class StartHandlers:
    """Handlers of the page. They return values in the order of the outputs in `wire`."""

    def __init__(
        self,
        exports: ExportsProtocol,
        quick_start: QuickStartProtocol,
        consent: ConsentProtocol,
        workflow: WorkflowProtocol,
        bar: PasswordBarHandlers,
        *,
        is_open: bool,
    ) -> None:
        """`is_open`: whether a page shows it before it has loaded."""
        self._is_open = is_open
        self._exports = exports
        self._quick_start = quick_start
        self._consent = consent
        self._workflow = workflow
        self._bar = bar
        self._gate = bar.gate

    def load(self, access: AccessPass | None, person: str | None) -> Updates:
        """Show the page if nothing has been built yet, else the tab where work has stopped."""
        is_open = self._quick_start.is_open()
        # Whoever has opened the details before this answer arrives stays there.
        shown = (gr.Column(visible=is_open), gr.Column(visible=not is_open))
        pages = skip(2) if is_open == self._is_open else shown
        return *pages, *self._steps(access, person), self._tab()

    def show_cards(self, access: AccessPass | None, person: str | None) -> str:
        """The people, with their lines if the page may show words."""
        if not self._quick_start.is_open():
            return ""
        locked = not self._gate.shows_words(access)
        try:
            people = self._quick_start.people(with_lines=not locked)
        except KakaobotError as error:
            return cards.note(text.NOTICE, str(error), tone="warn")
        if not people and self._quick_start.has_files():
            return cards.note(text.NOTICE, start_text.NOBODY, tone="warn")
        return person_cards(people, person, locked=locked)

    def import_files(
        self,
        files: list[str] | None,
        access: AccessPass | None,
        person: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        reports = import_uploads(self._exports, files, to_progress(progress))
        return None, *self._imported(reports, access, person)

    def import_sample(self, access: AccessPass | None, person: str | None) -> Updates:
        reports = self._exports.import_files(self._exports.sample_files()[:1])
        return gr.skip(), *self._imported(reports, access, person)

    def pick(self, access: AccessPass | None, event: gr.EventData) -> Updates:
        person = ClickRequest(event).text("name")
        return person, self.show_cards(access, person), ""

    def show_details(self) -> Updates:
        return gr.Column(visible=False), gr.Column(visible=True)

    def begin(
        self,
        access: AccessPass | None,
        person: str | None,
        promised: bool,
        new: str,
        again: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        """Record the consent, set the password, build the dataset and start the training."""
        errors = self._mistakes(access, person, promised, new, again)
        if errors != StartErrors():
            return *skip(N_OUTPUTS), *errors.cards, *skip(4)
        opened = skip(N_OUTPUTS)
        try:
            if not self._gate.is_set:
                opened = self._bar.admit(self._gate.set_first(new), request)
            if self._consent.given() is None:
                self._consent.give()
            self._quick_start.prepare(person or "", to_progress(progress))
            self._quick_start.start()
        except KakaobotError as error:
            return *opened, *StartErrors(whole=str(error)).cards, *skip(4)
        notify(start_text.STARTED)
        return (
            *opened,
            *StartErrors().cards,
            *self.show_details(),
            gr.Tabs(selected="training"),
            gr.Timer(active=True),
        )

    def await_chat(self) -> Updates:
        """Open the chat once, as soon as there is something to talk to."""
        if not self._quick_start.can_chat():
            return skip(2)
        notify(start_text.CHAT_READY)
        return gr.Timer(active=False), start_text.CHAT_READY

    def _mistakes(
        self, access: AccessPass | None, person: str | None, promised: bool, new: str, again: str
    ) -> StartErrors:
        """All that is missing, each beside its field."""
        new_error = again_error = whole = ""
        if not self._gate.is_set:
            new_error, again_error = new_password_errors(new, again)
        elif not self._gate.is_open(access):
            whole = start_text.LOCKED
        has_promised = promised or self._consent.given() is not None
        return StartErrors(
            "" if person is not None else start_text.PERSON_MISSING,
            "" if has_promised else start_text.PROMISE_MISSING,
            new_error,
            again_error,
            whole,
        )

    def _imported(
        self, reports: Sequence[FileReport], access: AccessPass | None, person: str | None
    ) -> Updates:
        rejected = [report for report in reports if report.error]
        if imported := len(reports) - len(rejected):
            notify(text.IMPORTED.format(count=imported))
        return cards.files_table(rejected) if rejected else "", *self._steps(access, person)

    def _steps(self, access: AccessPass | None, person: str | None) -> Updates:
        people = self.show_cards(access, person)
        return (
            gr.Column(visible=bool(people)),
            people,
            gr.Column(visible=bool(people)),
            gr.Column(visible=not self._gate.is_set),
        )

    def _tab(self) -> str:
        """Where work has stopped: the training while it runs, the chat once there is one."""
        try:
            state = self._workflow.state()
        except KakaobotError:
            return TABS["exports"]
        is_stopped = state.stage("training").state == "stopped"
        talks = is_stopped and state.stage("chat").state == "done" and state.next == "training"
        return TABS["chat" if talks else state.next]
