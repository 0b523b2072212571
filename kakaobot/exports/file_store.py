"""The folder of uploaded exports: what came in, where it lies, and what is noted beside it.

    data/raw/                              written by this module only, under one lock
        inbox/<hash><suffix>               the upload, named by its content; the truth
        organized/<room>/<YYYY-MM>/<name>  the same file under a name a person would look for,
                                           linked where that is possible, and then sealed as it is
        manifest.json                      what is known of each file; can be made again
        people.json                        names that were confirmed to be one person's; the truth
        rooms.json                         what the files are together; can be made again

It does not know what is in a message, nor what is made of the exports later.
"""

from __future__ import annotations

import contextlib
import errno
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

from kakaobot.atomic_io import replace_text, retry_rename
from kakaobot.errors import ExportError
from kakaobot.exports import aliases, manifest
from kakaobot.exports.aliases import Aliases, ConfirmedAliases
from kakaobot.exports.manifest import StoredFile, describe
from kakaobot.exports.paths import (
    ROOM_LONGEST,
    base_name,
    find_copies,
    hash_file,
    make_read_only,
    remove_file,
    replace_surrogates,
    safe_name,
    unused_path,
)
from kakaobot.exports.reader import Export, ReadResult, read_export, read_upload

log = logging.getLogger("kakaobot.inbox")
_RESTORED = "보관해 둔 파일이 손상되어 있어 다시 넣었습니다."
_UNNAMED = (
    "'{name}' 대화는 가져왔지만 organized 폴더에 알아보기 쉬운 이름을 붙이지 못했습니다. "
    "폴더 권한과 경로 길이를 확인해 주세요."
)


@dataclass(frozen=True)
class AddResult:
    """What became of one upload: `stored`, or a Korean sentence in `error`."""

    name: str
    stored: StoredFile | None = None
    is_duplicate: bool = False
    """Whether the same content was there before."""
    error: str | None = None
    skipped: int = 0
    """Files of the same upload that are no chat, told with its first result only."""
    note: str = ""
    """A Korean sentence on what else happened."""


class FileStore:
    """The exports under `raw`. Changes are made under a lock: two processes may use one folder."""

    def __init__(self, raw: Path, *, patience: float = 30) -> None:
        """`patience`: seconds to wait for another process before giving up with an ExportError."""
        self._raw = raw
        self._patience = patience
        self._inbox = raw / "inbox"
        self._manifest = raw / "manifest.json"
        self._people = raw / "people.json"
        self._rooms = raw / "rooms.json"

    def add(self, files: Sequence[Path], *, names: Sequence[str] | None = None) -> list[AddResult]:
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
                name = base_name(name)
                try:
                    results += self._take(file, name, listed)
                except ExportError as error:
                    results.append(AddResult(name, error=str(error)))
            self._save(listed)
        return results

    def list_files(self) -> list[StoredFile]:
        """All that is listed, oldest first. A damaged manifest is made again from inbox/.

        A file that is no longer what was brought in is taken back from organized/; where that
        fails it is listed as not whole.

        Raises:
            ExportError: the manifest cannot be opened.
        """
        with self._told():
            if not self._raw.exists():
                return []
        with self._locked():
            return list(self._load().values())

    def list_complete(self) -> list[StoredFile]:
        """As `stored`; what an older program listed is read again once, where it is whole.

        Raises:
            ExportError: such a file can no longer be read.
        """
        listed = self.list_files()
        if all(each.is_complete or not each.is_intact for each in listed):
            return listed
        with self._locked():
            now = self._load()
            for key, each in now.items():
                if each.is_intact and not each.is_complete:
                    added = datetime.fromisoformat(each.added_at)
                    export = self.export(each)
                    now[key] = describe(export, key, each.size, added, each.modified)
            self._save(now)
        return list(now.values())

    def export(self, stored: StoredFile) -> Export:
        """Read one. Raises ExportError where it is gone or was damaged."""
        if not stored.is_intact:
            raise ExportError(damage_notice(stored))
        return read_export(self._inbox / stored.file, name=stored.name)

    def read(self, hash: str) -> ReadResult:
        """Read one again with all its bytes.

        Raises:
            ExportError: it is not listed, is gone or was damaged.
        """
        stored = next((each for each in self.list_files() if each.hash == hash), None)
        if stored is None:
            raise ExportError("살펴볼 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요.")
        if not stored.is_intact:
            raise ExportError(damage_notice(stored))
        return read_upload(self._inbox / stored.file, name=stored.name).results[0]

    def exports(self) -> list[Export]:
        """Read all that is listed, oldest first.

        Raises:
            ExportError: as `export`.
        """
        return [self.export(each) for each in self.list_files()]

    def organize(self) -> list[Path]:
        """Put a readable name on every export that has none yet; give the new ones.

        What cannot be named is logged: the export itself is stored.
        """
        made = []
        with self._locked():
            for each in self._load().values():
                try:
                    made.append(self._organize(each))
                except OSError as error:
                    log.warning("%s (%s)", _UNNAMED.format(name=each.name), error)
        return [path for path in made if path]

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
                remove_file(path)
            self._save(listed)
            remove_file(self._inbox / gone.file)

    def load_aliases(self) -> ConfirmedAliases:
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

    def update_aliases(self, room_key: str, change: Callable[[Aliases], Aliases]) -> None:
        """Note other names of one room.

        Raises:
            ExportError: what was noted cannot be read, or `change` does not like it.
        """
        with self._locked():
            before = self.load_aliases()
            after = {**before, room_key: change(before.get(room_key, {}))}
            replace_text(self._people, aliases.dump(after))

    def load_summaries(self) -> object:
        """What was last given to `remember`; None where that is lost."""
        try:
            return json.loads(self._rooms.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def save_summaries(self, rooms: object) -> None:
        """Keep what took long to find out. Where that fails it is found out again."""
        with self._locked(), contextlib.suppress(OSError):
            replace_text(self._rooms, json.dumps(rooms, ensure_ascii=False, indent=1))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._told():
            self._inbox.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(self._raw / ".lock", timeout=self._patience):
                    yield
            except Timeout as error:
                raise ExportError(
                    "다른 창이나 명령이 대화 파일을 정리하고 있습니다. 잠시 뒤에 다시 해 주세요."
                ) from error

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What the disk refuses becomes a sentence."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ExportError(
                    f"자리가 없어 대화 폴더 {replace_surrogates(str(self._raw))} 에 적지 "
                    "못했습니다. "
                    "디스크를 비우고 다시 해 주세요."
                ) from error
            raise ExportError(
                f"대화 폴더 {replace_surrogates(str(self._raw))} 를 쓸 수 없습니다. "
                "그 이름의 파일이 있지 않은지, 읽고 쓸 권한이 있는지 확인하고 다시 해 주세요."
            ) from error

    def _take(self, file: Path, name: str, listed: dict[str, StoredFile]) -> list[AddResult]:
        upload = read_upload(file, name=name)
        first, *rest = [self._keep(reading, listed) for reading in upload.results]
        return [replace(first, skipped=upload.skipped), *rest]

    def _keep(self, reading: ReadResult, listed: dict[str, StoredFile]) -> AddResult:
        name, data, export = reading.file.name, reading.file.data, reading.export
        if export is None:
            return AddResult(name, error=reading.error)
        digest = hashlib.sha256(data).hexdigest()[:16]
        before = listed.get(digest)
        if before and before.is_intact:
            return AddResult(name, before, is_duplicate=True)
        stored = before or describe(export, digest, len(data), datetime.now())
        stored = replace(stored, modified=self._write(stored.file, data))
        listed[digest] = stored
        self._save(listed)
        note = _RESTORED if before else ""
        try:
            self._organize(stored)
        except OSError as error:
            note = _UNNAMED.format(name=name)
            log.warning("%s (%s)", note, error)
        return AddResult(name, stored, note=note)

    def _write(self, file: str, data: bytes) -> int:
        """Into inbox/, sealed; when it was written."""
        target = self._inbox / file
        handle, name = tempfile.mkstemp(dir=self._inbox, prefix=".draft-")
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(data)
            if target.exists():
                # A link in organized/ keeps what somebody made of it.
                remove_file(target)
            retry_rename(lambda: draft.replace(target))
        finally:
            draft.unlink(missing_ok=True)
        make_read_only(target)
        return target.stat().st_mtime_ns

    def _load(self) -> dict[str, StoredFile]:
        """By hash. What lies in inbox/ unlisted is listed again; what is gone is left out."""
        try:
            listed = manifest.parse(self._manifest.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            listed = {}
        except ValueError:
            aside = unused_path(self._manifest.with_suffix(".broken"))
            retry_rename(lambda: self._manifest.replace(aside))
            log.warning("망가진 파일 목록을 %s 로 옮기고 원본에서 다시 만들었습니다.", aside)
            listed = {}
        except OSError as error:
            raise ExportError(
                f"파일 목록 {self._manifest} 을 열 수 없습니다. "
                "그 파일을 쓰고 있는 프로그램을 닫고 읽기 권한을 확인해 주세요."
            ) from error
        checked = {key: self._checked(each) for key, each in listed.items()}
        present = {path.stem: path for path in sorted(self._inbox.glob("[0-9a-f]*.*"))}
        found = {
            key: each
            for key, each in checked.items()
            if each and key in present and present[key].name == each.file
        }
        for key in present.keys() - found.keys():
            if recovered := self._recover(present[key]):
                found[key] = recovered
        if found != listed:
            self._save(found)
        return dict(sorted(found.items(), key=lambda item: item[1].added_at))

    def _checked(self, stored: StoredFile) -> StoredFile | None:
        """Whether its file is whole: cheap where size and time are those that were noted.

        What is damaged or gone is taken back from organized/ where a copy is left there; what is
        gone for good is None.
        """
        path = self._inbox / stored.file
        try:
            now = path.stat()
        except FileNotFoundError:
            now = None
        if now and (now.st_size, now.st_mtime_ns) == (stored.size, stored.modified):
            return stored
        if now and now.st_size == stored.size and hash_file(path) == stored.hash:
            make_read_only(path)
            return replace(stored, modified=now.st_mtime_ns)
        twins = find_copies((self._raw / "organized").rglob("*"), stored.hash, stored.size)
        twin = next(twins, None)
        if twin:
            log.warning("'%s' 파일을 organized 폴더에서 되살렸습니다.", stored.name)
            return replace(stored, modified=self._write(stored.file, twin.read_bytes()))
        return replace(stored, modified=None) if now else None

    def _recover(self, path: Path) -> StoredFile | None:
        """Its name is that of its readable copy, where one is left."""
        now = path.stat()
        if not path.is_file() or hash_file(path) != path.stem:
            log.warning(
                "inbox 폴더의 %s 은(는) 이름과 내용이 달라 읽지 않았습니다. 다시 가져와 주세요.",
                path.name,
            )
            return None
        twins = find_copies((self._raw / "organized").rglob("*"), path.stem, now.st_size)
        name = next((each.name for each in twins), path.name)
        try:
            export = read_export(path, name=name)
        except ExportError:
            return None
        make_read_only(path)
        added = datetime.fromtimestamp(now.st_mtime)
        return describe(export, path.stem, now.st_size, added, now.st_mtime_ns)

    def _save(self, listed: dict[str, StoredFile]) -> None:
        replace_text(self._manifest, manifest.dump(listed.values()))

    def _organize(self, stored: StoredFile) -> Path | None:
        if not stored.is_intact or self._copies(stored):
            return None
        folder = self._folder(stored)
        folder.mkdir(parents=True, exist_ok=True)
        target = unused_path(folder / safe_name(stored.name))
        source = self._inbox / stored.file
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target

    def _copies(self, stored: StoredFile) -> list[Path]:
        """Its readable names: links to it, and files of the same content."""
        paths = list(self._folder(stored).glob("*"))
        source = self._inbox / stored.file
        links = [path for path in paths if source.exists() and path.samefile(source)]
        return links or list(find_copies(paths, stored.hash, stored.size))

    def _folder(self, stored: StoredFile) -> Path:
        room = safe_name(stored.room, ROOM_LONGEST)
        return self._raw / "organized" / room / stored.first[:7]


def damage_notice(stored: StoredFile) -> str:
    """What to do about a file that is no longer what was brought in."""
    return (
        f"보관해 둔 '{stored.name}' 파일({stored.file})이 가져온 뒤에 바뀌었거나 손상되었습니다. "
        "같은 파일을 다시 넣거나 목록에서 빼 주세요."
    )
