"""The store of uploaded exports and the files next to them.

    data/raw/                              written by this class only, under one lock
        inbox/<hash><suffix>               uploads by content hash; source of truth
        organized/<room>/<YYYY-MM>/<name>  the same files under readable names
        manifest.json                      metadata of each file; can be rebuilt
        people.json                        confirmed aliases; source of truth
        rooms.json                         cached room summaries; can be rebuilt

Independent of what the messages contain and what the exports are used for.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kakaobot.atomic_io import parse_json, replace_text, retry_rename, with_drafts
from kakaobot.errors import ExportError
from kakaobot.exports import aliases, manifest
from kakaobot.exports.aliases import Aliases, ConfirmedAliases
from kakaobot.exports.content_folder import ContentFolder
from kakaobot.exports.described import Described, described
from kakaobot.exports.folder_errors import folder_error
from kakaobot.exports.manifest import StoredFile, damage_notice, describe
from kakaobot.exports.organized_folder import OrganizedFolder
from kakaobot.exports.paths import base_name, hash_bytes, unused_path
from kakaobot.exports.reader import Export, ReadResult, Upload, read_export, read_upload
from kakaobot.language import tr

log = logging.getLogger("kakaobot.inbox")
_RESTORED = tr("보관해 둔 파일이 손상되어 있어 다시 넣었습니다.")
_NOT_ORGANIZED = tr(
    "'{name}' 대화는 가져왔지만 organized 폴더에 알아보기 쉬운 이름을 붙이지 못했습니다. "
    "폴더 권한과 경로 길이를 확인해 주세요."
)


@dataclass(frozen=True)
class AddResult:
    """The outcome of one upload: `stored`, or a Korean sentence in `error`."""

    name: str
    stored: StoredFile | None = None
    is_duplicate: bool = False
    """Whether the same content was stored before."""
    error: str | None = None
    skipped: int = 0
    """Files in the upload that are not chats; set on its first result only."""
    note: str = ""
    """A Korean sentence on a side effect."""


class FileStore:
    """The exports under `raw`; safe for several processes, as changes are made under a lock."""

    def __init__(self, raw: Path, *, lock_timeout: float = 30) -> None:
        """`lock_timeout`: seconds to wait for another process before raising ExportError."""
        self._raw = raw
        self._lock_timeout = lock_timeout
        self._organized = OrganizedFolder(raw / "organized")
        self._contents = ContentFolder(raw / "inbox", self._organized)
        self._manifest = raw / "manifest.json"
        self._aliases = raw / "people.json"
        self._summaries = raw / "rooms.json"

    def add(self, files: Sequence[Path], *, names: Sequence[str] | None = None) -> list[AddResult]:
        """Store uploads; an invalid one does not stop the others.

        Returns one result per upload, or one per chat if it is a mail or archive, whose chats are
        stored separately.

        Args:
            files: paths of the uploads, which stay there.
            names: their original names, if they differ.
        """
        results = []
        for file, name in zip(files, names or [file.name for file in files], strict=True):
            name = base_name(name)
            try:
                # Not under the lock: a large file takes seconds, in which others may read.
                upload = read_upload(file, name=name)
            except ExportError as error:
                results.append(AddResult(name, error=str(error)))
                continue
            intact = {stored.hash for stored in self.list_files() if stored.is_intact}
            results += self._add_upload(upload, [described(one, intact) for one in upload.results])
        return results

    def list_files(self) -> list[StoredFile]:
        """All entries, oldest first. An invalid manifest is rebuilt from inbox/.

        A file that was changed is restored from organized/; if that fails, its entry is not intact.

        Raises:
            ExportError: the manifest cannot be opened.
        """
        with self._translate_errors():
            if not self._raw.exists():
                return []
        with self._locked():
            return list(self._load().values())

    def list_complete(self) -> list[StoredFile]:
        """`list_files`, after re-reading intact files whose entry an older version wrote.

        Raises:
            ExportError: such a file cannot be read any more.
        """
        files = self.list_files()
        if all(file.is_complete or not file.is_intact for file in files):
            return files
        with self._locked():
            entries = self._load()
            for key, stored in entries.items():
                if stored.is_intact and not stored.is_complete:
                    added = datetime.fromisoformat(stored.added_at)
                    export = self.export(stored)
                    entries[key] = describe(export, key, stored.size, added, stored.modified)
            self._save(entries)
        return list(entries.values())

    def path(self, stored: StoredFile) -> Path:
        """Path of its content."""
        return self._contents.path(stored)

    def export(self, stored: StoredFile) -> Export:
        """Read one file. Raises ExportError if it is missing or damaged."""
        if not stored.is_intact:
            raise ExportError(damage_notice(stored))
        return read_export(self.path(stored), name=stored.name, room=stored.known_room)

    def read(self, hash: str) -> ReadResult:
        """Read one file together with its bytes.

        Raises:
            ExportError: it is not in the manifest, missing or damaged.
        """
        stored = next((file for file in self.list_files() if file.hash == hash), None)
        if stored is None:
            raise ExportError(tr("살펴볼 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요."))
        if not stored.is_intact:
            raise ExportError(damage_notice(stored))
        upload = read_upload(self.path(stored), name=stored.name, room=stored.known_room)
        return upload.results[0]

    def organize(self) -> list[Path]:
        """Give a readable name to every export without one; return the new paths.

        Failures are logged, as the export itself is stored.
        """
        paths = []
        with self._locked():
            for stored in self._load().values():
                try:
                    paths.append(self._organized.add(stored, self.path(stored)))
                except OSError as error:
                    log.warning("%s (%s)", _NOT_ORGANIZED.format(name=stored.name), error)
        return [path for path in paths if path]

    def remove(self, hash: str) -> None:
        """Delete one export and its readable names.

        Raises:
            ExportError: there is no such export.
        """
        with self._locked():
            entries = self._load()
            if hash not in entries:
                raise ExportError(tr("지우려는 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요."))
            stored = entries.pop(hash)
            self._organized.remove(stored, self.path(stored))
            self._save(entries)
            self._contents.remove(stored)

    def restore(self, stored: StoredFile, copy: Path) -> None:
        """Take back a `remove`, with a copy of the content.

        Raises:
            ExportError: the copy is gone or has changed.
        """
        with self._locked():
            entries, data = self._load(), copy.read_bytes()
            if hash_bytes(data) != stored.hash:
                raise ExportError(tr("보관해 둔 파일이 바뀌었습니다. 원본을 다시 가져와 주세요."))
            if stored.hash not in entries:
                self._write(stored, data, entries)

    def version(self) -> tuple[int, ...]:
        """Changes whenever the entries or the aliases may have changed."""
        files = (self._manifest, self._aliases)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)

    def places(self) -> list[Path]:
        """All that stores have written here: files, folders, drafts and the lock."""
        names = ("inbox", "organized", ".lock")
        files = (*(self._raw / name for name in names), self._manifest, self._aliases)
        return [path for file in (*files, self._summaries) for path in with_drafts(file)]

    def load_aliases(self) -> ConfirmedAliases:
        """Confirmed aliases of all rooms.

        Raises:
            ExportError: the file is unreadable. It is left alone, as it cannot be rebuilt.
        """
        try:
            return aliases.parse(self._aliases.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise ExportError(
                tr(
                    "사람을 합쳐 둔 파일 {aliases} 을 읽을 수 없습니다. 그 파일을 고치거나, 다른 "
                    "이름으로 바꾸면 합치지 않은 채로 계속할 수 있습니다."
                ).format(aliases=self._aliases)
            ) from error

    def update_aliases(self, room_key: str, change: Callable[[Aliases], Aliases]) -> None:
        """Apply `change` to the aliases of one room.

        Raises:
            ExportError: the file is unreadable, or raised by `change`.
        """
        with self._locked():
            before = self.load_aliases()
            after = {**before, room_key: change(before.get(room_key, {}))}
            replace_text(self._aliases, aliases.dump(after))

    def load_summaries(self) -> object:
        """The summaries saved last; None if they are missing or damaged."""
        try:
            return parse_json(self._summaries.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def save_summaries(self, summaries: object) -> None:
        """Cache JSON that is slow to compute; a failure to write is ignored."""
        with self._locked(), contextlib.suppress(OSError):
            replace_text(self._summaries, json.dumps(summaries, ensure_ascii=False, indent=1))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._translate_errors():
            self._contents.create()
            try:
                with FileLock(self._raw / ".lock", timeout=self._lock_timeout):
                    yield
            except Timeout as error:
                raise ExportError(
                    tr(
                        "다른 창이나 명령이 대화 파일을 정리하고 있습니다. "
                        "잠시 뒤에 다시 해 주세요."
                    )
                ) from error

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise OSError as ExportError."""
        try:
            yield
        except OSError as error:
            raise folder_error(self._raw, error) from error

    def _add_upload(self, upload: Upload, described: Sequence[Described]) -> list[AddResult]:
        with self._locked():
            entries = self._load()
            pairs = zip(upload.results, described, strict=True)
            first, *rest = [self._store(result, one, entries) for result, one in pairs]
        return [replace(first, skipped=upload.skipped), *rest]

    def _store(
        self, result: ReadResult, described: Described, entries: dict[str, StoredFile]
    ) -> AddResult:
        name, data, export = result.file.name, result.file.data, result.export
        if export is None:
            return AddResult(name, error=result.error)
        digest = described.hash
        before = entries.get(digest)
        if before and before.is_intact:
            stored = self._add_room_name(before, export, entries)
            return AddResult(name, stored, is_duplicate=True)
        stored = before or described.entry or describe(export, digest, len(data), datetime.now())
        stored, note = self._write(stored, data, entries)
        return AddResult(name, stored, note=note or (_RESTORED if before else ""))

    def _write(
        self, stored: StoredFile, data: bytes, entries: dict[str, StoredFile]
    ) -> tuple[StoredFile, str]:
        """Write a content and its entry; returns the entry, and what did not work."""
        entries[stored.hash] = stored = self._contents.write(stored, data)
        self._save(entries)
        try:
            self._organized.add(stored, self.path(stored))
        except OSError as error:
            note = _NOT_ORGANIZED.format(name=stored.name)
            log.warning("%s (%s)", note, error)
            return stored, note
        return stored, ""

    def _add_room_name(
        self, stored: StoredFile, export: Export, entries: dict[str, StoredFile]
    ) -> StoredFile:
        """The entry, with the room's name if this upload has it and the earlier one had not."""
        if stored.known_room or not export.has_room_name:
            return stored
        self._organized.remove(stored, self.path(stored))
        named = replace(stored, room=export.room, has_room_name=True)
        entries[stored.hash] = named
        self._save(entries)
        return named

    def _load(self) -> dict[str, StoredFile]:
        """Entries by hash, oldest first, in agreement with the files in inbox/."""
        before = self._read_manifest()
        verified = {key: self._contents.verify(stored) for key, stored in before.items()}
        paths = self._contents.files()
        entries = {
            key: stored
            for key, stored in verified.items()
            if stored and key in paths and paths[key].name == stored.file
        }
        for key in paths.keys() - entries.keys():
            if recovered := self._contents.recover(paths[key]):
                entries[key] = recovered
        if entries != before:
            self._save(entries)
        return dict(sorted(entries.items(), key=lambda item: item[1].added_at))

    def _read_manifest(self) -> dict[str, StoredFile]:
        """Entries by hash; an invalid manifest is set aside and counts as empty."""
        try:
            return manifest.parse(self._manifest.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return {}
        except ValueError:
            backup = unused_path(self._manifest.with_suffix(".broken"))
            retry_rename(lambda: self._manifest.replace(backup))
            log.warning(tr("망가진 파일 목록을 %s 로 옮기고 원본에서 다시 만들었습니다."), backup)
            return {}
        except OSError as error:
            raise ExportError(
                tr(
                    "파일 목록 {manifest} 을 열 수 없습니다. 그 파일을 쓰고 있는 프로그램을 닫고 "
                    "읽기 권한을 확인해 주세요."
                ).format(manifest=self._manifest)
            ) from error

    def _save(self, entries: dict[str, StoredFile]) -> None:
        replace_text(self._manifest, manifest.dump(entries.values()))
