"""The formats in which KakaoTalk exports a room, one entry of patterns each.

A new format is a new entry in `FORMATS` and one more sample in the tests. Patterns are composed of
the shared parts below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from kakaobot.exports.notices import NOTICE, OFFICIAL, UNTIMED_NOTICE, Wordings

_SPACE = r"[ \u00a0\u202f]"
_MERIDIEM_KO = r"(?P<meridiem>오전|오후)"
_MERIDIEM_EN = r"(?P<meridiem>[AaPp]\.?[Mm]\.?)"
_HM = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|"
    r"September|October|November|December)"
)
_MON = r"(?P<month>Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)"
_WEEKDAY_KO = r"[월화수목금토일]요일"
_WEEKDAY_EN = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

_DATE_KO = r"(?P<year>\d{4})년 (?P<month>\d{1,2})월 (?P<day>\d{1,2})일"
_DATE_EN = rf"{_MONTH} (?P<day>\d{{1,2}}), (?P<year>\d{{4}})"
_DATE_EN_SHORT = rf"{_MON}\.? (?P<day>\d{{1,2}}), (?P<year>\d{{4}})"
_DATE_DOTS = r"(?P<year>\d{4})\. (?P<month>\d{1,2})\. (?P<day>\d{1,2})\.?"
_DATE_ISO = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"

_TIME_KO = rf"{_MERIDIEM_KO}{_SPACE}{_HM}"
_TIME_KO_OR_24 = rf"(?:{_MERIDIEM_KO}{_SPACE})?{_HM}"
_TIME_24 = _HM
_TIME_EN_BEFORE = rf"{_MERIDIEM_EN}{_SPACE}{_HM}"
_TIME_EN_AFTER = rf"{_HM}{_SPACE}{_MERIDIEM_EN}"
_TIME_EN_OR_24 = rf"{_HM}(?:{_SPACE}{{0,2}}{_MERIDIEM_EN})?"

_HEAD_KO = r"(?P<room>.+?) ?님과(?:의)? 카카오톡 대화"
_HEAD_PLAIN = r"(?P<room>.+?) 카카오톡 대화"
_HEAD_IOS = r"(?P<room>.+?) \(\d+명\)과 카카오톡 대화(?:-\d+\.txt)?"
_HEAD_EN = r"(?P<room>.+?) with KakaoTalk Chats"
_HEAD_EN_FIRST = r"KakaoTalk Chats with (?P<room>.+?)(?: \(\d+(?: people)?\))?(?:-\d+\.txt)?"
_HEAD_TURNED = r"카카오톡 대화 with (?P<room>.+)"
_HEAD_TALK = r"(?P<room>.+?) Talk Chats"
_HEAD_COUNTED = r"(?P<room>.+?) (?!(?:19|20)\d\d )\d{1,4} 님과(?:의)? 카카오톡 대화"
"""Android appends the number of participants to the name; a year belongs to the name."""

IOS_FILE_NAME = re.compile(r"(?P<room>Talk_\d{4}\.\d{1,2}\.\d{1,2} \d{1,2}[:_-]\d{2})-\d+\.txt")
"""The file name iOS writes in place of the room name."""

PART_NAME = re.compile(r"(?P<whole>.+?)(?:-|(?<=Chats)_)(?P<part>\d{1,4})(?: ?\(\d{1,3}\))?\.txt")
"""File name, or first line, of one part of an export too long for one file.

A browser numbers a second download of the name.
"""

ROOM_IN_NAME = re.compile(
    r"kakaotalk_chat_(?P<room>.+)_\d{4}[-.]?\d{2}[-.]?\d{2}(?:[-._ ]?\d{2}){0,3}(?:[-_]+\d+)?"
    r"(?: ?\(?\d{1,3}\)?)?",
    re.IGNORECASE,
)
"""Name of a CSV, folder or archive, without suffix, that KakaoTalk named after the room."""

SAVED_WORDS = ("저장한 날짜", "Date Saved", "Saved Date")
SAVED_LINE = re.compile(rf"(?:{'|'.join(SAVED_WORDS)}) : ?(?=[^\n]{{0,12}}\d)")


def _compile(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


ROOM_HEADERS = _compile(
    _HEAD_IOS, _HEAD_TURNED, _HEAD_KO, _HEAD_PLAIN, _HEAD_EN_FIRST, _HEAD_EN, _HEAD_TALK
)


@dataclass(frozen=True)
class TextFormat:
    """The text format of one app. Patterns are matched at the start of a line."""

    id: str
    timestamp: re.Pattern[str]
    """Whole timestamp of a record: groups hour, minute; optionally meridiem, second and a date."""
    record_start: str
    """Start of a record: groups when and sender, and no others; never spans a line end."""
    record_like: re.Pattern[str]
    """Matches only lines that start a record of this family, valid or not."""
    date_lines: tuple[re.Pattern[str], ...]
    """Whole line that starts a day: groups year, month, day."""
    system_record: re.Pattern[str] | None = None
    """A record without a sender: groups when, text."""
    notice: Wordings = OFFICIAL
    """Whole system line without a timestamp."""
    headers: tuple[re.Pattern[str], ...] = ROOM_HEADERS
    """Whole line that names the room: group room. The first match wins."""
    has_space: bool = True
    """Whether a space separates the start of a record from its text."""

    @cached_property
    def record(self) -> re.Pattern[str]:
        """A whole record: groups when, sender, text; text may span lines."""
        text = r"(?: (?P<text>(?s:.*)))?" if self.has_space else r"(?P<text>(?s:.*))"
        return re.compile(rf"{self.record_start}{text}\Z")

    def record_splitter(self, line_end: str) -> re.Pattern[str]:
        """A line end and the start of the record after it: splits a text into records."""
        space = rf"(?: |(?={line_end})|\Z)" if self.has_space else ""
        return re.compile(rf"{line_end}{self.record_start}{space}")

    def has_special_line(self, body: str) -> bool:
        """Whether a body may have a line that is not a continuation; never misses one."""
        return bool(self._special_line.search(body) or self.notice.has_word(body))

    @cached_property
    def _special_line(self) -> re.Pattern[str]:
        system = [self.system_record] if self.system_record else []
        patterns = [self.record_like, *self.date_lines, *system]
        lines = "|".join(_without_groups(line.pattern).replace(r"\Z", "") for line in patterns)
        return re.compile(rf"\n(?:{lines})")

    @cached_property
    def has_dates(self) -> bool:
        """Whether every record carries its date."""
        return "year" in self.timestamp.groupindex


@dataclass(frozen=True)
class CsvFormat:
    """The CSV format of one app."""

    id: str
    column_names: tuple[tuple[str, str, str], ...]
    """Column names of time, sender and text, in every language."""
    timestamp: re.Pattern[str]
    row_start: re.Pattern[str]
    """Start of a row; only used to resynchronize after a broken quote."""
    notice: Wordings
    """Whole text of a system row; its sender is the participant who caused it."""


def _without_groups(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _windows(id: str, timestamp: str) -> TextFormat:
    return TextFormat(
        id=id,
        timestamp=re.compile(timestamp),
        record_start=rf"\[(?P<sender>[^\n]*?)\] \[(?P<when>{_without_groups(timestamp)})\]",
        record_like=re.compile(r"\[[^\n]*?\] \[[^\]\n]{0,12}\d{1,2}:\d{2}[^\]\n]{0,8}\](?: |\Z)"),
        date_lines=_compile(
            rf"-{{3,}} {_DATE_KO} {_WEEKDAY_KO} -{{3,}}",
            rf"-{{3,}} {_WEEKDAY_EN}, {_DATE_EN} -{{3,}}",
        ),
        notice=UNTIMED_NOTICE,
    )


def _mobile(
    id: str,
    timestamp: str,
    *,
    record_like: str,
    date_lines: tuple[re.Pattern[str], ...],
    system_separator: str = ",",
    headers: tuple[re.Pattern[str], ...] = ROOM_HEADERS,
) -> TextFormat:
    when = rf"(?P<when>{_without_groups(timestamp)})"
    return TextFormat(
        id=id,
        timestamp=re.compile(timestamp),
        record_start=rf"{when}, (?P<sender>[^\n]*?) :",
        record_like=re.compile(record_like),
        date_lines=date_lines,
        system_record=re.compile(rf"{when}{system_separator} (?P<text>(?s:.*))\Z"),
        headers=headers,
    )


def _android(id: str, timestamp: str, record_like: str) -> TextFormat:
    """The timestamp of a day's first message, alone on a line, starts the day."""
    return _mobile(
        id,
        timestamp,
        record_like=record_like,
        date_lines=_compile(timestamp),
        headers=_compile(_HEAD_COUNTED) + ROOM_HEADERS,
    )


def _old_android(id: str, timestamp: str, record_like: str) -> TextFormat:
    return replace(
        _android(id, timestamp, record_like),
        record_start=rf"(?P<when>{_without_groups(timestamp)}):(?P<sender>[^\n:]*):",
        has_space=False,
    )


def _ios(id: str, timestamp: str, record_like: str) -> TextFormat:
    return _mobile(
        id,
        timestamp,
        record_like=record_like,
        date_lines=_DATE_LINES_IOS,
        system_separator="[:,]",
    )


_DATE_LINES_IOS = _compile(
    rf"{_DATE_KO} {_WEEKDAY_KO}",
    rf"{_DATE_DOTS} {_WEEKDAY_KO}",
    rf"{_WEEKDAY_EN}, {_DATE_EN}",
)
_ANY_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_LIKE_KO = rf"\d{{4}}년 \d{{1,2}}월 \d{{1,2}}일 [^\n,]{{0,16}}{_ANY_TIME}[^\n,]{{0,6}}, "
_LIKE_KO_OLD = rf"\d{{4}}년 \d{{1,2}}월 \d{{1,2}}일 [^\n,]{{0,16}}{_ANY_TIME}:[^\n:]*:"
_LIKE_DOTS = rf"\d{{4}}\. \d{{1,2}}\. \d{{1,2}}\.? [^\n,:]{{0,8}}{_ANY_TIME}[^\n,:]{{0,6}}[,:] "
_LIKE_ISO = rf"\d{{4}}-\d\d-\d\d [^\n,:]{{0,8}}{_ANY_TIME}[^\n,:]{{0,6}}[,:] "
_LIKE_SHORT = rf"(?:오전|오후|[AaPp][Mm]) {_ANY_TIME}[,:] "
_LIKE_TIME_FIRST = rf"{_ANY_TIME}[^\n,]{{0,8}}, [A-Z][a-z]{{2,8}} \d{{1,2}}, \d{{4}}, "
_LIKE_EN = (
    r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}(?:,| at)? "
    rf"[^\n,:]{{0,8}}{_ANY_TIME}[^\n,:]{{0,8}}[,:] "
)

FORMATS: tuple[TextFormat, ...] = (
    _windows("W-KO", _TIME_KO),
    _windows("W-24", _TIME_24),
    _windows("W-EN", _TIME_EN_AFTER),
    _windows("W-MIX", _TIME_EN_BEFORE),
    _android("A-KO", rf"{_DATE_KO}(?: {_WEEKDAY_KO})? {_TIME_KO_OR_24}", _LIKE_KO),
    _old_android("A-KOold", rf"{_DATE_KO} {_TIME_KO}", _LIKE_KO_OLD),
    _android("A-EN1", rf"{_TIME_EN_OR_24}, {_DATE_EN}", _LIKE_TIME_FIRST),
    _android("A-EN2", rf"{_DATE_EN}, {_TIME_EN_OR_24}", _LIKE_EN),
    _android("A-EN3", rf"{_DATE_EN} at {_TIME_EN_OR_24}", _LIKE_EN),
    _ios("I-KO", rf"{_DATE_DOTS} {_TIME_KO}", _LIKE_DOTS),
    _ios("I-KO24", rf"{_DATE_DOTS} {_TIME_24}", _LIKE_DOTS),
    _ios("I-KOiso", rf"{_DATE_ISO} {_TIME_KO_OR_24}", _LIKE_ISO),
    _ios("I-KOshort", _TIME_KO, _LIKE_SHORT),
    _ios("I-EN1", rf"{_DATE_EN_SHORT}, {_TIME_EN_OR_24}", _LIKE_EN),
    _ios("I-EN2", rf"{_DATE_EN_SHORT} {_TIME_EN_OR_24}", _LIKE_EN),
    _ios("I-EN3", rf"{_DATE_EN_SHORT} at {_TIME_EN_OR_24}", _LIKE_EN),
)

CSV_FORMAT = CsvFormat(
    id="M-CSV",
    column_names=(("Date", "User", "Message"), ("날짜", "사용자", "메시지")),
    timestamp=re.compile(rf"{_DATE_ISO} {_HM}"),
    row_start=re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,|,(?:\"\")?,"),
    notice=NOTICE,
)
