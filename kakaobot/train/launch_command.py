"""How a run's worker is started: one process, or several that learn together. Imports no torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import psutil
import yaml

from kakaobot.base.selection import Hardware, detect_hardware, one_gpu
from kakaobot.config import Home, parse
from kakaobot.errors import RunError
from kakaobot.runs.run import Run
from kakaobot.settings import TrainingSettings

_WORKER = "kakaobot.train.worker"
_SHARED = "FSDP"
_SUPPORTED = ("NO", "MULTI_GPU", "MULTI_CPU", _SHARED)
"""`distributed_type`s; but for the last every process holds the whole model."""
OFFLOADED = (
    "FSDP 의 fsdp_offload_params 는 쓸 수 없습니다. accelerate 설정 파일에서 false 로 바꾸세요."
)


@dataclass(frozen=True)
class LaunchCommand:
    """What a worker is started with."""

    argv: tuple[str, ...]
    environ: dict[str, str]
    """Which graphics cards it sees, where that is not left to the user."""


def command_for_run(
    run: Run,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> LaunchCommand:
    """How the worker of `run` is started, by its settings.

    Raises:
        RunError: more processes are wanted than there are cards, or the file of accelerate is
            missing, damaged, or asks for what is not supported.
    """
    settings = parse(run.config()["settings"])
    home = _home_of(run, settings.paths.runs)
    return launch_command(
        settings.training, home, run.path, hardware=hardware, environ=environ, platform=platform
    )


def launch_command(
    training: TrainingSettings,
    home: Path,
    run: Path,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> LaunchCommand:
    """How a worker with these settings is started, whether its run is there or not.

    Args:
        training: which processes are wanted.
        home: where `training.accelerate_config` is looked for.
        run: the run's folder.
        hardware: tells of the graphics cards.
        environ: the variables of this process.
        platform: as `sys.platform`.

    Raises:
        RunError: as `start_of`.
    """
    file = home / training.accelerate_config
    said = _read(file) if training.accelerate_config else {}
    count = training.num_processes
    if count == 1:
        count = _number(said, "num_processes")
    if count == 1 and _shares(said):
        raise RunError(
            "FSDP 로 나눠 들려면 accelerate 설정 파일의 num_processes 를 2 이상으로 적으세요."
        )
    if count == 1:
        return LaunchCommand((sys.executable, "-m", _WORKER, str(run)), one_gpu(environ, hardware))
    machines = _number(said, "num_machines")
    if count % machines:
        raise RunError(
            f"프로세스 {count}개를 컴퓨터 {machines}대에 똑같이 나눌 수 없습니다. "
            "training.num_processes 를 컴퓨터 수의 배수로 적으세요."
        )
    here = count // machines
    _refuse_too_many(here, _cards(hardware(), environ), platform)
    named = {"config_file": str(file)} if said else {}
    way = "--use_fsdp" if _shares(said) else "--multi_gpu"
    options = {**named, "num_processes": str(count), **_open(said, machines, here)}
    return LaunchCommand(
        (
            *(sys.executable, "-m", "accelerate.commands.launch", way),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
            *("-m", _WORKER, str(run)),
        ),
        {},
    )


def unsupported(kind: str) -> str:
    """Why a model is not cut up over several cards in this way, and what can be done."""
    return (
        f"{kind} 는 아직 쓸 수 없습니다. accelerate 설정 파일의 distributed_type 을 MULTI_GPU 나 "
        "FSDP 로 바꾸세요. 자세한 것은 docs/scaling.md 에 있습니다."
    )


def _open(said: Mapping[str, Any], machines: int, here: int) -> dict[str, str]:
    """What the file leaves open; accelerate would guess, and warn that it did."""
    cores = psutil.cpu_count(logical=False) or 1
    wanted = {
        "num_machines": "1",
        "machine_rank": "0",
        # One that is free; several machines have to agree on one.
        "main_process_port": "0" if machines == 1 else "29500",
        "dynamo_backend": "no",
        "num_cpu_threads_per_process": str(max(1, cores // here)),
    }
    left = {name: value for name, value in wanted.items() if said.get(name) is None}
    if not said:
        # What accelerate once noted for this user must not choose the cards.
        left["gpu_ids"] = "all"
    # `model.dtype` decides; with anything else here the Trainer would compute in that.
    return {**left, "mixed_precision": "no"}


def is_shared(training: TrainingSettings, home: Path) -> bool:
    """Whether the processes each keep a part of one model.

    Raises:
        RunError: the file of accelerate is missing, damaged, or asks for what is not supported.
    """
    return bool(training.accelerate_config) and _shares(_read(home / training.accelerate_config))


def _shares(said: Mapping[str, Any]) -> bool:
    return str(said.get("distributed_type")).upper() == _SHARED


def _number(said: Mapping[str, Any], name: str) -> int:
    """A count in the file of accelerate; 1 where it says nothing."""
    value = said.get(name)
    if value is None:
        return 1
    if not isinstance(value, int) or value < 1:
        raise RunError(f"accelerate 설정 파일의 {name} 에는 1 이상의 수를 적으세요: {value}")
    return value


def _refuse_too_many(here: int, cards: int, platform: str) -> None:
    # What adds up the gradients of graphics cards is made for Linux alone.
    if platform != "linux":
        raise RunError(
            "여러 프로세스로 배우는 것은 리눅스에서만 됩니다 (윈도에서는 WSL2 안에서). "
            "training.num_processes 를 1로 두세요."
        )
    if 0 < cards < here:
        raise RunError(
            f"이 컴퓨터의 그래픽 카드는 {cards}개인데 프로세스 {here}개로 배우려고 합니다. "
            f"training.num_processes 를 {cards} 이하로 줄이세요."
        )


def _cards(hardware: Hardware, environ: Mapping[str, str]) -> int:
    """Graphics cards that the worker can use; on a machine without any it learns on the CPU."""
    shown = environ.get("CUDA_VISIBLE_DEVICES")
    if shown is None or not hardware.cards:
        return hardware.cards
    return len([name for name in shown.split(",") if name.strip() not in ("", "-1")])


def _home_of(run: Run, runs: str) -> Path:
    """The folder in which `paths.runs` is found."""
    folder = PurePath(runs)
    return Home.find().root if folder.is_absolute() else run.path.parents[len(folder.parts)]


def _read(file: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(
            f"accelerate 설정 파일이 없습니다: {file}. "
            "training.accelerate_config 를 고치거나 비워 두세요."
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RunError(f"accelerate 설정 파일을 읽을 수 없습니다: {file}") from error
    if not said or not isinstance(said, dict):
        raise RunError(f"accelerate 설정 파일이 비어 있습니다: {file}")
    kind = str(said.get("distributed_type") or "NO").upper()
    if kind not in _SUPPORTED:
        raise RunError(unsupported(kind))
    if _shares(said) and (said.get("fsdp_config") or {}).get("fsdp_offload_params"):
        raise RunError(OFFLOADED)
    return said
