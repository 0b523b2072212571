"""The participants table of tab 2 and the actions of its buttons."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.errors import ExportError
from kakaobot.schema import Progress, no_progress
from tests.ui.window_fakes import FakeDatasets, FakeEstimates, FakeParticipants, FakeSettings
from ui.render.participants import participants_card
from ui.tabs.dataset import DatasetHandlers

DODAM = ParticipantStats(
    "도담", 900, 240, 8.5, 0.87, 0.04, "enough", "충분: 배울 대답이 240개 있습니다."
)
MARU = ParticipantStats(
    "마루",
    40,
    12,
    6.0,
    0.5,
    0.25,
    "few",
    "부족: 배울 대답이 188개 더 필요합니다.",
    pseudonym="고래",
)
BOT = ParticipantStats("날씨봇", 30, 0, 0.0, 0.0, 1.0, "bot", "봇으로 보임 (이름이 봇): 빼세요.")
EXCLUDED = replace(MARU, name="은솔", is_excluded=True)
ODD = """도"담'</td><b>&quot;🐰\\"""


class FakeRoom(FakeDatasets):
    """The participants of one room. Records calls, including those of `RoomParticipants`."""

    def __init__(self, *stats: ParticipantStats, error: str = "") -> None:
        super().__init__()
        self.error = error
        self.calls: list[tuple[object, ...]] = []
        self.stats = list(stats)

    def participants(
        self, room: str = "", progress: Progress = no_progress
    ) -> Sequence[ParticipantStats]:
        if self.error:
            raise ExportError(self.error)
        progress(0.5, "읽는 중")
        self.calls.append(("people", room))
        return self.stats

    def outdated_reason(self, report: BuildReport) -> str:
        return "다시 만드세요 <b>" if any(p.is_excluded for p in self.stats) else ""

    def changes_since(self, report: BuildReport) -> Sequence[str]:
        return ()


class RoomParticipants(FakeParticipants):
    """Excludes participants of a `FakeRoom`."""

    def __init__(self, room: FakeRoom) -> None:
        super().__init__()
        self._room, self.calls = room, room.calls

    def exclude(self, names: Sequence[str]) -> Sequence[str]:
        self._room.stats = [
            replace(p, is_excluded=p.is_excluded or p.name in names) for p in self._room.stats
        ]
        return super().exclude(names)


def handlers(room: FakeRoom, settings: FakeSettings | None = None) -> Any:
    return DatasetHandlers(
        room,
        RoomParticipants(room),
        settings or FakeSettings(),
        FakeEstimates(),
        PasswordGate(""),
    )


def click(fake, request, room="", persona="", *, unfolded=False):
    event = gr.EventData(None, {"ask": json.dumps(request), "typed": "", "unfolded": unfolded})
    return handlers(fake).apply_action(event, room, persona)


def rows(page):
    return re.findall(r"<tr class=.*?</tr>", page)


def requests(page):
    return [json.loads(unescape(request)) for request in re.findall(r'data-ask="([^"]*)"', page)]


def test_a_row_shows_the_stats_of_a_participant():
    first, second, third = rows(participants_card([DODAM, MARU, BOT]))
    for words in ("도담", "240개", "8.5자", "87%", "4%", "충분"):
        assert words in first
    for words in ("부족", "배울 대답이 188개 더 필요합니다.", "데이터에서는 고래", "25%"):
        assert words in second
    assert "데이터에서는" not in first
    assert "봇으로 보임" in third
    assert "–" in third
    assert participants_card([]) == ""


def test_excluded_participants_come_last_and_can_be_included_again():
    page = participants_card([DODAM, EXCLUDED])
    included, excluded = rows(page)
    assert 'class="kb-gone"' in excluded
    assert "빼기로 함" in excluded
    assert "kb-gone" not in included
    assert requests(included) == [
        {"do": "learn", "name": "도담"},
        {"do": "exclude", "names": ["도담"]},
    ]
    assert requests(excluded) == [{"do": "include", "names": ["은솔"]}]


def test_the_persona_is_marked_and_cannot_be_chosen_again():
    first, second = rows(participants_card([DODAM, MARU], "마루"))
    assert 'class="kb-chosen"' in second
    assert [request["do"] for request in requests(second)] == ["exclude"]
    assert "kb-chosen" not in first


def test_a_name_with_quotes_and_markup_survives_the_round_trip():
    page = participants_card([replace(DODAM, name=ODD, pseudonym=ODD)])
    assert "<b>&quot;" not in page
    assert requests(page)[1] == {"do": "exclude", "names": [ODD]}
    fake = FakeRoom(replace(DODAM, name=ODD))
    click(fake, requests(page)[1])
    assert ("exclude", [ODD]) in fake.calls


def test_twenty_of_a_hundred_participants_are_shown_and_the_rest_unfold():
    crowd = [replace(DODAM, name=f"손님{number}") for number in range(100)]
    page = participants_card([*crowd, EXCLUDED])
    shown, folded = page.split("<details>")
    assert len(rows(shown)) == 21
    assert "은솔" in shown
    assert "나머지 80명 보기" in folded
    assert len(rows(folded)) == 80
    assert "<details open>" in participants_card([*crowd, EXCLUDED], unfolded=True)
    assert "<details" not in participants_card(crowd[:20])
    assert "그 밖의 100명" in participants_card(crowd * 3 + crowd[:20])


def test_opening_the_tab_reads_no_exports():
    fake = FakeRoom(DODAM)
    room, persona, _, build, _, _, report, to_training, *_ = handlers(
        fake, FakeSettings(room="보드게임", persona="도담")
    ).load(None, None)
    assert fake.calls == []
    assert (room.value, persona.value, build.interactive) == ("보드게임", "도담", True)
    assert "무엇을 배우나요" in report
    assert to_training.visible


def test_reading_reports_progress_and_keeps_the_choice():
    fake, updates = FakeRoom(DODAM, MARU, EXCLUDED), []
    choices, page = handlers(fake).list_participants(
        "보드게임", "마루", lambda share, desc: updates.append((share, desc))
    )
    assert updates == [(0.5, "읽는 중")]
    assert fake.calls == [("people", "보드게임")]
    assert [value for _, value in choices["choices"]] == ["", "도담", "마루"]
    assert "value" not in choices
    assert len(rows(page)) == 3


@pytest.mark.parametrize("chosen", ["은솔", "떠난 사람"])
def test_a_persona_that_is_no_longer_available_is_deselected(chosen):
    choices, _ = handlers(FakeRoom(DODAM, EXCLUDED)).list_participants(
        "", chosen, lambda *_, **__: None
    )
    assert choices["value"] == ""


def test_an_unreadable_file_is_reported_in_place_of_the_table():
    _, page = handlers(FakeRoom(error="파일 <b>이</b> 바뀌었습니다.")).list_participants("", "")
    assert "파일 &lt;b&gt;이" in page


def test_a_click_excludes_a_participant_and_reports_the_outdated_dataset():
    fake = FakeRoom(DODAM, MARU)
    choices, page, report, to_training = click(
        fake, {"do": "exclude", "names": ["마루"]}, "방", "마루"
    )
    assert fake.calls == [("exclude", ["마루"]), ("people", "방")]
    assert choices["value"] == ""
    assert rows(page)[1].count("kb-gone") == 1
    assert "다시 만들어야 합니다" in report
    assert "다시 만드세요 &lt;b&gt;" in report
    assert not to_training.visible


def test_a_click_includes_a_participant_again():
    fake = FakeRoom(DODAM)
    _, _, report, to_training = click(fake, {"do": "include", "names": ["도담"]})
    assert to_training.visible
    assert fake.calls[0] == ("include", ["도담"])
    assert "다시 만들어야" not in report


def test_a_click_chooses_the_persona_and_keeps_the_list_unfolded():
    crowd = [replace(DODAM, name=f"손님{number}") for number in range(30)]
    fake = FakeRoom(*crowd)
    choices, page, _, _ = click(fake, {"do": "learn", "name": "손님25"}, unfolded=True)
    assert choices["value"] == "손님25"
    assert "<details open>" in page
    assert [row for row in rows(page) if "kb-chosen" in row and "손님25" in row]
    assert [call for call, *_ in fake.calls] == ["people", "people"]


def test_a_choice_is_kept_so_that_all_tabs_know_of_it():
    settings = FakeSettings()
    fake = FakeRoom(DODAM, MARU)
    handlers(fake, settings).pick("방", "마루", lambda *_, **__: None)
    assert settings.values() == {"data.room": "방", "data.persona": "마루"}
    # Nobody of another room is chosen.
    choices, *_ = handlers(fake, settings).pick("다른 방", "은솔", lambda *_, **__: None)
    assert settings.values() == {"data.room": "다른 방", "data.persona": ""}
    assert choices.get("value", "") == ""


def test_a_list_that_was_only_opened_changes_nothing():
    fake = FakeRoom(DODAM, MARU)
    settings = FakeSettings(room="방", persona="마루")
    updates = handlers(fake, settings).pick("방", "마루", lambda *_, **__: None)
    assert updates == (gr.skip(),) * 4
    assert fake.calls == []
