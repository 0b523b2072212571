"""What is known of an upload before it is stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kakaobot.exports.manifest import StoredFile, describe
from kakaobot.exports.paths import hash_bytes
from kakaobot.exports.reader import ReadResult


@dataclass(frozen=True)
class Described:
    """What is known of a file before it is stored."""

    hash: str = ""
    entry: StoredFile | None = None
    """None if it need not be described."""


def described(result: ReadResult, intact: Collection[str]) -> Described:
    """Slow for a large file, unless its hash is among the `intact` ones."""
    if result.export is None:
        return Described()
    data = result.file.data
    digest = hash_bytes(data)
    if digest in intact:
        return Described(digest)
    return Described(digest, describe(result.export, digest, len(data), datetime.now()))
