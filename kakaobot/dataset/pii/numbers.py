"""Issued numbers: resident, foreigner, business, card and passport numbers.

Sources: a resident number is `YYMMDD-GBBBBNC`, with sex and century in G and a check digit C if
issued before October 2020 (행정안전부). Since then the digits after G are random, so a valid date
and G with a dash suffice. A foreigner's check digit is offset by two. The weights of a business
number are those of 국세청 (1 3 7 1 3 7 1 3 5, plus the tens of the ninth product).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from stdnum import ean, luhn
from stdnum.kr import rrn

from kakaobot.dataset.pii.spans import (
    BUSINESS,
    CARD,
    FOREIGNER,
    NUMBER_END,
    NUMBER_START,
    PASSPORT,
    RESIDENT,
    Span,
)

IMPERSONAL_NUMBER = re.compile(
    r"(?:주문|송장|택배|예약|승인|접수|문서|쿠폰|기프티콘|상품권?|바코드|친구|모델|시리얼|일련|품번"
    r"|학번|사번|회원|사건|관리|티켓|[iI][sS][bB][nN])[^\n]{0,10}$"
)
"""Matches the text before a number that identifies no person: orders, coupons, articles."""

_RESIDENT = re.compile(
    rf"{NUMBER_START}([0-9]{{6}})( ?- ?| ?)([1-8])((?:[0-9]{{6}}|[*xX●]{{6}}))(?![*]){NUMBER_END}"
)
_RESIDENT_PART = re.compile(
    rf"(?:주민|민번|앞 ?자리|생년월일)[^0-9\n]{{0,12}}([0-9]{{6}} ?- ?[1-4])(?![0-9*]){NUMBER_END}"
)
_RESIDENT_WORD = re.compile(r"주민|민번|민증|외국인|등록번호|등록증")
_COMPANY_WORD = re.compile(r"법인[^\n]{0,10}$")
_BUSINESS = re.compile(
    rf"{NUMBER_START}([0-9]{{3}}) ?- ?([0-9]{{2}}) ?- ?([0-9]{{5}}){NUMBER_END}"
    rf"|{NUMBER_START}([0-9]{{10}}){NUMBER_END}"
)
_BUSINESS_WORD = re.compile(r"사업자[^\n]{0,12}$")
_CARD = re.compile(
    rf"{NUMBER_START}(?:[0-9]{{4}}( ?- ?| ?)[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}"
    rf"|3[47][0-9]{{2}}( ?- ?| ?)[0-9]{{6}}\2[0-9]{{5}}){NUMBER_END}"
)
# Visa, Mastercard (old and new), JCB, Amex, Discover, UnionPay, and 9 for cards used in Korea only.
_CARD_PREFIX = re.compile(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|35|3[47]|6[0245]|9")
_CARD_WORD = re.compile(r"(?:카드|법카|엄카|아카)[^\n]{0,12}$")
_PASSPORT = re.compile(
    r"(?<![0-9A-Za-z])(?:M[0-9]{8}|M[0-9]{3}[A-Z][0-9]{4})(?![0-9A-Za-z])"
    r"(?! ?(?:번|모델|제품|상품|품번|쿠폰))"
)
_PASSPORT_NAMED = re.compile(
    r"여권[^0-9A-Za-z\n]{0,10}"
    r"([A-Za-z]{1,2} ?[0-9]{7,8}|[A-Za-z][0-9]{3}[A-Za-z][0-9]{4})(?![0-9A-Za-z])"
)


def find_resident_numbers(text: str) -> Iterator[Span]:
    """Yield resident and foreigner numbers, also with the last six digits masked by `*`."""
    for part in _RESIDENT_PART.finditer(text):
        if _is_birth_date(part[1][:6], part[1][-1]):
            yield Span(RESIDENT, *part.span(1))
    for match in _RESIDENT.finditer(text):
        birth, gap, sex, rest = match.groups()
        if not _is_birth_date(birth, sex):
            continue
        before = text[max(0, match.start() - 24) : match.start()]
        number = birth + sex + rest
        valid = rest.isdecimal() and _has_check_digit(number)
        if _COMPANY_WORD.search(before):
            continue
        dashed = "-" in gap
        # Barcodes of Korean goods begin with 880, like people born in 1988.
        impersonal = bool(IMPERSONAL_NUMBER.search(before)) or (not gap and ean.is_valid(number))
        if (
            _RESIDENT_WORD.search(before)
            or (valid and dashed)
            or ((valid or dashed) and not impersonal)
        ):
            yield Span(RESIDENT if sex in "1234" else FOREIGNER, *match.span())


def find_business_numbers(text: str) -> Iterator[Span]:
    """Yield `123-45-67891` with a valid check digit or after 사업자; bare digits need both."""
    for match in _BUSINESS.finditer(text):
        before = text[max(0, match.start() - 20) : match.start()]
        named = bool(_BUSINESS_WORD.search(before))
        bare = match[4] is not None
        valid = _has_business_check_digit(match[4] or "".join(match.group(1, 2, 3)))
        if (named and valid) if bare else (named or valid):
            yield Span(BUSINESS, *match.span())


def find_card_numbers(text: str) -> Iterator[Span]:
    """Yield grouped or bare digits with an issuer prefix and a valid Luhn check digit.

    After 카드 any grouped digits count, and after 카드번호 bare ones: mistyped numbers are private.
    """
    for match in _CARD.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        digits = re.sub("[^0-9]", "", match[0])
        if IMPERSONAL_NUMBER.search(before):
            continue
        grouped = len(digits) != len(match[0])
        valid = bool(_CARD_PREFIX.match(digits)) and luhn.is_valid(digits)
        if valid or _CARD_WORD.search(before) and (grouped or "번호" in before):
            yield Span(CARD, *match.span())


def find_passport_numbers(text: str) -> Iterator[Span]:
    """Yield Korean passports (M and 8 digits; M123A4567 since 2021); others only after 여권."""
    for match in _PASSPORT.finditer(text):
        if not IMPERSONAL_NUMBER.search(text[max(0, match.start() - 20) : match.start()]):
            yield Span(PASSPORT, *match.span())
    for match in _PASSPORT_NAMED.finditer(text):
        yield Span(PASSPORT, *match.span(1))


def _is_birth_date(digits: str, sex: str) -> bool:
    """Whether six digits are a date in the century that the sex digit indicates."""
    century = 1900 if sex in "1256" else 2000
    try:
        date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return False
    return True


def _has_check_digit(number: str) -> bool:
    """Whether 13 digits end in a resident's or foreigner's check digit."""
    offset = 0 if number[6] in "1234" else 2
    return (int(rrn.calc_check_digit(number[:-1])) + offset) % 10 == int(number[-1])


def _has_business_check_digit(number: str) -> bool:
    # `stdnum.kr.brn` does not verify the check digit.
    weights = (1, 3, 7, 1, 3, 7, 1, 3, 5)
    total = sum(int(digit) * weight for digit, weight in zip(number[:9], weights, strict=True))
    total += int(number[8]) * 5 // 10
    return number[:3] >= "101" and (10 - total % 10) % 10 == int(number[9])
