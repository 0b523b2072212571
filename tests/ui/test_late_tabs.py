"""What a page gets at first and what it gets with a tab are the whole window, once."""

import asyncio

import pytest

from kakaobot.config import Home
from ui.late_blocks import split
from ui.services import Services
from ui.window import build_window

TABS = {"exports", "dataset", "training", "chat", "settings"}
WRITES_INTO_TABS = {"poll", "show_run"}
"""Of the training: they also write the line of the header, and the tab reads all when shown."""


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    return build_window(Services.from_home(Home(tmp_path_factory.mktemp("home"))))


@pytest.fixture(scope="module")
def whole(window):
    return window.whole_config()


@pytest.fixture(scope="module")
def first(window):
    return window.get_config_file()


@pytest.fixture(scope="module")
def parts(window, first):
    """Contents by the name of the tab."""
    _, found = split(window.whole_config(), window.contents)
    return {name_of(part, part["layout"]["id"]).partition("-")[2]: part for part in found.values()}


def name_of(config, number):
    return next(c["props"]["elem_id"] for c in config["components"] if c["id"] == number)


def ids(entries):
    return [entry["id"] for entry in entries]


def layout_ids(node):
    below = [number for child in node.get("children") or () for number in layout_ids(child)]
    return [node["id"], *below]


def test_nothing_is_left_out_or_sent_twice(whole, first, parts):
    assert set(parts) == TABS
    events = ids(first["dependencies"])
    events += [number for part in parts.values() for number in ids(part["dependencies"])]
    assert sorted(events) == sorted(ids(whole["dependencies"]))
    shown = layout_ids(first["layout"])
    shown += [number for part in parts.values() for number in layout_ids(part["layout"])[1:]]
    assert sorted(shown) == sorted(layout_ids(whole["layout"]))
    for part in parts.values():
        assert set(layout_ids(part["layout"])) == set(ids(part["components"]))


def test_the_first_page_has_a_small_part_of_the_components(whole, first):
    assert len(layout_ids(first["layout"])) < len(whole["components"]) / 3
    assert len(first["dependencies"]) < len(whole["dependencies"]) / 3
    [page] = first["page"].values()
    assert page["components"] == ids(first["components"])
    assert page["dependencies"] == ids(first["dependencies"])
    assert page["layout"] == first["layout"]


def test_a_page_knows_all_states_at_once(whole, first):
    """It sends null for each, wherever it is."""
    states = {c["id"] for c in whole["components"] if c["type"] == "state"}
    assert states <= set(ids(first["components"]))


def test_no_first_event_relies_on_contents(window, first, parts):
    """What it writes there is lost, and what it reads is null."""
    late = {
        component["id"]
        for part in parts.values()
        for component in part["components"]
        if component["type"] != "state"
    }
    crossing = {
        window.fns[dependency["id"]].name
        for dependency in first["dependencies"]
        if late & {*dependency["inputs"], *dependency["outputs"]}
    }
    assert crossing == WRITES_INTO_TABS


def test_contents_say_themselves_which_fields_can_be_edited(parts):
    """A page finds out by events, of which it does not know those of the contents yet."""
    fields = {
        component["props"]["elem_id"]: component["props"]["interactive"]
        for part in parts.values()
        for component in part["components"]
        if component["type"] in ("textbox", "dropdown", "slider", "checkbox", "number")
        and component["props"].get("elem_id")
    }
    assert fields["chat-message"] is True
    assert fields["dataset-room"] is True
    assert fields["train-log"] is False
    assert None not in fields.values()


@pytest.mark.parametrize("tab", sorted(TABS))
def test_the_event_of_a_tab_brings_its_contents(window, parts, tab):
    event = next(n for n, column in window.contents.items() if column == parts[tab]["layout"]["id"])
    answers = [asyncio.run(window.process_api(window.fns[event], [""])) for _ in range(2)]
    for answer in answers:
        assert answer["render_config"]["layout"] == parts[tab]["layout"]
        assert ids(answer["render_config"]["components"]) == ids(parts[tab]["components"])
        # What gradio writes into one answer is not in the next one.
        answer["render_config"]["components"].clear()
    other = next(n for n in window.fns if n not in window.contents)
    assert "render_config" not in window.fns[other].get_config()
