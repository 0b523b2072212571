"""Vehicle registration plates: two or three digits, a letter in use, four digits.

Letters follow 자동차 등록번호판 등의 기준에 관한 고시: private cars, taxis and buses (바사아자),
delivery (배), rental (하허호).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakaobot.dataset.pii.spans import NUMBER_START, PLATE, Span

_LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호"
# These are also units and particles: before a space (`12주 3000`) they need a word about cars.
_AMBIGUOUS_LETTERS = "도로나라서어부보주조호자"
_TOWNS = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_PLATE = re.compile(
    rf"(?:(?:{_TOWNS}) ?)?(?<!제){NUMBER_START}"
    rf"[0-9]{{2,3}} ?([{_LETTERS}])( ?)[0-9]{{4}}(?![0-9A-Za-z])"
    r"(?!-[0-9])(?! ?(?:원|만|천|억|명|개|년|점|회|번|호|%|km|kg|m\b|g\b))"
)
_CAR = re.compile(
    r"(?:주|출|입|세)차|차량|차 ?번호|차 빼|(?<![기열호])차(?![가-힣])|번호판"
    r"|렌트|택시|버스|오토바이"
)


def find_plates(text: str) -> Iterator[Span]:
    for match in _PLATE.finditer(text):
        is_particle = match[1] in _AMBIGUOUS_LETTERS or (
            match[1] == "가" and match[0].endswith("000")
        )
        ambiguous = match[2] and is_particle and match[0][0].isdecimal()
        if not ambiguous or _CAR.search(text):
            yield Span(PLATE, *match.span())
