"""The layouts in which KakaoTalk writes a room, one entry each. Knows patterns; reads nothing.

A new layout is a new entry in `LAYOUTS` and one more sample in the tests. Patterns are put together
from the shared pieces below; what they were taken from is told in the project's format notes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HALF_KO = r"(?P<half>오전|오후)"
_HALF_EN = r"(?P<half>[AaPp]\.?[Mm]\.?)"
_SPACE = r"[ \u00a0\u202f]"
_HM = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"
_SECONDS = r"(?::(?P<second>\d{2}))?"
_MONTHS = (
    r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sep(?:t|tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
_WEEKDAY_KO = r"[월화수목금토일]요일"
_WEEKDAY_EN = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

_DAY_KO = r"(?P<year>\d{4})년 (?P<month>\d{1,2})월 (?P<day>\d{1,2})일"
_DAY_EN = rf"(?P<month>{_MONTHS}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}})"
_DAY_DOTS = r"(?P<year>\d{4})\. (?P<month>\d{1,2})\. (?P<day>\d{1,2})\.?"
_DAY_ISO = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"

_CLOCK_KO = rf"{_HALF_KO} {_HM}"
_CLOCK_24 = _HM
_CLOCK_EN_BEFORE = rf"{_HALF_EN}{_SPACE}{_HM}"
_CLOCK_EN_AFTER = rf"{_HM}{_SPACE}{_HALF_EN}"

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
)
_NOTE_EN = (
    r"[^\n]{1,200} invited [^\n]{1,200}\.",
    r"[^\n]{1,200} (?:joined|left) this chatroom\.",
    r"[^\n]{1,200} has been removed from this chatroom\.",
)
_WARNING = r"(?:\s*타인, ?기관 등의 사칭.*)?"
"""What open chats glue to the line that somebody came in."""

_HINT = r"(?=[^\n]{0,400}(?:습니다|chatroom|invited|안내|전기통신))"
"""Lets ordinary text fail after one scan instead of one for each wording."""

NOTICE = re.compile(rf"{_HINT}(?s:(?:{'|'.join(_NOTE_KO + _NOTE_EN)}){_WARNING})")
"""A whole system line. `참여자님이 분석한 결과입니다.` only starts like one."""

DELETED = re.compile(
    r"삭제된 메시지입니다\.|메시지가 삭제되었습니다\.|이 메시지는 삭제되었습니다\.|"
    r"This message was deleted\.|The message has been deleted\.|"
    r"(?:채팅방 )?관리자가 메시지를 가렸습니다\.|\d+개의 메시지를 가렸습니다\.|"
    r"This message has been hidden by the chatroom managers\."
)
"""The whole text of a message that was taken back or hidden."""

_ALONE = re.compile(f"{NOTICE.pattern}|{DELETED.pattern}")

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

_HEAD_KO = r"(?P<room>.+?) ?님과(?:의)? 카카오톡 대화"
_HEAD_PLAIN = r"(?P<room>.+?) 카카오톡 대화"
_HEAD_IOS = r"(?P<room>.+?) \(\d+명\)과 카카오톡 대화(?:-\d+\.txt)?"
_HEAD_EN = r"(?P<room>.+?) with KakaoTalk Chats"
_HEAD_EN_FIRST = r"KakaoTalk Chats with (?P<room>.+?)(?: \(\d+(?: people)?\))?(?:-\d+\.txt)?"
_HEAD_TURNED = r"카카오톡 대화 with (?P<room>.+)"
_HEAD_COUNTED = r"(?P<room>.+?) (?!(?:19|20)\d\d )\d{1,4} 님과(?:의)? 카카오톡 대화"
"""Android adds the number of people to the name; a year is taken for part of the name."""

TALK = re.compile(r"(?P<room>Talk_\d{4}\.\d{1,2}\.\d{1,2} \d{1,2}[:_-]\d{2})-\d+\.txt")
"""The file name that iOS writes where others name the room."""

SAVED = re.compile(r"(?:저장한 날짜|Date Saved|Saved Date) : ?(?=\S*\d)")


def _any(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


HEADERS = _any(_HEAD_IOS, _HEAD_TURNED, _HEAD_KO, _HEAD_PLAIN, _HEAD_EN_FIRST, _HEAD_EN)


@dataclass(frozen=True)
class Layout:
    """How one app writes lines. Patterns are tried from the start of a line."""

    id: str
    stamp: re.Pattern[str]
    """Whole time of a record: groups hour, minute; half, second, year, month, day where given."""
    record: re.Pattern[str]
    """Groups when, sender, text; text may run over line ends."""
    begins: re.Pattern[str]
    """What no line but a record of this family begins with, readable or not."""
    dates: tuple[re.Pattern[str], ...]
    """Whole line that opens a day: groups year, month, day."""
    system: re.Pattern[str] | None = None
    """A record nobody sent: groups when, text."""
    notice: re.Pattern[str] | None = None
    """Whole system line without a time, where the layout has such lines."""
    headers: tuple[re.Pattern[str], ...] = HEADERS
    """Whole line that names the room: group room. The first that fits wins."""

    @property
    def dated(self) -> bool:
        """Whether every record carries its own day."""
        return "year" in self.stamp.groupindex


@dataclass(frozen=True)
class Table:
    """How one app writes rows of comma-separated values."""

    id: str
    columns: tuple[frozenset[str], ...]
    """The names each column may bear, in lower case: time, sender, text."""
    stamp: re.Pattern[str]
    row: re.Pattern[str]
    """What a row begins with; used only to find rows again behind a broken quote."""
    notice: re.Pattern[str]
    """Whole text of a system row, which bears the name of whoever caused it."""
    room: re.Pattern[str]
    """File name that holds the room: group room."""


def _ungrouped(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _windows(id: str, clock: str) -> Layout:
    return Layout(
        id=id,
        stamp=re.compile(clock),
        record=re.compile(
            rf"\[(?P<sender>[^\n]*?)\] \[(?P<when>{_ungrouped(clock)})\](?: (?P<text>(?s:.*)))?\Z"
        ),
        begins=re.compile(r"\[[^\n]*?\] \[[^\]\n]{0,12}\d{1,2}:\d{2}[^\]\n]{0,8}\](?: |\Z)"),
        dates=_any(
            rf"-{{3,}} {_DAY_KO} {_WEEKDAY_KO} -{{3,}}",
            rf"-{{3,}} {_WEEKDAY_EN}, {_DAY_EN} -{{3,}}",
        ),
        notice=_ALONE,
    )


def _mobile(
    id: str,
    stamp: str,
    *,
    begins: str,
    dates: tuple[re.Pattern[str], ...],
    system: str = ",",
    headers: tuple[re.Pattern[str], ...] = HEADERS,
) -> Layout:
    when = rf"(?P<when>{_ungrouped(stamp)})"
    return Layout(
        id=id,
        stamp=re.compile(stamp),
        record=re.compile(rf"{when}, (?P<sender>[^\n]*?) :(?: (?P<text>(?s:.*)))?\Z"),
        begins=re.compile(begins),
        dates=dates,
        system=re.compile(rf"{when}{system} (?P<text>(?s:.*))\Z"),
        headers=headers,
    )


_STAMP_ANDROID = rf"{_DAY_KO}(?: {_WEEKDAY_KO})? {_CLOCK_KO}{_SECONDS}"
_BEGINS_ANDROID = r"\d{4}년 \d{1,2}월 \d{1,2}일 [^\n,]{0,16}\d{1,2}:\d{2}[^\n,]{0,6}, "
_BEGINS_IOS = r"\d{4}\. \d{1,2}\. \d{1,2}\.? [^\n,:]{0,8}\d{1,2}:\d{2}[^\n,:]{0,6}[,:] "
_DATES_IOS = _any(rf"{_DAY_KO} {_WEEKDAY_KO}", rf"{_DAY_DOTS} {_WEEKDAY_KO}")

LAYOUTS: tuple[Layout, ...] = (
    _windows("W-KO", _CLOCK_KO),
    _windows("W-24", _CLOCK_24),
    _windows("W-EN", _CLOCK_EN_AFTER),
    _windows("W-MIX", _CLOCK_EN_BEFORE),
    _mobile(
        "A-KO",
        _STAMP_ANDROID,
        begins=_BEGINS_ANDROID,
        dates=_any(rf"{_DAY_KO} {_ungrouped(_CLOCK_KO)}"),
        headers=_any(_HEAD_COUNTED) + HEADERS,
    ),
    _mobile(
        "I-KO",
        rf"{_DAY_DOTS} {_CLOCK_KO}",
        begins=_BEGINS_IOS,
        dates=_DATES_IOS,
        system="[:,]",
    ),
    _mobile(
        "I-KO24",
        rf"{_DAY_DOTS} {_CLOCK_24}",
        begins=_BEGINS_IOS,
        dates=_DATES_IOS,
        system="[:,]",
    ),
)

TABLE = Table(
    id="M-CSV",
    columns=(
        frozenset({"date", "날짜"}),
        frozenset({"user", "사용자"}),
        frozenset({"message", "메시지"}),
    ),
    stamp=re.compile(rf"{_DAY_ISO} {_HM}{_SECONDS}"),
    row=re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,"),
    notice=NOTICE,
    room=re.compile(r"KakaoTalk_Chat_(?P<room>.+)_\d{4}(?:-\d\d){5}\.csv"),
)
