"""The report of a dataset build, and its JSON form in stats.json and preview.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from kakaobot.dataset import artifacts
from kakaobot.dataset.filter_report import FilterEffect
from kakaobot.dataset.split import Split
from kakaobot.dataset.stats import ActivityStats
from kakaobot.dataset.style_report import ParticipantStyle
from kakaobot.file_cache import FileCache
from kakaobot.runs.labels import minute_text
from kakaobot.schema import ChatMessage, Conversation

Record = TypeVar("Record")
EXAMPLE_COUNTS: Mapping[Split, int] = {"train": 6, "val": 2}
"""Rows of each split shown as examples."""


@dataclass(frozen=True)
class ExampleMessage:
    sender: str
    text: str
    is_target: bool


@dataclass(frozen=True)
class Example:
    """A row as it is shown to the user."""

    title: str
    split: Split
    messages: tuple[ExampleMessage, ...]


@dataclass(frozen=True)
class ScaleSummary:
    """What likeness is measured by for one participant."""

    name: str
    nearest: str
    """Who is 0 %; empty if nobody else has enough replies."""
    replies: int
    """Of the participant; half of them are what replies are compared with."""
    is_usable: bool
    """Whether these are enough."""


@dataclass(frozen=True)
class BuildReport:
    room: str
    """Empty for all rooms."""
    persona: str
    """Empty for the whole room."""
    participants: tuple[str, ...]
    """Senders of text messages, most active first."""
    shows_names: bool
    """Whether a persona's rows carry names: with three or more participants."""
    messages: int
    """After merging the exports."""
    removed: tuple[tuple[str, int], ...]
    """Korean reason and number of messages."""
    sessions: int
    turns: int
    train_rows: int
    val_rows: int
    train_replies: int
    val_replies: int
    tokens: int
    """In training rows."""
    target_tokens: int
    tokenizer: str
    max_seq_len: int
    longest_row: int
    """In tokens."""
    written_at: str
    fingerprint: str
    sources: tuple[str, ...] = ()
    """Hashes of the exports."""
    warning: str = ""
    examples: tuple[Example, ...] = ()
    masked: tuple[tuple[str, int], ...] = ()
    """Entity type and number of masked spans, most frequent first."""
    activity: ActivityStats = ActivityStats()
    styles: tuple[ParticipantStyle, ...] = ()
    row_lengths: tuple[tuple[int, int], ...] = ()
    """Histogram of training rows: upper bound in tokens, count."""
    has_pseudonyms: bool = False
    filter_effects: tuple[FilterEffect, ...] = ()
    """Unfiltered, per filter, then all filters together."""
    val_tokens: int = 0
    """In validation rows."""
    scales: tuple[ScaleSummary, ...] = ()
    """Of whom is imitated; empty in a report from before likeness was measured."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """As `app.build_inputs.inputs_of`; empty in a report of an older version."""

    @property
    def period(self) -> tuple[str, str]:
        """First and last month of the messages, as `2026-03`; empty if unknown."""
        months = self.activity.months
        return (months[0][0], months[-1][0]) if months else ("", "")


_KEYS: Mapping[type, Mapping[str, str]] = {
    BuildReport: {
        "participants": "people",
        "shows_names": "named",
        "target_tokens": "learnt_tokens",
        "longest_row": "longest",
        "activity": "figures",
        "styles": "speeches",
        "row_lengths": "lengths",
        "has_pseudonyms": "pseudonyms",
        "filter_effects": "effects",
    },
    ScaleSummary: {},
    Example: {"messages": "parts"},
    ExampleMessage: {"sender": "who", "is_target": "learn"},
    ActivityStats: {"participants": "people", "reply_counts": "answers"},
    ParticipantStyle: {"sentences": "lines", "distances": "apart"},
    FilterEffect: {
        "removed": "taken",
        "distance": "apart",
        "median_chars": "length",
        "laughter": "laughs",
        "crying": "cries",
        "multi_bubble": "bursts",
    },
}
"""Class → attribute → JSON key, where the two differ."""


def report_to_json(report: BuildReport) -> dict[str, Any]:
    """JSON object of a report, examples included."""
    encoded: dict[str, Any] = _encode(report)
    return encoded


def report_from_json(stats: Any, preview: Any) -> BuildReport | None:
    """Parse the contents of stats.json and preview.json; None if they do not fit."""
    try:
        return _decode(
            BuildReport,
            stats,
            participants=tuple(stats["people"]),
            sources=tuple(stats.get("sources", ())),
            removed=_pairs(stats["removed"]),
            masked=_pairs(stats.get("masked", ())),
            activity=_activity(stats.get("figures", {})),
            styles=tuple(map(_participant_style, stats.get("speeches", ()))),
            row_lengths=_pairs(stats.get("lengths", ())),
            filter_effects=tuple(
                _decode(FilterEffect, effect) for effect in stats.get("effects", ())
            ),
            examples=tuple(map(_example, preview or ())),
            scales=tuple(_decode(ScaleSummary, scale) for scale in stats.get("scales", ())),
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def read_report(folder: Path) -> BuildReport | None:
    """The report in the folder of a dataset; None if there is none, or it is damaged."""
    stats, preview = folder / artifacts.STATS, folder / artifacts.PREVIEW

    def read() -> BuildReport | None:
        values = (artifacts.read_json(folder, file.name) for file in (stats, preview))
        return report_from_json(*values)

    return _reports.get(stats, read, preview)


_reports: FileCache[BuildReport | None] = FileCache()
"""The window asks for its report at every step of a training."""


def example_of(row: Conversation, split: Split) -> Example:
    messages = tuple(
        ExampleMessage(_sender(row, message), message.content, message.is_target)
        for message in row.messages
    )
    return Example(f"{row.room} · {minute_text(row.at[0])}", split, messages)


def _sender(row: Conversation, message: ChatMessage) -> str:
    if message.name:
        return message.name
    return row.persona if message.role == "assistant" else "상대"


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        keys = _KEYS[type(value)]
        return {
            keys.get(item.name, item.name): _encode(getattr(value, item.name))
            for item in fields(value)
        }
    return tuple(map(_encode, value)) if isinstance(value, tuple) else value


def _decode(kind: type[Record], data: Mapping[str, Any], **converted: Any) -> Record:
    names = {key: name for name, key in _KEYS[kind].items()}
    plain = {names.get(key, key): value for key, value in data.items()}
    return kind(**{**plain, **converted})


def _example(data: Mapping[str, Any]) -> Example:
    messages = tuple(_decode(ExampleMessage, message) for message in data["parts"])
    return Example(data["title"], data["split"], messages)


def _participant_style(data: Mapping[str, Any]) -> ParticipantStyle:
    return ParticipantStyle(data["name"], tuple(data["lines"]), tuple(map(float, data["apart"])))


def _activity(data: Mapping[str, Any]) -> ActivityStats:
    hours = {"hours": tuple(data["hours"])} if "hours" in data else {}
    return ActivityStats(
        **hours,
        months=_pairs(data.get("months", ())),
        participants=tuple(data.get("people", ())),
        reply_counts=tuple(tuple(map(int, row)) for row in data.get("answers", ())),
    )


def _pairs(values: Any) -> tuple[tuple[Any, int], ...]:
    return tuple((label, int(count)) for label, count in values)
