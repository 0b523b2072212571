"""Masks personal data with typed tags (`<전화번호>`). Never removes a message.

It uses regular expressions and checksums; what they miss ends up in the training data.
`benchmarks/privacy.py` measures precision and recall on invented, labeled lines.
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
    """A cheap necessary condition for some recognizers to match.

    Args:
        first: body of a regex character class for the first character.
        rest: regex after the first character.
        recognizers: run only on texts that match.
    """

    def __init__(self, first: str, rest: str, *recognizers: Recognizer) -> None:
        # Kept separate for `_prechecks`, which combines several into one pattern.
        self.first, self.rest, self.recognizers = first, rest, recognizers
        self.search = re.compile(f"[{first}]{rest}").search


_STREET = "[로길동리읍면가하산]"
_PRIVATE = (
    _Precheck(
        "0-9",
        r"(?:[^\w\n]{0,4}[0-9]){3}",
        find_resident_numbers,
        find_card_numbers,
        find_business_numbers,
        find_phones,
        find_passport_numbers,
        find_accounts,
        find_plates,
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
_LINK_PATTERN = ":wW.", rf"(?:(?<=:)//|(?i:ww\.|kakao|(?:{TOP_LEVEL_DOMAINS})/))"
_LINKS = _Precheck(*_LINK_PATTERN, find_links)
_PERSONAL_LINKS = _Precheck(*_LINK_PATTERN, find_personal_links)


@dataclass(frozen=True)
class MaskedText:
    text: str
    counts: tuple[tuple[str, int], ...] = ()
    """Entity type and number of masked spans, most frequent first."""


def masker(
    *,
    private: bool = True,
    urls: bool = True,
    words: tuple[str, ...] = (),
    counts: Counter[str] | None = None,
) -> Callable[[str], str]:
    """Return a function that masks a text and adds to `counts`; see `mask`."""

    def mask_and_count(text: str) -> str:
        masked = mask(text, private=private, urls=urls, words=words)
        if counts is not None:
            counts.update(dict(masked.counts))
        return masked.text

    return mask_and_count


def mask(
    text: str, *, private: bool = True, urls: bool = True, words: tuple[str, ...] = ()
) -> MaskedText:
    """Replace personal data, links and custom words with tags; all other characters stay.

    Idempotent: masking repeats until nothing is found, and tags are never matched.

    Args:
        text: one message.
        private: mask numbers, e-mail, addresses, passwords and links with credentials or names.
        urls: mask all other links, too.
        words: custom words to mask regardless of the other arguments, ignoring case.
    """
    counts = Counter[str]()
    while spans := find_spans(text, private=private, urls=urls, words=words):
        pieces, end = list[str](), 0
        for span in spans:
            pieces += text[end : span.start], TAGS[span.entity_type]
            end = span.end
        text = "".join((*pieces, text[end:]))
        counts.update(span.entity_type for span in spans)
    return MaskedText(text, tuple(counts.most_common())) if counts else MaskedText(text)


def find_spans(
    text: str, *, private: bool = True, urls: bool = True, words: tuple[str, ...] = ()
) -> list[Span]:
    """Return the disjoint spans that `mask` replaces in its first pass, from left to right."""
    custom = _custom_word_pattern(words)
    prechecks, any_precheck = _prechecks(private, urls)
    suspect = any_precheck(text)
    if not suspect and not (custom and custom.search(text)):
        return []
    normalized = normalize(text)
    spans: list[Span] = []
    for precheck in prechecks if suspect else ():
        if precheck.search(normalized.text):
            for recognizer in precheck.recognizers:
                spans += recognizer(normalized.text)
    if custom:
        spans += (Span(CUSTOM_WORD, *match.span()) for match in custom.finditer(normalized.text))
    return resolve_overlaps(
        Span(span.entity_type, *normalized.original_span(span.start, span.end)) for span in spans
    )


@functools.cache
def _prechecks(
    private: bool, urls: bool
) -> tuple[tuple[_Precheck, ...], Callable[[str], re.Match[str] | None]]:
    """The enabled prechecks, and one search that matches wherever any of them does."""
    links = (_LINKS,) if urls else (_PERSONAL_LINKS,) if private else ()
    enabled = (*(_PRIVATE if private else ()), *links)
    # A pattern that begins with a character class is scanned much faster.
    firsts = "".join(precheck.first for precheck in enabled)
    rests = "|".join(f"(?<=[{precheck.first}]){precheck.rest}" for precheck in enabled)
    return enabled, re.compile(
        f"[{firsts}{NORMALIZED_CHARS}](?:(?<=[{NORMALIZED_CHARS}])|{rests or '(?!)'})"
    ).search


@functools.lru_cache(maxsize=8)
def _custom_word_pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Pattern of the stripped words, longest first; None if there are none."""
    stripped = sorted({word.strip() for word in words if word.strip()}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, stripped)), re.IGNORECASE) if stripped else None
