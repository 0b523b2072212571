"""Summaries of all runs and comparisons between them; a run is read again only when it changes."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.likeness import Likeness
from kakaobot.one_look import asked_once
from kakaobot.runs.eval_samples import EvalSample, EvalSampleLog, EvalTranscript
from kakaobot.runs.metrics import Point, ReadPoints
from kakaobot.runs.quiz_log import QuizLog, QuizTallies
from kakaobot.runs.refinement import Refinement, refinement_of
from kakaobot.runs.run import Run, Runs, Stamp
from kakaobot.runs.status import JSON_KEYS, LIVE, State
from kakaobot.settings import Settings

_COMPARED_GROUPS = ("project", "data", "model", "lora", "training")
_CHARTED = frozenset(("loss", "eval_loss"))
"""Kinds of points that are shown as curves."""
_NOT_COMPARED = ("project.run_name", "data.room", "data.persona")
"""Settings that a summary has fields for."""
_JSON_KEYS = {**JSON_KEYS, "changed_since": "since", "previous": "before"}
"""Attributes whose key in `runs --json` differs from their name."""
_FROM_STATUS = (
    "state",
    "step",
    "max_steps",
    "best_eval_loss",
    "best_step",
    "best_style_distance",
    "best_metric",
    "message",
)


@dataclass(frozen=True)
class SettingChange:
    """A setting whose value differs between two runs."""

    setting: str
    """Such as `lora.r`."""
    value: Any
    other: Any
    """The value it is compared with; None if unknown."""


@dataclass(frozen=True)
class RunSummary:
    name: str
    state: State
    step: int
    max_steps: int
    best_eval_loss: float | None
    """Nats per token; comparable only between runs of one `fingerprint` and `base`."""
    best_step: int | None
    created_at: str
    base: str
    persona: str
    """Empty for the whole room."""
    room: str
    """Empty for all rooms."""
    has_adapter: bool
    losses: tuple[tuple[int, float], ...] = ()
    """Step and loss of each evaluation; step 0 is the base without an adapter."""
    fingerprint: str = ""
    """Fingerprint of the dataset; empty if unknown."""
    replies: int = 0
    """Training targets."""
    changed: tuple[SettingChange, ...] = ()
    """Settings that differ from their defaults."""
    changed_since: tuple[SettingChange, ...] = ()
    """Settings that differ from the previous run."""
    previous: str = ""
    """Name of the previous run on the same dataset; empty for the first."""
    lowest: bool = False
    """Whether it has the lowest loss among several runs of one dataset and base."""
    message: str = ""
    """Current activity, or how the run ended."""
    best_style_distance: float | None = None
    """Style distance of the eval samples to the room at the best step, 0 to 1."""
    best_metric: str = "eval_loss"
    """Metric that the best step was selected by."""
    likeness: Likeness | None = None
    """As `likeness_of`."""
    quiz: QuizTallies = QuizTallies()
    """As `quiz_tallies_of`."""
    refinement: Refinement | None = None
    """Which adapter it goes on from; None for an ordinary run."""

    def to_json(self) -> dict[str, Any]:
        """Values by their keys in `runs --json`."""
        return {_JSON_KEYS.get(name, name): value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class RunGroup:
    """Runs trained on the same dataset."""

    fingerprint: str
    runs: tuple[RunSummary, ...]
    """Newest first."""

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.base for run in self.runs))


@dataclass(frozen=True)
class _Curves:
    """Losses among the points of a run; of points that are added to, only new ones are read."""

    points: tuple[Point, ...] = ()
    charted: tuple[Point, ...] = ()
    evaluations: tuple[tuple[int, float], ...] = ()

    def of(self, points: tuple[Point, ...]) -> _Curves:
        """The curves of points that may go on from those of these."""
        known = len(self.points)
        if points[:known] != self.points:
            return _Curves().of(points)
        added = [point for point in points[known:] if point.kind in _CHARTED]
        evaluations = (
            (point.step, point.value)
            for point in added
            if point.kind == "eval_loss" and math.isfinite(point.value)
        )
        return _Curves(points, (*self.charted, *added), (*self.evaluations, *evaluations))


@dataclass(frozen=True)
class _CachedRun:
    """A run as read, and the stamps of its files before reading."""

    stamps: tuple[Stamp, ...]
    metrics: Stamp
    summary: RunSummary
    settings: Mapping[str, Any]
    read: ReadPoints
    curves: _Curves


class RunHistory:
    """Cached summaries, points and eval transcripts of runs. Thread-safe."""

    def __init__(self) -> None:
        self._cache: dict[str, _CachedRun] = {}
        self._transcripts: dict[str, tuple[int, EvalTranscript]] = {}

    @asked_once(lambda self, runs: (self, runs.folder))
    def summaries(self, runs: Runs) -> tuple[RunSummary, ...]:
        """Every run, newest first."""
        cached = [self._load(run) for run in runs.all()]
        self._cache = {run.summary.name: run for run in cached}
        return _compare(cached)

    def version(self, runs: Runs) -> tuple[object, ...]:
        """Changes whenever the summaries may have changed; reads changed runs only."""
        cached = [self._load(run) for run in runs.all()]
        return tuple((run.summary.name, run.summary.state, *run.stamps) for run in cached)

    def live(self, runs: Runs) -> Run | None:
        """The run whose worker is alive, if any."""
        return next((run for run in runs.all() if self._load(run).summary.state in LIVE), None)

    def points(self, run: Run) -> tuple[Point, ...]:
        """As `Run.points`, those of the losses only."""
        return self._load(run).curves.charted

    def transcript(self, run: Run) -> EvalTranscript:
        """Eval prompts and samples; empty if there are none yet."""
        log = EvalSampleLog(run.path)
        version, cached = log.version(), self._transcripts.get(run.name)
        if cached is None or cached[0] != version:
            # The content is at least as new as the version, which is taken first.
            cached = (version, log.transcript() if version else EvalTranscript())
            self._transcripts = {**self._transcripts, run.name: cached}
        return cached[1]

    @asked_once(lambda self, run: (self, run.path))
    def _load(self, run: Run) -> _CachedRun:
        cached, stamps = self._cache.get(run.name), run.stamps()
        if cached is None or cached.stamps != stamps:
            cached = _read(run, stamps, cached, self.transcript(run).samples)
        elif cached.summary.state in LIVE and run.worker.process() is None:
            # No file changes when a worker dies without reporting.
            cached = replace(cached, summary=replace(cached.summary, **_status_fields(run)))
        else:
            return cached
        self._cache = {**self._cache, run.name: cached}
        return cached


def likeness_of(run: Run) -> Likeness | None:
    """Likeness of the adapter to chat with, the same number wherever it is shown.

    Replies are not sampled at every step: it is that of the sample nearest to the best step, as its
    `step` tells. None if there is no sample of a trained adapter.
    """
    return _likeness_near(EvalSampleLog(run.path).samples(), run.recorded_status().best_step)


def _likeness_near(samples: Sequence[EvalSample], best: int | None) -> Likeness | None:
    trained = [sample for sample in samples if sample.step]
    if best is not None:
        trained.sort(key=lambda sample: -abs(sample.step - best))
    return trained[-1].likeness if trained else None


def quiz_tallies_of(run: Run) -> QuizTallies:
    """Picks of the blind test about the adapter to chat with."""
    adapter, status = run.checkpoints.adapter(), run.recorded_status()
    is_best = adapter is not None and adapter[0] == "best"
    return QuizLog(run.path).tallies(status.best_step if is_best else status.step)


def groups(summaries: Sequence[RunSummary]) -> tuple[RunGroup, ...]:
    """Runs grouped by dataset, in the order of each group's newest run."""
    by_dataset: dict[str, list[RunSummary]] = {}
    for run in summaries:
        by_dataset.setdefault(run.fingerprint, []).append(run)
    return tuple(RunGroup(fingerprint, tuple(runs)) for fingerprint, runs in by_dataset.items())


def changes(settings: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[SettingChange, ...]:
    """Settings whose value differs from `other`, in the order of the file."""
    changed = []
    for group in _COMPARED_GROUPS:
        ours, theirs = settings.get(group) or {}, other.get(group) or {}
        for key, value in ours.items():
            setting = f"{group}.{key}"
            if setting not in _NOT_COMPARED and theirs.get(key) != value:
                changed.append(SettingChange(setting, value, theirs.get(key)))
    return tuple(changed)


def _read(
    run: Run, stamps: tuple[Stamp, ...], cached: _CachedRun | None, samples: Sequence[EvalSample]
) -> _CachedRun:
    """The content is at least as new as the stamps, which are taken first."""
    metrics = run.metrics_stamp()
    read = cached.read if cached else ReadPoints()
    if cached is None or cached.metrics != metrics:
        read = run.more_points(read)
    curves = (cached.curves if cached else _Curves()).of(read.points)
    try:
        config = run.config()
    except RunError:
        config = {}
    base, data, settings = (_group(config, name) for name in ("base", "data", "settings"))
    summary = RunSummary(
        name=run.name,
        **_status_fields(run),
        created_at=str(config.get("created_at", "")),
        base=tr(str(base.get("label", ""))),
        persona=str(data.get("persona", "")),
        room=str(data.get("room", "")),
        has_adapter=run.checkpoints.adapter() is not None,
        losses=curves.evaluations,
        fingerprint=str(data.get("fingerprint", "")),
        replies=_int_or_zero(data.get("train_replies")),
        changed=changes(settings, _defaults()),
        likeness=_likeness_near(samples, run.recorded_status().best_step),
        quiz=quiz_tallies_of(run),
        refinement=refinement_of(run),
    )
    return _CachedRun(stamps, metrics, summary, settings, read, curves)


def _status_fields(run: Run) -> dict[str, Any]:
    status = run.status()
    return {name: getattr(status, name) for name in _FROM_STATUS}


def _compare(runs: Sequence[_CachedRun]) -> tuple[RunSummary, ...]:
    """Fill in the fields that depend on other runs; both newest first."""
    summaries = [run.summary for run in runs]
    return tuple(
        replace(
            run.summary,
            lowest=_has_lowest_loss(run.summary, summaries),
            **_since_previous(run, runs[index + 1 :]),
        )
        for index, run in enumerate(runs)
    )


def _has_lowest_loss(run: RunSummary, others: Sequence[RunSummary]) -> bool:
    comparable = [other.best_eval_loss for other in others if _are_comparable(other, run)]
    losses = [loss for loss in comparable if loss is not None]
    return len(losses) > 1 and run.best_eval_loss == min(losses)


def _since_previous(run: _CachedRun, older: Sequence[_CachedRun]) -> dict[str, Any]:
    fingerprint = run.summary.fingerprint
    for previous in older:
        if fingerprint and previous.summary.fingerprint == fingerprint:
            return {
                "previous": previous.summary.name,
                "changed_since": changes(run.settings, previous.settings),
            }
    return {"previous": "", "changed_since": ()}


def _are_comparable(one: RunSummary, other: RunSummary) -> bool:
    """Whether their losses can be compared: tokenizers differ between bases."""
    return bool(one.fingerprint) and (one.fingerprint, one.base) == (other.fingerprint, other.base)


@functools.cache
def _defaults() -> dict[str, Any]:
    return Settings().model_dump(mode="json")


def _group(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    group = config.get(name)
    return group if isinstance(group, dict) else {}


def _int_or_zero(value: object) -> int:
    return value if isinstance(value, int) else 0
