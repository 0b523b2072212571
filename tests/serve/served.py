"""A home with runs on the starter and on a slow model, and its server in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from openai import OpenAI

from kakaobot.app.api_keys import ApiKeys, KeyKind
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.config import Home, save
from kakaobot.runs.run import Run, Runs
from kakaobot.serve.server import ApiServer
from tests.chat_models import (
    LONG_REPLIES,
    create_chat_run,
    save_random_model,
    save_starter_with_adapter,
)
from tests.lasting_gate import lasting_gate
from tests.patience import patience

PASSWORD = "귤"
PEOPLE = ("도담", "마루", "은솔")
SHORT = {
    "generation.max_new_tokens": 16,
    "generation.temperature": 0.7,
    "generation.min_p": 0.02,
    "generation.candidates": 1,
    "serve.requests_per_minute": 6000,
}


def prepare(folder: Path, *, slow: bool = True) -> Home:
    """A home with the runs `room` (all), `main` (도담), and `slow` (도담, replies without end)."""
    home = Home(folder / "home")
    home.settings()
    if slow:
        save_random_model(folder / "slow", hidden=256, layers=6)
        create_chat_run(home, folder / "slow", "slow")
    save_starter_with_adapter(folder / "starter")
    create_chat_run(home, folder / "starter", "main")
    _create_room_run(home, folder / "starter")
    save(home.settings_file, {**LONG_REPLIES, **SHORT})
    return home


def _create_room_run(home: Home, model: Path) -> Run:
    run = Runs(home.folder("checkpoints_lora")).get("room")
    base = {"name": str(model / "base"), "label": "바탕", "reason": "", "practice": True}
    data = {"room": "우리 방", "persona": "", "people": list(PEOPLE), "named": True}
    run.create({"base": base, "data": data})

    def write(folder: Path) -> None:
        for file in (model / "adapter").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())

    run.checkpoints.replace_adapter("best", write)
    return run


@dataclass
class Served:
    home: Home
    gate: PasswordGate
    access: AccessPass
    chat: ChatService
    server: ApiServer
    keys: ApiKeys
    secret: str
    """Of a key for other programs."""

    @property
    def base_url(self) -> str:
        return self.server.state.address

    def key(self, name: str, kind: KeyKind = "api") -> str:
        return self.keys.make(self.access, name, kind)

    def openai(self, secret: str = "", **options: Any) -> OpenAI:
        return OpenAI(
            api_key=secret or self.secret,
            base_url=self.base_url,
            max_retries=0,
            timeout=patience(),
            **options,
        )

    def http(self, secret: str = "") -> httpx.Client:
        return httpx.Client(
            base_url=self.base_url.removesuffix("/v1"),
            headers={"authorization": f"Bearer {secret or self.secret}"},
            timeout=patience(),
            trust_env=False,
        )


@contextlib.contextmanager
def serving(home: Home, **options: Any) -> Iterator[Served]:
    """Serve a home on a free port; `options` as of `ApiServer`."""
    gate = lasting_gate(PASSWORD)
    access = gate.authenticate(PASSWORD)
    chat = ChatService(home, gate)
    server = ApiServer(home, gate, chat, **options)
    keys = ApiKeys(home, gate)
    server.start(access, 0)
    try:
        yield Served(home, gate, access, chat, server, keys, keys.make(access, "검사"))
    finally:
        server.close()
        chat.unload()
