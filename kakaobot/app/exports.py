"""Import, inspect, remove and archive exports. Knows no export format."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from kakaobot.app.base_models import SAMPLE_FOLDER
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.errors import ExportError, RunError
from kakaobot.exports.captions import CaptionCounts
from kakaobot.exports.file_store import AddResult, FileStore
from kakaobot.exports.line_report import LineReport, report_lines
from kakaobot.exports.manifest import StoredFile, damage_notice
from kakaobot.exports.parse_result import LineCounts
from kakaobot.exports.paths import (
    Move,
    base_name,
    move_files,
    plan_archive,
    remove_file,
    safe_name,
)
from kakaobot.exports.reader import Export, read_exports, read_upload
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text
from kakaobot.runs.run import Runs
from kakaobot.schema import Message, Progress, no_progress

__all__ = [
    "LINE_KIND_LABELS",
    "Exports",
    "FileReport",
    "LineReport",
    "summarize_captions",
    "summarize_line_counts",
]

_DUPLICATE_NOTE = tr("이미 가져온 파일입니다.")
LINE_KIND_LABELS = {
    "messages": tr("메시지"),
    "continuations": tr("이어진 줄"),
    "headers": tr("머리말"),
    "dates": tr("날짜 줄"),
    "system": tr("안내 줄"),
    "blank": tr("빈 줄"),
    "not_understood": tr("이해하지 못한 줄"),
}
"""Korean label of each field of `LineCounts`, in its order."""


@dataclass(frozen=True)
class FileReport:
    """Summary of one export; only `file` and `error` if it could not be read."""

    file: str
    hash: str = ""
    format: str = ""
    room: str = ""
    participants: tuple[str, ...] = ()
    """Most active first."""
    messages: int = 0
    first: str = ""
    """`2026-03-01 12:30`."""
    last: str = ""
    not_understood: tuple[int, ...] = ()
    """1-based numbers of lines that no rule matched."""
    error: str = ""
    note: str = ""
    lines: int | None = None
    counts: LineCounts | None = None
    """They sum to `lines`; both are None for a file imported by an older version."""
    not_understood_lines: tuple[tuple[int, str], ...] = ()
    """Numbers and texts of the first of these lines; set by `inspect` only."""
    captions: CaptionCounts = CaptionCounts()
    """Set by `inspect` only."""


class Exports:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._removed: dict[str, tuple[StoredFile, Path]] = {}
        """By hash, with their copies in the archive; oldest first."""

    def inspect(self, files: Sequence[Path]) -> list[FileReport]:
        """Report on files without importing them; a failure is the `error` of its report."""
        reports = []
        for file in files:
            try:
                reports += _read_reports(file)
            except ExportError as error:
                reports.append(FileReport(base_name(file.name), error=str(error)))
        return reports

    def messages(self, file: Path) -> Iterator[Message]:
        """Yield the messages of one file in order.

        Raises:
            ExportError: the file is not an export.
        """
        for export in read_exports(file, name=base_name(file.name)):
            yield from export.messages

    def import_files(
        self, files: Sequence[Path], progress: Progress = no_progress
    ) -> list[FileReport]:
        """Copy files into the file store and sort them by room and month.

        A file that cannot be read gets a report with an `error` and does not stop the others.
        """
        store = self._file_store()
        reports = []
        for number, file in enumerate(files):
            progress(number / len(files), tr("{name} 읽는 중").format(name=base_name(file.name)))
            reports += [_added_report(result) for result in store.add([file])]
        progress(1.0, tr("정리하는 중"))
        store.organize()
        return reports

    def organize(self, progress: Progress = no_progress) -> list[FileReport]:
        """Sort the imported files by room and month again, for instance after `archive`."""
        progress(0.0, tr("정리하는 중"))
        self._file_store().organize()
        progress(1.0, tr("정리했습니다"))
        return self.files()

    def files(self) -> list[FileReport]:
        """Reports of the imported files, oldest first."""
        return [_stored_report(stored) for stored in self._file_store().list_files()]

    def line_report(self, hash: str) -> LineReport:
        """Read one imported file again and classify its lines.

        Raises:
            ExportError: the file is unknown, missing or damaged.
        """
        result = self._file_store().read(hash)
        if result.export is None:
            raise ExportError(result.error)
        return report_lines(result, result.export)

    def remove(self, hash: str) -> str:
        """Move one imported file to the archive.

        Returns:
            Its new path, relative to the home.

        Raises:
            ExportError: the file is unknown.
        """
        store = self._file_store()
        stored = next((file for file in store.list_files() if file.hash == hash), None)
        if stored is None:
            raise ExportError(tr("지우려는 파일이 목록에 없습니다. 목록을 새로 고쳐 주세요."))
        source = store.path(stored)
        archive = self._home.folder(self._home.settings().paths.archive)
        [move] = plan_archive([source], archive)
        target = move.target.with_name(f"{stored.hash[:8]}-{safe_name(stored.name)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        store.remove(hash)
        self._removed.pop(hash, None)
        self._removed[hash] = stored, target
        return self._relative(target)

    def removed(self) -> list[FileReport]:
        """What `remove` has moved and `restore` can bring back, newest first."""
        listed = {file.hash for file in self._file_store().list_files()}
        return [
            replace(_stored_report(stored), note=self._relative(copy))
            for hash, (stored, copy) in reversed(self._removed.items())
            if hash not in listed and copy.exists()
        ]

    def restore(self, hash: str) -> None:
        """Take back a `remove` of this service; the copy in the archive goes.

        Raises:
            ExportError: there was none, or its copy is gone or has changed.
        """
        if hash not in self._removed:
            raise ExportError(tr("되돌릴 파일이 없습니다. 원본을 다시 가져와 주세요."))
        stored, copy = self._removed[hash]
        if not copy.exists():
            raise ExportError(tr("보관해 둔 파일이 없습니다. 원본을 다시 가져와 주세요."))
        self._file_store().restore(stored, copy)
        del self._removed[hash]
        remove_file(copy)
        for folder in (copy.parent, copy.parent.parent):
            with suppress(OSError):
                folder.rmdir()

    def sample_files(self) -> list[Path]:
        """The bundled sample room in every export format, Windows first."""
        order = ("windows", "android", "ios", "mac")
        return sorted(
            SAMPLE_FOLDER.glob("sample_*"), key=lambda file: order.index(file.stem.split("_")[1])
        )

    def planned_moves(self) -> list[tuple[str, str]]:
        """Source and target of each move that `archive` would make, relative to the home."""
        return [
            (self._relative(move.source), self._relative(move.target))
            for move in self._plan_archive()
        ]

    def archive(self) -> list[tuple[str, str]]:
        """Move derived data and runs to `data/archive/<time>/`.

        Returns:
            Source and target of each move, relative to the home.

        Raises:
            RunError: a run is live.
        """
        live = Runs(self._home.folder(self._home.settings().paths.runs)).live()
        if live:
            raise RunError(
                tr("학습 '{name}' 이 진행 중입니다. 먼저 멈춘 뒤 보관하세요.").format(
                    name=live.name
                )
            )
        moves = self._plan_archive()
        targets = move_files(moves)
        return [
            (self._relative(move.source), self._relative(target))
            for move, target in zip(moves, targets, strict=True)
        ]

    def _plan_archive(self) -> list[Move]:
        paths = self._home.settings().paths
        sft = self._home.folder(paths.sft)
        # Only files of this program: the user may keep others there.
        sources = [
            self._home.folder(paths.raw) / "organized",
            *(sft / name for name in artifacts.FILES),
            *(run.path for run in Runs(self._home.folder(paths.runs)).all()),
        ]
        return plan_archive(sources, self._home.folder(paths.archive))

    def _file_store(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))

    def _relative(self, path: Path) -> str:
        try:
            return path.relative_to(self._home.root).as_posix()
        except ValueError:
            return str(path)


def summarize_line_counts(lines: int, counts: LineCounts) -> str:
    """`모두 12줄 = 메시지 9 + 빈 줄 3`; omits zero counts."""
    labeled = {label: getattr(counts, kind) for kind, label in LINE_KIND_LABELS.items()}
    total = " + ".join(f"{label} {count:,}" for label, count in labeled.items() if count)
    return tr("모두 {lines:,}줄 = {total}").format(lines=lines, total=total)


def summarize_captions(captions: CaptionCounts) -> str:
    """What happened to words behind a placeholder; empty if there were none."""
    parts = []
    if found := captions.marked + captions.guessed:
        parts.append(tr("{found:,}개에서 말만 남겼습니다.").format(found=found))
    if captions.guessed:
        guessed = tr("그중 {guessed:,}개는 괄호가 없어").format(guessed=captions.guessed)
        parts.append(tr("{guessed} 이 파일의 쓰임새로 미루어 정했습니다.").format(guessed=guessed))
    if captions.kept:
        parts.append(
            tr("'이모티콘'으로 시작하는 말 {kept:,}개는 그대로 두었습니다.").format(
                kept=captions.kept
            )
        )
    return " ".join(parts)


def _read_reports(file: Path) -> list[FileReport]:
    """One report per export in the file, which may be an archive.

    Raises:
        ExportError: there is no export.
    """
    results = read_upload(file, name=base_name(file.name)).results
    exports = [(result, result.export) for result in results if result.export]
    if not exports:
        raise ExportError(results[0].error)
    return [_export_report(export, report_lines(result, export)) for result, export in exports]


def _export_report(export: Export, line_report: LineReport) -> FileReport:
    return FileReport(
        file=export.file,
        format=export.format,
        room=export.room,
        participants=tuple(export.people),
        messages=len(export.messages),
        first=f"{export.first:%Y-%m-%d %H:%M}",
        last=f"{export.last:%Y-%m-%d %H:%M}",
        not_understood=export.not_understood,
        lines=export.lines,
        counts=export.counts,
        not_understood_lines=line_report.not_understood_lines,
        captions=line_report.captions,
    )


def _added_report(result: AddResult) -> FileReport:
    if result.stored is None:
        return FileReport(result.name, error=result.error or "")
    notes = [_DUPLICATE_NOTE] if result.is_duplicate else []
    if result.skipped:
        notes.append(
            tr("함께 든 다른 파일 {skipped}개는 읽지 않았습니다.").format(skipped=result.skipped)
        )
    if result.note:
        notes.append(result.note)
    return replace(_stored_report(result.stored), note=" ".join(notes))


def _stored_report(stored: StoredFile) -> FileReport:
    return FileReport(
        file=stored.name,
        hash=stored.hash,
        format=stored.format,
        room=stored.room,
        participants=tuple(stored.people),
        messages=stored.messages,
        first=minute_text(stored.first),
        last=minute_text(stored.last),
        not_understood=tuple(stored.not_understood),
        lines=stored.lines,
        counts=LineCounts(**stored.counts) if stored.counts else None,
        note="" if stored.is_intact else damage_notice(stored),
    )
