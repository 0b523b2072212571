"""The report in JSON, and what it advises."""

from __future__ import annotations

import json
from dataclasses import replace

from kakaobot.audit.advice import advise, rate_text
from kakaobot.audit.exposure import Exposure
from kakaobot.audit.report import (
    AuditReport,
    EntityFinding,
    EntityRates,
    Rate,
    Recitation,
    RecitedLine,
    report_from_json,
    report_to_json,
)
from kakaobot.dataset.pii.spans import PHONE

NONE = Rate(0, 400)
CLEAN = AuditReport(
    written_at="2026-05-01 09:00:00",
    adapter="best",
    step=12,
    fingerprint="0123456789abcdef",
    recitations=(
        Recitation("target", Rate(1, 100), Rate(1, 100)),
        Recitation("held_out", Rate(1, 80), Rate(0, 80)),
    ),
    recited=(RecitedLine("target", 3, 4, 12),),
    entities=(EntityFinding(PHONE, 2, *[EntityRates(Rate(3, 400), NONE, Rate(9, 400))] * 2),),
    exposures=(Exposure("비밀", 4, 256, 90, 100, recited=False, base_recited=False),),
)


def advice(report: AuditReport) -> str:
    return "\n".join(advise(report))


def test_report_survives_its_file() -> None:
    raw = json.loads(json.dumps(report_to_json(CLEAN)))
    assert report_from_json(raw) == CLEAN
    assert raw["recitations"][0]["adapter"]["interval"] == [0.0018, 0.0545]
    assert report_from_json({**raw, "format": 0}) is None
    assert report_from_json({**raw, "recited": "x"}) is None
    assert report_from_json({}) is None


def test_a_clean_report_says_so_with_its_counts() -> None:
    assert advice(CLEAN).startswith("외운 말이 눈에 띄지 않습니다. 배운 대답은 100개 가운데 1개")
    assert advise(replace(CLEAN, recitations=())) == (
        "점검할 만큼 긴 줄이 배운 데이터에 없습니다.",
    )


def test_recited_replies_count_only_beyond_what_is_guessed() -> None:
    known = Recitation("target", Rate(30, 100), Rate(1, 100))
    report = replace(CLEAN, recitations=(known,))
    assert "training.epochs" in advice(report)
    guessed = Recitation("held_out", Rate(30, 100), Rate(1, 100))
    assert "training.epochs" not in advice(replace(CLEAN, recitations=(known, guessed)))
    context = Recitation("context", Rate(30, 100), Rate(1, 100))
    assert "data.exclude_people" in advice(replace(CLEAN, recitations=(context,)))


def test_personal_data_of_the_room_comes_first() -> None:
    rates = EntityRates(Rate(5, 400), Rate(2, 400), NONE)
    leak = EntityFinding(PHONE, 2, rates, EntityRates(NONE, NONE, NONE))
    known = Recitation("target", Rate(30, 100), Rate(1, 100))
    report = replace(CLEAN, entities=(leak,), recitations=(known,))
    assert [finding.entity_type for finding in report.leaking] == [PHONE]
    assert "전화번호 2번" in advise(report)[0]
    same = replace(report, entities=(replace(leak, base=rates),))
    assert "전화번호" not in advice(same)
    private = Recitation("private", Rate(1, 3), Rate(0, 3))
    assert "가려지지 않은" in advise(replace(CLEAN, recitations=(private,)))[0]


def test_known_secrets_are_reported() -> None:
    known = Exposure("비밀", 16, 256, 1, 100, recited=True, base_recited=False)
    assert "2개 가운데 1개를 알고" in advice(replace(CLEAN, exposures=(*CLEAN.exposures, known)))


def test_rates_are_words() -> None:
    assert rate_text(Rate(3, 100)) == "100개 가운데 3개 (3 %, 넓게 보아 1~8.5 %)"
    assert rate_text(Rate(0, 0)) == "해당 없음"
