"""The lower half of the tab "1 가져오기": the rooms after merging, and who is who in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from kakaobot.app.people import Participants, RoomReport
from kakaobot.errors import KakaobotError
from ui import text
from ui.errors import notify
from ui.events import on
from ui.render import cards, rooms

# A button says what it asks for; one beside a text field hands over what was typed there.
ASK_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (!button) return;
  const field = button.parentElement.querySelector("input");
  const typed = "typed" in button.dataset ? field.value : "";
  // What is unfolded stays so when all is shown anew.
  const unfolded = Boolean(element.querySelector("details[open]"));
  trigger("click", { ask: button.dataset.ask, typed, unfolded });
});
element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.target.parentElement.querySelector("[data-typed]").click();
});"""


def build(people: Participants) -> Callable[[Callable[..., Any]], object]:
    """Lay it out and wire it; what is given back shows the rooms anew after another event."""
    table = gr.HTML(elem_id="export-rooms")
    people_html = gr.HTML(js_on_load=ASK_SCRIPT, elem_id="export-people")
    form, room, names, name, join = _form()
    outputs = [table, people_html, form, room, names, name]

    def shown(progress: gr.Progress = gr.Progress()) -> tuple[object, ...]:  # noqa: B008
        try:
            reports = people.rooms(lambda share, words: progress(share, desc=words))
        except KakaobotError as error:
            # Where nobody clicked there is nothing to answer with a toast.
            return cards.note(text.NOTICE, str(error), tone="warn"), "", *_filled([])
        return rooms.rooms_table(reports), rooms.people_cards(reports), *_filled(reports)

    def act(event: gr.EventData) -> None:
        """One click on a card, whose data say what is asked."""
        ask = json.loads(str(event.ask))
        notify(_ACTIONS[ask["do"]](people, ask, str(event.typed)))

    def same(room: str | None, names: list[str] | None, name: str | None) -> None:
        chosen = names or []
        target = name or next(iter(chosen), "")
        others = [each for each in chosen if each != target]
        if not others:
            raise KakaobotError(text.MERGE_TOO_FEW)
        notify(_joined(people.merge_names(target, others, room=room or ""), target))

    def enter(room: str | None) -> tuple[object, object]:
        members = next((each.people for each in people.rooms() if each.keys[0] == room), ())
        return _names(rooms.choices(members)), _names(rooms.choices(members))

    def refresh(event: Callable[..., Any]) -> object:
        return on(event, shown, None, outputs, progress="full", show_progress_on=table)

    refresh(on(people_html.click, act).then)
    refresh(on(join.click, same, [room, names, name]).then)
    on(room.input, enter, room, [names, name])
    return refresh


def _form() -> tuple[gr.Accordion, gr.Dropdown, gr.Dropdown, gr.Dropdown, gr.Button]:
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
        join = gr.Button(text.MERGE, elem_id="export-same-join", scale=1, min_width=110)
    return form, room, names, name, join


def _filled(reports: Sequence[RoomReport]) -> tuple[object, ...]:
    """The form for the rooms that have two names or more; hidden where there is none."""
    usable = [each for each in reports if len(each.people) > 1]
    members = rooms.choices(usable[0].people) if usable else []
    choices = [(each.room, each.keys[0]) for each in usable]
    return (
        gr.Accordion(visible=bool(usable)),
        gr.Dropdown(choices, value=choices[0][1] if choices else None),
        _names(members),
        _names(members),
    )


def _names(members: list[tuple[str, str]]) -> object:
    return gr.update(choices=members, value=None)


def _joined(report: RoomReport, name: str) -> str:
    return (
        f"{text.NAMES_MERGED.format(name=dict(report.aliases).get(name, name))} {text.REBUILD_HINT}"
    )


def _same(people: Participants, ask: dict[str, Any], typed: str) -> str:
    name = ask.get("name") or typed
    return _joined(people.merge_names(name, ask["others"], room=ask["room"]), name)


def _undo(people: Participants, ask: dict[str, Any], _: str) -> str:
    people.unmerge_name(ask["alias"], room=ask["room"])
    return f"{text.ALIAS_REMOVED.format(name=ask['alias'])} {text.REBUILD_HINT}"


def _exclude(people: Participants, ask: dict[str, Any], _: str) -> str:
    people.exclude(ask["names"])
    return f"{text.EXCLUDED.format(names=', '.join(ask['names']))}. {text.REBUILD_HINT}"


def _include(people: Participants, ask: dict[str, Any], _: str) -> str:
    people.include(ask["names"])
    return f"{text.INCLUDED.format(names=', '.join(ask['names']))}. {text.REBUILD_HINT}"


_ACTIONS = {"same": _same, "undo": _undo, "exclude": _exclude, "include": _include}
