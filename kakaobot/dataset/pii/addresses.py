"""Street addresses: 도로명 (`별빛로 12-3`), 지번 (`역삼동 123-4`), apartments (`101동 1203호`).

Ordinary Korean words end like road and district names (서로, 운동, 가는 길), so a name and a number
count only with a region before them, a second number, an apartment after them or a word like 주소.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kakaobot.dataset.pii.spans import ADDRESS, Interval, Span

_PROVINCE = (
    r"(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
    r"|충청[북남]|전라[북남]|경상[북남])(?:특별자치시|특별자치도|특별시|광역시|시|도)?"
)
_REGION = re.compile(rf"{_PROVINCE}|[가-힣]{{1,5}}(?:시|군|구)")
_REGION_PART = re.compile(rf"{_PROVINCE}|[가-힣]{{1,5}}[0-9]?(?:시|군|구|읍|면|동|리|가)")
_NOT_REGION = re.compile("(?:다|역|잠|혹|몇|수|즉|임)시|(?:친|가|농|축|야|당|배|누|지|기)구")
_UNIT = (
    r"(?:원|만|천|백|억|조|년|월|일|시|분|초|명|개|번(?!지|길)|회|점|배|살|세|장|권|마리|잔|병|박|인|팀|도|층|위|등|차"
    r"|호선|출구|곳|가지|퍼|%|cm|mm|km|kg|[mgMG]\b|대|쪽|단계|주|켤레|칸|판|끼|줄|학년|반|달|급|레벨|승|패|바퀴)"
)
_END = rf"(?![0-9])(?![-.,:/][0-9])(?!{_UNIT})(?! (?:원|명|개|분|시간|번)(?![가-힣]))"

_ROAD = re.compile(
    r"(?<![가-힣0-9A-Za-z])(?P<name>[가-힣]{1,8}[0-9]{0,3}(?:로|길))"
    r"(?P<side> ?[0-9]{1,4}(?:번|가)?[가나다라]?길)?"
    rf" ?(?P<number>(?:지하 ?)?[0-9]{{1,4}}(?P<second>-[0-9]{{1,4}})?)(?P<plot>번지)?{_END}"
)
_NOT_ROAD = re.compile(
    r"(?:서|바|따|새|별|홀|절|실제|진짜|가|세|대|그|이|저|진|통|경|도|선|회|미|피|항|활주|산책|고속도|교차|기"
    r"|[가-힣]*으|[그이저제멋맘]대|[가-힣]*마음대)로|[가-힣]*(?:출근|퇴근|하굣|등굣|지름|갈림|골목|눈|산|꽃|오솔)길"
)
_LOT = re.compile(
    r"(?<![가-힣0-9A-Za-z])(?P<name>[가-힣]{1,5}[0-9]{0,2}(?:동|읍|면|리|가)(?: [1-9]가)?)"
    rf" ?(?P<number>(?:산 ?)?[0-9]{{1,4}}(?P<second>-[0-9]{{1,4}})?)(?P<plot> ?번지)?{_END}"
)
_NOT_DISTRICT = re.compile(
    r"[가-힣]*(?:운|행|활|이|감|변|공|노|진|아|작|출|충|소|시|부|합|전|가|발|율|자|수|연|파|선|격|폭|약|요|생|협)동"
)
_BUILDING = (
    r"(?:(?:[가-힣A-Za-z0-9]{1,12}(?:아파트|빌라|오피스텔|맨션|타운|팰리스|캐슬|하이츠|마을"
    r"|주공|원룸|빌딩|타워|센터|상가|단지|빌)"
    r"|(?:래미안|자이|푸르지오|힐스테이트|아이파크|더샵|롯데캐슬|e편한세상)"
    r"[가-힣A-Za-z0-9]{0,10}) ?)"
)
_APARTMENT = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_BUILDING}{{0,2}}(?:[0-9]{{1,4}}|(?<![가-힣])[가나다라마바사A-Fa-f])동"
    r" ?[0-9]{1,4}호(?![선차기봉])"
    rf"|{_BUILDING}[0-9]{{1,4}}호(?![선차기봉])"
    rf"|{_BUILDING}?[1-9][0-9]{{2}}동 ?[0-9]{{3,4}}(?!호){_END})"
)
_POSTCODE = re.compile(r"(?:우편 ?번호[^0-9\n]{0,6}|\(우\) ?)([0-9]{5})(?![0-9])")
_ADDRESS_CONTEXT = re.compile(
    r"주소|배송|배달|택배|등기|살아|살고|사는|산다|삽니다|우리 ?집|집은|집이|집들이|놀러|자취|이사"
    r"|네비|내비|찍고|찍어|도착지|목적지"
)
_SUFFIX = re.compile(
    rf"(?:,? ?{_BUILDING})?(?:,? ?[0-9]{{1,4}}동)?"
    r"(?:,? ?(?:지하 ?)?[0-9]{1,3}층)?(?:,? ?[0-9]{1,4}호(?![선차기봉]))?"
    r"(?: ?\([가-힣0-9]{1,8}[동읍면리가](?:, ?[가-힣0-9A-Za-z ]{2,20})?\))?"
)
_SEPARATOR = re.compile(r",? ?")


def find_addresses(text: str) -> Iterator[Span]:
    """Yield addresses; adjacent parts (road, building, apartment, floor) form one span."""
    apartments = [match.span() for match in _APARTMENT.finditer(text)]
    in_context = bool(_ADDRESS_CONTEXT.search(text))
    parts = [_with_region(text, span) for span in apartments]
    for match in _ROAD.finditer(text):
        parts += _accepted(text, match, apartments, in_context, _is_road(match))
    for match in _LOT.finditer(text):
        parts += _accepted(text, match, apartments, in_context, _is_district(match))
    for start, end in _merge_adjacent(text, parts):
        yield Span(ADDRESS, start, end)
    for match in _POSTCODE.finditer(text):
        yield Span(ADDRESS, *match.span(1))


def _is_road(match: re.Match[str]) -> bool | None:
    """Whether the name suffices by itself; None for an ordinary word."""
    if _NOT_ROAD.fullmatch(match["name"]):
        return None
    return bool(match["side"] or (match["second"] and not match["name"].endswith("대로")))


def _is_district(match: re.Match[str]) -> bool | None:
    if _NOT_DISTRICT.fullmatch(match["name"]):
        return None
    return match["name"].endswith("동") and len(match["name"]) >= 3 and bool(match["second"])


def _accepted(
    text: str,
    match: re.Match[str],
    apartments: list[Interval],
    in_context: bool,
    is_known: bool | None,
) -> Iterator[Interval]:
    start, end = _with_region(text, match.span())
    in_region = start < match.start()
    has_apartment = any(
        _SEPARATOR.fullmatch(text, end, first) for first, _ in apartments if first >= end
    )
    if is_known is None and not (in_region and (has_apartment or match["second"])):
        return
    if in_region or is_known or match["plot"] or has_apartment or in_context:
        suffix = _SUFFIX.match(text, end)
        yield start, suffix.end() if suffix else end


def _with_region(text: str, span: Interval) -> Interval:
    """Extend a span by the province, city and district before it."""
    start = position = span[0]
    while word := re.search(
        r"(?<![가-힣0-9A-Za-z])([가-힣0-9]{1,8}),? $", text[max(0, position - 12) : position]
    ):
        if not _REGION_PART.fullmatch(word[1]) or _NOT_REGION.fullmatch(word[1]):
            break
        position -= len(word[0])
        if _REGION.fullmatch(word[1]):
            start = position
    return start, span[1]


def _merge_adjacent(text: str, parts: Iterable[Interval]) -> list[Interval]:
    """Merge spans that overlap or have only a comma between them."""
    merged: list[Interval] = []
    for start, end in sorted(parts):
        if merged and (start <= merged[-1][1] or _SEPARATOR.fullmatch(text, merged[-1][1], start)):
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
