"""Messages → turns → sessions, by the silence between them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from itertools import islice

from kakaobot.disk_list import DiskBlocks
from kakaobot.schema import Message, Session, Turn

_AT_ONCE = 4096
"""Turns that are written and read together."""


def merge_turns(
    messages: Iterable[Message],
    *,
    merge_gap: timedelta,
    clean: Callable[[str], str] = str,
) -> Iterator[Turn]:
    """One room's messages in time order → turns.

    A speaker's next message joins the turn when it comes within `merge_gap` of the one before and
    nobody spoke between.
    """
    last: Turn | None = None
    for message in messages:
        text = clean(message.text.strip("\n"))
        if last and last.sender == message.sender and message.at - last.end <= merge_gap:
            last = Turn(last.id, last.sender, (*last.lines, text), last.start, message.at)
        else:
            if last:
                yield last
            key = f"{message.file}:{message.line}"
            last = Turn(key, message.sender, (text,), message.at, message.at)
    if last:
        yield last


def split_sessions(room: str, turns: Iterable[Turn], *, gap: timedelta) -> Iterator[Session]:
    """Cut where nobody spoke for longer than `gap`. Every turn is in exactly one session."""
    session: list[Turn] = []
    for turn in turns:
        if session and turn.start - session[-1].end > gap:
            yield Session(room, tuple(session))
            session = []
        session.append(turn)
    if session:
        yield Session(room, tuple(session))


class Sessions(Iterable[Session]):
    """One room's sessions in time order, read as often as wanted. On the disk, where they are many.

    In memory are who says each turn, and where each session ends.
    """

    def __init__(self, room: str) -> None:
        self.room = room
        self._blocks = DiskBlocks()
        self._starts = array("I", [0])
        """The first session of each block, and of what is not written yet."""
        self._open: list[Session] = []
        self._waiting = 0
        """Turns of those."""
        self._names: dict[str, int] = {}
        self._senders = array("I")
        self._ends = array("Q", [0])

    def add(self, session: Session) -> None:
        """The next one; raises DatasetError where the disk is full."""
        names = self._names
        self._senders.extend(names.setdefault(turn.sender, len(names)) for turn in session.turns)
        self._ends.append(len(self._senders))
        self._open.append(session)
        self._waiting += len(session.turns)
        if self._waiting >= _AT_ONCE:
            self._blocks.add(_packed(self._open))
            self._starts.append(len(self))
            self._open, self._waiting = [], 0

    def __iter__(self) -> Iterator[Session]:
        return self.between(0, len(self))

    def between(self, first: int, stop: int) -> Iterator[Session]:
        """Some in a row; no others are read than those that were written together with them."""
        if first >= stop:
            return
        block = bisect_right(self._starts, first) - 1
        skipped = first - self._starts[block]
        yield from islice(self._from(block), skipped, skipped + stop - first)

    def _from(self, block: int) -> Iterator[Session]:
        for number in range(block, len(self._blocks)):
            sizes, columns = self._blocks.read(number)
            turns = map(Turn._make, zip(*columns, strict=True))
            yield from (Session(self.room, tuple(islice(turns, size))) for size in sizes)
        yield from self._open

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def people(self) -> list[str]:
        """Who says something, in the order of the first word."""
        return list(self._names)

    @property
    def turns(self) -> Turns:
        return Turns(self)

    @property
    def count(self) -> int:
        """Turns of all sessions."""
        return self._ends[-1]

    def first_from(self, place: int) -> int:
        """The first session that has turns from this place on."""
        return min(len(self), max(0, bisect_right(self._ends, place) - 1))

    def ends(self, session: int) -> tuple[int, int]:
        """The place of a session's first turn among all, and the one behind its last."""
        return self._ends[session], self._ends[session + 1]

    def sent_by(self, sender: str) -> Callable[[int], bool]:
        """Tells of a turn by its place whether it is this person's; of every one for nobody's."""
        number, senders = self._names.get(sender, -1), self._senders
        return (lambda place: senders[place] == number) if sender else lambda place: True


class Turns(Collection[Turn]):
    """All turns of some sessions, read as often as wanted."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __iter__(self) -> Iterator[Turn]:
        return (turn for session in self._sessions for turn in session.turns)

    def __len__(self) -> int:
        return self._sessions.count

    def __contains__(self, turn: object) -> bool:
        return any(each == turn for each in self)


def _packed(sessions: list[Session]) -> tuple[list[int], list[tuple[object, ...]]]:
    """Sizes, and all turns by columns: half the time and less to write than turn by turn."""
    turns = [turn for session in sessions for turn in session.turns]
    return [len(session.turns) for session in sessions], list(zip(*turns, strict=True))
