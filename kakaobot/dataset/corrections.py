"""Feedback → rows of a refine: what to say, what not to say, and ordinary replies to replay.

`<rows folder>/train.jsonl`        ordinary replies, one target a row
`<rows folder>/val.jsonl`          ordinary validation rows
`<rows folder>/corrections.jsonl`  a wanted reply, a rejected one or both per line

Masking, pseudonyms and filters are those of all other rows. A rejected reply is never a target.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json
from kakaobot.dataset import artifacts
from kakaobot.dataset.backchannels import backchannel_form
from kakaobot.dataset.feedback import FeedbackEntry, SaidLine
from kakaobot.dataset.filters import CAPPED, EXCLUDED, FilterRules, exclusion_reason
from kakaobot.dataset.jsonl import dump_rows, from_row, iter_rows, to_row
from kakaobot.dataset.privacy import masker
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.errors import DatasetError
from kakaobot.language import deferred, tr
from kakaobot.schema import ChatMessage, Conversation, Turn
from kakaobot.settings import DataSettings

CORRECTIONS = "corrections.jsonl"
FORBIDDEN = deferred("하지 말라고 한 말")
"""Why a wanted reply is left out: it is also one that must not be said."""
_HELD_OUT_SHARE = 5
"""One of so many edits is not learned, but asked for in the end."""
_MIN_EDITS = 10
"""With fewer edits all are learned."""
_MAX_REPLAYED = 3000
"""Ordinary replies to draw from, spread evenly over the training rows."""
_MAX_VAL_ROWS = 200
"""Validation rows, spread evenly; all of a small room."""
_REPLAY_CONTEXT = 6
"""Messages before a replayed reply."""

Render = Callable[[Sequence[SaidLine]], Sequence[ChatMessage]]
"""Gives lines the roles and names that the run was trained with."""


@dataclass(frozen=True)
class Correction:
    """What one feedback entry teaches."""

    entry: int
    """Id of the entry."""
    wanted: Conversation | None
    """Its last message is the only target."""
    rejected: Conversation | None
    """The same with the reply that must not be given."""
    held_out: bool = False
    """Not learned; shows whether what was learned carries over."""


@dataclass(frozen=True)
class Corrections:
    """What the feedback on one persona teaches, and what of it was left out."""

    items: tuple[Correction, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    """Korean reason and number of entries."""
    forbidden: frozenset[str] = frozenset()
    """`reply_form` of the replies that must never be given."""

    @property
    def learned(self) -> int:
        return sum(not item.held_out for item in self.items)


class CorrectionRules:
    """The settings of the data, applied to feedback.

    Args:
        data: settings of the run that was chatted with.
        replace_names: replaces real names if pseudonyms are on.
    """

    def __init__(self, data: DataSettings, replace_names: Callable[[str], str] = str) -> None:
        mask = masker(private=data.mask_private, urls=data.mask_urls, words=data.mask_words)
        self._mask, self._replace_names = mask, replace_names
        self._filters = FilterRules.from_settings(data)
        self._excluded = frozenset(data.exclude_people)
        self._drops_backchannels = data.drop_low_signal

    def clean(self, text: str) -> str:
        """A text of one or more bubbles, masked."""
        lines = text.strip().split("\n")
        return "\n".join(self._mask(self._replace_names(line)) for line in lines)

    def exclusion_reason(self, name: str, text: str) -> str | None:
        """Why the filters keep a cleaned reply from being a target; None if they do not."""
        if name in self._excluded:
            return EXCLUDED
        turn = Turn("", name, tuple(text.split("\n")), datetime.min, datetime.min)
        if self._drops_backchannels and backchannel_form(text) is not None:
            return CAPPED
        return exclusion_reason(turn, self._filters, ())


def corrections_of(
    entries: Iterable[FeedbackEntry],
    rules: CorrectionRules,
    render_for: Callable[[FeedbackEntry], Render],
) -> Corrections:
    """What these entries teach, some edits held out if there are enough.

    Args:
        entries: feedback on one persona.
        rules: how texts are masked and filtered.
        render_for: returns how the conversation of an entry is shown to the model.
    """
    entries = list(entries)
    forbidden = frozenset(
        reply_form(rules.clean(entry.reply)) for entry in entries if entry.kind == "never"
    )
    held_out = _held_out([entry.id for entry in entries if entry.kind == "edit"])
    items, left_out = [], Counter[str]()
    for entry in entries:
        correction, reason = _correction(entry, rules, render_for(entry), forbidden)
        if reason:
            left_out[reason] += 1
        if correction:
            items.append(replace(correction, held_out=entry.id in held_out))
    return Corrections(tuple(items), tuple(left_out.most_common()), forbidden)


def reply_form(text: str) -> str:
    """A reply without what does not make it another one: spaces, signs, runs of one letter."""
    bare = re.sub(r"[\W_]+", "", text).lower()
    return re.sub(r"(.)\1+", r"\1\1", bare) or text.strip()


def single_replies(
    rows: Iterable[Conversation], *, limit: int = _MAX_REPLAYED
) -> list[Conversation]:
    """Targets of these rows, each with a little context in a row of its own; spread evenly."""
    sampler = EvenSampler[tuple[Conversation, int]](limit)
    for row in rows:
        for index, message in enumerate(row.messages):
            if message.is_target:
                sampler.add((row, index))
    return [_single(row, index) for row, index in sampler.items()]


def write_rows(folder: Path, corrections: Corrections, data: Path) -> str:
    """Write the rows of a refine; returns their fingerprint.

    Args:
        folder: new or empty.
        corrections: to be learned and held out.
        data: folder of the ordinary rows.

    Raises:
        DatasetError: the ordinary rows are missing or damaged.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replayed = [
        row
        for row in single_replies(iter_rows(data / artifacts.TRAIN))
        if reply_form(row.messages[-1].content) not in corrections.forbidden
    ]
    sampler = EvenSampler[Conversation](_MAX_VAL_ROWS)
    for row in iter_rows(data / artifacts.VAL):
        sampler.add(row)
    with artifacts.ArtifactDraft(folder) as draft:
        draft.write(artifacts.TRAIN, dump_rows(replayed))
        draft.write(artifacts.VAL, dump_rows(sampler.items()))
        draft.write(CORRECTIONS, (f"{_dump(item)}\n" for item in corrections.items))
        return draft.fingerprint("")


def read_corrections(folder: Path) -> list[Correction]:
    """What `write_rows` has written.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    try:
        text = (folder / CORRECTIONS).read_text(encoding="utf-8")
        return [_load(parse_json(line)) for line in text.split("\n") if line]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DatasetError(
            tr(
                "다시 배울 말({corrections})이 없거나 손상되었습니다. '다시 배우기'를 새로 "
                "시작하세요."
            ).format(corrections=CORRECTIONS)
        ) from error


def remove_rows(folder: Path) -> None:
    """Delete the rows of a refine, which hold words."""
    shutil.rmtree(folder, ignore_errors=True)


def _correction(
    entry: FeedbackEntry, rules: CorrectionRules, render: Render, forbidden: frozenset[str]
) -> tuple[Correction | None, str | None]:
    """What an entry teaches, and why its wanted reply is left out."""
    reply, wanted = rules.clean(entry.reply), rules.clean(entry.wanted)
    if entry.kind == "good":
        wanted = reply
    rejected = "" if entry.kind == "good" or reply == wanted else reply
    reason = None
    if wanted:
        reason = rules.exclusion_reason(entry.name, wanted)
        if reply_form(wanted) in forbidden:
            reason = FORBIDDEN
        wanted = "" if reason else wanted
    if not wanted and not rejected:
        return None, reason
    row = functools.partial(_row, entry, rules, render)
    return (
        Correction(entry.id, row(wanted) if wanted else None, row(rejected) if rejected else None),
        reason,
    )


def _row(entry: FeedbackEntry, rules: CorrectionRules, render: Render, reply: str) -> Conversation:
    context = [line._replace(text=rules.clean(line.text)) for line in entry.context]
    messages = render([*context, SaidLine(entry.name, reply, from_user=False)])
    return Conversation(
        id=hashlib.sha256(f"{entry.id}\n{reply}".encode()).hexdigest()[:16],
        room=entry.room,
        persona=entry.persona,
        messages=(*messages[:-1], messages[-1]._replace(is_target=True)),
        turns=tuple(f"feedback-{entry.id}:{index}" for index in range(len(messages))),
        at=(entry.at, entry.at),
    )


def _single(row: Conversation, index: int) -> Conversation:
    """The target at `index` with the messages before it."""
    begin = max(0, index - _REPLAY_CONTEXT)
    context = (message._replace(is_target=False) for message in row.messages[begin:index])
    return replace(
        row,
        id=f"{row.id}-{index}",
        messages=(*context, row.messages[index]),
        turns=row.turns[begin : index + 1],
    )


def _held_out(ids: Sequence[int]) -> frozenset[int]:
    """The same edits at each refine, however many are added."""
    if len(ids) < _MIN_EDITS:
        return frozenset()
    by_digest = sorted(ids, key=lambda number: hashlib.sha256(str(number).encode()).digest())
    return frozenset(by_digest[: len(ids) // _HELD_OUT_SHARE])


def _dump(item: Correction) -> str:
    rows = {"wanted": item.wanted, "rejected": item.rejected}
    record = {
        "entry": item.entry,
        "held_out": item.held_out,
        **{name: to_row(row) if row else None for name, row in rows.items()},
    }
    return json.dumps(record, ensure_ascii=False)


def _load(record: Mapping[str, Any]) -> Correction:
    wanted, rejected = (
        from_row(record[name]) if record[name] else None for name in ("wanted", "rejected")
    )
    return Correction(int(record["entry"]), wanted, rejected, bool(record["held_out"]))
