"""One build of the training data, room by room: histories → rows, and what became of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from kakaobot.app.report import Report, examples_of
from kakaobot.app.voices import speeches
from kakaobot.base.text import BaseText
from kakaobot.dataset.build import conversations, message_of, split
from kakaobot.dataset.duplicates import overlapping
from kakaobot.dataset.figures import figures_of, histogram
from kakaobot.dataset.filters import Rules, judge, keep, unlearnt, worth_learning
from kakaobot.dataset.privacy import masker
from kakaobot.dataset.sessions import sessions_of, turns_of
from kakaobot.dataset.speakers import ENOUGH
from kakaobot.exports.merge import History
from kakaobot.exports.people import bots
from kakaobot.prompt import Renderer, Size
from kakaobot.records import ChatMessage, Conversation, Message, Session, Turn
from kakaobot.settings import DataSettings, Settings

SEEN = "검증에 쓰는 말과 거의 같은 말"


class Build:
    """Rows grow with every room that is added."""

    def __init__(
        self, settings: Settings, base: BaseText, histories: Sequence[History], *, tokenizer: str
    ) -> None:
        """`tokenizer`: what the base is called, for the report."""
        self.rows: dict[str, list[Conversation]] = {"train": [], "val": []}
        self._data = settings.data
        self._max_seq_len = min(settings.training.max_seq_len, base.context)
        self._lead = base.renderer.lead_length
        self._sizes = _Sizes(base.renderer)
        self._tokenizer = tokenizer
        self._removed = Counter[str]()
        self._masked = Counter[str]()
        self._words: list[Message] = []
        self._turns: dict[str, list[Turn]] = {}
        for number, history in enumerate(histories):
            kept = keep(history.messages, exclude=self._data.exclude_people)
            self._removed.update(dict(kept.removed))
            self._words += kept.messages
            self._turns[str(number)] = turns_in(kept.messages, self._data, masked=self._masked)
        speakers = Counter(message.sender for message in self._words)
        self._people = tuple(name for name, _ in speakers.most_common())
        self._named = len(speakers) >= 3
        self._messages = sum(len(history.messages) for history in histories)
        self._judged = judge(
            self._turns, rules_of(self._data, self._people), persona=self._data.persona
        )
        self._reasons: Mapping[str, str] = {}
        """Of the room that is being cut."""
        self._histories = histories
        self._sessions: list[Session] = []

    def cut(self, number: int) -> None:
        """Cut one of the histories into rows."""
        data, turns = self._data, self._turns[str(number)]
        self._reasons = self._judged[str(number)].reasons
        gap = timedelta(minutes=data.session_gap_minutes)
        sessions = sessions_of(self._histories[number].room, turns, gap=gap)
        self._sizes.prepare(
            message_of(turn, persona=data.persona, named=self._named) for turn in turns
        )
        own: list[Conversation] = []
        for name, part in zip(("train", "val"), self._split(sessions), strict=True):
            for session in part:
                new = list(self._cut(session))
                self.rows[name] += new
                own += new
        self._removed.update(
            unlearnt(
                turns,
                own,
                persona=data.persona,
                learnable=self._learnable,
                reasons=self._reasons,
            )
        )
        self._sessions += sessions

    def unrepeat(self) -> None:
        """What validation asks for is not learnt beforehand: near-duplicates leave training."""
        train = [(row, place) for row in self.rows["train"] for place in _learnt(row)]
        asked = [row.messages[place].content for row in self.rows["val"] for place in _learnt(row)]
        told = overlapping([row.messages[place].content for row, place in train], asked)
        if not told:
            return
        self._removed[SEEN] += len(told)
        places: dict[str, set[int]] = {}
        for number in told:
            row, place = train[number]
            places.setdefault(row.id, set()).add(place)
        rows = [_without(row, places.get(row.id, set())) for row in self.rows["train"]]
        self.rows["train"] = [row for row in rows if any(_learnt(row))]

    def report(self) -> Report:
        """What was made. `written_at`, `sources` and the fingerprint are the writer's."""
        replies = {name: _targets(part) for name, part in self.rows.items()}
        sizes = [self._size(row) for row in self.rows["train"]]
        few = replies["train"] < ENOUGH
        return Report(
            room=self._data.room,
            persona=self._data.persona,
            people=self._people,
            named=self._named,
            messages=self._messages,
            removed=tuple(self._removed.most_common()),
            masked=tuple(self._masked.most_common()),
            sessions=len(self._sessions),
            turns=sum(map(len, self._turns.values())),
            train_rows=len(self.rows["train"]),
            val_rows=len(self.rows["val"]),
            train_replies=replies["train"],
            val_replies=replies["val"],
            tokens=sum(size.tokens for size in sizes),
            learnt_tokens=sum(size.learnt for size in sizes),
            tokenizer=self._tokenizer,
            max_seq_len=self._max_seq_len,
            longest=max(size.tokens for size in sizes),
            written_at="",
            fingerprint="",
            warning=(
                f"배울 대답이 {replies['train']:,}개뿐입니다. {ENOUGH}개보다 적으면 같은 말을 "
                "되풀이하기 쉬우니, 더 긴 기간을 내보내거나 '방 전체'를 골라 보세요."
                if few
                else ""
            ),
            examples=examples_of(self.rows),
            speeches=speeches(self._sessions, self._people),
            figures=figures_of(self._words, self._sessions),
            lengths=histogram([size.tokens for size in sizes], self._max_seq_len),
        )

    def _cut(self, session: Session) -> Iterable[Conversation]:
        return conversations(
            session,
            persona=self._data.persona,
            named=self._named,
            learnable=self._learnable,
            length=self._sizes.tokens,
            max_tokens=self._max_seq_len - self._lead,
            context_turns=self._data.context_turns,
        )

    def _split(self, sessions: Sequence[Session]) -> tuple[list[Session], list[Session]]:
        """A person's sessions alone are split, so that validation holds their share of replies."""

        def target(turn: Turn) -> bool:
            return self._data.persona in ("", turn.sender) and self._learnable(turn)

        spoken = [session for session in sessions if any(map(target, session.turns))]
        return split(spoken, self._data.val_ratio, target) if spoken else ([], [])

    def _learnable(self, turn: Turn) -> bool:
        return turn.id not in self._reasons and learnable(turn, self._data)

    def _size(self, row: Conversation) -> Size:
        sizes = [(self._sizes.of(message), message.learn) for message in row.messages]
        tokens = self._lead + sum(size.tokens for size, _ in sizes)
        return Size(tokens, sum(size.learnt for size, learn in sizes if learn))


class _Sizes:
    """How long messages are, each text measured once."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._known: dict[tuple[str, str, str], Size] = {}

    def prepare(self, messages: Iterable[ChatMessage]) -> None:
        """Measure these together."""
        fresh = {key: None for each in messages if (key := _key(each)) not in self._known}
        asked = [ChatMessage(*key, learn=True) for key in fresh]  # type: ignore[arg-type]
        self._known.update(zip(fresh, self._renderer.sizes(asked), strict=True))

    def of(self, message: ChatMessage) -> Size:
        """Its tokens, and how many of them are learnt where it is."""
        return self._known[_key(message)]

    def tokens(self, message: ChatMessage) -> int:
        return self.of(message).tokens


def _key(message: ChatMessage) -> tuple[str, str, str]:
    return message.role, message.content, message.name


def rules_of(data: DataSettings, people: Iterable[str]) -> Rules:
    """What is not learnt of what these people say."""
    return Rules(
        bots=frozenset(bots(people)),
        min_chars=data.min_target_chars,
        low_signal_share=0 if data.drop_low_signal else data.low_signal_share,
    )


def turns_in(
    messages: Sequence[Message], data: DataSettings, *, masked: Counter[str] | None = None
) -> list[Turn]:
    """The turns of one room, with what is private replaced; how often is added to `masked`."""
    return turns_of(
        messages,
        merge_gap=timedelta(minutes=data.merge_gap_minutes),
        clean=masker(
            private=data.mask_private, urls=data.mask_urls, words=data.mask_words, counts=masked
        ),
    )


def learnable(turn: Turn, data: DataSettings) -> bool:
    """Whether a turn may be a target."""
    return worth_learning(
        turn, min_chars=data.min_target_chars, drop_low_signal=data.drop_low_signal
    )


def _learnt(row: Conversation) -> Iterator[int]:
    """Places of the messages that are targets."""
    return (place for place, message in enumerate(row.messages) if message.learn)


def _without(row: Conversation, places: Collection[int]) -> Conversation:
    """The row with these messages as context only."""
    if not places:
        return row
    messages = tuple(
        replace(message, learn=message.learn and place not in places)
        for place, message in enumerate(row.messages)
    )
    return replace(row, messages=messages)


def _targets(rows: Iterable[Conversation]) -> int:
    return sum(message.learn for row in rows for message in row.messages)
