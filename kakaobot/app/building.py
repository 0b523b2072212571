"""One build of the training data: histories → turns → rows, and what became of the rest.

Rows are made while they are written and none is kept: what stays in memory is the turns.
"""

from __future__ import annotations

import gc
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from typing import TypeVar

from kakaobot.app.effects import effects
from kakaobot.app.measuring import Measured, Sizes
from kakaobot.app.report import Report, Split
from kakaobot.app.voices import speeches
from kakaobot.base.text import BaseText
from kakaobot.dataset.build import conversations, message_of, split
from kakaobot.dataset.duplicates import overlapping
from kakaobot.dataset.figures import FigureCounts
from kakaobot.dataset.filters import Judgement, Rules, judge, keep, unlearnt
from kakaobot.dataset.privacy import masker
from kakaobot.dataset.sessions import sessions_of, turns_of
from kakaobot.dataset.speakers import ENOUGH
from kakaobot.exports.merge import History
from kakaobot.exports.people import bots
from kakaobot.records import Conversation, Message, Session, Turn
from kakaobot.settings import DataSettings, Settings

Item = TypeVar("Item")
Result = TypeVar("Result")
SEEN = "검증에 쓰는 말과 거의 같은 말"
_AT_ONCE = 16_384
"""Turns whose tokens are counted together."""


class Build:
    """`take` every history, `settle`, then read the `rows` of both parts; `report` is last."""

    def __init__(self, settings: Settings, base: BaseText, *, tokenizer: str) -> None:
        """`tokenizer`: what the base is called, for the report."""
        self._data = settings.data
        self._max_seq_len = min(settings.training.max_seq_len, base.context)
        self._base = base
        self._tokenizer = tokenizer
        self._removed = Counter[str]()
        self._masked = Counter[str]()
        self._figures = FigureCounts()
        self._messages = 0
        self._rooms: dict[str, list[Session]] = {}
        self._judged: Mapping[str, Judgement] = {}
        self._reasons: dict[str, dict[str, str]] = {}
        self._parts: dict[Split, dict[str, list[Session]]] = {"train": {}, "val": {}}
        self.people: tuple[str, ...] = ()
        """Who said something in words, most active first."""
        self.named = False
        """Whether a person's room shows names: where three or more talk."""
        self.measured: dict[Split, Measured] = {}
        """Of the parts whose rows were read."""

    def take(self, history: History) -> None:
        """Cut one room's history into turns and sessions; it is not kept."""
        data = self._data
        self._messages += len(history.messages)
        kept = keep(history.messages, exclude=data.exclude_people, removed=self._removed)
        turns = turns_in(self._figures.passing(kept), data, masked=self._masked)
        sessions = sessions_of(history.room, turns, gap=timedelta(minutes=data.session_gap_minutes))
        self._figures.add_sessions(sessions)
        self._rooms[str(len(self._rooms))] = sessions

    def settle(self) -> None:
        """Decide what is learnt and what is kept for validation."""
        self.people = self._figures.people
        self.named = len(self.people) >= 3
        rules = rules_of(self._data, self.people)
        turns = {room: list(_turns(sessions)) for room, sessions in self._rooms.items()}
        self._judged = judge(turns, rules, persona=self._data.persona)
        self._reasons = {room: dict(told.reasons) for room, told in self._judged.items()}
        for room, sessions in self._rooms.items():
            train, val = self._split(room, sessions)
            self._parts["train"][room], self._parts["val"][room] = train, val
            self._count_unspoken(room, sessions)
        self._unrepeat()

    def rows(self, part: Split) -> Iterator[Conversation]:
        """Each session of a part cut into rows. Reading them to the end fills `measured`."""
        measured = self.measured[part] = Measured(self._base.renderer.lead_length)
        chunks = (
            (room, some)
            for room, sessions in self._parts[part].items()
            for some in _chunks(sessions)
        )
        for (room, some), sizes in _ahead(lambda chunk: self._sizes(chunk[1]), chunks):
            for session in some:
                rows = list(self._cut(room, session, sizes))
                self._count_unlearnt(room, session.turns, rows)
                for row in rows:
                    measured.add(row, sizes)
                yield from rows

    def _sizes(self, sessions: Iterable[Session]) -> Sizes:
        persona, named = self._data.persona, self.named
        messages = (message_of(t, persona=persona, named=named) for t in _turns(sessions))
        return Sizes(self._base.renderer, messages)

    def report(self) -> Report:
        """What was made. `written_at`, `sources` and the fingerprint are the writer's."""
        train, val = self.measured["train"], self.measured["val"]
        sessions = list(chain.from_iterable(self._rooms.values()))
        few = train.replies < ENOUGH
        return Report(
            room=self._data.room,
            persona=self._data.persona,
            people=self.people,
            named=self.named,
            messages=self._messages,
            removed=tuple(self._removed.most_common()),
            masked=tuple(self._masked.most_common()),
            sessions=len(sessions),
            turns=sum(len(session.turns) for session in sessions),
            train_rows=train.rows,
            val_rows=val.rows,
            train_replies=train.replies,
            val_replies=val.replies,
            tokens=train.tokens,
            learnt_tokens=train.learnt,
            tokenizer=self._tokenizer,
            max_seq_len=self._max_seq_len,
            longest=train.longest,
            written_at="",
            fingerprint="",
            warning=(
                f"배울 대답이 {train.replies:,}개뿐입니다. {ENOUGH}개보다 적으면 같은 말을 "
                "되풀이하기 쉬우니, 더 긴 기간을 내보내거나 '방 전체'를 골라 보세요."
                if few
                else ""
            ),
            examples=(*train.examples("train"), *val.examples("val")),
            speeches=speeches(sessions, self.people),
            figures=self._figures.figures(),
            lengths=train.histogram(self._max_seq_len),
            effects=effects(self._rooms, self._judged, persona=self._data.persona),
            val_tokens=val.tokens,
        )

    def _cut(self, room: str, session: Session, sizes: Sizes) -> Iterable[Conversation]:
        reasons = self._reasons[room]
        return conversations(
            session,
            persona=self._data.persona,
            named=self.named,
            learnable=lambda turn: turn.id not in reasons,
            length=sizes.tokens,
            max_tokens=self._max_seq_len - self._base.renderer.lead_length,
            context_turns=self._data.context_turns,
        )

    def _split(self, room: str, sessions: Sequence[Session]) -> tuple[list[Session], list[Session]]:
        """A person's sessions alone are split, so that validation holds their share of replies."""
        spoken = [each for each in sessions if any(self._target(room, t) for t in each.turns)]
        if not spoken:
            return [], []
        return split(spoken, self._data.val_ratio, lambda turn: self._target(room, turn))

    def _target(self, room: str, turn: Turn) -> bool:
        return self._data.persona in ("", turn.sender) and turn.id not in self._reasons[room]

    def _unrepeat(self) -> None:
        """What validation asks for is not learnt beforehand: near-duplicates leave training."""
        told = {
            part: [
                (room, turn)
                for room, sessions in rooms.items()
                for turn in _turns(sessions)
                if self._target(room, turn)
            ]
            for part, rooms in self._parts.items()
        }
        texts = {part: [turn.text for _, turn in turns] for part, turns in told.items()}
        for place in overlapping(texts["train"], texts["val"]):
            room, turn = told["train"][place]
            self._reasons[room][turn.id] = SEEN

    def _count_unspoken(self, room: str, sessions: Sequence[Session]) -> None:
        """Sessions without a target are in no part."""
        for session in sessions:
            if not any(self._target(room, turn) for turn in session.turns):
                self._count_unlearnt(room, session.turns, ())

    def _count_unlearnt(
        self, room: str, turns: Sequence[Turn], rows: Sequence[Conversation]
    ) -> None:
        self._removed.update(
            unlearnt(turns, rows, persona=self._data.persona, reasons=self._reasons[room])
        )


@contextmanager
def without_collecting() -> Iterator[None]:
    """No search for cycles meanwhile: it would look at a million turns again and again for none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _turns(sessions: Iterable[Session]) -> Iterator[Turn]:
    return (turn for session in sessions for turn in session.turns)


def _chunks(sessions: Iterable[Session]) -> Iterator[list[Session]]:
    """Sessions of about `_AT_ONCE` turns together."""
    some: list[Session] = []
    turns = 0
    for session in sessions:
        some.append(session)
        turns += len(session.turns)
        if turns >= _AT_ONCE:
            yield some
            some, turns = [], 0
    yield some


def _ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item and what the work made of it, which goes on while the one before is used."""
    with ThreadPoolExecutor(1) as thread:
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        for item in items:
            waiting.append((item, thread.submit(work, item)))
            if len(waiting) == 2:
                before, result = waiting.popleft()
                yield before, result.result()
        while waiting:
            before, result = waiting.popleft()
            yield before, result.result()


def rules_of(data: DataSettings, people: Iterable[str]) -> Rules:
    """What is not learnt of what these people say."""
    return Rules(
        bots=frozenset(bots(people)),
        min_chars=data.min_target_chars,
        low_signal_share=0 if data.drop_low_signal else data.low_signal_share,
    )


def turns_in(
    messages: Iterable[Message], data: DataSettings, *, masked: Counter[str] | None = None
) -> list[Turn]:
    """The turns of one room, with what is private replaced; how often is added to `masked`."""
    return turns_of(
        messages,
        merge_gap=timedelta(minutes=data.merge_gap_minutes),
        clean=masker(
            private=data.mask_private, urls=data.mask_urls, words=data.mask_words, counts=masked
        ),
    )
