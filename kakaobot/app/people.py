"""`People`: who can be talked to by name, whichever runs have learned them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.app.personas import Persona


@dataclass(frozen=True)
class Company:
    """With whom the user talks: everybody of a room, or some people of a run."""

    run: str = ""
    """Empty if nobody can be talked to."""
    members: tuple[str, ...] = ()
    """Empty for everybody."""


class People:
    """The people of all runs with an adapter."""

    def __init__(self, personas: Sequence[Persona]) -> None:
        """`personas`: newest first."""
        self._personas = personas
        people = [name for persona in personas for name in _taught(persona)]
        self.names = tuple(dict.fromkeys(people))
        """The people of the newest run first, the most active one of a room first."""
        rooms: dict[str, Persona] = {}
        for persona in personas:
            if not persona.name:
                rooms.setdefault(persona.room, persona)
        self.rooms = tuple(rooms.values())
        """The newest run on each whole room."""

    def run_of(self, *names: str) -> str:
        """The newest run that can reply as all of them; empty if there is none."""
        taught = (persona for persona in self._personas if set(names) <= set(_taught(persona)))
        return next((persona.run for persona in taught), "")

    def company(self, run: str) -> Company:
        """Whom a run has learned: its person, or its whole room."""
        persona = self._get(run)
        return Company(run, (persona.name,)) if persona and persona.name else Company(run)

    def toggled(self, company: Company, name: str) -> Company:
        """The company after a click on a person.

        A person joins those who are there already if one run has learned them all, and takes their
        place otherwise. One who is there leaves; without anybody left, the whole room is there.
        """
        if name not in self.names:
            return company
        if name in company.members:
            members = tuple(member for member in company.members if member != name)
            persona = self._get(company.run)
            if members or (persona and not persona.name):
                return Company(company.run, members)
            return company
        members = (*company.members, name)
        persona = self._get(company.run)
        if persona and not persona.name and set(members) <= set(_taught(persona)):
            return Company(company.run, members)
        if run := self.run_of(*members):
            return Company(run, members)
        return Company(self.run_of(name), (name,))

    def _get(self, run: str) -> Persona | None:
        return next((persona for persona in self._personas if persona.run == run), None)


def _taught(persona: Persona) -> tuple[str, ...]:
    """Whom the run of a persona can reply as."""
    return (persona.name,) if persona.name else persona.participants
