"""Passwords next to words like 비번, within one message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakaobot.dataset.pii.spans import PASSWORD, Span

_TRIGGER = re.compile(
    r"(?P<word>비밀 ?번호|비번|패스워드|암호(?!화)"
    r"|(?<![A-Za-z])(?:pw|pwd|password|passwd|passcode)(?![A-Za-z]))"
    r"|(?:공동 ?)?현관문?|도어락|출입문|핀 ?번호|인증 ?(?:번호|코드)|보안 ?코드|확인 ?코드"
    r"|(?<![A-Za-z])(?:otp|pin|cvc|cvv)(?![A-Za-z])",
    re.IGNORECASE,
)
_FILLER = (
    r"(?:뭐였지|뭐더라|뭐지|이거|그거|여기|아마|그냥|우리 ?집|또|다시|바뀜|바꿨어|바꿈|바뀌었어"
    r"|변경됨?|임시|초기|새로|[앞뒤] ?두 ?자리|두 ?자리|별표?|샵|우물정|누르고|눌러|치고|입력"
    r"|전부|다|이번엔|지금|현재|원래|맨날|일단|똑같이|그대로|쳐|키|영[어타]로|[소대]문자로?)"
    r"(?:은|는|이|가|을|를|에)?[ ?,.~]*"
)
_GAP = re.compile(
    r"(?:[ ]?(?:비번|비밀번호|번호|코드|키))?(?: ?좀)?(?P<is>은|는|이|가|도|를|을|로)?"
    r"[ \t]*\n?[ \t]*(?P<sign>[:=]|->|=>|→)?[ \t]*"
    rf"(?P<filler>(?:{_FILLER}){{0,4}})(?P<words>(?:[가-힣]{{1,6}}[ ,.~?!]+){{0,3}})"
    r"(?P<quote>[\"'“‘(\[「]?)[ ]?",
)
_VALUE = re.compile(r"[A-Za-z0-9!@#$%^&*_+?~.-]{2,40}")
_DIGITS = re.compile(r"[*#]*[0-9]+[*#]*")
_MIXED = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9!@#$%^&*_+]).{4,}|(?=.*[0-9])(?=.*[!@$%^&_+]).{4,}")
_UNIT = re.compile(
    r" ?(?:원|만|천|년|명|개|회|번째|째|점|자리|글자|배|미터|월|분|층|호"
    r"|켤레|칸|차|권|장|살|%|[kK]?[mMgG]\b|같은|말고|처럼)"
)
# Follows a short password, or one that is an ordinary word.
_SENTENCE_END = re.compile(
    r"[ ]?(?:야|이야|임|이임|이에요|예요|입니다|이래|래|ㅇㅇ|ㅋ|[\"'”’)\]」])|[ .!]*(?:\n|$)"
)
_YEAR = re.compile("(?:19|20)[0-9]{2}$")
# Door lock codes, anywhere in a message about a lock.
_LOCK = re.compile(r"(?<![0-9A-Za-z*#])(?:[*#][0-9]{4,8}[*#]?|[0-9]{4,8}[*#])(?![0-9A-Za-z*#])")
_COMMON_WORDS = {
    *("reset", "change", "manager", "wifi", "please", "okay", "error", "login", "check", "help"),
    *("password", "email", "google", "naver", "kakao", "netflix", "instagram", "iphone", "update"),
    *("galaxy", "windows", "android", "chrome", "bitwarden"),
}
_VALUE_FIRST = re.compile(
    r"(?<![A-Za-z0-9!@#$%^&*_])(?=[A-Za-z!@#$%^&*_]{0,19}[0-9])"
    r"(?P<value>[A-Za-z0-9!@#$%^&*_]{4,20})"
    r"(?:이|가)?(?: 이게| 이거| 그게)? ?(?:비번|비밀번호|패스워드)"
    r"(?:이야|야|임|이에요|예요|입니다|이래|래|였|인 ?듯|이었)"
)
_NETWORK = re.compile(
    r"(?:와이파이|와파|wi-?fi)[ :]*(?:[^\s/가-힣]{2,32} ?/ ?|(?=[^ ]{0,39}[!@#$%^&*]))"
    r"(?P<value>[A-Za-z0-9!@#$%^&*_+-]{8,40})",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8} ?/ ?"
    r"(?P<value>(?=[^ ]{0,39}[A-Za-z])(?=[^ ]{0,39}[0-9])[A-Za-z0-9!@#$%^&*_+-]{6,40})"
)


def find_passwords(text: str) -> Iterator[Span]:
    """Yield passwords after a word like 비번 or before it (`1234가 비번이야`), and of Wi-Fi."""
    for trigger in _TRIGGER.finditer(text):
        gap = _GAP.match(text, trigger.end())
        value = gap and _VALUE.match(text, gap.end())
        if gap and value:
            end = value.start() + _length_without_punctuation(value[0])
            if _is_password(text, value.start(), end, trigger, gap):
                yield Span(PASSWORD, value.start(), end)
    if _TRIGGER.search(text):
        for lock in _LOCK.finditer(text):
            yield Span(PASSWORD, *lock.span())
    for pattern in (_VALUE_FIRST, _NETWORK):
        for match in pattern.finditer(text):
            yield Span(PASSWORD, *match.span("value"))


def find_login_passwords(text: str) -> Iterator[Span]:
    """Yield the password of `name@example.com / password`."""
    for match in _LOGIN.finditer(text):
        yield Span(PASSWORD, *match.span("value"))


def _length_without_punctuation(value: str) -> int:
    stripped = value.rstrip(".?~-")
    if re.fullmatch(r"[*#0-9]+!+", stripped):
        stripped = stripped.rstrip("!")
    return len(stripped)


def _is_password(
    text: str, start: int, end: int, trigger: re.Match[str], gap: re.Match[str]
) -> bool:
    value = text[start:end]
    introduced = bool(gap["sign"] or gap["quote"] or gap["is"] in ("은", "는"))
    closed = bool(_SENTENCE_END.match(text, end))
    if _DIGITS.fullmatch(value):
        if _UNIT.match(text, end):
            return False
        count = sum(map(str.isdecimal, value))
        adjacent = not gap["words"] or introduced or len(value) > count
        return count >= _min_digits(trigger, gap, closed) and (
            adjacent or (closed and not _YEAR.match(value))
        )
    common = value.rstrip("0123456789").lower() in _COMMON_WORDS
    if _MIXED.fullmatch(value):
        return not gap["words"] or (len(value) >= 6 and not common)
    if not trigger["word"] or not value.isalpha() or common or gap["words"]:
        return False
    return introduced and len(value) >= 4 or closed and len(value) >= 5


def _min_digits(trigger: re.Match[str], gap: re.Match[str], closed: bool) -> int:
    """Minimum digits of a password in this context."""
    if "자리" in gap["filler"]:
        return 2
    return 3 if trigger[0].lower() in ("cvc", "cvv") or (trigger["word"] and closed) else 4
