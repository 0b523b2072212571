"""The tab "2 데이터 준비": whose way of speaking is learnt, and from how much."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import gradio as gr

from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.app.people import Participants
from kakaobot.app.settings import SettingsEditor
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.errors import KakaobotError
from kakaobot.schema import Progress, no_progress
from ui import text
from ui.errors import notify
from ui.events import on
from ui.render import cards
from ui.render.participants import participants_card
from ui.tabs.rooms import ASK_SCRIPT


def build(
    datasets: Datasets,
    people: Participants,
    preferences: SettingsEditor,
    outlooks: Estimates,
    tabs: gr.Tabs,
    tab: gr.Tab,
) -> None:
    """Lay out the tab and wire it. Every handler is one call to a service."""
    gr.HTML(cards.lead(text.DATASET_LEAD))
    with gr.Row(equal_height=True):
        room = gr.Dropdown(label=text.ROOM, elem_id="dataset-room", scale=2)
        person = gr.Dropdown(label=text.PERSONA, elem_id="dataset-person", scale=2)
        make = gr.Button(
            text.BUILD, variant="primary", scale=1, min_width=180, elem_id="dataset-build"
        )
    table = gr.HTML(js_on_load=ASK_SCRIPT, elem_id="dataset-people")
    report = gr.HTML(elem_id="dataset-report")
    outlook = gr.HTML(elem_id="dataset-outlook")
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
        """What is known at once; who speaks may take its time and comes after it."""
        values = preferences.values()
        rooms = datasets.rooms()
        chosen = str(values["data.room"]) if values["data.room"] in rooms else ""
        learnt = str(values["data.persona"])
        names = [learnt] if learnt else []
        return (
            gr.Dropdown([(text.ALL_ROOMS, ""), *((each, each) for each in rooms)], value=chosen),
            gr.Dropdown([(text.WHOLE_ROOM, ""), *((each, each) for each in names)], value=learnt),
            gr.Button(interactive=bool(rooms)),
            *_shown(datasets, has_rooms=bool(rooms)),
            cards.estimate_card(text.ESTIMATE_TITLE, outlooks.known()),
        )

    def look(
        room: str | None, person: str | None, progress: Progress, *, unfolded: bool = False
    ) -> tuple[object, object]:
        found = datasets.participants(room or "", progress)
        chosen = person or ""
        card = participants_card(found, chosen, unfolded=unfolded)
        return _choices(found, chosen), card

    def speaking(
        room: str | None,
        person: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[object, object]:
        try:
            return look(room, person, lambda share, words: progress(share, desc=words))
        except KakaobotError as error:
            # Where nobody clicked there is nothing to answer with a toast.
            return gr.skip(), cards.note(text.NOTICE, str(error), tone="warn")

    def act(event: gr.EventData, room: str | None, person: str | None) -> tuple[object, ...]:
        """One click in the table, whose data say what is asked."""
        ask = json.loads(str(event.ask))
        if ask["do"] == "learn":
            person = ask["name"]
        else:
            notify(_ACTIONS[ask["do"]](people, ask["names"]))
        choices, card = look(room, person, no_progress, unfolded=bool(event.unfolded))
        if ask["do"] == "learn":
            choices = gr.update(value=person)
        return choices, card, _report(datasets, has_rooms=True)

    def make_data(
        room: str | None,
        person: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[object, ...]:
        # Both are None for a click before the choices have arrived.
        preferences.save({"data.room": room or "", "data.persona": person or ""})
        datasets.build(lambda share, words: progress(share, desc=words))
        notify(text.BUILT)
        return _shown(datasets, has_rooms=True)

    def foresee(progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        """Memory and time of a training on the data."""
        try:
            found = outlooks.look(lambda share, words: progress(share, desc=words))
        except KakaobotError as error:
            return cards.note(text.NOTICE, str(error), tone="warn")
        # Whatever is wrong with the exports is told beside the people.
        with suppress(KakaobotError):
            datasets.update_report_page(found, lambda share, words: progress(share, desc=words))
        return cards.estimate_card(text.ESTIMATE_TITLE, found)

    shown = [report, onward, pictures, examples]
    chosen, speakers = [room, person], [person, table]

    def read(event: Callable[..., Any]) -> None:
        on(
            event,
            speaking,
            chosen,
            speakers,
            progress="full",
            show_progress_on=table,
            concurrency_limit=None,
        )

    def estimate(event: Callable[..., Any]) -> None:
        on(event, foresee, None, outlook, progress="full", concurrency_limit=None)

    everything = [*chosen, make, *shown, outlook]
    arrived = on(tab.select, arrive, None, everything, concurrency_limit=None)
    read(arrived.success)
    estimate(arrived.success)
    read(room.input)
    read(person.input)
    on(table.click, act, chosen, [*speakers, report])
    made = on(make.click, make_data, chosen, shown, progress="full", show_progress_on=report)
    estimate(made.success)
    on(onward.click, lambda: gr.Tabs(selected="training"), None, tabs)


def _exclude(people: Participants, names: Sequence[str]) -> str:
    people.exclude(names)
    return text.EXCLUDED.format(names=", ".join(names))


def _include(people: Participants, names: Sequence[str]) -> str:
    people.include(names)
    return text.INCLUDED.format(names=", ".join(names))


_ACTIONS = {"exclude": _exclude, "include": _include}


def _choices(people: Sequence[ParticipantStats], chosen: str) -> object:
    """`방 전체` first, then everybody who may be learnt with the number of their replies.

    What is chosen is touched only where it can no longer be: somebody may be choosing just now.
    """
    choices = [(text.WHOLE_ROOM, "")]
    for person in people:
        if not person.is_excluded:
            advice = text.ADVICE[person.advice]
            label = text.PERSONA_LABEL.format(
                name=person.name, replies=person.replies, advice=advice
            )
            choices.append((label, person.name))
    if chosen in dict(choices).values():
        return gr.update(choices=choices)
    return gr.update(choices=choices, value="")


def _shown(datasets: Datasets, *, has_rooms: bool) -> tuple[object, ...]:
    made = datasets.report()
    return (
        _report(datasets, has_rooms=has_rooms),
        gr.Button(visible=made is not None),
        cards.report_charts(made) + cards.styles_card(made) if made else "",
        cards.examples_card(made.examples, made.persona) if made else "",
    )


def _report(datasets: Datasets, *, has_rooms: bool) -> str:
    """Of the last build, and whether it still holds what is to be learnt."""
    made = datasets.report()
    if made is None:
        return cards.empty(
            text.DATASET_EMPTY, text.DATASET_EMPTY_HINT if has_rooms else text.NO_ROOMS
        )
    return cards.report_card(made, datasets.outdated_reason(made))
