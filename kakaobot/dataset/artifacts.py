"""Files of a built dataset (`data/sft`): their names, atomic writing, fingerprint."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from kakaobot.atomic_io import parse_json, retry_rename, with_drafts

TRAIN, VAL, STATS, PREVIEW = "train.jsonl", "val.jsonl", "stats.json", "preview.json"
REPORT, TURN_TAKING, CANARIES = "report.html", "turns.json", "canaries.json"
LIKENESS = "likeness.json"
FILES = (TRAIN, VAL, STATS, PREVIEW, REPORT, TURN_TAKING, CANARIES, LIKENESS)


class ArtifactDraft:
    """Writes all files of a dataset, then replaces the old ones; on an error the old ones stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: list[str] = []
        self._digest = hashlib.sha256()

    def __enter__(self) -> ArtifactDraft:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, name: str, parts: Iterable[str]) -> None:
        """Write a file that is part of the fingerprint."""
        with self._open(name) as file:
            for part in parts:
                raw = part.encode()
                self._digest.update(raw)
                file.write(raw)
        self._digest.update(b"\0")

    def write_unhashed(self, name: str, text: str) -> None:
        """Write a file that is not part of the fingerprint."""
        with self._open(name) as file:
            file.write(text.encode())

    def fingerprint(self, settings: str) -> str:
        """16 hex digits identifying the files written so far and the settings."""
        digest = self._digest.copy()
        digest.update(settings.encode() + b"\0")
        return digest.hexdigest()[:16]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for name in self._names:
            draft = self._folder / f"{name}.new"
            if error is None:
                retry_rename(functools.partial(draft.replace, self._folder / name))
            else:
                draft.unlink(missing_ok=True)

    def _open(self, name: str) -> BinaryIO:
        self._names.append(name)
        return (self._folder / f"{name}.new").open("wb")


def artifact_places(folder: Path) -> list[Path]:
    """The files of a dataset that exist, drafts included."""
    return [path for name in FILES for path in with_drafts(folder / name)]


def read_json(folder: Path, name: str) -> Any:
    """A JSON file of the folder; None if it is missing or damaged."""
    try:
        return parse_json((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
