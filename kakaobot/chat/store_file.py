"""The SQLite file of the kept conversations: its schema, its modes, and how it fails.

It has a connection only during a call, so that several processes share it, and its journal is
deleted with every change. What is deleted is overwritten.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from kakaobot.atomic_io import folder_is_full, retry_rename
from kakaobot.errors import ConversationError
from kakaobot.language import tr
from kakaobot.os_errors import os_error_message

FILE_NAME = "chats.sqlite3"
_ASIDE_NAME = "damaged-{time}{number}.sqlite3"
_BUSY_SECONDS = 10.0
_APPLICATION_ID = 0x6B616B61
_MIGRATIONS = (
    """
    CREATE TABLE conversations (
      id TEXT PRIMARY KEY,
      title TEXT NOT NULL,
      setup TEXT NOT NULL,
      leaf INTEGER REFERENCES lines,
      updated_at REAL NOT NULL
    );
    CREATE TABLE lines (
      id INTEGER PRIMARY KEY,
      conversation TEXT NOT NULL REFERENCES conversations,
      parent INTEGER REFERENCES lines,
      name TEXT NOT NULL,
      text TEXT NOT NULL,
      from_user INTEGER NOT NULL,
      written_at REAL NOT NULL
    );
    CREATE INDEX lines_by_parent ON lines (conversation, parent);
    CREATE INDEX lines_by_name ON lines (conversation, from_user, name);
    CREATE INDEX parents ON lines (parent);
    """,
)
"""Scripts from each version of the schema to the next one; the first is of an empty file."""
_COLUMNS = (
    "SELECT id, title, setup, leaf, updated_at FROM conversations LIMIT 0",
    "SELECT id, conversation, parent, name, text, from_user, written_at FROM lines LIMIT 0",
)

_FULL = tr("디스크에 자리가 없습니다. 공간을 비우면 다음 말부터 다시 저장합니다.")
_READ_ONLY = tr("'{folder}' 에 쓸 권한이 없습니다. 폴더와 그 안의 파일의 권한을 확인하세요.")
_BUSY = tr("다른 창이나 명령이 대화 파일을 쓰고 있습니다. 잠시 뒤에 다시 하세요.")
_UNKNOWN = tr("대화를 저장하는 '{file}' 을(를) 읽거나 쓰지 못했습니다. 디스크를 확인하세요.")
_NEWER = tr(
    "저장한 대화는 더 새로운 카카오봇이 쓴 것이라 이 카카오봇은 읽을 수 없습니다. 새 판을 받으세요."
)
_SET_ASIDE = tr(
    "저장한 대화의 파일이 망가져 있어 '{aside}' (으)로 옮겨 두고 새로 시작했습니다. 예전 대화는 그 "
    "파일에만 남아 있습니다."
)
_DAMAGED = tr(
    "저장한 대화의 파일 '{file}' 이(가) 망가져 있습니다. 다른 곳으로 옮기면 새로 시작합니다."
)


def store_places(folder: Path) -> list[Path]:
    """The file of the conversations, its journal first, and damaged ones that were set aside."""
    aside = _ASIDE_NAME.format(time="*", number="")
    found = {*folder.glob(f"{FILE_NAME}*"), *folder.glob(f"{aside}*")}
    return sorted(found, reverse=True)


class StoreDamaged(ConversationError):
    """The file was damaged and has been set aside: the next call starts with an empty one."""


class _Unusable(Exception):
    """The file is no database of ours, or no longer one."""


class StoreFile:
    """Opens the file for one transaction at a time. Usable in several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self._checked: tuple[int, int] | None = None
        """Device and inode of the file that was last found intact."""
        self._has_traces = False
        """Whether what was deleted may have left traces that `_rebuild` removes."""

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that only reads. A missing file is empty and is not created.

        Raises:
            ConversationError: the file cannot be read.
        """
        with self._failures_named():
            is_empty = not (self._file.exists() and self._file.stat().st_size)
            with closing(_empty() if is_empty else self._connect()) as database:
                database.execute("BEGIN")
                yield database

    @contextmanager
    def write(self, *, erases: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed unless an error leaves the block.

        Args:
            erases: rewrite the file afterwards. SQLite overwrites what is deleted, but not copies
                that stayed in the gaps of its pages when rows moved between them.

        Raises:
            ConversationError: the file cannot be written.
        """
        with self._failures_named():
            self._create()
            with closing(self._connect()) as database:
                with _transaction(database):
                    yield database
                if erases or self._has_traces:
                    self._rebuild(database)

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino

    def _create(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _restrict(self._folder, 0o700)
        if not self._file.exists():
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        # The journal gets the mode of the file.
        _restrict(self._file, 0o600)

    def _connect(self) -> sqlite3.Connection:
        address = f"{self._file.absolute().as_uri()}?mode=rw"
        database = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            database.text_factory = lambda data: data.decode(errors="replace")
            database.execute("PRAGMA secure_delete = ON")
            # Nothing is spilled into the temporary folder of the system.
            database.execute("PRAGMA temp_store = MEMORY")
            database.execute("PRAGMA foreign_keys = ON")
            self._check(database)
        except BaseException:
            database.close()
            raise
        return database

    def _check(self, database: sqlite3.Connection) -> None:
        """Bring the schema up to date; check the whole file when it is first opened."""
        identity = self._identity()
        if identity != self._checked:
            [problem] = database.execute("PRAGMA integrity_check(1)").fetchone()
            if problem != "ok":
                raise _Unusable(problem)
        if _version(database) != len(_MIGRATIONS):
            # A newer file is not written to, not even locked.
            _check_owner(database)
            _migrate(database)
        if identity != self._checked:
            try:
                for query in _COLUMNS:
                    database.execute(query)
            except sqlite3.OperationalError as error:
                raise _Unusable(str(error)) from error
        self._checked = identity

    def _rebuild(self, database: sqlite3.Connection) -> None:
        self._has_traces = True
        # On a full disk, or beside another process, at the next change.
        with suppress(sqlite3.OperationalError):
            database.execute("VACUUM")
            self._has_traces = False

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        """Raise errors of the file as sentences."""
        before = self._identity()
        try:
            yield
        except OSError as error:
            raise ConversationError(os_error_message(error)) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError, _Unusable) as error:
            # SQLite raises the base class itself for a file that is damaged or no database, and
            # Python cannot decode a message that quotes the damage.
            if (
                isinstance(error, sqlite3.DatabaseError)
                and type(error) is not sqlite3.DatabaseError
            ):
                raise ConversationError(self._sentence(str(error))) from error
            # Unless another process has done so meanwhile.
            is_same = before in (None, self._identity())
            raise (self._set_aside() if is_same else ConversationError(_BUSY)) from error

    def _set_aside(self) -> ConversationError:
        """Rename the damaged file; returns what to tell the user."""
        number, stamp = 1, time.strftime("%Y%m%d-%H%M%S")
        while True:
            again = f"-{number}" if number > 1 else ""
            aside = self._file.with_name(_ASIDE_NAME.format(time=stamp, number=again))
            if not aside.exists():
                break
            number += 1
        try:
            retry_rename(lambda: self._file.replace(aside))
        except OSError:
            return ConversationError(_DAMAGED.format(file=self._file))
        return StoreDamaged(_SET_ASIDE.format(aside=aside))

    def _sentence(self, problem: str) -> str:
        """Korean: a problem as SQLite names it."""
        if "full" in problem or folder_is_full(self._folder):
            return _FULL
        if "locked" in problem:
            return _BUSY
        if "readonly" in problem or "unable to open" in problem:
            return _READ_ONLY.format(folder=self._folder)
        return _UNKNOWN.format(file=self._file)


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        # After some errors SQLite has rolled back already.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _migrate(database: sqlite3.Connection) -> None:
    """Bring the schema up to date, unless another process has done so meanwhile."""
    with _transaction(database):
        for script in _MIGRATIONS[_check_owner(database) :]:
            # `executescript` would commit.
            for statement in filter(str.strip, script.split(";")):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _check_owner(database: sqlite3.Connection) -> int:
    """The version of the schema; 0 for an empty file.

    Raises:
        _Unusable: it is no database of ours.
        ConversationError: a newer version of this program has written it.
    """
    version = _version(database)
    [owner] = database.execute("PRAGMA application_id").fetchone()
    [tables] = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if bool(tables) != bool(version) or version < 0 or (tables and owner != _APPLICATION_ID):
        raise _Unusable("another program's")
    if version > len(_MIGRATIONS):
        raise ConversationError(_NEWER)
    return version


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _empty() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    _migrate(database)
    return database


def _restrict(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 & ~mode:
        # Not every file system has modes.
        with suppress(OSError):
            path.chmod(mode)
