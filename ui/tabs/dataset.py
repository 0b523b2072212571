"""The tab "2 데이터 준비": whose way of speaking is learnt, and from how much."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from kakaobot.app.dataset import Datasets, Person
from kakaobot.app.preferences import Preferences
from kakaobot.app.report import Report
from ui import markup, text
from ui.errors import notify
from ui.wire import on


def build(datasets: Datasets, preferences: Preferences, tabs: gr.Tabs, tab: gr.Tab) -> None:
    """Lay out the tab and wire it. Every handler is one call to a service."""
    gr.HTML(markup.lead(text.DATASET_LEAD))
    with gr.Row(equal_height=True):
        room = gr.Dropdown(label=text.ROOM, elem_id="dataset-room", scale=2)
        person = gr.Dropdown(label=text.PERSON, elem_id="dataset-person", scale=2)
        make = gr.Button(
            text.BUILD, variant="primary", scale=1, min_width=180, elem_id="dataset-build"
        )
    report = gr.HTML(elem_id="dataset-report")
    onward = gr.Button(
        text.TO_TRAINING,
        variant="primary",
        visible=False,
        elem_id="dataset-next",
        elem_classes="kb-next",
    )
    pictures = gr.HTML(elem_id="dataset-pictures")
    examples = gr.HTML(elem_id="dataset-examples")

    def arrive() -> tuple[object, ...]:
        values = preferences.values()
        rooms = datasets.rooms()
        chosen = str(values["data.room"]) if values["data.room"] in rooms else ""
        people = datasets.people(chosen)
        return (
            gr.Dropdown([(text.ALL_ROOMS, ""), *((each, each) for each in rooms)], value=chosen),
            _people(people, str(values["data.persona"])),
            gr.Button(interactive=bool(rooms)),
            *_shown(datasets.report(), bool(rooms)),
        )

    def enter_room(room: str, person: str) -> object:
        return _people(datasets.people(room), person)

    def make_data(
        room: str | None,
        person: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[object, ...]:
        # Both are None for a click before the choices have arrived.
        preferences.save({"data.room": room or "", "data.persona": person or ""})
        made = datasets.build(lambda share, words: progress(share, desc=words))
        notify(text.BUILT)
        return _shown(made, True)

    shown = [report, onward, pictures, examples]
    on(tab.select, arrive, None, [room, person, make, *shown], concurrency_limit=None)
    on(room.input, enter_room, [room, person], person)
    on(make.click, make_data, [room, person], shown, progress="full", show_progress_on=report)
    on(onward.click, lambda: gr.Tabs(selected="training"), None, tabs)


def _people(people: Sequence[Person], chosen: str) -> gr.Dropdown:
    """`방 전체` first, then everybody who can be learnt with the number of their replies."""
    names = {person.name for person in people}
    labels = [
        (
            text.PERSON_LABEL.format(
                name=person.name, replies=person.replies, advice=text.ADVICE[person.advice]
            ),
            person.name,
        )
        for person in people
    ]
    choices = [(text.WHOLE_ROOM, ""), *labels]
    return gr.Dropdown(choices, value=chosen if chosen in names else "")


def _shown(report: Report | None, has_rooms: bool) -> tuple[object, ...]:
    if report is None:
        hint = text.DATASET_EMPTY_HINT if has_rooms else text.NO_ROOMS
        return markup.empty(text.DATASET_EMPTY, hint), gr.Button(visible=False), "", ""
    return (
        markup.report_card(report),
        gr.Button(visible=True),
        markup.report_pictures(report) + markup.speeches(report),
        markup.examples(report.examples),
    )
