"""Make the training data from what was imported, and report on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from kakaobot.app.bases import Bases
from kakaobot.app.building import Build, rules_of, turns_in
from kakaobot.app.page import page
from kakaobot.app.report import Report, read_report
from kakaobot.base.choice import located
from kakaobot.base.text import read_base_text
from kakaobot.config import Home
from kakaobot.dataset import store
from kakaobot.dataset.filters import keep
from kakaobot.dataset.sessions import sessions_of
from kakaobot.dataset.speakers import Advice, speakers
from kakaobot.errors import DatasetError
from kakaobot.exports.inbox import Inbox
from kakaobot.exports.merge import History
from kakaobot.exports.rooms import Rooms
from kakaobot.records import Conversation, Progress, Session, quiet
from kakaobot.rows import dump
from kakaobot.runs import now_text
from kakaobot.settings import DataSettings, Settings


@dataclass(frozen=True)
class Person:
    name: str
    messages: int
    replies: int
    """Turns that can be learnt."""
    median_chars: float
    advice: Advice = "enough"
    sentence: str = ""
    """The advice in Korean."""


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
        gap = timedelta(minutes=data.session_gap_minutes)
        rooms: dict[str, list[Session]] = {}
        for number, history in enumerate(self._histories(room)):
            turns = turns_in(keep(history.messages).messages, data)
            rooms[str(number)] = sessions_of(history.room, turns, gap=gap)
        names = {turn.sender for some in rooms.values() for each in some for turn in each.turns}
        found = speakers(rooms, rules_of(data, names))
        return [
            Person(who.name, who.messages, who.replies, who.median_chars, who.advice, who.sentence)
            for who in found
        ]

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
        progress(0.25, "배울 말과 가릴 말을 고르는 중")
        build = Build(settings, base, histories, tokenizer=choice.label)
        for number, history in enumerate(histories):
            progress(0.4 + 0.4 * number / len(histories), f"'{history.room}' 을 대화로 나누는 중")
            build.cut(number)
        progress(0.8, "검증에 쓸 말과 겹치지 않게 하는 중")
        build.unrepeat()
        rows = build.rows
        if not rows["train"]:
            raise DatasetError(
                "배울 대답이 하나도 남지 않았습니다. 다른 사람이나 '방 전체'를 고르거나, "
                "data.low_signal_share 를 높이거나, 더 긴 대화를 가져오세요."
            )
        if not rows["val"]:
            raise DatasetError(
                "검증에 쓸 대답이 남지 않았습니다. "
                "더 긴 기간의 대화를 가져오거나 '방 전체'를 고르세요."
            )
        progress(0.9, "저장하는 중")
        return self._write(build.report(), rows, settings)

    def report(self) -> Report | None:
        """Of the last build; None where there is none."""
        folder = self._folder()
        return read_report(
            store.read_json(folder, store.STATS), store.read_json(folder, store.PREVIEW)
        )

    def page(self) -> Path:
        """The last build's report with pictures, for any browser."""
        return self._folder() / store.PAGE

    def _histories(self, room: str) -> list[History]:
        return Rooms(self._inbox()).histories(room)

    def _inbox(self) -> Inbox:
        return Inbox(self._home.folder(self._home.settings().paths.raw))

    def _folder(self) -> Path:
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
                store.PAGE: page(report),
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
