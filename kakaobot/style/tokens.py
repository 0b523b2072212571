"""A reply → its marks: words, laughter, initials, faces, punctuation. Knows no figures.

A reply is a turn's text, one bubble a line. All marks are read from NFC text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Sound = Literal["ㅋ", "ㅎ", "ㅠ"]
"""ㅠ stands for ㅠ and ㅜ alike."""

_TOKEN = re.compile(r"[가-힣]+|[ㄱ-ㅎㅏ-ㅣ]+|[A-Za-z]+")
# Faces are drawn around these letters, so they are no words, initials or laughter.
_JAMO_FACE = re.compile(r"ㅡ{2,}|[ㅇㅎㅠㅜㅡㅍ][ㅅㅁㅂㅡ][ㅇㅎㅠㅜㅡㅍ]")
_CONSONANTS = re.compile(r"[ㄱ-ㅎ]+")
_SOUNDS = re.compile(r"ㅋ+|ㅎ+|[ㅠㅜ]+")
# One ㅋ or ㅎ beside other consonants belongs to them (ㅇㅋ, ㅎㅇ); two or more are laughter.
_LAUGH_BEHIND = re.compile(r"(?:ㅋ{2,}|ㅎ{2,}|[ㅠㅜ]+)+\Z")
_LAUGH_BEFORE = re.compile(r"(?:ㅋ{2,}|ㅎ{2,}|[ㅠㅜ]+)+")
_INITIALS_IN_ㅋ = ("ㅇㅋ", "ㅊㅋ")
_SLIP_SHARE = 0.6
"""ㅋㅋㅌㅋㅋ is laughter with a slip of the finger: this share of its letters, at least, is ㅋ."""

# Anything but Hangul, white space and the commonest punctuation: only then are emoji looked for.
_RARE = re.compile(r"[^가-힣ㄱ-ㅣ\s.,!?~…]")
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[\U0001f300-\U0001f3fa\U0001f400-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?)*"
)
# The app's own small faces, which an export writes as words in brackets.
_APP_FACES = (
    "하트|하하|우와|심각|힘듦|흑흑|아잉|찡긋|뿌듯|깜짝|빠직|짜증|제발|씨익|신나|헉|열받아|흥|감동|뽀뽀|멘붕|정색|쑥스"
    "|꺄아|좋아|굿|훌쩍|허걱|부르르|푸하하|발그레|수줍|컴온|졸려|미소|윙크|방긋|반함|눈물|절규|크크|메롱|잘자"
    "|잘난척|헤롱|놀람|아픔|당황|풍선껌|버럭|부끄|궁금|흡족|깜찍|으으|민망|곤란|잠|행복|안도|우웩|웃음|최고"
)
_FACE = re.compile(
    rf"\((?:{_APP_FACES})\)"
    r"|\^[_.ㅅㅁ-]*\^|[>=\-ㅡ;][_.][<=\-ㅡ;]|>_*<|\bT[_.]?T\b|@[_.]@|[oO]_[oO]"
    r"|(?<![\w:])[:;=]-?[)(DP](?!\w)|\b(?:orz|OTL|XD)\b"
)

# What privacy has put in the place of a number, a name or an address: nobody's way of talking.
_MASK = re.compile(r"<[가-힣][가-힣 ]{1,11}>")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
# The point of 3.5 ends nothing.
_RUN = re.compile(r"([!?~;…]|\.(?!\d))\1*")
_WAVES = str.maketrans({"∼": "~", "～": "~", "？": "?", "！": "!", "‥": "…", "。": "."})
_BEHIND = " \t.,!?~…;:^*-_)(]['\"”’>‼⁉\u200d\ufe0f" + "".join(map(chr, range(0x3131, 0x3164)))
"""What may stand behind the last word of a bubble: punctuation, laughter, initials."""


class ReplyTokens(NamedTuple):
    bubbles: tuple[Bubble, ...]
    chars: int
    """Characters of all bubbles, spaces within a bubble included."""
    words: list[str]
    """In order: runs of syllables, initials, Latin words in lower case; no laughter, no digits."""
    syllables: int
    """Hangul syllables."""
    chunks: int
    """Runs of Hangul syllables that nothing interrupts: syllables / chunks tells the spacing."""
    laughs: list[tuple[Sound, int]]
    """Sound and length of each run, in order."""
    initials: int
    """Words of consonants alone: ㅇㅇ, ㄱㄱ, ㅇㅋ."""
    runs: list[tuple[str, int]]
    """Punctuation: sign and how many stand in a row; `..` and longer are a `…` of that length."""
    emoji: int
    faces: int
    """Text emoticons (^^, ㅡㅡ, >_<) and the app's own faces in brackets."""
    latin: int
    """Letters."""
    digits: int


class Bubble(NamedTuple):
    last: str
    """Its last eojeol without what stands behind it; empty where there is no word."""
    behind: str
    """What stands behind it: laughter, punctuation, initials."""
    length: int
    """Characters."""


def tokenize_reply(reply: str) -> ReplyTokens | None:
    """The marks of one reply; nothing where it holds no visible character, or only links."""
    if "://" in reply or "www." in reply:
        reply = _LINK.sub("", reply)
    lines = [line for each in reply.split("\n") if (line := each.strip())]
    if not lines:
        return None
    text = lines[0] if len(lines) == 1 else "\n".join(lines)
    plain, emoji, faces, digits = text, 0, 0, 0
    if _RARE.search(text):
        plain, emoji = _EMOJI.subn("", _MASK.sub("0", text.translate(_WAVES)))
        plain, faces = _FACE.subn("", plain)
        digits = sum(map(str.isdigit, plain))
    words: list[str] = []
    laughs: list[tuple[Sound, int]] = []
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
            laughs += jamo.laughs
            faces += jamo.faces
            if jamo.initials:
                initials += 1
                words.append(jamo.initials)
    runs = [_run(found[0]) for found in _RUN.finditer(plain)]
    return ReplyTokens(
        bubbles=tuple(map(_bubble, lines, plain.split("\n"))),
        chars=sum(map(len, lines)),
        words=words,
        syllables=syllables,
        chunks=chunks,
        laughs=laughs,
        initials=initials,
        runs=runs,
        emoji=emoji,
        faces=faces,
        latin=latin,
        digits=digits,
    )


@lru_cache(maxsize=1 << 10)
def _run(sign: str) -> tuple[str, int]:
    return ("…" if sign.startswith("..") else sign[0], len(sign))


def _bubble(line: str, plain: str) -> Bubble:
    core = plain.rstrip(_BEHIND)
    return Bubble(core[core.rfind(" ") + 1 :], plain[len(core) :], len(line))


class JamoRun(NamedTuple):
    laughs: tuple[tuple[Sound, int], ...] = ()
    initials: str = ""
    faces: int = 0


@lru_cache(maxsize=1 << 14)
def parse_jamo(token: str) -> JamoRun:
    """What a run of single letters is. ㄱㅅㅋㅋ is initials and laughter; ㅗ, ㅏㅏ are neither."""
    if _JAMO_FACE.fullmatch(token):
        return JamoRun(faces=1)
    if set(token) <= set("ㅋㅎㅠㅜ"):
        # ㅎㅇ and ㅇㅋ are initials, but ㅎㅋ is a laugh.
        return JamoRun(laughs=_laughs(token))
    slips = token[0] == token[-1] == "ㅋ" and len(token) >= 4
    if slips and token.count("ㅋ") >= _SLIP_SHARE * len(token):
        return JamoRun(laughs=(("ㅋ", len(token)),))
    for known in _INITIALS_IN_ㅋ:
        behind = token.removeprefix(known)
        if behind != token and set(behind) <= set("ㅋㅎㅠㅜ"):
            return JamoRun(laughs=_laughs(behind), initials=known)
    before = _LAUGH_BEFORE.match(token)
    head = before[0] if before else ""
    rest = token[len(head) :]
    behind_ = _LAUGH_BEHIND.search(rest)
    tail = behind_[0] if behind_ else ""
    middle = rest[: len(rest) - len(tail)]
    # One letter beside laughter is another slip: ㅋㅋㅋㅌ.
    whole = not (head or tail) or len(middle) > 1
    initials = middle if whole and _CONSONANTS.fullmatch(middle) else ""
    return JamoRun(laughs=_laughs(head) + _laughs(tail), initials=initials)


def _laughs(letters: str) -> tuple[tuple[Sound, int], ...]:
    of: dict[str, Sound] = {"ㅋ": "ㅋ", "ㅎ": "ㅎ", "ㅠ": "ㅠ", "ㅜ": "ㅠ"}
    return tuple((of[run[0]], len(run)) for run in _SOUNDS.findall(letters))


Closing = Literal["없음", ".", "?", "!", "?!", "~", "…", ";", "그 밖"]

_CLOSINGS: dict[str, Closing] = {".": ".", "?": "?", "!": "!", "~": "~", ";": ";"}


@lru_cache(maxsize=1 << 14)
def classify_closing(behind: str) -> Closing:
    """The punctuation that ends a bubble, with laughter taken away: `~ㅎㅎ` is ~, `!?` is ?!."""
    signs = [sign for sign in behind if not ("ㄱ" <= sign <= "ㅣ" or sign in " \t\u200d\ufe0f")]
    if not signs:
        return "없음"
    if {"?", "!"} <= set(signs) or "⁉" in signs:
        return "?!"
    if "".join(signs).startswith("..") or signs[0] == "…":
        return "…"
    return next((_CLOSINGS[sign] for sign in signs if sign in _CLOSINGS), "그 밖")
