"""The folder of uploaded exports: what came in, where it lies, and how to put it away.

    data/raw/                              written by this module only, under one lock
        inbox/<hash><suffix>               the upload, named by its content; the truth
        organized/<room>/<YYYY-MM>/<name>  the same file under a name a person would look for
        manifest.json                      what is known of each file; can be made again from inbox/

It does not know what is in a message, nor what is made of the exports later.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kakaobot.errors import ExportError
from kakaobot.exports.reader import Export, Reading, read_export, read_upload

SUFFIXES = (".txt", ".csv", ".eml", ".zip")
_BAD = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_NAME_BYTES = 180
"""Room for " (2)" and a suffix below the 255 bytes of most file systems."""


@dataclass(frozen=True)
class Stored:
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

    @property
    def file(self) -> str:
        """Name in inbox/."""
        return self.hash + Path(self.name).suffix.lower()


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


@dataclass(frozen=True)
class Move:
    source: Path
    target: Path


class Inbox:
    """The exports under `raw`. Changes are made under a lock: two processes may use one folder."""

    def __init__(self, raw: Path, *, patience: float = 30) -> None:
        """`patience`: seconds to wait for another process before giving up with an ExportError."""
        self._raw = raw
        self._patience = patience
        self._inbox = raw / "inbox"
        self._manifest = raw / "manifest.json"

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
                    results += self._take(file, _last_part(name), listed)
                except ExportError as error:
                    results.append(Added(name, error=str(error)))
            self._save(listed)
        return results

    def stored(self) -> list[Stored]:
        """All that is listed, oldest first. A damaged manifest is made again from inbox/."""
        if not self._raw.exists():
            return []
        with self._locked():
            return list(self._load().values())

    def exports(self) -> list[Export]:
        """Read all that is listed, oldest first.

        Raises:
            ExportError: a listed file is gone or was damaged.
        """
        return [read_export(self._inbox / each.file, name=each.name) for each in self.stored()]

    def organize(self) -> list[Path]:
        """Put a readable name on every listed export that has none yet; give the new ones."""
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

    @contextmanager
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
        stored = _describe(export, digest, len(data), datetime.now())
        draft = _draft(self._inbox)
        try:
            draft.write_bytes(data)
            _replace(draft, self._inbox / stored.file)
        finally:
            draft.unlink(missing_ok=True)
        listed[digest] = stored
        self._save(listed)
        self._organize(stored)
        return Added(name, stored)

    def _load(self) -> dict[str, Stored]:
        """By hash. What lies in inbox/ unlisted is listed again; what is gone is left out."""
        try:
            text = self._manifest.read_text(encoding="utf-8")
            listed = {each["hash"]: Stored(**each) for each in json.loads(text)["files"]}
        except FileNotFoundError:
            listed = {}
        except (ValueError, TypeError, KeyError):
            _replace(self._manifest, _free(self._manifest.with_suffix(".broken")))
            listed = {}
        present = {path.stem: path for path in sorted(self._inbox.glob("[0-9a-f]*.*"))}
        found = {key: each for key, each in listed.items() if key in present}
        for key in present.keys() - found.keys():
            if recovered := self._recover(present[key]):
                found[key] = recovered
        if found != listed:
            self._save(found)
        return dict(sorted(found.items(), key=lambda item: item[1].added_at))

    def _recover(self, path: Path) -> Stored | None:
        """Its name is that of its readable copy, where one is left."""
        size = path.stat().st_size
        twins = (
            each
            for each in sorted((self._raw / "organized").rglob("*"))
            if each.is_file() and each.stat().st_size == size and _digest(each) == path.stem
        )
        name = next((each.name for each in twins), path.name)
        try:
            export = read_export(path, name=name)
        except ExportError:
            return None
        return _describe(export, path.stem, size, datetime.fromtimestamp(path.stat().st_mtime))

    def _save(self, listed: dict[str, Stored]) -> None:
        files = {"files": [asdict(each) for each in listed.values()]}
        draft = _draft(self._raw)
        draft.write_text(json.dumps(files, ensure_ascii=False, indent=1), encoding="utf-8")
        _replace(draft, self._manifest)

    def _organize(self, stored: Stored) -> Path | None:
        if self._copies(stored):
            return None
        folder = self._raw / "organized" / safe_name(stored.room) / stored.first[:7]
        folder.mkdir(parents=True, exist_ok=True)
        target = _free(folder / safe_name(stored.name))
        source = self._inbox / stored.file
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target

    def _copies(self, stored: Stored) -> list[Path]:
        folder = self._raw / "organized" / safe_name(stored.room) / stored.first[:7]
        files = [each for each in sorted(folder.glob("*")) if each.is_file()]
        same = [each for each in files if each.stat().st_size == stored.size]
        return [each for each in same if _digest(each) == stored.hash]


def plan_archive(
    paths: Sequence[Path], archive: Path, *, now: datetime | None = None
) -> list[Move]:
    """What moving `paths` to `archive`/<YYYYMMDD-HHMMSS>/ would do; nothing is touched.

    What does not exist is left out. Each keeps its last two folder names, so that runs and data
    sets stay apart.
    """
    folder = _free(archive / (now or datetime.now()).strftime("%Y%m%d-%H%M%S"))
    present = [path for path in paths if path.exists()]
    return [Move(path, folder / path.parent.name / path.name) for path in present]


def carry_out(moves: Sequence[Move]) -> list[Path]:
    """Move as planned and give the new places; nothing that is there already is overwritten.

    Raises:
        ExportError: a file is in use, as Windows says; what was moved before it stays moved.
    """
    moved = []
    for move in moves:
        target = _free(move.target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(move.source, target)
        except OSError as error:
            raise ExportError(
                f"'{move.source.name}'을(를) 옮기지 못했습니다. "
                "그 안의 파일을 쓰고 있는 프로그램을 닫고 다시 해 주세요."
            ) from error
        moved.append(target)
    return moved


def safe_name(name: str) -> str:
    """A file name that Windows, macOS and Linux all take; never empty, never a path."""
    name = _BAD.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,5}", suffix):
        stem, dot, suffix = name, "", ""
    stem = stem.encode()[:_NAME_BYTES].decode(errors="ignore")
    name = stem.rstrip(" .") + dot + suffix
    return f"_{name}" if not stem or _DEVICE.fullmatch(name) else name


def _last_part(name: str) -> str:
    return unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])


def _describe(export: Export, digest: str, size: int, added: datetime) -> Stored:
    return Stored(
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
    )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


def _draft(folder: Path) -> Path:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".draft-")
    os.close(handle)
    return Path(name)


def _replace(draft: Path, target: Path) -> None:
    """On Windows a reader may hold the target open for a moment."""
    for _ in range(20):
        try:
            draft.replace(target)
        except PermissionError:
            time.sleep(0.05)
        else:
            return
    draft.replace(target)


def _free(path: Path) -> Path:
    """This path, or the first of `name (2)`, `name (3)`, … that nothing bears."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free
