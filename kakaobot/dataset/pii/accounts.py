"""Bank accounts: digits grouped like those of a Korean bank, or digits near a bank's name.

The groupings are the ones banks print on passbooks; account numbers have no public check digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakaobot.dataset.pii.numbers import IMPERSONAL_NUMBER
from kakaobot.dataset.pii.spans import ACCOUNT, NUMBER_END, NUMBER_START, Span

_BEFORE, _AFTER = 25, 15
"""Characters around a number in which a bank's name counts."""

_NUMBER = re.compile(
    rf"{NUMBER_START}(?:[0-9]{{2,6}}(?: ?- ?[0-9]{{1,8}}){{1,3}}"
    rf"|[0-9]{{3,6}}(?: [0-9]{{1,8}}){{1,3}}|[0-9]{{10,14}}){NUMBER_END}"
)
# Groupings so rare outside of banks that no bank name is needed.
_KNOWN_GROUPINGS = {
    (3, 3, 6),  # 신한, 케이뱅크, 신협
    (4, 3, 6),  # 우리
    (6, 2, 6),  # 국민, 우체국, 지역농협
    (3, 6, 5),  # 하나
    (3, 6, 2, 3),  # 기업
    (3, 4, 4, 2),  # 농협, 부산
    (4, 2, 7),  # 카카오뱅크
    (3, 2, 6),  # 농협, SC제일
    (3, 2, 6, 1),  # 대구
    (3, 2, 4, 3),  # 국민
}
_BANK_NAME = re.compile(
    r"계좌|입금|송금|이체|통장|예금주|은행|뱅크|카뱅|케뱅|토뱅|토스|국민|신한|농협|신협|수협|새마을|우체국"
    r"|씨티|축의금|부의금|회비|(?<![A-Za-z])(?:KB|NH|IBK|SC|kb|nh|ibk|sc)(?![A-Za-z])"
)
# Bank names that are also ordinary words or towns count only directly next to the number.
_AMBIGUOUS = r"(?:우리|하나|기업|제일|부산|대구|광주|전북|경남|제주|산업)"
_AMBIGUOUS_BEFORE = re.compile(rf"(?<![가-힣]){_AMBIGUOUS}[ :]{{0,2}}$")
_AMBIGUOUS_AFTER = re.compile(rf"[ (]{{0,2}}{_AMBIGUOUS}(?![가-힣])")
_UNIT = re.compile(r" ?(?:원|만|천|억|회|명|개|번째|점|건)")
_DATE = re.compile(r"(?:19|20)[0-9]{2} ?- ?(?:0[0-9]|1[0-2]) ?-")


def find_accounts(text: str) -> Iterator[Span]:
    for match in _NUMBER.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        after = text[match.end() : match.end() + _AFTER]
        sizes = tuple(map(len, re.findall("[0-9]+", match[0])))
        if (
            not 10 <= sum(sizes) <= 14
            or IMPERSONAL_NUMBER.search(before)
            or _UNIT.match(after)
            or _DATE.match(match[0])
        ):
            continue
        named = (
            _BANK_NAME.search(before)
            or _BANK_NAME.search(after)
            or _AMBIGUOUS_BEFORE.search(before)
            or _AMBIGUOUS_AFTER.match(after)
        )
        known = sizes in _KNOWN_GROUPINGS
        spaced = len(sizes) > 1 and "-" not in match[0]
        if (named and (known or not spaced)) or (known and not spaced):
            yield Span(ACCOUNT, *match.span())
