"""The short way from imported rooms to a training: whom to learn, and everything else by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kakaobot.app.datasets import Datasets
from kakaobot.app.training import Training
from kakaobot.base.selection import detect_hardware
from kakaobot.config import Home, save
from kakaobot.dataset.filters import filter_messages
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.dataset.privacy import mask
from kakaobot.errors import ConfigError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.language import tr
from kakaobot.runs.status import LIVE
from kakaobot.schema import Message, Progress, no_progress

_LINES = 3
_RECENT = 60
"""Last messages of a person among which their lines are looked for."""
_CHARS = range(4, 41)
"""Of a line that is neither a mere reaction nor a story."""


@dataclass(frozen=True)
class LearnablePerson:
    """A person whose way of talking could be learned."""

    stats: ParticipantStats
    lines: tuple[str, ...]
    """Some of their own last messages, masked; empty if none is wanted."""


class QuickStart:
    """What the first page of the window does for one home."""

    def __init__(self, home: Home, datasets: Datasets, training: Training) -> None:
        self._home = home
        self._datasets = datasets
        self._training = training

    def is_open(self) -> bool:
        """Whether nothing has been built or trained yet, so that the short way is the way."""
        if self._datasets.builds.state.is_running:
            return False
        return self._datasets.report() is None and not self._training.summaries()

    def has_files(self) -> bool:
        return bool(self._file_store().list_files())

    def people(
        self, *, with_lines: bool = True, progress: Progress = no_progress
    ) -> list[LearnablePerson]:
        """The people of all rooms who can be learned, most replies first; no bots.

        Raises:
            ExportError: a file is damaged.
        """
        people = [
            stats
            for stats in self._datasets.participants("", progress)
            if not stats.is_excluded and stats.advice != "bot" and stats.replies
        ]
        names = [stats.name for stats in people]
        lines = self._lines(names) if with_lines else {}
        return [LearnablePerson(stats, lines.get(stats.name, ())) for stats in people]

    def prepare(self, person: str, progress: Progress = no_progress) -> None:
        """Choose a person of all rooms, or with an empty name everybody, and build the dataset.

        Raises:
            ConfigError: there is no such person.
            DatasetError, ExportError, BaseModelError: as `Datasets.build`.
        """
        if person and person not in {stats.name for stats in self._datasets.participants("")}:
            raise ConfigError(tr("그 사람이 지금은 없습니다. 배울 사람을 다시 고르세요."))
        save(self._home.settings_file, {"data.room": "", "data.persona": person})
        self._datasets.build(progress)

    def start(self) -> None:
        """Start the training.

        Raises:
            RunError, DatasetError, BaseModelError, ConfigError: as `Training.start`.
        """
        self._training.start()

    def can_chat(self) -> bool:
        """Whether there is an adapter to talk to now; a training may need the graphics card."""
        runs = self._training.summaries()
        if not any(run.has_adapter for run in runs):
            return False
        live = next((run for run in runs if run.state in LIVE), None)
        return live is None or (live.step > 0 and not detect_hardware().gpu)

    def _lines(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        data = self._home.settings().data
        recent: dict[str, deque[str]] = {name: deque(maxlen=_RECENT) for name in names}
        for history in RoomHistories(self._file_store()).histories():
            _collect(history.messages, recent)

        def masked(text: str) -> str:
            return mask(
                text, private=data.mask_private, urls=data.mask_urls, words=data.mask_words
            ).text

        return {name: tuple(map(masked, _spread(texts))) for name, texts in recent.items()}

    def _file_store(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))


def _collect(messages: Iterable[Message], recent: dict[str, deque[str]]) -> None:
    for message in filter_messages(messages):
        texts = recent.get(message.sender)
        if texts is not None and len(message.text) in _CHARS and "\n" not in message.text:
            texts.append(message.text)


def _spread(texts: Iterable[str]) -> list[str]:
    """A few different ones from the first to the last."""
    different = list(dict.fromkeys(texts))
    count = min(_LINES, len(different))
    return [different[(2 * number + 1) * len(different) // (2 * count)] for number in range(count)]
