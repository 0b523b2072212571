"""What users say about replies, in SQLite: the rows of `data/feedback/feedback.db`.

Words are kept as they were said; `dataset/corrections.py` masks them when they are learned. A row
is written or deleted as a whole, so a kill loses at most the one being written. Every change waits
for its turn, so that one program writes at a time. No torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from kakaobot.atomic_io import parse_json
from kakaobot.errors import DatasetError
from kakaobot.language import tr
from kakaobot.runs.log import now_text

FeedbackKind = Literal["good", "bad", "edit", "never"]
"""👍, 👎, 이 사람이라면 이렇게, 이 말은 하지 마."""

FEEDBACK_FOLDER = "data/feedback"
"""Within the home."""
_FILE = "feedback.db"
_TIMEOUT = 10.0
"""Seconds to wait for another program that is writing."""
_MAX_LINES = 64
"""Last lines of a conversation that are kept before a reply."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reply_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    run TEXT NOT NULL,
    adapter TEXT NOT NULL,
    step INTEGER,
    room TEXT NOT NULL,
    persona TEXT NOT NULL,
    user_name TEXT NOT NULL,
    context TEXT NOT NULL,
    name TEXT NOT NULL,
    reply TEXT NOT NULL,
    wanted TEXT NOT NULL
)
"""


class SaidLine(NamedTuple):
    """One message of a conversation, as it was said."""

    name: str
    text: str
    from_user: bool


@dataclass(frozen=True)
class FeedbackEntry:
    """One reply and what a user said about it."""

    kind: FeedbackKind
    run: str
    adapter: str
    """`best` or `latest`."""
    step: int | None
    """Of the adapter."""
    room: str
    """Of the run; empty for all rooms."""
    persona: str
    """Of the run; empty for the whole room."""
    user_name: str
    """The participant the user wrote as; empty for none."""
    context: tuple[SaidLine, ...]
    """The conversation before the reply."""
    name: str
    """Who replied."""
    reply: str
    """Bubbles, one per line."""
    wanted: str = ""
    """The reply the person would have given; empty unless `kind` is `edit`."""
    at: str = field(default_factory=now_text)
    """ISO time."""
    id: int = 0
    """0 before it is stored."""


class FeedbackStore:
    """The feedback of one home. Readable by its owner only.

    Raises:
        DatasetError: from every method: the file is damaged, or cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / _FILE

    def add(self, entry: FeedbackEntry) -> int:
        """Store an entry, in place of an earlier one about the same reply. Returns its id."""
        with self._open() as database, database:
            database.execute("DELETE FROM feedback WHERE reply_key = ?", (_reply_key(entry),))
            cursor = database.execute(
                "INSERT INTO feedback (reply_key, kind, at, run, adapter, step, room, persona,"
                " user_name, context, name, reply, wanted)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _values(entry),
            )
            return int(cursor.lastrowid or 0)

    def entries(self) -> list[FeedbackEntry]:
        """Every entry, oldest first."""
        if not self._file.exists():
            return []
        with self._open() as database:
            return [_entry(row) for row in database.execute("SELECT * FROM feedback ORDER BY id")]

    def find(self, entry_id: int) -> FeedbackEntry:
        """One entry.

        Raises:
            DatasetError: there is none with that id.
        """
        entry = next((entry for entry in self.entries() if entry.id == entry_id), None)
        if entry is None:
            raise DatasetError(
                tr("{entry_id}번 고친 말이 없습니다. 목록을 새로 고쳐 확인하세요.").format(
                    entry_id=entry_id
                )
            )
        return entry

    def delete(self, entry_id: int) -> None:
        """Delete an entry for good: SQLite overwrites its bytes."""
        self.find(entry_id)
        with self._open() as database:
            with database:
                database.execute("DELETE FROM feedback WHERE id = ?", (entry_id,))
            database.execute("VACUUM")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its journal the mode of the file.
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
            with contextlib.closing(sqlite3.connect(self._file, timeout=_TIMEOUT)) as database:
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA secure_delete = ON")
                database.execute(_SCHEMA)
                yield database
        except sqlite3.OperationalError as error:
            raise DatasetError(
                tr(
                    "고친 말을 {file} 에 적거나 읽지 못했습니다. 디스크에 자리가 있는지, 다른 "
                    "프로그램이 그 파일을 쓰고 있지 않은지 확인하고 다시 해 주세요. ({error})"
                ).format(file=self._file, error=error)
            ) from error
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
            raise DatasetError(
                tr(
                    "고친 말을 적어 둔 파일 {file} 이 손상되었습니다. 다른 곳으로 옮기면 새로 "
                    "만듭니다."
                ).format(file=self._file)
            ) from error


def _reply_key(entry: FeedbackEntry) -> str:
    """Identifies a reply: said there, by this run."""
    said = [entry.run, entry.name, entry.reply, [list(line) for line in entry.context]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _values(entry: FeedbackEntry) -> tuple[object, ...]:
    """Without the id."""
    return (
        *(_reply_key(entry), entry.kind, entry.at, entry.run, entry.adapter, entry.step),
        *(entry.room, entry.persona, entry.user_name),
        json.dumps([list(line) for line in entry.context[-_MAX_LINES:]], ensure_ascii=False),
        *(entry.name, entry.reply, entry.wanted),
    )


def _entry(row: sqlite3.Row) -> FeedbackEntry:
    """A row as it was stored.

    Raises:
        ValueError, TypeError: another program has written it.
    """
    values = dict(row)
    del values["reply_key"]
    context = tuple(
        SaidLine(str(name), str(text), bool(from_user))
        for name, text, from_user in parse_json(values.pop("context"))
    )
    if values["kind"] not in get_args(FeedbackKind):
        raise ValueError(f"unknown kind {values['kind']!r}")
    return FeedbackEntry(**values, context=context)
