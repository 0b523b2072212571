"""What the candidates of a reply are compared with: the training replies of the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from kakaobot.app.trained_data import trained_data_folder
from kakaobot.chat.copy_meter import load_copy_meter
from kakaobot.chat.ranking import Judge
from kakaobot.dataset import artifacts
from kakaobot.dataset.jsonl import iter_rows
from kakaobot.errors import KakaobotError
from kakaobot.runs.run import Run
from kakaobot.style import StyleProfile, style_profile


class Judges:
    """Reads the training replies of one run at a time, when they are first needed."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._profiles: Mapping[str, StyleProfile] = {}

    def judge(self, run: Run, name: str) -> Judge:
        """The judge of the replies of `name`; one of few demands if the rows are gone."""
        try:
            file = trained_data_folder(run) / artifacts.TRAIN
            meter = load_copy_meter(file)
            key = (file, file.stat().st_mtime_ns)
            if key != self._key:
                self._profiles, self._key = _profiles(run, file), key
        except (OSError, KakaobotError):
            return Judge()

        def copied(reply: str) -> float:
            overlap = meter.overlap(reply)
            return overlap.share if overlap.is_high else 0.0

        return Judge(self._profiles.get(name), copied)


def _profiles(run: Run, file: Path) -> dict[str, StyleProfile]:
    """Participant → style of the training replies."""
    replies: dict[str, list[str]] = defaultdict(list)
    persona = str(run.section("data")["persona"])
    for row in iter_rows(file):
        for message in row.messages:
            if message.is_target:
                replies[persona or message.name].append(message.content)
    return {name: style_profile(texts) for name, texts in replies.items()}
