"""Everything the window can ask for, made once."""

from __future__ import annotations

from dataclasses import dataclass

from kakaobot.app.auth import Gate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.chat import ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.app.exports import Exports
from kakaobot.app.people import People
from kakaobot.app.settings import SettingsEditor
from kakaobot.app.training import Training
from kakaobot.config import Home


@dataclass(frozen=True)
class Services:
    exports: Exports
    people: People
    datasets: Datasets
    outlooks: Estimates
    training: Training
    chatting: ChatService
    gate: Gate
    preferences: SettingsEditor

    @classmethod
    def of(cls, home: Home) -> Services:
        gate, bases = Gate.of(home), BaseModels()
        chatting = ChatService(home, gate)
        return cls(
            Exports(home),
            People(home),
            Datasets(home, bases),
            Estimates(home, bases),
            # A model in the chat would take the graphics memory that training needs.
            Training(home, bases, make_room=chatting.unload),
            chatting,
            gate,
            SettingsEditor(home),
        )
