"""The models of the server: the runs, and each person of a run on a whole room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona, adapter_of
from kakaobot.errors import KakaobotError


@dataclass(frozen=True)
class Talker:
    """Who replies."""

    id: str
    """Name of the run, or `run/person`."""
    persona: Persona
    member: str = ""
    """The person who replies; empty for all of a room."""

    @property
    def is_room(self) -> bool:
        return not self.member

    @property
    def names(self) -> tuple[str, ...]:
        """Who may reply."""
        return (self.member,) if self.member else self.persona.participants


def talkers(chat: ChatService) -> Iterator[Talker]:
    """All of them, newest run first."""
    for run in chat.runs():
        try:
            persona = chat.persona(run)
        except KakaobotError:
            # Damaged, or deleted meanwhile.
            continue
        yield Talker(run, persona, persona.name)
        if not persona.name:
            for name in persona.participants:
                yield Talker(f"{run}/{name}", persona, name)


def find_talker(chat: ChatService, id: str) -> Talker | None:
    """The one of this id; None if there is none."""
    return next((talker for talker in talkers(chat) if talker.id == id), None)


def created(chat: ChatService, talker: Talker) -> int:
    """Unix time of its adapter."""
    try:
        _, adapter = adapter_of(chat.personas.find(talker.persona.run))
        return int(adapter.stat().st_mtime)
    except (KakaobotError, OSError):
        return 0
