"""Notices KakaoTalk itself writes into a room: joins, roles, policies, laws.

Wordings are matched as a whole, so that people can talk about them. Where a notice has no time and
no row of its own, `notice_lines` tells it from the message above.
"""

from __future__ import annotations

import re

_NAME = r"[^\n]{1,200}"
_ROOM_KO = r"(?:대화방|채팅방|오픈채팅방|톡방)"
_SETTING_KO = rf"{_ROOM_KO} (?:이름|커버|사진|프로필|소개)|팀 이름|(?:오픈)?프로필|공지"
_NEW_VALUE_KO = r"(?:[^\n]{0,200}?(?:으로|로|\(으\)로) )?"
_NOTICES_KO = (
    rf"{_NAME}님이 (?:{_ROOM_KO}에 )?(?:들어왔|입장했|참여했)습니다\.",
    rf"{_NAME}님이 (?:{_ROOM_KO}(?:을|에서) )?(?:나갔|퇴장했)습니다\.",
    rf"[^\n]{{1,300}}님을 (?:{_ROOM_KO}에 )?초대(?:했|하였)습니다\.",
    rf"{_NAME}님을 ?(?:{_ROOM_KO}에서 )?(?:내보냈|보냈|강퇴했)습니다\.",
    rf"{_NAME}님이 (?:새로운 |새 )?부?방장이 되었습니다\.",
    rf"{_NAME}님[이을] (?:새로운 |새 )?부?방장으로 (?:임명|지정)(?:되었|했|하였)습니다\.",
    rf"{_NAME}님이 부?방장에서 (?:해제되었|내려왔)습니다\.",
    rf"방장이 (?:{_NAME}님에서 {_NAME}님으로 )?변경되었습니다\.",
    rf"{_NAME}님은 참여자 관리와 채팅방 관리에 신경 ?써 ?주세요!?",
    r"방장[^\n]{1,120}남게 ?됩니다\.",
    rf"{_NAME}님이 (?:{_SETTING_KO})[을를] {_NEW_VALUE_KO}(?:변경|등록|삭제)(?:했|하였)습니다\.?",
    rf"(?:{_NAME}님의 )?(?:{_SETTING_KO})[이가] {_NEW_VALUE_KO}(?:변경|등록|삭제)되었습니다\.?",
    rf"{_NAME}님이 {_ROOM_KO} (?:링크|QR코드)를 공유했습니다\.",
    r"관리자만 말하기 기능이 (?:활성화|비활성화|설정|해제)되었습니다\.",
    r"(?:(?:선착순|퀴즈) )?선물 ?게임이 종료되었습니다\.?",
)
_ROOM_EN = r"(?:this|the) (?:chat ?room|open chat)"
_ROLE_EN = r"(?:the |an? )?(?:new )?(?:admin|host|sub-?host|(?:chatroom )?manager)"
_NOTICES_EN = (
    rf"(?P<inviter>{_NAME}) invited (?P<invitees>{_NAME})\.",
    rf"(?P<leaver>{_NAME}) left\.",
    rf"{_NAME} (?:has )?(?:joined|left|entered) {_ROOM_EN}\.",
    rf"{_NAME} (?:has been|was) (?:removed|kicked(?: out)?) from {_ROOM_EN}\.",
    rf"{_NAME} (?:has been|was) (?:assigned|appointed|removed|dismissed) as {_ROLE_EN}\.",
    r"The host has been reassigned[^\n]{0,200}",
    rf"{_NAME} (?:has )?changed the (?:chat ?room|room|group)(?:'s)? (?:name|cover|photo)"
    r"[^\n]{0,200}",
    r"Chat Loss\.?",
)
_ROOM_ZH = r"(?:聊天室|聊天|群組|群组|群聊)"
_NOTICES_OTHER = (
    rf"(?P<doer_ja>{_NAME}?)さんが(?:[^\n]{{0,40}}さんを|[^\n]{{0,20}}[にをから])?"
    r"(?:参加|入室|入場|退室|退出|退場|招待)しました。?",
    rf"(?P<inviter_zh>{_NAME}?) ?(?:邀請|邀请)了? ?{_NAME}?(?:加入{_ROOM_ZH})?。",
    rf"(?P<doer_zh>{_NAME}?) ?(?:已經|已经|已)?(?:加入|進入|进入|離開|离开|退出)了?{_ROOM_ZH}。?",
)
"""Notices only of a known name, as no export in these languages was seen."""

_LINK = r"(?:카카오톡 )?운영 ?정책 (?:보기|확인(?:하기)?)"
_POLICY = (
    r"(?:타인, ?기관 등의 사칭에 유의해 ?주세요|"
    r"금전 ?또는 ?개인 ?정보를 요구 ?받을 경우,? ?신고 ?해 ?주시기 바랍니다|"
    r"운영 ?정책을 위반한 메시지로 신고 ?접수 ?시,? [^\n.]{0,20}이용에 제한이 있을 수 있습니다|"
    rf"(?<=[.!\s]){_LINK})[.!]?"
)
"""One sentence that an open chat adds to a join."""
_POLICIES = rf"{_POLICY}(?: *{_POLICY})*"
_WARNING = rf"(?:\s*{_POLICY})*(?:\s*타인, ?기관 등의 사칭[^\n]{{0,80}})?"
_LAW_TITLE = (
    r"[\[<]?불법 ?촬영물 ?(?:등)?(?:의|에 대한)? ?식별 및 게재 ?제한 ?(?:조치)? ?"
    r"안내[\]>]?\.?"
)
_LAW = (
    r"(?:전기통신사업법에 따라 [^\n]{1,400}|"
    r"[^\n]{1,120}전기통신사업법에 따라 (?=[^\n]*(?:불법 ?촬영물|통신심의|게재|전송))[^\n]{1,400}|"
    r"불법 ?촬영물 ?등을? 전송할 경우 [^\n]{1,200})(?:니다|세요)\.?"
)
_LAW_EN = r"(?=[^\n]*(?:[Cc]hat|illegal))[^\n]{0,200}Telecommunications Business Act[^\n]{20,400}"
_OFFICIAL = rf"(?:{_LAW_TITLE}|{_LAW}|{_LAW_EN}|{_POLICIES})"

_OFFICIAL_WORDS = (
    "사칭에 유의|정책을 위반한|정보를 요구|식별 및|전기통신사업법|촬영물|Telecommunications"
)
_WORDS = (
    rf"{_OFFICIAL_WORDS}|습니다|됩니다|써 ?주세요|chat ?room|open chat|invited|left\.|changed the|"
    r"assigned|appointed|dismissed|removed as|Chat Loss|しました|聊天|群[組组聊]|邀[請请]"
)


class Wordings:
    """The wordings of notices of one kind."""

    def __init__(self, pattern: str, words: str) -> None:
        """Compile both.

        Args:
            pattern: matches a whole notice.
            words: at least one of them is in every notice; rejects most texts in one scan.
        """
        self.pattern = pattern
        self.words = words
        self.has_word = re.compile(words).search
        self._fullmatch = re.compile(pattern).fullmatch

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of a whole text; None if it is not a notice."""
        return self._fullmatch(text) if self.has_word(text) else None


OFFICIAL = Wordings(rf"{_OFFICIAL}(?: *\n\s*{_OFFICIAL})*", _OFFICIAL_WORDS)
"""Texts about policies and laws, which nobody but KakaoTalk writes; may span lines."""

POLICY = re.compile(rf"{_LINK}|{_POLICIES}")
"""Whole line about policies, which belongs to a join above it."""

NOTICE = Wordings(
    rf"(?:{'|'.join(_NOTICES_KO + _NOTICES_EN + _NOTICES_OTHER)}){_WARNING}|{OFFICIAL.pattern}",
    _WORDS,
)
"""System lines. `참여자님이 분석한 결과입니다.` only starts like one.

`She left.` may be a message too: see `actor_of`.
"""

DELETED = re.compile(
    r"삭제된 메시지입니다\.|(?:이 )?메시지[가는] (?:삭제되었|가려졌)습니다\.|가려진 메시지입니다\.|"
    r"(?:(?:채팅방 )?(?:관리자|부?방장|세이프봇)|[^\n]{1,100}님)[이가] 메시지를 가렸습니다\.|"
    r"\d+개의 메시지를 가렸습니다\.|"
    r"(?:This|The|A) message (?:was|has been) (?:deleted|hidden)"
    r"(?: by (?:the )?(?:chat ?room )?(?:managers?|admins?|hosts?))?\."
)
"""The whole text of a deleted or hidden message."""

UNTIMED_NOTICE = Wordings(
    f"{NOTICE.pattern}|{DELETED.pattern}", rf"{_WORDS}|메시지입니다|message (?:was|has)"
)
"""Lines without a timestamp in a Windows export."""

ADDENDUM = re.compile(
    rf"{_LINK}|"
    r"[^\n]{0,200}(?:카카오톡|채팅|메시지|방장|관리자|서비스|법령)[^\n]{1,200}(?:니다|세요)[.!]|"
    r"[^\n]{0,200}(?:KakaoTalk|chat ?room|open chat)[^\n]{1,200}[.!]"
)
"""A line that may belong to a notice above it, and is somebody's words without one."""

_SYSTEM_SENDERS = frozenset({"시스템", "System"})
"""Names under which a converted file lists notices; a participant may have one, too."""


def actor_of(notice: re.Match[str]) -> str:
    """The participant an ambiguous notice must name to be one; empty for an unambiguous wording."""
    names = notice.groupdict()
    groups = ("inviter", "leaver", "doer_ja", "doer_zh", "inviter_zh")
    return next((name for group in groups if (name := names.get(group))), "")


def is_own_notice(sender: str, text: str) -> bool:
    """Whether a message is a notice about its sender, or listed under a name of the system."""
    if sender in _SYSTEM_SENDERS or text.startswith(sender):
        return NOTICE.fullmatch(text) is not None
    return False


def split_official(text: str) -> tuple[str, str]:
    """A message, and the lines about policies or laws that KakaoTalk appended to it."""
    if "\n" not in text or not OFFICIAL.has_word(text):
        return text, ""
    lines = text.split("\n")
    start = len(lines)
    while start and OFFICIAL.fullmatch(lines[start - 1].strip()):
        start -= 1
    return "\n".join(lines[:start]), "\n".join(lines[start:])


def contains_official(text: str) -> bool:
    """Whether any line is about policies or laws in the words of KakaoTalk."""
    if not OFFICIAL.has_word(text):
        return False
    return any(OFFICIAL.fullmatch(line.strip()) for line in text.split("\n"))
