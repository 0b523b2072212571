"""Replies → figures of a way of talking. Knows no distances and no sentences."""

from __future__ import annotations

import bisect
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, NamedTuple

from kakaobot.style.features import BIN_EDGES, FEATURES, MARKERS
from kakaobot.style.ngrams import Expression, NgramCounts, distinctive_ngrams, plain_korean
from kakaobot.style.sentence_endings import classify_ending
from kakaobot.style.tokens import ReplyTokens, classify_closing, tokenize_reply

FORMAT = 1
"""Raised whenever a rule or a class changes: voices of two formats are not comparable."""
RELIABLE_REPLIES = 60
"""From here on two random halves of one person lie at most 0.02 apart in the sample room, where two
people lie at least 0.22 apart (`benchmarks/style.py`); of 10 replies it is 0.06 and 0.17."""
DISTINCT_SAMPLE = 50
"""Words, or pairs of words, that `distinct_1` and `distinct_2` are reckoned for."""
SPACED_SYLLABLES = 8
"""Only replies of at least so many syllables tell whether somebody uses spaces."""


class Quartiles(NamedTuple):
    """Values of the sample itself (nearest rank), so that a repeated sample has the same ones."""

    low: int
    median: int
    high: int


@dataclass(frozen=True)
class StyleProfile:
    replies: int
    """Those with a visible character; the others are not counted anywhere."""
    bubbles: int
    length: Quartiles
    """Characters of a reply, over all its bubbles."""
    bubble_length: Quartiles
    burst: Quartiles
    """Bubbles of a reply."""
    runs: Mapping[str, Quartiles]
    """ㅋ, ㅎ, ㅠ → letters in a row; those that never occur are missing."""
    holds: Mapping[str, int]
    """Replies that hold each of `HOLDS`."""
    facets: Mapping[str, tuple[int, ...]]
    """Key of `FACETS` → count of each class."""
    syllables_per_chunk: float
    """Hangul syllables between two spaces (or other signs), in replies of at least
    `SPACED_SYLLABLES`; 0 where there are none. Plain spacing gives 2 to 3."""
    latin: float
    """Share of all characters."""
    digits: float
    """Share of all characters."""
    distinct_1: float | None
    """Expected share of different words among `DISTINCT_SAMPLE` of them; nothing where there are
    fewer. See `distinct`."""
    distinct_2: float | None
    """The same of pairs of neighbouring words of one reply."""
    expressions: tuple[Expression, ...]
    """What stands out against plain Korean. People wrote these words: as private as the room."""

    @property
    def reliable(self) -> bool:
        return self.replies >= RELIABLE_REPLIES

    def share(self, thing: str) -> float:
        """Share of replies that hold `thing`, one of `HOLDS`."""
        return self.holds[thing] / self.replies if self.replies else 0.0

    def shares(self, facet: str) -> dict[str, float]:
        """Class → share; all 0 where nothing was counted."""
        counts = self.facets[facet]
        total = sum(counts) or 1
        return {
            label: count / total
            for label, count in zip(FEATURES[facet].classes, counts, strict=True)
        }


def style_profile(replies: Iterable[str], *, plain: NgramCounts | None = None) -> StyleProfile:
    """The voice of these replies, whatever their order. Each is a turn's text, one bubble a line.

    `plain` is what plain Korean says how often; the bundled table by default.
    """
    taken = _Counts()
    for reply in replies:
        marks = tokenize_reply(reply)
        if marks:
            taken.add(marks)
    return taken.voice(plain or plain_korean())


class _Counts:
    """What is counted on the way: its size follows from the vocabulary, not from the replies."""

    def __init__(self) -> None:
        self.replies = self.chars = self.syllables = self.chunks = self.latin = self.digits = 0
        self.classes: dict[str, Counter[str]] = {name: Counter() for name in FEATURES}
        self.values: dict[str, Counter[int]] = {name: Counter() for name in BIN_EDGES}
        self.bubble_lengths = Counter[int]()
        self.runs: dict[str, Counter[int]] = {sound: Counter() for sound in "ㅋㅎㅠ"}
        self.tallies: dict[str, Counter[str]] = {name: Counter() for name in _WAITING}
        # Counting many at once is several times as fast.
        self.waiting: dict[str, list[str]] = {name: [] for name in _WAITING}

    def add(self, marks: ReplyTokens) -> None:
        classes, values, waiting = self.classes, self.values, self.waiting
        holds = {sign for sign, _ in marks.runs}
        values["sign_run"][max((run for _, run in marks.runs), default=0)] += 1
        if marks.laughs:
            sounds = {sound for sound, _ in marks.laughs}
            holds |= sounds
            classes["sound"][marks.laughs[0][0] if len(sounds) == 1 else "섞음"] += 1
            values["sound_run"][max(run for _, run in marks.laughs)] += 1
            for sound, run in marks.laughs:
                self.runs[sound][run] += 1
        else:
            classes["sound"]["없음"] += 1
            values["sound_run"][0] += 1
        if marks.initials:
            holds.add("초성")
            only = marks.initials == len(marks.words)
            classes["initials"]["초성만" if only else "섞음"] += 1
        else:
            classes["initials"]["없음"] += 1
        faces = _one_of(holds, ("그림문자", marks.emoji), ("글자 표정", marks.faces))
        classes["faces"][faces] += 1
        classes["script"][_one_of(holds, ("영어", marks.latin), ("숫자", marks.digits))] += 1
        if marks.syllables >= SPACED_SYLLABLES:
            values["spacing"][marks.syllables // marks.chunks] += 1
            self.syllables += marks.syllables
            self.chunks += marks.chunks
        for last, behind, length in marks.bubbles:
            waiting["last"].append(last)
            waiting["behind"].append(behind)
            self.bubble_lengths[length] += 1
        values["length"][marks.chars] += 1
        values["burst"][len(marks.bubbles)] += 1
        self.replies += 1
        self.chars += marks.chars
        self.latin += marks.latin
        self.digits += marks.digits
        words = marks.words
        pairs = [f"{one} {two}" for one, two in pairwise(words)]
        waiting["holds"].extend(holds)
        waiting["words"].extend(words)
        waiting["pairs"].extend(pairs)
        # Once a reply: what is repeated ten times in one breath is not said ten times as often.
        waiting["said"].extend({*words, *pairs})
        if self.replies % 4096 == 0:
            self._count()

    def _count(self) -> None:
        for name, waiting in self.waiting.items():
            self.tallies[name].update(waiting)
            waiting.clear()

    def _classify(self) -> None:
        for name, beginnings in BIN_EDGES.items():
            for value, times in self.values[name].items():
                label = FEATURES[name].classes[bisect.bisect(beginnings, value)]
                self.classes[name][label] += times
        for last, times in self.tallies["last"].items():
            ending, level = classify_ending(last)
            self.classes["ending"][ending] += times
            self.classes["level"][level] += times
        for behind, times in self.tallies["behind"].items():
            self.classes["closing"][classify_closing(behind)] += times

    def voice(self, plain: NgramCounts) -> StyleProfile:
        self._count()
        self._classify()
        return StyleProfile(
            replies=self.replies,
            bubbles=self.bubble_lengths.total(),
            length=quartiles(self.values["length"]),
            bubble_length=quartiles(self.bubble_lengths),
            burst=quartiles(self.values["burst"]),
            runs={sound: quartiles(runs) for sound, runs in self.runs.items() if runs},
            holds={thing: self.tallies["holds"][thing] for thing in MARKERS},
            facets={
                name: tuple(self.classes[name][label] for label in facet.classes)
                for name, facet in FEATURES.items()
            },
            syllables_per_chunk=self.syllables / self.chunks if self.chunks else 0.0,
            latin=self.latin / self.chars if self.chars else 0.0,
            digits=self.digits / self.chars if self.chars else 0.0,
            distinct_1=distinct(self.tallies["words"]),
            distinct_2=distinct(self.tallies["pairs"]),
            expressions=distinctive_ngrams(NgramCounts(self.tallies["said"], self.replies), plain),
        )


_WAITING = ("holds", "last", "behind", "words", "pairs", "said")


def _one_of(holds: set[str], one: tuple[str, int], other: tuple[str, int]) -> str:
    """The class of two things and how often each was found; they join what the reply holds."""
    found = [thing for thing, times in (one, other) if times]
    if not found:
        return "없음"
    holds.update(found)
    return found[0] if len(found) == 1 else "둘 다"


def quartiles(counts: Mapping[int, int]) -> Quartiles:
    """Value → times, to the values below or at which ¼, ½ and ¾ of all lie; 0 of nothing."""
    total, seen, found = sum(counts.values()), 0, list[int]()
    for value in sorted(counts):
        seen += counts[value]
        while len(found) < 3 and seen * 4 >= total * (len(found) + 1):
            found.append(value)
    return Quartiles(*found) if found else Quartiles(0, 0, 0)


def distinct(counts: Mapping[str, int], size: int = DISTINCT_SAMPLE) -> float | None:
    """Expected share of different entries among `size` drawn without putting back.

    Distinct-n (Li et al. 2016) falls with the length of the sample by itself; this is its rarefied
    form (Hurlbert 1971): (1/m) Σ_w [1 − C(N − c_w, m) / C(N, m)], with N entries in all, c_w of
    them w, m = `size`. Nothing where N < m.
    """
    total = sum(counts.values())
    if total < size:
        return None
    expected = 0.0
    for times, kinds in Counter(counts.values()).items():
        left = total - times
        missed = math.exp(_choose(left, size) - _choose(total, size)) if left >= size else 0.0
        expected += kinds * (1 - missed)
    return min(1.0, expected / size)


def _choose(n: int, k: int) -> float:
    """Logarithm of the binomial coefficient."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def to_json(voice: StyleProfile) -> str:
    """One line; the same voice gives the same bytes."""
    held = {"format": FORMAT, **asdict(voice)}
    return json.dumps(held, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> StyleProfile:
    """The inverse of `to_json`.

    Raises:
        ValueError: it is no voice, or one of another `FORMAT`, which must be taken anew.
    """
    try:
        held = json.loads(text)
        if held.pop("format") != FORMAT:
            raise ValueError("a voice of another format")
        read: dict[str, Callable[[Any], Any]] = {
            "length": lambda value: Quartiles(*value),
            "bubble_length": lambda value: Quartiles(*value),
            "burst": lambda value: Quartiles(*value),
            "runs": lambda value: {sound: Quartiles(*each) for sound, each in value.items()},
            "facets": lambda value: {name: tuple(value[name]) for name in FEATURES},
            "expressions": lambda value: tuple(Expression(*each) for each in value),
        }
        voice = StyleProfile(
            **{
                each.name: read.get(each.name, _same)(held[each.name])
                for each in fields(StyleProfile)
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a voice") from error
    for name, facet in FEATURES.items():
        if len(voice.facets[name]) != len(facet.classes):
            raise ValueError(f"not a voice: {name}")
    return voice


def _same(value: Any) -> Any:
    return value
