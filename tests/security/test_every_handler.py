"""Every handler of the window is public for a reason, or tells and does nothing without a pass.

Whoever adds one is told here: by its signature, and by what it answers to a locked page.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import gradio as gr
import pytest

import kakaobot.app
from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.feedback import Feedback
from kakaobot.app.training import Training
from kakaobot.chat.engine import Engine
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home, save
from kakaobot.errors import AccessDenied, RunError
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalSampleLog
from kakaobot.schema import ChatMessage
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import QUICK, SAMPLE, write_password
from tests.security import walk
from tests.security.local_window import LocalWindow, local_window
from tests.security.walk import WORDS, Knowledge, calls, handler_name, handler_parameters
from tests.security.window import PASSWORD, Page
from ui.services import Services
from ui.window import build_window

_NAMES = "files, rooms and people are named without a password"
_FIGURES = "figures and advice, no words"
_EMPTIES = "only hides or empties something"
PUBLIC_HANDLERS = {
    "ChatHandlers.gate_card": "says where the password is entered or set",
    "DatasetHandlers.apply_action": _NAMES,
    "DatasetHandlers.estimate": _FIGURES,
    "DatasetHandlers.list_participants": _NAMES,
    "DatasetHandlers.pick": _NAMES,
    "BuildingHandlers.cancel": "ends a build, which can be made again",
    "ErasureHandlers.follow": "tells that something was erased",
    "ErasureHandlers.state": "tells how often something was erased",
    "ExportsHandlers.close_line_report": _EMPTIES,
    "ExportsHandlers.import_files": _NAMES,
    "ConversationsHandlers.close_forms": "closes forms",
    "ExportsHandlers.import_sample": _NAMES,
    "ExportsHandlers.list_files": _NAMES,
    "FeedbackHandlers.ask_delete": "shows a question",
    "FeedbackHandlers.leave_delete": "takes a question away",
    "QuestionHandlers.ask": "names the newest run, which every page does",
    "QuestionHandlers.leave": "takes a question away",
    "ExportsHandlers.restore": "brings back a file that this window has removed",
    "ExportsHandlers.remove": "moves a file into the archive, from which it can be taken back",
    "FeedbackBarHandlers.close_editor": _EMPTIES,
    "HeaderHandlers.quit": "ends the program",
    "LanguageHandlers.switch": "changes the language, which is no secret, and locks every page",
    "PasswordBarHandlers.load": "takes the pass of the page from its session",
    "PasswordBarHandlers.unlock": "takes the password",
    "PasswordFileHandlers.close": "takes the file of the password from other accounts",
    "PasswordFileHandlers.show": "says who reads the file of the password",
    "PasswordFormHandlers.hide": _EMPTIES,
    "PasswordFormHandlers.save": "takes the old password, where there is one",
    "PasswordFormHandlers.show": "an empty form",
    "RoomsHandlers.apply_action": _NAMES,
    "RoomsHandlers.merge_names": _NAMES,
    "RoomsHandlers.select_room": _NAMES,
    "RoomsHandlers.show_rooms": _NAMES,
    "SettingsGroupHandlers.reset": "fills in defaults, which are not saved",
    "SettingsHandlers.set_back": "fills in a default, which is not saved",
    "StartHandlers.await_chat": "selects a tab",
    "StartHandlers.show_details": "shows the tabs",
    "StorageHandlers.count_outgoing": _FIGURES,
    "StepperHandlers.open_stage": "selects a tab",
    "StepperHandlers.refresh": _NAMES,
    "TrainingHandlers.estimate": _FIGURES,
    "_hide_note": "takes a note away",
    "_name_run": "repeats what the page shows",
    "open_tab.<locals>.<lambda>": "selects a tab",
}
"""Handlers without `access`, and why."""
PUBLIC_METHODS = {
    "ChatService.runs": _NAMES,
    "ChatService.persona": _NAMES,
    "ChatService.personas": _NAMES,
    "ApiKeys.check": "takes the secret of a key",
    "ApiKeys.holds": "takes a key that was checked",
    "ApiKeys.version": "a page is told no more than that it is another one",
    "ChatService.unload": "gives back memory",
    "ChatService.paused": "keeps replies from beginning",
    "ChatService.memory_version": "a page is told no more than that it is another one",
    "Quiz.close": "stops preparing questions",
    "Quiz.tallies": _FIGURES,
}
"""Methods of services with a gate that need no pass, and why."""
MAY_CHANGE = ("data/raw/", "data/sft/", "data/archive/", ".tmp/", ".kakaobot/", "configs/")
"""What a locked page may change: imports, datasets and the names in the settings."""


# --- what the code says


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    return build_window(Services.from_home(Home(tmp_path_factory.mktemp("home"))))


def with_handler(window: gr.Blocks) -> Iterator[tuple[str, Any]]:
    for dependency in window.fns.values():
        if dependency.fn is not None:
            yield handler_name(dependency), dependency


def test_a_handler_takes_the_pass_or_is_public_for_a_reason(window: gr.Blocks) -> None:
    without = {name for name, fn in with_handler(window) if "access" not in handler_parameters(fn)}
    assert without - PUBLIC_HANDLERS.keys() == set(), "takes no `access`"
    assert PUBLIC_HANDLERS.keys() - without == set(), "no longer exists, or takes `access`"


def test_a_handler_uses_the_pass_that_it_takes(window: gr.Blocks) -> None:
    for name, dependency in with_handler(window):
        if "access" in handler_parameters(dependency):
            assert uses(inspect.unwrap(dependency.fn), "access"), name


def uses(function: Callable[..., Any], name: str) -> bool:
    """Whether the body of a function reads one of its parameters."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def guarded_services() -> list[type]:
    """The classes of the app that are given a gate."""
    found = []
    for module in pkgutil.iter_modules(kakaobot.app.__path__, "kakaobot.app."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if member.__module__ == module.name and "gate" in parameters(member.__init__):
                found.append(member)
    return found


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def public_methods(service: type) -> dict[str, Any]:
    return {
        f"{service.__name__}.{name}": method
        for name, method in vars(service).items()
        if not name.startswith("_") and inspect.isfunction(method)
    }


def test_a_method_of_a_guarded_service_takes_the_pass_first() -> None:
    methods = {
        name: method
        for service in guarded_services()
        for name, method in public_methods(service).items()
    }
    assert len(guarded_services()) >= 4
    without = {name for name, method in methods.items() if parameters(method)[:1] != ["access"]}
    assert without - PUBLIC_METHODS.keys() == set()


@pytest.mark.parametrize("service", guarded_services(), ids=lambda service: service.__name__)
def test_a_guarded_service_does_nothing_for_a_forged_pass(service: type, home: Home) -> None:
    """Its first line verifies: whatever else it is given, it must not come to that."""
    gate = PasswordGate(PASSWORD)
    given = {"home": home, "gate": gate}
    made = service(
        **{
            name: given.get(name, mock.NonCallableMock())
            for name, parameter in inspect.signature(service).parameters.items()
            if parameter.default is inspect.Parameter.empty
        }
    )
    forged = [None, PasswordGate(PASSWORD).authenticate(PASSWORD)]
    for name, method in public_methods(service).items():
        if parameters(method)[:1] != ["access"]:
            continue
        for access in forged:
            with pytest.raises(AccessDenied):
                result = method(made, access, **required(method))
                if inspect.isgenerator(result):
                    next(result)
            assert list(home.root.rglob("*.sqlite*")) == [], name


def required(method: Any) -> dict[str, object]:
    """Something for every parameter after the pass that has no default."""
    rest = list(inspect.signature(method).parameters.values())[2:]
    return {
        parameter.name: mock.NonCallableMock()
        for parameter in rest
        if parameter.default is inspect.Parameter.empty
    }


# --- what the window answers


@dataclass
class Walked:
    """A window that a page has used until it was locked, and what was seen of it."""

    window: LocalWindow
    page: Page
    known: Knowledge
    shown: set[str]
    """Handlers that showed the words to the page."""
    generated: list[str] = field(default_factory=list)
    """Computations of the model since."""


def prepare(folder: Path) -> Home:
    """A home all of whose messages, samples and masks hold `WORDS`, with an adapter."""
    home = Home(folder / "home")
    home.settings()
    export = folder / "대화.txt"
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    marked = [f"{line} {WORDS}" if re.match(r"\[.+?\] \[.+?\] ", line) else line for line in lines]
    marked.insert(3, f"아무 규칙에도 맞지 않는 {WORDS}")
    export.write_text("\n".join(marked), encoding="utf-8")
    save(home.settings_file, QUICK)
    Exports(home).import_files([export])
    Datasets(home, BaseModels()).build()
    save_random_model(folder / "model", hidden=64, layers=1)
    run = create_chat_run(home, folder / "model")
    samples = EvalSampleLog(run.path)
    samples.begin([EvalPrompt((ChatMessage("user", WORDS, "마루"),), "도담", WORDS)])
    samples.append(EvalSample(0, (WORDS,)))
    save(
        home.settings_file,
        {"generation.max_new_tokens": 8, "data.mask_words": [f"{WORDS} 하나"]},
    )
    write_password(home, f"'{PASSWORD}'")
    return home


def keep_words(window: LocalWindow) -> None:
    """Keep a conversation and a correction, as an unlocked page does."""
    gate, home = window.services.gate, window.home
    access = gate.authenticate(PASSWORD)
    lines = (ChatLine("", WORDS, from_user=True), ChatLine("도담", WORDS, from_user=False))
    Conversations(home, gate).keep(access, OpenConversation(), lines, ChatSetup(run="main"))
    Feedback(home, gate).add(access, "edit", lines, run="main", wanted=WORDS)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    home = prepare(tmp_path_factory.mktemp("walk"))
    no_training = mock.patch.object(Training, "start", side_effect=RunError("학습하지 않습니다."))
    with no_training, local_window(home) as window:
        keep_words(window)
        page = window.open_page()
        page.unlock()
        known, shown = walk.explore(page, window.blocks)
        page.call("gate-lock")
        walked = Walked(window, page, known, shown)
        with counted_model(walked.generated):
            yield walked


def counted_model(calls_of_model: list[str]) -> mock._patch[Any]:
    """Note every computation of the model."""

    def note(*_: object, **__: object) -> None:
        calls_of_model.append("computed")
        raise RunError("nothing may be computed for a locked page")

    return mock.patch.object(Engine, "_computing", note)


def private_state(home: Home) -> dict[str, object]:
    """All files that a locked page must not change, and the settings that it must not."""
    settings = home.settings().model_dump()
    for name in ("room", "persona", "exclude_people"):
        del settings["data"][name]
    files: dict[str, object] = {
        str(file.relative_to(home.root)): file.read_bytes()
        for file in home.root.rglob("*")
        if file.is_file() and not str(file.relative_to(home.root)).startswith(MAY_CHANGE)
    }
    return files | {"settings": settings}


@pytest.mark.slow
def test_1_an_unlocked_page_is_shown_words_in_many_places(walked: Walked) -> None:
    """Otherwise the walk below would find nothing, whatever the handlers did."""
    assert walked.shown >= {
        "ChatHandlers.send",
        "CompareHandlers.ask",
        "ConversationsHandlers.open",
        "DatasetHandlers.show_words",
        "ExportsHandlers.open_line_report",
        "FeedbackHandlers.refresh",
        "SettingsHandlers.reload",
        "TrainingHandlers.show_run",
    }


@pytest.mark.slow
def test_2_a_handler_without_its_gate_is_found(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(walked) == set()
    monkeypatch.setattr(PasswordGate, "shows_words", lambda *_, **__: True)
    assert told(walked) == {"DatasetHandlers.show_words"}
    monkeypatch.undo()
    monkeypatch.setattr(PasswordGate, "is_open", lambda *_: True)
    assert "ChatHandlers.show_room" in told(walked)


def told(walked: Walked) -> set[str]:
    """Of two handlers, those that tell the locked page something."""
    names = ("ChatHandlers.show_room", "DatasetHandlers.show_words")
    return set(walk.attack(walked.page, walked.window.blocks, walked.known, only=names)[1])


@pytest.mark.slow
def test_3_a_stranger_is_told_nothing_and_changes_nothing(walked: Walked) -> None:
    stranger, before = walked.window.open_page(), private_state(walked.window.home)
    count, leaks = walk.attack(stranger, walked.window.blocks, walked.known)
    assert leaks == []
    assert count >= 2 * len(calls(walked.window.blocks))
    assert walked.generated == []
    assert private_state(walked.window.home) == before


@pytest.mark.slow
def test_4_the_page_itself_is_told_nothing_once_it_is_locked(walked: Walked) -> None:
    """Its conversation is still in the state that the server keeps of it."""
    before = private_state(walked.window.home)
    _, leaks = walk.attack(walked.page, walked.window.blocks, walked.known)
    assert leaks == []
    assert walked.generated == []
    assert private_state(walked.window.home) == before
