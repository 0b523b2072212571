"""What the scripts of a page send with an event. Any client can send something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import gradio as gr

from kakaobot.atomic_io import parse_json
from kakaobot.errors import KakaobotError
from ui.request_text import STALE_PAGE


class ClickRequest:
    """The request of a clicked button, from its `data-ask`."""

    def __init__(self, event: gr.EventData) -> None:
        """Read it.

        Raises:
            KakaobotError: no page sends this; as in all methods and functions here.
        """
        try:
            asked = parse_json(sent_text(event, "ask"))
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise KakaobotError(STALE_PAGE)
        self._asked: dict[str, Any] = asked

    def has(self, name: str) -> bool:
        return name in self._asked

    def text(self, name: str) -> str:
        return _text(self._asked.get(name))

    def texts(self, name: str) -> list[str]:
        values = self._asked.get(name)
        if not isinstance(values, list):
            raise KakaobotError(STALE_PAGE)
        return [_text(value) for value in values]

    def choice(self, name: str, choices: Mapping[Any, Any]) -> Any:
        """What one of `choices` stands for."""
        chosen = self.text(name)
        if chosen not in choices:
            raise KakaobotError(STALE_PAGE)
        return choices[chosen]


def sent_text(event: gr.EventData, name: str) -> str:
    """A text that the script of a component sends with its event."""
    try:
        value = getattr(event, name)
    except (AttributeError, TypeError):
        value = None
    return _text(value)


def _text(value: object) -> str:
    # JSON can hold half a surrogate pair, which no file can.
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        raise KakaobotError(STALE_PAGE)
    return value
