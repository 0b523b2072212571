"""Make the training data from what was imported, and report on it."""

from __future__ import annotations

import functools
import json
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from kakaobot.app.bases import Bases
from kakaobot.app.report import Report, examples_of, read_report
from kakaobot.base.choice import located
from kakaobot.base.text import BaseText, read_base_text
from kakaobot.config import Home
from kakaobot.dataset import store
from kakaobot.dataset.build import conversations, split
from kakaobot.dataset.filters import keep, unlearnt, worth_learning
from kakaobot.dataset.privacy import mask_links
from kakaobot.dataset.sessions import sessions_of, turns_of
from kakaobot.errors import DatasetError
from kakaobot.exports.inbox import Inbox
from kakaobot.exports.merge import History
from kakaobot.exports.rooms import Rooms
from kakaobot.records import Conversation, Progress, Session, Turn, quiet
from kakaobot.rows import dump
from kakaobot.runs import now_text
from kakaobot.settings import DataSettings, Settings

FEW_REPLIES = 200
"""Below this a small LoRA repeats the few replies it saw (lessons from public chat clones)."""


@dataclass(frozen=True)
class Person:
    name: str
    messages: int
    replies: int
    """Turns that can be learnt."""
    median_chars: float


class Datasets:
    def __init__(self, home: Home, bases: Bases | None = None) -> None:
        self._home = home
        self._bases = bases or Bases()
        self._people: tuple[object, dict[str, list[Person]]] = None, {}
        """What was true of the exports and the settings then, and who spoke in each room."""

    def rooms(self) -> list[str]:
        """Rooms that were imported."""
        return [summary.room for summary in Rooms(self._inbox()).summaries()]

    def people(self, room: str = "") -> list[Person]:
        """Who speaks in a room (all rooms where it is empty), most replies first."""
        data = self._home.settings().data
        now = Rooms(self._inbox()).version(), data.model_copy(update={"room": "", "persona": ""})
        before, known = self._people
        if before != now:
            known = {}
            self._people = now, known
        if room not in known:
            known[room] = self._who_speaks(room, data)
        return known[room]

    def _who_speaks(self, room: str, data: DataSettings) -> list[Person]:
        messages: Counter[str] = Counter()
        lengths: dict[str, list[int]] = {}
        for history in self._histories(room):
            kept = keep(history.messages).messages
            messages.update(message.sender for message in kept)
            for turn in _turns(kept, data):
                lengths.setdefault(turn.sender, [])
                if _learnable(turn, data):
                    lengths[turn.sender].append(len(turn.text))
        people = [
            Person(name, messages[name], len(sizes), statistics.median(sizes) if sizes else 0.0)
            for name, sizes in lengths.items()
        ]
        return sorted(people, key=lambda person: (-person.replies, person.name))

    def build(self, progress: Progress = quiet) -> Report:
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
        choice = self._bases.choice(self._home)
        base = read_base_text(located(choice.name))
        rows: dict[str, list[Conversation]] = {"train": [], "val": []}
        report = _empty_report(settings, histories, choice.label, base)
        for number, history in enumerate(histories):
            progress(0.3 + 0.5 * number / len(histories), f"'{history.room}' 을 대화로 나누는 중")
            report = _add(report, history, settings, base, rows)
        if not rows["train"]:
            raise DatasetError(
                "배울 대답이 하나도 남지 않았습니다. 다른 사람이나 '방 전체'를 고르거나, "
                "data.min_target_chars 를 낮추거나, 더 긴 대화를 가져오세요."
            )
        if not rows["val"]:
            raise DatasetError(
                "검증에 쓸 대답이 남지 않았습니다. "
                "더 긴 기간의 대화를 가져오거나 '방 전체'를 고르세요."
            )
        progress(0.85, "토큰을 세는 중")
        report = _counted(report, rows, base)
        progress(0.95, "저장하는 중")
        return self._write(report, rows, settings)

    def report(self) -> Report | None:
        """Of the last build; None where there is none."""
        folder = self._folder()
        return read_report(
            store.read_json(folder, store.STATS), store.read_json(folder, store.PREVIEW)
        )

    def _histories(self, room: str) -> list[History]:
        return Rooms(self._inbox()).histories(room)

    def _inbox(self) -> Inbox:
        return Inbox(self._home.folder(self._home.settings().paths.raw))

    def _folder(self) -> Any:
        return self._home.folder(self._home.settings().paths.sft)

    def _write(
        self, report: Report, rows: dict[str, list[Conversation]], settings: Settings
    ) -> Report:
        train, val = dump(rows["train"]), dump(rows["val"])
        report = replace(
            report,
            written_at=now_text(),
            sources=tuple(each.hash for each in self._inbox().stored()),
            fingerprint=store.fingerprint(train, val, settings.data.model_dump_json()),
            examples=examples_of(rows),
        )
        stats = {key: value for key, value in asdict(report).items() if key != "examples"}
        preview = [asdict(example) for example in report.examples]
        store.write(
            self._folder(),
            {
                store.TRAIN: train,
                store.VAL: val,
                store.PREVIEW: json.dumps(preview, ensure_ascii=False, indent=1),
                store.STATS: json.dumps(stats, ensure_ascii=False, indent=1),
            },
        )
        return report


def _check(histories: Sequence[History], data: DataSettings) -> None:
    if not histories and data.room:
        raise DatasetError(
            f"'{data.room}' 이라는 방이 없습니다. 방을 다시 고르거나 data.room 을 비워 두세요."
        )
    if not histories:
        raise DatasetError("가져온 대화가 없습니다. 먼저 카카오톡 내보내기 파일을 가져오세요.")
    people = {message.sender for history in histories for message in history.messages}
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


def _empty_report(
    settings: Settings, histories: Sequence[History], tokenizer: str, base: BaseText
) -> Report:
    speakers = Counter(
        message.sender
        for history in histories
        for message in keep(history.messages, exclude=settings.data.exclude_people).messages
    )
    return Report(
        room=settings.data.room,
        persona=settings.data.persona,
        people=tuple(name for name, _ in speakers.most_common()),
        named=len(speakers) >= 3,
        messages=sum(len(history.messages) for history in histories),
        removed=(),
        sessions=0,
        turns=0,
        train_rows=0,
        val_rows=0,
        train_replies=0,
        val_replies=0,
        tokens=0,
        learnt_tokens=0,
        tokenizer=tokenizer,
        max_seq_len=min(settings.training.max_seq_len, base.context),
        longest=0,
        written_at="",
        fingerprint="",
    )


def _add(
    report: Report,
    history: History,
    settings: Settings,
    base: BaseText,
    rows: dict[str, list[Conversation]],
) -> Report:
    """Cut one room's history into rows; the report with its counts."""
    data = settings.data
    kept = keep(history.messages, exclude=data.exclude_people)
    turns = _turns(kept.messages, data)
    learnable = functools.partial(_learnable, data=data)
    gap = timedelta(minutes=data.session_gap_minutes)
    sessions = sessions_of(history.room, turns, gap=gap)
    own: list[Conversation] = []
    for name, part in zip(("train", "val"), _split(sessions, data), strict=True):
        for session in part:
            cut = conversations(
                session,
                persona=data.persona,
                named=report.named,
                learnable=learnable,
                length=base.renderer.length,
                max_tokens=report.max_seq_len - base.renderer.lead_length,
                context_turns=data.context_turns,
            )
            new = list(cut)
            rows[name] += new
            own += new
    removed = Counter(dict(report.removed))
    removed.update(dict(kept.removed))
    removed.update(unlearnt(turns, own, persona=data.persona, learnable=learnable))
    return replace(
        report,
        removed=tuple(removed.most_common()),
        sessions=report.sessions + len(sessions),
        turns=report.turns + len(turns),
    )


def _split(sessions: Sequence[Session], data: DataSettings) -> tuple[list[Session], list[Session]]:
    """A person's sessions alone are split, so that validation holds their share of replies."""

    def target(turn: Turn) -> bool:
        return data.persona in ("", turn.sender) and _learnable(turn, data)

    spoken = [session for session in sessions if any(map(target, session.turns))]
    return split(spoken, data.val_ratio, target) if spoken else ([], [])


def _counted(report: Report, rows: dict[str, list[Conversation]], base: BaseText) -> Report:
    encoded = [base.renderer.encode(row.messages) for row in rows["train"]]
    replies = {name: _targets(part) for name, part in rows.items()}
    few = replies["train"] < FEW_REPLIES
    return replace(
        report,
        train_rows=len(rows["train"]),
        val_rows=len(rows["val"]),
        train_replies=replies["train"],
        val_replies=replies["val"],
        tokens=sum(len(row.ids) for row in encoded),
        learnt_tokens=sum(sum(row.learn) for row in encoded),
        longest=max(len(row.ids) for row in encoded),
        warning=(
            f"배울 대답이 {replies['train']:,}개뿐입니다. {FEW_REPLIES}개보다 적으면 같은 말을 "
            "되풀이하기 쉬우니, 더 긴 기간을 내보내거나 '방 전체'를 골라 보세요."
            if few
            else ""
        ),
    )


def _turns(messages: Sequence[Any], data: DataSettings) -> list[Turn]:
    return turns_of(
        messages,
        merge_gap=timedelta(minutes=data.merge_gap_minutes),
        clean=mask_links if data.mask_urls else str,
    )


def _learnable(turn: Turn, data: DataSettings) -> bool:
    return worth_learning(
        turn, min_chars=data.min_target_chars, drop_low_signal=data.drop_low_signal
    )


def _targets(rows: Iterable[Conversation]) -> int:
    return sum(message.learn for row in rows for message in row.messages)
