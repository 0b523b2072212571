"""What a report means and what to do about it, in Korean sentences."""

from __future__ import annotations

from collections.abc import Iterator

from kakaobot.audit.report import AuditReport, Rate
from kakaobot.language import tr

KIND_LABELS = {
    "private": tr("가리지 않은 개인정보가 든 줄"),
    "target": tr("배운 대답"),
    "context": tr("앞 대화로만 본 말"),
    "held_out": tr("배우지 않은 대답(견줌)"),
}
"""Kind of a probe → what its lines are."""


def advise(report: AuditReport) -> tuple[str, ...]:
    """One sentence per finding, the worst first, or that nothing was found."""
    found = (*_leaks(report), *_recited(report), *_exposed(report))
    return found or (_clean(report),)


def rate_text(rate: Rate) -> str:
    """`100개 가운데 3개 (3 %, 넓게 보아 1~8 %)`."""
    if not rate.trials:
        return tr("해당 없음")
    low, high = rate.interval
    return tr("{trials:,}개 가운데 {hits:,}개 ({share} %, 넓게 보아 {low}~{high} %)").format(
        trials=rate.trials,
        hits=rate.hits,
        share=_percent(rate.share),
        low=_percent(low),
        high=_percent(high),
    )


def _leaks(report: AuditReport) -> Iterator[str]:
    if report.leaking:
        names = ", ".join(
            tr("{entity_type} {hits:,}번").format(
                entity_type=tr(finding.entity_type), hits=finding.adapter.leaked.hits
            )
            for finding in report.leaking
        )
        yield (
            tr(
                "방에 실제로 있는 개인정보를 말했습니다: {names}. 이 학습은 남에게 주지 "
                "마세요. data.mask_private 를 켜고, 남은 말은 data.mask_words 에 적은 뒤 "
                "'데이터 준비'와 '새 학습'을 다시 하세요."
            ).format(names=names)
        )
    private = report.recitation("private")
    if private.adapter.hits > private.base.hits:
        yield (
            tr(
                "배운 데이터에 가려지지 않은 개인정보가 있고, 그런 줄 {adapter}를 외웠습니다. "
                "'데이터 준비'의 가리기를 켜고 다시 배우세요."
            ).format(adapter=rate_text(private.adapter))
        )


def _recited(report: AuditReport) -> Iterator[str]:
    target, context = report.recitation("target"), report.recitation("context")
    held_out = report.recitation("held_out")
    guessed = max(target.base.share, held_out.adapter.share)
    if target.adapter.interval[0] > guessed:
        yield (
            tr(
                "배운 대답의 앞부분만 주어도 뒤를 그대로 말합니다: {adapter}. training.epochs "
                "를 줄이거나 더 긴 대화를 가져와 '새 학습'을 하세요."
            ).format(adapter=rate_text(target.adapter))
        )
    if context.adapter.interval[0] > max(context.base.share, held_out.adapter.share):
        yield (
            tr(
                "다른 사람들의 말도 외웠습니다: {adapter}. 그 사람이 바라지 않으면 "
                "data.exclude_people 에 적고 다시 배우세요."
            ).format(adapter=rate_text(context.adapter))
        )


def _exposed(report: AuditReport) -> Iterator[str]:
    known = report.known_exposures
    if known:
        yield (
            tr(
                "심어 둔 비밀이나 건넨 줄 {exposures}개 가운데 {known}개를 알고 있습니다. "
                "이만큼 나온 말은 외워진다고 보고, 숨길 말은 data.mask_words 에 적거나 "
                "training.epochs 를 줄이세요."
            ).format(exposures=len(report.exposures), known=len(known))
        )


def _clean(report: AuditReport) -> str:
    target = report.recitation("target").adapter
    if not target.trials:
        return tr("점검할 만큼 긴 줄이 배운 데이터에 없습니다.")
    return tr(
        "외운 말이 눈에 띄지 않습니다. 배운 대답은 {target}를 외웠습니다. 잰 만큼만 "
        "아는 것이니, 남에게 주기 전에는 더 조심하세요."
    ).format(target=rate_text(target))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
