"""Metadata of the stored exports: the content of manifest.json. Opens no file.

An entry written by an older version may lack the newer fields. An entry with an invalid value makes
the whole text invalid, and `FileStore` rebuilds it from the exports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json
from kakaobot.exports.message_fingerprints import Fingerprints, fingerprint_messages
from kakaobot.exports.parse_result import LineCounts
from kakaobot.exports.reader import Export
from kakaobot.language import tr

SUFFIXES = (".txt", ".csv", ".eml", ".zip")
"""Suffixes kept in inbox/; any other upload is stored as .txt."""
_KEYS = {"format": "layout", "has_room_name": "named", "fingerprints": "marks"}
"""Field → its key in manifest.json, where they differ."""
_HASH = re.compile(r"[0-9a-f]{16}")
_FINGERPRINTS = re.compile(r"(?:[0-9a-f]{8})*")
_STRINGS = ("name", "room", "format", "first", "last", "added_at")
_NUMBERS = ("size", "messages")


@dataclass(frozen=True)
class StoredFile:
    """One entry of the manifest."""

    hash: str
    """First 16 hex digits of the content's SHA-256."""
    name: str
    """As uploaded."""
    size: int
    """Bytes."""
    room: str
    format: str
    people: dict[str, int]
    messages: int
    first: str
    last: str
    not_understood: list[int]
    """1-based line numbers."""
    added_at: str
    has_room_name: bool | None = None
    """Whether KakaoTalk wrote the room's name; None in an entry of an older version."""
    part: int | None = None
    """`Export.part`; None in an entry of an older version."""
    lines: int | None = None
    counts: dict[str, int] | None = None
    """`LineCounts`; like `lines`, None where `has_room_name` is."""
    fingerprints: Fingerprints | None = None
    """Identify other files of the same room; None where `has_room_name` is."""
    modified: int | None = None
    """mtime in nanoseconds when the file in inbox/ was last intact; None if it is damaged."""

    @property
    def file(self) -> str:
        """Name in inbox/."""
        suffix = Path(self.name).suffix.lower()
        return self.hash + (suffix if suffix in SUFFIXES else SUFFIXES[0])

    @property
    def is_complete(self) -> bool:
        """Whether the entry has every field this version writes."""
        added = (self.has_room_name, self.part, self.lines, self.counts, self.fingerprints)
        return None not in added

    @property
    def known_room(self) -> str:
        """The room's name that KakaoTalk wrote, perhaps outside of the file; empty if none."""
        return self.room if self.has_room_name else ""

    @property
    def is_intact(self) -> bool:
        """Whether the file in inbox/ still has the uploaded content."""
        return self.modified is not None


def describe(
    export: Export, digest: str, size: int, added: datetime, modified: int | None = None
) -> StoredFile:
    return StoredFile(
        hash=digest,
        name=export.file,
        size=size,
        room=export.room,
        format=export.format,
        people=export.people,
        messages=len(export.messages),
        first=export.first.isoformat(),
        last=export.last.isoformat(),
        not_understood=list(export.not_understood),
        added_at=added.isoformat(timespec="microseconds"),
        has_room_name=export.has_room_name,
        part=export.part,
        lines=export.lines,
        counts=asdict(export.counts),
        fingerprints=fingerprint_messages(export.messages),
        modified=modified,
    )


def dump(files: Iterable[StoredFile]) -> str:
    entries = [{_key(name): value for name, value in vars(file).items()} for file in files]
    return json.dumps({"files": entries}, ensure_ascii=False, indent=1)


def parse(text: str) -> dict[str, StoredFile]:
    """Entries by hash; keys unknown to this version are ignored.

    Raises:
        ValueError: invalid JSON, or an entry lacks a field or has an invalid value.
    """
    try:
        files = [_parse_entry(entry) for entry in parse_json(text)["files"]]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a list of files") from error
    return {file.hash: file for file in files}


def are_counts(value: Any) -> bool:
    """Whether the value is an object of non-negative integers."""
    return isinstance(value, Mapping) and all(map(is_count, value.values()))


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _key(name: str) -> str:
    return _KEYS.get(name, name)


def _are_fingerprints(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(day, str) and _FINGERPRINTS.fullmatch(day) for day in value.values()
    )


def _parse_entry(entry: Mapping[str, Any]) -> StoredFile:
    names = [field.name for field in fields(StoredFile)]
    values = {name: entry[_key(name)] for name in names if _key(name) in entry}
    file = StoredFile(**values)
    if file.counts is not None:
        counts = {field.name: file.counts.get(field.name) for field in fields(LineCounts)}
        file = StoredFile(**{**values, "counts": counts})
    if not _is_valid(file):
        raise ValueError(f"{file.hash!r} has a value of the wrong type")
    for time in (file.first, file.last, file.added_at):
        datetime.fromisoformat(time)
    return file


def _is_valid(file: StoredFile) -> bool:
    return (
        all(isinstance(getattr(file, name), str) for name in _STRINGS)
        and bool(_HASH.fullmatch(file.hash))
        and all(is_count(getattr(file, name)) for name in _NUMBERS)
        and are_counts(file.people)
        and isinstance(file.not_understood, list)
        and all(map(is_count, file.not_understood))
        and (file.counts is None or are_counts(file.counts))
        and all(value is None or is_count(value) for value in (file.lines, file.part))
        and (file.has_room_name is None or isinstance(file.has_room_name, bool))
        and (file.fingerprints is None or _are_fingerprints(file.fingerprints))
        and (file.modified is None or is_count(file.modified))
    )


def damage_notice(stored: StoredFile) -> str:
    """What the user can do about a changed or damaged file."""
    return tr(
        "보관해 둔 '{name}' 파일({file})이 가져온 뒤에 바뀌었거나 손상되었습니다. "
        "같은 파일을 다시 넣거나 목록에서 빼 주세요."
    ).format(name=stored.name, file=stored.file)
