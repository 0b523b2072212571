"""The people cards of tab 1: what a click asks for reaches the service, and what goes wrong."""

import inspect
import json
from dataclasses import replace

import gradio as gr
import pytest

from kakaobot.errors import ExportError, KakaobotError
from tests.ui.window_fakes import ROOM
from ui.render.rooms import rooms_table
from ui.tabs import rooms


class Recorder:
    """Notes what was asked of it."""

    def __init__(self, trouble=""):
        self.asked, self.trouble = [], trouble

    def rooms(self, progress=None):
        if self.trouble:
            raise ExportError(self.trouble)
        return [ROOM]

    def merge_names(self, name, others, *, room="", progress=None):
        self.asked.append(("same", name, list(others), room))
        return ROOM

    def unmerge_name(self, alias, *, room="", progress=None):
        self.asked.append(("undo", alias, room))
        return ROOM

    def exclude(self, names):
        self.asked.append(("exclude", list(names)))

    def include(self, names):
        self.asked.append(("include", list(names)))


def handlers(people):
    with gr.Blocks() as window:
        rooms.build(people)(window.load)
    found = {}
    for block in window.fns.values():
        handler = inspect.unwrap(block.fn)
        found[handler.__name__] = handler
    return found


def click(people, ask, typed=""):
    event = gr.EventData(None, {"ask": json.dumps(ask), "typed": typed})
    handlers(people)["act"](event)


@pytest.mark.parametrize(
    ("ask", "typed", "asked"),
    [
        (
            {"do": "same", "room": "방", "others": ["회원님"], "name": "도담"},
            "",
            ("same", "도담", ["회원님"], "방"),
        ),
        (
            {"do": "same", "room": "방", "others": ["회원님"]},
            "나",
            ("same", "나", ["회원님"], "방"),
        ),
        ({"do": "undo", "room": "방", "alias": "회원님"}, "", ("undo", "회원님", "방")),
        ({"do": "exclude", "names": ["봇"]}, "", ("exclude", ["봇"])),
        ({"do": "include", "names": ["봇"]}, "", ("include", ["봇"])),
    ],
)
def test_a_click_does_what_the_button_says(ask, typed, asked):
    people = Recorder()
    click(people, ask, typed)
    assert people.asked == [asked]


def test_names_chosen_in_the_form_are_joined_under_the_one_to_be_called():
    people = Recorder()
    same = handlers(people)["same"]
    same("방", ["가", "나"], None)
    same("방", ["가", "나"], "나")
    same("방", ["가"], "새 이름")
    assert people.asked == [
        ("same", "가", ["나"], "방"),
        ("same", "나", ["가"], "방"),
        ("same", "새 이름", ["가"], "방"),
    ]
    for names, name in (([], None), (None, "가"), (["가"], None), (["가"], "가")):
        with pytest.raises(KakaobotError, match="두 개 이상"):
            same("방", names, name)


def test_what_cannot_be_read_is_told_in_its_place():
    table, cards, form, *_ = handlers(Recorder("people.json <b>을</b> 읽을 수 없습니다."))[
        "shown"
    ]()
    assert "people.json &lt;b&gt;" in table
    assert cards == ""
    assert not form.visible


def test_the_form_offers_the_people_of_the_first_room():
    table, cards, form, room, names, _ = handlers(Recorder())["shown"]()
    assert "보드게임" in table
    assert "사람 정리" in cards
    assert form.visible
    assert room.value == "보드게임"
    assert ("도담 (900개)", "도담") in names["choices"]


def test_a_room_with_a_damaged_file_says_so() -> None:
    page = rooms_table([replace(ROOM, lost=("<a.txt> 파일이 바뀌었습니다.",))])
    assert "&lt;a.txt&gt; 파일이 바뀌었습니다." in page
    assert "kb-bad-text" not in rooms_table([ROOM])
