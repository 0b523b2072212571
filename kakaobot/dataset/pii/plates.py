"""Vehicle registration numbers: two or three digits, one of the letters in use, four digits.

The letters in use are those of 자동차 등록번호판 등의 기준에 관한 고시: private, taxis and buses
(바사아자), delivery (배), hire (하허호).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakaobot.dataset.pii.spans import NUMBER_START, PLATE, Span

_LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호"
# Also units and particles: with a space behind (`12주 3000`) they need a word about cars.
_ALSO_WORDS = "도로나라서어부보주조호자"
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
        particle = match[1] in _ALSO_WORDS or (match[1] == "가" and match[0].endswith("000"))
        doubtful = match[2] and particle and match[0][0].isdecimal()
        if not doubtful or _CAR.search(text):
            yield Span(PLATE, *match.span())
