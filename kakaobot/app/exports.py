"""Bring exports in, look at them, put things away. Owns no format: that is `kakaobot.exports`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kakaobot.app.bases import SAMPLES
from kakaobot.config import Home
from kakaobot.dataset.store import PREVIEW, STATS, TRAIN, VAL
from kakaobot.errors import ExportError, RunError
from kakaobot.exports.inbox import Added, Inbox, Move, Stored, carry_out, plan_archive, safe_name
from kakaobot.exports.reader import Export, read_exports
from kakaobot.records import Message, Progress, quiet
from kakaobot.runs import Runs

_ALREADY = "이미 가져온 파일입니다."


@dataclass(frozen=True)
class FileReport:
    """What one export holds; only `file` and `error` where it could not be read."""

    file: str
    hash: str = ""
    layout: str = ""
    room: str = ""
    people: tuple[str, ...] = ()
    """Most active first."""
    messages: int = 0
    first: str = ""
    """`2026-03-01 12:30`."""
    last: str = ""
    not_understood: tuple[int, ...] = ()
    """1-based line numbers."""
    error: str = ""
    note: str = ""


class Exports:
    def __init__(self, home: Home) -> None:
        self._home = home

    def inspect(self, files: Sequence[Path]) -> list[FileReport]:
        """Read files without taking them in."""
        reports = []
        for file in files:
            try:
                reports += [_of_export(export) for export in read_exports(file)]
            except ExportError as error:
                reports.append(FileReport(file.name, error=str(error)))
        return reports

    def messages(self, file: Path) -> Iterator[Message]:
        """Every message of one file, in order.

        Raises:
            ExportError: it is no export.
        """
        for export in read_exports(file):
            yield from export.messages

    def bring(self, files: Sequence[Path], progress: Progress = quiet) -> list[FileReport]:
        """Copy files into the inbox and put them by room and month. One bad file stops no other."""
        inbox = self._inbox()
        reports = []
        for number, file in enumerate(files):
            progress(number / len(files), f"{file.name} 읽는 중")
            reports += [_of_added(added) for added in inbox.add([file])]
        progress(1.0, "정리하는 중")
        inbox.organize()
        return reports

    def organize(self, progress: Progress = quiet) -> list[FileReport]:
        """Put what is in the inbox by room and month again, for instance after `archive`."""
        progress(0.0, "정리하는 중")
        self._inbox().organize()
        progress(1.0, "정리했습니다")
        return self.files()

    def files(self) -> list[FileReport]:
        """What is in the inbox, oldest first."""
        return [_of_stored(stored) for stored in self._inbox().stored()]

    def remove(self, hash: str) -> str:
        """Take one export out of the inbox. Its content is kept in the archive.

        Returns:
            Where it is now, relative to the home.
        """
        inbox = self._inbox()
        stored = next((each for each in inbox.stored() if each.hash == hash), None)
        if stored is None:
            raise ExportError("지우려는 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요.")
        settings = self._home.settings()
        source = self._home.folder(settings.paths.raw) / "inbox" / stored.file
        [move] = plan_archive([source], self._home.folder(settings.paths.archive))
        target = move.target.with_name(f"{stored.hash[:8]}-{safe_name(stored.name)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        inbox.remove(hash)
        return self._shown(target)

    def samples(self) -> list[Path]:
        """The invented room that comes with the program, in each layout; Windows first."""
        order = ("windows", "android", "ios", "mac")
        return sorted(
            SAMPLES.glob("sample_*"), key=lambda file: order.index(file.stem.split("_")[1])
        )

    def archive_plan(self) -> list[tuple[str, str]]:
        """What `archive` would move, as (from, to) relative to the home."""
        return [(self._shown(move.source), self._shown(move.target)) for move in self._moves()]

    def archive(self) -> list[tuple[str, str]]:
        """Move derived data and runs to `data/archive/<time>/`.

        Raises:
            RunError: a run is being trained.
        """
        live = Runs(self._home.folder(self._home.settings().paths.runs)).live()
        if live:
            raise RunError(f"학습 '{live.name}' 이 진행 중입니다. 먼저 멈춘 뒤 보관하세요.")
        moves = self._moves()
        places = carry_out(moves)
        return [
            (self._shown(move.source), self._shown(place))
            for move, place in zip(moves, places, strict=True)
        ]

    def _moves(self) -> list[Move]:
        paths = self._home.settings().paths
        sft = self._home.folder(paths.sft)
        # Only what the program itself made: a folder may hold other things.
        found = [
            self._home.folder(paths.raw) / "organized",
            *(sft / name for name in (TRAIN, VAL, STATS, PREVIEW)),
            *(run.path for run in Runs(self._home.folder(paths.runs)).all()),
        ]
        return plan_archive(found, self._home.folder(paths.archive))

    def _inbox(self) -> Inbox:
        return Inbox(self._home.folder(self._home.settings().paths.raw))

    def _shown(self, path: Path) -> str:
        try:
            return path.relative_to(self._home.root).as_posix()
        except ValueError:
            return str(path)


def _of_export(export: Export) -> FileReport:
    return FileReport(
        file=export.file,
        layout=export.layout,
        room=export.room,
        people=tuple(export.people),
        messages=len(export.messages),
        first=f"{export.first:%Y-%m-%d %H:%M}",
        last=f"{export.last:%Y-%m-%d %H:%M}",
        not_understood=export.not_understood,
    )


def _of_added(added: Added) -> FileReport:
    if added.stored is None:
        return FileReport(added.name, error=added.error or "")
    report = _of_stored(added.stored)
    notes = [_ALREADY] if added.already else []
    if added.others:
        notes.append(f"함께 든 다른 파일 {added.others}개는 읽지 않았습니다.")
    return replace(report, note=" ".join(notes))


def _of_stored(stored: Stored) -> FileReport:
    return FileReport(
        file=stored.name,
        hash=stored.hash,
        layout=stored.layout,
        room=stored.room,
        people=tuple(stored.people),
        messages=stored.messages,
        first=stored.first[:16].replace("T", " "),
        last=stored.last[:16].replace("T", " "),
        not_understood=tuple(stored.not_understood),
    )
