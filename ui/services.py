"""Everything the window can ask for, made once."""

from __future__ import annotations

from dataclasses import dataclass

from kakaobot.app.access import Gate
from kakaobot.app.bases import Bases
from kakaobot.app.chat import Chatting
from kakaobot.app.dataset import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.outlook import Outlooks
from kakaobot.app.people import People
from kakaobot.app.preferences import Preferences
from kakaobot.app.training import Training
from kakaobot.config import Home


@dataclass(frozen=True)
class Services:
    exports: Exports
    people: People
    datasets: Datasets
    outlooks: Outlooks
    training: Training
    chatting: Chatting
    gate: Gate
    preferences: Preferences

    @classmethod
    def of(cls, home: Home) -> Services:
        gate, bases = Gate.of(home), Bases()
        chatting = Chatting(home, gate)
        return cls(
            Exports(home),
            People(home),
            Datasets(home, bases),
            Outlooks(home, bases),
            # A model in the chat would take the graphics memory that training needs.
            Training(home, bases, make_room=chatting.unload),
            chatting,
            gate,
            Preferences(home),
        )
