"""The report of a dataset build: its charts, and the self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.filter_report import BEFORE, FilterEffect
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.display_name import display_name, display_names
from kakaobot.language import tr
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
    *(tr("무엇을 거르면"), tr("빠지는 대답"), tr("말투가 바뀐 정도"), tr("보통 길이")),
    *("ㅋ", "ㅠ", tr("초성"), tr("존댓말"), tr("여러 말풍선")),
)
_SCALE_HEAD = (tr("누구"), tr("0%: 말투가 가장 비슷한 사람"), tr("100%: 그 사람의 다른 말"))
_LIKENESS_HEAD = (tr("학습"), LIKENESS_TITLE, tr("무엇에 견주었나"))
_NO_RUNS = tr("이 데이터로 배운 학습이 아직 없습니다. 학습이 끝나면 여기에 적힙니다.")
_PARTICIPANT_HEAD = (
    tr("이름"),
    tr("배울 대답"),
    tr("글자 수"),
    tr("이어 말함"),
    tr("잡음"),
    tr("조언"),
)


def render_charts(report: BuildReport) -> list[tuple[str, Markup]]:
    """Korean title and HTML of each chart; charts without data are left out."""
    charts = _activity_charts(report)
    if report.row_lengths:
        lengths = [(str(tokens), count) for tokens, count in report.row_lengths]
        limit = tr("한 번에 배우는 길이 {max_seq_len:,}토큰").format(max_seq_len=report.max_seq_len)
        charts.append(
            (tr("대화 한 줄의 길이(토큰)"), bar_chart(lengths, title=tr("토큰 수"), limit=limit))
        )
    if report.scales:
        charts.append((tr("닮은 정도를 무엇으로 재나"), table(_SCALE_HEAD, _scale_rows(report))))
    if any(effect.removed for effect in report.filter_effects):
        rows = list(map(_effect_row, report.filter_effects))
        charts.append(
            (tr("거르기가 말투를 얼마나 바꾸나"), table(_EFFECT_HEAD, rows, css_class="kb-wide"))
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
        title=" · ".join(
            (
                display_name(report.room) or tr("가져온 모든 방"),
                display_name(report.persona) or tr("방 전체"),
            )
        ),
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
        removed=[
            (tr(reason), tr("{count:,}개").format(count=count)) for reason, count in report.removed
        ],
        masked=[(tr(kind), tr("{count:,}번").format(count=count)) for kind, count in report.masked],
        charts=render_charts(report),
    )


def _scale_rows(report: BuildReport) -> list[tuple[str, str, str]]:
    """Rows under `_SCALE_HEAD`."""
    return [
        (
            scale.name,
            display_name(scale.nearest) or tr("없음 (배우기 전의 대답이 0%)"),
            tr("말 {replies:,}개").format(replies=scale.replies),
        )
        if scale.is_usable
        else (
            scale.name,
            "–",
            tr("말이 {replies:,}개뿐이라 잴 수 없습니다").format(replies=scale.replies),
        )
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
        chart = bar_chart(months[-_MAX_MONTHS:], title=tr("달마다 메시지 수"))
        charts.append((tr("달마다 오간 메시지"), chart))
    if any(activity.hours):
        hours = [
            (tr("{hour}시").format(hour=hour), count) for hour, count in enumerate(activity.hours)
        ]
        charts.append((tr("하루 중 언제"), bar_chart(hours, title=tr("시간마다 메시지 수"))))
    if len(activity.participants) > 1:
        matrix = heatmap(
            activity.participants, activity.reply_counts, corner=tr("대답한 사람 ＼ 앞사람")
        )
        charts.append((tr("누가 누구에게 대답하나"), matrix))
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
        tr(effect.title),
        tr("{removed:,}개").format(removed=effect.removed) if effect.removed else "–",
        f"{effect.distance:.3f}" if effect.title != BEFORE else "–",
        tr("{median_chars:,}자").format(median_chars=effect.median_chars),
        *(f"{share:.0%}" for share in shares),
    )


def _participant_row(participant: ParticipantStats, *, show_name: bool) -> tuple[str, ...]:
    """A row under `_PARTICIPANT_HEAD`; the pseudonym instead of the name if names are hidden."""
    return (
        participant.name if show_name else participant.pseudonym or "–",
        tr("{replies:,}개").format(replies=participant.replies),
        tr("{median_chars:.0f}자").format(median_chars=participant.median_chars)
        if participant.replies
        else "–",
        f"{participant.answer_share:.0%}",
        f"{participant.filtered_share:.0%}",
        tr("빼기로 한 사람입니다.") if participant.is_excluded else participant.sentence,
    )


def _facts(report: BuildReport) -> list[tuple[str, str]]:
    more = " …" if len(report.participants) > _MAX_NAMES else ""
    return [
        (tr("읽은 메시지"), f"{report.messages:,}"),
        (tr("대화 묶음"), f"{report.sessions:,}"),
        (tr("사람"), display_names(report.participants[:_MAX_NAMES]) + more),
        (
            tr("대답"),
            tr("{replies:,} (검증에 쓸 {held_out:,} 포함)").format(
                replies=report.train_replies + report.val_replies, held_out=report.val_replies
            ),
        ),
        (tr("배울 토큰 / 모든 토큰"), f"{report.target_tokens:,} / {report.tokens:,}"),
        (
            tr("가장 긴 대화 한 줄"),
            tr("{longest_row:,} / {max_seq_len:,} 토큰").format(
                longest_row=report.longest_row, max_seq_len=report.max_seq_len
            ),
        ),
        (tr("토크나이저"), tr(report.tokenizer)),
    ]
