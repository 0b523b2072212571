"""The verb `runs`: every run so far, grouped by what it has learnt."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from kakaobot.app.training import Training
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.runs.history import RunGroup, RunSummary, SettingChange, groups
from kakaobot.runs.labels import STATE_LABELS

_BLOCKS = "▁▂▃▄▅▆▇█"
_MOST = 16
"""Characters of a curve."""
_TITLES = (
    "이름", "상태", "단계", "가장 낮은 검증 손실", "검증 손실", "말투 거리", "대화", "바탕 모델",
    "시작",
)  # fmt: skip
_LOWEST = "● 데이터와 바탕 모델이 같은 학습 가운데 손실이 가장 낮습니다."
_CHOSEN = {"voice": ", 말투로 고름", "both": ", 손실과 말투로 고름"}
"""What is said of a best step that was not chosen by its loss."""
_FARTHER = "말투 거리는 방의 말투와 얼마나 다른지입니다. 0이면 방과 같습니다."
_APART = "배운 데이터가 다르면 손실을 서로 견줄 수 없습니다."


def runs(args: Namespace, desk: CommandContext) -> None:
    """All of them, newest first; with `--settings` also what was set for each."""
    console, found = desk.console, Training(desk.home).snapshot().runs
    if args.json:
        console.print_json([run.to_json() for run in found])
        return
    if not found:
        console.say("아직 학습한 적이 없습니다.")
        return
    held = groups(found)
    console.say("\n".join(_group(group, with_settings=args.settings) for group in held), end="")
    notes = [_LOWEST] if any(run.lowest for run in found) else []
    notes += [_FARTHER] if any(run.best_style_distance is not None for run in found) else []
    notes += [_APART] if len(held) > 1 else []
    for note in notes:
        console.say(f"\n{note}")


def _group(group: RunGroup, *, with_settings: bool) -> str:
    rows = format_columns(_without_voice([_TITLES, *map(_row, group.runs)]), indent="  ")
    told = "".join(map(_settings, group.runs)) if with_settings else ""
    return f"{_data(group)}\n{rows}{told}"


def _without_voice(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Without that column, where no run has measured any."""
    place = _TITLES.index("말투 거리")
    if any(row[place] != "-" for row in rows[1:]):
        return list(rows)
    return [(*row[:place], *row[place + 1 :]) for row in rows]


def _data(group: RunGroup) -> str:
    run = group.runs[0]
    if not group.fingerprint:
        return "무엇을 배웠는지 알 수 없는 학습"
    who = f"{run.room or '모든 방'} · {run.persona or '방 전체'} · 대답 {run.replies:,}개"
    return f"{who} (데이터 {group.fingerprint[:8]})"


def _row(run: RunSummary) -> tuple[str, ...]:
    how = _CHOSEN.get(run.best_metric, "")
    at = f" ({run.best_step:,}단계{how})" if run.best_step is not None else ""
    mark = " ●" if run.lowest else ""
    return (
        run.name,
        STATE_LABELS[run.state],
        f"{run.step:,}/{run.max_steps:,}",
        "-" if run.best_eval_loss is None else f"{run.best_eval_loss:.3f}{at}{mark}",
        loss_sparkline([loss for _, loss in run.losses]) or "-",
        "-" if run.best_style_distance is None else f"{run.best_style_distance:.3f}",
        "할 수 있음" if run.has_adapter else "-",
        run.base,
        run.created_at[:16].replace("T", " "),
    )


def loss_sparkline(losses: Sequence[float]) -> str:
    """Losses as a line of blocks, at most sixteen: the lowest of each stretch, the last at the end.

    Finite numbers are expected.
    """
    if not losses:
        return ""
    count = min(_MOST, len(losses))
    cuts = [place * len(losses) // count for place in range(count + 1)]
    kept = [min(losses[start:end]) for start, end in zip(cuts, cuts[1:], strict=False)]
    low, high = min(kept), max(kept)
    top = len(_BLOCKS) - 1
    return "".join(
        _BLOCKS[round(top * (loss - low) / (high - low)) if high > low else 0] for loss in kept
    )


def _settings(run: RunSummary) -> str:
    lines = [f"\n  {run.name}: 기본값과 다른 설정"]
    lines += _changes(run.changed, "기본값") or ["    모두 기본값입니다."]
    if run.previous:
        lines.append(f"  {run.name}: 앞 학습 '{run.previous}' 과 다른 설정")
        lines += _changes(run.changed_since, "앞에서는") or ["    없음"]
    return "\n".join(lines) + "\n"


def _changes(changes: Sequence[SettingChange], was: str) -> list[str]:
    rows = [(each.setting, _value(each.value), f"({was} {_value(each.other)})") for each in changes]
    return format_columns(rows, indent="    ").splitlines() if rows else []


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "비움"
    return "-" if value is None else str(value) or "비움"
