"""Links, links with personal data, and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakaobot.dataset.pii.normalize import TAG_FILLER
from kakaobot.dataset.pii.spans import EMAIL, LINK, Span

# A host with one of these is a link without `https://` if a path follows.
TOP_LEVEL_DOMAINS = "com|net|org|kr|io|me|ly|be|gg|gl|co|ai|tv|us|app|dev|link|page"
# Hangul ends a link, as people write on without a space, unless it begins a path or value.
_URL = re.compile(
    rf"(?:(?:https?|ftp|kakaotalk|intent|market)://|(?<![A-Za-z0-9@.])www\."
    rf"|(?<![A-Za-z0-9@./])(?:open\.kakao\.com/o|qr\.kakaopay\.com|pf\.kakao\.com)/"
    rf"|(?<![A-Za-z0-9@./-])(?:[a-z0-9-]{{1,63}}\.){{1,8}}(?:{TOP_LEVEL_DOMAINS})/)"
    rf"(?:[^\s<>\"'가-힣ㄱ-ㅎㅏ-ㅣ{TAG_FILLER}]|(?<=[/=])[가-힣]+)+",
    re.IGNORECASE,
)
_TRAILING = ".,!?;:~…’”"
# Query parameters with credentials or identities; a login before the host; a long alphanumeric
# token, as in links to shared files and meetings; personal chat rooms and wallets.
_PERSONAL = re.compile(
    r"[?&#;](?:[\w-]*(?:token|secret|passw|apikey|api_key|auth|session|signature|credential)[\w-]*"
    r"|key|sid|sig|pwd|pw|code|otp|jwt|invite|uid|user|userid|user_id|email|mail|phone|tel|mobile"
    r"|name|birth|account|addr|address)="
    r"|://[^/\s]{0,99}@"
    r"|(?<![0-9A-Za-z_-])(?=[\w-]{0,99}[0-9])(?=[\w-]{0,99}[A-Za-z])[A-Za-z0-9_-]{20,}"
    r"|open\.kakao\.com/o/|qr\.kakaopay\.com/|/j/[0-9]{9,}|/invite/",
    re.IGNORECASE,
)
_TOP = r"(?:com|net|org|kr|io|me|edu|gov|info|biz|dev|app|jp|us|uk|cn)"
_AT = r"(?:@|\(at\)|\[at\]|골뱅이|앳)"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL_SITE = r"(?:naver|gmail|daum|hanmail|nate|kakao|네이버|지메일|다음|한메일|네이트|카카오)"
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}"
    rf"(?:@(?:{_HOST}\.){{1,8}}[A-Za-z]{{2,}}"
    rf"| ?{_AT} ?(?:{_HOST} ?(?:\.|닷|쩜|점) ?){{1,8}}{_TOP}(?![A-Za-z0-9])"
    rf"|(?<=[A-Za-z0-9._-]{{2}}) ?{_AT} ?{_MAIL_SITE}(?:(?:\.|닷|쩜|점)(?:com|net|컴|넷))?"
    rf"(?![A-Za-z0-9]))",
    re.IGNORECASE,
)


def find_links(text: str) -> Iterator[Span]:
    """Yield every link, without punctuation of the sentence around it."""
    for match in _URL.finditer(text):
        end = match.end()
        while text[end - 1] in _TRAILING or (
            text[end - 1] == ")" and "(" not in text[match.start() : end]
        ):
            end -= 1
        yield Span(LINK, match.start(), end)


def find_personal_links(text: str) -> Iterator[Span]:
    """Yield links that contain credentials or an identity."""
    for link in find_links(text):
        if _PERSONAL.search(text, link.start, link.end):
            yield link


def find_emails(text: str) -> Iterator[Span]:
    """Yield e-mail addresses, also with `(at)`, 골뱅이 or a Korean provider without `.com`."""
    for match in _EMAIL.finditer(text):
        yield Span(EMAIL, *match.span())
