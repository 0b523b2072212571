"""Values that a page should not send: stale choices and forged types, sent to every handler."""

import inspect
import logging
import re

import pytest

from kakaobot.app.exports import Exports
from kakaobot.config import Home, save
from tests.conftest import QUICK, SAMPLE
from tests.ui.serving import serving
from ui import request_text
from ui.choice import Choice
from ui.services import Services
from ui.window import build_window

SECRET = "비밀스러운 말"
NAMES = ("도담", "마루", "은솔", "보드게임")
STALE = "지워진 것"

VALUES = {
    "a stale choice": STALE,
    "nothing": None,
    "a list": [SECRET],
    "a list of lists": [[SECRET], None],
    "an object": {"value": SECRET},
    "a number": 3.5,
    "a switch": True,
    "a long text": SECRET * 5_000,
    "a path": "../../../etc/passwd",
    "a file": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
    "half a pair": "\ud800",
}
EVENTS = {
    "no event": None,
    "a text": SECRET,
    "an object": {"ask": SECRET, "typed": SECRET, "hash": SECRET, "unfolded": SECRET},
    "an unknown action": {"ask": f'{{"do": "{SECRET}"}}', "typed": "", "unfolded": False},
    "wrong types": {"ask": '{"do": ["same"], "names": 3}', "typed": [], "hash": {}},
    "an action without names": {"ask": '{"do": "exclude"}', "typed": "", "unfolded": False},
}


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"))
    home.settings()
    save(home.settings_file, QUICK)
    Exports(home).import_files([SAMPLE])
    return build_window(Services.from_home(home))


@pytest.fixture(scope="module")
def server(window):
    with serving(window.queue()) as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_private_in_the_log(capfd, caplog):
    with caplog.at_level(logging.WARNING):
        yield
    output = capfd.readouterr()
    log = output.out + output.err + caplog.text
    for private in (SECRET, STALE, *NAMES, "Traceback"):
        assert private not in log


def forgeable(window, parameter=""):
    """Number and dependency of handlers that read a component, or have a parameter."""
    for number, dependency in window.fns.items():
        if dependency.fn is None:
            continue
        parameters = inspect.signature(inspect.unwrap(dependency.fn)).parameters
        values = [block for block in dependency.inputs if not block.stateful]
        if (parameter in parameters) if parameter else values:
            yield number, dependency


def check(answer):
    """Either it worked, or a Korean sentence without anybody's name says what to do."""
    if not answer["success"]:
        sentence = answer["output"]["error"]
        assert re.search("[가-힣]", sentence or ""), answer
        assert not [name for name in NAMES if name in sentence], answer
        assert sentence != request_text.UNEXPECTED_ERROR, answer
        assert answer["output"]["title"] != "Error"


def test_many_handlers_are_tried(window):
    assert len(list(forgeable(window))) > 15
    assert len(list(forgeable(window, "event"))) >= 4


def test_every_dropdown_passes_on_stale_choices(window):
    dropdowns = [b for b in window.blocks.values() if b.get_block_name() == "dropdown"]
    assert len(dropdowns) > 8
    assert [type(block) for block in dropdowns if type(block) is not Choice] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", VALUES)
def test_a_forged_value_is_answered_in_korean(window, server, kind):
    for number, dependency in forgeable(window):
        check(server.call(number, [VALUES[kind]] * len(dependency.inputs)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVENTS)
def test_a_forged_event_is_answered_in_korean(window, server, kind):
    for number, dependency in forgeable(window, "event"):
        check(server.call(number, [None] * len(dependency.inputs), EVENTS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("change", [-1, 1, 40])
def test_too_few_and_too_many_values_are_answered_in_korean(window, server, change):
    for number, dependency in forgeable(window):
        answer = server.call(number, [SECRET] * max(0, len(dependency.inputs) + change))
        check(answer)
        if change < 0:
            assert answer["output"]["error"] == request_text.STALE_PAGE


def test_a_stale_choice_reaches_its_handler():
    choice = Choice(["가", "나"], value="가")
    assert choice.preprocess("다") == "다"
    assert Choice(["가"], multiselect=True).preprocess(["다"]) == ["다"]


@pytest.mark.parametrize("value", [1, ["가"], {"가": 1}, [["가"]]])
def test_a_forged_choice_is_rejected(value):
    with pytest.raises(TypeError):
        Choice(["가"]).preprocess(value)
