"""The report of a dataset build: its charts, and the self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.filter_report import BEFORE, FilterEffect
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.display_name import display_name, display_names
from kakaobot.likeness import (
    LIKENESS_TITLE,
    NOT_MEASURED,
    likeness_note,
    likeness_text,
    run_likeness_text,
)
from kakaobot.report.charts import bar_chart, heatmap, table
from kakaobot.report.templating import render
from kakaobot.runs.history import RunSummary
from kakaobot.runs.labels import minute_text

_MAX_MONTHS = 120
_MAX_NAMES = 10
_EFFECT_HEAD = (
    *("무엇을 거르면", "빠지는 대답", "말투가 바뀐 정도", "보통 길이"),
    *("ㅋ", "ㅠ", "초성", "존댓말", "여러 말풍선"),
)
_SCALE_HEAD = ("누구", "0%: 말투가 가장 비슷한 사람", "100%: 그 사람의 다른 말")
_LIKENESS_HEAD = ("학습", LIKENESS_TITLE, "무엇에 견주었나")
_NO_RUNS = "이 데이터로 배운 학습이 아직 없습니다. 학습이 끝나면 여기에 적힙니다."
_PARTICIPANT_HEAD = ("이름", "배울 대답", "글자 수", "이어 말함", "잡음", "조언")


def render_charts(report: BuildReport) -> list[tuple[str, Markup]]:
    """Korean title and HTML of each chart; charts without data are left out."""
    charts = _activity_charts(report)
    if report.row_lengths:
        lengths = [(str(tokens), count) for tokens, count in report.row_lengths]
        limit = f"한 번에 배우는 길이 {report.max_seq_len:,}토큰"
        charts.append(("대화 한 줄의 길이(토큰)", bar_chart(lengths, title="토큰 수", limit=limit)))
    if report.scales:
        charts.append(("닮은 정도를 무엇으로 재나", table(_SCALE_HEAD, _scale_rows(report))))
    if any(effect.removed for effect in report.filter_effects):
        rows = list(map(_effect_row, report.filter_effects))
        charts.append(
            ("거르기가 말투를 얼마나 바꾸나", table(_EFFECT_HEAD, rows, css_class="kb-wide"))
        )
    return charts


def render_page(
    report: BuildReport,
    participants: Sequence[ParticipantStats] = (),
    estimate: Sequence[str] = (),
    runs: Sequence[RunSummary] = (),
) -> str:
    """The content of report.html.

    Args:
        report: report of the last build.
        participants: statistics of the participants, if known.
        estimate: Korean sentences on memory and time of a training run; empty if unknown.
        runs: those that this data has trained.
    """
    return render(
        "page",
        title=f"{display_name(report.room) or '가져온 모든 방'} · "
        f"{display_name(report.persona) or '방 전체'}",
        written_at=minute_text(report.written_at),
        report=report,
        facts=_facts(report),
        estimate=estimate,
        likeness_title=LIKENESS_TITLE,
        likeness_head=_LIKENESS_HEAD,
        likenesses=[row for run in runs for row in _likeness_rows(run)],
        no_runs=_NO_RUNS,
        participant_head=_PARTICIPANT_HEAD,
        participants=[
            _participant_row(participant, show_name=not report.has_pseudonyms)
            for participant in participants
        ],
        removed=[(reason, f"{count:,}개") for reason, count in report.removed],
        masked=[(kind, f"{count:,}번") for kind, count in report.masked],
        charts=render_charts(report),
    )


def _scale_rows(report: BuildReport) -> list[tuple[str, str, str]]:
    """Rows under `_SCALE_HEAD`."""
    return [
        (
            scale.name,
            display_name(scale.nearest) or "없음 (배우기 전의 대답이 0%)",
            f"말 {scale.replies:,}개",
        )
        if scale.is_usable
        else (scale.name, "–", f"말이 {scale.replies:,}개뿐이라 잴 수 없습니다")
        for scale in report.scales
    ]


def _likeness_rows(run: RunSummary) -> list[tuple[str, str, str]]:
    """Rows under `_LIKENESS_HEAD`: the run, and its participants if it is one of a whole room."""
    likeness = run.likeness
    if likeness is None:
        return [(run.name, likeness_text(None), NOT_MEASURED)]
    shown = run_likeness_text(likeness, run.best_step)
    people = [
        (f"{run.name}: {part.name}", likeness_text(part), likeness_note(part))
        for part in likeness.participants
    ]
    return [(run.name, shown, likeness_note(likeness)), *people]


def _activity_charts(report: BuildReport) -> list[tuple[str, Markup]]:
    activity = report.activity
    charts = []
    if activity.months:
        months = [(month[2:].replace("-", "."), count) for month, count in activity.months]
        chart = bar_chart(months[-_MAX_MONTHS:], title="달마다 메시지 수")
        charts.append(("달마다 오간 메시지", chart))
    if any(activity.hours):
        hours = [(f"{hour}시", count) for hour, count in enumerate(activity.hours)]
        charts.append(("하루 중 언제", bar_chart(hours, title="시간마다 메시지 수")))
    if len(activity.participants) > 1:
        matrix = heatmap(
            activity.participants, activity.reply_counts, corner="대답한 사람 ＼ 앞사람"
        )
        charts.append(("누가 누구에게 대답하나", matrix))
    return charts


def _effect_row(effect: FilterEffect) -> tuple[str, ...]:
    """A row under `_EFFECT_HEAD`."""
    shares = (
        effect.laughter,
        effect.crying,
        effect.initials,
        effect.polite,
        effect.multi_bubble,
    )
    return (
        effect.title,
        f"{effect.removed:,}개" if effect.removed else "–",
        f"{effect.distance:.3f}" if effect.title != BEFORE else "–",
        f"{effect.median_chars:,}자",
        *(f"{share:.0%}" for share in shares),
    )


def _participant_row(participant: ParticipantStats, *, show_name: bool) -> tuple[str, ...]:
    """A row under `_PARTICIPANT_HEAD`; the pseudonym instead of the name if names are hidden."""
    return (
        participant.name if show_name else participant.pseudonym or "–",
        f"{participant.replies:,}개",
        f"{participant.median_chars:.0f}자" if participant.replies else "–",
        f"{participant.answer_share:.0%}",
        f"{participant.filtered_share:.0%}",
        "빼기로 한 사람입니다." if participant.is_excluded else participant.sentence,
    )


def _facts(report: BuildReport) -> list[tuple[str, str]]:
    more = " …" if len(report.participants) > _MAX_NAMES else ""
    return [
        ("읽은 메시지", f"{report.messages:,}"),
        ("대화 묶음", f"{report.sessions:,}"),
        ("사람", display_names(report.participants[:_MAX_NAMES]) + more),
        ("배울 대답", f"{report.train_replies:,}"),
        ("검증용 대답", f"{report.val_replies:,}"),
        ("배울 토큰 / 모든 토큰", f"{report.target_tokens:,} / {report.tokens:,}"),
        ("가장 긴 대화 한 줄", f"{report.longest_row:,} / {report.max_seq_len:,} 토큰"),
        ("토크나이저", report.tokenizer),
    ]
