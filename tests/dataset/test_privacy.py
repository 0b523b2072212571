"""Masking: what it leaves alone, in which order finds count, and that it is done in one go."""

from __future__ import annotations

import random
import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.pii import accounts, addresses, contacts, numbers, passwords, phones, plates
from kakaobot.dataset.pii.normalize import TAG_FILLER, normalize
from kakaobot.dataset.pii.spans import (
    ACCOUNT,
    ADDRESS,
    CUSTOM_WORD,
    ENTITY_TYPES,
    PHONE,
    TAGS,
    Recognizer,
    Span,
    resolve_overlaps,
)
from kakaobot.dataset.privacy import find_spans, mask, masker
from tests.dataset.pii_lines import HELD_OUT, OWN_WORDS, TUNED, read
from tests.patience import processor_time

LINES = [line.text for file in (TUNED, HELD_OUT) for line in read(file)]
PIECES = st.sampled_from(
    [
        *("010-0000-1234", "900101-1234567", "4111-1111-1111-1111", "신한 110-123-456789", "비번 "),
        *("a@example.com", "https://example.com/?token=1", "<비밀번호>", "<전화번호", "12가 3456"),
        *(
            "별빛길 3-4",
            "101동 1203호",
            "계좌",
            "현관",
            "1234*",
            "\u200b",
            "０１０",
            "ㅡ",
            "-",
            " ",
        ),
        *(
            "한도담",
            "공일공 일이삼사 오육칠팔",
            "m123a4567",
            "여권",
            "/",
            "@",
            "<",
            ">",
            "\n",
            "12",
        ),
    ]
)
_TAG = re.compile("|".join(TAGS.values()))
_RULES: tuple[Recognizer, ...] = (
    *(
        contacts.find_links,
        contacts.find_emails,
        passwords.find_login_passwords,
        passwords.find_passwords,
    ),
    *(
        numbers.find_resident_numbers,
        numbers.find_card_numbers,
        numbers.find_business_numbers,
        numbers.find_passport_numbers,
    ),
    *(
        phones.find_phones,
        phones.find_spelled_phones,
        accounts.find_accounts,
        plates.find_plates,
        addresses.find_addresses,
    ),
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))


# --- the text around


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("  010-0000-1234\t!!\n\n ㅋㅋ", "  <전화번호>\t!!\n\n ㅋㅋ"),
        ("가\u200b나 010\u200b-0000-1234\u200b다", "가\u200b나 <전화번호>\u200b다"),
        ("👨‍👩‍👧 ０１０－００００－１２３４ ｏｋ", "👨‍👩‍👧 <전화번호> ｏｋ"),
        ("0️⃣1️⃣0️⃣-0000-1234️⃣끝", "<전화번호>끝"),
        ("비번 1234, 계좌 신한 110-123-456789", "비번 <비밀번호>, 계좌 신한 <계좌번호>"),
    ],
)
def test_the_rest_keeps_every_character(text: str, masked: str) -> None:
    assert mask(text).text == masked


@given(TEXTS)
def test_only_tags_are_new_and_the_rest_stands_in_order(text: str) -> None:
    pieces = _TAG.split(mask(text, words=OWN_WORDS).text)
    assert text.startswith(pieces[0]) and text.endswith(pieces[-1])
    place = 0
    for piece in pieces:
        place = text.find(piece, place) + len(piece)
        assert place >= len(piece)


@pytest.mark.parametrize("private", [True, False])
def test_the_quick_look_hides_nothing(private: bool) -> None:
    rules = _RULES if private else (contacts.find_links,)
    for text in LINES:
        seen = normalize(text)
        finds = [each for rule in rules for each in rule(seen.text)]
        wanted = resolve_overlaps(
            Span(each.kind, *seen.span(each.start, each.end)) for each in finds
        )
        assert find_spans(text, private=private) == wanted, text


# --- masking twice


@given(TEXTS)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text, words=OWN_WORDS)
    assert mask(once.text, words=OWN_WORDS).counts == ()
    assert mask(once.text, words=OWN_WORDS).text == once.text


@pytest.mark.parametrize("text", LINES[:: len(LINES) // 200])
def test_masking_a_labelled_line_twice_is_masking_it_once(text: str) -> None:
    once = mask(text, words=OWN_WORDS).text
    assert mask(once, words=OWN_WORDS).text == once


def test_tags_are_no_triggers_and_are_not_looked_into() -> None:
    text = "<비밀번호> 1234 <전화번호>"
    assert mask(text, words=("전화",)).text == text
    assert normalize(text).text == TAG_FILLER * 6 + " 1234 " + TAG_FILLER * 6


# --- time


@pytest.mark.parametrize(
    "piece",
    [
        "가",
        "a.",
        "a@a.",
        "비번 가 ",
        "://a",
        "(at)",
        "래미안",
        "a-",
        "와이파이",
        "1-",
        "서울시 ",
        "공일공 ",
    ],
)
def test_a_long_message_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (20_000 // len(piece)) + "@ 비번"
    start = time.process_time()
    mask(text)
    # About 0.1 s; a rule that looks through the rest at every place takes 5 s and more.
    assert time.process_time() - start < processor_time(2)


# --- order and overlap


def test_a_kind_that_stands_first_counts_and_then_the_longer() -> None:
    phone, account, longer = Span(PHONE, 3, 9), Span(ACCOUNT, 0, 12), Span(ACCOUNT, 12, 30)
    shorter = Span(ACCOUNT, 14, 20)
    assert resolve_overlaps([account, shorter, longer, phone]) == [phone, longer]


@given(st.lists(st.tuples(st.sampled_from(ENTITY_TYPES), st.integers(0, 20), st.integers(1, 9))))
def test_the_order_of_finds_does_not_matter(spans: list[tuple[str, int, int]]) -> None:
    finds = [Span(kind, start, start + size) for kind, start, size in spans]
    mixed = finds[:]
    random.Random(1).shuffle(mixed)
    done = resolve_overlaps(finds)
    assert resolve_overlaps(mixed) == done
    assert all(one.end <= other.start for one, other in zip(done, done[1:], strict=False))


def test_of_an_own_word_the_uncovered_rest_is_masked_too() -> None:
    assert resolve_overlaps([Span(CUSTOM_WORD, 0, 10), Span(ADDRESS, 4, 6)]) == [
        Span(CUSTOM_WORD, 0, 4),
        Span(ADDRESS, 4, 6),
        Span(CUSTOM_WORD, 6, 10),
    ]


# --- settings


def test_own_words_are_masked_whatever_else_is_off() -> None:
    text = "Dodam 이랑 dodam2 010-0000-1234"
    masked = mask(text, private=False, urls=False, words=(" dodam2", "dodam", ""))
    assert masked.text == "<가린말> 이랑 <가린말> 010-0000-1234"


def test_an_own_word_is_a_word_and_no_pattern() -> None:
    assert mask("a.c abc", words=("a.c",)).text == "<가린말> abc"


@pytest.mark.parametrize(
    ("text", "with_links", "without_links"),
    [
        ("https://example.com/a?b=1 봐", "<링크> 봐", "https://example.com/a?b=1 봐"),
        ("여기www.example.com임", "여기<링크>임", "여기www.example.com임"),
        ("https://example.com/?token=abc", "<링크>", "<링크>"),
        ("3시 http 말고", "3시 http 말고", "3시 http 말고"),
        ("HTTPS://EXAMPLE.COM\n둘째 줄", "<링크>\n둘째 줄", "HTTPS://EXAMPLE.COM\n둘째 줄"),
    ],
)
def test_links_that_say_something_personal_are_masked_anyway(
    text: str, with_links: str, without_links: str
) -> None:
    assert mask(text).text == with_links
    assert mask(text, urls=False).text == without_links
    assert mask(text, private=False).text == with_links
    assert mask(text, private=False, urls=False).text == text


def test_counts_are_of_places_and_add_up_over_messages() -> None:
    counts = Counter[str]()
    clean = masker(counts=counts)
    for text in ("010-0000-1234 010-0000-1235", "a@example.com 010-0000-1236", "ㅋㅋ"):
        clean(text)
    assert counts == {"전화번호": 3, "이메일": 1}


def test_every_kind_has_a_tag_and_occurs_in_the_labelled_lines() -> None:
    assert set(TAGS) == set(ENTITY_TYPES)
    labelled = {
        each.kind for file in (TUNED, HELD_OUT) for line in read(file) for each in line.finds
    }
    assert labelled == set(ENTITY_TYPES)
