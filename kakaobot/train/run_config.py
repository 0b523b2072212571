"""A run's `config.yaml`: its contents, and whether settings and data still match it. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kakaobot.base.selection import BaseModelChoice
from kakaobot.config import Home, parse
from kakaobot.dataset.build_report import BuildReport
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.log import now_text
from kakaobot.runs.portable_paths import find_moved, from_portable, home_of, to_portable
from kakaobot.runs.run import Run, Runs
from kakaobot.settings import Settings


def run_config(
    run: Run, home: Home, base: BaseModelChoice, data: BuildReport, settings: Settings
) -> dict[str, Any]:
    """The contents of a new run's file.

    Args:
        settings: without private words, as they are stored beside an adapter that may be shared.
    """
    return {
        "created_at": now_text(),
        "base": {
            "name": to_portable(base.name, run.path, home.root),
            "label": base.label,
            "reason": base.reason,
            "practice": base.practice,
        },
        "data": {
            "folder": _data_folder(run, home, settings),
            "fingerprint": data.fingerprint,
            "room": data.room,
            "persona": data.persona,
            "people": list(data.participants),
            "named": data.shows_names,
            "train_replies": data.train_replies,
            "period": list(data.period),
        },
        "settings": _portable(settings, home).model_dump(mode="json"),
    }


def resumed_config(run: Run, home: Home, settings: Settings) -> dict[str, Any]:
    """The contents of a resumed run's file: the home may have moved, and settings may differ."""
    return {
        **run.config(),
        "base": {
            **run.section("base"),
            "name": to_portable(base_of(run).name, run.path, home.root),
        },
        "data": {**run.section("data"), "folder": _data_folder(run, home, settings)},
        "settings": _portable(settings, home).model_dump(mode="json"),
    }


def base_of(run: Run) -> BaseModelChoice:
    """The base model of a run, where it is now.

    Raises:
        RunError: its config is missing or damaged.
    """
    base = run.section("base")
    name = from_portable(str(base.get("name", "")), run.path)
    if not Path(name).exists():
        name = str(find_moved(name, _home_of(run)) or name)
    label, reason = (str(base.get(key, "")) for key in ("label", "reason"))
    return BaseModelChoice(name, label or name, reason, bool(base.get("practice")))


def data_folder_of(run: Run) -> Path:
    """The folder of a run's rows.

    Raises:
        RunError: its config is missing or damaged.
    """
    return Path(from_portable(str(run.section("data").get("folder", "")), run.path))


def _portable(settings: Settings, home: Home) -> Settings:
    """The settings with a base inside the home named from there."""
    path = Path(settings.model.base_model)
    if not path.exists():
        path = find_moved(settings.model.base_model, home.root) or path
    if not path.is_relative_to(home.root):
        return settings
    name = f"./{path.relative_to(home.root).as_posix()}"
    model = settings.model.model_copy(update={"base_model": name})
    return settings.model_copy(update={"model": model})


def _home_of(run: Run) -> Path:
    settings = run.config().get("settings")
    return home_of(run.path, (parse(settings) if settings else Settings()).paths.runs)


def _data_folder(run: Run, home: Home, settings: Settings) -> str:
    return to_portable(str(home.folder(settings.paths.sft)), run.path, home.root)


def latest_run(runs: Runs, name: str) -> Run | None:
    """The newest of `name`, `name-2`, `name-3` and so on."""
    for run in runs.all():
        stem, _, number = run.name.rpartition("-")
        if run.name == name or (stem == name and number.isdigit()):
            return run
    return None


def resume_step(run: Run, settings: Settings, data: BuildReport, base: BaseModelChoice) -> int:
    """Step of the checkpoint to resume from; 0 if there is none and the run starts over.

    Args:
        base: what the settings choose now.

    Raises:
        RunError: the run is finished, or its data, base, LoRA or learning rate has changed.
    """
    checkpoints = run.checkpoints.complete()
    if not checkpoints:
        return 0
    _check_resumable(run, settings, data, base)
    step, _ = checkpoints[-1]
    return step


def _check_resumable(
    run: Run, settings: Settings, data: BuildReport, base: BaseModelChoice
) -> None:
    if run.status().state == "finished":
        raise RunError(
            tr(
                "학습 '{name}' 은 끝났습니다. '대화'에서 이야기해 보세요. 처음부터 다시 "
                "배우려면 '새 학습'(train --new)을 누르세요."
            ).format(name=run.name)
        )
    before = parse(run.section("settings"))
    changes = {
        tr("데이터"): run.section("data").get("fingerprint") != data.fingerprint,
        # Not what `auto` resolves to: free memory and the network change by the hour. A folder that
        # has moved is the same base under another setting.
        tr("바탕 모델(model.base_model)"): before.model.base_model != settings.model.base_model
        and base_of(run).name != base.name,
        tr("배운 말투를 담는 설정(lora)"): before.lora != settings.lora,
        tr("학습률 설정"): _schedule(before) != _schedule(settings),
    }
    changed = [label for label, differs in changes.items() if differs]
    if changed:
        raise RunError(
            tr(
                "학습 '{name}' 을 시작한 뒤 {changed}이(가) 바뀌어 이어서 배울 수 없습니다. "
                "되돌려 놓거나 '새 학습'(train --new)으로 시작하세요."
            ).format(name=run.name, changed=", ".join(changed))
        )


def _schedule(settings: Settings) -> tuple[object, ...]:
    """Settings that the saved scheduler and optimizer fix."""
    training = settings.training
    return training.learning_rate, training.scheduler, training.warmup_ratio
