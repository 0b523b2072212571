"""Invented names instead of people's own: given once, kept in the home, put into histories.

data/raw/pseudonyms.json    written by this module only, for this user's eyes only: the salt,
                            and who was given which name; a lost one makes everybody new
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from filelock import FileLock, Timeout

from kakaobot.atomic_io import retry_rename
from kakaobot.config import Home
from kakaobot.dataset.name_replacement import NameReplacer
from kakaobot.dataset.participant_stats import pseudonyms
from kakaobot.errors import DatasetError
from kakaobot.exports.aliases import resolve_aliases
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.messages import MappedMessages
from kakaobot.exports.participants import EXPORTER_NAMES, find_bots
from kakaobot.schema import Message
from kakaobot.settings import Settings

_PROGRAM = " 로봇"
"""So ends the invented name of a program, which is still to be known as one."""
_PATIENCE = 30
"""Seconds to wait for another process that gives names."""


class PseudonymStore:
    """The invented names of one home."""

    def __init__(self, home: Home) -> None:
        self._raw = home.folder(home.settings().paths.raw)
        self._file = self._raw / "pseudonyms.json"

    def known(self) -> dict[str, str]:
        """Name → the invented one, as far as they were given.

        Raises:
            DatasetError: what was kept cannot be read. It stays: nobody can make it again.
        """
        return dict(self._read().names)

    def names(self, speaking: Iterable[str] = ()) -> dict[str, str]:
        """Everybody's invented name; who has none yet is given one, which is kept.

        A confirmed other name of somebody leads to the same invented one.

        Args:
            speaking: who else needs one, besides the people of all rooms.

        Raises:
            DatasetError: what was kept cannot be read or written.
            ExportError: no file of any room is whole.
        """
        inbox = FileStore(self._raw)
        people = {name for room in RoomHistories(inbox).summaries() for name in room.people}
        people = {*people, *speaking} - {""}
        found = self._given(people)
        aliases = [resolve_aliases(each) for each in inbox.load_aliases().values()]
        others = {
            alias: found[name] for each in aliases for alias, name in each.items() if name in found
        }
        return {**others, **{name: found[name] for name in people}}

    def _given(self, people: set[str]) -> dict[str, str]:
        programs = set(find_bots(people))
        try:
            self._raw.mkdir(parents=True, exist_ok=True)
            with FileLock(self._raw / ".pseudonyms.lock", timeout=_PATIENCE):
                before = self._read()
                fresh = pseudonyms(people, before.salt, _plain(before.names))
                given = {
                    name: f"{invented}{_PROGRAM}" if name in programs else invented
                    for name, invented in fresh.items()
                }
                after = {**before.names, **given}
                if after != before.names:
                    self._write(_StoredPseudonyms(before.salt, dict(sorted(after.items()))))
        except (OSError, Timeout) as error:
            raise DatasetError(
                f"지어낸 이름을 {self._file} 에 적지 못했습니다. "
                "그 폴더에 쓸 수 있는지, 디스크에 자리가 있는지 확인하고 다시 해 주세요."
            ) from error
        return after

    def _read(self) -> _StoredPseudonyms:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return _StoredPseudonyms(
                str(kept["salt"]), {str(a): str(b) for a, b in kept["names"].items()}
            )
        except FileNotFoundError:
            return _StoredPseudonyms()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"지어낸 이름을 적어 둔 파일 {self._file} 을 읽을 수 없습니다. 그 파일을 고치거나, "
                "다른 이름으로 바꾸면 모두에게 이름을 새로 지어 줍니다."
            ) from error

    def _write(self, kept: _StoredPseudonyms) -> None:
        draft = self._file.with_name(f"{self._file.name}.new")
        draft.unlink(missing_ok=True)
        words = json.dumps({"salt": kept.salt, "names": kept.names}, ensure_ascii=False, indent=1)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(words.encode())
        retry_rename(lambda: draft.replace(self._file))


@dataclass(frozen=True)
class _StoredPseudonyms:
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    names: Mapping[str, str] = field(default_factory=dict)


def _plain(names: Mapping[str, str]) -> dict[str, str]:
    return {name: invented.removesuffix(_PROGRAM) for name, invented in names.items()}


class Pseudonymizer:
    """Puts invented names in the place of people's own."""

    def __init__(self, names: Mapping[str, str], settings: Settings) -> None:
        # What the user wants hidden altogether is left to be hidden.
        unsaid = {*EXPORTER_NAMES, *settings.data.mask_words}
        self._names = NameReplacer(names, unsaid=unsaid)
        self._given = settings

    @property
    def settings(self) -> Settings:
        """The settings with invented names, for what is made of the histories."""
        data = self._given.data
        renamed = {
            "room": self._room(data.room),
            "persona": self._names.of(data.persona),
            "exclude_people": tuple(map(self._names.of, data.exclude_people)),
        }
        return self._given.model_copy(update={"data": data.model_copy(update=renamed)})

    def pseudonymize(self, history: RoomHistory) -> RoomHistory:
        """Who says something, whom they name, the room and the names of its files."""
        room = self._room(history.room)
        # Exports are called by their room, and the rows tell from which file a turn comes.
        files = dict.fromkeys(message.file for message in history.messages)
        numbers = {file: str(number) for number, file in enumerate(files, 1)}

        def masked(message: Message) -> Message:
            return message._replace(
                sender=self._names.of(message.sender),
                text=self._names.within(message.text),
                room=room,
                file=numbers[message.file],
            )

        return RoomHistory(room, MappedMessages(history.messages, masked, self._names.of))

    def _room(self, room: str) -> str:
        """A room of two is often called by the other's name."""
        name = self._names.of(room)
        return name if name != room else self._names.within(room)
