"""Why a file has no readable message: one sentence that says what to do.

A file may come from another messenger, from KakaoTalk in another language, with a stamp no format
has, without the lines that hold its dates, or without messages. All else is no chat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.errors import ExportError
from kakaobot.exports.formats import CSV_FORMAT
from kakaobot.exports.unicode import to_nfc
from kakaobot.language import tr

_SAMPLE = 1 << 18
"""Bytes looked at."""
_HEAD = 20
"""Lines in which another messenger names itself."""
_MAX_QUOTE = 60
_FOREIGN = tr(
    "한국어나 영어가 아닌 카카오톡에서 내보낸 대화 같습니다. "
    "카카오톡의 언어를 한국어로 두고 대화를 다시 내보내 주세요."
)
_CUT = tr("앞부분이 잘리지 않았는지 살펴보고 대화를 다시 내보내 주세요.")
_EXPORT_AGAIN = tr("카카오톡에서 대화를 다시 내보내 주세요.")
_EXPORT_FROM_KAKAO = tr("카카오톡 채팅방의 '대화 내보내기'로 만든 파일을 올려 주세요.")

_DAY = r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}\.?"
_OTHER_MESSENGERS = (
    (
        "LINE",
        r"\[LINE\] |[^\n]{1,200}とのトーク履歴|Chat history (?:with|in) |"
        r"(?:(?:오전|오후|午前|午後|上午|下午) ?)?\d{1,2}:\d{2}(?:[AaPp][Mm])?\t[^\t\n]*\t",
    ),
    (
        "WhatsApp",
        rf"{_DAY},? [^\n\d]{{0,6}}\d{{1,2}}[:.]\d{{2}}[^\n\d]{{0,8}} - |"
        rf"\[{_DAY},? [^\n\d\]]{{0,6}}\d{{1,2}}:\d{{2}}:\d{{2}}[^\n\]]{{0,8}}\] [^\n:]{{1,100}}: |"
        r"[^\n]{0,60}end-to-end encrypted",
    ),
    (
        "Telegram",
        r'\s*"type": ?"(?:personal_chat|private_group|private_supergroup|saved_messages)"|'
        r'[^\n]*<div class="message default|[^\n,]{1,100}, \[\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}',
    ),
    (tr("Instagram이나 Facebook"), r'\s*"(?:sender_name|timestamp_ms)":'),
    ("Discord", r"Guild: |Channel: [^\n]*|\s*\"guild\": ?\{"),
    ("Slack", r'[^\n]*"client_msg_id":'),
    (tr("문자 메시지 앱"), r"<smses |[^\n]*<sms protocol="),
)
_STAMPED = re.compile(
    r"\[[^\]\n]{1,80}\] \[(?P<bracketed>[^\]\n]{0,20}\d{1,2}[:.]\d{2}[^\]\n]{0,12})\] |"
    r"(?P<plain>(?=[^\n]{0,60}\d{4})[^\n]{4,60}?\d{1,2}[:.]\d{2}[^\n,:]{0,12})[,:] [^\n:]{1,80} : |"
    r"-{3,} (?P<day>[^\n]*\d{4}[^\n]*) -{3,}",
)
"""A line that only an export has, in any language; the named groups hold the date or time."""
_READABLE_WORD = re.compile(
    r"[가-힣]+|[AaPp]\.?[Mm]\.?|at|(?:Mon|Tues?|Wed|Wednes|Thurs?|Fri|Sat|Satur|Sun)(?:day)?|"
    r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]\.?)?")
_ROW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,")
_APP = re.compile(r"KakaoTalk|カカオトーク|카카오톡")


class NotAChat(ExportError):
    """The text does not look like an export."""


@dataclass(frozen=True)
class Rejected:
    """What is known about a file without readable messages."""

    name: str
    data: bytes
    """UTF-8."""
    header_lines: Sequence[str]
    has_undated_records: bool = False
    """Whether there are records, but no lines that give their day."""
    is_table: bool = False
    """Whether column names were found."""

    def error(self) -> ExportError:
        """The reason, as a sentence."""
        text = to_nfc(self.data[:_SAMPLE].decode(errors="ignore"))
        lines = (line.strip("\ufeff \t\r") for line in text.split("\n"))
        numbered = [(n, line) for n, line in enumerate(lines, 1) if line]
        body = [(n, line) for n, line in numbered if line not in self.header_lines]
        if messenger := _other_messenger([line for _, line in numbered]):
            return self._say(
                tr("{messenger}에서 내보낸 대화입니다. {export_from_kakao}").format(
                    messenger=messenger, export_from_kakao=_EXPORT_FROM_KAKAO
                )
            )
        if (self.is_table and len(body) <= 1) or (self.header_lines and not body):
            missing = (
                tr("메시지를 찾지 못했습니다")
                if self.is_table
                else tr("읽을 수 있는 메시지가 없습니다")
            )
            return self._say(
                tr("머리말만 있고 {missing}. {export_again}").format(
                    missing=missing, export_again=_EXPORT_AGAIN
                )
            )
        if self.has_undated_records and body:
            return self._say(
                tr(
                    "날짜 줄이 없어 언제 한 말인지 알 수 있는 메시지를 찾지 못했습니다({body}). "
                    "{cut}"
                ).format(body=_quote(*body[0]), cut=_CUT)
            )
        error = self._unknown_stamp(body) or self._headless_table(numbered)
        if error is None and body and (self.header_lines or self.is_table):
            error = self._strange_line(*body[-1 if self.is_table else 0])
        return error or NotAChat(
            tr("'{name}' 파일은 카카오톡 대화가 아닙니다. {export_from_kakao}").format(
                name=self.name, export_from_kakao=_EXPORT_FROM_KAKAO
            )
        )

    def _unknown_stamp(self, body: Sequence[tuple[int, str]]) -> ExportError | None:
        stamped = [(n, line, match) for n, line in body if (match := _STAMPED.match(line))]
        is_export = self.header_lines or len(stamped) > 1 or (stamped and _APP.search(body[0][1]))
        if not (stamped and is_export):
            return None
        for _, _, match in stamped:
            words = _WORD.findall("".join(filter(None, match.groups())))
            if not all(map(_READABLE_WORD.fullmatch, words)):
                return self._say(_FOREIGN)
        return self._strange_line(*stamped[0][:2])

    def _strange_line(self, number: int, line: str) -> ExportError:
        return self._say(
            tr(
                "카카오톡 대화 같지만 알 수 없는 날짜 모양이라 메시지를 찾지 못했습니다("
                "{number}). PC 카카오톡에서 대화를 다시 내보내 주세요."
            ).format(number=_quote(number, line))
        )

    def _headless_table(self, numbered: Sequence[tuple[int, str]]) -> ExportError | None:
        rows = [number for number, line in numbered[:_HEAD] if _ROW.match(line)]
        if len(rows) < 2:
            return None
        columns = CSV_FORMAT.column_names[0]
        first = numbered[0][1]
        if not _ROW.match(first) and first.count(",") == len(columns) - 1:
            return self._say(_FOREIGN)
        return self._say(
            tr("카카오톡 대화 같지만 첫 줄 '{columns}' 이 없습니다. {cut}").format(
                columns=",".join(columns), cut=_CUT
            )
        )

    def _say(self, reason: str) -> ExportError:
        return ExportError(tr("'{name}' 파일은 {reason}").format(name=self.name, reason=reason))


def _other_messenger(lines: Sequence[str]) -> str:
    """The messenger whose lines start the file; empty if there is none."""
    for messenger, pattern in _OTHER_MESSENGERS:
        if any(map(re.compile(pattern).match, lines[:_HEAD])):
            return messenger
    return ""


def _quote(number: int, line: str) -> str:
    printable = to_nfc("".join(filter(str.isprintable, line)))
    short = printable if len(printable) <= _MAX_QUOTE else printable[: _MAX_QUOTE - 1] + "…"
    return tr("{number}번째 줄: {short}").format(number=number, short=short)
