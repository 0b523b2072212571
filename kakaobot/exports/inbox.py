"""The folder of uploaded exports: what came in, where it lies, and what is noted beside it.

    data/raw/                              written by this module only, under one lock
        inbox/<hash><suffix>               the upload, named by its content; the truth
        organized/<room>/<YYYY-MM>/<name>  the same file under a name a person would look for
        manifest.json                      what is known of each file; can be made again
        people.json                        names that were confirmed to be one person's; the truth
        rooms.json                         what the files are together; can be made again

It does not know what is in a message, nor what is made of the exports later.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kakaobot.errors import ExportError
from kakaobot.exports import aliases, manifest
from kakaobot.exports.aliases import Aliases, Confirmed
from kakaobot.exports.manifest import Stored, describe
from kakaobot.exports.reader import Export, Reading, read_export, read_upload
from kakaobot.exports.shelf import copies, free, last_part, safe_name
from kakaobot.files import patiently, replace_text

log = logging.getLogger("kakaobot.inbox")
SUFFIXES = (".txt", ".csv", ".eml", ".zip")


@dataclass(frozen=True)
class Added:
    """What became of one upload: `stored`, or a Korean sentence in `error`."""

    name: str
    stored: Stored | None = None
    already: bool = False
    """Whether the same content was there before."""
    error: str | None = None
    others: int = 0
    """Files of the same upload that are no chat, told with its first result only."""


class Inbox:
    """The exports under `raw`. Changes are made under a lock: two processes may use one folder."""

    def __init__(self, raw: Path, *, patience: float = 30) -> None:
        """`patience`: seconds to wait for another process before giving up with an ExportError."""
        self._raw = raw
        self._patience = patience
        self._inbox = raw / "inbox"
        self._manifest = raw / "manifest.json"
        self._people = raw / "people.json"
        self._rooms = raw / "rooms.json"

    def add(self, files: Sequence[Path], *, names: Sequence[str] | None = None) -> list[Added]:
        """Take in uploads. A file that is no export costs the others nothing.

        Each gives one result; a mail or an archive gives one for each chat in it, and what is
        stored are those chats.

        Args:
            files: where the uploads lie now; they stay there.
            names: their names as the user knows them, where those are others.
        """
        with self._locked():
            listed = self._load()
            results = []
            for file, name in zip(files, names or [file.name for file in files], strict=True):
                try:
                    results += self._take(file, last_part(name), listed)
                except ExportError as error:
                    results.append(Added(name, error=str(error)))
            self._save(listed)
        return results

    def stored(self) -> list[Stored]:
        """All that is listed, oldest first. A damaged manifest is made again from inbox/.

        Raises:
            ExportError: the manifest cannot be opened.
        """
        if not self._raw.exists():
            return []
        with self._locked():
            return list(self._load().values())

    def completed(self) -> list[Stored]:
        """As `stored`; what an older program listed is read again once.

        Raises:
            ExportError: such a file is gone or was damaged.
        """
        listed = self.stored()
        if all(each.is_complete for each in listed):
            return listed
        with self._locked():
            now = self._load()
            for key, each in now.items():
                if not each.is_complete:
                    added = datetime.fromisoformat(each.added_at)
                    now[key] = describe(self.export(each), key, each.size, added)
            self._save(now)
        return list(now.values())

    def export(self, stored: Stored) -> Export:
        """Read one. Raises ExportError where it is gone or was damaged."""
        return read_export(self._inbox / stored.file, name=stored.name)

    def reading(self, hash: str) -> Reading:
        """Read one again with all its bytes.

        Raises:
            ExportError: it is not listed, is gone or was damaged.
        """
        stored = next((each for each in self.stored() if each.hash == hash), None)
        if stored is None:
            raise ExportError("살펴볼 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요.")
        return read_upload(self._inbox / stored.file, name=stored.name).readings[0]

    def exports(self) -> list[Export]:
        """Read all that is listed, oldest first.

        Raises:
            ExportError: as `export`.
        """
        return [self.export(each) for each in self.stored()]

    def organize(self) -> list[Path]:
        """Put a readable name on every export that has none yet; give the new ones."""
        with self._locked():
            return [path for each in self._load().values() if (path := self._organize(each))]

    def remove(self, hash: str) -> None:
        """Forget one export, its readable names included.

        Raises:
            ExportError: no such export is listed.
        """
        with self._locked():
            listed = self._load()
            if hash not in listed:
                raise ExportError("지우려는 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요.")
            gone = listed.pop(hash)
            for path in self._copies(gone):
                path.unlink()
            self._save(listed)
            (self._inbox / gone.file).unlink(missing_ok=True)

    def confirmed(self) -> Confirmed:
        """Which names are one person's.

        Raises:
            ExportError: what was noted cannot be read. It stays: nobody can make it again.
        """
        try:
            return aliases.parse(self._people.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise ExportError(
                f"사람을 합쳐 둔 파일 {self._people} 을 읽을 수 없습니다. 그 파일을 고치거나, "
                "다른 이름으로 바꾸면 합치지 않은 채로 계속할 수 있습니다."
            ) from error

    def confirm(self, room_key: str, change: Callable[[Aliases], Aliases]) -> None:
        """Note other names of one room.

        Raises:
            ExportError: what was noted cannot be read, or `change` does not like it.
        """
        with self._locked():
            before = self.confirmed()
            after = {**before, room_key: change(before.get(room_key, {}))}
            replace_text(self._people, aliases.dump(after))

    def remembered(self) -> object:
        """What was last given to `remember`; None where that is lost."""
        try:
            return json.loads(self._rooms.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def remember(self, rooms: object) -> None:
        """Keep what took long to find out. Where that fails it is found out again."""
        with self._locked(), contextlib.suppress(OSError):
            replace_text(self._rooms, json.dumps(rooms, ensure_ascii=False, indent=1))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._inbox.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._raw / ".lock", timeout=self._patience):
                yield
        except Timeout as error:
            raise ExportError(
                "다른 창이나 명령이 대화 파일을 정리하고 있습니다. 잠시 뒤에 다시 해 주세요."
            ) from error

    def _take(self, file: Path, name: str, listed: dict[str, Stored]) -> list[Added]:
        if Path(name).suffix.lower() not in SUFFIXES:
            raise ExportError(
                f"'{name}' 파일은 받을 수 없습니다. "
                "카카오톡이 내보낸 .txt, .csv 파일이나 그것을 담은 .zip, .eml 파일을 올려 주세요."
            )
        upload = read_upload(file, name=name)
        first, *rest = [self._keep(reading, listed) for reading in upload.readings]
        return [replace(first, others=upload.others), *rest]

    def _keep(self, reading: Reading, listed: dict[str, Stored]) -> Added:
        name, data, export = reading.piece.name, reading.piece.data, reading.export
        if export is None:
            return Added(name, error=reading.error)
        digest = hashlib.sha256(data).hexdigest()[:16]
        if digest in listed:
            return Added(name, listed[digest], already=True)
        stored = describe(export, digest, len(data), datetime.now())
        handle, draft = tempfile.mkstemp(dir=self._inbox, prefix=".draft-")
        os.close(handle)
        try:
            Path(draft).write_bytes(data)
            patiently(lambda: Path(draft).replace(self._inbox / stored.file))
        finally:
            Path(draft).unlink(missing_ok=True)
        listed[digest] = stored
        self._save(listed)
        self._organize(stored)
        return Added(name, stored)

    def _load(self) -> dict[str, Stored]:
        """By hash. What lies in inbox/ unlisted is listed again; what is gone is left out."""
        try:
            listed = manifest.parse(self._manifest.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            listed = {}
        except ValueError:
            aside = free(self._manifest.with_suffix(".broken"))
            patiently(lambda: self._manifest.replace(aside))
            log.warning("망가진 파일 목록을 %s 로 옮기고 원본에서 다시 만들었습니다.", aside)
            listed = {}
        except OSError as error:
            raise ExportError(
                f"파일 목록 {self._manifest} 을 열 수 없습니다. "
                "그 파일을 쓰고 있는 프로그램을 닫고 읽기 권한을 확인해 주세요."
            ) from error
        present = {path.stem: path for path in sorted(self._inbox.glob("[0-9a-f]*.*"))}
        found = {
            key: each
            for key, each in listed.items()
            if key in present and present[key].name == each.file
        }
        for key in present.keys() - found.keys():
            if recovered := self._recover(present[key]):
                found[key] = recovered
        if found != listed:
            self._save(found)
        return dict(sorted(found.items(), key=lambda item: item[1].added_at))

    def _recover(self, path: Path) -> Stored | None:
        """Its name is that of its readable copy, where one is left."""
        size = path.stat().st_size
        twins = copies((self._raw / "organized").rglob("*"), path.stem, size)
        name = next((each.name for each in twins), path.name)
        try:
            export = read_export(path, name=name)
        except ExportError:
            return None
        return describe(export, path.stem, size, datetime.fromtimestamp(path.stat().st_mtime))

    def _save(self, listed: dict[str, Stored]) -> None:
        replace_text(self._manifest, manifest.dump(listed.values()))

    def _organize(self, stored: Stored) -> Path | None:
        if self._copies(stored):
            return None
        folder = self._raw / "organized" / safe_name(stored.room) / stored.first[:7]
        folder.mkdir(parents=True, exist_ok=True)
        target = free(folder / safe_name(stored.name))
        source = self._inbox / stored.file
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target

    def _copies(self, stored: Stored) -> list[Path]:
        folder = self._raw / "organized" / safe_name(stored.room) / stored.first[:7]
        return list(copies(folder.glob("*"), stored.hash, stored.size))
