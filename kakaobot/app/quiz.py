"""The blind test "진짜는 누구?": a held-out reply beside one of the model, in random order.

Questions are prepared in the background, so that both replies appear at once and neither the wait
nor anything else tells them apart (see `quiz_matching`). Which is the real one stays here until the
judge has picked.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from typing import cast

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.personas import Persona
from kakaobot.app.quiz_matching import MAX_LEAN, is_askable, lean_after, match, nearest_in_length
from kakaobot.base.generation import Sampling, chat_sampling
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.held_out import HeldOutExchange, held_out_exchanges
from kakaobot.dataset.jsonl import read_rows
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.history import quiz_tallies_of
from kakaobot.runs.quiz_log import QuizLog, QuizPick, QuizTallies, QuizTally
from kakaobot.schema import ChatMessage
from kakaobot.train.run_config import data_folder_of

TURNS = (1, 3)
"""Replies in a row that a quiz may ask about."""
SIDES = 2
_DRAWS = 12
"""Imitations drawn for each reply; the one most similar in length is shown."""
_AHEAD = 2
"""Questions prepared while the judge thinks."""
_SHOWN_CONTEXT = 8
_SESSIONS = 16
"""Sessions kept; of more, the oldest are forgotten."""
_PULSE = 0.3
"""Seconds between two notes while a question is being prepared."""
_BLOCK = 20
"""Questions over which the real reply is as often on either side."""
OTHER_PERSON = tr("상대")
_PREPARING = tr("문제를 준비하고 있습니다.")
_GONE = tr("이 문제 풀이는 더 이어 갈 수 없습니다. 새로 시작하세요.")
_NOTHING = tr("물을 수 있는 대화가 모자랍니다. 더 긴 대화로 데이터를 준비하고 다시 배우세요.")
_OTHER_DATA = tr(
    "이 학습이 배운 뒤에 데이터를 다시 준비해서, 배우지 않은 대화를 가려낼 수 없습니다. "
    "지금 데이터로 새로 배운 학습을 고르세요."
)


@dataclass(frozen=True)
class QuizQuestion:
    """A question as the judge sees it."""

    number: int
    context: tuple[ChatLine, ...]
    sides: tuple[tuple[ChatLine, ...], tuple[ChatLine, ...]]
    """Both versions of what came next."""


@dataclass(frozen=True)
class QuizStep:
    """A question, or what it waits for; neither if there are no more questions."""

    question: QuizQuestion | None = None
    note: str = ""
    """Korean."""


@dataclass(frozen=True)
class QuizAnswer:
    """What the judge learns after a pick."""

    is_right: bool
    real_side: int
    session: QuizTally


@dataclass(frozen=True)
class _QuizItem:
    exchange: HeldOutExchange
    imitated: tuple[str, ...]


@dataclass
class _Session:
    """One judge's questions."""

    persona: Persona
    turns: int
    knows: bool
    exchanges: list[HeldOutExchange]
    """Not yet asked; the next one is the last."""
    judge: str
    lean: int = 0
    shown: set[tuple[str, str]] = field(default_factory=set)
    """Name and text of the messages in the contexts so far, which are no longer asked about."""
    sides: list[int] = field(default_factory=list)
    """Sides of the next real replies."""
    upcoming: list[Future[_QuizItem | None]] = field(default_factory=list)
    asked: tuple[_QuizItem, int] | None = None
    """The question shown, and the side of its real reply."""
    picks: list[QuizPick] = field(default_factory=list)
    number: int = 0
    closed: threading.Event = field(default_factory=threading.Event)


class Quiz:
    """The quizzes of one home. Every call that shows words requires a pass."""

    def __init__(self, home: Home, gate: PasswordGate, chat: ChatService) -> None:
        self._home, self._gate, self._chat = home, gate, chat
        self._random = secrets.SystemRandom()
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        # One thread, so that questions are prepared in the order in which they are shown.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="quiz")

    def start(
        self, access: AccessPass | None, *, run: str = "", turns: int = 1, knows: bool
    ) -> str:
        """Start to ask one judge, and prepare the first questions; returns the session's id.

        Args:
            access: issued by the gate.
            run: who imitates, as in `ChatService.persona`.
            turns: replies in a row, one of `TURNS`.
            knows: whether the judge knows who is imitated.

        Raises:
            AccessDenied, RunError: the pass is not valid, or there is nothing to ask.
            DatasetError: the data is missing or damaged.
        """
        self._gate.verify(access)
        persona = self._chat.persona(run)
        exchanges = self._exchanges(persona.run, turns)
        if not exchanges:
            raise RunError(_NOTHING)
        # In order of time from any of them on: a context shows what was asked about before it.
        first = self._random.randrange(len(exchanges))
        exchanges = [*exchanges[first:], *exchanges[:first]][::-1]
        judge = secrets.token_hex(8)
        session = _Session(persona, turns, knows, exchanges, judge)
        self._sessions[judge] = session
        while len(self._sessions) > _SESSIONS:
            _, oldest = self._sessions.popitem(last=False)
            oldest.closed.set()
        self._prepare_ahead(access, session)
        return judge

    def next(self, access: AccessPass | None, session_id: str) -> Iterator[QuizStep]:
        """Wait for the next question; its step is the last one.

        Raises:
            AccessDenied, RunError: at the call itself, before iteration, or as in
                `ChatService.reply`.
        """
        self._gate.verify(access)
        return self._next(access, self._session(session_id))

    def pick(self, access: AccessPass | None, session_id: str, side: int) -> QuizAnswer:
        """Keep what the judge takes for real, side 0 or 1. A question is answered once.

        Raises:
            AccessDenied, RunError: the pass is not valid, or no question is open.
        """
        self._gate.verify(access)
        session = self._session(session_id)
        if session.asked is None or side not in range(SIDES):
            raise RunError(_GONE)
        (item, real_side), session.asked = session.asked, None
        lines = _lines(item.exchange.context[-_SHOWN_CONTEXT:], session.persona)
        pick = QuizPick(
            judge=session.judge,
            knows=session.knows,
            fooled=side != real_side,
            turns=session.turns,
            step=session.persona.step,
            participant=item.exchange.participant or session.persona.name,
            context=tuple((line.name, line.text) for line in lines),
            real=item.exchange.replies,
            imitated=item.imitated,
            at=time.time(),
        )
        QuizLog(self._chat.personas.find(session.persona.run).path).append(pick)
        session.picks.append(pick)
        return QuizAnswer(side == real_side, real_side, QuizTally.of(session.picks))

    def tallies(self, run: str = "") -> QuizTallies:
        """All picks about the adapter of a run; numbers only, so without a pass."""
        return quiz_tallies_of(self._chat.personas.find(run))

    def close(self, session_id: str) -> None:
        """Stop preparing questions."""
        session = self._sessions.pop(session_id, None)
        if session:
            session.closed.set()

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is None:
            raise RunError(_GONE)
        return session

    def _exchanges(self, run: str, turns: int) -> list[HeldOutExchange]:
        """Held-out exchanges whose replies can be asked about."""
        chosen = self._chat.personas.find(run)
        report = Datasets(self._home).report()
        trained_on = chosen.section("data").get("fingerprint")
        if report is None or report.fingerprint != trained_on:
            raise RunError(_OTHER_DATA)
        rows = read_rows(data_folder_of(chosen) / artifacts.VAL)
        return [
            exchange
            for exchange in held_out_exchanges(rows, turns)
            if all(map(is_askable, exchange.replies))
        ]

    def _next(self, access: AccessPass | None, session: _Session) -> Iterator[QuizStep]:
        session.asked = None
        self._prepare_ahead(access, session)
        future = session.upcoming[0]
        while not wait([future], timeout=_PULSE).done:
            yield QuizStep(note=_PREPARING)
        session.upcoming.remove(future)
        item = future.result()
        if item is None:
            yield QuizStep()
            return
        self._prepare_ahead(access, session)
        session.number += 1
        if not session.sides:
            session.sides = [number % SIDES for number in range(_BLOCK)]
            self._random.shuffle(session.sides)
        real_side = session.sides.pop()
        session.asked = item, real_side
        yield QuizStep(_question(item, real_side, session))

    def _prepare_ahead(self, access: AccessPass | None, session: _Session) -> None:
        while len(session.upcoming) < _AHEAD:
            session.upcoming.append(self._thread.submit(self._prepare, access, session))

    def _prepare(self, access: AccessPass | None, session: _Session) -> _QuizItem | None:
        """The next exchange with an imitation that matches; None if there are no more."""
        while session.exchanges and not session.closed.is_set():
            exchange = session.exchanges.pop()
            if session.shown & {(exchange.participant, text) for text in exchange.replies}:
                continue
            imitated = self._imitate(access, session, exchange)
            lean = lean_after(session.lean, exchange.replies, imitated)
            if imitated and match(exchange.replies, imitated) and abs(lean) <= MAX_LEAN:
                session.lean = lean
                for message in exchange.context[-_SHOWN_CONTEXT:]:
                    session.shown.add((message.name, message.content))
                return _QuizItem(exchange, imitated)
        return None

    def _imitate(
        self, access: AccessPass | None, session: _Session, exchange: HeldOutExchange
    ) -> tuple[str, ...]:
        """What the model writes in place of the replies; empty if nothing fits."""
        sampling = chat_sampling(self._home.settings().generation)
        reply_as = "" if session.persona.name else exchange.participant

        def use(
            model: ChatModel, cancelled: threading.Event
        ) -> Generator[tuple[str, ...], None, None]:
            yield _imitation(model, exchange, sampling, reply_as, session.lean, cancelled)

        imitated: tuple[str, ...] = ()
        values = self._chat.with_model(access, session.persona.run, use, lambda _: ())
        with closing(cast("Generator[tuple[str, ...], None, None]", values)):
            for value in values:
                imitated = value
                # An interpreter that ends waits for this thread.
                if session.closed.is_set() or not threading.main_thread().is_alive():
                    return ()
        return imitated


def _imitation(
    model: ChatModel,
    exchange: HeldOutExchange,
    sampling: Sampling,
    reply_as: str,
    lean: int,
    cancelled: threading.Event,
) -> tuple[str, ...]:
    said, replies = list(exchange.context), list[str]()
    for message in exchange.messages:
        if exchange.is_reply(message):
            drawn = model.draw_replies(
                said, sampling, count=_DRAWS, reply_as=reply_as, cancelled=cancelled
            )
            texts = (candidate.text.strip() for candidate in drawn if candidate.ended)
            text = nearest_in_length(message.content, texts, lean)
            if text is None:
                return ()
            replies.append(text)
            message = message._replace(content=text)
        said.append(message)
    return tuple(replies)


def _question(item: _QuizItem, real_side: int, session: _Session) -> QuizQuestion:
    exchange, imitated = item.exchange, iter(item.imitated)
    imitation = [
        message._replace(content=next(imitated)) if exchange.is_reply(message) else message
        for message in exchange.messages
    ]
    real = _lines(exchange.messages, session.persona)
    invented = _lines(imitation, session.persona)
    return QuizQuestion(
        session.number,
        _lines(exchange.context[-_SHOWN_CONTEXT:], session.persona),
        (real, invented) if real_side == 0 else (invented, real),
    )


def _lines(messages: Sequence[ChatMessage], persona: Persona) -> tuple[ChatLine, ...]:
    """Messages with the names of those who wrote them."""
    return tuple(
        ChatLine(
            message.name or (persona.name if message.role == "assistant" else OTHER_PERSON),
            message.content.strip(),
            from_user=message.role == "user",
        )
        for message in messages
    )
