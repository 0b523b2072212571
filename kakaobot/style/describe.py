"""Describes a style profile, and the differences between two, in Korean sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from kakaobot.language import tr
from kakaobot.style.distance import FeatureDistance, feature_distances
from kakaobot.style.features import FEATURES, UNITS
from kakaobot.style.profile import RELIABLE_REPLIES, StyleProfile
from kakaobot.style.sentence_endings import POLITE
from kakaobot.style.stats import DISTINCT_SAMPLE, Quartiles

MIN_Z = 3.0
"""Standard errors below which a difference is noise, as between halves of one person's replies."""
MIN_SOUND_REPLIES = 5
"""Replies with a sound, in each profile, needed to compare its run length."""
SHOWN_EXPRESSIONS = 10
"""Expressions in `describe_style`."""
_OTHER_MARKERS = (
    ("그림문자", tr("이모지")),
    ("글자 표정", tr("글자 표정")),
    ("영어", tr("영어")),
    ("숫자", tr("숫자")),
)
_MULTIPLES = {
    2: tr("두"),
    3: tr("세"),
    4: tr("네"),
    5: tr("다섯"),
    6: tr("여섯"),
    7: tr("일곱"),
    8: tr("여덟"),
    9: tr("아홉"),
    10: tr("열"),
}


class Habit(NamedTuple):
    """A habit and its absence as Korean phrases."""

    phrase: str
    """The object with its particle."""
    does: str = tr("씁니다")
    never: str = tr("쓰지 않습니다")


_MARKER_HABITS = {
    "sound": {"ㅋ": Habit(tr("ㅋ을")), "ㅎ": Habit(tr("ㅎ을")), "ㅠ": Habit(tr("ㅠ를"))},
    "initials": {"초성": Habit(tr("초성 말(ㅇㅇ, ㄱㄱ 같은 것)을"))},
    "faces": {
        "그림문자": Habit(tr("이모지를")),
        "글자 표정": Habit(tr("글자 표정(^^ 같은 것)을")),
    },
    "script": {"영어": Habit(tr("영어를")), "숫자": Habit(tr("숫자를"))},
}
"""Feature → marker → habit."""
_PUNCTUATES = (tr("찍습니다"), tr("찍지 않습니다"))
_CLASS_HABITS: Mapping[str, tuple[tuple[tuple[str, ...], Habit], ...]] = {
    "burst": (
        (
            FEATURES["burst"].classes[1:],
            Habit(tr("한 번에 말풍선을 여러 개"), tr("보냅니다"), tr("보내지 않습니다")),
        ),
    ),
    "level": (
        (POLITE, Habit(tr("존댓말을"))),
        (("합니다체",), Habit(tr("‘-니다’로 끝나는 말을"))),
        (("해요체",), Habit(tr("‘-요’로 끝나는 말을"))),
        (("반말",), Habit(tr("반말을"))),
        (("음슴체",), Habit(tr("음슴체(-음, -함)를"))),
    ),
    "ending": tuple(
        ((ending,), Habit(tr("‘-{ending}’ 꼴로 끝나는 말을").format(ending=ending)))
        for ending in FEATURES["ending"].classes[:-3]
    ),
    "closing": (
        (FEATURES["closing"].classes[1:], Habit(tr("말끝에 부호를"), *_PUNCTUATES)),
        ((".",), Habit(tr("말끝에 마침표를"), *_PUNCTUATES)),
        (("?",), Habit(tr("말끝에 물음표를"), *_PUNCTUATES)),
        (("!",), Habit(tr("말끝에 느낌표를"), *_PUNCTUATES)),
        (("?!",), Habit(tr("말끝에 ?!를"), *_PUNCTUATES)),
        (("~",), Habit(tr("말끝에 물결표(~)를"), *_PUNCTUATES)),
        (("…",), Habit(tr("말끝에 말줄임표를"), *_PUNCTUATES)),
        ((";",), Habit(tr("말끝에 ;를"), *_PUNCTUATES)),
    ),
    "sign_run": (
        (FEATURES["sign_run"].classes[3:], Habit(tr("부호를 셋 이상 이어서"), *_PUNCTUATES)),
    ),
}
"""Feature → classes counted together and their habit. The most different habit is described."""
_SAME_SUBJECT = {"ending": "level", "distinct_2": "distinct_1"}
"""Features that would repeat the sentence of another feature."""


def explain_difference(
    a: StyleProfile, b: StyleProfile, *, max_sentences: int = 5
) -> tuple[str, ...]:
    """Describe what `a` does unlike `b`, largest contribution to the distance first.

    Differences of fewer than `MIN_Z` standard errors are left out.
    """
    sentences: dict[str, str] = {}
    for part in feature_distances(a, b):
        subject = _SAME_SUBJECT.get(part.feature, part.feature)
        if subject not in sentences and part.distance > MIN_Z * part.noise:
            sentence = difference_sentence(part, a, b)
            if sentence:
                sentences[subject] = sentence
    return tuple(sentences.values())[:max_sentences]


def describe_style(profile: StyleProfile) -> tuple[str, ...]:
    """Describe a profile in one line per group of features."""
    if not profile.replies:
        return (tr("말투를 잴 대답이 없습니다."),)
    lines = [
        tr("대답 {replies:,}개(말풍선 {bubbles:,}개)에서 잰 말투입니다.").format(
            replies=profile.replies, bubbles=profile.bubbles
        )
    ]
    if not profile.reliable:
        lines.append(
            tr("대답이 적어 어림값입니다. {reliable_replies}개부터 믿을 만합니다.").format(
                reliable_replies=RELIABLE_REPLIES
            )
        )
    bursts = 1 - profile.shares("burst")["1개"]
    others = ", ".join(f"{name} {percent(profile.share(key))}" for key, name in _OTHER_MARKERS)
    lines += [
        tr(
            "길이: 대답 하나에 보통 {median}자, 절반은 {low}~{high}자. 말풍선을 여러 개 "
            "보내는 대답 {bursts}."
        ).format(
            median=profile.length.median,
            low=profile.length.low,
            high=profile.length.high,
            bursts=percent(bursts),
        ),
        tr("웃음과 울음: {profile}. 초성 말 {share}.").format(
            profile=_sounds(profile), share=percent(profile.share("초성"))
        ),
        tr("높임(말풍선 끝말): {profile}.").format(profile=_politeness(profile)),
        tr("끝말: {profile}.").format(
            profile=_top_classes(profile, "ending", exclude=("모름", "말 없음"), prefix="-")
        ),
        tr("말끝 부호: {profile}.").format(profile=_top_classes(profile, "closing")),
        tr("띄어쓰기: 한글 한 덩이에 평균 {syllables_per_chunk:.1f}자.").format(
            syllables_per_chunk=profile.syllables_per_chunk
        ),
        tr("그 밖에: {others}.").format(others=others),
    ]
    if profile.distinct_1 is not None:
        distinct = round(DISTINCT_SAMPLE * profile.distinct_1)
        lines.append(
            tr("다양함: 낱말 {distinct_sample}개 가운데 서로 다른 것 {distinct}개.").format(
                distinct_sample=DISTINCT_SAMPLE, distinct=distinct
            )
        )
    if profile.expressions:
        shown = profile.expressions[:SHOWN_EXPRESSIONS]
        lines.append(
            tr("남달리 자주 쓰는 말: {shown}.").format(
                shown=", ".join(expression.text for expression in shown)
            )
        )
    return tuple(lines)


def difference_sentence(part: FeatureDistance, a: StyleProfile, b: StyleProfile) -> str:
    """Describe one feature's difference; empty if no habit explains it."""
    if part.feature == "length":
        return _length_sentence(a.length, b.length)
    if part.feature == "sound_run":
        return _sound_length_sentence(a, b)
    if part.feature == "spacing":
        mine, theirs = a.syllables_per_chunk, b.syllables_per_chunk
        does = tr("덜 띄어 씁니다") if mine > theirs else tr("더 자주 띄어 씁니다")
        return tr("{does} (한 덩이에 평균 {mine:.1f}자, 비교한 쪽 {theirs:.1f}자).").format(
            does=does, mine=mine, theirs=theirs
        )
    if part.feature in ("distinct_1", "distinct_2"):
        ratios = getattr(a, part.feature), getattr(b, part.feature)
        return _diversity_sentence(*ratios, bigrams=part.feature == "distinct_2")
    unit = tr(UNITS.get(part.feature, "대답"))
    scored = [
        _habit_sentence(habit, counts, unit) for habit, counts in _habit_counts(part.feature, a, b)
    ]
    # Of two habits that differ equally, prefer the one that `a` has more of.
    return max(scored)[2]


class _PairedCounts(NamedTuple):
    """Occurrences and totals in both profiles."""

    x: int
    n: int
    y: int
    m: int


def _habit_counts(
    feature: str, a: StyleProfile, b: StyleProfile
) -> list[tuple[Habit, _PairedCounts]]:
    if feature in _MARKER_HABITS:
        return [
            (habit, _PairedCounts(a.markers[marker], a.replies, b.markers[marker], b.replies))
            for marker, habit in _MARKER_HABITS[feature].items()
        ]
    indices = {label: index for index, label in enumerate(FEATURES[feature].classes)}
    mine, theirs = a.features[feature], b.features[feature]
    return [
        (
            habit,
            _PairedCounts(
                sum(mine[indices[label]] for label in labels),
                sum(mine),
                sum(theirs[indices[label]] for label in labels),
                sum(theirs),
            ),
        )
        for labels, habit in _CLASS_HABITS[feature]
    ]


def _habit_sentence(habit: Habit, counts: _PairedCounts, unit: str) -> tuple[float, bool, str]:
    """Return the z score of the two shares, whether `a` has more, and the sentence.

    The sentence is empty below `MIN_Z`.
    """
    x, n, y, m = counts
    p, q, pooled = x / n, y / m, (x + y) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    if not error or abs(p - q) < MIN_Z * error:
        return 0.0, False, ""
    phrase, does, never = habit
    if not x:
        sentence = tr("{phrase} {never} (비교한 쪽 {unit}의 {q}).").format(
            phrase=phrase, never=never, unit=unit, q=percent(q)
        )
    elif not y:
        sentence = tr("{phrase} {does} ({unit}의 {p}). 비교한 쪽은 {never}.").format(
            phrase=phrase, does=does, unit=unit, p=percent(p), never=never
        )
    else:
        degree = _more(p / q, tr("자주")) if p > q else _less(q / p)
        shares = tr("{unit}의 {p}, 비교한 쪽 {q}").format(unit=unit, p=percent(p), q=percent(q))
        sentence = f"{phrase} {degree} {does} ({shares})."
    return abs(p - q) / error, p > q, sentence


def _more(ratio: float, adverb: str) -> str:
    if ratio < 1.75:
        return tr("더 {adverb}").format(adverb=adverb)
    multiple = _MULTIPLES.get(round(ratio))
    return (
        tr("{multiple} 배 {adverb}").format(multiple=multiple, adverb=adverb)
        if multiple
        else tr("훨씬 {adverb}").format(adverb=adverb)
    )


def _less(ratio: float) -> str:
    return tr("덜 자주") if ratio < 1.75 else tr("절반쯤만") if ratio < 2.5 else tr("훨씬 드물게")


def _length_sentence(mine: Quartiles, theirs: Quartiles) -> str:
    """Compare the medians or, if they are similar, the interquartile ranges."""
    medians = tr("(보통 {median}자, 비교한 쪽 {other_median}자).").format(
        median=mine.median, other_median=theirs.median
    )
    if mine.median >= 1.2 * theirs.median:
        return tr("대답이 {median} {medians}").format(
            median=_more(mine.median / theirs.median, tr("깁니다")), medians=medians
        )
    if theirs.median >= 1.2 * mine.median:
        degree = tr("더") if theirs.median < 1.75 * mine.median else tr("훨씬")
        return tr("대답이 {degree} 짧습니다 {medians}").format(degree=degree, medians=medians)
    regular = mine.high - mine.low < theirs.high - theirs.low
    return tr(
        "대답 길이가 더 {regular} (절반이 {low}~{high}자, 비교한 쪽 {other_low}~{other_high}자)."
    ).format(
        regular=tr("고릅니다") if regular else tr("들쭉날쭉합니다"),
        low=mine.low,
        high=mine.high,
        other_low=theirs.low,
        other_high=theirs.high,
    )


def _sound_length_sentence(a: StyleProfile, b: StyleProfile) -> str:
    uses = {sound: min(a.markers[sound], b.markers[sound]) for sound in a.sound_runs}
    sound = max(uses, key=lambda key: uses[key], default="")
    if not sound or uses[sound] < MIN_SOUND_REPLIES:
        return ""
    mine, theirs = a.sound_runs[sound].median, b.sound_runs[sound].median
    if mine == theirs:
        return ""
    degree = tr("더 길게") if mine > theirs else tr("더 짧게")
    phrase = _MARKER_HABITS["sound"][sound].phrase
    return tr("{phrase} {degree} 이어 씁니다 (보통 {mine}개, 비교한 쪽 {theirs}개).").format(
        phrase=phrase, degree=degree, mine=mine, theirs=theirs
    )


def _diversity_sentence(mine: float, theirs: float, *, bigrams: bool) -> str:
    does = tr("말이 더 다양합니다") if mine > theirs else tr("같은 말을 더 자주 되풀이합니다")
    unit = tr("이어진 두 낱말") if bigrams else tr("낱말")
    first, second = round(DISTINCT_SAMPLE * mine), round(DISTINCT_SAMPLE * theirs)
    return tr(
        "{does} ({unit} {distinct_sample}개 가운데 서로 다른 것 {first}개, 비교한 쪽 {second}개)."
    ).format(does=does, unit=unit, distinct_sample=DISTINCT_SAMPLE, first=first, second=second)


def _sounds(profile: StyleProfile) -> str:
    parts = [
        tr("{sound} {share}(보통 {median}개씩)").format(
            sound=sound,
            share=percent(profile.share(sound)),
            median=profile.sound_runs[sound].median,
        )
        for sound in "ㅋㅎㅠ"
        if sound in profile.sound_runs
    ]
    return ", ".join(parts) or tr("없음")


def _politeness(profile: StyleProfile) -> str:
    shares = profile.shares("level")
    polite = sum(shares[level] for level in POLITE)
    rest = ", ".join(
        f"{tr(level)} {percent(shares[level])}" for level in ("반말", "음슴체", "모름")
    )
    return tr("존댓말 {polite}(합니다체 {formal}), {rest}").format(
        polite=percent(polite), formal=percent(shares["합니다체"]), rest=rest
    )


def _top_classes(
    profile: StyleProfile, feature: str, *, exclude: tuple[str, ...] = (), prefix: str = ""
) -> str:
    shares = profile.shares(feature)
    present = [(label, share) for label, share in shares.items() if share and label not in exclude]
    present.sort(key=lambda entry: -entry[1])
    return ", ".join(f"{prefix}{tr(label)} {percent(share)}" for label, share in present[:4]) or tr(
        "없음"
    )


def percent(share: float) -> str:
    """Format as a percentage, with one decimal below 10 so that 0.4% does not read as never."""
    value = 100 * share
    return f"{value:.1f}%" if 0 < value < 9.95 else f"{value:.0f}%"
