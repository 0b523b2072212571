"""The rooms section of tab 1: actions of its buttons, the merge form, and errors."""

import json
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from kakaobot.errors import KakaobotError
from tests.ui.window_fakes import ROOM, FakeParticipants
from ui.render.rooms import rooms_table
from ui.tabs.rooms import RoomsHandlers


def handlers(participants: FakeParticipants) -> Any:
    return RoomsHandlers(participants)


def click(participants, request, typed=""):
    event = gr.EventData(None, {"ask": json.dumps(request), "typed": typed})
    handlers(participants).apply_action(event)


@pytest.mark.parametrize(
    ("action", "typed", "call"),
    [
        (
            {"do": "same", "room": "방", "others": ["회원님"], "name": "도담"},
            "",
            ("merge_names", "도담", ["회원님"], "방"),
        ),
        (
            {"do": "same", "room": "방", "others": ["회원님"]},
            "나",
            ("merge_names", "나", ["회원님"], "방"),
        ),
        ({"do": "undo", "room": "방", "alias": "회원님"}, "", ("unmerge_name", "회원님", "방")),
        ({"do": "exclude", "names": ["봇"]}, "", ("exclude", ["봇"])),
        ({"do": "include", "names": ["봇"]}, "", ("include", ["봇"])),
    ],
)
def test_a_click_sends_the_request_of_the_button(action, typed, call):
    participants = FakeParticipants()
    click(participants, action, typed)
    assert participants.calls == [call]


def test_the_form_merges_the_chosen_names_into_the_target():
    participants = FakeParticipants()
    merge_names = handlers(participants).merge_names
    merge_names("방", ["가", "나"], None)
    merge_names("방", ["가", "나"], "나")
    merge_names("방", ["가"], "새 이름")
    assert participants.calls == [
        ("merge_names", "가", ["나"], "방"),
        ("merge_names", "나", ["가"], "방"),
        ("merge_names", "새 이름", ["가"], "방"),
    ]
    for names, name in (([], None), (None, "가"), (["가"], None), (["가"], "가")):
        with pytest.raises(KakaobotError, match="두 개 이상"):
            merge_names("방", names, name)


def test_an_unreadable_file_is_reported_in_place_of_the_table():
    participants = FakeParticipants(error="people.json <b>을</b> 읽을 수 없습니다.")
    table, cards, form, *_ = handlers(participants).show_rooms()
    assert "people.json &lt;b&gt;" in table
    assert cards == ""
    assert not form.visible


def test_the_form_offers_the_participants_of_the_first_room():
    table, cards, form, room, names, _ = handlers(FakeParticipants()).show_rooms()
    assert "보드게임" in table
    assert "사람 정리" in cards
    assert form.visible
    assert room.value == "보드게임"
    assert ("도담 (900개)", "도담") in names["choices"]


def test_a_room_with_a_damaged_file_shows_the_reason() -> None:
    page = rooms_table([replace(ROOM, damage_notices=("<a.txt> 파일이 바뀌었습니다.",))])
    assert "&lt;a.txt&gt; 파일이 바뀌었습니다." in page
    assert "kb-bad-text" not in rooms_table([ROOM])
