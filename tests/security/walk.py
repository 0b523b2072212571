"""Calls every handler of a window over HTTP, with what a page knows, and reads all it answers."""

from __future__ import annotations

import html
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

import gradio as gr

from tests.security.window import Page

WORDS = "은하수삼칠"
"""In every message of the room, and in all that is typed on an unlocked page."""
DESTROYS = re.compile(
    r"remove|delete|erase$|clear|undo|quit|lock|kill|merge|close|drop|hide|reset|stop|apply_action|private"
    r"|build|import_sample"
)
"""Handlers that would take away or replace what the others show; they are called last."""
_SHOWS = re.compile(r"load|show|refresh|list|open|select|search|poll|reload")
_ATTRIBUTE = re.compile(r'data-([\w-]+)="([^"]*)"')
_TYPED_EVENT = {"typed": WORDS, "unfolded": False, "index": 0, "value": WORDS, "liked": True}
_MAX_EVENTS = 2


@dataclass(frozen=True)
class Call:
    """A dependency of the window, as it is called."""

    number: int
    name: str
    """Of its handler."""
    inputs: tuple[Any, ...]
    outputs: tuple[int, ...]
    has_event: bool


def handler_name(dependency: Any) -> str:
    """Such as `ChatHandlers.send`; empty for a dependency without one."""
    if dependency.fn is None:
        return ""
    handler = inspect.unwrap(dependency.fn)
    return str(handler.__qualname__)


def handler_parameters(dependency: Any) -> set[str]:
    handler = inspect.unwrap(dependency.fn)
    function = handler.__func__ if isinstance(handler, MethodType) else handler
    return set(inspect.signature(function).parameters)


def calls(window: gr.Blocks) -> list[Call]:
    """All dependencies with a handler; those that destroy something last."""
    found = [
        Call(
            number,
            handler_name(dependency),
            tuple(dependency.inputs),
            tuple(block._id for block in dependency.outputs),
            "event" in handler_parameters(dependency),
        )
        for number, dependency in window.fns.items()
        if dependency.fn is not None
    ]
    return sorted(found, key=lambda call: bool(DESTROYS.search(call.name)))


@dataclass
class Knowledge:
    """What an unlocked page was sent: values of components, choices, and what buttons carry."""

    values: dict[int, object] = field(default_factory=dict)
    choices: dict[int, list[object]] = field(default_factory=lambda: defaultdict(list))
    attributes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def learn(self, call: Call, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            data = (message.get("output") or {}).get("data") or []
            for number, value in zip(call.outputs, data, strict=False):
                self.learn_value(number, value)
            for name, raw in _ATTRIBUTE.findall("".join(_texts(data))):
                value, known = html.unescape(raw), self.attributes[name]
                if value not in known:
                    known.append(value)

    def learn_value(self, number: int, value: object) -> None:
        if isinstance(value, dict) and value.get("__type__") == "update":
            for choice in value.get("choices") or ():
                self.choices[number].append(choice[1] if isinstance(choice, list) else choice)
            value = value.get("value", self.values.get(number))
        if value is not None:
            self.values[number] = value

    def guess(self, block: Any) -> object:
        """A plausible value of a component; what a person would type into an empty one."""
        if block.stateful:
            return ["access", True]
        value = self.values.get(block._id)
        if value in (None, "", []) and self.choices[block._id]:
            value = self.choices[block._id][-1]
        if value in (None, "") and block.get_block_name() == "textbox":
            elem_id = str(block.elem_id or "")
            return "" if elem_id.startswith(("set-", "gate-", "password-")) else f"{WORDS} 어때?"
        return value

    def events(self, call: Call) -> Iterator[object]:
        """Plausible data of the event of a call: what the buttons of its component carry."""
        if not call.has_event:
            yield None
            return
        count = max([1, *(len(values) for values in self.attributes.values())])
        for turn in range(min(count, _MAX_EVENTS)):
            carried = {
                name.replace("-", "_"): values[-1 - turn % len(values)]
                for name, values in self.attributes.items()
            }
            yield {**_TYPED_EVENT, **carried, "conversation": carried.get("id")}


def send(page: Page, call: Call, data: list[object], event_data: object) -> list[dict[str, Any]]:
    """All messages that answer a call."""
    response = page.send(call.number, data, event_data)
    assert response.status_code == 200, (call.name, response.text)
    return list(page.messages())


def explore(page: Page, window: gr.Blocks) -> tuple[Knowledge, set[str]]:
    """Use an unlocked page as a person would; returns also the handlers that showed `WORDS`."""
    known, shown = Knowledge(), set()
    for component in page.config["components"]:
        known.learn_value(component["id"], component["props"].get("value"))
    used = [call for call in calls(window) if not DESTROYS.search(call.name)]
    # Some need what others show, and show what others keep.
    showing = [call for call in used if _SHOWS.search(call.name)]
    for call in [*showing, *used, *showing]:
        for event_data in known.events(call):
            data = [known.guess(block) for block in call.inputs]
            messages = send(page, call, data, event_data)
            known.learn(call, messages)
            if WORDS in text_of(messages):
                shown.add(call.name)
    return known, shown


def attack(
    page: Page, window: gr.Blocks, known: Knowledge, only: Sequence[str] = ()
) -> tuple[int, list[str]]:
    """Call everything from a locked page; returns the number of calls, and who told `WORDS`."""
    count, leaks = 0, []
    for call in calls(window):
        if only and call.name not in only:
            continue
        guesses: list[tuple[list[object], object]] = [([None] * len(call.inputs), None)]
        for event_data in known.events(call):
            harmless = [_without_words(known.guess(block)) for block in call.inputs]
            guesses.append((harmless, _without_words(event_data)))
        for data, event_data in guesses:
            count += 1
            if WORDS in text_of(send(page, call, data, event_data)):
                leaks.append(call.name)
    return count, leaks


def text_of(messages: list[dict[str, Any]]) -> str:
    return json.dumps(messages, ensure_ascii=False)


def _without_words(value: object) -> object:
    """A value whose echo is no leak."""
    if isinstance(value, str):
        return value.replace(WORDS, "안녕")
    if isinstance(value, dict):
        return {key: _without_words(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_words(item) for item in value]
    return value


def _texts(value: object) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
