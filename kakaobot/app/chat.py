"""Chat with the best adapter of a run. Inference requires an `AccessPass`."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import detect_hardware, location_of, one_gpu
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home
from kakaobot.errors import RunError
from kakaobot.runs.checkpoints import adapter_version
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings

DEFAULT_USER_NAME = "나"
_MAX_CANDIDATES = 12
"""Participants scored for the next message; each costs a forward pass."""
_UNLOAD_TIMEOUT = 10.0
"""Seconds to wait for a reply in progress."""

ModelLoader = Callable[[str, Path, Settings], ChatModel]


@dataclass(frozen=True)
class ChatLine:
    """One message of a conversation."""

    name: str
    text: str
    from_user: bool


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


@dataclass(frozen=True)
class Reply:
    """A reply so far."""

    name: str
    """Who replies; empty until drawn."""
    bubbles: tuple[str, ...]
    done: bool


def load_engine(base: str, adapter: Path, settings: Settings) -> ChatModel:
    """The default `ModelLoader`. Imports torch."""
    # At import, bitsandbytes logs into the chat that an optional kernel is unavailable.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    os.environ.update(one_gpu())
    # At every load, peft accesses a name that transformers 5 deprecates.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    from kakaobot.chat.engine import Engine

    return Engine.load(
        base,
        adapter,
        load_in_4bit=settings.model.load_in_4bit,
        dtype=settings.model.dtype,
        attn_implementation=settings.model.attn_implementation,
        max_turns=settings.generation.max_history_turns,
    )


class ChatService:
    """Holds one model: loads it at the first message and reloads it for a newer adapter."""

    def __init__(self, home: Home, gate: PasswordGate, loader: ModelLoader = load_engine) -> None:
        self._home = home
        self._gate = gate
        self._loader = loader
        self._lock = threading.Lock()
        self._model: ChatModel | None = None
        self._model_key: tuple[object, ...] = ()

    def runs(self) -> list[str]:
        """Runs with an adapter, newest first."""
        return [run.name for run in self._runs().all() if run.checkpoints.adapter()]

    def persona(self, run: str = "") -> Persona:
        """Describe who replies. Needs no pass: it reveals nothing of the room but names.

        Args:
            run: name of the run; empty for the newest one with an adapter.

        Raises:
            RunError: no run has an adapter, or there is no such run.
        """
        chosen = self._find(run)
        kind, _ = _adapter_of(chosen)
        config, status = chosen.config(), chosen.recorded_status()
        base, data = config["base"], config["data"]
        step = status.best_step if kind == "best" else status.step
        which = "가장 좋은 어댑터" if kind == "best" else "가장 최근 어댑터"
        trained_on = data["persona"] or (f"'{data['room']}' 방" if data["room"] else "방 전체")
        return Persona(
            run=chosen.name,
            adapter=kind,
            step=step,
            base=base["label"],
            room=data["room"],
            name=data["persona"],
            participants=tuple(data["people"]),
            practice=base["practice"],
            shows_names=data["named"],
            description=f"{trained_on}의 말투 · 바탕 {base['label']} · {chosen.name} 의 {which}"
            + (f" ({step}단계)" if step else ""),
        )

    def reply(
        self,
        access: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
    ) -> Iterator[Reply]:
        """Stream the next message of the room. Closing the iterator stops generation.

        Args:
            access: issued by this service's gate.
            lines: the conversation so far.
            run: as in `persona`.
            reply_as: who replies if the whole room was trained; empty lets the model draw.
            user_name: the participant the user writes as.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: there is no adapter, or it cannot be loaded.
        """
        self._gate.verify(access)
        return self._reply(lines, run, reply_as, user_name)

    def smoke(self, access: AccessPass | None, run: str = "") -> Iterator[tuple[str, Reply]]:
        """Yield each prompt of `smoke.prompts` with its finished reply.

        Raises:
            AccessDenied: at the call itself, before iteration.
        """
        self._gate.verify(access)
        return self._smoke(run)

    def unload(self) -> None:
        """Free the model's memory, unless a reply in progress outlasts the timeout."""
        if self._lock.acquire(timeout=_UNLOAD_TIMEOUT):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _reply(
        self, lines: Sequence[ChatLine], run: str, reply_as: str, user_name: str
    ) -> Iterator[Reply]:
        persona = self.persona(run)
        settings = self._home.settings()
        messages = chat_messages(lines, persona, user_name=user_name)
        sampling = Sampling(**settings.generation.model_dump(exclude={"max_history_turns"}))
        reply = Reply(persona.name or reply_as, (), done=False)
        with self._lock:
            # Shown while the model loads, which takes seconds the first time.
            yield reply
            model = self._load(self._find(persona.run), settings)
            name = reply.name or model.draw_participant(
                messages, _candidates(persona.participants, user_name)
            )
            prefix = "" if persona.name else name
            texts = model.stream_reply(messages, sampling, reply_as=prefix)
            try:
                for text in texts:
                    reply = Reply(name, split_bubbles(text), done=False)
                    yield reply
            finally:
                _close(texts)
        yield Reply(name, reply.bubbles, done=True)

    def _smoke(self, run: str) -> Iterator[tuple[str, Reply]]:
        for prompt in self._home.settings().smoke.prompts:
            line = ChatLine(DEFAULT_USER_NAME, prompt, from_user=True)
            *_, reply = self._reply([line], run, "", "")
            yield prompt, reply

    def _runs(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))

    def _find(self, name: str) -> Run:
        runs = self._runs()
        if name:
            return runs.find(name)
        run = next((run for run in runs.all() if run.checkpoints.adapter()), None)
        if run is None:
            raise RunError("아직 학습한 어댑터가 없습니다. 먼저 '학습'을 하세요.")
        return run

    def _load(self, run: Run, settings: Settings) -> ChatModel:
        """The model with the run's current adapter, loaded unless it is in memory already."""
        _, adapter = _adapter_of(run)
        version = adapter_version(adapter)
        max_turns = settings.generation.max_history_turns
        key = (run.path, adapter.name, version, settings.model, max_turns)
        if self._model is None or key != self._model_key:
            self._drop()
            if self._runs().live() and detect_hardware().gpu:
                raise RunError(
                    "학습이 그래픽카드를 쓰고 있어 지금은 대화할 수 없습니다. "
                    "학습을 멈추거나 끝나기를 기다리세요."
                )
            self._model = self._loader(location_of(run.config()["base"]["name"]), adapter, settings)
            self._model_key = key
        return self._model

    def _drop(self) -> None:
        if self._model is not None:
            self._model, self._model_key = None, ()
            gc.collect()
            _empty_cuda_cache()


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
    for line in lines:
        if not persona.name:
            messages.append(
                ChatMessage("assistant", line.text, user if line.from_user else line.name)
            )
        elif line.from_user:
            messages.append(ChatMessage("user", line.text, user if persona.shows_names else ""))
        else:
            messages.append(ChatMessage("assistant", line.text))
    return messages


def _adapter_of(run: Run) -> tuple[Literal["best", "latest"], Path]:
    adapter = run.checkpoints.adapter()
    if adapter is None:
        raise RunError(f"'{run.name}' 에는 아직 어댑터가 없습니다. 먼저 학습하세요.")
    return adapter


def _candidates(participants: Sequence[str], user_name: str) -> Sequence[str]:
    """Participants who may send the next message: the most active ones except the user."""
    others = [name for name in participants if name != user_name]
    return (others or list(participants))[:_MAX_CANDIDATES]


def split_bubbles(text: str) -> tuple[str, ...]:
    """A message as its chat bubbles: one per line that is not blank."""
    return tuple(line.rstrip() for line in text.split("\n") if line.strip())


def _close(iterator: Iterator[str]) -> None:
    close: Any = getattr(iterator, "close", None)
    if close:
        close()


def _empty_cuda_cache() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
