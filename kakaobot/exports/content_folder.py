"""data/raw/inbox: uploaded exports named by the hash of their content, read-only.

A damaged or missing file is restored from organized/ if a copy is left there.
"""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from kakaobot.atomic_io import retry_rename
from kakaobot.errors import ExportError
from kakaobot.exports.manifest import StoredFile, describe
from kakaobot.exports.organized_folder import OrganizedFolder
from kakaobot.exports.paths import (
    MAX_ROOM_NAME,
    hash_file,
    is_plain_file,
    make_read_only,
    remove_file,
    safe_name,
)
from kakaobot.exports.reader import read_export
from kakaobot.language import tr

log = logging.getLogger("kakaobot.inbox")


class ContentFolder:
    def __init__(self, path: Path, organized: OrganizedFolder) -> None:
        self._path = path
        self._organized = organized

    def create(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)

    def path(self, stored: StoredFile) -> Path:
        return self._path / stored.file

    def files(self) -> dict[str, Path]:
        """Existing files by hash."""
        return {path.stem: path for path in sorted(self._path.glob("[0-9a-f]*.*"))}

    def write(self, stored: StoredFile, data: bytes) -> StoredFile:
        """Write atomically and make read-only; return the entry with the time of the write."""
        target = self.path(stored)
        handle, name = tempfile.mkstemp(dir=self._path, prefix=".draft-")
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            if target.exists():
                # Unlinked, not overwritten: an edited link in organized/ keeps its content.
                remove_file(target)
            retry_rename(lambda: draft.replace(target))
        finally:
            draft.unlink(missing_ok=True)
        make_read_only(target)
        return replace(stored, modified=target.stat().st_mtime_ns)

    def remove(self, stored: StoredFile) -> None:
        remove_file(self.path(stored))

    def verify(self, stored: StoredFile) -> StoredFile | None:
        """The entry with `modified` up to date; None if the content is lost.

        Hashes the file only if its size or time differs from the entry.
        """
        path = self.path(stored)
        status = path.stat() if is_plain_file(path) else None
        if status and (status.st_size, status.st_mtime_ns) == (stored.size, stored.modified):
            return stored
        if status and status.st_size == stored.size and hash_file(path) == stored.hash:
            make_read_only(path)
            return replace(stored, modified=status.st_mtime_ns)
        copy = self._organized.find(stored.hash, stored.size)
        if copy and not path.is_dir():
            log.warning(tr("'%s' 파일을 organized 폴더에서 되살렸습니다."), stored.name)
            return self.write(stored, copy.read_bytes())
        return replace(stored, modified=None) if status else None

    def recover(self, path: Path) -> StoredFile | None:
        """Rebuild the entry of an unlisted file, named after its copy in organized/ if any.

        That copy is in a folder with the name of its room, which the file may not contain.
        None if its content does not match its name or is not an export.
        """
        if not is_plain_file(path):
            log.warning(
                tr(
                    "inbox 폴더의 %s 은(는) 보통 파일이 아니라서 읽지 않았습니다. "
                    "지우고 대화 파일을 다시 가져와 주세요."
                ),
                path.name,
            )
            return None
        if hash_file(path) != path.stem:
            log.warning(
                tr(
                    "inbox 폴더의 %s 은(는) 이름과 내용이 달라 읽지 않았습니다. 다시 가져와 주세요."
                ),
                path.name,
            )
            return None
        status = path.stat()
        copy = self._organized.find(path.stem, status.st_size)
        name = self._organized.uploaded_name(copy) if copy else path.name
        try:
            export = read_export(path, name=name)
        except ExportError:
            return None
        if copy and not export.has_room_name:
            room = self._organized.room_of(copy)
            if room != safe_name(export.room, MAX_ROOM_NAME):
                export = replace(export, room=room, has_room_name=True)
        make_read_only(path)
        added = datetime.fromtimestamp(status.st_mtime)
        return describe(export, path.stem, status.st_size, added, status.st_mtime_ns)
