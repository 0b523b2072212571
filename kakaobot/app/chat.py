"""Chat with the best adapter of a run. Inference requires an `AccessPass`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TypeVar

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat_engines import ChatEngines
from kakaobot.app.chat_model import LoadedModel, ModelMemory, version_of
from kakaobot.app.feedback import rejected_replies
from kakaobot.app.judges import Judges
from kakaobot.app.personas import Persona, Personas, adapter_of, candidates_for, chat_messages
from kakaobot.app.reply_marks import ReplyMarks
from kakaobot.base.generation import AS_SET, Drawing, chat_sampling, seed_draws
from kakaobot.chat.guards import GuardCounts
from kakaobot.chat.line import Ticket, WaitingLine
from kakaobot.chat.lines import DEFAULT_USER_NAME, ChatLine, Reply, split_bubbles
from kakaobot.chat.load import ModelLoader, load_engine
from kakaobot.chat.protocol import ADAPTER, Cancelled, ChatModel
from kakaobot.chat.replies import ReplyRequest, reply_texts
from kakaobot.chat.reply_thread import ReplyThread
from kakaobot.config import Home
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.schema import ChatMessage

T = TypeVar("T")
Speaker = Callable[[ChatModel, Sequence[ChatMessage], threading.Event], str]
"""Chooses who sends the next message; empty for nobody. The event cancels its calls."""
LINE_LENGTH = 9
"""Replies in progress and waiting. In the window, each of them occupies one of 40 threads."""
_UNLOAD_TIMEOUT = 2.0
"""Seconds to wait for the memory of a cancelled reply; it is released later otherwise."""
_EXIT_TIMEOUT = 10.0
"""Seconds that an exit waits for a cancelled reply."""
_GIVE_BACK_TIMEOUT = 5.0
"""Seconds to wait for the replies ahead; the memory is freed after them otherwise."""
_AHEAD = tr("앞에 {count}명이 있습니다. 차례가 되면 대답합니다.")
_SLOW = tr("학습 중이라 평소보다 천천히 대답합니다.")
_CUT = tr(
    "학습을 시작해 대화를 멈췄습니다. 보낸 말은 그대로 있으니, "
    "학습이 끝나거나 멈춘 뒤 '다시 대답'을 누르세요."
)


class ChatService:
    """Replies with one model: loaded at the first message, and kept while a conversation runs.

    Whoever holds the first ticket of the line may use, load and drop the model.
    """

    def __init__(
        self,
        home: Home,
        gate: PasswordGate,
        loader: ModelLoader = load_engine,
        *,
        engines: ChatEngines | None = None,
    ) -> None:
        """Load nothing yet; `engines` load in place of `loader`."""
        self._home = home
        self._gate = gate
        self._line = WaitingLine(LINE_LENGTH)
        self.personas = Personas(home)
        self._engines = engines
        used = engines.load if engines else loader
        self._model = LoadedModel(self.personas, used, self._unload_at_exit)
        if engines:
            engines.ready = self._model.superseded.set
        self._judges = Judges()
        self._marks = ReplyMarks(home)
        self.guards = GuardCounts()
        """What the guards of replies have caught."""

    @property
    def gate(self) -> PasswordGate:
        """Issues the passes that the methods verify."""
        return self._gate

    def runs(self) -> list[str]:
        """Runs with an adapter, newest first."""
        return self.personas.names()

    def persona(self, run: str = "") -> Persona:
        """See `Personas.get`."""
        return self.personas.get(run)

    def reply(
        self,
        access: AccessPass | None,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        reply_as: str = "",
        user_name: str = "",
        speaker: Speaker | None = None,
        strength: float = ADAPTER,
        drawing: Drawing = AS_SET,
    ) -> Iterator[Reply]:
        """Stream the next message of the room. Closing the iterator stops generation.

        A reply may be repeated unchanged, so that it can be closed while nothing happens.

        Args:
            access: issued by this service's gate.
            lines: the conversation so far.
            run: as in `persona`.
            reply_as: who replies if the whole room was trained; empty lets the model draw.
            user_name: the participant the user writes as.
            speaker: draws who replies in place of the model; the reply has no name and no bubbles
                if nobody does.
            strength: as in `ChatModel`.
            drawing: what differs from the settings.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: there is no adapter, it cannot be loaded, too many replies
                wait, or a training needed the memory.
        """
        self._gate.verify(access)
        return self._reply(lines, run, reply_as, user_name, speaker, strength, drawing)

    def smoke(self, access: AccessPass | None, run: str = "") -> Iterator[tuple[str, Reply]]:
        """Yield each prompt of `smoke.prompts` with its finished reply.

        Raises:
            AccessDenied: at the call itself, before iteration.
        """
        self._gate.verify(access)
        return self._smoke(run)

    def with_model(
        self,
        access: AccessPass | None,
        run: str,
        use: Callable[[ChatModel, threading.Event], Generator[T, None, None]],
        waiting: Callable[[str], T],
    ) -> Iterator[T]:
        """Stream what `use` yields, once its turn in the line has come.

        A value may be repeated unchanged. Closing the iterator stops `use`.

        Args:
            access: issued by this service's gate.
            run: as in `persona`.
            use: gets the model and the event that cancels its calls; must not keep the model.
            waiting: makes a value of a Korean note, empty or what is waited for.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: as in `reply`.
        """
        self._gate.verify(access)
        return self._with_model(run, use, waiting)

    def unload(self, timeout: float = _UNLOAD_TIMEOUT) -> None:
        """Cancel all replies and free the model's memory, after this call if it takes long."""
        self._start_unload(self._line.take_over()).join(timeout)

    @contextmanager
    def paused(self, drops_model: bool) -> Iterator[None]:
        """Let no reply begin meanwhile.

        Args:
            drops_model: whether the adapter in memory is to go.

        Raises:
            RunError: a reply is being written.
        """
        with self._line.join_empty():
            if drops_model:
                self._model.drop()
            yield

    def memory(self, access: AccessPass | None, run: str = "") -> ModelMemory:
        """What is loaded, and whether there is something better to talk to than `run`.

        Raises:
            AccessDenied: without the pass.
        """
        self._gate.verify(access)
        loaded = self._model.loaded
        newer = self.personas.newer(run)
        if not newer and loaded and loaded.run == run:
            _, adapter = adapter_of(self.personas.find(run))
            newer = run if version_of(adapter) != loaded.version else ""
        return ModelMemory(
            run=loaded.run if loaded else "",
            size=loaded.size if loaded else 0,
            newer=self.persona(newer) if newer else None,
            is_awaited=not loaded and bool(self._line.tickets),
            note=self._engine_note(),
        )

    def memory_version(self) -> tuple[object, ...]:
        """A value that changes whenever a `memory` may; cheap enough to poll every second."""
        loaded, names = self._model.loaded, self.personas.names()
        newest = adapter_of(self.personas.find(loaded.run)) if loaded else None
        version = version_of(newest[1]) if loaded and loaded.run in names and newest else None
        awaited, note = bool(self._line.tickets), self._engine_note()
        return (loaded and (loaded.run, loaded.version), awaited, names, version, note)

    def _engine_note(self) -> str:
        return self._engines.note if self._engines else ""

    def renew(self, access: AccessPass | None) -> None:
        """Load the newest adapter at the next message, also in the middle of a conversation.

        Raises:
            AccessDenied: without the pass.
        """
        self._gate.verify(access)
        self._model.outdated.set()

    def give_back(self, access: AccessPass | None, timeout: float = _GIVE_BACK_TIMEOUT) -> bool:
        """Free the model's memory after the replies in the line, without cutting them off.

        Returns:
            Whether it is free already; it will be otherwise.

        Raises:
            AccessDenied: without the pass.
        """
        self._gate.verify(access)
        thread = self._start_unload(self._line.join())
        thread.join(timeout)
        return not thread.is_alive()

    def leave(self, access: AccessPass | None, lines: Sequence[ChatLine]) -> None:
        """Note that a conversation is over, and needs its adapter no more.

        Raises:
            AccessDenied: without the pass.
        """
        self._gate.verify(access)
        self._model.conversations.leave(lines)

    def _start_unload(self, ticket: Ticket) -> threading.Thread:
        thread = threading.Thread(target=self._unload, args=(ticket,), daemon=True)
        thread.start()
        return thread

    def _unload(self, ticket: Ticket) -> None:
        # Whoever cancels it takes over the line, and drops the model.
        with ticket, suppress(Cancelled):
            for _ in ticket.wait():
                pass
            self._model.drop()

    def _unload_at_exit(self) -> None:
        self.unload(_EXIT_TIMEOUT)

    def _with_model(
        self,
        run: str,
        use: Callable[[ChatModel, threading.Event], Generator[T, None, None]],
        waiting: Callable[[str], T],
        lines: Sequence[ChatLine] = (),
    ) -> Iterator[T]:
        chosen = self.personas.find(run)
        finished = threading.Event()

        def produce(ticket: Ticket, show: Callable[[T], None]) -> Generator[T, None, None]:
            for count in ticket.wait():
                yield waiting(_AHEAD.format(count=count))
            # Shown while the model loads, which takes seconds the first time.
            yield waiting(_SLOW if self.personas.training() else "")
            with self._marks.writing():
                model = self._model.get(
                    chosen,
                    self._home.settings(),
                    lines=lines,
                    cancelled=ticket.cancelled,
                    report=lambda note: show(waiting(note)),
                )
                yield from use(model, ticket.cancelled)
            finished.set()

        yield from ReplyThread(self._line.join(), produce).values()
        if not finished.is_set():
            raise RunError(_CUT)

    def _reply(
        self,
        lines: Sequence[ChatLine],
        run: str,
        reply_as: str,
        user_name: str,
        speaker: Speaker | None = None,
        strength: float = ADAPTER,
        drawing: Drawing = AS_SET,
    ) -> Iterator[Reply]:
        persona = self.persona(run)
        messages = chat_messages(lines, persona, user_name=user_name)
        start = Reply(persona.name or reply_as, (), done=False)
        candidates = candidates_for(persona.participants, user_name)

        def use(model: ChatModel, cancelled: threading.Event) -> Generator[Reply, None, None]:
            if drawing.seed is not None:
                seed_draws(drawing.seed)
            name = start.name
            if not name and speaker:
                name = speaker(model, messages, cancelled)
            elif not name:
                name = model.draw_participant(messages, candidates, cancelled=cancelled)
            if name:
                request = self._request(persona, messages, name, strength, drawing)
                yield from self._generate(model, request, name, cancelled)
            else:
                yield replace(start, done=True)

        yield start
        yield from self._with_model(persona.run, use, lambda note: replace(start, note=note), lines)

    def _request(
        self,
        persona: Persona,
        messages: Sequence[ChatMessage],
        name: str,
        strength: float,
        drawing: Drawing,
    ) -> ReplyRequest:
        generation = self._home.settings().generation
        request = ReplyRequest(
            messages,
            chat_sampling(generation, drawing),
            reply_as="" if persona.name else name,
            strength=strength,
            candidates=generation.candidates,
            relevance=generation.relevance,
            rejected=rejected_replies(self._home, persona),
        )
        if request.candidates > 1:
            judge = self._judges.judge(self.personas.find(persona.run), name)
            request = replace(request, judge=judge)
        return request

    def _generate(
        self, model: ChatModel, request: ReplyRequest, name: str, cancelled: threading.Event
    ) -> Iterator[Reply]:
        bubbles: tuple[str, ...] = ()
        with closing(reply_texts(model, request, self.guards, cancelled)) as texts:
            ended = None
            while ended is None:
                try:
                    bubbles = split_bubbles(next(texts))
                except StopIteration as end:
                    ended = bool(end.value)
                else:
                    yield Reply(name, bubbles, done=False)
        yield Reply(name, bubbles, done=True, is_cut=not ended)

    def _smoke(self, run: str) -> Iterator[tuple[str, Reply]]:
        for prompt in self._home.settings().smoke.prompts:
            line = ChatLine(DEFAULT_USER_NAME, prompt, from_user=True)
            *_, reply = self._reply([line], run, "", "")
            yield prompt, reply
