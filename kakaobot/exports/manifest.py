"""manifest.json as a value: what is known of each stored export. Reads no file itself.

An entry may come from an older program and know less; one that says something impossible makes the
whole text damaged, and whoever keeps the folder makes it again from the exports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from kakaobot.exports.message_fingerprints import Marks, fingerprints_of
from kakaobot.exports.parse_result import LineCounts
from kakaobot.exports.reader import Export

SUFFIXES = (".txt", ".csv", ".eml", ".zip")
"""What a file in inbox/ may end with; whatever else a chat was called is .txt there."""
_HASH = re.compile(r"[0-9a-f]{16}")
_MARKS = re.compile(r"(?:[0-9a-f]{8})*")
_TEXTS = ("name", "room", "layout", "first", "last", "added_at")
_NUMBERS = ("size", "messages")


@dataclass(frozen=True)
class StoredFile:
    """One line of the manifest."""

    hash: str
    """First 16 hex digits of the content's SHA-256."""
    name: str
    """As it was uploaded."""
    size: int
    """Bytes."""
    room: str
    layout: str
    people: dict[str, int]
    messages: int
    first: str
    last: str
    not_understood: list[int]
    """1-based line numbers."""
    added_at: str
    named: bool | None = None
    """Whether KakaoTalk wrote the room's name; None where an older program listed the file."""
    lines: int | None = None
    counts: dict[str, int] | None = None
    """Of `LineCounts`; both are None as `named` is."""
    marks: Marks | None = None
    """By which files of one room know each other; None as `named` is."""
    modified: int | None = None
    """When the file in inbox/ was last seen whole, in nanoseconds; None where it is damaged."""

    @property
    def file(self) -> str:
        """Name in inbox/."""
        suffix = Path(self.name).suffix.lower()
        return self.hash + (suffix if suffix in SUFFIXES else SUFFIXES[0])

    @property
    def is_complete(self) -> bool:
        """Whether it says all that this program would write of the file."""
        return None not in (self.named, self.lines, self.counts, self.marks)

    @property
    def is_whole(self) -> bool:
        """Whether the file in inbox/ is still what was brought in."""
        return self.modified is not None


def describe(
    export: Export, digest: str, size: int, added: datetime, modified: int | None = None
) -> StoredFile:
    return StoredFile(
        hash=digest,
        name=export.file,
        size=size,
        room=export.room,
        layout=export.layout,
        people=export.people,
        messages=len(export.messages),
        first=export.first.isoformat(),
        last=export.last.isoformat(),
        not_understood=list(export.not_understood),
        added_at=added.isoformat(timespec="microseconds"),
        named=export.named,
        lines=export.lines,
        counts=asdict(export.counts),
        marks=fingerprints_of(export.messages),
        modified=modified,
    )


def dump(listed: Iterable[StoredFile]) -> str:
    return json.dumps({"files": [asdict(each) for each in listed]}, ensure_ascii=False, indent=1)


def parse(text: str) -> dict[str, StoredFile]:
    """By hash; what a newer program wrote beside what is known here is left out.

    Raises:
        ValueError: it is no JSON, or an entry lacks something or says something impossible.
    """
    try:
        found = [_stored(entry) for entry in json.loads(text)["files"]]
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("not a list of files") from error
    return {each.hash: each for each in found}


def whole_numbers(value: Any) -> bool:
    """Whether it is an object of names and numbers from 0 up."""
    return isinstance(value, Mapping) and all(is_number(each) for each in value.values())


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_marks(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(each, str) and _MARKS.fullmatch(each) for each in value.values()
    )


def _stored(entry: Mapping[str, Any]) -> StoredFile:
    known = {each.name: entry[each.name] for each in fields(StoredFile) if each.name in entry}
    found = StoredFile(**known)
    if found.counts is not None:
        counts = {each.name: found.counts.get(each.name) for each in fields(LineCounts)}
        found = StoredFile(**{**known, "counts": counts})
    sound = (
        all(isinstance(getattr(found, name), str) for name in _TEXTS)
        and bool(_HASH.fullmatch(found.hash))
        and all(is_number(getattr(found, name)) for name in _NUMBERS)
        and whole_numbers(found.people)
        and isinstance(found.not_understood, list)
        and all(map(is_number, found.not_understood))
        and (found.counts is None or whole_numbers(found.counts))
        and (found.lines is None or is_number(found.lines))
        and (found.named is None or isinstance(found.named, bool))
        and (found.marks is None or _are_marks(found.marks))
        and (found.modified is None or is_number(found.modified))
    )
    if not sound:
        raise ValueError(f"{found.hash!r} is of a wrong kind")
    for at in (found.first, found.last, found.added_at):
        datetime.fromisoformat(at)
    return found
