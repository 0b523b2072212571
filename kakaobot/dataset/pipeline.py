"""One build of the training data: histories → turns → rows, and what became of the rest.

Rows are made while they are written and none is kept; turns lie on the disk. What is in memory is a
few bytes a turn: who says it, why it is not learnt, and which part it is in.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from kakaobot.base import resolve
from kakaobot.base.tokenizer import TokenizerInfo
from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.duplicates import overlapping_indices
from kakaobot.dataset.filter_report import FilterEffect, ReplySample
from kakaobot.dataset.filters import LEAKED, FilterRules, count_non_targets, filter_messages
from kakaobot.dataset.packing import pack, to_chat_message
from kakaobot.dataset.participant_stats import ENOUGH_REPLIES
from kakaobot.dataset.privacy import masker
from kakaobot.dataset.sessions import Sessions, merge_turns, split_sessions
from kakaobot.dataset.split import RoomSplit, Split
from kakaobot.dataset.stats import ActivityCounter
from kakaobot.dataset.style_report import ParticipantStyles
from kakaobot.dataset.target_selection import TargetSelection, TargetSelector
from kakaobot.dataset.token_counts import MessageSizes, RowStats
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.messages import sender_counts
from kakaobot.exports.participants import find_bots
from kakaobot.schema import Conversation, Message, Session, Turn
from kakaobot.settings import DataSettings, Settings

Item = TypeVar("Item")
Result = TypeVar("Result")
_AT_ONCE = 16_384
"""Turns whose tokens are counted together."""


class Pipeline:
    """`take` every history, `settle`, then read the `rows` of both parts; `report` is last."""

    def __init__(self, settings: Settings, base: TokenizerInfo, *, tokenizer: str) -> None:
        """`tokenizer`: what the base is called, for the report."""
        self._data = settings.data
        self._max_seq_len = resolve.max_seq_len(settings.training.max_seq_len, base.context)
        self._base = base
        self._tokenizer = tokenizer
        self._removed = Counter[str]()
        self._masked = Counter[str]()
        self._figures = ActivityCounter()
        self._voices = ParticipantStyles()
        self._messages = 0
        self._rooms: dict[str, Sessions] = {}
        self._sample = ReplySample(self._data.persona)
        self._judging = TargetSelector(rules_of(self._data, ()), persona=self._data.persona)
        self._judged: Mapping[str, TargetSelection] = {}
        self._effects: tuple[FilterEffect, ...] = ()
        self._shares: dict[str, RoomSplit] = {}
        self.people: tuple[str, ...] = ()
        """Who said something in words, most active first."""
        self.named = False
        """Whether a person's room shows names: where three or more talk."""
        self.measured: dict[Split, RowStats] = {}
        """Of the parts whose rows were read."""

    def take(self, history: RoomHistory) -> None:
        """Cut one room's history into turns and sessions; it is not kept."""
        data = self._data
        self._messages += len(history.messages)
        kept = filter_messages(history.messages, exclude=data.exclude_people, removed=self._removed)
        turns = turns_in(self._figures.passing(kept), data, masked=self._masked)
        room = str(len(self._rooms))
        senders = sender_counts(history.messages)
        turns = self._judging.passing(room, turns, find_bots(senders))
        people = [name for name, _ in senders.most_common() if name]
        turns = self._sample.passing(room, self._voices.passing(turns, people))
        gap = timedelta(minutes=data.session_gap_minutes)
        sessions = self._rooms[room] = Sessions(history.room)
        for session in split_sessions(history.room, turns, gap=gap):
            self._figures.add_session(session)
            sessions.add(session)

    def settle(self) -> None:
        """Decide what is learnt and what is kept for validation."""
        self.people = self._figures.people
        self.named = len(self.people) >= 3
        self._judged = self._judging.settle()
        self._effects = self._sample.effects(self._judged)
        self._shares = {
            room: RoomSplit.of(
                map(sessions.ends, range(len(sessions))),
                filter(self._may_be_learnt(room), range(sessions.count)),
                self._data.val_ratio,
            )
            for room, sessions in self._rooms.items()
        }
        self._unrepeat()

    def rows(self, part: Split) -> Iterator[Conversation]:
        """Each session of a part cut into rows. Reading them to the end fills `measured`."""
        measured = self.measured[part] = RowStats(self._base.renderer.lead_length)
        for some, sizes in _ahead(self._sizes, self._chunks(part)):
            for session, reasons in some:
                rows = list(self._cut(session, reasons, sizes))
                self._count_unlearnt(session.turns, rows, reasons)
                for row in rows:
                    measured.add(row, sizes)
                yield from rows

    def report(self) -> BuildReport:
        """What was made. `written_at`, `sources` and the fingerprint are the writer's."""
        train, val = self.measured["train"], self.measured["val"]
        few = train.replies < ENOUGH_REPLIES
        return BuildReport(
            room=self._data.room,
            persona=self._data.persona,
            people=self.people,
            named=self.named,
            messages=self._messages,
            removed=tuple(self._removed.most_common()),
            masked=tuple(self._masked.most_common()),
            sessions=sum(map(len, self._rooms.values())),
            turns=sum(len(sessions.turns) for sessions in self._rooms.values()),
            train_rows=train.rows,
            val_rows=val.rows,
            train_replies=train.replies,
            val_replies=val.replies,
            tokens=train.tokens,
            target_tokens=train.target_tokens,
            tokenizer=self._tokenizer,
            max_seq_len=self._max_seq_len,
            longest=train.longest,
            written_at="",
            fingerprint="",
            warning=(
                f"배울 대답이 {train.replies:,}개뿐입니다. {ENOUGH_REPLIES}개보다 적으면 같은 말을 "
                "되풀이하기 쉬우니, 더 긴 기간을 내보내거나 '방 전체'를 골라 보세요."
                if few
                else ""
            ),
            examples=(*train.examples("train"), *val.examples("val")),
            speeches=self._voices.speeches(self.people),
            figures=self._figures.figures(),
            lengths=train.histogram(self._max_seq_len),
            effects=self._effects,
            val_tokens=val.tokens,
        )

    def _chunks(self, part: Split) -> Iterator[list[_Reasoned]]:
        """A part's sessions, of about `_AT_ONCE` turns together; what has no target is counted."""
        some: list[_Reasoned] = []
        turns = 0
        for session, reasons in self._part(part):
            some.append((session, reasons))
            turns += len(session.turns)
            if turns >= _AT_ONCE:
                yield some
                some, turns = [], 0
        yield some

    def _part(self, part: Split) -> Iterator[_Reasoned]:
        for room in self._rooms:
            reasons, shares = self._judged[room].reasons, self._shares[room]
            for begin, end, session in self._sessions(room, part):
                if shares.targets(begin, end):
                    own = slice(*(each - begin for each in shares.within(part, begin, end)))
                    cut = Session(session.room, session.turns[own])
                    yield cut, _by_id(cut, reasons.part(begin, end)[own])
                else:
                    why = _by_id(session, reasons.part(begin, end))
                    self._count_unlearnt(session.turns, (), why)

    def _sessions(self, room: str, part: Split) -> Iterator[tuple[int, int, Session]]:
        """Those of a room with turns in a part: places of their first turns, ends, and they."""
        sessions = self._rooms[room]
        cut = self._shares[room].cut
        first = sessions.first_from(cut)
        numbers = range(first, len(sessions))
        if part == "train":
            goes_through = bool(numbers) and sessions.ends(first)[0] < cut
            numbers = range(first + goes_through)
        some = sessions.between(numbers.start, numbers.stop)
        for number, session in zip(numbers, some, strict=True):
            yield *sessions.ends(number), session

    def _sizes(self, some: Sequence[_Reasoned]) -> MessageSizes:
        persona, named = self._data.persona, self.named
        return MessageSizes(
            self._base.renderer,
            (
                to_chat_message(turn, persona=persona, named=named)
                for session, _ in some
                for turn in session.turns
            ),
        )

    def _cut(
        self, session: Session, reasons: Mapping[str, str], sizes: MessageSizes
    ) -> Iterable[Conversation]:
        return pack(
            session,
            persona=self._data.persona,
            named=self.named,
            learnable=lambda turn: turn.id not in reasons,
            length=sizes.tokens,
            max_tokens=self._max_seq_len - self._base.renderer.lead_length,
            context_turns=self._data.context_turns,
        )

    def _unrepeat(self) -> None:
        """What validation asks for is not learnt beforehand: near-duplicates leave training."""
        copied = overlapping_indices(self._long_texts("train"), self._long_texts("val"))
        places = (
            (room, place)
            for room in self._rooms
            for place in filter(self._may_be_learnt(room, "train"), self._judging.long.places(room))
        )
        # All are found before one is marked, since a mark changes what is told.
        for room, place in [each for number, each in enumerate(places) if number in copied]:
            self._judged[room].reasons.set(place, LEAKED)

    def _long_texts(self, part: Split) -> Iterator[str]:
        """Those that may be learnt in a part."""
        for room in self._rooms:
            may = self._may_be_learnt(room, part)
            yield from (text for place, text in self._judging.long.room_texts(room) if may(place))

    def _may_be_learnt(self, room: str, part: Split | None = None) -> Callable[[int], bool]:
        """Tells of a turn by its place whether it is a target, in a part or in any."""
        mine, reasons = self._rooms[room].sent_by(self._data.persona), self._judged[room].reasons
        if part is None:
            return lambda place: mine(place) and place not in reasons
        cut, training = self._shares[room].cut, part == "train"
        return lambda place: (place < cut) == training and mine(place) and place not in reasons

    def _count_unlearnt(
        self, turns: Sequence[Turn], rows: Sequence[Conversation], reasons: Mapping[str, str]
    ) -> None:
        self._removed.update(
            count_non_targets(turns, rows, persona=self._data.persona, reasons=reasons)
        )


_Reasoned = tuple[Session, dict[str, str]]
"""A session, and turn id → why a turn of it is not learnt."""


def _by_id(session: Session, reasons: Sequence[str]) -> dict[str, str]:
    return {turn.id: why for turn, why in zip(session.turns, reasons, strict=True) if why}


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


def rules_of(data: DataSettings, people: Iterable[str]) -> FilterRules:
    """What is not learnt of what these people say."""
    return FilterRules(
        bots=frozenset(find_bots(people)),
        min_chars=data.min_target_chars,
        low_signal_share=0 if data.drop_low_signal else data.low_signal_share,
    )


def turns_in(
    messages: Iterable[Message], data: DataSettings, *, masked: Counter[str] | None = None
) -> Iterator[Turn]:
    """The turns of one room, with what is private replaced; how often is added to `masked`."""
    return merge_turns(
        messages,
        merge_gap=timedelta(minutes=data.merge_gap_minutes),
        clean=masker(
            private=data.mask_private, urls=data.mask_urls, words=data.mask_words, counts=masked
        ),
    )
