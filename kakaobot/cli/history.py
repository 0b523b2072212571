"""The command `runs`: all runs, grouped by their training data."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from kakaobot.app.training import Training
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.display_name import display_name
from kakaobot.language import tr
from kakaobot.likeness import LIKENESS_TITLE, run_likeness_text
from kakaobot.runs.history import RunGroup, RunSummary, SettingChange, groups
from kakaobot.runs.labels import STATE_LABELS, lineage_text, minute_text

_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARKLINE_WIDTH = 16
_TITLES = (
    tr("이름"),
    tr("상태"),
    tr("단계"),
    tr("가장 낮은 검증 손실"),
    tr("검증 손실"),
    LIKENESS_TITLE,
    tr("대화"),
    tr("바탕 모델"),
    tr("시작"),
)
_SELECTED_BY = {"voice": tr(", 말투로 고름"), "both": tr(", 손실과 말투로 고름")}
"""`best_metric` → how the best step was selected, if not by loss alone."""
_LOWEST_NOTE = tr("● 데이터와 바탕 모델이 같은 학습 가운데 손실이 가장 낮습니다.")
_LIKENESS_NOTE = tr(
    "닮은 정도는 0%면 말투가 가장 비슷한 다른 사람만큼, 100%면 그 사람의 다른 말만큼 닮은 것입니다."
)
_GROUPS_NOTE = tr("배운 데이터가 다르면 손실을 서로 견줄 수 없습니다.")


def runs(args: Namespace, context: CommandContext) -> None:
    console, summaries = context.console, Training(context.home).snapshot().runs
    if args.json:
        console.print_json([summary.to_json() for summary in summaries])
        return
    if not summaries:
        console.print(tr("아직 학습한 적이 없습니다."))
        return
    run_groups = groups(summaries)
    tables = [_group_text(group, with_settings=args.settings) for group in run_groups]
    console.print("\n".join(tables), end="")
    has_likeness = any(summary.likeness for summary in summaries)
    notes = [_LOWEST_NOTE] if any(summary.lowest for summary in summaries) else []
    notes += [_LIKENESS_NOTE] if has_likeness else []
    notes += [_GROUPS_NOTE] if len(run_groups) > 1 else []
    for note in notes:
        console.print(f"\n{note}")


def loss_sparkline(losses: Sequence[float]) -> str:
    """Losses as block characters: the minimum of each of at most sixteen equal buckets.

    Args:
        losses: finite numbers.
    """
    if not losses:
        return ""
    count = min(_SPARKLINE_WIDTH, len(losses))
    edges = [index * len(losses) // count for index in range(count + 1)]
    minima = [min(losses[start:end]) for start, end in zip(edges, edges[1:], strict=False)]
    low, high = min(minima), max(minima)
    top, span = len(_BLOCKS) - 1, (high - low) or 1.0
    return "".join(_BLOCKS[round(top * (loss - low) / span)] for loss in minima)


def _group_text(group: RunGroup, *, with_settings: bool) -> str:
    rows = _drop_empty_likeness_column([_TITLES, *map(_row, group.runs)])
    lineages = "".join(
        f"  {run.name}: {lineage_text(run.refinement)}\n" for run in group.runs if run.refinement
    )
    settings = "".join(map(_settings_text, group.runs)) if with_settings else ""
    return f"{_data_text(group)}\n{format_columns(rows, indent='  ')}{lineages}{settings}"


def _drop_empty_likeness_column(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    column = _TITLES.index(LIKENESS_TITLE)
    if any(row[column] != "-" for row in rows[1:]):
        return list(rows)
    return [(*row[:column], *row[column + 1 :]) for row in rows]


def _data_text(group: RunGroup) -> str:
    run = group.runs[0]
    if not group.fingerprint:
        return tr("무엇을 배웠는지 알 수 없는 학습")
    room, persona = (
        display_name(run.room) or tr("모든 방"),
        display_name(run.persona) or tr("방 전체"),
    )
    return tr("{room} · {persona} · 배운 대답 {replies:,}개 (데이터 {fingerprint})").format(
        room=room, persona=persona, replies=run.replies, fingerprint=group.fingerprint[:8]
    )


def _row(run: RunSummary) -> tuple[str, ...]:
    selected_by = _SELECTED_BY.get(run.best_metric, "")
    best = (
        tr(" ({best_step:,}단계{selected_by})").format(
            best_step=run.best_step, selected_by=selected_by
        )
        if run.best_step is not None
        else ""
    )
    mark = " ●" if run.lowest else ""
    return (
        run.name,
        STATE_LABELS[run.state],
        f"{run.step:,}/{run.max_steps:,}",
        "-" if run.best_eval_loss is None else f"{run.best_eval_loss:.3f}{best}{mark}",
        loss_sparkline([loss for _, loss in run.losses]) or "-",
        run_likeness_text(run.likeness, run.best_step) if run.likeness else "-",
        tr("할 수 있음") if run.has_adapter else "-",
        display_name(run.base),
        minute_text(run.created_at),
    )


def _settings_text(run: RunSummary) -> str:
    lines = [tr("\n  {name}: 기본값과 다른 설정").format(name=run.name)]
    lines += _change_lines(run.changed, tr("기본값")) or [tr("    모두 기본값입니다.")]
    if run.previous:
        lines.append(
            tr("  {name}: 앞 학습 '{previous}' 과 다른 설정").format(
                name=run.name, previous=run.previous
            )
        )
        lines += _change_lines(run.changed_since, tr("앞에서는")) or [tr("    없음")]
    return "\n".join(lines) + "\n"


def _change_lines(changes: Sequence[SettingChange], label: str) -> list[str]:
    """One line per change; `label` introduces the value compared with."""
    rows = [
        (change.setting, _value_text(change.value), f"({label} {_value_text(change.other)})")
        for change in changes
    ]
    return format_columns(rows, indent="    ").splitlines() if rows else []


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(_value_text, value)) or tr("비움")
    return "-" if value is None else str(value) or tr("비움")
