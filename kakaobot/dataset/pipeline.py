"""The dataset build: histories → turns → rows, with a report of everything left out.

Streaming: turns are spilled to disk and rows are not collected. In memory, a turn takes a few
bytes: its sender, exclusion reason and split.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kakaobot.base import resolve
from kakaobot.base.tokenizer import TokenizerInfo
from kakaobot.dataset.advance import Advance, advancing, no_advance
from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.canaries import canary_rows, invent_canaries
from kakaobot.dataset.duplicates import overlapping_indices
from kakaobot.dataset.filter_report import FilterEffect, ReplySample
from kakaobot.dataset.filters import LEAKED, FilterRules, count_non_targets, filter_messages
from kakaobot.dataset.likeness_replies import LikenessReplies
from kakaobot.dataset.packing import pack, to_chat_message
from kakaobot.dataset.participant_stats import ENOUGH_REPLIES
from kakaobot.dataset.prefetch import prefetch
from kakaobot.dataset.sessions import Sessions, masked_turns, split_sessions
from kakaobot.dataset.split import RoomSplit, Split
from kakaobot.dataset.stats import ActivityCounter
from kakaobot.dataset.style_report import ParticipantStyles
from kakaobot.dataset.target_selection import TargetSelection, TargetSelector
from kakaobot.dataset.token_counts import MessageSizes, RowStats
from kakaobot.dataset.turn_taking import TurnTaking, TurnTakingCounter
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.messages import sender_counts
from kakaobot.exports.participants import find_bots
from kakaobot.language import tr
from kakaobot.schema import Conversation, Session
from kakaobot.settings import Settings
from kakaobot.style.likeness import LikenessScale

_BATCH_TURNS = 16_384
"""Turns tokenized together."""
_MIN_PARTICIPANTS_FOR_NAMES = 3


class Pipeline:
    """Call in order: `add_history` per room, `split_targets`, `rows` per split, `report`."""

    def __init__(self, settings: Settings, base: TokenizerInfo, *, tokenizer: str) -> None:
        """`tokenizer`: name of the base model, for the report."""
        self._data = settings.data
        self._max_seq_len = resolve.max_seq_len(settings.training.max_seq_len, base.context)
        self._base = base
        self._tokenizer = tokenizer
        self._messages = 0
        self._removed = Counter[str]()
        self._masked = Counter[str]()
        self._activity = ActivityCounter()
        self._styles = ParticipantStyles()
        self._reply_sample = ReplySample(self._data.persona)
        rules = FilterRules.from_settings(self._data)
        self._selector = TargetSelector(rules, persona=self._data.persona)
        self._likeness_replies = LikenessReplies(rules, self._data.persona)
        self._rooms: dict[str, Sessions] = {}
        """By number: two rooms may have one name."""
        self._selections: Mapping[str, TargetSelection] = {}
        self._splits: dict[str, RoomSplit] = {}
        self._filter_effects: tuple[FilterEffect, ...] = ()
        self._turn_taking = TurnTakingCounter()
        self.participants: tuple[str, ...] = ()
        """Senders of text messages, most active first."""
        self.show_names = False
        """Whether a persona's rows carry names."""
        self.canaries = invent_canaries(self._data.canaries, settings.project.seed)
        """Planted in the training rows."""
        self.row_stats: dict[Split, RowStats] = {}
        """Statistics of the splits whose rows were read."""

    def add_history(self, history: RoomHistory, advance: Advance = no_advance) -> None:
        """Cut one room's history into turns and sessions; does not keep the history."""
        data = self._data
        self._messages += len(history.messages)
        room = str(len(self._rooms))
        senders = sender_counts(history.messages)
        participants = [name for name, _ in senders.most_common() if name]
        messages = filter_messages(
            advancing(history.messages, len(history.messages), advance),
            exclude=data.exclude_people,
            removed=self._removed,
        )
        turns = masked_turns(self._activity.observe(messages), data, counts=self._masked)
        turns = self._selector.observe(room, turns, find_bots(senders))
        turns = self._styles.observe(turns, participants)
        turns = self._likeness_replies.observe(room, turns, participants)
        turns = self._reply_sample.observe(room, turns)
        gap = timedelta(minutes=data.session_gap_minutes)
        sessions = self._rooms[room] = Sessions(history.room)
        for session in split_sessions(history.room, turns, gap=gap):
            self._activity.add_session(session)
            sessions.add(session)

    def split_targets(self) -> None:
        """Select the training targets and split them into train and validation."""
        self.participants = self._activity.participants
        self.show_names = len(self.participants) >= _MIN_PARTICIPANTS_FOR_NAMES
        self._selections = self._selector.select()
        self._filter_effects = self._reply_sample.effects(self._selections)
        self._splits = {
            room: RoomSplit.of(
                map(sessions.bounds, range(len(sessions))),
                filter(self._is_target(room), range(sessions.turn_count)),
                self._data.val_ratio,
            )
            for room, sessions in self._rooms.items()
        }
        self._remove_leakage()

    def rows(self, split: Split, advance: Advance = no_advance) -> Iterator[Conversation]:
        """Rows of a split; its `row_stats` are complete after the last one."""
        done, turns = 0, max(1, self._turn_count)
        stats = self.row_stats[split] = RowStats(self._base.renderer.prefix_length)
        if split == "train":
            self._turn_taking = TurnTakingCounter()
        for batch, sizes in prefetch(self._sizes, self._batches(split)):
            done += sum(len(selected.session.turns) for selected in batch)
            advance(min(1.0, done / turns))
            for selected in batch:
                rows = list(self._pack(selected, sizes))
                self._count_non_targets(selected, rows)
                for row in rows:
                    stats.add(row, sizes)
                yield from rows
        if split == "train":
            yield from self._canary_rows(stats)

    def turn_taking(self) -> TurnTaking:
        """How the training sessions whose rows were read take turns."""
        return self._turn_taking.result()

    def likeness_scales(self, advance: Advance = no_advance) -> list[LikenessScale]:
        """What 0 and 100 % are for whom the targets imitate."""
        return self._likeness_replies.scales(self.participants, self._selections, advance)

    def report(self) -> BuildReport:
        """The report, without `written_at`, `sources` and `fingerprint`."""
        train, val = self.row_stats["train"], self.row_stats["val"]
        return BuildReport(
            room=self._data.room,
            persona=self._data.persona,
            participants=self.participants,
            shows_names=self.show_names,
            messages=self._messages,
            removed=tuple(self._removed.most_common()),
            masked=tuple(self._masked.most_common()),
            sessions=sum(map(len, self._rooms.values())),
            turns=self._turn_count,
            train_rows=train.rows,
            val_rows=val.rows,
            train_replies=train.replies,
            val_replies=val.replies,
            tokens=train.tokens,
            target_tokens=train.target_tokens,
            tokenizer=self._tokenizer,
            max_seq_len=self._max_seq_len,
            longest_row=train.longest,
            written_at="",
            fingerprint="",
            warning=_few_replies_warning(train.replies),
            examples=(*train.examples("train"), *val.examples("val")),
            styles=self._styles.report(self.participants),
            activity=self._activity.stats(),
            row_lengths=train.histogram(self._max_seq_len),
            filter_effects=self._filter_effects,
            val_tokens=val.tokens,
        )

    @property
    def _turn_count(self) -> int:
        return sum(sessions.turn_count for sessions in self._rooms.values())

    def _batches(self, split: Split) -> Iterator[list[_SelectedSession]]:
        """Sessions of a split in batches of about `_BATCH_TURNS` turns."""
        batch: list[_SelectedSession] = []
        turns = 0
        for selected in self._selected_sessions(split):
            batch.append(selected)
            turns += len(selected.session.turns)
            if turns >= _BATCH_TURNS:
                yield batch
                batch, turns = [], 0
        yield batch

    def _selected_sessions(self, split: Split) -> Iterator[_SelectedSession]:
        """Sessions with targets, clipped to a split; counts the messages of the others.

        Counts the turns of all training sessions on the way.
        """
        for room in self._rooms:
            reasons, room_split = self._selections[room].reasons, self._splits[room]
            for begin, end, session in self._sessions(room, split):
                selected = _SelectedSession(session, reasons.part(begin, end))
                first, stop = room_split.clip(split, begin, end)
                clipped = selected.clip(first - begin, stop - begin)
                if split == "train":
                    part = Session(room, clipped.session.turns)
                    self._turn_taking.add(part, is_whole=stop == end)
                if room_split.count_targets(begin, end):
                    yield clipped
                else:
                    self._count_non_targets(selected, ())

    def _sessions(self, room: str, split: Split) -> Iterator[tuple[int, int, Session]]:
        """Begin, end (exclusive) and turns of a room's sessions that reach into a split."""
        sessions = self._rooms[room]
        cut = self._splits[room].cut
        first = sessions.first_ending_after(cut)
        numbers = range(first, len(sessions))
        if split == "train":
            is_cut_inside = bool(numbers) and sessions.bounds(first)[0] < cut
            numbers = range(first + is_cut_inside)
        members = sessions.between(numbers.start, numbers.stop)
        for number, session in zip(numbers, members, strict=True):
            yield *sessions.bounds(number), session

    def _canary_rows(self, stats: RowStats) -> Iterator[Conversation]:
        """Rows of the planted canaries."""
        rows = list(
            canary_rows(
                self.canaries,
                self._data.room,
                persona=self._data.persona,
                participants=self.participants,
                show_names=self.show_names,
            )
        )
        sizes = MessageSizes(self._base.renderer, (m for row in rows for m in row.messages))
        for row in rows:
            stats.add(row, sizes)
        yield from rows

    def _sizes(self, batch: Sequence[_SelectedSession]) -> MessageSizes:
        persona, show_names = self._data.persona, self.show_names
        return MessageSizes(
            self._base.renderer,
            (
                to_chat_message(turn, persona=persona, show_names=show_names)
                for selected in batch
                for turn in selected.session.turns
            ),
        )

    def _pack(self, selected: _SelectedSession, sizes: MessageSizes) -> Iterator[Conversation]:
        reasons = selected.reason_of_id
        return pack(
            selected.session,
            persona=self._data.persona,
            show_names=self.show_names,
            is_target=lambda turn: turn.id not in reasons,
            token_count=sizes.tokens,
            max_tokens=self._max_seq_len - self._base.renderer.prefix_length,
            context_turns=self._data.context_turns,
        )

    def _remove_leakage(self) -> None:
        """Exclude training targets that near-duplicate a validation target."""
        leaked = overlapping_indices(self._long_texts("train"), self._long_texts("val"))
        positions = (
            (room, position)
            for room in self._rooms
            for position in filter(
                self._is_target(room, "train"), self._selector.long_texts.room_positions(room)
            )
        )
        # Materialized first: excluding a turn changes what `_is_target` returns.
        for room, position in [item for n, item in enumerate(positions) if n in leaked]:
            self._selections[room].reasons.set(position, LEAKED)

    def _long_texts(self, split: Split) -> Iterator[str]:
        """Long texts among the targets of a split."""
        for room in self._rooms:
            is_target = self._is_target(room, split)
            for position, text in self._selector.long_texts.room_texts(room):
                if is_target(position):
                    yield text

    def _is_target(self, room: str, split: Split | None = None) -> Callable[[int], bool]:
        """Predicate on a turn's position: a target of the split, or of any if None."""
        is_candidate = self._rooms[room].sent_by(self._data.persona)
        reasons = self._selections[room].reasons
        if split is None:
            return lambda position: is_candidate(position) and position not in reasons
        cut, training = self._splits[room].cut, split == "train"
        return lambda position: (
            (position < cut) == training and is_candidate(position) and position not in reasons
        )

    def _count_non_targets(self, selected: _SelectedSession, rows: Sequence[Conversation]) -> None:
        self._removed.update(
            count_non_targets(
                selected.session.turns,
                rows,
                persona=self._data.persona,
                reasons=selected.reason_of_id,
            )
        )


@dataclass(frozen=True)
class _SelectedSession:
    session: Session
    reasons: Sequence[str]
    """Why each turn is excluded from the targets, empty if it is not."""

    def clip(self, first: int, stop: int) -> _SelectedSession:
        session = Session(self.session.room, self.session.turns[first:stop])
        return _SelectedSession(session, self.reasons[first:stop])

    @functools.cached_property
    def reason_of_id(self) -> dict[str, str]:
        """Turn id → reason, of the excluded turns."""
        turns = zip(self.session.turns, self.reasons, strict=True)
        return {turn.id: reason for turn, reason in turns if reason}


def _few_replies_warning(replies: int) -> str:
    if replies >= ENOUGH_REPLIES:
        return ""
    return tr(
        "배울 대답이 {replies:,}개뿐입니다. {enough_replies}개보다 적으면 같은 말을 "
        "되풀이하기 쉬우니, 더 긴 기간을 내보내거나 '방 전체'를 골라 보세요."
    ).format(replies=replies, enough_replies=ENOUGH_REPLIES)
