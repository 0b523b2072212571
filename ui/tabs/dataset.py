"""The tab "2 데이터 준비": select room and persona, build the dataset, report on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.display_name import display_name, display_names
from kakaobot.errors import KakaobotError
from kakaobot.schema import Progress, no_progress
from ui import glossary_text, text
from ui.choice import Choice
from ui.errors import notify
from ui.event_data import ClickRequest
from ui.events import Trigger, Updates, on, open_tab, skip, to_progress
from ui.password_bar import PageAccess
from ui.render import cards
from ui.render.participants import participants_card
from ui.services import (
    DatasetsProtocol,
    EstimatesProtocol,
    ParticipantsProtocol,
    SettingsProtocol,
)
from ui.tabs import building
from ui.tabs.building import BuildingComponents, BuildingHandlers
from ui.tabs.rooms import ACTION_SCRIPT


@dataclass(frozen=True)
class DatasetComponents:
    room: gr.Dropdown
    persona: gr.Dropdown
    building: BuildingComponents
    participants: gr.HTML
    report: gr.HTML
    estimate: gr.HTML
    to_training: gr.Button
    charts: gr.HTML
    words: gr.HTML
    """Styles and examples."""


def build(handlers: DatasetHandlers, tabs: gr.Tabs, shown: Trigger, page: PageAccess) -> None:
    """Lay out the tab and wire it; `shown` refreshes it."""
    parts = _layout()
    report = [parts.report, parts.to_training, parts.charts, parts.words]
    choices, participants = [parts.room, parts.persona], [parts.persona, parts.participants]

    slow: dict[str, Any] = {"progress": "full", "concurrency_limit": None}

    def list_participants(event: Trigger) -> None:
        on(
            event,
            handlers.list_participants,
            choices,
            participants,
            show_progress_on=parts.participants,
            **slow,
        )

    def estimate(event: Trigger) -> None:
        on(event, handlers.estimate, None, parts.estimate, **slow)

    everything = [*choices, *parts.building.shown, *report, parts.estimate]
    known = [page.access, parts.building.seen]
    loaded = on(shown, handlers.load, known, everything, concurrency_limit=None)
    list_participants(loaded.success)
    estimate(loaded.success)
    chosen = [*participants, parts.report, parts.to_training]
    # One after the other, so that the last one is shown.
    in_turn: dict[str, Any] = {"concurrency_id": "people", "concurrency_limit": 1}
    picking: dict[str, Any] = {"progress": "full", "show_progress_on": parts.participants}
    for event in (parts.room.input, parts.persona.input):
        on(event, handlers.pick, choices, chosen, **picking, **in_turn)
    on(parts.participants.click, handlers.apply_action, choices, chosen, **in_turn)
    building.wire(handlers.building, parts.building, page, choices, report)
    estimate(parts.building.built.change)
    on(page.changed, handlers.show_words, page.access, parts.words)
    open_tab(parts.to_training.click, tabs, "training")


class DatasetHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(
        self,
        datasets: DatasetsProtocol,
        participants: ParticipantsProtocol,
        settings: SettingsProtocol,
        estimates: EstimatesProtocol,
        gate: PasswordGate,
    ) -> None:
        self._datasets = datasets
        self._participants = participants
        self._settings = settings
        self._estimates = estimates
        self._gate = gate
        self.building = BuildingHandlers(datasets, settings, self._report)

    def load(self, access: AccessPass | None, seen: int | None) -> Updates:
        """The values known at once; participants and estimate follow, as they may take seconds."""
        values = self._settings.values()
        rooms = self._datasets.rooms()
        room = self._datasets.selected_room()
        persona = str(values["data.persona"])
        personas = [persona] if persona else []
        return (
            gr.Dropdown(
                [(text.ALL_ROOMS, ""), *((display_name(name), name) for name in rooms)], value=room
            ),
            gr.Dropdown(
                [(text.WHOLE_ROOM, ""), *((display_name(name), name) for name in personas)],
                value=persona,
            ),
            *self.building.shown(seen, has_rooms=bool(rooms)),
            *self._report(access),
            cards.estimate_card(text.ESTIMATE_TITLE, self._estimates.cached()),
        )

    def list_participants(
        self,
        room: str | None,
        persona: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[object, object]:
        try:
            return self._list(room, persona, to_progress(progress))
        except KakaobotError as error:
            # Not a toast, as nobody clicked: the error replaces the table.
            return gr.skip(), cards.note(text.NOTICE, str(error), tone="warn")

    def pick(
        self,
        room: str | None,
        persona: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        """Keep what was chosen, so that all tabs know what the dataset is older than."""
        values = self._settings.values()
        if (room or "", persona or "") == (values["data.room"], values["data.persona"]):
            # A list was opened and closed.
            return skip(4)
        persona = self._keep_choices(room, persona)
        listed = self.list_participants(room, persona, progress)
        return *listed, *self._report_state(has_rooms=True)

    def apply_action(self, event: gr.EventData, room: str | None, persona: str | None) -> Updates:
        """Perform the action of a clicked button in the table."""
        request = ClickRequest(event)
        learns = request.text("do") == "learn"
        if learns:
            persona = self._keep_choices(room, request.text("name"))
        else:
            perform = request.choice("do", _ACTIONS)
            notify(perform(self._participants, request.texts("names")))
        unfolded = bool(getattr(event, "unfolded", False))
        choices, card = self._list(room, persona, no_progress, unfolded=unfolded)
        if learns:
            choices = gr.update(value=persona)
        return choices, card, *self._report_state(has_rooms=True)

    def show_words(self, access: AccessPass | None) -> str:
        """Styles and examples of the last build; a locked page gets neither."""
        report = self._datasets.report()
        if report is None:
            return ""
        if not self._gate.shows_words(access):
            return cards.locked(text.WORDS_LOCKED)
        return cards.styles_card(report) + cards.examples_card(report.examples, report.persona)

    def estimate(self, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        """The card with memory and time of a run on the dataset."""
        try:
            estimate = self._estimates.get(to_progress(progress))
        except KakaobotError as error:
            return cards.note(text.NOTICE, str(error), tone="warn")
        # The participants table shows problems with the exports already.
        with suppress(KakaobotError):
            self._datasets.update_report_page(estimate, to_progress(progress))
        return cards.estimate_card(text.ESTIMATE_TITLE, estimate)

    def _list(
        self, room: str | None, persona: str | None, progress: Progress, *, unfolded: bool = False
    ) -> tuple[object, object]:
        """The persona choices and the participants table."""
        participants = self._datasets.participants(room or "", progress)
        card = participants_card(participants, persona or "", unfolded=unfolded)
        return _persona_choices(participants, persona or ""), card

    def _keep_choices(self, room: str | None, persona: str | None) -> str:
        """Save room and persona; returns the persona, or an empty one who is not in the room."""
        kept = persona or ""
        # The participants table shows problems with the exports.
        with suppress(KakaobotError):
            if kept not in {stats.name for stats in self._datasets.participants(room or "")}:
                kept = ""
        self._settings.save({"data.room": room or "", "data.persona": kept})
        return kept

    def _report(self, access: AccessPass | None) -> Updates:
        """What the last build has made; nothing while another one takes its place."""
        if self._datasets.builds.state.is_running:
            return "", gr.Button(visible=False), "", ""
        report = self._datasets.report()
        return (
            *self._report_state(has_rooms=bool(self._datasets.rooms())),
            cards.report_charts(report) if report else "",
            self.show_words(access),
        )

    def _report_state(self, *, has_rooms: bool) -> tuple[str, gr.Button]:
        """The report of the last build with what it is older than, and the button to training."""
        report = self._datasets.report()
        if report is None:
            hint = text.DATASET_EMPTY_HINT if has_rooms else text.NO_ROOMS
            return cards.empty(text.DATASET_EMPTY, hint), gr.Button(visible=False)
        reasons = [self._datasets.outdated_reason(report)]
        # The participants table shows problems with the exports already.
        with suppress(KakaobotError):
            reasons += self._datasets.changes_since(report)
        outdated = " ".join(filter(None, reasons))
        return cards.report_card(report, outdated), gr.Button(visible=not outdated)


def _layout() -> DatasetComponents:
    gr.HTML(cards.lead(text.DATASET_LEAD))
    with gr.Row(equal_height=True):
        room = Choice(label=text.ROOM, elem_id="dataset-room", scale=2)
        persona = Choice(label=text.PERSONA, elem_id="dataset-person", scale=2)
        buttons = building.layout_buttons()
    build_parts = building.layout_progress(*buttons)
    participants = gr.HTML(js_on_load=ACTION_SCRIPT, elem_id="dataset-people")
    report = gr.HTML(cards.UNFILLED, elem_id="dataset-report")
    estimate = gr.HTML(elem_id="dataset-outlook")
    to_training = gr.Button(
        text.TO_TRAINING,
        variant="primary",
        visible=False,
        elem_id="dataset-next",
        elem_classes="kb-next",
    )
    charts = gr.HTML(elem_id="dataset-pictures")
    words = gr.HTML(elem_id="dataset-examples")
    gr.HTML(cards.glossary(glossary_text.DATASET), elem_id="dataset-words")
    return DatasetComponents(
        room,
        persona,
        build_parts,
        participants,
        report,
        estimate,
        to_training,
        charts,
        words,
    )


def _exclude(participants: ParticipantsProtocol, names: Sequence[str]) -> str:
    participants.exclude(names)
    return text.EXCLUDED.format(names=display_names(names))


def _include(participants: ParticipantsProtocol, names: Sequence[str]) -> str:
    participants.include(names)
    return text.INCLUDED.format(names=display_names(names))


_ACTIONS = {"exclude": _exclude, "include": _include}


def _persona_choices(participants: Sequence[ParticipantStats], chosen: str) -> object:
    """`방 전체` first, then the participants with their number of replies.

    Sends a value only if the current one is no longer a choice: the user may be choosing now.
    """
    choices = [(text.WHOLE_ROOM, "")]
    for participant in participants:
        if not participant.is_excluded:
            label = text.PERSONA_LABEL.format(
                name=display_name(participant.name),
                replies=participant.replies,
                advice=text.ADVICE[participant.advice],
            )
            choices.append((label, participant.name))
    if chosen in dict(choices).values():
        return gr.update(choices=choices)
    return gr.update(choices=choices, value="")
