"""The rooms section of the tab "1 가져오기": merged rooms, and merging of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

from kakaobot.app.participants import RoomReport
from kakaobot.display_name import display_name, display_names
from kakaobot.errors import KakaobotError
from ui import text
from ui.choice import Choice
from ui.errors import notify
from ui.event_data import ClickRequest, sent_text
from ui.events import Trigger, Updates, on, to_progress
from ui.render import cards, rooms
from ui.services import ParticipantsProtocol

# A button holds its request as JSON in `data-ask`. One next to a text field also sends its text.
ACTION_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (!button) return;
  const field = button.parentElement.querySelector("input");
  const typed = "typed" in button.dataset ? field.value : "";
  // Lets the handler keep details unfolded when it replaces the HTML.
  const unfolded = Boolean(element.querySelector("details[open]"));
  trigger("click", { ask: button.dataset.ask, typed, unfolded });
});
element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.target.parentElement.querySelector("[data-typed]").click();
});"""


@dataclass(frozen=True)
class RoomsComponents:
    """The outputs of `RoomsHandlers.show_rooms` in order, and the button of the form."""

    table: gr.HTML
    participants: gr.HTML
    form: gr.Accordion
    room: gr.Dropdown
    names: gr.Dropdown
    name: gr.Dropdown
    merge: gr.Button


def build(handlers: RoomsHandlers) -> Callable[[Trigger], object]:
    """Lay out the section and wire it; returns a function that refreshes it on an event."""
    parts = _layout()
    outputs = [parts.table, parts.participants, parts.form, parts.room, parts.names, parts.name]

    def refresh(event: Trigger) -> object:
        return on(
            event,
            handlers.show_rooms,
            None,
            outputs,
            progress="full",
            show_progress_on=parts.table,
        )

    refresh(on(parts.participants.click, handlers.apply_action).then)
    form = [parts.room, parts.names, parts.name]
    refresh(on(parts.merge.click, handlers.merge_names, form).then)
    on(parts.room.input, handlers.select_room, parts.room, [parts.names, parts.name])
    return refresh


class RoomsHandlers:
    """Handlers of the section. They return values in the order of the outputs in `build`."""

    def __init__(self, participants: ParticipantsProtocol) -> None:
        self._participants = participants

    def show_rooms(self, progress: gr.Progress = gr.Progress()) -> Updates:  # noqa: B008
        try:
            reports = self._participants.rooms(to_progress(progress))
        except KakaobotError as error:
            # Not a toast, as nobody clicked: the error replaces the table.
            return cards.note(text.NOTICE, str(error), tone="warn"), "", *_form_values([])
        return rooms.rooms_table(reports), rooms.people_cards(reports), *_form_values(reports)

    def apply_action(self, event: gr.EventData) -> None:
        """Perform the action of a clicked button."""
        request = ClickRequest(event)
        perform = request.choice("do", _ACTIONS)
        notify(perform(self._participants, request, sent_text(event, "typed")))

    def merge_names(self, room: str | None, names: list[str] | None, name: str | None) -> None:
        """Merge the names selected in the form; `name` is the one to keep."""
        selected = names or []
        target = name or next(iter(selected), "")
        others = [other for other in selected if other != target]
        if not others:
            raise KakaobotError(text.MERGE_TOO_FEW)
        notify(_merge(self._participants, target, others, room or ""))

    def select_room(self, room: str | None) -> tuple[object, object]:
        reports = self._participants.rooms()
        participants = next(
            (report.participants for report in reports if report.keys[0] == room), ()
        )
        choices = rooms.name_choices(participants)
        return _name_update(choices), _name_update(choices)


def _layout() -> RoomsComponents:
    table = gr.HTML(elem_id="export-rooms")
    participants = gr.HTML(js_on_load=ACTION_SCRIPT, elem_id="export-people")
    with (
        gr.Accordion(text.MERGE_TITLE, open=False, visible=False, elem_id="export-same") as form,
        gr.Row(equal_height=False),
    ):
        room = Choice(label=text.MERGE_ROOM, elem_id="export-same-room", scale=2)
        names = Choice(
            label=text.MERGE_NAMES, multiselect=True, elem_id="export-same-names", scale=3
        )
        name = Choice(
            label=text.MERGE_TARGET, allow_custom_value=True, elem_id="export-same-name", scale=3
        )
        merge = gr.Button(text.MERGE, elem_id="export-same-join", scale=1, min_width=110)
    return RoomsComponents(table, participants, form, room, names, name, merge)


def _form_values(reports: Sequence[RoomReport]) -> Updates:
    """The merge form for rooms with at least two participants; hidden if there are none."""
    mergeable = [report for report in reports if len(report.participants) > 1]
    names = rooms.name_choices(mergeable[0].participants) if mergeable else []
    choices = [(display_name(report.room), report.keys[0]) for report in mergeable]
    return (
        gr.Accordion(visible=bool(mergeable)),
        gr.Dropdown(choices, value=choices[0][1] if choices else None),
        _name_update(names),
        _name_update(names),
    )


def _name_update(choices: list[tuple[str, str]]) -> object:
    return gr.update(choices=choices, value=None)


def _merge(participants: ParticipantsProtocol, name: str, others: list[str], room: str) -> str:
    report = participants.merge_names(name, others, room=room)
    # The name itself may be an alias.
    merged = text.NAMES_MERGED.format(name=display_name(dict(report.aliases).get(name, name)))
    return f"{merged} {text.REBUILD_HINT}"


def _merge_requested(participants: ParticipantsProtocol, request: ClickRequest, typed: str) -> str:
    name = request.text("name") if request.has("name") else typed
    return _merge(participants, name, request.texts("others"), request.text("room"))


def _unmerge(participants: ParticipantsProtocol, request: ClickRequest, _: str) -> str:
    alias = request.text("alias")
    participants.unmerge_name(alias, room=request.text("room"))
    return f"{text.ALIAS_REMOVED.format(name=display_name(alias))} {text.REBUILD_HINT}"


def _exclude(participants: ParticipantsProtocol, request: ClickRequest, _: str) -> str:
    names = request.texts("names")
    participants.exclude(names)
    return f"{text.EXCLUDED.format(names=display_names(names))}. {text.REBUILD_HINT}"


def _include(participants: ParticipantsProtocol, request: ClickRequest, _: str) -> str:
    names = request.texts("names")
    participants.include(names)
    return f"{text.INCLUDED.format(names=display_names(names))}. {text.REBUILD_HINT}"


_ACTIONS = {"same": _merge_requested, "undo": _unmerge, "exclude": _exclude, "include": _include}
