"""The window: a header, the first page, and five tabs as its detailed view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import gradio as gr

from ui import (
    header,
    password_bar,
    password_card,
    password_form,
    start,
    start_layout,
    stepper,
    text,
)
from ui.ends import NO_ENDS, ProgramEnds
from ui.errors import GuardedBlocks
from ui.events import Trigger, on, open_tab
from ui.late_tabs import late_tab
from ui.password_bar import BarComponents, NoPassStore, PassStore
from ui.pulse import beat
from ui.render import cards
from ui.services import Services
from ui.tabs import api, dataset, exports, rooms, settings, storage, training
from ui.tabs.chat import tab as chat

_DELETE_UPLOADS = (3600, 3600)
"""Seconds between cleanups of the upload folder, and the age at which a file is deleted."""


@dataclass(frozen=True)
class PageEvents:
    load: Trigger
    trained: Trigger
    """Something about the runs has changed."""


def build_window(
    services: Services,
    *,
    ends: ProgramEnds = NO_ENDS,
    passes: PassStore | None = None,
) -> GuardedBlocks:
    """Build the window.

    Args:
        services: behind the tabs.
        ends: called by the buttons of the header.
        passes: of unlocked pages; None locks a page when it is reloaded.
    """
    gate = services.gate
    with GuardedBlocks(
        title=text.TITLE, analytics_enabled=False, delete_cache=_DELETE_UPLOADS, elem_id="window"
    ) as window:
        status_line = header.layout()
        bar = password_bar.PasswordBarHandlers(gate, passes or NoPassStore())
        bar_parts = password_bar.build(bar, window.load, beat("gate"))
        password_form.build(
            password_form.PasswordFormHandlers(bar, services.password_file), bar_parts
        )
        erasures = storage.ErasureSignal(services.own_data, window.load, beat("erased"))
        is_open = services.quick_start.is_open()
        first_page = start_layout.layout(services.consent.text(), is_open=is_open)
        with gr.Column(visible=not is_open, elem_id="details") as details:
            steps = stepper.layout()
            events = PageEvents(window.load, beat("training"))
            tabs = _tabs(services, status_line, bar_parts, erasures, events)
        begun = start.wire(
            start.StartHandlers(
                services.exports,
                services.quick_start,
                services.consent,
                services.workflow,
                bar,
                is_open=is_open,
            ),
            first_page,
            start.Details(details, tabs),
            bar_parts,
            window.load,
        )
        stepper.wire(
            stepper.StepperHandlers(services.workflow),
            steps,
            tabs,
            [window.load, beat("workflow"), tabs.change, begun],
        )
        header.add_language_button(header.LanguageHandlers(services.settings, ends.restart))
        header.add_quit_button(header.HeaderHandlers(services.training, ends.quit))
    return window


def _tabs(
    services: Services,
    status_line: gr.HTML,
    bar: BarComponents,
    erasures: storage.ErasureSignal,
    events: PageEvents,
) -> gr.Tabs:
    """The detailed view."""
    gate, access = services.gate, bar.access
    asked = gr.State("")
    with gr.Tabs(elem_id="tabs") as tabs:
        with late_tab(text.EXPORTS_TAB, "exports", access) as tab:
            gr.HTML(cards.page_title(text.EXPORTS_TAB), elem_classes="kb-page-title")
            exports.build(
                exports.ExportsHandlers(services.exports, gate),
                rooms.RoomsHandlers(services.participants),
                tabs,
                tab.page,
                [tab.shown],
            )
        with late_tab(text.DATASET_TAB, "dataset", access) as tab:
            gr.HTML(cards.page_title(text.DATASET_TAB), elem_classes="kb-page-title")
            gr.HTML(cards.contents())
            dataset.build(_dataset_handlers(services), tabs, tab.shown, tab.page)
        with late_tab(text.TRAINING_TAB, "training", access) as tab:
            gr.HTML(cards.page_title(text.TRAINING_TAB), elem_classes="kb-page-title")
            gr.HTML(cards.contents())
            trained = training.build(
                training.TrainingHandlers(services.training, services.estimates, gate),
                status_line,
                tab.page,
                training.RefreshEvents(tab.shown, events.load, events.trained),
            )
        with late_tab(text.CHAT_TAB, "chat", access) as tab:
            gr.HTML(cards.page_title(text.CHAT_TAB), elem_classes="kb-page-title")
            replies = chat.build(services, tab.shown, tab.page, asked)
            ask = on(
                trained.to_chat.click, _name_run, trained.shown_run, asked, cancels=list(replies)
            )
            # Not at once: the tab looks for what is asked when it is shown.
            open_tab(ask.then, tabs, "chat")
        with late_tab(text.SETTINGS_TAB, "settings", access) as tab:
            gr.HTML(cards.page_title(text.SETTINGS_TAB), elem_classes="kb-page-title")
            storage.build_link()
            password_card.build(
                password_card.PasswordFileHandlers(services.password_file),
                [tab.shown, tab.page.changed],
            )
            settings.build(
                settings.SettingsHandlers(services.settings, gate), tab.page, [tab.shown]
            )
            api.build(api.ApiHandlers(services.api, gate), tab.page, [tab.shown])
            storage.build(
                storage.StorageHandlers(services.own_data, services.consent),
                erasures,
                tab.page,
                [tab.shown],
            )
    return cast("gr.Tabs", tabs)


def _name_run(run: str) -> str:
    return run


def _dataset_handlers(services: Services) -> dataset.DatasetHandlers:
    return dataset.DatasetHandlers(
        services.datasets,
        services.participants,
        services.settings,
        services.estimates,
        services.gate,
    )
