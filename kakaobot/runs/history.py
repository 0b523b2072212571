"""All runs and how they went: read once, and again only where their files have changed."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kakaobot.errors import RunError
from kakaobot.runs.eval_samples import EvalSampleLog, EvalTranscript
from kakaobot.runs.run import LIVE, Point, Run, Runs, Stamp, State
from kakaobot.settings import Settings

_UNTOLD = ("project.run_name", "data.room", "data.persona")
"""Settings that are told elsewhere in a summary."""
_TELLING = ("project", "data", "model", "lora", "training")
"""Groups of settings by which one training differs from another."""


@dataclass(frozen=True)
class SettingChange:
    """One setting of a run that is otherwise than somewhere else."""

    setting: str
    """Such as `lora.r`."""
    value: Any
    other: Any
    """What it is there; None where it is not known."""


@dataclass(frozen=True)
class RunSummary:
    name: str
    state: State
    step: int
    max_steps: int
    best_eval_loss: float | None
    """Nats per token; comparable only with runs of the same `fingerprint` and `base`."""
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
    """Of the data; empty where it is not known."""
    replies: int = 0
    """That were learnt."""
    changed: tuple[SettingChange, ...] = ()
    """Settings that are not at their defaults."""
    since: tuple[SettingChange, ...] = ()
    """Settings that are otherwise than in the run before it with the same data."""
    before: str = ""
    """The name of that run; empty for the first one."""
    lowest: bool = False
    """Whether no run with the same data and base has a lower loss, where there are several."""
    message: str = ""
    """How it ended, or what it does."""
    best_voice: float | None = None
    """How far the answers' voice was from the room's at the best step, 0 to 1."""
    best_metric: str = "eval_loss"
    """What the best step was chosen by."""


@dataclass(frozen=True)
class RunGroup:
    """Runs that have learnt the same data."""

    fingerprint: str
    runs: tuple[RunSummary, ...]
    """Newest first."""

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.base for run in self.runs))


@dataclass(frozen=True)
class _CachedRun:
    """What was read of a run, and of which state of its files."""

    stamps: Mapping[str, Stamp]
    summary: RunSummary
    settings: Mapping[str, Any]
    points: tuple[Point, ...]


class RunHistory:
    """Remembers what it has read. May be asked by several threads."""

    def __init__(self) -> None:
        self._known: dict[str, _CachedRun] = {}
        self._transcripts: dict[str, tuple[int, EvalTranscript]] = {}

    def summaries(self, runs: Runs) -> tuple[RunSummary, ...]:
        """Of every run, newest first."""
        found = [self._look(run) for run in runs.all()]
        self._known = {each.summary.name: each for each in found}
        return _compared(found)

    def version(self, runs: Runs) -> tuple[object, ...]:
        """Changes whenever the summaries may have changed; reads nothing that was read before."""
        found = [self._look(run) for run in runs.all()]
        return tuple(
            (each.summary.name, each.summary.state, *each.stamps.values()) for each in found
        )

    def live(self, runs: Runs) -> Run | None:
        """The run whose worker is at work, if any."""
        return next((run for run in runs.all() if self._look(run).summary.state in LIVE), None)

    def points(self, run: Run) -> tuple[Point, ...]:
        """As `Run.points`."""
        return self._look(run).points

    def transcript(self, run: Run) -> EvalTranscript:
        """Empty if the run has no eval samples yet."""
        log = EvalSampleLog(run.path)
        version, cached = log.version(), self._transcripts.get(run.name)
        if cached is None or cached[0] != version:
            # The version is read first, so that the content is at least as new as it.
            cached = (version, log.transcript() if version else EvalTranscript())
            self._transcripts = {**self._transcripts, run.name: cached}
        return cached[1]

    def _look(self, run: Run) -> _CachedRun:
        known, stamps = self._known.get(run.name), run.stamps()
        if known is None or known.stamps != stamps:
            known = _read(run, stamps, known)
        elif known.summary.state in LIVE and run.process() is None:
            # It died without a word, which no file tells.
            known = replace(known, summary=replace(known.summary, **_status(run)))
        else:
            return known
        self._known = {**self._known, run.name: known}
        return known


def groups(summaries: Sequence[RunSummary]) -> tuple[RunGroup, ...]:
    """By their data, in the order of each group's newest run."""
    held: dict[str, list[RunSummary]] = {}
    for run in summaries:
        held.setdefault(run.fingerprint, []).append(run)
    return tuple(RunGroup(fingerprint, tuple(runs)) for fingerprint, runs in held.items())


def changes(settings: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[SettingChange, ...]:
    """What is otherwise in one run's settings than in another's, in the order of the file."""
    found = []
    for group in _TELLING:
        ours, theirs = settings.get(group) or {}, other.get(group) or {}
        for key, value in ours.items():
            setting = f"{group}.{key}"
            if setting not in _UNTOLD and theirs.get(key) != value:
                found.append(SettingChange(setting, value, theirs.get(key)))
    return tuple(found)


def _read(run: Run, stamps: Mapping[str, Stamp], known: _CachedRun | None) -> _CachedRun:
    """Whatever is read is at least as new as the stamps, which were taken before."""
    has_points = known is not None and known.stamps["metrics.jsonl"] == stamps["metrics.jsonl"]
    points = known.points if known and has_points else tuple(run.points())
    try:
        config = run.config()
    except RunError:
        config = {}
    base, data, settings = (_group(config, name) for name in ("base", "data", "settings"))
    summary = RunSummary(
        name=run.name,
        **_status(run),
        created_at=str(config.get("created_at", "")),
        base=str(base.get("label", "")),
        persona=str(data.get("persona", "")),
        room=str(data.get("room", "")),
        has_adapter=run.adapter() is not None,
        losses=tuple(
            (point.step, point.value)
            for point in points
            if point.kind == "eval_loss" and math.isfinite(point.value)
        ),
        fingerprint=str(data.get("fingerprint", "")),
        replies=_whole(data.get("train_replies")),
        changed=changes(settings, _defaults()),
    )
    return _CachedRun(stamps, summary, settings, points)


def _status(run: Run) -> dict[str, Any]:
    said = run.status()
    names = (
        "state",
        "step",
        "max_steps",
        "best_eval_loss",
        "best_step",
        "best_voice",
        "best_metric",
        "message",
    )
    return {name: getattr(said, name) for name in names}


def _compared(known: Sequence[_CachedRun]) -> tuple[RunSummary, ...]:
    """The summaries with what is only seen beside each other; both newest first."""
    told = []
    for place, each in enumerate(known):
        run = each.summary
        like = [other for other in known if _is_like(other.summary, run)]
        losses = [other.summary.best_eval_loss for other in like]
        rivals = [loss for loss in losses if loss is not None]
        before = next(
            (
                other
                for other in known[place + 1 :]
                if run.fingerprint and other.summary.fingerprint == run.fingerprint
            ),
            None,
        )
        told.append(
            replace(
                run,
                before=before.summary.name if before else "",
                since=changes(each.settings, before.settings) if before else (),
                lowest=len(rivals) > 1 and run.best_eval_loss == min(rivals),
            )
        )
    return tuple(told)


def _is_like(one: RunSummary, other: RunSummary) -> bool:
    """Whether their losses can be compared: a base cuts text into tokens of its own."""
    return bool(one.fingerprint) and (one.fingerprint, one.base) == (other.fingerprint, other.base)


@functools.cache
def _defaults() -> dict[str, Any]:
    return Settings().model_dump(mode="json")


def _group(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    group = config.get(name)
    return group if isinstance(group, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
