"""What KakaoTalk itself says in a room: system lines, and what stands for pictures and the like."""

from __future__ import annotations

import re

_NOTE_KO = (
    r"[^\n]{1,200}님이 (?:채팅방에 )?들어왔습니다\.",
    r"[^\n]{1,200}님이 (?:대화방을 |채팅방을 )?나갔습니다\.",
    r"[^\n]{1,300}님을 초대(?:했|하였)습니다\.",
    r"[^\n]{1,200}님을 ?(?:내)?보냈습니다\.",
    r"[^\n]{1,200}님이 부?방장이 되었습니다\.",
    r"[^\n]{1,200}님이 부방장에서 해제되었습니다\.",
    r"[^\n]{1,200}채팅방 이름을 [^\n]{0,200}변경(?:했|하였)습니다\.?",
    r"관리자만 말하기 기능이 (?:활성화|해제)되었습니다\.",
    r"불법촬영물 식별 및 게재제한 안내",
    r"전기통신사업법에 따라 [^\n]{1,300}",
    r"선물게임이 종료되었습니다\.?",
)
_NOTE_EN = (
    r"(?P<inviter>[^\n]{1,200}) invited [^\n]{1,200}\.",
    r"(?P<leaver>[^\n]{1,200}) left\.",
    r"[^\n]{1,200} (?:joined|left) this chatroom\.",
    r"[^\n]{1,200} has been removed from this chatroom\.",
)
_WARNING = r"(?:\s*타인, ?기관 등의 사칭.*)?"
"""What open chats glue to the line that somebody came in."""

_SAYS = r"습니다|chatroom|invited|left\.|안내|전기통신|선물게임"
_HINT = rf"(?=[^\n]{{0,400}}(?:{_SAYS}))"
"""Lets ordinary text fail after one scan instead of one for each wording."""

NOTICE = re.compile(rf"{_HINT}(?s:(?:{'|'.join(_NOTE_KO + _NOTE_EN)}){_WARNING})")
"""A whole system line. `참여자님이 분석한 결과입니다.` only starts like one.

`She left.` may as well be said by somebody: see `acted`.
"""

DELETED = re.compile(
    r"삭제된 메시지입니다\.|메시지가 삭제되었습니다\.|이 메시지는 삭제되었습니다\.|"
    r"This message was deleted\.|The message has been deleted\.|"
    r"(?:채팅방 )?관리자가 메시지를 가렸습니다\.|\d+개의 메시지를 가렸습니다\.|"
    r"This message has been hidden by the chatroom managers\."
)
"""The whole text of a message that was taken back or hidden."""

UNTIMED_NOTICE = re.compile(f"{NOTICE.pattern}|{DELETED.pattern}")
"""A whole line that stands without a time in a Windows export."""

NOTICE_WORDS = rf"{_SAYS}|메시지입니다|deleted\.|hidden by"
"""Some of this is in every line that `ALONE` matches."""

_THING = r"사진(?: \d+장)?|동영상(?: \d+개)?|이모티콘|스티커"
_THING_EN = r"[Pp]hoto|\d+ photos|[Vv]ideos?|[Ee]moticons?|[Ss]ticker"
_LENGTH = r"(?:\d+:)?\d+:\d{2}"
_SUFFIX = (
    "jpe?g|png|gif|webp|heic|bmp|mp4|mov|avi|m4a|mp3|wav|pdf|zip|7z|hwpx?|docx?|xlsx?|pptx?|txt|csv|"
    "apk|psd|vcf|eml"
)
MEDIA = re.compile(
    rf"{_THING}|{_THING_EN}|[(<\[](?:{_THING}|{_THING_EN})[)>\]]|<(?:사진|동영상) 읽지 않음>|"
    rf"음성 ?메시지|Voice Note|파일|파일 ?:[^\n]*|File:[^\n]*|"
    rf"(?![^\n]*://)[^\n]{{1,200}}\.(?:{_SUFFIX})|"
    rf"(?:보이스톡|페이스톡) (?:해요\.?|{_LENGTH}|부재중|취소|응답 없음)|취소|부재중|응답 없음|"
    rf"(?:Voice|Video) Call {_LENGTH}|라이브톡(?: (?:시작|종료)[^\n]*)?|Live Talk ended {_LENGTH}|"
    rf"보이스룸이 방금 시작했어요\.|보이스룸 종료[^\n]*|샵검색:? #[^\n]*|"
    rf"(?s:톡게시판 '[^'\n]+': ?.*)|"
    rf"[\d,]+원을 받으세요\.|(?s:[\d,]+원 받기 완료!.*)|선물과 메시지를 보냈습니다\.|"
    rf"(?s:선물을 보냈습니다\. 지금 확인해 보세요!.*)|[^\n]{{1,100}}님이 선물을 보냈습니다\.?|"
    rf"연락처|카카오톡 프로필|지도|운세"
)
"""The whole text that stands for something which is not text."""

PLACEHOLDER_FIRST = frozenset(
    "사동이스([<PpVvEeSF음파보페취부응라L샵톡선연카지운삭메채관T0123456789"
)
"""What `DELETED` and `MEDIA` begin with, where they do not end as a file name or a present does."""

PLACEHOLDER_LAST = frozenset("gfpc4via3zxstkdl다.")
"""What file names and presents end with.

Four messages in five neither begin nor end so, and cost no search.
"""

MEDIA_WORDINGS = (
    (
        "photo",
        re.compile(
            r"[(<\[]?(?:사진(?: (?P<count>\d+)장)?|[Pp]hoto|(?P<number>\d+) photos)[)>\]]?|"
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
    ("emoticon", re.compile(r"[(<\[]?(?:이모티콘|스티커|[Ee]moticons?|[Ss]ticker)[)>\]]?")),
)
"""What two exports of one room write in unlike words, by a name for it."""


def canonical_media(text: str) -> str:
    """Equal for a picture and the like in the words of every app; else the text itself."""
    for name, pattern in MEDIA_WORDINGS:
        if found := pattern.fullmatch(text):
            count = next(filter(None, found.groupdict().values()), "")
            return f"{name} {count}".rstrip() if count != "1" else name
    return text


def actor_of(found: re.Match[str]) -> str:
    """Who must be known for this notice to be one, or nothing where its wording leaves no doubt."""
    groups = found.groupdict()
    return groups.get("inviter") or groups.get("leaver") or ""
