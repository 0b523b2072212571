"""Picking people, not runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.app.people import Company, People
from tests.ui.window_fakes import PERSONA

ROOM = replace(PERSONA, run="방", room="보드게임", name="", participants=("도담", "마루", "은솔"))
OLD_ROOM = replace(ROOM, run="옛방", participants=("도담", "마루"))
OTHER_ROOM = replace(ROOM, run="회사", room="회사", participants=("마루", "하람"))
MARU = replace(PERSONA, run="마루만", name="마루", participants=("도담", "마루"))
PEOPLE = People([MARU, ROOM, OTHER_ROOM, OLD_ROOM])


def test_a_person_is_listed_once_with_the_newest_run() -> None:
    assert PEOPLE.names == ("마루", "도담", "은솔", "하람")
    assert [PEOPLE.run_of(name) for name in PEOPLE.names] == ["마루만", "방", "방", "회사"]
    assert [persona.run for persona in PEOPLE.rooms] == ["방", "회사"]
    assert PEOPLE.run_of("은솔", "하람") == ""


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        (Company("방"), "도담", Company("방", ("도담",))),
        (Company("방", ("도담",)), "마루", Company("방", ("도담", "마루"))),
        (Company("방", ("도담", "마루")), "도담", Company("방", ("마루",))),
        # The last one leaves: everybody is there.
        (Company("방", ("도담",)), "도담", Company("방")),
        # Somebody must be there in a run on one person.
        (Company("마루만", ("마루",)), "마루", Company("마루만", ("마루",))),
        # A run on one person gives way to one that has learned both.
        (Company("마루만", ("마루",)), "은솔", Company("방", ("마루", "은솔"))),
        # Nobody has learned both.
        (Company("방", ("도담",)), "하람", Company("회사", ("하람",))),
        (Company("방", ("도담",)), "모르는 사람", Company("방", ("도담",))),
        (Company(), "마루", Company("마루만", ("마루",))),
    ],
)
def test_a_click_on_a_person(before: Company, name: str, after: Company) -> None:
    assert PEOPLE.toggled(before, name) == after


def test_a_run_stands_for_those_whom_it_has_learned() -> None:
    assert PEOPLE.company("마루만") == Company("마루만", ("마루",))
    assert PEOPLE.company("옛방") == Company("옛방")


@given(st.lists(st.sampled_from(PEOPLE.names), max_size=12))
def test_one_run_has_learned_everybody_who_is_there(clicks: list[str]) -> None:
    company = PEOPLE.company("방")
    taught = {"마루만": {"마루"}, "방": set(ROOM.participants), "회사": {"마루", "하람"}}
    for name in clicks:
        company = PEOPLE.toggled(company, name)
        assert set(company.members) <= taught[company.run]


def test_there_may_be_nobody() -> None:
    assert People([]).names == ()
    assert People([]).toggled(Company(), "도담") == Company()
