"""Make the training data from what was imported, and report on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from kakaobot.app.base_models import BaseModels
from kakaobot.app.estimates import Estimate
from kakaobot.atomic_io import replace_text
from kakaobot.base.selection import located
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.build_report import BuildReport, read_report, report_to_json
from kakaobot.dataset.jsonl import dump_rows
from kakaobot.dataset.participant_summaries import ParticipantStatsCache, ParticipantSummary
from kakaobot.dataset.pipeline import Pipeline
from kakaobot.dataset.pseudonyms import Pseudonymizer, PseudonymStore
from kakaobot.errors import DatasetError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.messages import sender_counts
from kakaobot.gc_pause import pause_gc
from kakaobot.report.page import render_page
from kakaobot.runs.run import now_text
from kakaobot.schema import Progress, no_progress
from kakaobot.settings import DataSettings, Settings


class Datasets:
    def __init__(self, home: Home, bases: BaseModels | None = None) -> None:
        self._home = home
        self._bases = bases or BaseModels()
        self._speaking = ParticipantStatsCache(home)
        self._writing = threading.Lock()

    def rooms(self) -> list[str]:
        """Rooms that were imported."""
        return [summary.room for summary in RoomHistories(self._inbox()).summaries()]

    def people(self, room: str = "", progress: Progress = no_progress) -> list[ParticipantSummary]:
        """Who speaks in a room, under the names of the exports; see `Speaking.people`."""
        return self._speaking.people(room, progress)

    def outdated_reason(self, report: BuildReport, settings: Settings | None = None) -> str:
        """Why data must be made again before it is learnt, in Korean; empty where it need not.

        Args:
            report: of that data.
            settings: those it is to be learnt with; left out, those of sft.yaml now.
        """
        data = (settings or self._home.settings()).data
        if data.pseudonyms and not report.pseudonyms:
            return (
                "지어낸 이름을 쓰기로 했지만(data.pseudonyms) 이 데이터에는 실제 이름이 들어 "
                "있습니다. '데이터 준비'(preprocess)를 다시 하세요."
            )
        invented = PseudonymStore(self._home).known() if report.pseudonyms else {}
        for name in data.exclude_people:
            if invented.get(name, name) in report.people:
                return (
                    f"이 데이터에는 나중에 빼기로 한 '{name}' 님의 말이 들어 있습니다. "
                    "'데이터 준비'(preprocess)를 다시 하세요."
                )
        return ""

    def pseudonymized_settings(self, settings: Settings) -> Settings:
        """The settings as they may be kept beside an adapter: by invented names, where wanted."""
        if not settings.data.pseudonyms:
            return settings
        worn = Pseudonymizer(PseudonymStore(self._home).known(), settings).settings
        hidden = worn.data.model_copy(update={"mask_words": ()})
        return worn.model_copy(update={"data": hidden})

    @pause_gc()
    def build(self, progress: Progress = no_progress) -> BuildReport:
        """Write `data/sft` with the settings of sft.yaml.

        Raises:
            DatasetError: nothing was imported, the room or the person is not there, or nothing is
                left to learn.
            BaseModelError: the base model's tokenizer cannot be had.
        """
        settings = self._home.settings()
        progress(0.0, "가져온 대화를 읽는 중")
        histories = self._histories(settings.data.room)
        _check(histories, settings.data)
        progress(0.2, "바탕 모델의 토크나이저를 읽는 중")
        choice = self._bases.select(self._home)
        base = read_tokenizer_info(located(choice.name))
        mask = self._mask(settings, histories)
        build = Pipeline(mask.settings if mask else settings, base, tokenizer=choice.label)
        for number in range(len(histories)):
            history, histories[number] = histories[number], RoomHistory("", ())
            share = 0.25 + 0.2 * number / len(histories)
            progress(share, f"'{history.room}' 의 말을 모으고 개인정보를 가리는 중")
            build.take(mask.pseudonymize(history) if mask else history)
            del history
        progress(0.45, "배울 말과 검증에 쓸 말을 고르는 중")
        build.settle()
        progress(0.6, "대화로 나누고 저장하는 중")
        return self._write(build, settings, progress)

    def report(self) -> BuildReport | None:
        """Of the last build; None where there is none."""
        folder = self._folder()
        return read_report(
            artifacts.read_json(folder, artifacts.STATS),
            artifacts.read_json(folder, artifacts.PREVIEW),
        )

    def page(self) -> Path:
        """The last build's report with pictures, for any browser."""
        return self._folder() / artifacts.REPORT

    def update_report_page(
        self, outlook: Estimate | None, progress: Progress = no_progress
    ) -> Path:
        """Put into it what is not known while data are made: who speaks, and what a training takes.

        Args:
            outlook: of a training on the last build, as `Outlooks.look` gives it.
            progress: told while the rooms are read, unless they were before.

        Raises:
            ExportError: as `people`.
        """
        report = self.report()
        room = self._real_room(report) if report else None
        people = [] if room is None else self.people(room, progress)
        with self._writing:
            # A build may have ended meanwhile, whose page is the newer one.
            if report and people and report == self.report():
                replace_text(
                    self.page(), render_page(report, people, outlook.sentences if outlook else ())
                )
        return self.page()

    def _real_room(self, report: BuildReport) -> str | None:
        """What the exports call the room of a build; None where that is not known any more."""
        if not report.pseudonyms:
            return report.room
        settings = self._home.settings()
        worn = Pseudonymizer(PseudonymStore(self._home).known(), settings).settings
        return settings.data.room if worn.data.room == report.room else None

    def _mask(self, settings: Settings, histories: Sequence[RoomHistory]) -> Pseudonymizer | None:
        """What puts invented names into the histories, where that is wanted."""
        if not settings.data.pseudonyms:
            return None
        speaking = _people(histories)
        return Pseudonymizer(PseudonymStore(self._home).names(speaking), settings)

    def _histories(self, room: str) -> list[RoomHistory]:
        return RoomHistories(self._inbox()).histories(room)

    def _inbox(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))

    def _folder(self) -> Path:
        return self._home.folder(self._home.settings().paths.sft)

    def _write(self, build: Pipeline, settings: Settings, progress: Progress) -> BuildReport:
        """Rows go to the disk as they are cut."""
        with artifacts.ArtifactDraft(self._folder()) as draft:
            draft.write(artifacts.TRAIN, dump_rows(build.rows("train")))
            draft.write(artifacts.VAL, dump_rows(build.rows("val")))
            _refuse_if_empty(build)
            progress(0.95, "보고서를 만드는 중")
            report = replace(
                build.report(),
                pseudonyms=settings.data.pseudonyms,
                written_at=now_text(),
                sources=tuple(each.hash for each in self._inbox().list_files()),
                fingerprint=draft.fingerprint(settings.data.model_dump_json()),
            )
            stats = report_to_json(report)
            preview = stats.pop("examples")
            draft.write_unhashed(
                artifacts.PREVIEW, json.dumps(preview, ensure_ascii=False, indent=1)
            )
            draft.write_unhashed(artifacts.STATS, json.dumps(stats, ensure_ascii=False, indent=1))
            draft.write_unhashed(artifacts.REPORT, render_page(report))
        return report


def _refuse_if_empty(build: Pipeline) -> None:
    if not build.measured["train"].rows:
        raise DatasetError(
            "배울 대답이 하나도 남지 않았습니다. 다른 사람이나 '방 전체'를 고르거나, "
            "data.low_signal_share 를 높이거나, 더 긴 대화를 가져오세요."
        )
    if not build.measured["val"].rows:
        raise DatasetError(
            "검증에 쓸 대답이 남지 않았습니다. 더 긴 기간의 대화를 가져오거나 '방 전체'를 고르세요."
        )


def _check(histories: Sequence[RoomHistory], data: DataSettings) -> None:
    if not histories and data.room:
        raise DatasetError(
            f"'{data.room}' 이라는 방이 없습니다. 방을 다시 고르거나 data.room 을 비워 두세요."
        )
    if not histories:
        raise DatasetError("가져온 대화가 없습니다. 먼저 카카오톡 내보내기 파일을 가져오세요.")
    people = _people(histories)
    if data.persona and data.persona in data.exclude_people:
        raise DatasetError(
            f"'{data.persona}' 님은 빼기로 한 사람(data.exclude_people)입니다. "
            "그 목록에서 지우거나 다른 사람을 고르세요."
        )
    if data.persona and data.persona not in people:
        raise DatasetError(
            f"'{data.persona}' 님의 말이 대화에 없습니다. 사람을 다시 고르거나 "
            "data.persona 를 비워 방 전체를 배우세요."
        )


def _people(histories: Iterable[RoomHistory]) -> set[str]:
    """Who sent something, nobody (of system lines) among them."""
    return {name for history in histories for name in sender_counts(history.messages)}
