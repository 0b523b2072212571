"""data/raw/organized: every stored export under a readable name, as <room>/<YYYY-MM>/<name>."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kakaobot.exports.manifest import StoredFile
from kakaobot.exports.paths import (
    MAX_ROOM_NAME,
    NUMBERED_NAME,
    find_copies,
    is_plain_file,
    remove_file,
    safe_name,
    unused_path,
)


class OrganizedFolder:
    """Hard links to the files in inbox/, or copies where links are not supported."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, stored: StoredFile, source: Path) -> Path | None:
        """Give an intact file a readable name; return None if it has one.

        Raises:
            OSError: the name cannot be created.
        """
        if not stored.is_intact or self._names_of(stored, source):
            return None
        folder = self._folder(stored)
        folder.mkdir(parents=True, exist_ok=True)
        target = unused_path(folder / safe_name(stored.name))
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target

    def remove(self, stored: StoredFile, source: Path) -> None:
        for path in self._names_of(stored, source):
            remove_file(path)

    def find(self, digest: str, size: int) -> Path | None:
        """Any file with this content."""
        return next(find_copies(self._path.rglob("*"), digest, size), None)

    def room_of(self, path: Path) -> str:
        """The room's folder that a file here is in."""
        return path.relative_to(self._path).parts[0]

    def uploaded_name(self, path: Path) -> str:
        """The name of a file here, without a number that `unused_path` has added."""
        match = NUMBERED_NAME.fullmatch(path.name)
        if match is None:
            return path.name
        plain = path.with_name(match["stem"] + match["suffix"])
        return plain.name if plain.exists() or plain.stem == self.room_of(path) else path.name

    def _names_of(self, stored: StoredFile, source: Path) -> list[Path]:
        """Links to `source`, or files of the same content if there are none."""
        paths = list(filter(is_plain_file, self._folder(stored).glob("*")))
        links = [path for path in paths if source.exists() and path.samefile(source)]
        return links or list(find_copies(paths, stored.hash, stored.size))

    def _folder(self, stored: StoredFile) -> Path:
        return self._path / safe_name(stored.room, MAX_ROOM_NAME) / stored.first[:7]
