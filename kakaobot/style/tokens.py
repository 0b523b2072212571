"""Tokenizes a reply into words, laughter, consonant abbreviations, emoticons and punctuation.

A reply is the NFC text of one turn, one chat bubble per line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Sound = Literal["ㅋ", "ㅎ", "ㅠ"]
"""Laughter or crying; ㅠ covers ㅜ as well."""

_TOKEN = re.compile(r"[가-힣]+|[ㄱ-ㅎㅏ-ㅣ]+|[A-Za-z]+")
# Emoticons drawn with jamo, such as ㅡㅡ and ㅇㅅㅇ.
_JAMO_EMOTICON = re.compile(r"ㅡ{2,}|[ㅇㅎㅠㅜㅡㅍ][ㅅㅁㅂㅡ][ㅇㅎㅠㅜㅡㅍ]")
_CONSONANTS = re.compile(r"[ㄱ-ㅎ]+")
_SOUNDS = re.compile(r"ㅋ+|ㅎ+|[ㅠㅜ]+")
# A single ㅋ or ㅎ next to other consonants belongs to them (ㅇㅋ, ㅎㅇ); two or more are laughter.
_TRAILING_SOUNDS = re.compile(r"(?:ㅋ{2,}|ㅎ{2,}|[ㅠㅜ]+)+\Z")
_LEADING_SOUNDS = re.compile(r"(?:ㅋ{2,}|ㅎ{2,}|[ㅠㅜ]+)+")
_INITIALS_WITH_ㅋ = ("ㅇㅋ", "ㅊㅋ")
_TYPO_SHARE = 0.6
"""Minimum share of ㅋ in laughter with typos, such as ㅋㅋㅌㅋㅋ."""

# Prefilter: emoji, emoticons and digits need a character outside of this common set.
_UNCOMMON = re.compile(r"[^가-힣ㄱ-ㅣ\s.,!?~…]")
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[\U0001f300-\U0001f3fa\U0001f400-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?)*"
)
# KakaoTalk's built-in emoticons, exported as a word in parentheses.
_KAKAO_EMOTICONS = (
    "하트|하하|우와|심각|힘듦|흑흑|아잉|찡긋|뿌듯|깜짝|빠직|짜증|제발|씨익|신나|헉|열받아|흥|감동|뽀뽀|멘붕|정색|쑥스"
    "|꺄아|좋아|굿|훌쩍|허걱|부르르|푸하하|발그레|수줍|컴온|졸려|미소|윙크|방긋|반함|눈물|절규|크크|메롱|잘자"
    "|잘난척|헤롱|놀람|아픔|당황|풍선껌|버럭|부끄|궁금|흡족|깜찍|으으|민망|곤란|잠|행복|안도|우웩|웃음|최고"
)
_EMOTICON = re.compile(
    rf"\((?:{_KAKAO_EMOTICONS})\)"
    r"|\^[_.ㅅㅁ-]*\^|[>=\-ㅡ;][_.][<=\-ㅡ;]|>_*<|\bT[_.]?T\b|@[_.]@|[oO]_[oO]"
    r"|(?<![\w:])[:;=]-?[)(DP](?!\w)|\b(?:orz|OTL|XD)\b"
)

# Tags inserted by PII masking.
_MASK = re.compile(r"<[가-힣][가-힣 ]{1,11}>")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
# Runs of one sign; the decimal point of 3.5 does not count.
_PUNCTUATION = re.compile(r"([!?~;…]|\.(?!\d))\1*")
_PUNCTUATION_VARIANTS = str.maketrans(
    {"∼": "~", "～": "~", "？": "?", "！": "!", "‥": "…", "。": "."}
)
_TRAILING_CHARS = " \t.,!?~…;:^*-_)(]['\"”’>‼⁉\u200d\ufe0f" + "".join(
    map(chr, range(0x3131, 0x3164))
)
"""Punctuation and jamo, stripped from the end of a bubble to find its last word."""


class ReplyTokens(NamedTuple):
    bubbles: tuple[Bubble, ...]
    chars: int
    """Characters of all bubbles, including spaces."""
    words: list[str]
    """In order: Hangul words, consonant abbreviations and lower-case Latin words."""
    syllables: int
    """Hangul syllables."""
    chunks: int
    """Uninterrupted runs of Hangul syllables; syllables / chunks measures spacing."""
    sounds: list[tuple[Sound, int]]
    """Kind and length of each run of laughter or crying, in order."""
    initials: int
    """Consonant abbreviations: ㅇㅇ, ㄱㄱ, ㅇㅋ."""
    punctuation: list[tuple[str, int]]
    """Sign and length of each run; `..` and longer is a `…` of that length."""
    emoji: int
    emoticons: int
    """Text emoticons (^^, ㅡㅡ, >_<) and KakaoTalk's own in parentheses."""
    latin: int
    """Latin letters."""
    digits: int


class Bubble(NamedTuple):
    last_word: str
    """Last eojeol without its trailing characters; empty if the bubble has no word."""
    trailing: str
    """Punctuation and jamo after the last word."""
    length: int
    """Characters."""


def tokenize_reply(reply: str) -> ReplyTokens | None:
    """Tokenize one reply; None if it has no visible character or only links."""
    if "://" in reply or "www." in reply:
        reply = _LINK.sub("", reply)
    lines = [line for raw in reply.split("\n") if (line := raw.strip())]
    if not lines:
        return None
    text = lines[0] if len(lines) == 1 else "\n".join(lines)
    plain, emoji, emoticons, digits = text, 0, 0, 0
    if _UNCOMMON.search(text):
        plain, emoji = _EMOJI.subn("", _MASK.sub("0", text.translate(_PUNCTUATION_VARIANTS)))
        plain, emoticons = _EMOTICON.subn("", plain)
        digits = sum(map(str.isdigit, plain))
    words: list[str] = []
    sounds: list[tuple[Sound, int]] = []
    syllables = chunks = initials = latin = 0
    for token in _TOKEN.findall(plain):
        first = token[0]
        if first >= "가":
            syllables += len(token)
            chunks += 1
            words.append(token)
        elif first <= "z":
            latin += len(token)
            words.append(token.lower())
        else:
            jamo = parse_jamo(token)
            sounds += jamo.sounds
            emoticons += jamo.emoticons
            if jamo.initials:
                initials += 1
                words.append(jamo.initials)
    return ReplyTokens(
        bubbles=tuple(map(_bubble, lines, plain.split("\n"))),
        chars=sum(map(len, lines)),
        words=words,
        syllables=syllables,
        chunks=chunks,
        sounds=sounds,
        initials=initials,
        punctuation=[_punctuation_run(match[0]) for match in _PUNCTUATION.finditer(plain)],
        emoji=emoji,
        emoticons=emoticons,
        latin=latin,
        digits=digits,
    )


@lru_cache(maxsize=1 << 10)
def _punctuation_run(signs: str) -> tuple[str, int]:
    return ("…" if signs.startswith("..") else signs[0], len(signs))


def _bubble(line: str, plain: str) -> Bubble:
    core = plain.rstrip(_TRAILING_CHARS)
    return Bubble(core[core.rfind(" ") + 1 :], plain[len(core) :], len(line))


class JamoRun(NamedTuple):
    sounds: tuple[tuple[Sound, int], ...] = ()
    initials: str = ""
    emoticons: int = 0


@lru_cache(maxsize=1 << 14)
def parse_jamo(token: str) -> JamoRun:
    """Classify a run of jamo: ㄱㅅㅋㅋ is an abbreviation plus laughter, ㅗ is neither."""
    if _JAMO_EMOTICON.fullmatch(token):
        return JamoRun(emoticons=1)
    # ㅎㅋ is laughter, unlike ㅎㅇ and ㅇㅋ.
    if set(token) <= set("ㅋㅎㅠㅜ"):
        return JamoRun(sounds=_sounds(token))
    has_typos = token[0] == token[-1] == "ㅋ" and len(token) >= 4
    if has_typos and token.count("ㅋ") >= _TYPO_SHARE * len(token):
        return JamoRun(sounds=(("ㅋ", len(token)),))
    for known in _INITIALS_WITH_ㅋ:
        rest = token.removeprefix(known)
        if rest != token and set(rest) <= set("ㅋㅎㅠㅜ"):
            return JamoRun(sounds=_sounds(rest), initials=known)
    leading = _LEADING_SOUNDS.match(token)
    head = leading[0] if leading else ""
    rest = token[len(head) :]
    trailing = _TRAILING_SOUNDS.search(rest)
    tail = trailing[0] if trailing else ""
    middle = rest[: len(rest) - len(tail)]
    # A single letter next to laughter is a typo too: ㅋㅋㅋㅌ.
    is_typo = (head or tail) and len(middle) <= 1
    initials = middle if not is_typo and _CONSONANTS.fullmatch(middle) else ""
    return JamoRun(sounds=_sounds(head) + _sounds(tail), initials=initials)


def _sounds(letters: str) -> tuple[tuple[Sound, int], ...]:
    kinds: dict[str, Sound] = {"ㅋ": "ㅋ", "ㅎ": "ㅎ", "ㅠ": "ㅠ", "ㅜ": "ㅠ"}
    return tuple((kinds[run[0]], len(run)) for run in _SOUNDS.findall(letters))


Closing = Literal["없음", ".", "?", "!", "?!", "~", "…", ";", "그 밖"]

_CLOSINGS: dict[str, Closing] = {".": ".", "?": "?", "!": "!", "~": "~", ";": ";"}


@lru_cache(maxsize=1 << 14)
def classify_closing(trailing: str) -> Closing:
    """Closing punctuation of a bubble, ignoring laughter: `~ㅎㅎ` is ~ and `!?` is ?!."""
    signs = [sign for sign in trailing if not ("ㄱ" <= sign <= "ㅣ" or sign in " \t\u200d\ufe0f")]
    if not signs:
        return "없음"
    if {"?", "!"} <= set(signs) or "⁉" in signs:
        return "?!"
    if "".join(signs).startswith("..") or signs[0] == "…":
        return "…"
    return next((_CLOSINGS[sign] for sign in signs if sign in _CLOSINGS), "그 밖")
