"""Names and texts that attack whoever shows them: every card, the report and the commands."""

import io
import json
from html.parser import HTMLParser

import pytest

from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.participants import Participants
from kakaobot.app.training import Training
from kakaobot.cli.console import Console
from kakaobot.cli.main import main
from kakaobot.config import Home, save
from kakaobot.display_name import inert_text
from tests.conftest import QUICK
from tests.hostile import DISTURBING, NAMES, RLO, corrupted_run, hostile_export, rogue_run
from ui.presenters import training_view
from ui.render import cards, rooms
from ui.render.eval_samples import eval_samples_card
from ui.render.line_report import line_report_card
from ui.render.participants import participants_card
from ui.render.runs import runs_card

TAGS_OF_SCRIPTS = {"script", "img", "iframe", "math", "mglyph", "textarea", "a", "title"}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    home = Home(folder / "home")
    home.settings()
    save(home.settings_file, QUICK)
    [report] = Exports(home).import_files([hostile_export(folder)])
    assert not report.error
    Datasets(home).build()
    rogue_run(home)
    corrupted_run(home)
    return home


class Elements(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def check(html):
    """No tag or handler came from a name, nothing reorders the page, and no text is endless."""
    page = Elements(html)
    assert not TAGS_OF_SCRIPTS & set(page.tags) - {"title"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not {"href", "src", "srcdoc", "action"} & {name for name, _ in page.attributes}
    assert RLO not in html
    labels = [value for name, value in page.attributes if name in ("title", "aria-label")]
    for text in (*page.texts, *labels):
        assert inert_text(text) == text
    assert max(map(len, page.texts)) < 2_000
    return page


def window_cards(home):
    exports, report = Exports(home), Datasets(home).report()
    assert report is not None
    files = exports.files()
    yield cards.files_table(files)
    yield line_report_card(exports.line_report(files[0].hash))
    reports = Participants(home).rooms()
    yield rooms.rooms_table(reports)
    yield rooms.people_cards(reports)
    yield participants_card(Datasets(home).participants(), NAMES[1])
    yield cards.report_card(report)
    yield cards.report_charts(report)
    yield cards.styles_card(report)
    yield cards.examples_card(report.examples, NAMES[1])
    for run in ("남의 학습", "틀린 학습"):
        view = training_view(Training(home).snapshot(run))
        yield cards.training_card(view)
        yield cards.status(view.status_line, view.tone)
        yield eval_samples_card(view.eval_samples, view.best_step)
        yield runs_card(view.runs)


def test_no_card_shows_a_hostile_text_as_it_is(hostile):
    shown = [check(html) for html in window_cards(hostile) if html]
    assert len(shown) > 12


def test_the_whole_of_a_long_name_is_its_tooltip(hostile):
    page = Elements(participants_card(Datasets(hostile).participants()))
    assert ("title", DISTURBING["long"]) in page.attributes


def test_the_buttons_send_names_unchanged(hostile):
    page = Elements(participants_card(Datasets(hostile).participants(), unfolded=True))
    requests = [json.loads(value) for name, value in page.attributes if name == "data-ask"]
    known = {p.name for room in Participants(hostile).rooms() for p in room.participants}
    assert {request["name"] for request in requests if request["do"] == "learn"} == known
    assert any(RLO in name for name in known)


def test_the_report_page_is_inert(hostile):
    Datasets(hostile).update_report_page(None)
    page = check(Datasets(hostile).report_page().read_text(encoding="utf-8"))
    assert ("title", DISTURBING["long"]) in page.attributes


@pytest.mark.parametrize(
    "arguments",
    [["organize"], ["people"], ["preprocess", "--report"], ["runs", "--settings"], ["status"]],
    ids=lambda arguments: arguments[0],
)
def test_the_command_line_shows_names_inert_and_short(hostile, arguments):
    out, err = io.StringIO(), io.StringIO()
    assert main(arguments, home=hostile, console=Console(out, err, io.StringIO())) == 0
    for text in (out.getvalue(), err.getvalue()):
        assert RLO not in text
        assert inert_text(text) == text
        assert DISTURBING["long"][:100] not in text.replace("--same", "")


def test_json_of_the_command_line_keeps_names(hostile):
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO())
    assert main(["people", "--json"], home=hostile, console=console) == 0
    assert inert_text(out.getvalue()) == out.getvalue()
    [room] = json.loads(out.getvalue())
    assert DISTURBING["reversed"] in {person["name"] for person in room["people"]}
