"""The record of consent: given once, to these very statements, and readable by its owner only."""

from __future__ import annotations

import json
import stat
import sys
from datetime import datetime, timedelta

import pytest

from kakaobot.app.consent import CONSENT_FILE, Consent, ConsentRecord, consent_text
from kakaobot.config import Home
from kakaobot.errors import ConfigError


def test_consent_is_given_by_the_account_and_kept(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "gyul")
    assert Consent(home).given() is None
    before = datetime.now().astimezone() - timedelta(seconds=1)
    record = Consent(home).give()
    assert record.by == "gyul"
    assert before <= record.at <= datetime.now().astimezone()
    assert Consent(home).given() == record
    file = home.folder(CONSENT_FILE)
    assert [path.name for path in file.parent.glob("consent*")] == ["consent.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_statements_say_whose_words_and_what_not_to_do(home: Home) -> None:
    whose, forbidden, adapter = Consent(home).text()
    assert "그 사람들의 것" in whose
    assert "인 척하거나" in forbidden
    assert "지웁니다" in adapter


def test_other_statements_must_be_acknowledged_anew(home: Home) -> None:
    Consent(home).give()
    file = home.folder(CONSENT_FILE)
    raw = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**raw, "statements": raw["statements"][:1]}), encoding="utf-8")
    assert Consent(home).given() is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"statements": null, "at": 3}', "[" * 100_000])
def test_a_damaged_record_is_none(home: Home, text: str) -> None:
    Consent(home).give()
    file = home.folder(CONSENT_FILE)
    file.write_text(text, encoding="utf-8")
    assert Consent(home).given() is None
    assert Consent(home).give() == Consent(home).given()


@pytest.mark.parametrize("at", ["", "어제", None, 3, "0001-01-01T00:00:00+00:00"])
def test_a_record_without_a_time_is_none(home: Home, at: object) -> None:
    record = {"by": "gyul", "at": at, "statements": list(Consent(home).text())}
    home.folder("data").mkdir()
    home.folder(CONSENT_FILE).write_text(json.dumps(record), encoding="utf-8")
    given = Consent(home).given()
    assert given is None or given.at.year <= 1


def test_what_cannot_be_written_is_a_sentence(home: Home) -> None:
    home.folder("data").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="자리에 폴더가 아닌 파일"):
        Consent(home).give()


def test_when_it_was_given_in_korean() -> None:
    assert consent_text(None) == "아직 확인하지 않음"
    noon = ConsentRecord("gyul", datetime(2026, 11, 3, 12, 5))
    assert consent_text(noon) == "2026년 11월 3일 오후 12:05에 확인함 (gyul)"
    night = ConsentRecord("", datetime(2026, 1, 30, 0, 0))
    assert consent_text(night) == "2026년 1월 30일 오전 12:00에 확인함"
