"""Replaces what must not be repeated by a typed tag (`<전화번호>`). Never deletes a message.

Regular expressions and checksums, not understanding: what they miss is learnt.
`benchmarks/privacy.py` prints how much that is on invented lines.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kakaobot.dataset.pii.accounts import find_accounts
from kakaobot.dataset.pii.addresses import find_addresses
from kakaobot.dataset.pii.contacts import (
    TOP_LEVEL_DOMAINS,
    find_emails,
    find_links,
    find_personal_links,
)
from kakaobot.dataset.pii.normalize import NORMALIZED_CHARS, normalize
from kakaobot.dataset.pii.numbers import (
    find_business_numbers,
    find_card_numbers,
    find_passport_numbers,
    find_resident_numbers,
)
from kakaobot.dataset.pii.passwords import find_login_passwords, find_passwords
from kakaobot.dataset.pii.phones import find_phones, find_spelled_phones
from kakaobot.dataset.pii.plates import find_plates
from kakaobot.dataset.pii.spans import CUSTOM_WORD, TAGS, Recognizer, Span, resolve_overlaps


class _Precheck:
    """What a text must hold for some rules to be worth trying: one search is cheaper than they."""

    def __init__(self, first: str, rest: str, *rules: Recognizer) -> None:
        # Apart, so that one pattern can tell whether any gate opens (see `_gates`).
        self.first, self.rest, self.rules = first, rest, rules
        self.opens = re.compile(f"[{first}]{rest}").search


_STREET = "[로길동리읍면가하산]"
_PRIVATE = (
    _Precheck(
        "0-9",
        r"(?:[^\w\n]{0,4}[0-9]){3}",
        *(
            find_resident_numbers,
            find_card_numbers,
            find_business_numbers,
            find_phones,
            find_passport_numbers,
            find_accounts,
            find_plates,
        ),
    ),
    _Precheck("0oOㅇ공영빵", "[ .-]?[1lI일][ .-]?[0oOㅇ공영빵]", find_spelled_phones),
    _Precheck("@골앳(\\[", r"(?:(?<=[@앳])|뱅이|(?i:at)[)\]])", find_emails, find_login_passwords),
    _Precheck(
        "비패암현도출핀인보확와pPoOcCwW",
        "(?: ?밀|번| ?번호|스워드|호|관|어락|입문| ?증|안|인 ?코드"
        "|이파이|파|(?i:w|ass|in|tp|vc|vv|i-?fi))",
        find_passwords,
    ),
    _Precheck(
        "0-9우",
        f"(?:(?<={_STREET}[0-9])|(?<={_STREET} [0-9])|(?<=[0-9])[0-9]{{0,3}} ?[호동]|편|\\))",
        find_addresses,
    ),
)
_LINK_STARTS = ":wW.", rf"(?:(?<=:)//|(?i:ww\.|kakao|(?:{TOP_LEVEL_DOMAINS})/))"
_LINKS = _Precheck(*_LINK_STARTS, find_links)
_PERSONAL_LINKS = _Precheck(*_LINK_STARTS, find_personal_links)


@dataclass(frozen=True)
class MaskedText:
    text: str
    counts: tuple[tuple[str, int], ...] = ()
    """Kind and number of replaced places, most first."""


def masker(
    *,
    private: bool = True,
    urls: bool = True,
    words: tuple[str, ...] = (),
    counts: Counter[str] | None = None,
) -> Callable[[str], str]:
    """A function that masks a text; what it replaced is added to `counts`. See `mask`."""

    def clean(text: str) -> str:
        masked = mask(text, private=private, urls=urls, words=words)
        if counts is not None:
            counts.update(dict(masked.counts))
        return masked.text

    return clean


def mask(
    text: str, *, private: bool = True, urls: bool = True, words: tuple[str, ...] = ()
) -> MaskedText:
    """Replace private data, links and own words by their tags; the rest keeps every character.

    Masking what was masked changes nothing: it is repeated until nothing is found, and tags are
    never looked into.

    Args:
        text: one message.
        private: numbers, e-mail, addresses, passwords, and links that carry a key or a name.
        urls: every other link too.
        words: own words, whatever else is on; case does not matter.
    """
    counts = Counter[str]()
    while found := find_spans(text, private=private, urls=urls, words=words):
        pieces, end = list[str](), 0
        for each in found:
            pieces += text[end : each.start], TAGS[each.kind]
            end = each.end
        text = "".join((*pieces, text[end:]))
        counts.update(each.kind for each in found)
    return MaskedText(text, tuple(counts.most_common())) if counts else MaskedText(text)


def find_spans(
    text: str, *, private: bool = True, urls: bool = True, words: tuple[str, ...] = ()
) -> list[Span]:
    """What `mask` replaces first: places in `text`, from left to right, not overlapping."""
    own = _own(words)
    gates, any_opens = _gates(private, urls)
    suspect = any_opens(text)
    if not suspect and not (own and own.search(text)):
        return []
    seen = normalize(text)
    found: list[Span] = []
    for gate in gates if suspect else ():
        if gate.opens(seen.text):
            for rule in gate.rules:
                found += rule(seen.text)
    if own:
        found += (Span(CUSTOM_WORD, *match.span()) for match in own.finditer(seen.text))
    return resolve_overlaps(Span(each.kind, *seen.span(each.start, each.end)) for each in found)


@functools.cache
def _gates(
    private: bool, urls: bool
) -> tuple[tuple[_Precheck, ...], Callable[[str], re.Match[str] | None]]:
    """The gates that are wanted, and one search that finds something wherever one of them does."""
    links_too = (_LINKS,) if urls else (_PERSONAL_LINKS,) if private else ()
    wanted = (*(_PRIVATE if private else ()), *links_too)
    # A pattern that begins with a set is looked for at the speed of a table.
    firsts = "".join(gate.first for gate in wanted)
    ways = "|".join(f"(?<=[{gate.first}]){gate.rest}" for gate in wanted)
    return wanted, re.compile(
        f"[{firsts}{NORMALIZED_CHARS}](?:(?<=[{NORMALIZED_CHARS}])|{ways or '(?!)'})"
    ).search


@functools.lru_cache(maxsize=8)
def _own(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Finds own words, long ones first; spaces around a word do not count."""
    wanted = sorted({word.strip() for word in words if word.strip()}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE) if wanted else None
