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
from ui.events import Trigger, open_tab
from ui.password_bar import BarComponents, NoPassStore, PassStore
from ui.pulse import beat
from ui.render import cards
from ui.services import Services
from ui.tabs import dataset, exports, rooms, settings, storage, training
from ui.tabs.chat import tab as chat
from ui.tabs.chat.conversations import RunRequest

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
) -> gr.Blocks:
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
    return cast("gr.Blocks", window)


def _tabs(
    services: Services,
    status_line: gr.HTML,
    bar: BarComponents,
    erasures: storage.ErasureSignal,
    events: PageEvents,
) -> gr.Tabs:
    """The detailed view."""
    gate, page, load = services.gate, bar.page, events.load
    with gr.Tabs(elem_id="tabs") as tabs:
        with gr.Tab(text.EXPORTS_TAB, id="exports", elem_id="tab-exports") as tab:
            gr.HTML(cards.page_title(text.EXPORTS_TAB), elem_classes="kb-page-title")
            exports.build(
                exports.ExportsHandlers(services.exports, gate),
                rooms.RoomsHandlers(services.participants),
                tabs,
                page,
                [tab.select, load],
            )
        with gr.Tab(text.DATASET_TAB, id="dataset", elem_id="tab-dataset") as tab:
            gr.HTML(cards.page_title(text.DATASET_TAB), elem_classes="kb-page-title")
            gr.HTML(cards.contents())
            dataset.build(_dataset_handlers(services), tabs, tab, page)
        with gr.Tab(text.TRAINING_TAB, id="training", elem_id="tab-training") as tab:
            gr.HTML(cards.page_title(text.TRAINING_TAB), elem_classes="kb-page-title")
            gr.HTML(cards.contents())
            trained = training.build(
                training.TrainingHandlers(services.training, services.estimates, gate),
                status_line,
                page,
                training.RefreshEvents(tab.select, load, events.trained),
            )
        with gr.Tab(text.CHAT_TAB, id="chat", elem_id="tab-chat") as tab:
            gr.HTML(cards.page_title(text.CHAT_TAB), elem_classes="kb-page-title")
            request = RunRequest(trained.to_chat.click, trained.shown_run)
            prepared = chat.build(services, tab, bar.chat_page, request)
            # Not at once: the tab asks for its run anew when it is shown.
            open_tab(prepared, tabs, "chat")
        with gr.Tab(text.SETTINGS_TAB, id="settings", elem_id="tab-settings") as tab:
            gr.HTML(cards.page_title(text.SETTINGS_TAB), elem_classes="kb-page-title")
            storage.build_link()
            password_card.build(
                password_card.PasswordFileHandlers(services.password_file),
                [tab.select, load, page.changed],
            )
            settings.build(
                settings.SettingsHandlers(services.settings, gate),
                page,
                [tab.select, load],
            )
            storage.build(
                storage.StorageHandlers(services.own_data, services.consent),
                erasures,
                page,
                [tab.select, load],
            )
    return cast("gr.Tabs", tabs)


def _dataset_handlers(services: Services) -> dataset.DatasetHandlers:
    return dataset.DatasetHandlers(
        services.datasets,
        services.participants,
        services.settings,
        services.estimates,
        services.gate,
    )
