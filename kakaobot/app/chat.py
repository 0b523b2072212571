"""Talk with the best adapter of a run. Nothing is inferred without a `Pass`."""

from __future__ import annotations

import gc
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import detect_hardware, located, one_gpu
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home
from kakaobot.errors import RunError
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings

_ME = "나"
_ASKED = 12
_PATIENCE = 10.0
"""Seconds to wait for a reply that is under way."""
ModelLoader = Callable[[str, Path, Settings], ChatModel]


@dataclass(frozen=True)
class ChatLine:
    name: str
    text: str
    from_user: bool
    """Written by the user."""


@dataclass(frozen=True)
class Persona:
    """Who would speak."""

    run: str
    adapter: Literal["best", "latest"]
    step: int | None
    base: str
    room: str
    name: str
    participants: tuple[str, ...]
    practice: bool
    shows_names: bool
    """Whether names are shown in a person's room."""
    description: str
    """Korean: which base and which adapter speak."""


@dataclass(frozen=True)
class Reply:
    name: str
    """Who speaks; empty until that is known."""
    bubbles: tuple[str, ...]
    done: bool


def load_engine(base: str, adapter: Path, settings: Settings) -> ChatModel:
    """The real speaker. Imports torch."""
    # It reports at import that an optional kernel cannot be fetched, in the middle of a chat.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    os.environ.update(one_gpu())
    # peft asks transformers 5 for an old name at every load.
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
    """One model in memory, loaded at the first message and again when a better adapter is there."""

    def __init__(self, home: Home, gate: PasswordGate, loader: ModelLoader = load_engine) -> None:
        self._home = home
        self._gate = gate
        self._loader = loader
        self._lock = threading.Lock()
        self._speaker: ChatModel | None = None
        self._key: tuple[object, ...] = ()

    def runs(self) -> list[str]:
        """Runs with an adapter, newest first."""
        return [run.name for run in self._all().all() if run.adapter()]

    def persona(self, run: str = "") -> Persona:
        """Who would speak. Holds nothing private but the names of the room.

        Raises:
            RunError: nothing is trained yet, or there is no such run.
        """
        chosen = self._find(run)
        found = chosen.adapter()
        if found is None:
            raise RunError(f"'{chosen.name}' 에는 아직 어댑터가 없습니다. 먼저 학습하세요.")
        kind, _ = found
        config, status = chosen.config(), chosen.said()
        base, data = config["base"], config["data"]
        step = status.best_step if kind == "best" else status.step
        which = "가장 좋은 어댑터" if kind == "best" else "가장 최근 어댑터"
        who = data["persona"] or (f"'{data['room']}' 방" if data["room"] else "방 전체")
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
            description=f"{who}의 말투 · 바탕 {base['label']} · {chosen.name} 의 {which}"
            + (f" ({step}단계)" if step else ""),
        )

    def reply(
        self,
        given: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
    ) -> Iterator[Reply]:
        """The room's next turn, growing. Closing the iterator stops the model.

        Args:
            run: whose adapter speaks; the newest with one where it is empty.
            speaker: who answers when the whole room was learnt; empty to let the model draw.
            me: the user's name in the room.

        Raises:
            AccessDenied: at the call itself, without a pass of this gate.
            RunError, BaseModelError: there is no adapter, or it cannot be loaded.
        """
        self._gate.verify(given)
        return self._reply(lines, run, reply_as, user_name)

    def smoke(self, given: AccessPass | None, run: str = "") -> Iterator[tuple[str, Reply]]:
        """Each prompt of `smoke.prompts` with its finished answer.

        Raises:
            AccessDenied: at the call itself, without a pass of this gate.
        """
        self._gate.verify(given)
        return self._smoke(run)

    def unload(self) -> None:
        """Give the model's memory back, unless it does not stop speaking within some seconds."""
        if self._lock.acquire(timeout=_PATIENCE):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _reply(self, lines: Sequence[ChatLine], run: str, speaker: str, me: str) -> Iterator[Reply]:
        voice = self.persona(run)
        settings = self._home.settings()
        messages = chat_messages(lines, voice, user_name=me)
        wanted = {**settings.generation.model_dump()}
        del wanted["max_history_turns"]
        reply = Reply(voice.name or speaker, (), done=False)
        with self._lock:
            # Shown while the model is loaded, which takes seconds the first time.
            yield reply
            engine = self._engine(self._find(voice.run), settings)
            name = reply.name or engine.draw_participant(messages, _others(voice.participants, me))
            pieces = engine.stream_reply(
                messages, Sampling(**wanted), name="" if voice.name else name
            )
            try:
                for text in pieces:
                    reply = Reply(name, _bubbles(text), done=False)
                    yield reply
            finally:
                _close(pieces)
        yield Reply(name, reply.bubbles, done=True)

    def _smoke(self, run: str) -> Iterator[tuple[str, Reply]]:
        for prompt in self._home.settings().smoke.prompts:
            *_, answer = self._reply([ChatLine(_ME, prompt, from_user=True)], run, "", "")
            yield prompt, answer

    def _all(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))

    def _find(self, name: str) -> Run:
        runs = self._all()
        if name:
            return runs.find(name)
        run = next((run for run in runs.all() if run.adapter()), None)
        if run is None:
            raise RunError("아직 학습한 어댑터가 없습니다. 먼저 '학습'을 하세요.")
        return run

    def _engine(self, run: Run, settings: Settings) -> ChatModel:
        """The speaker of the run's adapter as it is on disk now."""
        found = run.adapter()
        if found is None:
            raise RunError(f"'{run.name}' 에는 아직 어댑터가 없습니다. 먼저 학습하세요.")
        adapter = found[1]
        stamp = (adapter / "adapter_config.json").stat().st_mtime_ns
        key = (run.path, adapter.name, stamp, settings.model, settings.generation.max_history_turns)
        if self._speaker is None or key != self._key:
            self._drop()
            if self._all().live() and detect_hardware().gpu:
                raise RunError(
                    "학습이 그래픽카드를 쓰고 있어 지금은 대화할 수 없습니다. "
                    "학습을 멈추거나 끝나기를 기다리세요."
                )
            self._speaker = self._loader(located(run.config()["base"]["name"]), adapter, settings)
            self._key = key
        return self._speaker

    def _drop(self) -> None:
        if self._speaker is not None:
            self._speaker, self._key = None, ()
            gc.collect()
            _empty_cuda_cache()


def chat_messages(
    lines: Sequence[ChatLine], voice: Persona, *, user_name: str = ""
) -> list[ChatMessage]:
    """The lines in the shape in which the run was taught.

    A person: that person is `assistant`, others `user`, with names where three or more talked. A
    whole room: everybody is `assistant`, by name.
    """
    others = [name for name in voice.participants if name != voice.name]
    mine = user_name or (others[0] if voice.name and others else _ME)
    messages = []
    for line in lines:
        if not voice.name:
            name = mine if line.from_user else line.name
            messages.append(ChatMessage("assistant", line.text, name))
        elif line.from_user:
            messages.append(ChatMessage("user", line.text, mine if voice.shows_names else ""))
        else:
            messages.append(ChatMessage("assistant", line.text))
    return messages


def _others(people: Sequence[str], me: str) -> Sequence[str]:
    """Who may speak next: the most active, or a large room would be asked about for seconds."""
    return ([name for name in people if name != me] or list(people))[:_ASKED]


def _bubbles(text: str) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in text.split("\n") if line.strip())


def _close(pieces: Iterator[str]) -> None:
    close: Any = getattr(pieces, "close", None)
    if close:
        close()


def _empty_cuda_cache() -> None:
    import sys

    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
