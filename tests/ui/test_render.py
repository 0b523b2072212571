"""View values → HTML: escaping, and what each card shows."""

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from kakaobot.app.exports import FileReport
from kakaobot.app.participants import Proposal, RoomParticipant
from kakaobot.dataset.build_report import Example, ExampleMessage
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.runs.history import SettingChange
from kakaobot.runs.status import Status
from tests.ui.window_fakes import FILE, LINE_REPORT, PERSONA, REPORT, ROOM, RUN, SNAPSHOT
from ui.presenters import training_view
from ui.render import cards
from ui.render.line_report import line_report_card
from ui.render.participants import participants_card
from ui.render.rooms import people_cards, rooms_table
from ui.render.runs import runs_card

EVIL = """<img src=x onerror="alert('x')">"'&<script>1</script>"""

EVIL_ROOM = replace(
    ROOM,
    room=EVIL,
    keys=(EVIL,),
    participants=tuple(RoomParticipant(EVIL, 5, is_bot=True, is_excluded=True) for _ in range(5)),
    first=EVIL,
    last=EVIL,
    aliases=((EVIL, EVIL),),
    proposals=tuple(
        Proposal(kind, (EVIL, EVIL + "2"), (EVIL,), is_likely=is_likely)
        for kind in ("exporter", "spelling", "bot")
        for is_likely in (True, False)
    ),
)

EVIL_CHANGE = SettingChange(EVIL, [EVIL], EVIL)
EVIL_RUN = replace(
    RUN,
    name=EVIL,
    base=EVIL,
    persona=EVIL,
    room=EVIL,
    created_at=EVIL,
    fingerprint=EVIL,
    message=EVIL,
    previous=EVIL,
    changed=(EVIL_CHANGE,),
    changed_since=(EVIL_CHANGE,),
)

PAGES = {
    "files": lambda: cards.files_table(
        [
            replace(
                FILE, file=EVIL, room=EVIL, participants=(EVIL,), hash=EVIL, note=EVIL, format=EVIL
            )
        ]
    ),
    "rejected file": lambda: cards.files_table([FileReport(EVIL, error=EVIL)]),
    "report": lambda: cards.report_card(
        replace(REPORT, room=EVIL, persona=EVIL, warning=EVIL, removed=((EVIL, 1),))
    ),
    "examples": lambda: cards.examples_card(
        [
            Example(
                EVIL,
                "val",
                (ExampleMessage(EVIL, EVIL, False), ExampleMessage(EVIL, f"{EVIL}\n{EVIL}", True)),
            )
        ],
        EVIL,
    ),
    "training": lambda: cards.training_card(
        training_view(
            replace(
                SNAPSHOT,
                status=Status("failed", message=EVIL, notes=(EVIL,)),
                start_blocker=EVIL,
                practice=True,
                last_lines=EVIL,
                base=EVIL,
                base_reason=EVIL,
            )
        )
    ),
    "runs": lambda: runs_card([EVIL_RUN, replace(EVIL_RUN, fingerprint="", base="둘")] * 9),
    "status": lambda: cards.status(EVIL, "bad"),
    "persona": lambda: cards.persona_card(replace(PERSONA, description=EVIL)),
    "rooms": lambda: rooms_table([EVIL_ROOM]),
    "people": lambda: people_cards([EVIL_ROOM]),
    "line report": lambda: line_report_card(
        replace(LINE_REPORT, file=EVIL, format=EVIL, room=EVIL, not_understood_lines=((7, EVIL),))
    ),
    "note": lambda: cards.note(EVIL, EVIL),
    "outdated": lambda: cards.report_card(REPORT, EVIL),
    "participants": lambda: participants_card(
        [
            ParticipantStats(EVIL, 9, 9, 9.0, sentence=EVIL, pseudonym=EVIL, is_excluded=excluded)
            for excluded in (False, True)
        ],
        EVIL,
    ),
}


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.names, self.attributes = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_foreign_text_never_becomes_html(page):
    tags = Tags(page())
    assert tags.names
    assert not {"img", "script"} & set(tags.names)
    assert not [name for name in tags.attributes if name.startswith("on") or name == "src"]


def test_a_rejected_file_shows_its_error_and_no_button():
    page = cards.files_table([FileReport("사진.txt", error="카카오톡 대화가 아닙니다.")])
    assert "카카오톡 대화가 아닙니다." in page
    assert "data-hash" not in page
    assert 'data-hash="ab12"' in cards.files_table([FILE])


def test_the_report_mentions_pseudonyms():
    assert "지어낸 이름" not in cards.report_card(REPORT)
    assert "지어낸 이름" in cards.report_card(replace(REPORT, has_pseudonyms=True))


def test_an_empty_file_list_suggests_the_sample_room():
    assert "예제 방으로 해 보기" in cards.files_table([])


def test_only_targets_are_highlighted_with_one_bubble_per_line():
    page = cards.examples_card(REPORT.examples, REPORT.persona)
    bubbles = re.findall(r'<div class="(kb-said[^"]*)">(.*?)</div>', page)
    assert [(kind, content.count("<p>")) for kind, content in bubbles] == [
        ("kb-said", 1),
        ("kb-said kb-mine kb-learnt", 2),
    ]


def test_without_a_persona_everybody_is_on_the_left():
    messages = (
        # Context.
        ExampleMessage("다", "누구?", False),
        ExampleMessage("가", "안녕", True),
        ExampleMessage("나", "응", True),
    )
    assert "kb-mine" not in cards.examples_card([Example("방", "train", messages)], "")


def test_the_persona_is_marked_as_an_ai():
    assert ">AI<" in cards.persona_card(PERSONA)


def test_the_gate_explains_how_to_set_a_password():
    assert "비밀번호 정하기" in cards.gate_card(False)
    assert "비밀번호 정하기" not in cards.gate_card(True)


def requests(page):
    """Requests of the buttons in a card."""
    return [json.loads(unescape(request)) for request in re.findall(r'data-ask="([^"]*)"', page)]


def test_a_file_has_a_report_and_a_remove_button():
    page = cards.files_table([FILE])
    assert re.findall(r'data-do="(\w+)" data-hash="(\w+)"', page) == [
        ("diagnose", "ab12"),
        ("remove", "ab12"),
    ]


def test_a_room_row_shows_its_merged_files():
    page = re.sub(r"<[^>]+>", " ", rooms_table([ROOM]))
    for expected in ("보드게임", "2개", "1,500개", "700개", "4명", "2026-01-02 ~ 2026-02-03"):
        assert expected in page
    assert rooms_table([]) == ""


def test_every_proposal_can_be_confirmed_and_every_change_reverted():
    same = {"do": "same", "room": "보드게임"}
    assert requests(people_cards([ROOM])) == [
        {**same, "others": ["회원님"], "name": "도담"},
        {**same, "others": ["회원님"]},
        {**same, "name": "도담", "others": ["도담🐰"]},
        {"do": "exclude", "names": ["방장봇"]},
        {"do": "undo", "room": "보드게임", "alias": "마루2"},
        {"do": "include", "names": ["광고"]},
    ]
    assert people_cards([ROOM]).count("data-typed") == 1


def test_an_unlikely_exporter_gets_no_button():
    unlikely = replace(ROOM, proposals=(replace(ROOM.proposals[0], is_likely=False),), aliases=())
    page = people_cards([unlikely])
    assert [request["do"] for request in requests(page)] == ["same", "include"]
    assert '<option value="도담">' in page


def test_a_room_without_proposals_has_no_card():
    unchanged = replace(ROOM, proposals=(), aliases=(), participants=ROOM.participants[:2])
    assert people_cards([unchanged]) == ""
    assert people_cards([unchanged, ROOM]).count("<section") == 1


def test_the_line_report_adds_up_and_shows_unparsed_lines():
    page = line_report_card(LINE_REPORT)
    assert (
        "모두 1,234줄 = 메시지 1,000 + 이어진 줄 200 + 머리말 2 + 날짜 줄 30 + 이해하지 못한 줄 2"
        in page
    )
    assert "<td>7</td><td>아침 9:01, 도담 : 안녕</td>" in page
    assert "나머지 1줄" in page
    assert "잃은 것은 없습니다" in page
    all_parsed = replace(
        LINE_REPORT, counts=replace(LINE_REPORT.counts, not_understood=0), not_understood_lines=()
    )
    assert "모든 줄을 이해했습니다." in line_report_card(all_parsed)
    assert "<table" not in line_report_card(all_parsed)
