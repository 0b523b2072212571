"""The pulse of the window: what an open page asks for every two seconds, to learn what has changed.

An event of gradio costs server and page tens of milliseconds, whatever it brings. So a page asks
for opaque versions, and sends an event only for what has another one; see ui/static/pulse.js. What
changes at every step of a training comes with the answer.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.errors import KakaobotError
from kakaobot.one_look import one_look
from kakaobot.outgoing import requests
from ui.events import Trigger
from ui.live_training import LiveTraining
from ui.services import Services, WorkflowProtocol

_MAX_CONCERNS = 16
Concern = Literal["gate", "erased", "workflow", "building", "training", "memory", "outgoing", "api"]


def beat(concern: Concern) -> Trigger:
    """Lay out what the script presses when a concern has changed; returns its event.

    Nothing is pressed in a hidden tab, whose selection shows what is new.
    """
    button = gr.Button(visible="hidden", elem_id=f"pulse-{concern}", elem_classes="kb-pulse")
    # What changes while an event is on its way is not to be missed.
    return partial(button.click, trigger_mode="always_last")


class Pulse:
    """The versions of what pages show. They say nothing but that something is another."""

    def __init__(self, services: Services) -> None:
        self._key = secrets.token_bytes(32)
        self._gate = services.gate
        self._live = LiveTraining(services.training)
        self._sources: Mapping[str, Callable[[], object]] = {
            "erased": lambda: services.own_data.erasing.count,
            "workflow": WorkflowVersions(services.workflow).current,
            "building": lambda: services.datasets.builds.state,
            "training": lambda: self._live.view().event,
            "memory": services.chat.memory_version,
            "outgoing": lambda: len(requests()),
            "api": services.api.version,
        }

    def answer(self, access: AccessPass | None, query: Mapping[str, str]) -> dict[str, object]:
        """What a page is answered.

        Args:
            access: the pass that the page holds.
            query: concerns as `of`; if the training is one of them, the parts of it that the page
                shows as `live`, and the version of those that it has as `seen`.
        """
        concerns = query.get("of", "").split(",")[:_MAX_CONCERNS]
        with one_look():
            answer: dict[str, object] = {"versions": self.versions(access, concerns)}
        if (parts := query.get("live", "")) and (view := self._live.last()):
            version = self._opaque((view.number, parts))
            if version != query.get("seen"):
                answer["live"] = {"version": version, **view.parts(parts.split(","))}
        return answer

    def versions(self, access: AccessPass | None, concerns: Iterable[str]) -> dict[str, str]:
        """The version of each concern, for the page that holds a pass."""
        found: dict[str, object] = {}
        for concern in concerns:
            if concern == "gate":
                found[concern] = gate_version(self._gate, access)
            elif source := self._sources.get(concern):
                found[concern] = _version(source)
        return {concern: self._opaque(version) for concern, version in found.items()}

    def _opaque(self, version: object) -> str:
        return hmac.new(self._key, repr(version).encode(), hashlib.sha256).hexdigest()[:16]


class WorkflowVersions:
    """Versions of a workflow that change with what it shows, and not at each step of a training."""

    def __init__(self, workflow: WorkflowProtocol) -> None:
        self._workflow = workflow
        self._known: tuple[object, object] = (None, None)

    def current(self) -> object:
        """The state; read anew only if it may have changed."""
        known, version = self._known, self._workflow.version()
        if known[0] != version:
            known = self._known = (version, self._workflow.state())
        return known[1]


def gate_version(gate: PasswordGate, access: AccessPass | None) -> object:
    """Changes when a page locks or a password is set or changed."""
    return gate.is_set, gate.is_open(access)


def _version(source: Callable[[], object]) -> object:
    try:
        return source()
    except (KakaobotError, OSError) as error:
        # The event that the page sends says it.
        return str(error)
