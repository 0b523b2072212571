"""`ConversationStore`: the conversations that are kept, in SQLite.

The lines of a conversation form a tree, in which every line follows the one that it answers.
Another reply, or another message in the place of one, starts a branch. What is shown is the path to
one line, the leaf.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from kakaobot.atomic_io import parse_json
from kakaobot.chat import line_tree
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.store_file import StoreFile
from kakaobot.errors import ConversationError
from kakaobot.exports.unicode import to_nfc
from kakaobot.language import tr

_GONE = tr("이 대화는 다른 곳에서 지웠습니다. 목록을 새로 여세요.")
_SUMMARIES = """
    SELECT conversations.id, title, updated_at, name, text, from_user, written_at
    FROM conversations LEFT JOIN lines ON lines.id = leaf
    ORDER BY updated_at DESC, conversations.rowid DESC
"""
_NAMES = """
    SELECT conversation, name FROM lines WHERE NOT from_user AND name != ''
    GROUP BY conversation, name ORDER BY MIN(id)
"""


class ConversationGone(ConversationError):
    """There is no such conversation, or no longer."""

    def __init__(self) -> None:
        super().__init__(_GONE)


@dataclass(frozen=True)
class KeptLine:
    line: ChatLine
    written_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class ConversationSummary:
    """An entry of the list."""

    id: str
    title: str
    """As the user has named it; empty if not."""
    names: tuple[str, ...]
    """Who has replied."""
    last: KeptLine | None
    updated_at: float
    found: KeptLine | None = None
    """The last line with the first word that was searched for, if any."""


@dataclass(frozen=True)
class KeptConversation:
    id: str
    title: str
    setup: Mapping[str, object]
    """With whom it was held, as its caller names it."""
    lines: tuple[KeptLine, ...]
    """The path that was shown last."""
    branch: int
    """Number of the branch that the path is on, from 1; 0 without lines."""
    branches: int


class ConversationStore:
    """Usable in several threads and processes.

    Args:
        folder: of the file; created at the first line.
        clock: seconds since the epoch.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = StoreFile(folder)
        self._clock = clock

    def search(self, query: str = "") -> list[ConversationSummary]:
        """The conversations, the one that was changed last first.

        Args:
            query: words, all of which occur in the title, the names or the texts, on any branch.

        Raises:
            ConversationError: the file cannot be read, as in all methods.
        """
        words = _folded(_clean(query)).split()
        with self._file.read() as database:
            rows = database.execute(_SUMMARIES).fetchall()
            names: dict[str, list[str]] = {}
            for id, name in database.execute(_NAMES):
                names.setdefault(id, []).append(name)
            found = _search(database, words)
        summaries = [
            ConversationSummary(
                id,
                title,
                tuple(names.get(id, ())),
                None if text is None else _kept_line(name, text, from_user, written_at),
                updated_at,
                found.get(id),
            )
            for id, title, updated_at, name, text, from_user, written_at in rows
        ]
        return [summary for summary in summaries if not words or summary.id in found]

    def last(self) -> str:
        """Id of the conversation that was changed last; empty if there is none."""
        with self._file.read() as database:
            rows = database.execute(f"{_SUMMARIES} LIMIT 1").fetchall()
        return rows[0][0] if rows else ""

    def open(self, id: str) -> KeptConversation:
        """The conversation with the path that was shown last.

        Raises:
            ConversationGone: there is none with this id.
        """
        with self._file.read() as database:
            title, setup, leaf = _conversation(database, id)
            lines = tuple(_kept_line(*row[1:]) for row in line_tree.path(database, leaf))
            branch, branches = line_tree.branch_of(database, id, leaf)
        return KeptConversation(id, title, _parse_setup(setup), lines, branch, branches)

    def save(self, id: str, lines: Sequence[ChatLine], setup: Mapping[str, object]) -> str:
        """Show these lines from now on, and add those that are new.

        Where they leave the path that was shown last, they start a branch, or go on with one.

        Args:
            id: of the conversation; empty for a new one.
            lines: all of them, from the first one.
            setup: with whom it is held.

        Returns:
            Its id; empty if there is nothing to keep.

        Raises:
            ConversationGone: it was deleted.
        """
        if not (id or lines):
            return ""
        cleaned = [ChatLine(_clean(line.name), _clean(line.text), line.from_user) for line in lines]
        with self._file.write() as database:
            if not id:
                id = secrets.token_hex(8)
                row = (id, "", "{}", None, self._clock())
                database.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", row)
            _, _, leaf = _conversation(database, id)
            new_leaf = self._extend(database, id, leaf, cleaned)
            values = (new_leaf, _clean(json.dumps(dict(setup), ensure_ascii=False)), id)
            database.execute("UPDATE conversations SET leaf = ?, setup = ? WHERE id = ?", values)
            if new_leaf != leaf:
                self._touch(database, id)
        return id

    def rename(self, id: str, title: str) -> None:
        """Set the title; an empty one removes it."""
        with self._file.write(erases=True) as database:
            _conversation(database, id)
            values = (_clean(title), id)
            database.execute("UPDATE conversations SET title = ? WHERE id = ?", values)

    def drop_after(self, id: str, count: int) -> None:
        """Delete for good what follows the first `count` lines of the path, on all its branches."""
        with self._file.write(erases=True) as database:
            _, _, leaf = _conversation(database, id)
            path = [number for number, *_ in line_tree.path(database, leaf)]
            if count < len(path):
                values = (path[count - 1] if count else None, id)
                database.execute("UPDATE conversations SET leaf = ? WHERE id = ?", values)
                line_tree.delete_from(database, path[count])
                self._touch(database, id)

    def show_branch(self, id: str, number: int) -> None:
        """Show another branch from now on; numbers beyond the last one count from the first."""
        with self._file.write() as database:
            _conversation(database, id)
            leaves = line_tree.leaves(database, id)
            if leaves:
                values = (leaves[(number - 1) % len(leaves)], id)
                database.execute("UPDATE conversations SET leaf = ? WHERE id = ?", values)

    def delete(self, id: str) -> None:
        """Delete a conversation for good."""
        with self._file.write(erases=True) as database:
            _conversation(database, id)
            database.execute("UPDATE conversations SET leaf = NULL WHERE id = ?", (id,))
            database.execute("DELETE FROM lines WHERE conversation = ?", (id,))
            database.execute("DELETE FROM conversations WHERE id = ?", (id,))

    def _extend(
        self, database: sqlite3.Connection, id: str, leaf: int | None, lines: Sequence[ChatLine]
    ) -> int | None:
        """Add what is new of a path; returns its last line."""
        shown = line_tree.path(database, leaf)
        pairs = zip(shown, lines, strict=False)
        common = list(takewhile(lambda pair: _kept_line(*pair[0][1:]).line == pair[1], pairs))
        last = common[-1][0][0] if common else None
        for line in lines[len(common) :]:
            last = self._follow(database, id, last, line)
        return last

    def _follow(
        self, database: sqlite3.Connection, id: str, parent: int | None, line: ChatLine
    ) -> int:
        """The line below a parent, added if it is new."""
        values = (id, parent, line.name, line.text, line.from_user)
        row = database.execute(
            "SELECT id FROM lines WHERE conversation = ? AND parent IS ? AND name = ?"
            " AND text = ? AND from_user = ?",
            values,
        ).fetchone()
        if row:
            return int(row[0])
        cursor = database.execute(
            "INSERT INTO lines (conversation, parent, name, text, from_user, written_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*values, self._clock()),
        )
        return int(cursor.lastrowid or 0)

    def _touch(self, database: sqlite3.Connection, id: str) -> None:
        values = (self._clock(), id)
        database.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", values)


def _conversation(database: sqlite3.Connection, id: str) -> tuple[str, str, int | None]:
    """Title, setup and leaf.

    Raises:
        ConversationGone: there is none with this id.
    """
    query = "SELECT title, setup, leaf FROM conversations WHERE id = ?"
    row = database.execute(query, (id,)).fetchone()
    if row is None:
        raise ConversationGone
    title, setup, leaf = row
    return title, setup, leaf


def _search(database: sqlite3.Connection, words: Sequence[str]) -> dict[str, KeptLine | None]:
    """Id → the last line with the first word, for the conversations with all words."""
    if not words:
        return {}
    database.create_function("holds", 2, lambda text, word: word in _folded(text))
    found: dict[str, KeptLine | None] = {}
    for number, word in enumerate(words):
        query = (
            "SELECT conversation, MAX(id), name, text, from_user, written_at FROM lines"
            " WHERE holds(text, ?) GROUP BY conversation"
        )
        lines = {id: _kept_line(*line) for id, _, *line in database.execute(query, (word,))}
        query = (
            "SELECT id FROM conversations WHERE holds(title, ?) UNION"
            " SELECT conversation FROM (SELECT DISTINCT conversation, name FROM lines)"
            " WHERE holds(name, ?)"
        )
        named = {id for (id,) in database.execute(query, (word, word))}
        if not number:
            found = dict.fromkeys(named) | lines
        else:
            found = {id: line for id, line in found.items() if id in named or id in lines}
    return found


def _kept_line(name: str, text: str, from_user: int, written_at: float) -> KeptLine:
    return KeptLine(ChatLine(name, text, bool(from_user)), written_at)


def _parse_setup(text: str) -> Mapping[str, object]:
    try:
        setup = parse_json(text)
    except ValueError:
        return {}
    return setup if isinstance(setup, dict) else {}


def _folded(text: str) -> str:
    return to_nfc(text).casefold()


def _clean(text: str) -> str:
    """Text that SQLite can hold: without halves of surrogate pairs."""
    return text.encode(errors="replace").decode()
