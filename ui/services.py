"""Everything the window can ask for, made once."""

from __future__ import annotations

from dataclasses import dataclass

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.chat import ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.app.exports import Exports
from kakaobot.app.people import Participants
from kakaobot.app.settings import SettingsEditor
from kakaobot.app.training import Training
from kakaobot.config import Home


@dataclass(frozen=True)
class Services:
    exports: Exports
    people: Participants
    datasets: Datasets
    outlooks: Estimates
    training: Training
    chatting: ChatService
    gate: PasswordGate
    preferences: SettingsEditor

    @classmethod
    def of(cls, home: Home) -> Services:
        gate, bases = PasswordGate.from_home(home), BaseModels()
        chatting = ChatService(home, gate)
        return cls(
            Exports(home),
            Participants(home),
            Datasets(home, bases),
            Estimates(home, bases),
            # A model in the chat would take the graphics memory that training needs.
            Training(home, bases, free_memory=chatting.unload),
            chatting,
            gate,
            SettingsEditor(home),
        )
