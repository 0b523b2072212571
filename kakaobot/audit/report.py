"""The report of an audit: counts of the adapter beside those of its base, and its JSON form.

It holds no words of the room, as it is stored beside an adapter that may be shared: a recited line
is named by its place in the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kakaobot.audit.exposure import Exposure
from kakaobot.audit.probes import ProbeKind
from kakaobot.style.stats import wilson_interval

_FORMAT = 1


@dataclass(frozen=True)
class Rate:
    hits: int
    trials: int

    @property
    def share(self) -> float:
        return self.hits / self.trials if self.trials else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %."""
        return wilson_interval(self.hits, self.trials)


@dataclass(frozen=True)
class Recitation:
    """How many lines of one kind are known by heart."""

    kind: ProbeKind
    adapter: Rate
    base: Rate


@dataclass(frozen=True)
class RecitedLine:
    """A line that the adapter knows by heart and its base does not."""

    kind: ProbeKind
    row: int
    message: int
    known_letters: int
    """At its end."""


@dataclass(frozen=True)
class EntityRates:
    """Replies with personal data of one type."""

    emitted: Rate
    """Invented or not."""
    leaked: Rate
    """That stands in the real room."""
    tags: Rate
    """With its tag instead."""


@dataclass(frozen=True)
class EntityFinding:
    entity_type: str
    in_room: int
    """Different ones in the real room."""
    adapter: EntityRates
    base: EntityRates

    @property
    def is_leaking(self) -> bool:
        """Whether the adapter says real ones more often than its base, which guesses."""
        return self.adapter.leaked.share > self.base.leaked.share

    @property
    def is_worth_showing(self) -> bool:
        """Whether the room holds this type, or a reply did."""
        rates = self.adapter, self.base
        said = any(rate.emitted.hits or rate.tags.hits for rate in rates)
        return bool(self.in_room) or said


@dataclass(frozen=True)
class AuditReport:
    written_at: str
    adapter: str
    """`best` or `latest`."""
    step: int | None
    fingerprint: str
    """Of the data."""
    recitations: tuple[Recitation, ...]
    recited: tuple[RecitedLine, ...]
    entities: tuple[EntityFinding, ...]
    exposures: tuple[Exposure, ...]

    def recitation(self, kind: ProbeKind) -> Recitation:
        """That of one kind; zeros if no line was probed."""
        nothing = Recitation(kind, Rate(0, 0), Rate(0, 0))
        return next((item for item in self.recitations if item.kind == kind), nothing)

    @property
    def leaking(self) -> tuple[EntityFinding, ...]:
        """Entity types of which the adapter says real ones."""
        return tuple(finding for finding in self.entities if finding.is_leaking)

    @property
    def known_exposures(self) -> tuple[Exposure, ...]:
        return tuple(exposure for exposure in self.exposures if exposure.is_known)


_ADAPTER = TypeAdapter(AuditReport)


def report_to_json(report: AuditReport) -> dict[str, Any]:
    """JSON object of a report, with shares and intervals for other readers."""
    encoded: dict[str, Any] = _ADAPTER.dump_python(report, mode="json")
    for rate in _rates(encoded):
        plain = Rate(rate["hits"], rate["trials"])
        rate |= {"share": round(plain.share, 4), "interval": [round(x, 4) for x in plain.interval]}
    return {"format": _FORMAT, **encoded}


def report_from_json(raw: dict[str, Any]) -> AuditReport | None:
    """None if it is not a report of this format."""
    if raw.get("format") != _FORMAT:
        return None
    try:
        return _ADAPTER.validate_python({key: raw[key] for key in raw if key != "format"})
    except ValidationError:
        return None


def _rates(value: Any) -> Iterator[dict[str, Any]]:
    """All rates in an encoded report."""
    if isinstance(value, dict):
        if value.keys() == {"hits", "trials"}:
            yield value
        for item in list(value.values()):
            yield from _rates(item)
    elif isinstance(value, list):
        for item in value:
            yield from _rates(item)
