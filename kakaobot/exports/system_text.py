"""Placeholders KakaoTalk writes for media, in every wording."""

from __future__ import annotations

import re

EMOTICON = r"이모티콘|스티커|[Ee]moticons?|[Ss]tickers?"
ITEM = (
    rf"사진(?: \d+장)?|동영상(?: \d+개)?|음성 ?메시지|파일|{EMOTICON}|"
    r"[Pp]hotos?|\d+ photos|[Vv]ideos?|\d+ videos|Voice Note|[Vv]oice [Mm]essage|File"
)
"""Things that are not text, in the words of all apps."""
_DURATION = r"(?:\d+:)?\d+:\d{2}"
_SUFFIX = (
    "jpe?g|png|gif|webp|heic|bmp|mp4|mov|avi|m4a|mp3|wav|pdf|zip|7z|hwpx?|docx?|xlsx?|pptx?|txt|csv|"
    "apk|psd|vcf|eml"
)
FILE_NAME = rf"(?:(?:파일|File) ?: ?[^\n]{{1,200}}|[0-9a-f]{{32,}})\.(?:{_SUFFIX})"
"""A file, named unmistakably."""
MEDIA = re.compile(
    rf"{ITEM}|[(<\[](?:{ITEM})[)>\]]|<(?:사진|동영상|음성 ?메시지|이모티콘) 읽지 않음>|"
    rf"<?(?:Photo|Video) Unread>?|파일 ?:[^\n]*|File:[^\n]*|"
    rf"(?![^\n]*://)[^\n]{{1,200}}\.(?:{_SUFFIX})|"
    rf"(?:그룹 ?)?(?:보이스톡|페이스톡) (?:해요\.?|{_DURATION}|부재중|취소|거절|응답 없음)|"
    rf"취소|부재중|응답 없음|(?:Voice|Video) Call {_DURATION}|"
    rf"(?:그룹콜|그룹 ?(?:보이스톡|페이스톡)) (?:해요\.?|시작|(?:종료 ?)?(?:{_DURATION})?)|"
    rf"라이브톡(?: (?:시작|종료)[^\n]*)?|Live Talk (?:started|ended(?: {_DURATION})?)|"
    rf"보이스룸이 방금 시작했어요\.|보이스룸 종료[^\n]*|샵검색:? #[^\n]*|"
    rf"(?s:톡게시판 '[^'\n]+': ?.*)|(?s:Talk ?[Bb]oard '[^'\n]+': ?.*)|"
    rf"[\d,]+원을 받으세요\.|(?s:[\d,]+원 받기 완료!.*)|선물과 메시지를 보냈습니다\.|"
    rf"(?s:선물을 보냈습니다\. 지금 확인해 보세요!.*)|[^\n]{{1,100}}님이 선물을 보냈습니다\.?|"
    rf"(?s:(?:선착순 |퀴즈 )?선물 ?게임을 시작합니다!.*)|축하합니다\. 선착순 선물에 당첨되었어요!|"
    rf"연락처|카카오톡 프로필|지도|운세"
)
"""The whole text of a placeholder for something that is not text."""

PLACEHOLDER_FIRST = frozenset(
    "사동이스([<PpVvEeSsF음파보페그취부응라L샵톡선퀴축연카지운삭메채관T0123456789"
)
"""First characters of every `DELETED` or `MEDIA` text that `PLACEHOLDER_LAST` does not cover."""

PLACEHOLDER_LAST = frozenset("gfpc4via3zxstkdl다내.")
"""Last characters of file names and notices.

Four messages in five have neither such a first nor such a last character, and need no search.
"""

_CANONICAL_MEDIA = (
    (
        "photo",
        re.compile(
            r"[(<\[]?(?:사진(?: (?P<count>\d+)장)?|[Pp]hotos?|(?P<number>\d+) photos)[)>\]]?|"
            r"<사진 읽지 않음>|[0-9a-f]{32,}\.\w{3,4}"
        ),
    ),
    (
        "video",
        re.compile(
            r"[(<\[]?(?:동영상(?: (?P<count>\d+)개)?|[Vv]ideos?)[)>\]]?|"
            r"<동영상 읽지 않음>|[^\n]+\.mp4"
        ),
    ),
    ("emoticon", re.compile(r"[(<\[]?(?:이모티콘|스티커|[Ee]moticons?|[Ss]tickers?)[)>\]]?")),
)
"""Canonical name and every wording of media that apps write differently."""


def canonical_media(text: str) -> str:
    """Equal for the same media in the wording of every app; any other text unchanged."""
    for name, pattern in _CANONICAL_MEDIA:
        if match := pattern.fullmatch(text):
            count = next(filter(None, match.groupdict().values()), "")
            return f"{name} {count}".rstrip() if count != "1" else name
    return text
