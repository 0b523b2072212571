"""The layouts in which KakaoTalk writes a room, one entry each. Knows patterns; reads nothing.

A new layout is a new entry in `LAYOUTS` and one more sample in the tests. Patterns are put together
from the shared pieces below; what they were taken from is told in the project's format notes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from kakaobot.exports.system_text import NOTICE, NOTICE_WORDS, UNTIMED_NOTICE

_SPACE = r"[ \u00a0\u202f]"
_HALF_KO = r"(?P<half>오전|오후)"
_HALF_EN = r"(?P<half>[AaPp]\.?[Mm]\.?)"
_HM = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|"
    r"September|October|November|December)"
)
_MON = r"(?P<month>Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)"
_WEEKDAY_KO = r"[월화수목금토일]요일"
_WEEKDAY_EN = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

_DAY_KO = r"(?P<year>\d{4})년 (?P<month>\d{1,2})월 (?P<day>\d{1,2})일"
_DAY_EN = rf"{_MONTH} (?P<day>\d{{1,2}}), (?P<year>\d{{4}})"
_DAY_EN_SHORT = rf"{_MON}\.? (?P<day>\d{{1,2}}), (?P<year>\d{{4}})"
_DAY_DOTS = r"(?P<year>\d{4})\. (?P<month>\d{1,2})\. (?P<day>\d{1,2})\.?"
_DAY_ISO = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"

_CLOCK_KO = rf"{_HALF_KO}{_SPACE}{_HM}"
_CLOCK_KO_OR_24 = rf"(?:{_HALF_KO}{_SPACE})?{_HM}"
_CLOCK_24 = _HM
_CLOCK_EN_BEFORE = rf"{_HALF_EN}{_SPACE}{_HM}"
_CLOCK_EN_AFTER = rf"{_HM}{_SPACE}{_HALF_EN}"
_CLOCK_EN_OR_24 = rf"{_HM}(?:{_SPACE}{{0,2}}{_HALF_EN})?"

_HEAD_KO = r"(?P<room>.+?) ?님과(?:의)? 카카오톡 대화"
_HEAD_PLAIN = r"(?P<room>.+?) 카카오톡 대화"
_HEAD_IOS = r"(?P<room>.+?) \(\d+명\)과 카카오톡 대화(?:-\d+\.txt)?"
_HEAD_EN = r"(?P<room>.+?) with KakaoTalk Chats"
_HEAD_EN_FIRST = r"KakaoTalk Chats with (?P<room>.+?)(?: \(\d+(?: people)?\))?(?:-\d+\.txt)?"
_HEAD_TURNED = r"카카오톡 대화 with (?P<room>.+)"
_HEAD_TALK = r"(?P<room>.+?) Talk Chats"
_HEAD_COUNTED = r"(?P<room>.+?) (?!(?:19|20)\d\d )\d{1,4} 님과(?:의)? 카카오톡 대화"
"""Android adds the number of people to the name; a year is taken for part of the name."""

IOS_FILE_NAME = re.compile(r"(?P<room>Talk_\d{4}\.\d{1,2}\.\d{1,2} \d{1,2}[:_-]\d{2})-\d+\.txt")
"""The file name that iOS writes where others name the room."""

PART_NAME = re.compile(r"(?P<whole>.+?)(?:-|(?<=Chats)_)(?P<part>\d{1,4})\.txt")
"""File name, or first line, of one part of an export that was too long for one file."""

SAVED_WORDS = ("저장한 날짜", "Date Saved", "Saved Date")
SAVED_LINE = re.compile(rf"(?:{'|'.join(SAVED_WORDS)}) : ?(?=[^\n]{{0,12}}\d)")


def _any(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


ROOM_HEADERS = _any(
    _HEAD_IOS, _HEAD_TURNED, _HEAD_KO, _HEAD_PLAIN, _HEAD_EN_FIRST, _HEAD_EN, _HEAD_TALK
)


@dataclass(frozen=True)
class TextFormat:
    """How one app writes lines. Patterns are tried from the start of a line."""

    id: str
    stamp: re.Pattern[str]
    """Whole time of a record: groups hour, minute; half, second, year, month, day where given."""
    opening: str
    """What a record begins with: groups when and sender, and no other; never over a line end."""
    begins: re.Pattern[str]
    """What no line but a record of this family begins with, readable or not."""
    dates: tuple[re.Pattern[str], ...]
    """Whole line that opens a day: groups year, month, day."""
    system: re.Pattern[str] | None = None
    """A record nobody sent: groups when, text."""
    notice: re.Pattern[str] | None = None
    """Whole system line without a time, where the layout has such lines."""
    headers: tuple[re.Pattern[str], ...] = ROOM_HEADERS
    """Whole line that names the room: group room. The first that fits wins."""
    spaced: bool = True
    """Whether a space stands between the opening and the text, where there is one."""

    @cached_property
    def record(self) -> re.Pattern[str]:
        """A whole record: groups when, sender, text; text may run over line ends."""
        text = r"(?: (?P<text>(?s:.*)))?" if self.spaced else r"(?P<text>(?s:.*))"
        return re.compile(rf"{self.opening}{text}\Z")

    def starts(self, end: str) -> re.Pattern[str]:
        """A line end, and the opening of the record below it: what to split a text by."""
        text = rf"(?: |(?={end})|\Z)" if self.spaced else ""
        return re.compile(rf"{end}{self.opening}{text}")

    @cached_property
    def stirs(self) -> re.Pattern[str]:
        """Found in every text below whose first line stands more than what continues it."""
        lines = [self.begins, *self.dates, *([self.system] if self.system else [])]
        some = "|".join(_ungrouped(line.pattern).replace(r"\Z", "") for line in lines)
        words = rf"|[^\n]*(?:{NOTICE_WORDS})" if self.notice else ""
        return re.compile(rf"\n(?:{some}{words})")

    @cached_property
    def dated(self) -> bool:
        """Whether every record carries its own day."""
        return "year" in self.stamp.groupindex


@dataclass(frozen=True)
class CsvFormat:
    """How one app writes rows of comma-separated values."""

    id: str
    heads: tuple[tuple[str, str, str], ...]
    """The names of its columns: time, sender, text."""
    stamp: re.Pattern[str]
    row: re.Pattern[str]
    """What a row begins with; used only to find rows again behind a broken quote."""
    notice: re.Pattern[str]
    """Whole text of a system row, which bears the name of whoever caused it."""
    room: re.Pattern[str]
    """File name that holds the room: group room."""


def _ungrouped(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _windows(id: str, clock: str) -> TextFormat:
    return TextFormat(
        id=id,
        stamp=re.compile(clock),
        opening=rf"\[(?P<sender>[^\n]*?)\] \[(?P<when>{_ungrouped(clock)})\]",
        begins=re.compile(r"\[[^\n]*?\] \[[^\]\n]{0,12}\d{1,2}:\d{2}[^\]\n]{0,8}\](?: |\Z)"),
        dates=_any(
            rf"-{{3,}} {_DAY_KO} {_WEEKDAY_KO} -{{3,}}",
            rf"-{{3,}} {_WEEKDAY_EN}, {_DAY_EN} -{{3,}}",
        ),
        notice=UNTIMED_NOTICE,
    )


def _mobile(
    id: str,
    stamp: str,
    *,
    begins: str,
    dates: tuple[re.Pattern[str], ...],
    system: str = ",",
    headers: tuple[re.Pattern[str], ...] = ROOM_HEADERS,
) -> TextFormat:
    when = rf"(?P<when>{_ungrouped(stamp)})"
    return TextFormat(
        id=id,
        stamp=re.compile(stamp),
        opening=rf"{when}, (?P<sender>[^\n]*?) :",
        begins=re.compile(begins),
        dates=dates,
        system=re.compile(rf"{when}{system} (?P<text>(?s:.*))\Z"),
        headers=headers,
    )


def _android(id: str, stamp: str, begins: str) -> TextFormat:
    """The time of a day's first message, alone on a line, opens the day."""
    headers = _any(_HEAD_COUNTED) + ROOM_HEADERS
    return _mobile(id, stamp, begins=begins, dates=_any(stamp), headers=headers)


def _old_android(id: str, stamp: str, begins: str) -> TextFormat:
    return replace(
        _android(id, stamp, begins),
        opening=rf"(?P<when>{_ungrouped(stamp)}):(?P<sender>[^\n:]*):",
        spaced=False,
    )


def _ios(id: str, stamp: str, begins: str) -> TextFormat:
    return _mobile(id, stamp, begins=begins, dates=_DATES_IOS, system="[:,]")


_DATES_IOS = _any(
    rf"{_DAY_KO} {_WEEKDAY_KO}",
    rf"{_DAY_DOTS} {_WEEKDAY_KO}",
    rf"{_WEEKDAY_EN}, {_DAY_EN}",
)
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_BEGINS_KO = rf"\d{{4}}년 \d{{1,2}}월 \d{{1,2}}일 [^\n,]{{0,16}}{_TIME}[^\n,]{{0,6}}, "
_BEGINS_KO_OLD = rf"\d{{4}}년 \d{{1,2}}월 \d{{1,2}}일 [^\n,]{{0,16}}{_TIME}:[^\n:]*:"
_BEGINS_DOTS = rf"\d{{4}}\. \d{{1,2}}\. \d{{1,2}}\.? [^\n,:]{{0,8}}{_TIME}[^\n,:]{{0,6}}[,:] "
_BEGINS_ISO = rf"\d{{4}}-\d\d-\d\d [^\n,:]{{0,8}}{_TIME}[^\n,:]{{0,6}}[,:] "
_BEGINS_SHORT = rf"(?:오전|오후|[AaPp][Mm]) {_TIME}[,:] "
_BEGINS_TIME_FIRST = rf"{_TIME}[^\n,]{{0,8}}, [A-Z][a-z]{{2,8}} \d{{1,2}}, \d{{4}}, "
_BEGINS_EN = (
    r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}(?:,| at)? "
    rf"[^\n,:]{{0,8}}{_TIME}[^\n,:]{{0,8}}[,:] "
)

FORMATS: tuple[TextFormat, ...] = (
    _windows("W-KO", _CLOCK_KO),
    _windows("W-24", _CLOCK_24),
    _windows("W-EN", _CLOCK_EN_AFTER),
    _windows("W-MIX", _CLOCK_EN_BEFORE),
    _android("A-KO", rf"{_DAY_KO}(?: {_WEEKDAY_KO})? {_CLOCK_KO_OR_24}", _BEGINS_KO),
    _old_android("A-KOold", rf"{_DAY_KO} {_CLOCK_KO}", _BEGINS_KO_OLD),
    _android("A-EN1", rf"{_CLOCK_EN_OR_24}, {_DAY_EN}", _BEGINS_TIME_FIRST),
    _android("A-EN2", rf"{_DAY_EN}, {_CLOCK_EN_OR_24}", _BEGINS_EN),
    _android("A-EN3", rf"{_DAY_EN} at {_CLOCK_EN_OR_24}", _BEGINS_EN),
    _ios("I-KO", rf"{_DAY_DOTS} {_CLOCK_KO}", _BEGINS_DOTS),
    _ios("I-KO24", rf"{_DAY_DOTS} {_CLOCK_24}", _BEGINS_DOTS),
    _ios("I-KOiso", rf"{_DAY_ISO} {_CLOCK_KO_OR_24}", _BEGINS_ISO),
    _ios("I-KOshort", _CLOCK_KO, _BEGINS_SHORT),
    _ios("I-EN1", rf"{_DAY_EN_SHORT}, {_CLOCK_EN_OR_24}", _BEGINS_EN),
    _ios("I-EN2", rf"{_DAY_EN_SHORT} {_CLOCK_EN_OR_24}", _BEGINS_EN),
    _ios("I-EN3", rf"{_DAY_EN_SHORT} at {_CLOCK_EN_OR_24}", _BEGINS_EN),
)

CSV_FORMAT = CsvFormat(
    id="M-CSV",
    heads=(("Date", "User", "Message"), ("날짜", "사용자", "메시지")),
    stamp=re.compile(rf"{_DAY_ISO} {_HM}"),
    row=re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,|,(?:\"\")?,"),
    notice=NOTICE,
    room=re.compile(r"KakaoTalk_Chat_(?P<room>.+)_\d{4}(?:-\d\d){5}\.csv"),
)
