"""How far a home is on the way from an export to a chat, and what comes next. Read from disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kakaobot.app.build_inputs import pick_text
from kakaobot.app.datasets import Datasets
from kakaobot.app.training import Training
from kakaobot.config import Home
from kakaobot.dataset.build_report import BuildReport
from kakaobot.errors import ExportError
from kakaobot.exports.file_store import FileStore
from kakaobot.language import tr
from kakaobot.runs.history import RunSummary
from kakaobot.runs.status import LIVE

StageName = Literal["exports", "people", "dataset", "training", "chat"]
StageState = Literal["todo", "stopped", "outdated", "live", "done"]

_FILES = tr("파일 {count:,}개")
_REPLIES = tr("대답 {count:,}개")
_STEPS = "{percent}%"
_STOPPED_AT = tr("{step:,}단계에서 멈춤")
_FINISHED = tr("마침")
_PREPARING = tr("준비 중")
_OLD_RUN = tr("지난 학습은 지금 만들어 둔 배울 대화를 배운 것이 아닙니다.")
_ADVICE: Mapping[tuple[StageName, StageState], str] = {
    ("exports", "todo"): tr("카카오톡에서 내보낸 대화 파일을 넣어 주세요."),
    ("people", "todo"): tr("누구의 말투를 배울지 고르고 '배울 대화 만들기'를 누르세요."),
    ("dataset", "todo"): tr("'배울 대화 만들기'를 누르세요."),
    ("dataset", "outdated"): tr("'배울 대화 만들기'를 다시 누르세요."),
    ("training", "todo"): tr("'학습 시작'을 누르세요."),
    ("training", "stopped"): tr("'이어서 학습'을 누르거나, 지금까지 배운 것과 대화해 보세요."),
    ("training", "outdated"): tr("'새로 학습 시작'을 누르세요."),
    ("training", "live"): tr("학습하고 있습니다. 창을 닫아도 계속됩니다."),
}


@dataclass(frozen=True)
class Stage:
    """One step of the way."""

    name: StageName
    state: StageState
    fact: str = ""
    """Korean: what there is, such as `파일 2개`; empty if there is nothing."""
    reason: str = ""
    """Korean: what it is older than; empty unless it is outdated."""


@dataclass(frozen=True)
class WorkflowState:
    stages: tuple[Stage, ...]
    """In order."""
    next: StageName
    """The stage that something is to be done at."""
    advice: str
    """Korean: why, and what to do there; empty if nothing is left but to chat."""

    def stage(self, name: StageName) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)


class Workflow:
    """The way of one home: import, choice of people, dataset, training, chat.

    A stage is outdated if what it made was made from something else than there is now: a dataset
    by exports, aliases and settings, a run by the dataset, a chat by the runs.
    """

    def __init__(self, home: Home, datasets: Datasets, training: Training) -> None:
        self._home = home
        self._datasets = datasets
        self._training = training

    def state(self) -> WorkflowState:
        """The state of every stage now."""
        files = len(self._file_store().list_files())
        report = self._datasets.report()
        runs = self._training.summaries()
        stages = (
            Stage("exports", "done", _FILES.format(count=files)) if files else _todo("exports"),
            self._people(report),
            self._dataset(report),
            _training_stage(runs, report),
            _chat_stage(runs, report),
        )
        following = next((stage for stage in stages if stage.state != "done"), stages[-1])
        if any(run.state in LIVE for run in runs):
            following = stages[3]
        advice = _ADVICE.get((following.name, following.state), "")
        return WorkflowState(
            stages, following.name, " ".join(filter(None, (following.reason, advice)))
        )

    def version(self) -> tuple[object, ...]:
        """A value that changes whenever a state may; cheap enough to poll every second.

        It does not change at each step of a training.
        """
        runs = tuple(
            (
                *(run.name, run.state, run.has_adapter, run.fingerprint),
                _percent(run) if run.state in LIVE else run.step,
            )
            for run in self._training.summaries()
        )
        return runs, self._datasets.version(), self._file_store().version()

    def _file_store(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))

    def _people(self, report: BuildReport | None) -> Stage:
        data = self._home.settings().data
        if report is None and not (data.room or data.persona):
            return _todo("people")
        return Stage("people", "done", pick_text(data.room, data.persona))

    def _dataset(self, report: BuildReport | None) -> Stage:
        if report is None:
            return _todo("dataset")
        fact = _REPLIES.format(count=report.train_replies + report.val_replies)
        try:
            reasons = self._datasets.outdated_reason(report), *self._datasets.changes_since(report)
        except ExportError as error:
            reasons = (str(error),)
        reason = " ".join(filter(None, reasons))
        return Stage("dataset", "outdated" if reason else "done", fact, reason)


def _todo(name: StageName) -> Stage:
    return Stage(name, "todo")


def _training_stage(runs: Sequence[RunSummary], report: BuildReport | None) -> Stage:
    """The newest run on the dataset; outdated if there are only runs on other ones."""
    if live := next((run for run in runs if run.state in LIVE), None):
        percent = _percent(live)
        fact = _PREPARING if percent is None else _STEPS.format(percent=percent)
        return Stage("training", "live", fact)
    current = _on_dataset(runs, report)
    if not current:
        return Stage("training", "outdated", reason=_OLD_RUN) if runs else _todo("training")
    if any(run.state == "finished" for run in current):
        return Stage("training", "done", _FINISHED)
    step = current[0].step
    if not step:
        return _todo("training")
    return Stage("training", "stopped", _STOPPED_AT.format(step=step))


def _percent(run: RunSummary) -> int | None:
    """Of a live run; None while it is unknown."""
    return min(99, 100 * run.step // run.max_steps) if run.max_steps else None


def _chat_stage(runs: Sequence[RunSummary], report: BuildReport | None) -> Stage:
    if any(run.has_adapter for run in _on_dataset(runs, report)):
        return Stage("chat", "done")
    old = next((run for run in runs if run.has_adapter), None)
    return Stage("chat", "outdated", reason=_OLD_RUN) if old else _todo("chat")


def _on_dataset(runs: Sequence[RunSummary], report: BuildReport | None) -> list[RunSummary]:
    if report is None:
        return []
    return [run for run in runs if run.fingerprint == report.fingerprint]
