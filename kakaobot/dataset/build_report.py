"""What a build of the training data read, left out and wrote, and some of its rows to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kakaobot.dataset.filter_report import FilterEffect
from kakaobot.dataset.split import Split
from kakaobot.dataset.stats import ActivityStats
from kakaobot.dataset.style_report import ParticipantStyle
from kakaobot.schema import ChatMessage, Conversation

EXAMPLES: Mapping[Split, int] = {"train": 6, "val": 2}
"""Rows of each part that are shown."""


@dataclass(frozen=True)
class ExampleMessage:
    who: str
    text: str
    is_target: bool


@dataclass(frozen=True)
class Example:
    title: str
    split: Split
    parts: tuple[ExampleMessage, ...]


@dataclass(frozen=True)
class BuildReport:
    """What the last build read, left out and wrote."""

    room: str
    """Empty for all rooms."""
    persona: str
    """Empty for the whole room."""
    people: tuple[str, ...]
    """Who said something in words, most active first."""
    named: bool
    """Whether a person's room shows names: where three or more talk."""
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
    """Of the training rows."""
    target_tokens: int
    tokenizer: str
    max_seq_len: int
    longest: int
    """Tokens of the longest row."""
    written_at: str
    fingerprint: str
    sources: tuple[str, ...] = ()
    """Hashes of the exports it was made from."""
    warning: str = ""
    examples: tuple[Example, ...] = ()
    masked: tuple[tuple[str, int], ...] = ()
    """Kind of private data and number of places where a tag stands instead, most first."""
    figures: ActivityStats = ActivityStats()
    speeches: tuple[ParticipantStyle, ...] = ()
    lengths: tuple[tuple[int, int], ...] = ()
    """Bins of row lengths: most tokens, number of training rows."""
    pseudonyms: bool = False
    """Whether its people bear invented names."""
    effects: tuple[FilterEffect, ...] = ()
    """Before, with each filter alone, and after all of them."""
    val_tokens: int = 0
    """Of the validation rows."""


_KEYS = {"target_tokens": "learnt_tokens", "is_target": "learn"}
"""Attribute → its key in stats.json, preview.json and `preprocess --json` where they differ."""


_ATTRIBUTES = {key: name for name, key in _KEYS.items()}


def report_to_json(report: BuildReport) -> dict[str, Any]:
    """JSON object of a report, examples included."""
    return asdict(report, dict_factory=lambda pairs: {_KEYS.get(k, k): v for k, v in pairs})


def example_of(row: Conversation, split: Split) -> Example:
    """A row to be looked at."""
    parts = tuple(
        ExampleMessage(_who(row, message), message.content, message.is_target)
        for message in row.messages
    )
    return Example(f"{row.room} · {row.at[0][:16].replace('T', ' ')}", split, parts)


def read_report(stats: Any, preview: Any) -> BuildReport | None:
    """A report from the JSON of stats.json and preview.json; None where they do not fit."""
    try:
        examples = tuple(
            Example(
                each["title"],
                each["split"],
                tuple(map(_message_from_json, each["parts"])),
            )
            for each in preview or []
        )
        lists = {
            "people": tuple(stats["people"]),
            "sources": tuple(stats.get("sources", ())),
            "removed": _pairs(stats["removed"]),
            "masked": _pairs(stats.get("masked", ())),
            "speeches": tuple(
                ParticipantStyle(
                    each["name"], tuple(each["lines"]), tuple(map(float, each["apart"]))
                )
                for each in stats.get("speeches", ())
            ),
            "lengths": _pairs(stats.get("lengths", ())),
            "figures": _figures(stats.get("figures", {})),
            "effects": tuple(FilterEffect(**each) for each in stats.get("effects", ())),
        }
        attributes = {_ATTRIBUTES.get(key, key): value for key, value in stats.items()}
        return BuildReport(**{**attributes, **lists, "examples": examples})
    except (TypeError, KeyError, ValueError):
        return None


def _message_from_json(part: Mapping[str, Any]) -> ExampleMessage:
    return ExampleMessage(**{_ATTRIBUTES.get(key, key): value for key, value in part.items()})


def _pairs(values: Any) -> tuple[tuple[Any, int], ...]:
    return tuple((what, int(count)) for what, count in values)


def _figures(values: Any) -> ActivityStats:
    lists = {name: tuple(values[name]) for name in ("hours", "people") if name in values}
    return ActivityStats(
        **lists,
        months=_pairs(values.get("months", ())),
        answers=tuple(tuple(map(int, row)) for row in values.get("answers", ())),
    )


def _who(row: Conversation, message: ChatMessage) -> str:
    if message.name:
        return message.name
    return row.persona if message.role == "assistant" else "상대"
