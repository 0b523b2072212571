"""Detects bots by their behavior: templates, answers and times of day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kakaobot.dataset import duplicates
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.schema import Turn

_MIN_LONG_TURNS = 30
"""Fewer prove nothing: ten greetings by a new participant are alike too."""
_SAMPLE_SIZE = 400
_MIN_LETTERS = 8
"""Letters of a long turn; people repeat ㅋㅋ and 밥 먹었어, too."""
_TEMPLATE_SHARE = 0.6
_CERTAIN_TEMPLATE_SHARE = 0.9
"""Sufficient alone. People repeat under a tenth of their long turns."""
_MAX_ANSWER_SHARE = 0.1
_CLOCK_SHARE = 0.9
_MAX_CLOCK_TIMES = 24
"""An hourly bot posts at 24 times of day, a daily one at one."""
_MIN_TURNS_PER_TIME = 3


class BotDetector:
    """Accumulates the turns of one sender."""

    def __init__(self) -> None:
        self._turns = 0
        self._sampler = EvenSampler[str](_SAMPLE_SIZE)
        self._times = Counter[tuple[int, int]]()

    def add(self, turn: Turn) -> None:
        self._turns += 1
        self._sampler.add(turn.text)
        self._times[turn.start.hour, turn.start.minute] += 1

    def is_bot(self, answer_share: float) -> bool:
        """Whether the turns look like those of a bot.

        True if nearly all long turns follow a template, or if two of three hold: most long turns
        follow a template, the sender hardly ever answers anybody, and nearly all turns come at
        the same few times of day.

        Args:
            answer_share: share of the turns that follow somebody else's.
        """
        sample = self._sampler.items()
        normalized = map(duplicates.normalize_letters, sample)
        long_texts = [text for text in normalized if len(text) >= _MIN_LETTERS]
        if len(long_texts) < max(_MIN_LONG_TURNS, len(sample) / 2):
            return False
        template_share = _template_share(long_texts)
        indicators = (
            template_share >= _TEMPLATE_SHARE,
            answer_share <= _MAX_ANSWER_SHARE,
            self._runs_like_clockwork(),
        )
        return template_share >= _CERTAIN_TEMPLATE_SHARE or sum(indicators) >= 2

    def _runs_like_clockwork(self) -> bool:
        required, covered = _CLOCK_SHARE * self._turns, 0
        for times, (_, turns) in enumerate(self._times.most_common(), 1):
            covered += turns
            if covered >= required:
                return times <= min(_MAX_CLOCK_TIMES, self._turns / _MIN_TURNS_PER_TIME)
        return False


def _template_share(texts: Sequence[str]) -> float:
    """Share of the texts that near-duplicate at least two others."""
    groups = duplicates.duplicate_groups(texts, min_chars=_MIN_LETTERS)
    return sum(len(group) for group in groups if len(group) >= 3) / len(texts)
