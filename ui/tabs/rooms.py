"""The lower half of the tab "1 가져오기": merged rooms, and names of one participant."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.app.participants import RoomReport
from kakaobot.errors import KakaobotError
from ui import text
from ui.errors import notify
from ui.events import Trigger, Updates, on, to_progress
from ui.render import cards, rooms
from ui.services import ParticipantsProtocol

# A button's `data-ask` holds its action as JSON; a button next to a text field adds what was typed.
ACTION_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (!button) return;
  const field = button.parentElement.querySelector("input");
  const typed = "typed" in button.dataset ? field.value : "";
  // Unfolded details stay so when the HTML is replaced.
  const unfolded = Boolean(element.querySelector("details[open]"));
  trigger("click", { ask: button.dataset.ask, typed, unfolded });
});
element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.target.parentElement.querySelector("[data-typed]").click();
});"""


@dataclass(frozen=True)
class RoomsComponents:
    """In the order of what `RoomsHandlers.show_rooms` returns, and the button of the form."""

    table: gr.HTML
    participants: gr.HTML
    form: gr.Accordion
    room: gr.Dropdown
    names: gr.Dropdown
    name: gr.Dropdown
    merge: gr.Button


def build(handlers: RoomsHandlers) -> Callable[[Trigger], object]:
    """Lay out the half and wire it. Returns a function that refreshes the rooms after an event."""
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
    """Handlers of the half. They return values in the order in which `build` wires them."""

    def __init__(self, participants: ParticipantsProtocol) -> None:
        self._participants = participants

    def show_rooms(self, progress: gr.Progress = gr.Progress()) -> Updates:  # noqa: B008
        try:
            reports = self._participants.rooms(to_progress(progress))
        except KakaobotError as error:
            # Nobody clicked, so the error is shown in place of the table, not as a toast.
            return cards.note(text.NOTICE, str(error), tone="warn"), "", *_form_values([])
        return rooms.rooms_table(reports), rooms.people_cards(reports), *_form_values(reports)

    def apply_action(self, event: gr.EventData) -> None:
        """Carry out the action of a clicked button."""
        ask = json.loads(str(event.ask))
        notify(_ACTIONS[ask["do"]](self._participants, ask, str(event.typed)))

    def merge_names(self, room: str | None, names: list[str] | None, name: str | None) -> None:
        """Merge the names chosen in the form; `name` is the one to keep."""
        chosen = names or []
        target = name or next(iter(chosen), "")
        others = [other for other in chosen if other != target]
        if not others:
            raise KakaobotError(text.MERGE_TOO_FEW)
        notify(_merge(self._participants, target, others, room or ""))

    def select_room(self, room: str | None) -> tuple[object, object]:
        reports = self._participants.rooms()
        members = next((report.participants for report in reports if report.keys[0] == room), ())
        choices = rooms.name_choices(members)
        return _name_choices(choices), _name_choices(choices)


def _layout() -> RoomsComponents:
    table = gr.HTML(elem_id="export-rooms")
    participants = gr.HTML(js_on_load=ACTION_SCRIPT, elem_id="export-people")
    with (
        gr.Accordion(text.MERGE_TITLE, open=False, visible=False, elem_id="export-same") as form,
        gr.Row(equal_height=False),
    ):
        room = gr.Dropdown(label=text.MERGE_ROOM, elem_id="export-same-room", scale=2)
        names = gr.Dropdown(
            label=text.MERGE_NAMES, multiselect=True, elem_id="export-same-names", scale=3
        )
        name = gr.Dropdown(
            label=text.MERGE_TARGET, allow_custom_value=True, elem_id="export-same-name", scale=3
        )
        merge = gr.Button(text.MERGE, elem_id="export-same-join", scale=1, min_width=110)
    return RoomsComponents(table, participants, form, room, names, name, merge)


def _form_values(reports: Sequence[RoomReport]) -> Updates:
    """The merge form for the rooms with at least two names; hidden where there is none."""
    mergeable = [report for report in reports if len(report.participants) > 1]
    members = rooms.name_choices(mergeable[0].participants) if mergeable else []
    choices = [(report.room, report.keys[0]) for report in mergeable]
    return (
        gr.Accordion(visible=bool(mergeable)),
        gr.Dropdown(choices, value=choices[0][1] if choices else None),
        _name_choices(members),
        _name_choices(members),
    )


def _name_choices(members: list[tuple[str, str]]) -> object:
    return gr.update(choices=members, value=None)


def _merge(participants: ParticipantsProtocol, name: str, others: list[str], room: str) -> str:
    report = participants.merge_names(name, others, room=room)
    # The name itself may be an alias by now.
    merged = text.NAMES_MERGED.format(name=dict(report.aliases).get(name, name))
    return f"{merged} {text.REBUILD_HINT}"


def _merge_requested(participants: ParticipantsProtocol, ask: dict[str, Any], typed: str) -> str:
    return _merge(participants, ask.get("name") or typed, ask["others"], ask["room"])


def _unmerge(participants: ParticipantsProtocol, ask: dict[str, Any], _: str) -> str:
    participants.unmerge_name(ask["alias"], room=ask["room"])
    return f"{text.ALIAS_REMOVED.format(name=ask['alias'])} {text.REBUILD_HINT}"


def _exclude(participants: ParticipantsProtocol, ask: dict[str, Any], _: str) -> str:
    participants.exclude(ask["names"])
    return f"{text.EXCLUDED.format(names=', '.join(ask['names']))}. {text.REBUILD_HINT}"


def _include(participants: ParticipantsProtocol, ask: dict[str, Any], _: str) -> str:
    participants.include(ask["names"])
    return f"{text.INCLUDED.format(names=', '.join(ask['names']))}. {text.REBUILD_HINT}"


_ACTIONS = {"same": _merge_requested, "undo": _unmerge, "exclude": _exclude, "include": _include}
