"""Chat with the best adapter of a run. Inference requires an `AccessPass`."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.base.generation import Sampling
from kakaobot.base.memory import release_memory
from kakaobot.base.selection import detect_hardware, location_of
from kakaobot.chat.line import Ticket, WaitingLine
from kakaobot.chat.load import ModelLoader, load_engine
from kakaobot.chat.protocol import ChatModel
from kakaobot.chat.reply_thread import ReplyThread
from kakaobot.config import Home
from kakaobot.errors import MemoryShortage, RunError
from kakaobot.runs.checkpoints import adapter_version
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings
from kakaobot.train.run_config import base_of

DEFAULT_USER_NAME = "나"
_MAX_CANDIDATES = 12
"""Participants scored for the next message; each costs a forward pass."""
LINE_LENGTH = 9
"""Replies in progress and waiting. In the window, each of them occupies one of 40 threads."""
_UNLOAD_TIMEOUT = 2.0
"""Seconds to wait for the memory of a cancelled reply; it is released later otherwise."""
_EXIT_TIMEOUT = 10.0
"""Seconds that an exit waits for a cancelled reply."""
_AHEAD = "앞에 {count}명이 있습니다. 차례가 되면 대답합니다."
_SLOW = "학습 중이라 평소보다 천천히 대답합니다."
_CUT = (
    "학습을 시작해 대화를 멈췄습니다. 보낸 말은 그대로 있으니, "
    "학습이 끝나거나 멈춘 뒤 '다시 대답'을 누르세요."
)
_GPU_BUSY = (
    "학습이 그래픽카드를 쓰고 있어 지금은 대화할 수 없습니다. 학습을 멈추거나 끝나기를 기다리세요."
)
_TRAINING_STARTS = (
    "학습이 쓸 메모리를 아직 알 수 없어 지금은 대화할 수 없습니다. "
    "학습 단계가 오르기 시작하면 다시 보내세요."
)
_NO_MEMORY_BESIDE = (
    "학습 중이라 대화 모델까지 올릴 메모리가 모자랍니다. 학습을 멈추거나 끝나기를 기다리세요."
)


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
    note: str = ""
    """Korean: what the reply waits for."""


class ChatService:
    """Holds one model: loads it at the first message and reloads it for a newer adapter.

    Whoever holds the first ticket of the line may use, load and drop the model.
    """

    def __init__(self, home: Home, gate: PasswordGate, loader: ModelLoader = load_engine) -> None:
        self._home = home
        self._gate = gate
        self._loader = loader
        self._line = WaitingLine(LINE_LENGTH)
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
        status, base = chosen.recorded_status(), base_of(chosen)
        data = chosen.section("data", "persona", "room", "people", "named")
        step = status.best_step if kind == "best" else status.step
        which = "가장 좋은 어댑터" if kind == "best" else "가장 최근 어댑터"
        trained_on = data["persona"] or (f"'{data['room']}' 방" if data["room"] else "방 전체")
        return Persona(
            run=chosen.name,
            adapter=kind,
            step=step,
            base=base.label,
            room=data["room"],
            name=data["persona"],
            participants=tuple(data["people"]),
            practice=base.practice,
            shows_names=data["named"],
            description=f"{trained_on}의 말투 · 바탕 {base.label} · {chosen.name} 의 {which}"
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

        A reply may be repeated unchanged, so that it can be closed while nothing happens.

        Args:
            access: issued by this service's gate.
            lines: the conversation so far.
            run: as in `persona`.
            reply_as: who replies if the whole room was trained; empty lets the model draw.
            user_name: the participant the user writes as.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: there is no adapter, it cannot be loaded, too many replies
                wait, or a training needed the memory.
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

    def unload(self, timeout: float = _UNLOAD_TIMEOUT) -> None:
        """Cancel all replies and free the model's memory, after this call if it takes long."""
        ticket = self._line.take_over()
        thread = threading.Thread(target=self._unload, args=(ticket,), daemon=True)
        thread.start()
        thread.join(timeout)

    def _unload(self, ticket: Ticket) -> None:
        with ticket:
            for _ in ticket.wait():
                pass
            self._drop()

    def _reply(
        self, lines: Sequence[ChatLine], run: str, reply_as: str, user_name: str
    ) -> Iterator[Reply]:
        persona = self.persona(run)
        messages = chat_messages(lines, persona, user_name=user_name)
        start = Reply(persona.name or reply_as, (), done=False)

        def produce(ticket: Ticket) -> Generator[Reply, None, None]:
            for count in ticket.wait():
                yield replace(start, note=_AHEAD.format(count=count))
            yield from self._generate(persona, messages, start, user_name, ticket.cancelled)

        yield start
        reply = start
        for reply in ReplyThread(self._line.join(), produce).values():
            yield reply
        if not reply.done:
            raise RunError(_CUT)

    def _generate(
        self,
        persona: Persona,
        messages: Sequence[ChatMessage],
        reply: Reply,
        user_name: str,
        cancelled: threading.Event,
    ) -> Iterator[Reply]:
        settings = self._home.settings()
        # Shown while the model loads, which takes seconds the first time.
        yield replace(reply, note=_SLOW if self._runs().live() else "")
        model = self._load(self._find(persona.run), settings, cancelled)
        name = reply.name or model.draw_participant(
            messages, _candidates(persona.participants, user_name), cancelled=cancelled
        )
        texts = model.stream_reply(
            messages,
            Sampling(**settings.generation.model_dump(exclude={"max_history_turns"})),
            reply_as="" if persona.name else name,
            cancelled=cancelled,
        )
        bubbles: tuple[str, ...] = ()
        try:
            for text in texts:
                bubbles = split_bubbles(text)
                yield Reply(name, bubbles, done=False)
        finally:
            _close(texts)
        yield Reply(name, bubbles, done=True)

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

    def _load(self, run: Run, settings: Settings, cancelled: threading.Event) -> ChatModel:
        """The model with the run's current adapter, loaded unless it is in memory already."""
        _, adapter = _adapter_of(run)
        version = adapter_version(adapter)
        max_turns = settings.generation.max_history_turns
        key = (run.path, adapter.name, version, settings.model, max_turns)
        if self._model is None or key != self._model_key:
            if self._model is not None:
                self._drop()
            training = self._runs().live()
            if training:
                _check_room_beside(training)
            base = location_of(base_of(run).name)
            # An interpreter that ends under a computing thread aborts the process.
            atexit.register(self.unload, _EXIT_TIMEOUT)
            try:
                self._model = self._loader(base, adapter, settings, cancelled)
            except MemoryShortage as error:
                if training:
                    raise RunError(_NO_MEMORY_BESIDE) from error
                raise
            self._model_key = key
        return self._model

    def _drop(self) -> None:
        atexit.unregister(self.unload)
        self._model, self._model_key = None, ()
        release_memory()


def _check_room_beside(training: Run) -> None:
    """Check that a model may be loaded beside a training; its own memory is measured later.

    Raises:
        RunError: the training uses the GPU, or has not yet taken all of its memory.
    """
    if detect_hardware().gpu:
        raise RunError(_GPU_BUSY)
    status = training.status()
    if status.state == "starting" or status.step <= status.resumed_from:
        raise RunError(_TRAINING_STARTS)


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
