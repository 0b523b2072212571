"""The record of consent: who has acknowledged whose words these are, and what must not be done."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.config import Home
from kakaobot.errors import ConfigError
from kakaobot.language import deferred, tr
from kakaobot.os_errors import os_error_message

CONSENT_FILE = "data/consent.json"
"""Within the home."""
_STATEMENTS = (
    deferred(
        "이 대화에는 함께 말한 사람들의 말이 들어 있고, 그 말은 그 사람들의 것입니다. 배우기 전에 "
        "알리고 동의를 받습니다."
    ),
    deferred(
        "만든 말투로 그 사람인 척하거나, 남을 속이거나 괴롭히지 않습니다. 지어낸 말을 그 사람이 한 "
        "말로 내보이지 않습니다."
    ),
    deferred(
        "배운 것에는 대화의 말이 남아 있을 수 있습니다. 대화 파일처럼 다루고, 동의한 사람이 "
        "그만두기를 바라면 지웁니다."
    ),
)
"""Recorded as they are here, whatever the language in which they were read."""
_REWORDED = ("배운 어댑터에는", "배운 것에는")
"""Which words of earlier records stand for which ones now."""


@dataclass(frozen=True)
class ConsentRecord:
    by: str
    """Name of the account of this computer; empty if it has none."""
    at: datetime
    """In the time zone of this computer."""


class Consent:
    """What is acknowledged before anybody's words are learned, and whether it was."""

    def __init__(self, home: Home) -> None:
        self._file = home.folder(CONSENT_FILE)

    @property
    def file(self) -> Path:
        return self._file

    def text(self) -> tuple[str, ...]:
        """The statements, in the language of this process."""
        return tuple(map(tr, _STATEMENTS))

    def given(self) -> ConsentRecord | None:
        """Who has acknowledged these very statements, and when; None if nobody has."""
        raw = read_json_object(self._file)
        if str(raw.get("statements")).replace(*_REWORDED) != str(list(_STATEMENTS)):
            return None
        try:
            return ConsentRecord(str(raw["by"]), datetime.fromisoformat(raw["at"]).astimezone())
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            return None

    def give(self) -> ConsentRecord:
        """Record that whoever uses this account has acknowledged the statements now.

        Raises:
            ConfigError: it cannot be written.
        """
        record = ConsentRecord(_account(), datetime.now().astimezone().replace(microsecond=0))
        raw = {"by": record.by, "at": record.at.isoformat(), "statements": _STATEMENTS}
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = json.dumps(raw, ensure_ascii=False, indent=1)
            replace_text(self._file, f"{text}\n", mode=0o600)
        except OSError as error:
            raise ConfigError(os_error_message(error)) from error
        return record


def consent_text(record: ConsentRecord | None) -> str:
    """`2026년 11월 30일 오후 3:05에 확인함 (계정 이름)`."""
    if record is None:
        return tr("아직 확인하지 않음")
    half = tr("오전") if record.at.hour < 12 else tr("오후")
    time = tr("{half} {time}").format(
        half=half, time=f"{(record.at.hour + 11) % 12 + 1}:{record.at:%M}"
    )
    day = tr("{year}년 {month}월 {day}일").format(
        year=record.at.year, month=record.at.month, day=record.at.day
    )
    account = f" ({record.by})" if record.by else ""
    return tr("{day} {time}에 확인함{account}").format(day=day, time=time, account=account)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
