"""Merges messages into turns and splits turns into sessions, by the silence between them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from itertools import islice

from kakaobot.dataset.privacy import masker
from kakaobot.disk_list import DiskBlocks
from kakaobot.schema import Message, Session, Turn
from kakaobot.settings import DataSettings

_BLOCK_TURNS = 4096
"""Turns written and read together."""


def masked_turns(
    messages: Iterable[Message], data: DataSettings, *, counts: Counter[str] | None = None
) -> Iterator[Turn]:
    """`merge_turns` with the settings' merge gap and PII masking.

    Args:
        messages: one room's messages in chronological order.
        data: settings to apply.
        counts: entity type → number of masked spans; updated during iteration.
    """
    return merge_turns(
        messages,
        merge_gap=timedelta(minutes=data.merge_gap_minutes),
        clean=masker(
            private=data.mask_private, urls=data.mask_urls, words=data.mask_words, counts=counts
        ),
    )


def merge_turns(
    messages: Iterable[Message],
    *,
    merge_gap: timedelta,
    clean: Callable[[str], str] = str,
) -> Iterator[Turn]:
    """Merge a sender's consecutive messages into turns.

    Args:
        messages: one room's messages in chronological order.
        merge_gap: longest pause between two messages of a turn.
        clean: applied to each message's text.
    """
    last: Turn | None = None
    for message in messages:
        text = clean(message.text.strip("\n"))
        if last and last.sender == message.sender and message.at - last.end <= merge_gap:
            gaps = (*last.gaps, int((message.at - last.end).total_seconds()))
            last = Turn(last.id, last.sender, (*last.lines, text), last.start, message.at, gaps)
        else:
            if last:
                yield last
            key = f"{message.file}:{message.line}"
            last = Turn(key, message.sender, (text,), message.at, message.at)
    if last:
        yield last


def split_sessions(room: str, turns: Iterable[Turn], *, gap: timedelta) -> Iterator[Session]:
    """Split turns wherever the silence is longer than `gap`."""
    session: list[Turn] = []
    for turn in turns:
        if session and turn.start - session[-1].end > gap:
            yield Session(room, tuple(session))
            session = []
        session.append(turn)
    if session:
        yield Session(room, tuple(session))


class Sessions(Iterable[Session]):
    """One room's sessions in chronological order, spilled to disk.

    Only the senders of the turns and the bounds of the sessions stay in memory. Turns are
    addressed by their position in the room.
    """

    def __init__(self, room: str) -> None:
        self.room = room
        self._blocks = DiskBlocks()
        self._block_starts = array("I", [0])
        """First session of each block, and of the pending sessions."""
        self._pending: list[Session] = []
        """Sessions not on disk yet."""
        self._pending_turns = 0
        self._sender_ids: dict[str, int] = {}
        self._senders = array("I")
        self._ends = array("Q", [0])

    def add(self, session: Session) -> None:
        """Append a session.

        Raises:
            DatasetError: the disk is full.
        """
        ids = self._sender_ids
        self._senders.extend(ids.setdefault(turn.sender, len(ids)) for turn in session.turns)
        self._ends.append(len(self._senders))
        self._pending.append(session)
        self._pending_turns += len(session.turns)
        if self._pending_turns >= _BLOCK_TURNS:
            self._blocks.add(_to_columns(self._pending))
            self._block_starts.append(len(self))
            self._pending, self._pending_turns = [], 0

    def __iter__(self) -> Iterator[Session]:
        return self.between(0, len(self))

    def between(self, first: int, stop: int) -> Iterator[Session]:
        """Sessions `first` to `stop` (exclusive); reads only the blocks that hold them."""
        if first >= stop:
            return
        block = bisect_right(self._block_starts, first) - 1
        skipped = first - self._block_starts[block]
        yield from islice(self._from_block(block), skipped, skipped + stop - first)

    def _from_block(self, block: int) -> Iterator[Session]:
        for number in range(block, len(self._blocks)):
            sizes, columns = self._blocks.read(number)
            turns = map(Turn._make, zip(*columns, strict=True))
            yield from (Session(self.room, tuple(islice(turns, size))) for size in sizes)
        yield from self._pending

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def senders(self) -> list[str]:
        """In the order of their first turn."""
        return list(self._sender_ids)

    @property
    def turns(self) -> Turns:
        return Turns(self)

    @property
    def turn_count(self) -> int:
        return self._ends[-1]

    def first_ending_after(self, position: int) -> int:
        """The first session with turns at or after this position."""
        return min(len(self), max(0, bisect_right(self._ends, position) - 1))

    def bounds(self, session: int) -> tuple[int, int]:
        """Positions of a session's first turn and of its end (exclusive)."""
        return self._ends[session], self._ends[session + 1]

    def sent_by(self, sender: str) -> Callable[[int], bool]:
        """Predicate on a turn's position; true for every turn if `sender` is empty."""
        sender_id, senders = self._sender_ids.get(sender, -1), self._senders
        return (lambda position: senders[position] == sender_id) if sender else lambda _: True


class Turns(Collection[Turn]):
    """Re-iterable view of all turns of a room's sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __iter__(self) -> Iterator[Turn]:
        return (turn for session in self._sessions for turn in session.turns)

    def __len__(self) -> int:
        return self._sessions.turn_count

    def __contains__(self, turn: object) -> bool:
        return any(other == turn for other in self)


def _to_columns(sessions: list[Session]) -> tuple[list[int], list[tuple[object, ...]]]:
    """Session sizes and the turns' columns: pickles smaller and twice as fast as turn by turn."""
    turns = [turn for session in sessions for turn in session.turns]
    return [len(session.turns) for session in sessions], list(zip(*turns, strict=True))
