import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kakaobot.app.exports import FileReport
from kakaobot.app.report import Example, Part
from kakaobot.runs import Status
from tests.ui.window_fakes import FILE, NOW, REPORT, RUN, VOICE
from ui import markup
from ui.view import training_view

EVIL = """<img src=x onerror="alert('x')">"'&<script>1</script>"""

PAGES = {
    "files": lambda: markup.files_table(
        [replace(FILE, file=EVIL, room=EVIL, people=(EVIL,), hash=EVIL, note=EVIL, layout=EVIL)]
    ),
    "refused file": lambda: markup.files_table([FileReport(EVIL, error=EVIL)]),
    "report": lambda: markup.report_card(
        replace(REPORT, room=EVIL, persona=EVIL, warning=EVIL, removed=((EVIL, 1),))
    ),
    "examples": lambda: markup.examples(
        [Example(EVIL, "val", (Part(EVIL, EVIL, False), Part(EVIL, f"{EVIL}\n{EVIL}", True)))]
    ),
    "training": lambda: markup.training_card(
        training_view(
            replace(
                NOW,
                status=Status("failed", message=EVIL, notes=(EVIL,)),
                why_not=EVIL,
                practice=True,
                base=EVIL,
                base_reason=EVIL,
            )
        )
    ),
    "runs": lambda: markup.runs_table(
        [replace(RUN, name=EVIL, base=EVIL, persona=EVIL, created_at=EVIL)]
    ),
    "status": lambda: markup.status(EVIL, "bad"),
    "voice": lambda: markup.voice_card(replace(VOICE, sentence=EVIL)),
    "note": lambda: markup.note(EVIL, EVIL),
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
def test_no_word_from_outside_becomes_html(page):
    seen = Tags(page())
    assert seen.names
    assert not {"img", "script"} & set(seen.names)
    assert not [name for name in seen.attributes if name.startswith("on") or name == "src"]


def test_a_file_that_was_refused_says_why_and_has_no_button():
    page = markup.files_table([FileReport("사진.txt", error="카카오톡 대화가 아닙니다.")])
    assert "카카오톡 대화가 아닙니다." in page
    assert "data-hash" not in page
    assert 'data-hash="ab12"' in markup.files_table([FILE])


def test_no_files_says_what_to_do():
    assert "샘플 방으로 해 보기" in markup.files_table([])


def test_only_what_is_learnt_is_highlighted_one_bubble_a_line():
    page = markup.examples(REPORT.examples)
    said = re.findall(r'<div class="(kb-said[^"]*)">(.*?)</div>', page)
    assert [(kind, words.count("<p>")) for kind, words in said] == [
        ("kb-said", 1),
        ("kb-said kb-mine kb-learnt", 2),
    ]


def test_a_whole_room_stays_on_the_left():
    whole = Example("방", "train", (Part("가", "안녕", True), Part("나", "응", True)))
    assert "kb-mine" not in markup.examples([whole])


def test_the_voice_carries_the_mark_of_an_ai():
    assert ">AI<" in markup.voice_card(VOICE)


def test_without_a_password_the_gate_says_how_to_set_one():
    assert "CHATBOT_PASSWORD=" in markup.gate_card(False)
    assert "CHATBOT_PASSWORD" not in markup.gate_card(True)
