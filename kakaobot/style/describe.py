"""Voices → Korean sentences: what one is like, and in what two differ. Counts nothing itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from kakaobot.style.distance import FeatureDistance, feature_distances
from kakaobot.style.features import FEATURES, UNITS
from kakaobot.style.profile import DISTINCT_SAMPLE, RELIABLE_REPLIES, Quartiles, StyleProfile
from kakaobot.style.sentence_endings import POLITE

MIN_Z = 3.0
"""Standard errors: less is not told, because halves of one person differ by as much."""
MIN_LAUGHING_REPLIES = 5
"""Replies that laugh, on either side, before their lengths are compared."""
SHOWN_EXPRESSIONS = 10
"""Expressions in `describe`."""
_OTHER = (("그림문자", "이모지"), ("글자 표정", "글자 표정"), ("영어", "영어"), ("숫자", "숫자"))
_TIMES = {
    2: "두",
    3: "세",
    4: "네",
    5: "다섯",
    6: "여섯",
    7: "일곱",
    8: "여덟",
    9: "아홉",
    10: "열",
}


class Habit(NamedTuple):
    """Something a reply or a bubble does or does not do."""

    what: str
    """With its particle."""
    does: str = "씁니다"
    never: str = "쓰지 않습니다"


_HELD = {
    "sound": {"ㅋ": Habit("ㅋ을"), "ㅎ": Habit("ㅎ을"), "ㅠ": Habit("ㅠ를")},
    "initials": {"초성": Habit("초성 말(ㅇㅇ, ㄱㄱ 같은 것)을")},
    "faces": {"그림문자": Habit("이모지를"), "글자 표정": Habit("글자 표정(^^ 같은 것)을")},
    "script": {"영어": Habit("영어를"), "숫자": Habit("숫자를")},
}
"""Facet → key of `HOLDS` → habit."""
_MARK = ("찍습니다", "찍지 않습니다")
_CLASSES: Mapping[str, tuple[tuple[tuple[str, ...], Habit], ...]] = {
    "burst": (
        (
            FEATURES["burst"].classes[1:],
            Habit("한 번에 말풍선을 여러 개", "보냅니다", "보내지 않습니다"),
        ),
    ),
    "level": (
        (POLITE, Habit("존댓말을")),
        (("합니다체",), Habit("‘-니다’로 끝나는 말을")),
        (("해요체",), Habit("‘-요’로 끝나는 말을")),
        (("반말",), Habit("반말을")),
        (("음슴체",), Habit("음슴체(-음, -함)를")),
    ),
    "ending": tuple(
        ((ending,), Habit(f"‘-{ending}’ 꼴로 끝나는 말을"))
        for ending in FEATURES["ending"].classes[:-3]
    ),
    "closing": (
        (FEATURES["closing"].classes[1:], Habit("말끝에 부호를", *_MARK)),
        ((".",), Habit("말끝에 마침표를", *_MARK)),
        (("?",), Habit("말끝에 물음표를", *_MARK)),
        (("!",), Habit("말끝에 느낌표를", *_MARK)),
        (("?!",), Habit("말끝에 ?!를", *_MARK)),
        (("~",), Habit("말끝에 물결표(~)를", *_MARK)),
        (("…",), Habit("말끝에 말줄임표를", *_MARK)),
        ((";",), Habit("말끝에 ;를", *_MARK)),
    ),
    "sign_run": ((FEATURES["sign_run"].classes[3:], Habit("부호를 셋 이상 이어서", *_MARK)),),
}
"""Facet → classes taken together → habit. Of one facet the habit that differs most is told."""
_ONE_SENTENCE = {"ending": "level", "distinct_2": "distinct_1"}
"""Facets that would say again what the other one has said."""


def explain_difference(a: StyleProfile, b: StyleProfile, *, most: int = 5) -> tuple[str, ...]:
    """What `a` does unlike `b`: at most `most` sentences, what adds most to the distance first.

    Nothing that could be chance is told: a difference of fewer than `NOTICED` standard errors.
    """
    told: dict[str, str] = {}
    for part in feature_distances(a, b):
        about = _ONE_SENTENCE.get(part.facet, part.facet)
        if about not in told and part.apart > MIN_Z * part.noise:
            sentence = _sentence(part, a, b)
            if sentence:
                told[about] = sentence
    return tuple(told.values())[:most]


def describe_style(voice: StyleProfile) -> tuple[str, ...]:
    """A line for each group of figures."""
    if not voice.replies:
        return ("말투를 잴 대답이 없습니다.",)
    lines = [f"대답 {voice.replies:,}개(말풍선 {voice.bubbles:,}개)에서 잰 말투입니다."]
    if not voice.reliable:
        lines.append(f"대답이 적어 어림값입니다. {RELIABLE_REPLIES}개부터 믿을 만합니다.")
    bursts = 1 - voice.shares("burst")["1개"]
    lines += [
        f"길이: 대답 하나에 보통 {voice.length.median}자, 절반은 {voice.length.low}~"
        f"{voice.length.high}자. 말풍선을 여러 개 보내는 대답 {percent(bursts)}.",
        f"웃음과 울음: {_laughter(voice)}. 초성 말 {percent(voice.share('초성'))}.",
        f"높임(말풍선 끝말): {_politeness(voice)}.",
        f"끝말: {_top(voice, 'ending', ('모름', '말 없음'), '-')}.",
        f"말끝 부호: {_top(voice, 'closing')}.",
        f"띄어쓰기: 한글 한 덩이에 평균 {voice.syllables_per_chunk:.1f}자.",
        f"그 밖에: {', '.join(f'{name} {percent(voice.share(thing))}' for thing, name in _OTHER)}.",
    ]
    if voice.distinct_1 is not None:
        lines.append(f"다양함: {_different(voice.distinct_1)}.")
    if voice.expressions:
        words = ", ".join(each.text for each in voice.expressions[:SHOWN_EXPRESSIONS])
        lines.append(f"남달리 자주 쓰는 말: {words}.")
    return tuple(lines)


def _sentence(part: FeatureDistance, a: StyleProfile, b: StyleProfile) -> str:
    """Empty where the facet differs in nothing that has a name."""
    if part.facet == "length":
        return _longer(a.length, b.length)
    if part.facet == "sound_run":
        return _longer_laughs(a, b)
    if part.facet == "spacing":
        one, other = a.syllables_per_chunk, b.syllables_per_chunk
        does = "덜 띄어 씁니다" if one > other else "더 자주 띄어 씁니다"
        return f"{does} (한 덩이에 평균 {one:.1f}자, 비교한 쪽 {other:.1f}자)."
    if part.facet in ("distinct_1", "distinct_2"):
        return _richer(getattr(a, part.facet), getattr(b, part.facet), part.facet == "distinct_2")
    unit = UNITS.get(part.facet, "대답")
    told = [_more(habit, *counts, unit) for habit, counts in _habits(part.facet, a, b)]
    # Of two habits that differ as much, what somebody does says more than what he does not.
    return max(told)[2]


Counts = tuple[int, int, int, int]
"""Times and of how many, of either voice."""


def _habits(facet: str, a: StyleProfile, b: StyleProfile) -> list[tuple[Habit, Counts]]:
    if facet in _HELD:
        return [
            (habit, (a.holds[thing], a.replies, b.holds[thing], b.replies))
            for thing, habit in _HELD[facet].items()
        ]
    names, ours, others = FEATURES[facet].classes, a.facets[facet], b.facets[facet]
    return [
        (
            habit,
            (
                sum(ours[names.index(each)] for each in together),
                sum(ours),
                sum(others[names.index(each)] for each in together),
                sum(others),
            ),
        )
        for together, habit in _CLASSES[facet]
    ]


def _more(habit: Habit, x: int, n: int, y: int, m: int, unit: str) -> tuple[float, bool, str]:
    """How sure it is (standard errors of two shares), whether it is more, and the sentence.

    The sentence is empty below `NOTICED`.
    """
    p, q, pooled = x / n, y / m, (x + y) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    if not error or abs(p - q) < MIN_Z * error:
        return 0.0, False, ""
    if not x:
        said = f"{habit.what} {habit.never} (비교한 쪽 {unit}의 {percent(q)})."
    elif not y:
        said = f"{habit.what} {habit.does} ({unit}의 {percent(p)}). 비교한 쪽은 {habit.never}."
    else:
        how = _times(p / q, "자주") if p > q else _less(q / p)
        said = f"{habit.what} {how} {habit.does} ({unit}의 {percent(p)}, 비교한 쪽 {percent(q)})."
    return abs(p - q) / error, p > q, said


def _times(ratio: float, word: str) -> str:
    if ratio < 1.75:
        return f"더 {word}"
    nearest = round(ratio)
    return f"{_TIMES[nearest]} 배 {word}" if nearest in _TIMES else f"훨씬 {word}"


def _less(ratio: float) -> str:
    return "덜 자주" if ratio < 1.75 else "절반쯤만" if ratio < 2.5 else "훨씬 드물게"


def _longer(one: Quartiles, other: Quartiles) -> str:
    """By the medians; where they are much alike, by how far the quartiles lie apart."""
    figures = f"(보통 {one.median}자, 비교한 쪽 {other.median}자)."
    if one.median >= 1.2 * other.median:
        return f"대답이 {_times(one.median / other.median, '깁니다')} {figures}"
    if other.median >= 1.2 * one.median:
        return f"대답이 {'더' if other.median < 1.75 * one.median else '훨씬'} 짧습니다 {figures}"
    even = one.high - one.low < other.high - other.low
    return (
        f"대답 길이가 더 {'고릅니다' if even else '들쭉날쭉합니다'} "
        f"(절반이 {one.low}~{one.high}자, 비교한 쪽 {other.low}~{other.high}자)."
    )


def _longer_laughs(a: StyleProfile, b: StyleProfile) -> str:
    both = [each for each in a.runs if min(a.holds[each], b.holds[each]) >= MIN_LAUGHING_REPLIES]
    if not both:
        return ""
    sound = max(both, key=lambda each: min(a.holds[each], b.holds[each]))
    one, other = a.runs[sound].median, b.runs[sound].median
    if one == other:
        return ""
    what = {"ㅋ": "ㅋ을", "ㅎ": "ㅎ을", "ㅠ": "ㅠ를"}[sound]
    how = "더 길게" if one > other else "더 짧게"
    return f"{what} {how} 이어 씁니다 (보통 {one}개, 비교한 쪽 {other}개)."


def _richer(one: float, other: float, in_pairs: bool) -> str:
    does = "말이 더 다양합니다" if one > other else "같은 말을 더 자주 되풀이합니다"
    things = "이어진 두 낱말" if in_pairs else "낱말"
    mine, theirs = round(DISTINCT_SAMPLE * one), round(DISTINCT_SAMPLE * other)
    return (
        f"{does} ({things} {DISTINCT_SAMPLE}개 가운데 서로 다른 것 {mine}개, 비교한 쪽 {theirs}개)."
    )


def _laughter(voice: StyleProfile) -> str:
    found = [
        f"{sound} {percent(voice.share(sound))}(보통 {voice.runs[sound].median}개씩)"
        for sound in "ㅋㅎㅠ"
        if sound in voice.runs
    ]
    return ", ".join(found) or "없음"


def _politeness(voice: StyleProfile) -> str:
    shares = voice.shares("level")
    polite = sum(shares[level] for level in POLITE)
    rest = ", ".join(f"{level} {percent(shares[level])}" for level in ("반말", "음슴체", "모름"))
    return f"존댓말 {percent(polite)}(합니다체 {percent(shares['합니다체'])}), {rest}"


def _top(voice: StyleProfile, facet: str, without: tuple[str, ...] = (), before: str = "") -> str:
    shares = voice.shares(facet)
    found = [(share, label) for label, share in shares.items() if share and label not in without]
    found.sort(key=lambda entry: -entry[0])
    return ", ".join(f"{before}{label} {percent(share)}" for share, label in found[:4]) or "없음"


def _different(share: float) -> str:
    return f"낱말 {DISTINCT_SAMPLE}개 가운데 서로 다른 것 {round(DISTINCT_SAMPLE * share)}개"


def percent(share: float) -> str:
    """Whole, but with one decimal between 0 and 10: 0.4% is not never."""
    hundredths = 100 * share
    return f"{hundredths:.1f}%" if 0 < hundredths < 9.95 else f"{hundredths:.0f}%"
