"""Builds a `StyleProfile` from replies: class counts, quartiles, diversity, distinctive n-grams."""

from __future__ import annotations

import bisect
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

from kakaobot.atomic_io import parse_json
from kakaobot.style.features import BIN_EDGES, FEATURES, MARKERS
from kakaobot.style.ngrams import Expression, NgramCounts, distinctive_ngrams, plain_korean
from kakaobot.style.sentence_endings import classify_ending
from kakaobot.style.stats import Quartiles, distinct_ratio, quartiles
from kakaobot.style.tokens import ReplyTokens, classify_closing, tokenize_reply

FORMAT = 1
"""Bumped whenever a rule or class changes: profiles of different formats are not comparable."""
RELIABLE_REPLIES = 60
"""Replies from which random halves of one person are at most 0.02 apart and two people at least
0.22, measured on the sample room (`benchmarks/style.py`); with 10 replies, 0.06 and 0.17."""
SPACED_SYLLABLES = 8
"""Minimum syllables of a reply that counts towards spacing."""


@dataclass(frozen=True)
class StyleProfile:
    """Counts over a person's replies; their text is not kept, except for `expressions`."""

    replies: int
    """Replies with a visible character; others are ignored everywhere."""
    bubbles: int
    length: Quartiles
    """Characters per reply, all bubbles together."""
    bubble_length: Quartiles
    burst: Quartiles
    """Bubbles per reply."""
    sound_runs: Mapping[str, Quartiles]
    """ㅋ, ㅎ, ㅠ → letters per run; missing if the sound never occurs."""
    markers: Mapping[str, int]
    """Replies that contain each of `MARKERS`."""
    features: Mapping[str, tuple[int, ...]]
    """Key of `FEATURES` → count per class."""
    syllables_per_chunk: float
    """Hangul syllables between spaces or other signs, in replies of at least `SPACED_SYLLABLES`;
    0 if there are none. Standard spacing gives 2 to 3."""
    latin: float
    """Share of all characters."""
    digits: float
    """Share of all characters."""
    distinct_1: float | None
    """`distinct_ratio` of words; None if there are too few."""
    distinct_2: float | None
    """`distinct_ratio` of bigrams within one reply."""
    expressions: tuple[Expression, ...]
    """Distinctive words and bigrams, verbatim: as private as the room."""

    @property
    def reliable(self) -> bool:
        return self.replies >= RELIABLE_REPLIES

    def share(self, marker: str) -> float:
        """Share of replies that contain `marker`, one of `MARKERS`."""
        return self.markers[marker] / self.replies if self.replies else 0.0

    def shares(self, feature: str) -> dict[str, float]:
        """Class → share; all 0 if nothing was counted."""
        counts = self.features[feature]
        total = sum(counts) or 1
        return {
            label: count / total
            for label, count in zip(FEATURES[feature].classes, counts, strict=True)
        }


def style_profile(replies: Iterable[str], *, plain: NgramCounts | None = None) -> StyleProfile:
    """Profile these replies; their order does not matter.

    Args:
        replies: texts of turns, one bubble per line.
        plain: reference n-gram counts; the bundled table by default.
    """
    counts = _StyleCounts()
    for reply in replies:
        tokens = tokenize_reply(reply)
        if tokens:
            counts.add(tokens)
    return counts.profile(plain or plain_korean())


_COUNTERS = ("markers", "last_word", "trailing", "words", "bigrams", "ngrams")


class _StyleCounts:
    """Running counts; memory grows with the vocabulary, not with the number of replies."""

    def __init__(self) -> None:
        self.replies = self.chars = self.syllables = self.chunks = self.latin = self.digits = 0
        self.classes: dict[str, Counter[str]] = {name: Counter() for name in FEATURES}
        self.values: dict[str, Counter[int]] = {name: Counter() for name in BIN_EDGES}
        self.bubble_lengths = Counter[int]()
        self.sound_runs: dict[str, Counter[int]] = {sound: Counter() for sound in "ㅋㅎㅠ"}
        self.counters: dict[str, Counter[str]] = {name: Counter() for name in _COUNTERS}
        # Counting in batches is several times faster.
        self.pending: dict[str, list[str]] = {name: [] for name in _COUNTERS}

    def add(self, tokens: ReplyTokens) -> None:
        classes, values, pending = self.classes, self.values, self.pending
        markers = {sign for sign, _ in tokens.punctuation}
        longest = max(run for _, run in tokens.punctuation) if tokens.punctuation else 0
        values["sign_run"][longest] += 1
        self._add_sounds(tokens, markers)
        if tokens.initials:
            markers.add("초성")
            only = tokens.initials == len(tokens.words)
            classes["initials"]["초성만" if only else "섞음"] += 1
        else:
            classes["initials"]["없음"] += 1
        faces = _either(markers, ("그림문자", tokens.emoji), ("글자 표정", tokens.emoticons))
        classes["faces"][faces] += 1
        classes["script"][_either(markers, ("영어", tokens.latin), ("숫자", tokens.digits))] += 1
        if tokens.syllables >= SPACED_SYLLABLES:
            values["spacing"][tokens.syllables // tokens.chunks] += 1
            self.syllables += tokens.syllables
            self.chunks += tokens.chunks
        for last_word, trailing, length in tokens.bubbles:
            pending["last_word"].append(last_word)
            pending["trailing"].append(trailing)
            self.bubble_lengths[length] += 1
        values["length"][tokens.chars] += 1
        values["burst"][len(tokens.bubbles)] += 1
        self.replies += 1
        self.chars += tokens.chars
        self.latin += tokens.latin
        self.digits += tokens.digits
        words = tokens.words
        bigrams = [f"{first} {second}" for first, second in pairwise(words)]
        pending["markers"].extend(markers)
        pending["words"].extend(words)
        pending["bigrams"].extend(bigrams)
        # Document frequency: repetition within one reply counts once.
        pending["ngrams"].extend({*words, *bigrams})
        if self.replies % 4096 == 0:
            self._flush()

    def _add_sounds(self, tokens: ReplyTokens, markers: set[str]) -> None:
        classes, lengths = self.classes["sound"], self.values["sound_run"]
        if not tokens.sounds:
            classes["없음"] += 1
            lengths[0] += 1
            return
        sounds = {sound for sound, _ in tokens.sounds}
        markers |= sounds
        classes[tokens.sounds[0][0] if len(sounds) == 1 else "섞음"] += 1
        lengths[max(run for _, run in tokens.sounds)] += 1
        for sound, run in tokens.sounds:
            self.sound_runs[sound][run] += 1

    def _flush(self) -> None:
        for name, pending in self.pending.items():
            self.counters[name].update(pending)
            pending.clear()

    def _classify(self) -> None:
        for name, edges in BIN_EDGES.items():
            for value, count in self.values[name].items():
                label = FEATURES[name].classes[bisect.bisect(edges, value)]
                self.classes[name][label] += count
        for word, count in self.counters["last_word"].items():
            ending, level = classify_ending(word)
            self.classes["ending"][ending] += count
            self.classes["level"][level] += count
        for trailing, count in self.counters["trailing"].items():
            self.classes["closing"][classify_closing(trailing)] += count

    def profile(self, plain: NgramCounts) -> StyleProfile:
        self._flush()
        self._classify()
        ngrams = NgramCounts(self.counters["ngrams"], self.replies)
        return StyleProfile(
            replies=self.replies,
            bubbles=self.bubble_lengths.total(),
            length=quartiles(self.values["length"]),
            bubble_length=quartiles(self.bubble_lengths),
            burst=quartiles(self.values["burst"]),
            sound_runs={sound: quartiles(runs) for sound, runs in self.sound_runs.items() if runs},
            markers={marker: self.counters["markers"][marker] for marker in MARKERS},
            features={
                name: tuple(self.classes[name][label] for label in feature.classes)
                for name, feature in FEATURES.items()
            },
            syllables_per_chunk=self.syllables / self.chunks if self.chunks else 0.0,
            latin=self.latin / self.chars if self.chars else 0.0,
            digits=self.digits / self.chars if self.chars else 0.0,
            distinct_1=distinct_ratio(self.counters["words"]),
            distinct_2=distinct_ratio(self.counters["bigrams"]),
            expressions=distinctive_ngrams(ngrams, plain),
        )


def _either(markers: set[str], first: tuple[str, int], second: tuple[str, int]) -> str:
    """Class of two markers with their counts; adds those that occur to `markers`."""
    if not first[1] and not second[1]:
        return "없음"
    present = [marker for marker, count in (first, second) if count]
    markers.update(present)
    return present[0] if len(present) == 1 else "둘 다"


_JSON_KEYS = {"sound_runs": "runs", "markers": "holds", "features": "facets"}
"""Fields whose JSON key differs from their name."""


def to_json(profile: StyleProfile) -> str:
    """Serialize to one line; equal profiles give equal bytes."""
    values = {_JSON_KEYS.get(name, name): value for name, value in asdict(profile).items()}
    data = {"format": FORMAT, **values}
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> StyleProfile:
    """Parse the output of `to_json`.

    Raises:
        ValueError: not a profile, or one of another `FORMAT`.
    """
    try:
        data = parse_json(text)
        if data.pop("format") != FORMAT:
            raise ValueError("a style profile of another format")
        parsers: dict[str, Callable[[Any], Any]] = {
            "length": lambda value: Quartiles(*value),
            "bubble_length": lambda value: Quartiles(*value),
            "burst": lambda value: Quartiles(*value),
            "sound_runs": lambda value: {sound: Quartiles(*runs) for sound, runs in value.items()},
            "features": lambda value: {name: tuple(value[name]) for name in FEATURES},
            "expressions": lambda value: tuple(Expression(*item) for item in value),
        }
        values = {}
        for field in fields(StyleProfile):
            value = data[_JSON_KEYS.get(field.name, field.name)]
            values[field.name] = parsers[field.name](value) if field.name in parsers else value
        profile = StyleProfile(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a style profile") from error
    for name, feature in FEATURES.items():
        if len(profile.features[name]) != len(feature.classes):
            raise ValueError(f"not a style profile: {name}")
    return profile
