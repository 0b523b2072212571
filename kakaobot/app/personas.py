"""Who can reply: the personas of all runs with an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kakaobot.chat.lines import DEFAULT_USER_NAME, ChatLine, current_session
from kakaobot.config import Home
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.likeness import run_likeness_text
from kakaobot.runs.history import likeness_of, quiz_tallies_of
from kakaobot.runs.quiz_log import QuizTallies
from kakaobot.runs.refinement import is_offered
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.train.run_config import base_of

_MAX_CANDIDATES = 12
"""Participants scored for the next message; each costs a forward pass."""


@dataclass(frozen=True)
class Persona:
    """Who a run replies as, and with which adapter."""

    run: str
    adapter: Literal["best", "latest"]
    step: int | None
    base: str
    """Label of the base model."""
    room: str
    """Empty for all rooms."""
    name: str
    """The participant trained on; empty for the whole room."""
    participants: tuple[str, ...]
    practice: bool
    """Whether the base model is for practice only."""
    shows_names: bool
    """Whether a participant's training rows carried the names of the others."""
    description: str
    """Korean: the persona, the base model and the adapter."""
    replies: int = 0
    """Replies learned; 0 if unknown."""
    period: tuple[str, str] = ("", "")
    """First and last month of the data, as `2026-03`; empty if unknown."""
    likeness: str = ""
    """Korean: how like replies are to the persona; empty if it was not measured."""
    quiz: QuizTallies = QuizTallies()
    """As `runs.history.quiz_tallies_of`."""


class Personas:
    """The runs of a home, as those who can be talked to."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def names(self) -> list[str]:
        """Runs with an adapter that the chat may use, newest first."""
        return [run.name for run in self._runs().all() if is_offered(run)]

    def get(self, run: str = "") -> Persona:
        """Describe who replies. Needs no pass: it reveals nothing of the room but names.

        Args:
            run: name of the run; empty for the newest one with an adapter.

        Raises:
            RunError: no run has an adapter, or there is no such run.
        """
        chosen = self.find(run)
        kind, _ = adapter_of(chosen)
        status, base = chosen.recorded_status(), base_of(chosen)
        data = chosen.section("data", "persona", "room", "people", "named")
        step = status.best_step if kind == "best" else status.step
        which = tr("가장 좋은 때") if kind == "best" else tr("가장 최근")
        trained_on = data["persona"] or (
            tr("'{room}' 방").format(room=data["room"]) if data["room"] else tr("방 전체")
        )
        return Persona(
            run=chosen.name,
            adapter=kind,
            step=step,
            base=tr(base.label),
            room=data["room"],
            name=data["persona"],
            participants=tuple(data["people"]),
            practice=base.practice,
            shows_names=data["named"],
            description=tr("{trained_on}의 말투 · 바탕 {label} · {name} 의 {which}").format(
                trained_on=trained_on, label=tr(base.label), name=chosen.name, which=which
            )
            + (tr(" ({step}단계)").format(step=step) if step else ""),
            replies=int(data.get("train_replies", 0)),
            period=_period(data.get("period")),
            likeness=_likeness_text(chosen, status.best_step),
            quiz=quiz_tallies_of(chosen),
        )

    def find(self, name: str = "") -> Run:
        """The run of this name, or the newest one with an adapter.

        Raises:
            RunError: there is none.
        """
        runs = self._runs()
        if name:
            return runs.find(name)
        run = next((run for run in runs.all() if is_offered(run)), None)
        if run is None:
            raise RunError(tr("아직 배운 것이 없습니다. 먼저 '학습'을 하세요."))
        return run

    def newer(self, name: str) -> str:
        """The newest run that replies as the same persona of the same room; empty for `name`."""
        runs = [run for run in self._runs().all() if is_offered(run)]
        current = next((run for run in runs if run.name == name), None)
        if current is None:
            return ""
        same = [run for run in runs if _replies_as(run) == _replies_as(current)]
        return same[0].name if same[0].name != name else ""

    def training(self) -> Run | None:
        """The run whose worker is alive, if any."""
        return self._runs().live()

    def _runs(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))


def _replies_as(run: Run) -> tuple[object, ...]:
    data = run.section("data", "persona", "room", "people", "named")
    return data["persona"], data["room"]


def chat_messages(
    lines: Sequence[ChatLine], persona: Persona, *, user_name: str = ""
) -> list[ChatMessage]:
    """The conversation with the roles and names that the run was trained on.

    In a run on one participant, they are `assistant` and the others `user`, with names if the room
    has three or more participants. In a run on a whole room, everybody is `assistant`, with names.
    """
    others = [name for name in persona.participants if name != persona.name]
    user = user_name or (others[0] if persona.name and others else DEFAULT_USER_NAME)
    messages = []
    for line in current_session(lines):
        if not persona.name:
            messages.append(
                ChatMessage("assistant", line.text, user if line.from_user else line.name)
            )
        elif line.from_user:
            messages.append(ChatMessage("user", line.text, user if persona.shows_names else ""))
        else:
            messages.append(ChatMessage("assistant", line.text))
    return messages


def _likeness_text(run: Run, best_step: int | None) -> str:
    likeness = likeness_of(run)
    return run_likeness_text(likeness, best_step) if likeness else ""


def _period(recorded: object) -> tuple[str, str]:
    match recorded:
        case [str(first), str(last)]:
            return first, last
    return "", ""


def adapter_of(run: Run) -> tuple[Literal["best", "latest"], Path]:
    adapter = run.checkpoints.adapter()
    if adapter is None:
        raise RunError(
            tr("'{name}' 은(는) 아직 배운 것이 없습니다. 먼저 학습하세요.").format(name=run.name)
        )
    return adapter


def candidates_for(participants: Sequence[str], user_name: str) -> Sequence[str]:
    """Participants who may send the next message: the most active ones except the user."""
    others = [name for name in participants if name != user_name]
    return (others or list(participants))[:_MAX_CANDIDATES]
