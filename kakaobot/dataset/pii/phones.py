"""Phone numbers as written in Korean chats, validated by `phonenumbers`.

Masked: mobile, landline, internet (070) and relay numbers (050x), and foreign ones with a `+`.
Not masked: public numbers of companies and services (15xx, 16xx, 18xx, 080, 060, 112).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberType as Type

from kakaobot.dataset.pii.spans import NUMBER_END, NUMBER_START, PHONE, Span

_PERSONAL = {
    Type.FIXED_LINE,
    Type.MOBILE,
    Type.FIXED_LINE_OR_MOBILE,
    Type.VOIP,
    Type.PERSONAL_NUMBER,
}
_SEP = r"[ \t]{0,2}[-./_~·)]?[ \t]{0,2}"
_KOREAN = re.compile(
    rf"{NUMBER_START}(?:\+ ?|00)?"
    rf"(?:\(?82\)?{_SEP}\(?0?\)?|\(?0)(1[016789]|2|[3-6][1-5]|70|50[0-9]?)\)?"
    rf"(?P<gap>{_SEP})[0-9]{{3,4}}(?P<gap2>{_SEP})[0-9]{{4}}{NUMBER_END}"
)
_FOREIGN = re.compile(rf"(?<![0-9A-Za-z+])\+ ?[0-9](?:[ .()-]{{0,2}}[0-9]){{7,14}}{NUMBER_END}")
_SHORT = re.compile(
    r"(?:전화 ?번호|(?<!쿠)폰 ?번호?|핸드폰|휴대폰|연락처|[내제] ?번호|(?:010|공일공) ?[가-힣])"
    r"[^0-9\n]{0,10}"
    rf"(?<![0-9+-])((?!1[568][0-9][0-9])[0-9]{{3,4}}[- ][0-9]{{4}}){NUMBER_END}(?! [0-9])"
)
_CALL = re.compile(r"전화|번호|연락|팩스|[tT][eE][lL]|[fF][aA][xX]|☎|📞")
_DIGIT = "0-9oOㅇ공영빵일이삼사오육륙칠팔구"
_SPELLED = re.compile(
    rf"(?<![{_DIGIT}A-Za-z])[0oOㅇ공영빵][ .-]?[1lI일][ .-]?[0oOㅇ공영빵]"
    rf"(?:[ \t]{{0,2}}[-./_~,]?[ \t]{{0,2}}[{_DIGIT}]){{8}}(?![0-9A-Za-z])"
)


def find_phones(text: str) -> Iterator[Span]:
    for match in _KOREAN.finditer(text):
        if _is_korean(match, text):
            yield Span(PHONE, *match.span())
    for match in _FOREIGN.finditer(text):
        if _is_personal(match[0], None):
            yield Span(PHONE, *match.span())
    for match in _SHORT.finditer(text):
        yield Span(PHONE, *match.span(1))


def find_spelled_phones(text: str) -> Iterator[Span]:
    """Yield mobile numbers spelled with syllables or letters: `공일공 일이삼사 …`, `o1o-…`."""
    for match in _SPELLED.finditer(text):
        if not match[0].isascii() or re.search("[oOlI]", match[0]):
            yield Span(PHONE, *match.span())


def _is_korean(match: re.Match[str], text: str) -> bool:
    digits = re.sub("[^0-9]", "", match[0])
    abroad = digits.startswith(("82", "0082"))
    if match[1].startswith("1"):
        # The library lacks some mobile blocks: 11 digits from 010 suffice.
        return bool(re.match("(?:0082|82)?0?10[0-9]{8}$", digits)) or _is_personal(match[0], "KR")
    bare = not match["gap"] and not match["gap2"] and "(" not in match[0]
    if bare and not abroad and not _CALL.search(text):
        return False
    return _is_personal(match[0], "KR")


def _is_personal(number: str, region: str | None) -> bool:
    try:
        parsed = phonenumbers.parse(re.sub(r"[^0-9+]", "", number), region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) in _PERSONAL
