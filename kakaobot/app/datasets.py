"""Build the dataset from the imported rooms and report on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kakaobot.app.base_models import BaseModels
from kakaobot.app.build_inputs import changes_since, inputs_of
from kakaobot.app.build_lock import building
from kakaobot.app.builds import Builds
from kakaobot.atomic_io import replace_text
from kakaobot.base.selection import location_of
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.advance import part
from kakaobot.dataset.build_report import (
    BuildReport,
    ScaleSummary,
    read_report,
    report_to_json,
)
from kakaobot.dataset.canaries import canaries_to_json
from kakaobot.dataset.jsonl import dump_rows
from kakaobot.dataset.participant_stats import ParticipantStats, ParticipantStatsCache
from kakaobot.dataset.pipeline import Pipeline
from kakaobot.dataset.pseudonyms import Pseudonymizer, PseudonymStore
from kakaobot.errors import DatasetError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.messages import sender_counts
from kakaobot.exports.room_names import find_namesakes
from kakaobot.file_cache import stamp
from kakaobot.gc_pause import pause_gc
from kakaobot.language import tr
from kakaobot.one_look import asked_once
from kakaobot.report.page import render_page
from kakaobot.runs.history import RunHistory, RunSummary
from kakaobot.runs.log import now_text
from kakaobot.runs.run import Runs
from kakaobot.schema import Progress, no_progress
from kakaobot.settings import DataSettings, Settings
from kakaobot.style.likeness import LikenessScale, scales_to_json
from kakaobot.train.forecast import Estimate

_READ, _GATHERED, _SPLIT, _WRITTEN = 0.03, 0.28, 0.33, 0.87
"""Progress of a build at the ends of its parts, as measured with a large room."""


class Datasets:
    """The dataset of one home."""

    def __init__(self, home: Home, bases: BaseModels | None = None) -> None:
        self._home = home
        self._bases = bases or BaseModels()
        self._participant_stats = ParticipantStatsCache(home)
        self._page_lock = threading.Lock()
        self.builds = Builds()

    def rooms(self) -> list[str]:
        """Names of the imported rooms; reads no export."""
        return RoomHistories(self._file_store()).names()

    def selected_room(self) -> str:
        """Name of the room selected in sft.yaml, which may have had another one; empty for all."""
        room = self._home.settings().data.room
        return next(iter(RoomHistories(self._file_store()).names(room)), "") if room else ""

    def participants(
        self, room: str = "", progress: Progress = no_progress
    ) -> list[ParticipantStats]:
        """See `ParticipantStatsCache.participants`."""
        return self._participant_stats.participants(room, progress)

    def outdated_reason(self, report: BuildReport, settings: Settings | None = None) -> str:
        """Why the dataset must be rebuilt before training, in Korean; empty if it is up to date.

        Args:
            report: report of the dataset.
            settings: settings of the run; by default those of sft.yaml.
        """
        data = (settings or self._home.settings()).data
        stored = {file.hash for file in self._file_store().list_files()}
        if not stored.issuperset(report.sources):
            return tr(
                "이 데이터를 만든 뒤 목록에서 뺀 파일이 있습니다. "
                "'데이터 준비'(preprocess)를 다시 하세요."
            )
        if data.pseudonyms and not report.has_pseudonyms:
            return tr(
                "지어낸 이름을 쓰기로 했지만(data.pseudonyms) 이 데이터에는 실제 이름이 들어 "
                "있습니다. '데이터 준비'(preprocess)를 다시 하세요."
            )
        pseudonyms = PseudonymStore(self._home).known() if report.has_pseudonyms else {}
        for name in data.exclude_people:
            if pseudonyms.get(name, name) in report.participants:
                return tr(
                    "이 데이터에는 나중에 빼기로 한 '{name}' 님의 말이 들어 있습니다. '데이터 "
                    "준비'(preprocess)를 다시 하세요."
                ).format(name=name)
        return ""

    def changes_since(self, report: BuildReport) -> tuple[str, ...]:
        """Korean sentences on what has changed since a build, without which a run may still start.

        Raises:
            ExportError: the manifest or the aliases are unreadable.
        """
        settings = self._home.settings()
        sources = RoomHistories(self._file_store()).sources(settings.data.room)
        seen = self._pseudonymized(settings) if settings.data.pseudonyms else settings
        return changes_since(report, settings, inputs_of(seen, sources), sources)

    def pseudonymized_settings(self, settings: Settings) -> Settings:
        """The settings as a run stores them: without real names if pseudonyms are on."""
        if not settings.data.pseudonyms:
            return settings
        pseudonymized = self._pseudonymized(settings)
        data = pseudonymized.data.model_copy(update={"mask_words": ()})
        return pseudonymized.model_copy(update={"data": data})

    @pause_gc()
    def build(self, progress: Progress = no_progress) -> BuildReport:
        """Write `data/sft` with the settings of sft.yaml.

        Raises:
            DatasetError: nothing is imported, the selected room or persona does not exist, or no
                targets are left; `BuildCancelled` if `builds` was cancelled.
            BaseModelError: the tokenizer of the base model is not available.
        """
        waiting = tr("다른 일이 끝나기를 기다리는 중")
        with (
            self.builds.recorded(progress) as report,
            building(self._home, lambda: report(0.0, waiting)),
        ):
            return self._build(report)

    def _build(self, progress: Progress) -> BuildReport:
        settings = self._home.settings()
        reading = part(progress, 0.0, _READ, tr("가져온 대화를 읽는 중"))
        rooms = RoomHistories(self._file_store())
        histories = rooms.histories(settings.data.room, lambda share, _: reading(share))
        if not histories and settings.data.room:
            raise DatasetError(_no_such_room(settings.data.room, rooms.names()))
        _check_selection(histories, settings.data)
        progress(_READ, tr("바탕 모델의 토크나이저를 읽는 중"))
        choice = self._bases.select(self._home)
        base = read_tokenizer_info(location_of(choice.name))
        pseudonymizer = self._pseudonymizer(settings, histories)
        pipeline = Pipeline(
            pseudonymizer.settings if pseudonymizer else settings, base, tokenizer=choice.label
        )
        for number in range(len(histories)):
            # Free each history once the pipeline has written it to disk.
            history, histories[number] = histories[number], RoomHistory("", ())
            gathering = part(
                progress,
                _READ + (_GATHERED - _READ) * number / len(histories),
                _READ + (_GATHERED - _READ) * (number + 1) / len(histories),
                tr("'{room}' 의 말을 모으고 개인정보를 가리는 중").format(room=history.room),
            )
            pipeline.add_history(
                pseudonymizer.pseudonymize(history) if pseudonymizer else history, gathering
            )
            del history
        progress(_GATHERED, tr("배울 말과 검증에 쓸 말을 고르는 중"))
        pipeline.split_targets()
        inputs = inputs_of(
            pseudonymizer.settings if pseudonymizer else settings,
            rooms.sources(settings.data.room),
        )
        return self._write(pipeline, settings, inputs, progress)

    @asked_once(lambda self: self)
    def report(self) -> BuildReport | None:
        """Report of the last build; None if there is none."""
        return read_report(self._folder())

    @asked_once(lambda self: self)
    def version(self) -> tuple[object, ...]:
        """A value that changes whenever the report or the settings may."""
        return stamp(self._folder() / artifacts.STATS), stamp(self._home.settings_file)

    def likeness_scales(self) -> dict[str, Any]:
        """JSON form of the scales of likeness; empty if the dataset was built without."""
        return artifacts.read_json(self._folder(), artifacts.LIKENESS) or {}

    def turn_taking(self) -> dict[str, Any]:
        """Counts of the last build's training sessions; empty if it made none."""
        return artifacts.read_json(self._folder(), artifacts.TURN_TAKING) or {}

    def report_page(self) -> Path:
        """The last build's report as a self-contained HTML file."""
        return self._folder() / artifacts.REPORT

    def update_report_page(
        self, estimate: Estimate | None, progress: Progress = no_progress
    ) -> Path:
        """Render report.html again with what a build does not know.

        That is its participants, the estimate, and the likeness of the runs it has trained.

        Args:
            estimate: memory and time of a run on the last build.
            progress: called while the rooms are read.

        Raises:
            ExportError: as in `participants`.
        """
        report = self.report()
        room = self._real_room(report) if report else None
        participants = [] if room is None else self.participants(room, progress)
        with self._page_lock:
            # Another build may have written a newer page meanwhile.
            if report and participants and report == self.report():
                sentences = estimate.sentences if estimate else ()
                page = render_page(report, participants, sentences, self._runs_of(report))
                replace_text(self.report_page(), page)
        return self.report_page()

    def _runs_of(self, report: BuildReport) -> list[RunSummary]:
        """The runs that this data has trained, and their refines; newest first."""
        folder = self._home.folder(self._home.settings().paths.runs)
        summaries = RunHistory().summaries(Runs(folder))
        trained = {run.name for run in summaries if run.fingerprint == report.fingerprint}
        return [
            run
            for run in summaries
            if run.name in trained
            or (run.refinement and trained.intersection(run.refinement.lineage))
        ]

    def _real_room(self, report: BuildReport) -> str | None:
        """Name of the report's room in the exports; None if it can no longer be determined."""
        if not report.has_pseudonyms:
            return report.room
        settings = self._home.settings()
        pseudonymized = self._pseudonymized(settings)
        return settings.data.room if pseudonymized.data.room == report.room else None

    def _pseudonymized(self, settings: Settings) -> Settings:
        return Pseudonymizer(PseudonymStore(self._home).known(), settings).settings

    def _pseudonymizer(
        self, settings: Settings, histories: Sequence[RoomHistory]
    ) -> Pseudonymizer | None:
        """None if pseudonyms are off."""
        if not settings.data.pseudonyms:
            return None
        names = PseudonymStore(self._home).names(_senders(histories))
        return Pseudonymizer(names, settings)

    def _file_store(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))

    def _folder(self) -> Path:
        return self._home.folder(self._home.settings().paths.sft)

    def _write(
        self,
        pipeline: Pipeline,
        settings: Settings,
        inputs: Mapping[str, str],
        progress: Progress,
    ) -> BuildReport:
        with artifacts.ArtifactDraft(self._folder()) as draft:
            writing = part(progress, _SPLIT, _WRITTEN, tr("대화로 나누고 저장하는 중"))
            draft.write(artifacts.TRAIN, dump_rows(pipeline.rows("train", writing)))
            draft.write(artifacts.VAL, dump_rows(pipeline.rows("val")))
            _check_not_empty(pipeline)
            reporting = part(progress, _WRITTEN, 1.0, tr("보고서를 만드는 중"))
            scales = pipeline.likeness_scales(reporting)
            report = replace(
                pipeline.report(),
                has_pseudonyms=settings.data.pseudonyms,
                written_at=now_text(),
                sources=tuple(file.hash for file in self._file_store().list_files()),
                fingerprint=draft.fingerprint(settings.data.model_dump_json()),
                scales=tuple(map(_summary, scales)),
                inputs=inputs,
            )
            stats = report_to_json(report)
            preview = stats.pop("examples")
            for name, data in ((artifacts.PREVIEW, preview), (artifacts.STATS, stats)):
                draft.write_unhashed(name, json.dumps(data, ensure_ascii=False, indent=1))
            draft.write_unhashed(artifacts.REPORT, render_page(report))
            turn_taking = pipeline.turn_taking().to_json()
            draft.write_unhashed(artifacts.TURN_TAKING, json.dumps(turn_taking, ensure_ascii=False))
            draft.write_unhashed(artifacts.CANARIES, canaries_to_json(pipeline.canaries))
            likeness = json.dumps(scales_to_json(scales), ensure_ascii=False)
            draft.write_unhashed(artifacts.LIKENESS, likeness)
        return report


def _summary(scale: LikenessScale) -> ScaleSummary:
    return ScaleSummary(scale.name, scale.nearest, scale.replies, bool(scale.points))


def _check_not_empty(pipeline: Pipeline) -> None:
    if not pipeline.row_stats["train"].rows:
        raise DatasetError(
            tr(
                "배울 대답이 하나도 남지 않았습니다. 다른 사람이나 '방 전체'를 고르거나, "
                "data.low_signal_share 를 높이거나, 더 긴 대화를 가져오세요."
            )
        )
    if not pipeline.row_stats["val"].rows:
        raise DatasetError(
            tr(
                "검증에 쓸 대답이 남지 않았습니다. 더 긴 기간의 대화를 가져오거나 "
                "'방 전체'를 고르세요."
            )
        )


def _no_such_room(room: str, rooms: Sequence[str]) -> str:
    if namesakes := find_namesakes(rooms, room):
        listed = ", ".join(f"'{name}'" for name in namesakes)
        return tr("'{room}' 이라는 방이 여럿입니다. 방을 다시 고르세요: {listed}.").format(
            room=room, listed=listed
        )
    return tr("'{room}' 이라는 방이 없습니다. 방을 다시 고르거나 data.room 을 비워 두세요.").format(
        room=room
    )


def _check_selection(histories: Sequence[RoomHistory], data: DataSettings) -> None:
    if not histories:
        raise DatasetError(tr("가져온 대화가 없습니다. 먼저 카카오톡 내보내기 파일을 가져오세요."))
    if data.persona and data.persona in data.exclude_people:
        raise DatasetError(
            tr(
                "'{persona}' 님은 빼기로 한 사람(data.exclude_people)입니다. 그 목록에서 "
                "지우거나 다른 사람을 고르세요."
            ).format(persona=data.persona)
        )
    if data.persona and data.persona not in _senders(histories):
        raise DatasetError(
            tr(
                "'{persona}' 님의 말이 대화에 없습니다. 사람을 다시 고르거나 data.persona 를 "
                "비워 방 전체를 배우세요."
            ).format(persona=data.persona)
        )


def _senders(histories: Iterable[RoomHistory]) -> set[str]:
    """All senders, including the empty one of system lines."""
    return {name for history in histories for name in sender_counts(history.messages)}
